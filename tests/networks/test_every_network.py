"""What every registered generator and discriminator obeys, on spaces of many shapes."""

from itertools import product
from typing import Any

import pytest
import torch

from zerosum.catalogue import all_recipes
from zerosum.config import family_of
from zerosum.errors import RecipeError
from zerosum.modalities.clips.space import ClipSpace
from zerosum.modalities.series.seen import ScoreSpace
from zerosum.networks.base import DiscriminatorConfig, GeneratorConfig
from zerosum.rng import Noise, seeded_initialisation
from zerosum.spaces import ImageSpace, PointSpace, Space

all_recipes()  # papers bring networks of their own


def of_zerosum(family: type) -> list[str]:
    return [k for k, c in family_of(family).items() if c.__module__.startswith("zerosum.")]


TORUS = "torus_generator"
"""Its latents depend on the size of what it makes; see `modalities/images/test_torus.py`."""
GENERATORS = [kind for kind in of_zerosum(GeneratorConfig) if kind != TORUS]
PROJECTED = "projected_discriminator"
"""It needs the extra `efficientnet`; see `modalities/images/test_projected.py`."""
DISCRIMINATORS = [kind for kind in of_zerosum(DiscriminatorConfig) if kind != PROJECTED]
IMAGES = [
    ImageSpace(channels=channels, height=height, width=width)
    for (height, width), channels in product([(8, 8), (9, 13), (28, 28), (32, 48)], [1, 3, 4])
]
POINTS = [PointSpace(center=(0.0,) * d, scale=(1.0,) * d) for d in (1, 2, 7)]
SERIES = [ScoreSpace(channels=c, length=n) for c, n in product([1, 3], [2, 7, 8, 33])]
CLIPS = [
    ClipSpace(channels=1, frames=4, height=8, width=8, rate=8),
    ClipSpace(channels=3, frames=5, height=9, width=13, rate=8),
    ClipSpace(channels=1, frames=16, height=32, width=16, rate=8),
]
TEMPORAL = {"temporal_generator", "temporal_discriminator"}
OF_CLIPS = {"clip_generator", "clip_discriminator"}
ONE_CLASS = {"pyramid"}
"""Of recipes of one class: they read any samples, and no labels."""
PERCEPTRONS = {"mlp_generator", "mlp_discriminator"}
SMALL = {"width": 16}


def small(kind: str) -> dict[str, Any]:
    if kind == "clip_generator":
        return {"kind": kind, "motion_latents": 2, "motion_width": 16}
    return {"kind": kind, **SMALL}


def spaces_of(kind: str) -> list[Space]:
    if kind in OF_CLIPS:
        return [*CLIPS]
    if kind in TEMPORAL:
        return [*SERIES]
    return [*IMAGES, *POINTS, *SERIES] if kind in PERCEPTRONS else [*IMAGES]


def labels(num_labels: int) -> torch.Tensor | None:
    return torch.arange(3) % num_labels if num_labels else None


@pytest.mark.parametrize("num_labels", [0, 2])
@pytest.mark.parametrize("kind", GENERATORS)
def test_generator_fills_its_space(kind: str, num_labels: int) -> None:
    config = GeneratorConfig.from_json(small(kind))
    for space in spaces_of(kind):
        network = config.build(5, space, num_labels=num_labels)
        x = network(Noise(0).normal(3, 5), labels(num_labels))
        assert x.shape == (3, *space.shape)
        assert bool(x.isfinite().all())
        assert not torch.equal(x[0], x[1]), "two latents give one sample"


@pytest.mark.parametrize("num_labels", [0, 2])
@pytest.mark.parametrize("kind", DISCRIMINATORS)
def test_discriminator_scores_its_space(kind: str, num_labels: int) -> None:
    config = DiscriminatorConfig.from_json(small(kind))
    for space, num_outputs in product(spaces_of(kind), (1, 6)):
        network = config.build(space, num_outputs=num_outputs, num_labels=num_labels)
        scores = network(Noise(0).normal(3, *space.shape), labels(num_labels))
        assert scores.shape == (3, num_outputs)
        assert bool(scores.isfinite().all())


@pytest.mark.parametrize("kind", GENERATORS)
def test_generator_listens_to_labels(kind: str) -> None:
    config = GeneratorConfig.from_json(small(kind))
    network = config.build(5, spaces_of(kind)[0], num_labels=2).eval()
    z = Noise(0).normal(3, 5)
    assert not torch.equal(network(z, torch.zeros(3).long()), network(z, torch.ones(3).long()))


@pytest.mark.parametrize("kind", [k for k in DISCRIMINATORS if k not in ONE_CLASS])
def test_discriminator_listens_to_labels(kind: str) -> None:
    config = DiscriminatorConfig.from_json(small(kind))
    space = spaces_of(kind)[0]
    network = config.build(space, num_labels=2)
    x = Noise(0).normal(3, *space.shape)
    assert not torch.equal(network(x, torch.zeros(3).long()), network(x, torch.ones(3).long()))


@pytest.mark.parametrize(
    "kind", [k for k in GENERATORS if k not in PERCEPTRONS | TEMPORAL | OF_CLIPS]
)
def test_generator_refuses_what_it_cannot_make(kind: str) -> None:
    config = GeneratorConfig.from_json(kind)
    with pytest.raises(RecipeError, match=f"{kind} takes images.*'point' with shape"):
        config.build(5, POINTS[0])
    with pytest.raises(RecipeError, match=r"at least 8 x 8; these are 7 x 30.*size=8"):
        config.build(5, ImageSpace(channels=1, height=7, width=30))


@pytest.mark.parametrize(
    "kind", [k for k in DISCRIMINATORS if k not in PERCEPTRONS | TEMPORAL | OF_CLIPS | ONE_CLASS]
)
def test_discriminator_refuses_what_it_cannot_read(kind: str) -> None:
    config = DiscriminatorConfig.from_json(kind)
    with pytest.raises(RecipeError, match=f"{kind} takes images.*'point' with shape"):
        config.build(POINTS[0])
    with pytest.raises(RecipeError, match=r"at least 8 x 8; these are 30 x 7.*size=8"):
        config.build(ImageSpace(channels=1, height=30, width=7))


def test_temporal_players_refuse_what_has_no_axis_of_time() -> None:
    generator, discriminator = (
        GeneratorConfig.from_json("temporal_generator"),
        DiscriminatorConfig.from_json("temporal_discriminator"),
    )
    for space in (IMAGES[0], POINTS[0]):
        with pytest.raises(RecipeError, match="temporal_generator takes samples over time"):
            generator.build(5, space)
        with pytest.raises(RecipeError, match="temporal_discriminator takes samples over time"):
            discriminator.build(space)


def test_noise_of_single_places_changes_them() -> None:
    config = GeneratorConfig.from_json({"kind": "temporal_generator", "noise_channels": 1, **SMALL})
    with seeded_initialisation(0):
        network = config.build(5 + 33, ScoreSpace(channels=1, length=33))
    z = Noise(0).normal(1, 5 + 33)
    other = z.clone()
    other[:, 5 + 30] += 1
    moved = (network(z) - network(other)).detach().abs()[0, 0]
    assert int(moved.argmax()) > 16
    assert float(moved.max()) > 1e-4


@pytest.mark.parametrize("kind", [k for k in GENERATORS if k not in TEMPORAL | OF_CLIPS])
def test_generator_gives_the_same_in_channels_last(kind: str) -> None:
    config, z = GeneratorConfig.from_json(small(kind)), Noise(0).normal(3, 5)
    with seeded_initialisation(0):
        network = config.build(5, IMAGES[4])
    plain = network(z)
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    torch.testing.assert_close(network(z), plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", [k for k in DISCRIMINATORS if k not in TEMPORAL | OF_CLIPS])
def test_discriminator_gives_the_same_in_channels_last(kind: str) -> None:
    config = DiscriminatorConfig.from_json(small(kind))
    x = Noise(0).normal(3, *IMAGES[4].shape)
    with seeded_initialisation(0):
        network = config.build(IMAGES[4])
    plain = network(x)
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    again = network(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(again, plain, rtol=1e-4, atol=1e-5)
