"""Pictures of samples: right size, right pixels, and no crash on what is not finite."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.pictures import (
    block_characters,
    draw_curves,
    draw_frames,
    draw_grid,
    draw_points,
    to_pil,
)


def dots(picture: Image.Image) -> set[tuple[int, int]]:
    """`(column, row)` of the pixels that are not white."""
    rows, columns = np.nonzero((np.asarray(picture) < 255).any(axis=2))
    return set(zip(columns.tolist(), rows.tolist(), strict=True))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "L"), (3, "RGB"), (4, "RGBA")])
def test_grid_has_its_size_and_pixels(channels: int, mode: str) -> None:
    images = torch.arange(5 * channels * 40 * 70).remainder(251).to(torch.uint8)
    images = images.reshape(5, channels, 40, 70)
    sheet = draw_grid(images, columns=3, gap=2)
    assert sheet.mode == mode
    assert sheet.size == (3 * 72 + 2, 2 * 42 + 2)
    pixels = np.asarray(sheet).reshape(sheet.height, sheet.width, -1)
    for i in range(5):
        top, left = 2 + i // 3 * 42, 2 + i % 3 * 72
        tile = images[i].permute(1, 2, 0).numpy()
        expected = np.asarray(to_pil(tile)).reshape(40, 70, -1)
        assert np.array_equal(pixels[top : top + 40, left : left + 70], expected)
    assert (pixels[44:, 146:] == 255).all()  # the sixth place is empty
    assert (pixels[:2] == 255).all()


def test_small_pictures_are_enlarged_without_smoothing() -> None:
    images = torch.tensor([0, 200], dtype=torch.uint8).reshape(1, 1, 1, 2)
    pixels = np.asarray(draw_grid(images))
    assert pixels.shape == (32 + 4, 64 + 4)
    assert set(pixels[2:34, 2:34].flat) == {0}
    assert set(pixels[2:34, 34:66].flat) == {200}


def test_grid_is_about_square() -> None:
    assert draw_grid(torch.zeros(16, 1, 8, 8, dtype=torch.uint8)).size == (4 * 66 + 2, 4 * 66 + 2)
    wide = draw_grid(torch.zeros(16, 1, 64, 256, dtype=torch.uint8))
    assert wide.size == (2 * 258 + 2, 8 * 66 + 2)


def test_points_land_where_they_should() -> None:
    corners = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    picture = draw_points(corners, side=131)
    assert picture.size == (131, 131)
    # The frame goes from -1.5 to 11.5 over 130 pixels: 0 is at 15 and 10 at 115; rows go down.
    near, far = 15, 115
    expected = {
        (x + dx, 130 - y + dy)
        for x, y in [(near, near), (far, near), (near, far)]
        for dx in (0, 1)
        for dy in (0, 1)
    }
    assert dots(picture) == expected


def test_reals_lie_under_points_and_set_the_frame() -> None:
    real = torch.tensor([[0.0, 0.0], [10.0, 10.0]])
    picture = draw_points(torch.tensor([[10.0, 10.0], [1e30, -1e30]]), real=real, side=131)
    assert picture.getpixel((15, 115)) == (216, 216, 216)
    blue = picture.getpixel((115, 15))
    assert isinstance(blue, tuple)
    assert blue[2] > 200 > blue[0]
    assert len(dots(picture)) == 8  # the point far outside is left out


def test_single_numbers_are_drawn_as_quantiles() -> None:
    picture = draw_points(torch.tensor([[5.0], [0.0], [10.0]]), side=131)
    places = {(15, 115), (65, 65), (115, 15)}
    assert places <= dots(picture)
    many = torch.linspace(0, 10, 101)[:, None]
    same = draw_points(torch.tensor([[0.0], [10.0]]), real=many, side=131)
    assert {(15, 115), (115, 15)} <= dots(same)  # few samples span the width of many reals
    assert same.getpixel((115, 15)) != same.getpixel((65, 65))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 3e38])
def test_samples_that_are_not_finite_do_not_crash(bad: float) -> None:
    real = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    for points in (torch.tensor([[bad, 0.5], [0.5, 0.5]]), torch.full((3, 2), bad)):
        draw_points(points)
        seen = dots(draw_points(points, real=real))
        assert len(seen) >= 8
    draw_points(torch.full((3, 1), bad))


def test_block_characters() -> None:
    picture = Image.new("RGB", (2, 4), "white")
    picture.putpixel((0, 0), (255, 0, 0))
    picture.putpixel((1, 3), (0, 0, 255))
    assert block_characters(picture, columns=2) == [
        [("#ff0000", "#ffffff"), ("#ffffff", "#ffffff")],
        [("#ffffff", "#ffffff"), ("#ffffff", "#0000ff")],
    ]


@pytest.mark.parametrize(
    ("size", "columns", "shape"),
    [
        ((64, 64), 32, (16, 32)),
        ((64, 32), 200, (16, 64)),
        ((90, 3), 30, (1, 30)),
        ((5, 5), 0, (1, 1)),
    ],
)
def test_block_characters_keep_proportions(
    size: tuple[int, int], columns: int, shape: tuple[int, int]
) -> None:
    rows = block_characters(Image.new("L", size), columns=columns)
    assert (len(rows), len(rows[0])) == shape


def test_curves() -> None:
    rising = [(0.0, 0.0), (50.0, 0.5), (100.0, 1.0)]
    picture = draw_curves({"loss": rising, "accuracy": [(0.0, 1.0), (100.0, 0.0)]}, side=200)
    assert picture.size == (300, 200)
    pixels = np.asarray(picture).astype(int)
    blue = (pixels[..., 2] - pixels[..., 0] > 120).nonzero()
    line = [(x, y) for y, x in zip(*blue, strict=True) if y > 60]  # below the legend
    low, high = min(line), max(line)
    assert low[0] < 70 < 200 < high[0]
    assert low[1] > 150 > high[1]


def test_a_short_axis_is_told_in_fractions() -> None:
    def axis(start: float) -> np.ndarray:
        return np.asarray(draw_curves({"": [(start, 0.0), (start + 10, 1.0)]}, side=200))[-22:]

    assert (axis(5.3) != axis(5.0)).any()
    assert (axis(5_000.3) != axis(5_000.0)).any()


def test_the_legend_makes_way() -> None:
    falling = [(float(x), -float(x)) for x in range(20)]
    rising = [(x, -y) for x, y in falling]
    for curve, right in ((falling, True), (rising, False)):
        pixels = np.asarray(draw_curves({"seed 0": curve}, side=200)).astype(int)
        blue = (pixels[:32, :, 2] - pixels[:32, :, 0] > 60).nonzero()[1]
        assert (np.abs(blue - (260 if right else 90)) < 30).sum() > 40


def test_a_curve_of_one_point_is_a_dot() -> None:
    curves = {"line": [(0.0, 0.0), (9.0, 9.0)], "dot": [(3.0, 6.0)]}
    pixels = np.asarray(draw_curves(curves, side=200)).astype(int)
    red = (pixels[..., 0] - pixels[..., 2] > 120).nonzero()
    dot = [(x, y) for y, x in zip(*red, strict=True) if y > 60]
    assert 20 < len(dot) < 90


def test_a_frame_for_each_curve_on_its_own_scale() -> None:
    small, large = [(0.0, 0.0), (9.0, 1.0)], [(0.0, 0.0), (9.0, 1e6)]
    curves = {"small": small, "large": large}
    sheet = draw_frames(curves, side=100, columns=2, marks=[(4.5, "#ff0000"), (99.0, "#ff0000")])
    assert sheet.size == (300, 120)
    for curve, left in ((small, 0), (large, 150)):
        name = np.asarray(sheet.crop((left, 0, left + 150, 20)))
        assert (name < 100).any(), "the name stands above"
        frame = np.asarray(sheet.crop((left, 20, left + 150, 120)))
        alone = draw_curves({"": curve}, side=100, marks=[(4.5, "#ff0000")])
        assert (frame == np.asarray(alone)).all()
        assert (frame == (255, 0, 0)).all(axis=2).any(axis=0).sum() == 1, "one mark is in the frame"
    assert draw_frames({}, side=100).size == (150, 120)


@pytest.mark.parametrize(
    "curves",
    [
        {},
        {"empty": []},
        {"flat": [(0.0, 1.0), (1.0, 1.0)]},
        {"single": [(5.0, 5.0)]},
        {"broken": [(0.0, math.nan), (1.0, math.inf)]},
        {"mixed": [(0.0, 1.0), (1.0, math.nan), (2.0, 3.0)]},
    ],
)
def test_curves_that_say_little_do_not_crash(curves: dict[str, list[tuple[float, float]]]) -> None:
    assert draw_curves(curves).size == (720, 480)
