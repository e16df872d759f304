"""Charts: everything lands where it should, and nothing crashes on what is not finite."""

import math
from typing import TypeVar

import pytest
import torch
from PIL import ImageFont

from zerosum.plots.charts import (
    Cell,
    Reading,
    bars,
    curves,
    dot_rows,
    frames,
    heat_map,
    scale,
    steps,
)
from zerosum.plots.points import scatter
from zerosum.plots.raster import to_image
from zerosum.plots.shapes import Area, Box, Dots, Line, Plot, Point, Shape, Words
from zerosum.plots.svg import to_svg

S = TypeVar("S", bound=Shape)


def shapes(plot: Plot, kind: type[S], role: str) -> list[S]:
    """The shapes of a plot that are of a kind and a role."""
    return [one for one in plot.shapes if type(one) is kind and one.role == role]


def dots(plot: Plot, role: str = "made") -> list[tuple[int, int]]:
    """Where the dots of a role are, in whole pixels."""
    return [(round(x), round(y)) for one in shapes(plot, Dots, role) for x, y in one.points]


def test_points_land_where_they_should() -> None:
    corners = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    # The frame goes from -1.5 to 11.5 over 130 pixels: 0 is at 15 and 10 at 115; rows go down.
    assert dots(scatter(corners, side=130)) == [(15, 115), (115, 115), (15, 15)]


def test_reals_lie_under_points_and_set_the_frame() -> None:
    real = torch.tensor([[0.0, 0.0], [10.0, 10.0]])
    plot = scatter(torch.tensor([[10.0, 10.0], [1e30, -1e30]]), real=real, side=130)
    assert [shape.role for shape in plot.shapes] == ["real", "made"]
    assert dots(plot, "real") == [(15, 115), (115, 15)]
    assert dots(plot) == [(115, 15)], "the point far outside is not drawn"
    pixel = to_image(plot).getpixel((115, 14))
    assert isinstance(pixel, tuple)
    assert pixel[2] > pixel[0] + 50, "samples are drawn over reals"


def test_single_numbers_are_drawn_as_quantiles() -> None:
    plot = scatter(torch.tensor([[5.0], [0.0], [10.0]]), side=130)
    assert dots(plot) == [(15, 115), (65, 65), (115, 15)]
    many = torch.linspace(0, 10, 101)[:, None]
    few = scatter(torch.tensor([[0.0], [10.0]]), real=many, side=130)
    assert dots(few) == [(15, 115), (115, 15)], "few samples span the width of many reals"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 3e38])
def test_points_that_are_not_finite_are_not_drawn(bad: float) -> None:
    real = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    broken = torch.tensor([[bad, 0.5], [0.5, 0.5]])
    assert len(dots(scatter(broken, real=real))) == 1
    for points in (broken, torch.full((3, 2), bad), torch.full((3, 1), bad)):
        plot = scatter(points)
        assert all(0 < x < 480 and 0 < y < 480 for x, y in dots(plot))
        to_image(plot)


RISING: list[Point] = [(0.0, 0.0), (50.0, 0.5), (100.0, 1.0)]


def test_curves() -> None:
    plot = curves({"loss": RISING, "accuracy": [(0.0, 1.0), (100.0, 0.0)]}, width=300, height=200)
    (loss,), (accuracy,) = shapes(plot, Line, "series-0"), shapes(plot, Line, "series-1")
    (left, bottom), middle, (right, top) = loss.points
    assert (left, top) == accuracy.points[0]
    assert (right, bottom) == accuracy.points[1]
    assert 0 < left < right < 300
    assert 0 < top < bottom < 200, "values go up"
    assert middle == pytest.approx(((left + right) / 2, (top + bottom) / 2))
    names = [shapes(plot, Words, f"series-{i}")[0].text for i in (0, 1)]
    assert names == ["loss", "accuracy"]


def words(plot: Plot) -> list[str]:
    return [one.text for one in shapes(plot, Words, "words")]


def test_axes_say_where_they_begin_and_end() -> None:
    long = curves({"": [(0.0, 0.125), (12_800.0, 2.0)]}, height=200, unit="samples")
    assert words(long) == ["0.125", "1.06", "2", "0", "12,800 samples", "6,400"]
    tight = curves({"": [(28_096.0, 0.0), (56_192.0, 1.0)]}, width=300, height=130,
                   unit="sequences")  # fmt: skip
    assert words(tight)[3:] == ["28,096", "56,192 sequences"], "no number is written over another"
    short = curves({"": [(5.3, 0.0), (15.3, 1.0)]}, height=200)
    assert {"5.3", "10.3", "15.3"} <= {*words(short)}, "a short axis has fractions"
    assert words(curves({"": [(8.0, 3.0)]}, height=200)) == ["3", "8"], "one number stands once"


def test_the_legend_makes_way() -> None:
    for falling in (True, False):
        line = [(float(x), -float(x) if falling else float(x)) for x in range(20)]
        plot = curves({"seed 0": line}, width=300, height=200)
        ((x, _),) = shapes(plot, Words, "series-0")[0].points
        assert (x > 150) == falling


def test_a_curve_of_one_point_is_a_dot() -> None:
    plot = curves({"line": [(0.0, 0.0), (9.0, 9.0)], "dot": [(3.0, 6.0)]})
    ((x0, y0), (x1, y1)) = shapes(plot, Line, "series-0")[0].points
    expected = (x0 + (x1 - x0) / 3, y0 + (y1 - y0) * 2 / 3)
    assert shapes(plot, Dots, "series-1")[0].points == [pytest.approx(expected)]


def test_a_frame_for_each_curve_on_its_own_scale() -> None:
    small, large = [(0.0, 0.0), (9.0, 1.0)], [(0.0, 0.0), (9.0, 1e6)]
    plot = frames({"small": small, "large": large}, width=150, height=100, columns=2,
                  marks=[(4.5, "remedy"), (99.0, "remedy")])  # fmt: skip
    assert (plot.width, plot.height) == (300, 120)
    assert [one.text for one in shapes(plot, Words, "title")] == ["small", "large"]
    left, right = shapes(plot, Line, "series-0")
    assert right.points == [(x + 150, y) for x, y in left.points]
    assert len(shapes(plot, Line, "remedy")) == 2, "the mark inside is in either frame"
    assert (frames({}).width, frames({}).height) == (300, 220)


@pytest.mark.parametrize(
    "series",
    [
        {},
        {"empty": []},
        {"flat": [(0.0, 1.0), (1.0, 1.0)]},
        {"single": [(5.0, 5.0)]},
        {"broken": [(0.0, math.nan), (1.0, math.inf)]},
        {"mixed": [(0.0, 1.0), (1.0, math.nan), (2.0, 3.0)]},
    ],
)
def test_curves_that_say_little_do_not_crash(series: dict[str, list[Point]]) -> None:
    plot = curves(series)
    assert to_image(plot).size == (720, 480)
    assert "nan" not in to_svg(plot)


def test_a_scale_shows_values_intervals_and_a_tick() -> None:
    plot = scale([Reading(0.5, (0.25, 0.75)), Reading(0.0, (0.0, 0.0), "ring")], label="", tick=1.0)
    track = shapes(plot, Line, "track")[0]
    (left, _), (right, _) = track.points
    ((x, above),), ((ring, below),) = (shapes(plot, Dots, r)[0].points for r in ("made", "ring"))
    assert (x, ring) == ((left + right) / 2, left)
    assert above < below
    (band_left, _), (band_right, _) = shapes(plot, Box, "band")[0].points
    assert (band_left, band_right) == (left + 80, right - 80)
    (start, _), (end, _) = shapes(plot, Box, "quiet")[0].points
    assert end > start, "an interval of no width is seen"
    assert shapes(plot, Line, "guess")[0].points[0][0] == right
    for place in (-3.0, 4.0):
        beyond = scale([Reading(place, None)], label="")
        assert not shapes(beyond, Dots, "made")
        corners = shapes(beyond, Area, "made")[0].points
        assert all(0 <= corner[0] <= beyond.width for corner in corners)
        tip = corners[0][0]
        assert tip == (min if place < 0 else max)(corner[0] for corner in corners)


def test_steps_and_bars_are_as_long_as_their_shares() -> None:
    plot = steps([0.5, 0.5], [0.25, 0.75], ends=("0", "9"), titles=["low", "high"], label="x")
    (made,) = shapes(plot, Line, "made")
    heights = [92 - y for _, y in made.points]
    assert heights == pytest.approx([88 / 3, 88 / 3, 88, 88])
    assert [one.title for one in shapes(plot, Box, "hover")] == ["low", "high"]
    plot = bars(["a", "b" * 30], [0.2, 0.4], [0.4, 0.0], most=0.4, titles=["", ""], label="x")

    def lengths(role: str) -> list[float]:
        return [
            right - left for (left, _), (right, _) in (b.points for b in shapes(plot, Box, role))
        ]

    assert lengths("made") == [192, 0]
    assert lengths("real") == [96, 192]
    assert words(plot) == ["a", "b" * 16 + "…"]
    ((left, _), (right, _)) = shapes(
        bars([""], [1.0], [1.0], most=1.0, titles=[""], label=""), Box, "made"
    )[0].points
    assert (left, right) == (0, 300), "without names bars take the whole width"


def test_a_heat_map_has_its_cells_in_place() -> None:
    plot = heat_map(["a", "b"], [Cell(0, 1, 0.5, "alike"), Cell(1, 0, None, "not known")])
    (cell,), (unknown,) = shapes(plot, Box, "cell"), shapes(plot, Box, "unknown")
    assert cell.title == "a and b: alike"
    assert cell.strength == 0.5
    assert (cell.points[0][0], cell.points[0][1]) == (unknown.points[0][1], unknown.points[0][0])
    assert cell.points[0][0] > unknown.points[0][0]


def test_rows_of_dots_have_one_scale_and_a_stroke_at_the_mean() -> None:
    plot = dot_rows({"a": [0.0, 10.0], "b": [5.0]}, strong=["b"])
    (dots,) = shapes(plot, Dots, "real")
    (other,) = shapes(plot, Dots, "made")
    (low, y), (high, _) = dots.points
    assert other.points[0][0] == pytest.approx((low + high) / 2)
    assert other.points[0][1] > y
    (stroke,) = shapes(plot, Box, "real")
    assert sum(x for x, _ in stroke.points) / 2 == pytest.approx((low + high) / 2)
    close = [one.text for one in dot_rows({"a": [99.999, 99.998]}).shapes if isinstance(one, Words)]
    assert close == ["99", "99.5", "100", "a"]
    for same in ({"a": [3.0]}, {"a": [1e-12, 2e-12]}):
        assert to_image(dot_rows(same)).width == dot_rows(same).width


def test_long_names_of_rows_are_not_cut() -> None:
    name = "half GAN, then flips and shifts, and then some more"
    plot = dot_rows({name: [1.0, 2.0]})
    words = next(one for one in plot.shapes if isinstance(one, Words) and one.text == name)
    assert words.points[0][0] >= ImageFont.load_default(words.size).getlength(name)
