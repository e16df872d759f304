"""Sprites show what their factors say, and the factors can be read back from the images."""

from math import pi

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from scipy.stats import rankdata
from torch import Tensor

from zerosum.errors import ConfigError, DataError
from zerosum.modalities.images.sprites import (
    BACKGROUND,
    RANGES,
    SHAPES,
    SpritesConfig,
    draw_sprites,
    measure_factors,
    simulate,
)
from zerosum.rng import Noise
from zerosum.workflows.data import open_data

TIPS = {"square": (4, 45.0, 0.0), "triangle": (3, -90.0, 0.0), "star": (5, -90.0, 0.5)}
"""Number of tips, where the first points (degrees clockwise from the right), inner corners."""


def one(shape: str, **changes: float) -> dict[str, Tensor]:
    middle = {"x": 0.45, "y": 0.55, "size": 0.15, "hue": 0.3, "rotation": 10.0, "stroke": 1.0}
    factors = {name: torch.tensor([value]) for name, value in (middle | changes).items()}
    return factors | {"shape": torch.tensor([SHAPES.index(shape)])}


def coverage(picture: Tensor) -> np.ndarray:
    """From 0 to 1: of hue .3 the green channel is far from the background."""
    green = picture[1].numpy().astype(float)
    return (green - green.min()) / (green.max() - green.min())


def test_the_data_set() -> None:
    dataset = SpritesConfig(num_samples=60).build()
    x, y = dataset.take(torch.arange(60))
    assert (x.shape, x.dtype) == ((60, 3, 32, 32), torch.uint8)
    assert dataset.space.labels == SHAPES
    pictures, factors = simulate(60)
    assert torch.equal(x, pictures)
    assert y is not None
    assert torch.equal(y, factors["shape"])
    assert set(factors) == {*RANGES, "shape"}
    assert len(SpritesConfig().build()) == 20_000


def test_sizes() -> None:
    config = open_data("sprites", size=(48, 48))[1]
    assert config == SpritesConfig(size=48)
    with pytest.raises(ConfigError, match="sprites are square, and the size is 48 x 64"):
        open_data("sprites", size=(48, 64))
    for size in (15, 129):
        with pytest.raises(ConfigError, match=rf"sprites\.size is {size}"):
            SpritesConfig(size=size)


@pytest.mark.parametrize("size", [16, 32, 64])
def test_factors_fill_their_ranges_and_shapes_stay_inside(size: int) -> None:
    pictures, factors = simulate(2_000, seed=1, size=size)
    for name, (low, high) in RANGES.items():
        assert low <= float(factors[name].min()) < low + 0.01 * (high - low)
        assert high >= float(factors[name].max()) > high - 0.01 * (high - low)
    grey = round(255 * BACKGROUND)
    border = torch.cat([pictures[..., [0, -1]].flatten(), pictures[..., [0, -1], :].flatten()])
    assert float((border.float() - grey).abs().mean()) < 0.1


@pytest.mark.parametrize("shape", TIPS)
@pytest.mark.parametrize("stroke", [1.0, 0.4])
def test_polygons_are_what_another_program_draws(shape: str, stroke: float) -> None:
    side, count = 128, TIPS[shape][0]
    drawn = draw_sprites(one(shape, stroke=stroke), size=side)[0]
    _, first, inner = TIPS[shape]
    steps = count * (2 if inner else 1)
    angle = torch.deg2rad(torch.tensor(first + 10.0) + 360 / steps * torch.arange(steps))
    radius = torch.ones(steps, dtype=torch.float64)
    if inner:
        radius[1::2] = inner
    corners = radius[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)
    after = corners.roll(-1, dims=0)
    area = float((corners[:, 0] * after[:, 1] - corners[:, 1] * after[:, 0]).sum()) / 2
    corners = corners * (pi / area) ** 0.5 * 0.15
    zoom = 8
    sheet = Image.new("L", (side * zoom, side * zoom))
    pen = ImageDraw.Draw(sheet)
    hole = 0.75 * (1 - stroke)
    for scale, fill in ((1.0, 255), (hole, 0)):
        if scale:
            place = (corners * scale + torch.tensor([0.45, 0.55])) * side * zoom - 0.5
            pen.polygon([(x, y) for x, y in place.tolist()], fill=fill)
    expected = np.asarray(sheet.resize((side, side), Image.Resampling.BOX), dtype=float) / 255
    cover = coverage(drawn)
    assert abs(cover - expected).mean() < 0.002
    assert abs(cover - expected).max() < 0.45, "more than a corner pixel differs"


def test_circles_have_the_area_of_their_size() -> None:
    filled = draw_sprites(one("circle", size=0.19), size=128)[0]
    assert coverage(filled).mean() == pytest.approx(pi * 0.19**2, rel=0.005)
    outline = draw_sprites(one("circle", size=0.19, stroke=0.0), size=128)[0]
    assert coverage(outline).mean() == pytest.approx(pi * 0.19**2 * (1 - 0.75**2), rel=0.01)


@pytest.mark.parametrize(
    ("size", "noise"),
    [(32, 0), (32, 5), *(pytest.param(64, n, marks=pytest.mark.slow) for n in (0, 5))],
)
def test_factors_are_read_back(size: int, noise: int) -> None:
    pictures, truth = simulate(1_500, seed=2, size=size)
    if noise:
        grain = Noise(0).normal(*pictures.shape) * noise
        pictures = (pictures + grain).round().clamp(0, 255).to(torch.uint8)
    read = measure_factors(pictures)
    assert torch.equal(read["shape"], truth["shape"])
    assert bool((read["rotation"].isnan() == (truth["shape"] == 0)).all())
    for name in RANGES:
        known = ~read[name].isnan()
        ranks = [rankdata(values[name][known].numpy()) for values in (read, truth)]
        agreement = np.corrcoef(*ranks)[0, 1]
        assert agreement > (0.99 if name in ("stroke", "hue", "rotation") else 0.999), name
    assert float((read["x"] - truth["x"]).abs().max()) < 0.01
    assert float((read["size"] - truth["size"]).abs().median()) < 0.002
    assert float((read["hue"] - truth["hue"]).abs().max()) < 0.02


def test_where_there_is_no_shape_nothing_is_read() -> None:
    pictures = torch.full((2, 3, 32, 32), 77, dtype=torch.uint8)
    pictures[1] = draw_sprites(one("star"))[0]
    read = measure_factors(pictures)
    assert read["shape"].tolist() == [-1, SHAPES.index("star")]
    for name in RANGES:
        assert read[name].isnan().tolist() == [True, False]


@pytest.mark.parametrize(
    "pictures",
    [
        torch.zeros(2, 3, 32, 32),
        torch.zeros(2, 32, 32, 3, dtype=torch.uint8),
        torch.zeros(2, 3, 32, 31, dtype=torch.uint8),
        torch.zeros(0, 3, 32, 32, dtype=torch.uint8),
        torch.zeros(3, 32, 32, dtype=torch.uint8),
    ],
    ids=lambda pictures: f"{pictures.dtype}{tuple(pictures.shape)}",
)
def test_pictures_of_another_form(pictures: Tensor) -> None:
    with pytest.raises(DataError, match=r"sprites are uint8 \[N, 3, S, S\], one or more"):
        measure_factors(pictures)


@pytest.mark.parametrize("name", RANGES)
def test_one_factor_changes_alone(name: str) -> None:
    low, high = RANGES[name]
    values = torch.linspace(low, high, 9)
    factors = {key: value.expand(9) for key, value in one("triangle").items()} | {name: values}
    read = measure_factors(draw_sprites(factors, size=64))
    assert bool((read[name].diff() > 0).all())
    for other in set(RANGES) - {name}:
        spread = float(read[other].max() - read[other].min())
        assert spread < 0.15 * (RANGES[other][1] - RANGES[other][0]), other
