"""The page of a comparison: figures by model, the best marked where it is clear."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from zerosum.evaluation.judging.figures import Evaluation, best_of
from zerosum.evaluation.reports.page import how_it_was_judged
from zerosum.evaluation.reports.parts import Drawn, SamplesPart
from zerosum.evaluation.reports.plots import overlay, roles_of
from zerosum.evaluation.reports.rendering import render

if TYPE_CHECKING:
    from zerosum.evaluation.judging.comparison import Comparison


def page(comparison: "Comparison") -> str:
    """The whole page of one comparison."""
    first, names, rows = comparison.evaluations[0], comparison.names, comparison.rows
    facts = first.subject | {"command": comparison.command, "run": ", ".join(names)}
    unit = first.subject.get("unit", "samples")
    where = f"the holdout {facts.get('holdout')}" if facts.get("holdout") else "the training data"
    values = {
        "names": names,
        "heading": " and ".join(names) if len(names) == 2 else f"{len(names)} models",
        "where": f"all against the same {facts.get('n'):,} reals of {where}",
        "warnings": _said_once(comparison),
        "models": list(zip(names, comparison.evaluations, strict=True)),
        "rows": [(best_of(row), row) for row in rows],
        "shown": list(_shown(comparison.evaluations, names)),
        "unit": unit,
        "roles": roles_of(names),
        "curves": [
            (name, overlay(lines, label=name, unit=unit))
            for name, lines in comparison.curves.items()
        ],
        "meant": [row[0] for row in rows],
        **how_it_was_judged(facts, comparison.seconds),
    }
    return str(render("comparison.html.jinja", values))


def _said_once(comparison: "Comparison") -> list[str]:
    """Warnings of all models; what was said of one alone bears its name."""
    said = list(comparison.warnings)
    everyone = [set(one.warnings) for one in comparison.evaluations]
    shared = set.intersection(*everyone)
    said += [warning for warning in comparison.evaluations[0].warnings if warning in shared]
    for name, one in zip(comparison.names, comparison.evaluations, strict=True):
        said += [f"{name}: {warning}" for warning in one.warnings if warning not in shared]
    return said


def _shown(evaluations: Sequence[Evaluation], names: Sequence[str]) -> Iterator[Drawn]:
    """The samples of each model, and the reals of the first."""
    parts = [_samples_of(one) for one in evaluations]
    for name, part in zip(names, parts, strict=True):
        if part is not None:
            yield replace(part.samples, caption=f"{name}: {part.samples.caption}")
    if parts[0] is not None and parts[0].reals is not None:
        yield parts[0].reals


def _samples_of(evaluation: Evaluation) -> SamplesPart | None:
    return next((part for part in evaluation.parts if isinstance(part, SamplesPart)), None)
