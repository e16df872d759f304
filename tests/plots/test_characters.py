"""Plots and images as characters."""

import pytest
from PIL import Image

from zerosum.plots.characters import block_characters, scale_line, sparkline


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


def test_a_flat_sparkline() -> None:
    assert sparkline([2.0, 2.0]) == "▁▁"


@pytest.mark.parametrize(("place", "line"), [(-0.1, "◀──"), (1.1, "──●"), (1.2, "──▶")])
def test_what_lies_beyond_the_line_is_an_arrow(place: float, line: str) -> None:
    assert scale_line(place, cells=3) == line
