"""A training begun with another run's weights: what it takes, what stays, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zerosum as zs
from zerosum.engine.execution import Execution
from zerosum.errors import ConfigError, PrivacyError, RunError
from zerosum.live import words_of_origin
from zerosum.referee.diagnosis import Diagnosis
from zerosum.referee.hook import Referee
from zerosum.runs.store import Run
from zerosum.runtime import Runtime
from zerosum.testing import small_dataset
from zerosum.workflows.prepare import make_trainer, recipe_of
from zerosum.workflows.train import resume

TrainSmall = Callable[..., Run]
STYLES = {"game.generator.style_dim": 8, "game.latent_dim": 8}
LOWEST = "discriminator.layers.0"


@pytest.fixture(scope="module")
def pixels() -> Any:
    return np.random.default_rng(0).integers(0, 256, (64, 16, 16, 3), dtype=np.uint8)


def weights(run: Run, step: int | None = None) -> dict[str, torch.Tensor]:
    store = run.checkpoints
    return (store.load_newest()[0] if step is None else store.load(step)).tensors


@pytest.mark.parametrize(
    ("recipe", "data", "changes"),
    [
        ("vanilla", "ring", {}),
        ("stylegan", "digits", STYLES),
        ("dcgan", "digits", {"game.conditional": True}),
        ("table_gan", small_dataset("table"), {}),
    ],
)
def test_it_begins_with_the_samples_of_the_other_and_learns_on(
    tmp_path: Path, train_small: TrainSmall, recipe: str, data: Any, changes: dict[str, Any]
) -> None:
    first = train_small(tmp_path / "first", recipe, data, changes=changes)
    second = train_small(
        tmp_path / "second", recipe, data, changes=changes, seed=6, from_run=first.folder
    )
    expected = zs.load(first).draw(9, seed=3)
    made = [
        one.make(expected, batch_size=9).tensor.nan_to_num()
        for one in (zs.load(first), zs.load(second, step=0))
    ]
    assert torch.equal(*made)
    start, end = weights(second, 0), weights(second)
    still = [n for n in start if n.startswith("game.generator.") and torch.equal(start[n], end[n])]
    assert not [n for n in still if n.endswith((".weight", ".bias"))], "it does not learn"
    parent = second.manifest["parent"]
    assert (parent["run"], parent["step"]) == (str(first.folder), 20)
    assert (parent["fresh"], parent["frozen"]) == ([], [])
    assert set(parent["shares"].values()) == {1.0}
    (event,) = [one for one in second.events() if one["event"] == "inherited"]
    assert event.items() >= parent.items()
    assert second.manifest["step"] == 20
    assert first.manifest["parent"] is None


def test_the_healthy_state_is_taken_where_it_is_the_model(
    tmp_path: Path, train_small: TrainSmall
) -> None:
    first = train_small(tmp_path / "first")
    healthy, _ = first.checkpoints.load_newest()
    first.healthy.save(healthy.tensors, {**healthy.scalars, "step": 11})
    first.update(model={"step": 11})
    second = train_small(tmp_path / "second", from_run=first)
    assert second.manifest["parent"]["step"] == 11


@pytest.mark.parametrize(
    "recipe",
    [
        "dcgan",
        "stylegan",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("r3gan", "wgan_gp")),
    ],
)
def test_the_lowest_layers_stay_through_a_stop_and_a_resume(
    tmp_path: Path, train_small: TrainSmall, assert_same_run: Callable[[Run, Run], None],
    pixels: Any, recipe: str,
) -> None:  # fmt: skip
    first = train_small(tmp_path / "first", recipe, pixels, stop=3)
    options = {"from_run": first.folder, "freeze": 1, "seed": 7, "samples": 9 * 16}
    straight = train_small(tmp_path / "straight", recipe, pixels, **options)
    frozen = straight.manifest["parent"]["frozen"]
    assert frozen == straight.manifest["recipe"]["optimisation"]["frozen"]
    assert frozen
    start, end, given = weights(straight, 0), weights(straight), weights(first)
    names = [n.removeprefix("game.") for n in start if n.startswith("game.discriminator.")]
    moved = {n for n in names if not torch.equal(start[f"game.{n}"], end[f"game.{n}"])}
    assert moved == set(names) - set(frozen)
    assert all(torch.equal(end[f"game.{n}"], given[f"game.{n}"]) for n in frozen)
    train_small(tmp_path / "stopped", recipe, pixels, stop=4, **options)
    for path in (first.folder / "checkpoints").iterdir():
        path.unlink()  # a resume does not need the other run any more
    assert_same_run(straight, resume(tmp_path / "stopped", data=pixels))


def test_what_does_not_fit_starts_fresh_and_is_named(
    tmp_path: Path, train_small: TrainSmall, pixels: Any
) -> None:
    labels = np.arange(64) % 4
    first = train_small(tmp_path / "first", "dcgan", (pixels, labels),
                        changes={"game.conditional": True})  # fmt: skip
    second = train_small(tmp_path / "second", "dcgan", (pixels[..., :1], labels % 3),
                         changes={"game.conditional": True}, from_run=first)  # fmt: skip
    fresh = second.manifest["parent"]["fresh"]
    assert fresh == ["generator.embed.weight", "generator.layers.5.weight",
                     "generator.layers.5.bias", "discriminator.layers.0.weight",
                     "discriminator.embed.weight"]  # fmt: skip
    words = words_of_origin(second.manifest["parent"])
    assert words.startswith(f"begins with {first.folder} at step 20: ")
    assert "; fresh: generator.embed.weight" in words
    assert words.endswith(" and 1 more")
    with pytest.raises(RunError, match=r"--freeze 1: discriminator.layers.0.weight does not fit"):
        train_small(tmp_path / "third", "dcgan", pixels[..., :1], from_run=first, freeze=1)
    assert not (tmp_path / "third").exists()


def test_a_first_layer_grows_to_more_channels(
    tmp_path: Path, train_small: TrainSmall, pixels: Any
) -> None:
    first = train_small(tmp_path / "first", "dcgan", pixels[..., :1])
    second = train_small(tmp_path / "second", "dcgan", pixels, from_run=first)
    assert "discriminator.layers.0.weight" not in second.manifest["parent"]["fresh"]
    grey, colour = (
        weights(run, step)[f"game.{LOWEST}.weight"] for run, step in ((first, None), (second, 0))
    )
    torch.testing.assert_close(colour, grey.repeat(1, 3, 1, 1) / 3)


def test_memories_of_the_other_data_are_not_taken(
    tmp_path: Path, train_small: TrainSmall, pixels: Any
) -> None:
    changes = {"game.generator.num_blocks": 1, "optimisation.batch_size": 8}
    first = train_small(tmp_path / "first", "cyclegan", (pixels, 255 - pixels), changes=changes,
                        samples=3 * 8)  # fmt: skip
    second = train_small(tmp_path / "second", "cyclegan", (255 - pixels, pixels), changes=changes,
                         from_run=first, samples=8)  # fmt: skip
    begun = weights(second, 0)
    assert weights(first)["game.gallery"].any()
    assert not any(begun[f"game.{name}"].any() for name in ("gallery", "filled", "pool_A2B"))
    assert set(second.manifest["parent"]["shares"]) == {"generator", "discriminator"}


def test_what_cannot_be_begun_with(tmp_path: Path, train_small: TrainSmall, pixels: Any) -> None:
    points = train_small(tmp_path / "points", stop=1)
    small = train_small(tmp_path / "small", "dcgan", pixels, stop=1)
    bare = train_small(tmp_path / "bare", stop=1)
    for path in bare.checkpoints.folder.iterdir():
        path.unlink()
    file = zs.export(small.folder, tmp_path / "model.safetensors", quiet=True)
    for source, words in (
        (tmp_path / "pints", r"no run at .*pints.*Did you mean .*points"),
        (bare, "no usable checkpoint"),
        (points, r"samples of kind 'point', and the data is of kind 'image'"),
        (file, "an exported model, without a discriminator"),
        (zs.load(file), "comes from no run folder"),
    ):
        with pytest.raises(RunError, match=words):
            train_small(tmp_path / "new", "dcgan", pixels, from_run=source)
    wide = {"game.generator.width": 24, "game.discriminator.width": 24}
    for recipe, changes in (("dcgan", wide), ("stylegan", {})):
        with pytest.raises(RunError, match=r"do not fit .*% of the generator.*Take that run's"):
            train_small(tmp_path / "new", recipe, pixels, changes=changes, from_run=small)
    assert not (tmp_path / "new").exists()


def test_layers_that_cannot_be_frozen(tmp_path: Path, train_small: TrainSmall, pixels: Any) -> None:
    small = train_small(tmp_path / "small", "dcgan", pixels, stop=1)
    points = train_small(tmp_path / "points", stop=1)
    table = small_dataset("table")
    rows = zs.train("table", data=table, out=tmp_path / "rows", samples=64, quiet=True)
    for freeze, source, recipe, data, words in (
        (3, small, "dcgan", pixels, r"has 2 layers below its last.*Give 1 to 2"),
        (-1, small, "dcgan", pixels, "from 0 up"),
        (1, None, "dcgan", pixels, "goes with --from RUN"),
        (1, points, "vanilla", "ring", "this discriminator has none"),
    ):
        with pytest.raises(ConfigError, match=words):
            train_small(tmp_path / "new", recipe, data, from_run=source, freeze=freeze)
    with pytest.raises(ConfigError, match="trains generator alone"):
        zs.train("table", data=table, out=tmp_path / "new", from_run=rows, freeze=1, quiet=True)


def test_a_private_run_begins_with_nothing(tmp_path: Path) -> None:
    with pytest.raises(PrivacyError, match=r"--from.*Leave out one"):
        zs.train("table", data="reviews", epsilon=3, from_run=tmp_path)


def test_a_duel_with_given_weights_is_not_started_from_others(
    tmp_path: Path, train_small: TrainSmall
) -> None:
    first = train_small(tmp_path / "first")
    second = train_small(tmp_path / "second", from_run=first)
    finding = Diagnosis("mode collapse", "", 1.0, {})
    for run, last in ((first, "new-seed"), (second, None)):
        recipe, asked = recipe_of(run, None), []
        trainer = make_trainer(
            recipe,
            small_dataset("point"),
            seed=0,
            runtime=Runtime(torch.device("cpu")),
            execution=Execution(),
        )
        referee = Referee(run, guard="act", seed=0)
        while (remedy := referee._next_remedy(recipe, finding, trainer)) is not None:
            asked.append(remedy.name)
            referee._tries = [*referee._tries, f"{finding.name}:{remedy.name}"]
        assert asked[0] == "roll-back"
        assert (asked[-1] if last else None) == last
        assert ("new-seed" in asked) == (last is not None)
