"""The page of a comparison: figures by model, the best marked where it can be told."""

from collections.abc import Sequence
from dataclasses import replace

from zerosum.evaluation.judging.comparison import Comparison, best_of
from zerosum.evaluation.judging.figures import Evaluation, Figure
from zerosum.evaluation.reports.markup import Markup, element, join
from zerosum.evaluation.reports.page import (
    footer,
    frame,
    header,
    meanings,
    protocol,
    section,
    warnings,
    way,
)
from zerosum.evaluation.reports.parts import SamplesPart
from zerosum.evaluation.reports.words import interval, number, title


def page(comparison: Comparison) -> str:
    """The whole page of one comparison."""
    first, names = comparison.evaluations[0], comparison.names
    facts = first.subject | {"command": comparison.command, "run": ", ".join(names)}
    where = f"the holdout {facts.get('holdout')}" if facts.get("holdout") else "the training data"
    said = [
        join(element("dt", name), element("dd", one.verdict))
        for name, one in zip(names, comparison.evaluations, strict=True)
    ]
    return frame(
        "comparison of " + ", ".join(names),
        header(" and ".join(names) if len(names) == 2 else f"{len(names)} models",
               f"all against the same {facts.get('n'):,} reals of {where}"),
        warnings(_said_once(comparison)),
        element("dl", *said),
        _table(comparison, names),
        _samples(comparison.evaluations, names),
        meanings(row[0] for row in comparison.rows),
        protocol(facts, comparison.seconds),
        footer(facts),
    )  # fmt: skip


def _said_once(comparison: Comparison) -> list[str]:
    """Warnings of all models; what was said of one alone bears its name."""
    said = list(comparison.warnings)
    everyone = [set(one.warnings) for one in comparison.evaluations]
    shared = set.intersection(*everyone)
    said += [warning for warning in comparison.evaluations[0].warnings if warning in shared]
    for name, one in zip(comparison.names, comparison.evaluations, strict=True):
        said += [f"{name}: {warning}" for warning in one.warnings if warning not in shared]
    return said


def _table(comparison: Comparison, names: Sequence[str]) -> Markup:
    head = element(
        "tr",
        element("th", "Figure", scope="col"),
        *(element("th", name, scope="col") for name in names),
        element("th", "baseline", scope="col"),
        element("th", "fresh reals", scope="col"),
    )
    body = [_row(row) for row in comparison.rows]
    caption = (
        "Values with their 95 % intervals. The best is marked where its interval overlaps none of "
        "the others; elsewhere the figures do not tell which is better."
    )
    table = element(
        "table", element("caption", caption), element("thead", head), element("tbody", *body)
    )
    return section("Figures", element("div", table, class_="wide"))


def _row(row: Sequence[Figure]) -> Markup:
    figures = tuple(row)
    best = best_of(figures)
    first = figures[0]
    cells = [
        element(
            "td",
            element("span", number(figure.value), class_="best" if i == best else None),
            " (best)" if i == best else None,
            element("span", interval(figure.low, figure.high), class_="interval"),
        )
        for i, figure in enumerate(figures)
    ]
    name = element("span", first.full_name, class_="protocol")
    return element(
        "tr",
        element("th", title(first.name), " ", way(first), name, scope="row"),
        *cells,
        element("td", number(first.floor), class_="note"),
        element("td", number(first.ceiling), class_="note"),
    )


def _samples(evaluations: Sequence[Evaluation], names: Sequence[str]) -> Markup | None:
    parts = [_samples_of(one) for one in evaluations]
    shown = [
        replace(part.samples, caption=f"{name}: {part.samples.caption}").markup()
        for name, part in zip(names, parts, strict=True)
        if part is not None
    ]
    if parts[0] is not None and parts[0].reals is not None:
        shown.append(parts[0].reals.markup())
    return section("Samples", element("div", *shown, class_="pair")) if shown else None


def _samples_of(evaluation: Evaluation) -> SamplesPart | None:
    return next((part for part in evaluation.parts if isinstance(part, SamplesPart)), None)
