"""Control of styles: directions that are found and learned, edits, mixing, and what is refused."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import zerosum as zs
from zerosum.errors import ConditionError, DataError, EvaluationError, RunError
from zerosum.modalities.images.directions import (
    Direction,
    components,
    from_steps,
    parse_strengths,
    random_steps,
    read_directions,
)
from zerosum.modalities.images.inversion import learn_encoder
from zerosum.rng import Noise
from zerosum.runs.lock import held

SMALL = {
    "game.generator.width": 8, "game.generator.style_dim": 16, "game.discriminator.width": 8,
    "game.latent_dim": 8, "game.generator.mapping_rate": 1.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> zs.StyledModel:
    folder = tmp_path_factory.mktemp("styled") / "run"
    trained = zs.train("stylegan", data="digits", out=folder, samples=640, set=SMALL, quiet=True)
    assert isinstance(trained, zs.StyledModel)
    return trained


def brightness(pictures: Tensor) -> Tensor:
    return pictures.float().mean((1, 2, 3))


def tilt(pictures: Tensor) -> Tensor:
    return pictures[:, :, :4].float().mean((1, 2, 3)) - pictures[:, :, 4:].float().mean((1, 2, 3))


def test_components_are_those_of_the_covariance() -> None:
    torch.manual_seed(0)
    styles = torch.randn(5_000, 3) * torch.tensor([3.0, 1.0, 0.1]) + 7
    first, second = components(styles, 2)
    assert first.way.abs().tolist() == pytest.approx([3, 0, 0], abs=0.2)
    assert second.way.abs().tolist() == pytest.approx([0, 1, 0], abs=0.2)
    assert first.about["share"] == pytest.approx(9 / 10.01, abs=0.02)


def test_a_learned_way_changes_its_reading_and_none_that_is_kept() -> None:
    torch.manual_seed(0)
    styles = torch.randn(8_000, 4) @ torch.tensor(
        [[1.0, 0.8, 0, 0], [0, 1, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0.5]]
    )
    steps = random_steps(styles, Noise(0))

    def learn(name: str, read: Callable[[Tensor], Tensor], keep: Sequence[Direction] = ()):
        return from_steps(name, styles, steps, read(styles), read(styles + steps), keep)

    other = learn("other", lambda w: w[:, 0] + w[:, 1])
    free = learn("one", lambda w: w[:, 0])
    alone = learn("one", lambda w: w[:, 0], [other])
    for found, way in ((free, [1.0, 0, 0, 0]), (alone, [0.5**0.5, -(0.5**0.5), 0, 0])):
        assert (found.way / found.way.norm()).tolist() == pytest.approx(way, abs=0.01)
        along = (styles @ torch.tensor(way)).std()
        assert float(found.way.norm()) == pytest.approx(float(along), rel=0.01)
    assert free.about["r2"] > 0.99
    assert free.about["gain"] == pytest.approx(1, abs=0.01)
    assert alone.about["gain"] < 0.6
    bent = learn("bent", lambda w: w[:, 2] ** 3 + 4 * w[:, 3] ** 2)
    assert abs(float(bent.way[2])) > 5 * float(bent.way[[0, 1, 3]].norm())
    assert 0 < bent.about["r2"] < 0.95
    with pytest.raises(ConditionError, match="follows from other"):
        learn("same", lambda w: w[:, 0] + w[:, 1], [other])
    with pytest.raises(ConditionError, match="on every sample"):
        learn("flat", lambda w: torch.ones(8_000))
    with pytest.raises(ConditionError, match="without labels"):
        learn("one", lambda w: w[:, 0], components(styles, 1))


def test_a_learned_direction_is_kept_and_edits_go_along_it(model: zs.StyledModel) -> None:
    zs.learn_direction(model, "tilt", labels=tilt, n=1_000)
    found = zs.learn_direction(model, "bright", labels=brightness, keep=["tilt"], n=1_000)
    assert model.run is not None
    assert set(read_directions(model.run)) >= {"tilt", "bright"}
    torch.testing.assert_close(read_directions(model.run)["bright"].way, found.way)
    made = [
        brightness(model.edit(64, {"bright": strength}, seed=5).tensor).mean()
        for strength in (-2, 0, 2)
    ]
    assert made[0] < made[1] < made[2]
    same = model.edit(64, {"bright": 0}, seed=5).tensor
    assert torch.equal(same, model.sample(64, seed=5).tensor)
    both = model.edit(2, {"bright": 1, "tilt": 1}, seeds=[3, 4])
    assert both.tensor.shape == (2, 1, 8, 8)


def test_a_run_that_is_played_learns_nothing_else(model: zs.StyledModel) -> None:
    assert model.run is not None
    with held(model.run):
        for learn in (
            lambda: zs.learn_direction(model, "tilt", labels=tilt),
            lambda: model.find_directions(count=1),
            lambda: learn_encoder(model),
        ):
            with pytest.raises(RunError, match="in use by process"):
                learn()


@pytest.mark.parametrize("how", ["weights", "components"])
def test_directions_are_found_without_labels(model: zs.StyledModel, how: str) -> None:
    found = model.find_directions(how=how, count=3)  # pyright: ignore[reportArgumentType]
    shares = [one.about["share"] for one in found]
    assert shares == sorted(shares, reverse=True)
    assert len(found) == 3
    assert {one.name for one in found} <= set(model.directions())
    strip = model.filmstrip(found[0].name, strengths=[-1, 0, 1], seeds=[1, 2])
    assert strip.size == (3 * 66 + 2 - 1 + 1, 2 * 66 + 2)


def test_mixing_shows_every_pair(model: zs.StyledModel) -> None:
    picture = model.mix([1, 2, 3])
    assert picture.size == (4 * 66 + 2, 4 * 66 + 2)
    for seeds, layer in (([1], None), ([1, 2], 0), ([1, 2], 99)):
        with pytest.raises(ConditionError, match="two seeds or more"):
            model.mix(seeds, layer=layer)


@pytest.mark.slow
def test_labels_come_from_pictures(model: zs.StyledModel, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, low, high in (("dark", 0, 90), ("light", 140, 255)):
        (tmp_path / "two" / name).mkdir(parents=True)
        for i in range(40):
            pixels = rng.integers(low, high, (10, 10), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "two" / name / f"{i}.png")
    found = zs.learn_direction(model, "light", labels=tmp_path / "two", n=500)
    assert found.about["rank_correlation"] > 0.8
    moved = [brightness(model.edit(64, {"light": s}).tensor).mean() for s in (-2, 2)]
    assert moved[0] < moved[1]


def test_what_teaches_nothing_is_refused(model: zs.StyledModel, tmp_path: Path) -> None:
    x = torch.zeros(60, 1, 8, 8, dtype=torch.uint8).numpy()
    for name, y, error, words in (
        ("one", np.zeros(60), EvaluationError, "every image has the value"),
        ("words", np.array(["a", "b", "c"] * 20), DataError, "which one has the attribute"),
        ("few", np.arange(60)[:20], EvaluationError, "at least 50"),
    ):
        path = tmp_path / f"{name}.npz"
        np.savez(path, x=x[: len(y)].transpose(0, 2, 3, 1), y=y)
        with pytest.raises(error, match=words):
            zs.learn_direction(model, "it", labels=path)
    np.savez(tmp_path / "none.npz", x=x.transpose(0, 2, 3, 1))
    with pytest.raises(DataError, match="has no labels"):
        zs.learn_direction(model, "it", labels=tmp_path / "none.npz")
    with pytest.raises(DataError, match=r"--images is the folder of files that a \.csv lists"):
        zs.learn_direction(model, "it", labels=tmp_path / "none.npz", images=tmp_path)
    table = tmp_path / "one.csv"
    table.write_text("file,it\n" + "".join(f"{i}.png,yes\n" for i in range(60)))
    for i in range(60):
        Image.new("L", (8, 8), 4 * i).save(tmp_path / f"{i}.png")
    with pytest.raises(EvaluationError, match="every image has the value"):
        zs.learn_direction(model, "it", labels=table)
    with pytest.raises(ConditionError, match="no direction 'brigt'"):
        model.edit(2, {"brigt": 1})


def test_a_model_without_styles_says_so(tmp_path: Path) -> None:
    other = zs.train("vanilla", data="ring", out=tmp_path / "run", samples=64, quiet=True)
    with pytest.raises(ConditionError, match="takes no styles"):
        zs.learn_direction(other, "x", labels=brightness)


def test_strengths_are_read_and_nonsense_is_not() -> None:
    assert parse_strengths(["age=+2", "a=b=-1.5"]) == {"age": 2.0, "a=b": -1.5}
    for wrong in (["age"], ["age="], ["=2"], ["age=nan"], ["age=1", "age=2"]):
        with pytest.raises(ConditionError, match="age"):
            parse_strengths(wrong if wrong != ["=2"] else ["=2age"])


def test_inversion_finds_styles_of_a_models_own_pictures(model: zs.StyledModel) -> None:
    pictures = model.sample(3, seed=11).tensor
    start = model.invert(pictures, how="optimise", steps=0)
    found = model.invert(pictures, how="optimise", steps=60, pull=0.0)
    assert (found.distortion < 0.8 * start.distortion).all()
    assert found.styles.shape == (3, model.styled.num_styles, 16)
    assert torch.equal(model.edit_styles(found.styles, {}).tensor, found.tensor)
    pulled = model.invert(pictures, how="optimise", steps=60, pull=10.0)
    assert pulled.strangeness.mean() < found.strangeness.mean()
    assert pulled.distortion.mean() > found.distortion.mean()


def test_an_encoder_is_learned_and_kept(model: zs.StyledModel, tmp_path: Path) -> None:
    pictures = model.sample(32, seed=12).tensor
    with pytest.raises(RunError, match="no encoder yet"):
        model.invert(pictures, how="encode")
    path = learn_encoder(model, samples=12_800)
    found = model.invert(pictures, how="encode")
    truth = model.styled.styles(model.draw(32, seed=12)).detach()
    apart = (found.styles - truth).square().mean()
    assert apart < 0.7 * (truth - model.styled.generator.centre).square().mean()
    both = model.invert(pictures[:2], how="both", steps=20)
    assert (both.distortion < found.distortion[:2]).all()
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(RunError, match="is damaged"):
        model.invert(pictures, how="encode")
    path.unlink()


def test_pictures_of_another_size_are_not_inverted(model: zs.StyledModel) -> None:
    with pytest.raises(ConditionError, match="Bring them to that size"):
        model.invert(torch.zeros(1, 3, 8, 8, dtype=torch.uint8))
    with pytest.raises(ConditionError, match="Allowed: encode"):
        model.invert(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), how="guess")  # pyright: ignore[reportArgumentType]
