"""A run goes on exactly where it stopped, whatever stopped it and wherever it lies now."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import zerosum as zs
from zerosum.data.base import Dataset
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.errors import DataError, RunError
from zerosum.recipes import Recipe
from zerosum.runs.store import Run
from zerosum.testing import small_dataset
from zerosum.workflows.train import resume

TrainSmall = Callable[..., Run]
SameRun = Callable[[Run, Run], None]


@pytest.mark.parametrize("stop", [6, 7])  # on a record, and in the midst of a window
@pytest.mark.parametrize(("recipe", "data"), [("vanilla", "ring"), ("cgan", "digits")])
def test_stopped_and_resumed_equals_straight(
    tmp_path: Path,
    train_small: TrainSmall,
    assert_same_run: SameRun,
    recipe: str,
    data: str,
    stop: int,
) -> None:
    straight = train_small(tmp_path / "straight", recipe, data)
    stopped = train_small(tmp_path / "stopped", recipe, data, stop=stop)
    assert stopped.manifest["state"] == "enough"
    assert stopped.manifest["step"] == stop
    resumed = resume(stopped.folder)
    assert resumed.manifest["state"] == "finished"
    assert_same_run(straight, resumed)


def test_crash_between_checkpoints_replays_the_lost_steps(
    tmp_path: Path, train_small: TrainSmall, assert_same_run: SameRun
) -> None:
    straight = train_small(tmp_path / "straight")
    crashed = train_small(tmp_path / "crashed", stop=11)
    for path in crashed.checkpoints.folder.glob("step-000000011*"):
        path.unlink()  # as if the machine had died before the last checkpoint
    assert crashed.history()[-1]["step"] == 9
    resumed = resume(crashed.folder)
    resumption = next(event for event in resumed.events() if event["event"] == "resumed")
    assert resumption["step"] == 0
    assert resumption["exact"] is True
    assert_same_run(straight, resumed)
    assert _of_the_game(resumed) == _of_the_game(straight) != [], "none is there twice"


def _of_the_game(run: Run) -> list[dict[str, Any]]:
    names = ("measured", "diagnosis", "remedy", "outcome")
    return [
        {k: v for k, v in event.items() if k != "time"}
        for event in run.events()
        if event["event"] in names
    ]


def test_a_remedy_after_the_checkpoint_is_undone(
    tmp_path: Path, train_small: TrainSmall, assert_same_run: SameRun
) -> None:
    straight = train_small(tmp_path / "straight")
    stopped = train_small(tmp_path / "stopped", stop=7)
    recipe = stopped.manifest["recipe"]
    changed = Recipe.from_json(recipe).with_values({"optimisation.record_every": 1})
    remedy = {"step": 9, "name": "slower", "by": "referee", "instead_of": recipe}
    stopped.add_event("remedy", step=9, name="slower", words="")
    stopped.update(recipe=changed.to_json(), remedies=[remedy])  # and was killed, unsaved
    resumed = resume(stopped.folder)
    assert resumed.manifest["remedies"] == []
    assert "remedy" not in [event["event"] for event in resumed.events()]
    assert_same_run(straight, resumed)


def test_weights_of_another_version_are_refused(tmp_path: Path, train_small: TrainSmall) -> None:
    run = train_small(tmp_path / "run", stop=6)
    changed = dict(run.manifest["recipe"])
    changed["game"]["generator"]["width"] += 1  # as if this version built it wider
    run.update(recipe=changed)
    for use in (zs.load, resume):
        with pytest.raises(
            RunError, match=r"does not fit its networks .*has to be float32.* zerosum 0"
        ):
            use(run.folder)


def _truncate(folder: Path, name: str) -> None:
    path = folder / f"{name}.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _flip_tensor_byte(folder: Path, name: str) -> None:
    path = folder / f"{name}.safetensors"
    body = bytearray(path.read_bytes())
    body[-10] ^= 0x10
    path.write_bytes(bytes(body))


def _flip_number(folder: Path, name: str) -> None:
    path = folder / f"{name}.json"
    text = path.read_text()
    assert '"position": ' in text
    path.write_text(text.replace('"position": ', '"position": 1'))


def _cut_record(folder: Path, name: str) -> None:
    path = folder / f"{name}.json"
    path.write_text(path.read_text()[:40])


def _empty_record(folder: Path, name: str) -> None:
    (folder / f"{name}.json").write_text("{}")


@pytest.mark.parametrize(
    "damage", [_truncate, _flip_tensor_byte, _flip_number, _cut_record, _empty_record]
)
def test_damaged_checkpoint_is_passed_over_and_named(
    tmp_path: Path,
    train_small: TrainSmall,
    assert_same_run: SameRun,
    damage: Callable[[Path, str], None],
) -> None:
    straight = train_small(tmp_path / "straight")
    stopped = train_small(tmp_path / "stopped", stop=8, checkpoint_seconds=0.0)
    assert stopped.checkpoints.steps() == [6, 7, 8]
    damage(stopped.checkpoints.folder, "step-000000008")
    resumed = resume(stopped.folder)
    (event,) = [e for e in resumed.events() if e["event"] == "checkpoint_damaged"]
    assert event["used"] == 7
    assert "step-000000008" in event["problem"]
    assert_same_run(straight, resumed)
    again, problems = resumed.checkpoints.load_newest()
    assert (again.step, problems) == (20, [])
    assert 8 not in resumed.checkpoints.steps(), "a damaged checkpoint still counts as kept"


def test_resume_removes_files_that_a_crash_cut_off(tmp_path: Path, train_small: TrainSmall) -> None:
    stopped = train_small(tmp_path / "run", stop=4)
    part = stopped.checkpoints.folder / ".step-000000009.safetensors.123.part"
    part.write_bytes(b"half")
    orphan = stopped.checkpoints.folder / "step-000000009.safetensors"
    orphan.write_bytes(b"its record was never written")
    resumed = resume(stopped.folder)
    assert resumed.manifest["state"] == "finished"
    assert not part.exists()
    assert not orphan.exists()


def test_no_usable_checkpoint(tmp_path: Path, train_small: TrainSmall) -> None:
    run = train_small(tmp_path / "run", stop=2)
    for step in run.checkpoints.steps():
        _flip_tensor_byte(run.checkpoints.folder, f"step-{step:09d}")
    with pytest.raises(RunError, match=r"no usable checkpoint.*step-000000002.*step-000000000"):
        resume(run.folder)


def test_moved_zipped_and_unzipped(
    tmp_path: Path, train_small: TrainSmall, assert_same_run: SameRun
) -> None:
    straight = train_small(tmp_path / "straight")
    stopped = train_small(tmp_path / "here", stop=7)
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", stopped.folder)
    shutil.rmtree(stopped.folder)
    there = tmp_path / "far" / "away"
    shutil.unpack_archive(archive, there)
    assert_same_run(straight, resume(there))


def _write_pictures(folder: Path, seed: int = 0) -> Path:
    folder.mkdir()
    pixels = np.random.default_rng(seed).integers(0, 256, (32, 8, 8), dtype=np.uint8)
    for i, picture in enumerate(pixels):
        Image.fromarray(picture).save(folder / f"{i:02d}.bmp")
    return folder


def test_data_that_moved(tmp_path: Path, train_small: TrainSmall, assert_same_run: SameRun) -> None:
    photos = _write_pictures(tmp_path / "photos")
    straight = train_small(tmp_path / "straight", data=str(photos))
    stopped = train_small(tmp_path / "stopped", data=str(photos), stop=7)
    moved = photos.rename(tmp_path / "moved")
    with pytest.raises(DataError, match="If the data has moved, name it with --data"):
        resume(stopped.folder)
    assert_same_run(straight, resume(stopped.folder, data=str(moved)))


def test_other_data_is_refused(tmp_path: Path, train_small: TrainSmall) -> None:
    stopped = train_small(tmp_path / "run", stop=3)
    with pytest.raises(DataError, match=r"not the data of .*fingerprint.*ring, 50,000 samples"):
        resume(stopped.folder, data="moons")


def test_arrays_in_memory_are_asked_for_again(
    tmp_path: Path, train_small: TrainSmall, assert_same_run: SameRun
) -> None:
    x = np.random.default_rng(0).normal(size=(64, 3))
    straight = train_small(tmp_path / "straight", data=x)
    stopped = train_small(tmp_path / "stopped", data=x, stop=7)
    with pytest.raises(DataError, match=r"Give them again with data=\.\.\."):
        resume(stopped.folder)
    assert_same_run(straight, resume(stopped.folder, data=x))


def test_a_limit_holds_for_data_that_is_given_again(
    tmp_path: Path, train_small: TrainSmall
) -> None:
    x = np.random.default_rng(0).normal(size=(64, 3))
    stopped = train_small(tmp_path / "run", data=x, stop=7, data_options={"limit": 32})
    assert stopped.manifest["data"]["count"] == 32
    assert resume(stopped.folder, data=x).manifest["state"] == "finished"


def test_a_dataset_of_ones_own_is_asked_for_again(
    tmp_path: Path, train_small: TrainSmall, assert_same_run: SameRun
) -> None:
    dataset: Dataset = small_dataset("point")
    straight = train_small(tmp_path / "straight", data=dataset)
    stopped = train_small(tmp_path / "stopped", data=dataset, stop=7)
    with pytest.raises(DataError, match="Dataset of yours"):
        resume(stopped.folder)
    assert_same_run(straight, resume(stopped.folder, data=dataset))


def test_a_finished_run_names_a_larger_budget_and_takes_it(
    tmp_path: Path, train_small: TrainSmall, assert_same_run: SameRun
) -> None:
    long = train_small(tmp_path / "long", samples=40 * 16)
    short = train_small(tmp_path / "short")
    with pytest.raises(RunError, match=r"finished: 320 images.*--samples 640"):
        resume(short.folder)
    with pytest.raises(RunError, match="is finished"):
        resume(short.folder, samples=100)
    extended = resume(short.folder, samples=40 * 16)
    assert extended.manifest["recipe"]["optimisation"]["total_samples"] == 640
    assert_same_run(long, extended)  # the schedules of this recipe are constant


def test_resume_stops_when_time_is_up(tmp_path: Path, train_small: TrainSmall) -> None:
    stopped = train_small(tmp_path / "run", stop=3, samples=10**9)
    resumed = resume(stopped.folder, minutes=1e-9)
    assert resumed.manifest["state"] == "out of time"
    assert resumed.manifest["step"] == 4


@pytest.mark.parametrize("budget", [{"samples": 0}, {"minutes": 0.0}, {"minutes": float("nan")}])
def test_budgets_are_above_zero(tmp_path: Path, budget: dict[str, Any]) -> None:
    with pytest.raises(RunError, match="above 0"):
        resume(tmp_path, **budget)


def test_events_of_a_resume_do_not_glue_to_a_line_that_was_cut_off(
    tmp_path: Path, train_small: TrainSmall, assert_same_run: SameRun
) -> None:
    straight = train_small(tmp_path / "straight")
    stopped = train_small(tmp_path / "stopped", stop=7)
    for name in ("events.jsonl", "history.jsonl"):
        with (stopped.folder / name).open("a") as handle:
            handle.write('{"step": 8, "ima')
    resumed = resume(stopped.folder)
    names = [event["event"] for event in resumed.events()]
    assert names[-1] == "ended"
    assert "resumed" in names
    assert_same_run(straight, resumed)


class _Break(Hook):
    def stepped(self, trainer: Trainer) -> None:
        if trainer.step == 12:
            raise RuntimeError("a hook of the user's own broke")


def test_an_error_in_a_hook_leaves_a_run_that_resumes(
    tmp_path: Path, train_small: TrainSmall, assert_same_run: SameRun
) -> None:
    straight = train_small(tmp_path / "straight")
    stopped = train_small(tmp_path / "stopped", stop=7)
    with pytest.raises(RuntimeError, match="of the user's own"):
        resume(stopped.folder, listener=lambda *_: [_Break()])
    broken = Run.open(stopped.folder)
    assert broken.manifest["state"] == "failed"
    assert "of the user's own" in broken.events()[-1]["message"]
    assert_same_run(straight, resume(stopped.folder))
