"""Hooks fill the folder: images early, and at the end of the shortest training."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.catalogue import find_recipe, modality_of_kind
from zerosum.engine.execution import Execution
from zerosum.engine.trainer import Trainer
from zerosum.rng import Noise
from zerosum.runs.hooks import CheckpointHook, HistoryHook, SampleHook, StopAfter, fixed_inputs
from zerosum.runs.store import Run
from zerosum.runtime import Runtime
from zerosum.testing import small_dataset
from zerosum.workflows.prepare import make_trainer


def _trainer(name: str = "cgan", space: str = "image") -> Trainer:
    dataset = small_dataset(space)
    changes = {"optimisation.batch_size": 8, "optimisation.total_samples": 40}
    recipe = find_recipe(name).resolve(dataset.space).with_values(changes)
    return make_trainer(
        recipe, dataset, seed=0, runtime=Runtime(torch.device("cpu")), execution=Execution()
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", {})


@pytest.mark.parametrize("space", ["image", "point"])
def test_a_training_shorter_than_two_seconds_ends_with_a_picture(run: Run, space: str) -> None:
    samples = SampleHook(run, preview=modality_of_kind(space).preview, seed=0)
    _trainer("vanilla", space).run([samples])
    (path,) = (run.folder / "samples").iterdir()
    assert path.name == "samples-0000000040.png"
    with Image.open(path) as picture:
        assert min(picture.size) > 100
    assert samples.newest is not None
    assert len(samples.newest) == 64


def test_the_first_picture_comes_as_soon_as_it_is_due(run: Run) -> None:
    _trainer().run(
        [SampleHook(run, preview=modality_of_kind("image").preview, seed=0, first_seconds=0.0)]
    )
    names = sorted(path.name for path in (run.folder / "samples").iterdir())
    assert names[0] == "samples-0000000008.png"
    assert names[-1] == "samples-0000000040.png"


def test_pictures_draw_the_same_latents_with_labels_in_turn() -> None:
    game = _trainer().game
    first, second = (fixed_inputs(game, 10, Noise(3)) for _ in range(2))
    assert torch.equal(first.z, second.z)
    assert first.y is not None
    assert first.y.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]


def test_looking_on_changes_nothing(run: Run) -> None:
    alone, watched = _trainer(), _trainer()
    alone.run()
    watched.run(
        [
            SampleHook(run, preview=modality_of_kind("image").preview, seed=0, first_seconds=0.0),
            CheckpointHook(run, seconds=0.0),
        ]
    )
    mine, yours = alone.state()[0], watched.state()[0]
    assert all(torch.equal(mine[name], yours[name]) for name in mine)


def test_checkpoints_at_the_start_in_time_and_at_the_end(run: Run) -> None:
    _trainer().run([HistoryHook(run), CheckpointHook(run, seconds=3600.0)])
    assert run.checkpoints.steps() == [0, 5]
    assert run.manifest["state"] == "finished"
    assert run.manifest["samples"] == 40


def test_stop_after(run: Run) -> None:
    trainer = _trainer()
    assert trainer.run([StopAfter(0.0)]) == "out of time"
    assert trainer.step == 1


def test_a_stop_in_the_last_step_is_a_finish() -> None:
    trainer = _trainer()
    for _ in range(4):
        trainer.play()
    assert trainer.run([StopAfter(0.0)]) == "finished"


def has_grey(path: Path) -> bool:
    """Whether an image of samples shows reals, which alone are grey."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture).reshape(-1, 3)
    return bool(((pixels == pixels[:, :1]).all(axis=1) & (pixels[:, 0] < 255)).any())


@pytest.mark.parametrize("shown", [False, True])
def test_rows_of_a_table_are_drawn_only_where_that_is_asked_for(run: Run, shown: bool) -> None:
    trainer = _trainer("table", "table")
    trainer.run(
        [SampleHook(run, preview=modality_of_kind("table").preview, seed=0, show_reals=shown)]
    )
    (path,) = (run.folder / "samples").iterdir()
    assert has_grey(path) == shown


def test_points_are_drawn_on_reals(run: Run) -> None:
    preview = modality_of_kind("point").preview
    _trainer("vanilla", "point").run([SampleHook(run, preview=preview, seed=0)])
    (path,) = (run.folder / "samples").iterdir()
    assert has_grey(path)
