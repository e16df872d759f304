"""What a training writes, and how it refuses what cannot work."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.modalities.tables.chain import people
from tests.runs.test_hooks import has_grey
from tests.workflows.conftest import PLAIN, StopAt
from zerosum.engine.choose import Wishes
from zerosum.errors import (
    ConfigError,
    DataError,
    DeviceError,
    DivergenceError,
    RecipeError,
    RunError,
)
from zerosum.runs import tensors
from zerosum.runs.store import Run
from zerosum.workflows.load import load
from zerosum.workflows.train import resume, train

TrainSmall = Callable[..., Run]


def test_a_run_says_how_it_was_made(tmp_path: Path, train_small: TrainSmall) -> None:
    run = train_small(tmp_path / "run")
    manifest = json.loads((run.folder / "manifest.json").read_text())
    assert manifest["state"] == "finished"
    assert (manifest["step"], manifest["samples"], manifest["seed"]) == (20, 320, 5)
    assert manifest["recipe"]["game"]["generator"]["width"] == 16
    assert manifest["execution"]["precision"] == "fp32"
    assert manifest["processes"] == 1
    assert manifest["versions"]["torch"] == torch.__version__
    assert [row["step"] for row in run.history()] == [3, 6, 9, 12, 15, 18]
    assert run.events()[0]["event"] == "execution_chosen"
    assert len(list((run.folder / "samples").glob("samples-*320.png"))) == 1


def test_the_seed_decides_everything(
    tmp_path: Path, train_small: TrainSmall, assert_same_run: Callable[[Run, Run], None]
) -> None:
    first, second = (train_small(tmp_path / name) for name in ("first", "second"))
    assert_same_run(first, second)
    other = train_small(tmp_path / "other", seed=6)
    with pytest.raises(AssertionError, match="tensors differ"):
        assert_same_run(first, other)


def test_scores_are_those_of_known_modes(tmp_path: Path, train_small: TrainSmall) -> None:
    scores = train_small(tmp_path / "run").manifest["scores"]
    assert set(scores) == {"modes_covered", "high_quality", "mode_kl"}


def test_minutes_plan_a_budget_and_record_it(tmp_path: Path, train_small: TrainSmall) -> None:
    run = train_small(tmp_path / "run", samples=None, minutes=0.005)
    planned = run.manifest["recipe"]["optimisation"]["total_samples"]
    assert 16 <= planned < 1_500_000
    assert run.manifest["state"] in ("finished", "out of time")


def test_fresh_folders_are_named_after_recipe_and_data(
    tmp_path: Path, train_small: TrainSmall
) -> None:
    run = train_small(None, root=tmp_path / "all")
    assert run.folder.parent == tmp_path / "all"
    assert run.name.startswith("vanilla-ring-")


def test_a_folder_that_exists_is_kept(tmp_path: Path, train_small: TrainSmall) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(RunError, match=r"exists already, and holds no run.*out="):
        train_small(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path, train_small: TrainSmall) -> None:
    assert train_small(tmp_path, stop=1).manifest["step"] == 1


def test_a_folder_that_cannot_be_made(tmp_path: Path, train_small: TrainSmall) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot make .*file.*may write"):
        train_small(tmp_path / "file" / "run")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"device": "cuda:99"}, DeviceError, r"no device 'cuda:99'.*Present:.*cpu"),
        ({"samples": 0}, RunError, "samples=0"),
        ({"minutes": -1.0}, RunError, "minutes=-1"),
        ({"changes": {"game.gama": 1}}, ConfigError, r"no key 'game.gama'"),
        ({"changes": {"optimisation.batch_sze": 1}}, ConfigError, "Did you mean 'batch_size'"),
        ({"changes": {"optimisation.batch_size": 0}}, ConfigError, "batch_size is 0"),
        ({"changes": {"optimisation.batch_size": 60_000}}, DataError, "larger than ring"),
        ({"changes": {"optimisation.accumulate": 3}}, ConfigError, "multiple of 3"),
    ],
)
def test_what_cannot_work_leaves_no_folder(
    tmp_path: Path,
    train_small: TrainSmall,
    options: dict[str, object],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        train_small(tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_data_smaller_than_a_batch_is_learned_in_smaller_ones(tmp_path: Path) -> None:
    said: list[str] = []
    series = torch.randn(20, 8, 2, generator=torch.Generator().manual_seed(0)).cumsum(1).numpy()
    run = train(
        "series",
        series,
        out=tmp_path / "run",
        samples=32,
        tell=said.append,
        wishes=Wishes(threads=1),
    )
    assert run.manifest["recipe"]["optimisation"]["batch_size"] == 16
    assert any("20 samples are fewer than a batch of 64, so batches are of 16" in s for s in said)


def test_unknown_recipes_suggest_near_names(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="Did you mean 'vanilla'"):
        train("vanila", "ring", out=tmp_path / "run")
    with pytest.raises(RecipeError, match="takes image data"):
        train("dcgan", "ring", out=tmp_path / "run")
    with pytest.raises(RecipeError, match="it needs labels"):
        train("cgan", "spiral", out=tmp_path / "run")


DIVERGING = '''
"""A game whose loss becomes NaN at its tenth step."""
import zerosum as zs
from zerosum.games.base import StepContext, Terms
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.spaces import Space


class FragileConfig(TwoPlayerConfig):
    kind = "fragile"

    def build(self, space: Space) -> TwoPlayer:
        return Fragile(self, space)


class Fragile(TwoPlayer):
    def generator_loss(self, context: StepContext) -> Terms:
        terms = super().generator_loss(context)
        factor = float("nan") if context.index >= 9 else 1.0
        return {name: factor * term for name, term in terms.items()}


@zs.recipe(paper="none", spaces=("point",))
def fragile(space: Space) -> zs.Recipe:
    """Breaks on purpose."""
    from zerosum.catalogue import find_recipe

    base = find_recipe("vanilla").resolve(space)
    body = {k: v for k, v in base.game.to_json().items() if k != "kind"}
    return base.model_copy(update={"name": "fragile", "game": FragileConfig.from_json(body)})
'''


def test_divergence_is_an_event_and_keeps_the_last_healthy_checkpoint(
    tmp_path: Path, train_small: TrainSmall
) -> None:
    code = tmp_path / "fragile.py"
    code.write_text(DIVERGING)
    with pytest.raises(
        DivergenceError, match=r"step 10 the term generator/adversarial.*precision="
    ):
        train_small(tmp_path / "run", code, checkpoint_seconds=0.0)
    run = Run.open(tmp_path / "run")
    assert run.manifest["state"] == "diverged"
    assert run.events()[-1]["event"] == "diverged"
    assert run.events()[-1]["step"] == 10
    checkpoint, problems = run.checkpoints.load_newest()
    assert (checkpoint.step, problems) == (9, [])
    assert all(bool(t.isfinite().all()) for t in checkpoint.tensors.values())
    assert len(load(run, code=code).sample(3)) == 3


def test_divergence_between_checkpoints_is_seen_at_the_next_record(
    tmp_path: Path, train_small: TrainSmall
) -> None:
    code = tmp_path / "fragile.py"
    code.write_text(DIVERGING)
    with pytest.raises(DivergenceError, match="step 12 the term"):
        train_small(tmp_path / "run", code)
    assert Run.open(tmp_path / "run").checkpoints.steps() == [0]


def test_a_full_disk_keeps_the_checkpoint_before(
    tmp_path: Path, train_small: TrainSmall, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = train_small(tmp_path / "run", stop=4)
    before, _ = stopped.checkpoints.load_newest()

    def full(tensors: object, path: Path) -> None:
        path.write_bytes(b"half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tensors, "save_file", full)
    with pytest.raises(RunError, match=r"No space left on device.*untouched.*Free some space"):
        resume(stopped.folder)
    monkeypatch.undo()
    run = Run.open(stopped.folder)
    assert run.manifest["state"] == "failed"
    after, problems = run.checkpoints.load_newest()
    assert (after.step, problems) == (before.step, [])
    assert not list(run.checkpoints.folder.glob(".*.part"))
    assert resume(stopped.folder).manifest["state"] == "finished"


OWN = '''
"""A recipe of one's own, with a network of its own."""
import torch
from torch import Tensor, nn

import zerosum as zs
from zerosum.networks.base import GeneratorConfig
from zerosum.catalogue import find_recipe
from zerosum.spaces import Space


class LinearConfig(GeneratorConfig):
    kind = "my_linear"

    def build(self, latent_dim: int, space: Space, *, num_labels: int = 0) -> nn.Module:
        return Linear(latent_dim, space.size)


class Linear(nn.Module):
    def __init__(self, latent_dim: int, size: int) -> None:
        super().__init__()
        self.layer = nn.Linear(latent_dim, size)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layer(z)


@zs.recipe(paper="mine", spaces=("point",))
def mine(space: Space) -> zs.Recipe:
    """A linear generator."""
    base = find_recipe("vanilla").resolve(space)
    return base.with_values({"name": "mine", "game.generator": {"kind": "my_linear"}})
'''


def test_the_code_of_a_recipe_is_kept_beside_the_run(tmp_path: Path) -> None:
    code = tmp_path / "mine.py"
    code.write_text(OWN)
    wishes = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)
    run = train(code, "ring", out=tmp_path / "run", samples=128, wishes=wishes)
    assert run.manifest["recipe"]["game"]["generator"] == {"kind": "my_linear"}
    assert (run.folder / "code" / "mine.py").read_text() == OWN


def test_a_resume_draws_rows_where_the_training_did(tmp_path: Path) -> None:
    options: dict[str, Any] = {"samples": 512, "seed": 1, "wishes": PLAIN, "changes": {
        "game.generator.width": 16, "game.generator.depth": 2, "optimisation.batch_size": 64,
    }}  # fmt: skip
    grey = {}
    for shown in (False, True):
        run = train(
            "table", people(300), out=tmp_path / str(shown), show_reals=shown,
            listener=lambda *_: [StopAt(3)], **options,
        )  # fmt: skip
        assert run.manifest["show_reals"] is shown
        resume(run.folder, data=people(300))
        for path in sorted((run.folder / "samples").iterdir()):
            grey[shown, path.name] = has_grey(path)
    names = ("samples-0000000192.png", "samples-0000000512.png")
    assert grey == {(shown, name): shown for shown in (False, True) for name in names}


@pytest.mark.parametrize("data", ["ring", "digits"])
def test_rows_are_drawn_of_tables_alone(tmp_path: Path, data: str) -> None:
    with pytest.raises(RunError, match="show_reals= is for tables"):
        train("vanilla", data, out=tmp_path / "run", show_reals=True)
