"""The referee in a whole training: it watches without a trace, and mends what is broken."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import zerosum as zs
from zerosum.engine.choose import Wishes
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.errors import DivergenceError, RecipeError, RunError
from zerosum.referee.quality_probe import ProbeResult, QualityProbe
from zerosum.runs.store import Run
from zerosum.spaces import Batch
from zerosum.workflows.load import load
from zerosum.workflows.remedy import give_remedy
from zerosum.workflows.train import resume, train

PLAIN = Wishes("fp32", "contiguous", False, 1)
STEPS = 320


def start(
    folder: Path, *hooks: Hook, steps: int = STEPS, recipe: str = "vanilla", **more: Any
) -> Run:
    changes = {
        "optimisation.record_every": 5, "game.generator.width": 32, "game.discriminator.width": 32,
    } | more.pop("changes", {})  # fmt: skip
    return train(
        recipe, "ring", out=folder, samples=64 * steps, changes=changes, device="cpu", wishes=PLAIN,
        listener=lambda *_: hooks, checkpoint_seconds=1e9, **more,
    )  # fmt: skip


class Poison(Hook):
    """Draws one broken batch, once."""

    def __init__(self, step: int, times: float = torch.nan) -> None:
        self._step, self._times = step, times

    def stepped(self, trainer: Trainer) -> None:
        if trainer.step == self._step:
            self._step, loader = -1, trainer.loader
            sound, listener = loader.next, loader.listener
            loader.listener = None

            def poisoned(size: int) -> Batch:
                loader.next, loader.listener = sound, listener
                batch = sound(size)
                batch = Batch(batch.x * self._times, batch.y)
                if listener is not None:
                    listener(batch)
                return batch

            loader.next = poisoned


class Hurry(Hook):
    """Makes the generator far too fast from a step on, in every trainer."""

    def __init__(self, step: int) -> None:
        self._step, self._there = step, False

    def taken_over(self, trainer: Trainer) -> None:
        self._strike(trainer)

    def stepped(self, trainer: Trainer) -> None:
        if trainer.step == self._step:
            self._strike(trainer)

    def _strike(self, trainer: Trainer) -> None:
        lr = trainer.optimisation.optimizers["generator"].lr
        trainer.optimisation = trainer.optimisation.with_values(
            {"optimizers.generator.lr": 300 * lr}
        )


class StopAt(Hook):
    """Ends the training at a step."""

    def __init__(self, step: int) -> None:
        self._step = step

    def stepped(self, trainer: Trainer) -> None:
        if trainer.step == self._step:
            trainer.stop("enough")


def weights(run: Run) -> dict[str, torch.Tensor]:
    return run.checkpoints.load_newest()[0].tensors


def same(a: Run, b: Run) -> bool:
    mine, yours = weights(a), weights(b)
    return mine.keys() == yours.keys() and all(torch.equal(mine[n], yours[n]) for n in mine)


def events(run: Run, name: str) -> list[dict[str, Any]]:
    return [event for event in run.events() if event["event"] == name]


def given(run: Run) -> list[tuple[int, str, str]]:
    return [(r["step"], r["name"], r["by"]) for r in run.manifest["remedies"]]


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was poisoned once and mended; only to be looked at."""
    return start(tmp_path_factory.mktemp("mended") / "run", Poison(230), referee="act")


@pytest.fixture(scope="module")
def slowed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose generator ran away; only to be looked at."""
    return start(tmp_path_factory.mktemp("slowed") / "run", Hurry(400), steps=800, referee="act")


def test_watching_changes_nothing(tmp_path: Path) -> None:
    off = start(tmp_path / "off", referee="off")
    watch = start(tmp_path / "watch", referee="watch")
    act = start(tmp_path / "act", referee="act")
    assert not events(act, "remedy")
    assert same(off, watch)
    assert same(off, act)
    assert [e["step"] for e in events(watch, "measured") if "distance" in e] == [
        *range(31, 320, 31)
    ]
    assert not any("distance" in e for e in events(off, "measured"))


def test_one_poisoned_batch_costs_a_roll_back_and_nothing_else(tmp_path: Path, mended: Run) -> None:
    with pytest.raises(DivergenceError):
        start(tmp_path / "bare", Poison(230), referee="watch")
    assert Run.open(tmp_path / "bare").manifest["state"] == "diverged"
    run = mended
    assert run.manifest["state"] == "finished"
    assert "numerical divergence" in [event["name"] for event in events(run, "diagnosis")]
    (remedy,) = events(run, "remedy")
    assert remedy["name"] == "roll-back"
    assert remedy["back_to"] < 230
    assert given(run) == [(remedy["step"], "roll-back", "referee")]
    assert [outcome["helped"] for outcome in events(run, "outcome")] == [True]
    assert weights(run)["game.generator.layers.0.weight"].isfinite().all()
    steps = [row["step"] for row in run.history()]
    assert steps == sorted(steps)


def test_a_roll_back_leaves_frozen_parts_alone(tmp_path: Path) -> None:
    frozen = {"optimisation.frozen": ["discriminator.layers.0"]}
    run = start(tmp_path / "run", Poison(230), referee="act", changes=frozen)
    assert given(run)[0][1:] == ("roll-back", "referee")
    begun = load(start(tmp_path / "begun", StopAt(1), changes=frozen)).game.state_dict()
    name = "discriminator.layers.0.weight"
    assert torch.equal(weights(run)[f"game.{name}"], begun[name])
    assert not [n for n in weights(run) if n.startswith("optimizer.discriminator.4.")]


def test_a_broken_batch_is_mended_before_it_does_harm(tmp_path: Path) -> None:
    watched = start(tmp_path / "watched", Poison(230, 1000.0), referee="watch")
    assert "strange data" in [event["name"] for event in events(watched, "diagnosis")]
    run = start(tmp_path / "guarded", Poison(230, 1000.0), referee="act")
    assert [(r["step"], r["name"]) for r in events(run, "remedy")] == [(235, "roll-back")]
    assert events(run, "remedy")[0]["back_to"] == 217, "the newest look before the batch"


def test_a_generator_that_runs_away_is_slowed_and_the_recipe_says_so(slowed: Run) -> None:
    run = slowed
    assert events(run, "remedy")[0]["name"] == "slow-generator"
    assert run.manifest["recipe"]["optimisation"]["optimizers"]["generator"]["lr"] < 1e-4
    measured = {e["step"]: e["distance"] for e in events(run, "measured") if "distance" in e}
    model = run.manifest.get("model") or run.manifest["healthiest"]
    assert model["distance"] == pytest.approx(min(measured.values()), abs=1e-3)


@pytest.mark.parametrize("stop_at", [200, 290])
def test_a_guarded_run_resumes_bit_for_bit(tmp_path: Path, mended: Run, stop_at: int) -> None:
    straight = mended
    stopped = start(tmp_path / "stopped", Poison(230), StopAt(stop_at), referee="act")
    if stop_at < 230:
        again = resume(stopped.folder, listener=lambda *_: [Poison(230)], checkpoint_seconds=1e9)
    else:
        again = resume(stopped.folder, checkpoint_seconds=1e9)
    assert events(again, "remedy")[0]["back_to"] == events(straight, "remedy")[0]["back_to"]
    notes = [
        run.checkpoints.load_newest()[0].scalars["notes"]["referee"] for run in (straight, again)
    ]
    assert notes[0] == notes[1]
    assert same(straight, again)


@pytest.mark.parametrize("samples", [None, 128 * STEPS])
def test_signals_under_other_rules_are_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: int | None
) -> None:
    """Over a larger budget schedules stretch, so rates may jump."""
    stopped = start(tmp_path / "run", StopAt(200), referee="act")
    compared: list[bool] = []

    def surprise(scores: dict[str, float], row: dict[str, float]) -> None:
        del row
        compared.append(bool(scores))

    monkeypatch.setattr("zerosum.referee.hook.from_surprise", surprise)
    resume(stopped.folder, samples=images, checkpoint_seconds=1e9)
    assert compared[0] == (images is None)
    assert compared[-1]


def test_a_stop_that_finds_poison_ends_in_a_sound_state(tmp_path: Path) -> None:
    run = start(tmp_path / "run", Poison(230), StopAt(233), referee="act")
    assert run.manifest["state"] == "enough"
    assert run.manifest["step"] < 240
    assert all(t.isfinite().all() for t in weights(run).values())
    assert resume(run.folder, checkpoint_seconds=1e9).manifest["state"] == "finished"


def test_the_healthiest_state_is_the_model(tmp_path: Path, slowed: Run) -> None:
    run = Run.open(shutil.copytree(slowed.folder, tmp_path / "run"))
    run.update(model={"step": run.healthy.steps()[0], "distance": 1.0, "last_distance": 2.0})
    healthy = run.healthy.load(run.healthy.steps()[0]).tensors["average.generator.layers.0.weight"]
    game = load(run, device="cpu").game
    assert torch.equal(game.generator.get_parameter("layers.0.weight"), healthy)  # pyright: ignore[reportAttributeAccessIssue,reportCallIssue]
    newest = load(run, device="cpu", step=run.checkpoints.steps()[-1]).game
    assert not torch.equal(newest.generator.get_parameter("layers.0.weight"), healthy)  # pyright: ignore[reportAttributeAccessIssue,reportCallIssue]


@pytest.mark.parametrize(
    ("best", "last", "chosen"), [(1.0, 1.05, False), (1.0, 1.2, True), (0.01, 0.02, False)]
)
def test_the_last_state_is_the_model_where_it_is_about_as_healthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, best: float, last: float, chosen: bool
) -> None:
    """Within a tenth, and within what chance does to so few samples."""

    def look(gauge: QualityProbe, trainer: Trainer) -> ProbeResult:
        del gauge
        return ProbeResult(best if trainer.step < 100 else last, 0.5, 0.0, 1.0)

    monkeypatch.setattr(QualityProbe, "look", look)
    run = start(tmp_path / "run", steps=100, referee="act")
    assert (run.manifest.get("model") is not None) == chosen
    assert ("healthiest" in run.manifest) != chosen


@pytest.mark.parametrize("name", ["add-r2", "lower-rates", "repack", "roll-back", "augment"])
def test_a_remedy_by_hand_is_played_by_the_next_resume(tmp_path: Path, name: str) -> None:
    run = start(tmp_path / "run", StopAt(60), steps=90, referee="watch")
    before = json.dumps(run.manifest["recipe"])
    give_remedy(run.folder, name)
    zs.load(run.folder, device="cpu").sample(4)  # by the recipe that its state is from
    again = resume(run.folder, checkpoint_seconds=1e9)
    assert again.manifest["state"] == "finished"
    assert given(again) == [(60, name, "hand")]
    assert (json.dumps(again.manifest["recipe"]) == before) == (name == "roll-back")
    assert events(again, "remedy")[-1]["by"] == "hand"
    assert again.checkpoints.steps()[-1] == 90
    zs.load(again, device="cpu").sample(4)


def test_a_remedy_by_hand_in_the_midst_of_a_row(tmp_path: Path) -> None:
    run = start(tmp_path / "run", StopAt(61), steps=90, referee="off")
    assert run.checkpoints.load_newest()[0].scalars["window"]
    give_remedy(run.folder, "add-r2")
    assert resume(run.folder, checkpoint_seconds=1e9).manifest["state"] == "finished"


def test_remedies_that_change_nothing_are_refused(tmp_path: Path) -> None:
    run = start(tmp_path / "run", steps=20, referee="off")
    with pytest.raises(RecipeError, match="changes nothing"):
        give_remedy(run.folder, "raise-penalties")
    with pytest.raises(RecipeError, match="another --seed"):
        give_remedy(run.folder, "new-seed")
    with pytest.raises(RunError, match="kept a healthy state"):
        give_remedy(run.folder, "roll-back")


def test_a_state_is_loaded_by_the_recipe_it_is_from(tmp_path: Path) -> None:
    """Packs change the discriminator's shape; states from before can still be loaded."""
    run = start(tmp_path / "run", StopAt(60), steps=90, referee="watch")
    give_remedy(run.folder, "repack")
    again = resume(run.folder, checkpoint_seconds=1e9)
    assert again.checkpoints.steps() == [0, 60, 90]
    packs = [
        zs.load(again, device="cpu", step=step).recipe.game.pack  # pyright: ignore[reportAttributeAccessIssue]
        for step in again.checkpoints.steps()
    ]
    assert packs == [1, 1, 2]
