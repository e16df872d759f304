"""The two ways to draw a plot: both know every shape and role, and draw it in the same place."""

import re
from importlib.resources import files
from typing import get_args

import numpy as np
import pytest

from zerosum.plots.raster import COLOURS, to_image
from zerosum.plots.shapes import Area, Box, Dots, Line, Plot, Role, Shape, Words
from zerosum.plots.svg import to_svg

SHAPES: list[tuple[Shape, tuple[int, int, int, int]]] = [
    (Line([(10, 20), (30, 20)], "series-0"), (10, 19, 30, 21)),
    (Area([(10, 10), (30, 10), (30, 40), (10, 40)], "series-1"), (10, 10, 30, 40)),
    (Box([(5, 6), (17, 28)], "made"), (5, 6, 17, 28)),
    (Dots([(20, 20)], "made", radius=4.0), (16, 16, 24, 24)),
]


@pytest.mark.parametrize(("shape", "where"), SHAPES)
def test_pixels_are_where_the_shape_is(shape: Shape, where: tuple[int, int, int, int]) -> None:
    for moved in (0, 13):
        plot = Plot("test", 64, 64, [shape.moved(moved, moved)])
        dark = np.argwhere((np.asarray(to_image(plot)) < 200).any(axis=2))
        (top, left), (bottom, right) = dark.min(axis=0), dark.max(axis=0) + 1
        assert np.abs(np.array([left, top, right, bottom]) - moved - where).max() <= 1


def test_words_are_anchored_and_can_be_turned() -> None:
    def extent(**how: str | bool) -> tuple[int, int, int, int]:
        shape = Words([(50, 50)], "title", text="mmmm", **how)  # pyright: ignore[reportArgumentType]
        dark = np.argwhere(
            (np.asarray(to_image(Plot("test", 100, 100, [shape]))) < 200).any(axis=2)
        )
        (top, left), (bottom, right) = dark.min(axis=0).tolist(), dark.max(axis=0).tolist()
        return left, top, right, bottom

    start, middle, end = (extent(anchor=anchor) for anchor in ("start", "middle", "end"))
    assert start[0] >= 50 > end[2]
    assert middle[0] < 50 < middle[2]
    left, top, right, bottom = extent(upwards=True)
    assert bottom <= 51, "it begins at its point and goes up"
    assert bottom - top > right - left
    assert abs(right - 50) <= 2, "and its baseline is to the right"


def test_every_role_has_a_colour_and_a_style() -> None:
    roles = {*get_args(Role)}
    assert roles == {*COLOURS}
    style = files("zerosum.evaluation.reports").joinpath("templates/report.css").read_text("utf-8")
    for role in roles:
        assert re.search(rf"\.{role}\b", style), role


def test_strength_is_opacity() -> None:
    strong, weak = (Box([(0, 0), (9, 9)], "made", strength=s) for s in (1.0, 0.25))
    full, light = (to_image(Plot("test", 9, 9, [one])).getpixel((4, 4)) for one in (strong, weak))
    assert full == COLOURS["made"][:3]
    assert light == tuple(round(255 - 0.25 * (255 - c)) for c in COLOURS["made"][:3])
    assert 'opacity="0.25"' in to_svg(Plot("test", 9, 9, [weak]))
    assert "opacity" not in to_svg(Plot("test", 9, 9, [strong]))


def test_svg_escapes_all_text() -> None:
    bad = '<script>&"'
    plot = Plot(
        "test", 9, 9,
        [Words([(1, 1)], "words", bad, text=bad), Box([(0, 0), (1, 1)], "hover", bad)],
        label=bad,
    )  # fmt: skip
    said = to_svg(plot)
    assert "<script" not in said
    assert said.count("&lt;script&gt;&amp;&#34;") == 4
