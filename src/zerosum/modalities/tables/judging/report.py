"""The parts of a report that are about tables: columns, pairs, groups and rows, as pictures."""

from collections.abc import Callable, Sequence
from math import isnan

import numpy as np

from zerosum.evaluation.reports.markup import Markup, element, join
from zerosum.evaluation.reports.words import number
from zerosum.modalities.tables.judging.constraint_cost import ConstraintCost
from zerosum.modalities.tables.judging.sketch import (
    ClusterSketch,
    ColumnSketch,
    Lookalike,
    TableSketch,
)

WORST = 10
"""Columns that are shown at once; the others can be unfolded."""

_MOST_NAMED = 32
"""Columns of a heat map at most: those whose pairs are worst."""

_FULL_TREND, _FULL_GAP = 0.2, 0.4
"""How bad a pair must be for the full colour."""

_LETTERS = 17


def table_parts(sketch: TableSketch, *, reals: str) -> tuple[Markup | None, ...]:
    """Sections of a page; `reals` says what samples are held against."""
    return (
        _columns(sketch.columns, reals),
        _pairs(sketch),
        _clusters(sketch.clusters),
        _constraints(sketch.cost),
        _rows(sketch, reals),
        _lookalikes(sketch.names, sketch.lookalikes),
    )


def _section(heading: str, *body: Markup | None) -> Markup:
    return element("section", element("h2", heading), *body)


def _key(words: str) -> Markup:
    """Which colour is whose."""
    return element(
        "p",
        element("span", class_="swatch made"), "samples ",
        element("span", class_="swatch real"), "reals. ", words,
        class_="note key",
    )  # fmt: skip


def _columns(columns: Sequence[ColumnSketch], reals: str) -> Markup:
    cards = [_card(one) for one in columns]
    rest = len(cards) - WORST
    more = (
        element(
            "details",
            element("summary", f"{rest} more column{'s' if rest > 1 else ''}, which do better"),
            element("div", *cards[WORST:], class_="columns"),
        )
        if rest > 0
        else None
    )
    words = f"Shares of {reals} and of samples, the worst column first; the number is its shape, "
    words += "1 where both are distributed alike."
    return _section("Columns", _key(words), element("div", *cards[:WORST], class_="columns"), more)


def _card(one: ColumnSketch) -> Markup:
    head = element(
        "figcaption", element("span", one.name, class_="name"),
        element("span", number(one.score), class_="score"),
    )  # fmt: skip
    notes = [element("p", note, class_="note") for note in one.notes]
    drawing = bars(one) if one.ends is None else steps(one, *one.ends)
    return element("figure", head, drawing if one.labels else None, *notes)


def steps(one: ColumnSketch, first: str, last: str) -> Markup:
    """A filled outline for the reals, a line for the samples, along numbers from first to last."""
    width, height, bottom, top = 300.0, 108.0, 16.0, 4.0
    most = max([*one.real, *one.made, 1e-12])
    across = width / len(one.real)

    def outline(shares: Sequence[float]) -> str:
        points = []
        for i, share in enumerate(shares):
            y = height - bottom - share / most * (height - bottom - top)
            points += [f"{i * across:.1f},{y:.1f}", f"{(i + 1) * across:.1f},{y:.1f}"]
        return " ".join(points)

    ground = height - bottom
    hovers = [
        element(
            "rect", element("title", _hover(one.labels[i], one, i)),
            x=f"{i * across:.1f}", y=0, width=f"{across:.1f}", height=height - bottom,
            class_="hover",
        )
        for i in range(len(one.real))
    ]  # fmt: skip
    return element(
        "svg",
        element("polygon", points=f"0,{ground} {outline(one.real)} {width},{ground}",
                class_="real"),
        element("polyline", points=outline(one.made), class_="made"),
        element("line", x1=0, x2=width, y1=ground, y2=ground, class_="grid"),
        element("text", first, x=0, y=height - 4),
        element("text", last, x=width, y=height - 4, text_anchor="end"),
        *hovers,
        viewBox=f"0 0 {width:.0f} {height:.0f}", role="img", class_="shape",
        aria_label=f"{one.name}: shape {number(one.score)}",
    )  # fmt: skip


def bars(one: ColumnSketch) -> Markup:
    """Two bars for each category: samples above reals."""
    width, left, row = 300.0, 108.0, 19.0
    most = max([*one.real, *one.made, 1e-12])
    parts: list[Markup] = []
    for i, label in enumerate(one.labels):
        y = i * row
        parts += [
            element("text", _short(label), x=left - 8, y=y + 12, text_anchor="end"),
            *(
                element("rect", x=left, y=y + down, height=6,
                        width=f"{share / most * (width - left):.1f}", class_=whose)
                for share, down, whose in ((one.made[i], 2, "made"), (one.real[i], 9, "real"))
            ),
            element("rect", element("title", _hover(label, one, i)), x=0, y=y, width=width,
                    height=row, class_="hover"),
        ]  # fmt: skip
    return element(
        "svg", *parts, viewBox=f"0 0 {width:.0f} {row * len(one.labels):.0f}", role="img",
        class_="shape bars", aria_label=f"{one.name}: shape {number(one.score)}",
    )  # fmt: skip


def _hover(what: str, one: ColumnSketch, i: int) -> str:
    return f"{what}: {one.made[i]:.1%} of samples, {one.real[i]:.1%} of reals"


def _short(label: str) -> str:
    return label if len(label) <= _LETTERS else label[: _LETTERS - 1] + "…"


def _pairs(sketch: TableSketch) -> Markup | None:
    if len(sketch.names) < 2:
        return None
    gaps = np.abs(sketch.made - sketch.real)
    shown = _worst_named(sketch.trends)
    names = [sketch.names[i] for i in shown]

    def trend(i: int, j: int) -> tuple[float, str]:
        value = float(sketch.trends[shown[i], shown[j]])
        return (1 - value) / _FULL_TREND, f"alike to {number(value)}"

    def gap(i: int, j: int) -> tuple[float, str]:
        at = shown[i], shown[j]
        words = f"{number(float(sketch.made[at]))} among samples, {number(float(sketch.real[at]))} "
        return float(gaps[at]) / _FULL_GAP, words + "among reals"

    words = (
        "The stronger the colour, the worse; point at a cell for its numbers. Grey cannot be told."
    )
    if len(shown) < len(sketch.names):
        words += f" The {len(shown)} columns whose pairs are worst, of {len(sketch.names)}."
    return _section(
        "Pairs of columns",
        element("p", words, class_="note"),
        element(
            "div",
            element("figure", element("figcaption", "Pair trends: how alike contingency tables or "
                                      f"correlations are, full colour at {1 - _FULL_TREND:g}"),
                    heat(names, trend)),
            element("figure", element("figcaption", "Differences of correlations (of categories: "
                                      f"Cramér's V), full colour at {_FULL_GAP:g}"),
                    heat(names, gap)),
            class_="pair maps",
        ),
    )  # fmt: skip


def _worst_named(trends: np.ndarray) -> list[int]:
    """Columns that are shown, in their order."""
    mean = np.nansum(1 - trends, axis=0) / np.maximum((~np.isnan(trends)).sum(axis=0), 1)
    return sorted(np.argsort(-mean, kind="stable")[:_MOST_NAMED].tolist())


def heat(names: Sequence[str], cell: Callable[[int, int], tuple[float, str]]) -> Markup:
    """A square of cells; `cell` gives how strong its colour is, 0 to 1, and its words."""
    side, margin = 20.0, 108.0
    size = margin + side * len(names)
    parts: list[Markup] = []
    for i, name in enumerate(names):
        at = margin + (i + 0.5) * side
        parts += [
            element("text", _short(name), element("title", name), x=margin - 6, y=f"{at + 4:.1f}",
                    text_anchor="end"),
            element("text", _short(name), element("title", name),
                    transform=f"translate({at + 4:.1f} {margin - 6:.0f}) rotate(-90)"),
        ]  # fmt: skip
    for i, row in enumerate(names):
        for j, column in enumerate(names):
            if i == j:
                continue
            strength, words = cell(i, j)
            known = not isnan(strength)
            parts.append(
                element(
                    "rect",
                    element("title", f"{row} and {column}: {words if known else 'not known'}"),
                    x=f"{margin + j * side:.0f}", y=f"{margin + i * side:.0f}",
                    width=side - 1, height=side - 1,
                    fill_opacity=f"{min(max(strength, 0.03), 1.0):.2f}" if known else None,
                    class_="cell" if known else "unknown",
                )
            )  # fmt: skip
    return element(
        "svg", *parts, viewBox=f"0 0 {size:.0f} {size:.0f}", role="img", class_="heat",
        aria_label="a square of pairs of columns",
    )  # fmt: skip


def _clusters(clusters: Sequence[ClusterSketch]) -> Markup | None:
    if not clusters:
        return None
    most = max(max(one.real, one.made) for one in clusters)
    rows = [
        element(
            "tr",
            element("th", str(i + 1), scope="row"),
            element("td", _two_bars(one, most)),
            element("td", f"{one.made:.1%}", element("span", f"{one.real:.1%} of reals",
                    class_="interval"), class_="value"),
            element("td", *(element("span", trait, class_="trait") for trait in one.traits)),
        )
        for i, one in enumerate(clusters)
    ]  # fmt: skip
    head = element(
        "tr",
        *(element("th", word, scope="col")
          for word in ("Group", "Size", "Share of samples", "In what its reals differ most")),
    )  # fmt: skip
    return _section(
        "Groups",
        _key("Groups of similar rows, found among reals, and how many of the samples belong."),
        element("table", element("thead", head), element("tbody", *rows), class_="clusters"),
    )


def _two_bars(one: ClusterSketch, most: float) -> Markup:
    parts = [
        element("rect", x=0, y=y, height=7, width=f"{100 * share / most:.1f}%", class_=whose)
        for share, y, whose in ((one.made, 2, "made"), (one.real, 10, "real"))
    ]
    return element(
        "svg", *parts, width="100%", height=19, role="img", class_="shape",
        aria_label=f"{one.made:.1%} of samples, {one.real:.1%} of reals",
    )  # fmt: skip


def _constraints(cost: ConstraintCost | None) -> Markup | None:
    if cost is None:
        return None
    head = element(
        "tr",
        *(element("th", word, scope="col")
          for word in ("In every row", "How", "Broken before", "By reals")),
    )  # fmt: skip
    rows = [
        element(
            "tr",
            element("th", rule.statement, scope="row"),
            element("td", "by construction" if rule.constructed else "rows are moved, or redrawn"),
            element("td", f"{rule.broken:.1%}", class_="value"),
            element("td", f"{rule.reals:.1%}", class_="value"),
        )
        for rule in cost.held
    ]
    before, after = cost.before, cost.after
    words = f"{cost.moved:.1%} of rows were moved and {cost.again:.1%} drawn again. That took "
    words += f"column shapes from {before.column_shapes:.4f} to {after.column_shapes:.4f} and all "
    words += f"pair trends from {before.pair_trends:.4f} to {after.pair_trends:.4f}."
    if not cost.moved and not cost.again:
        words = "No row had to be moved or drawn again."
    return _section(
        "Constraints",
        element("p", words, class_="note"),
        element("table", element("thead", head), element("tbody", *rows), class_="clusters"),
    )


def _rows(sketch: TableSketch, reals: str) -> Markup:
    if not sketch.reals:
        grid = _grid(sketch.names, sketch.samples)
        return _section("Samples", element("p", "Not selected.", class_="note"), grid)
    shown = [
        element("h3", "Samples, not selected"),
        _grid(sketch.names, sketch.samples),
        element("h3", reals[:1].upper() + reals[1:]),
        _grid(sketch.names, sketch.reals),
    ]
    words = "This page holds real rows, here and below. Think of whom they are about before you "
    words += "pass it on."
    return _section("Samples beside reals", element("p", words, class_="note"), *shown)


def _grid(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    head = element("tr", *(element("th", name, scope="col") for name in names))
    body = [element("tr", *(element("td", cell) for cell in row)) for row in rows]
    table = element("table", element("thead", head), element("tbody", *body), class_="rows")
    return element("div", table, class_="wide")


def _lookalikes(names: Sequence[str], found: Sequence[Lookalike]) -> Markup | None:
    if not found:
        return None
    head = element("tr", *(element("th", name, scope="col") for name in ("", *names)))
    body = []
    for one in found:
        pairs = list(zip(one.sample, one.nearest, strict=True))
        body.append(
            join(
                element("tr", element("th", "sample", scope="row"),
                        *(element("td", mine, class_=None if mine == other else "differs")
                          for mine, other in pairs)),
                element("tr", element("th", f"real, {number(one.distance)} away", scope="row"),
                        *(element("td", other) for _, other in pairs), class_="nearest"),
            )
        )  # fmt: skip
    table = element("table", element("thead", head), element("tbody", *body), class_="rows twins")
    words = "Samples that are closest to a training row, above it; what differs is marked. Where "
    words += "real rows often equal each other, equal samples are to be expected."
    return _section(
        "Nearest training rows",
        element("p", words, class_="note"),
        element("div", table, class_="wide"),
    )
