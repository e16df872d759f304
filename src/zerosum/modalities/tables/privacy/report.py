"""The page of an audit: what it means first, then every attack with its control."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jinja2 import PackageLoader

from zerosum.evaluation.reports.page import made_by
from zerosum.evaluation.reports.rendering import render
from zerosum.evaluation.reports.words import percent, promise
from zerosum.modalities.tables.privacy.closest import BLIND
from zerosum.modalities.tables.privacy.rates import Rate
from zerosum.modalities.tables.privacy.standings import STANDINGS
from zerosum.plots.charts import Reading, scale
from zerosum.plots.shapes import Plot

if TYPE_CHECKING:
    from zerosum.modalities.tables.privacy.audit import Audit

_TEMPLATES = PackageLoader("zerosum.modalities.tables.privacy")


def page(audit: "Audit") -> str:
    """The whole page of one audit."""
    facts = audit.subject
    values = {
        "audit": audit,
        "name": str(facts.get("name") or "a model"),
        "in_short": " · ".join(_in_short(facts)),
        "standings": STANDINGS,
        "success": success_plot,
        "blind": BLIND,
        "protocol": list(_protocol(facts, audit.seconds)),
        "made": made_by(facts),
    }
    return str(render("audit.html.jinja", values, loader=_TEMPLATES))


def success_plot(main: Rate, control: Rate, baseline: Rate | None) -> Plot:
    """How often an attack succeeds on training rows, and beneath it on others."""
    label = f"{percent(main.value)} on training rows, {percent(control.value)} on others"
    readings = [
        Reading(main.value, main.interval()),
        Reading(control.value, control.interval(), "ring"),
    ]
    return scale(readings, label=label, tick=None if baseline is None else baseline.value)


def _in_short(facts: Mapping[str, Any]) -> Iterator[str]:
    if facts.get("recipe"):
        yield f"{facts['recipe']} on {facts['data']}"
    yield f"{facts['n']:,} synthetic rows"
    yield f"{facts['trained_on']:,} training rows against {facts['held_out']:,} others"
    if facts.get("privacy"):
        yield promise(facts["privacy"])
    if facts.get("judged"):
        yield str(facts["judged"])[:10]


def _protocol(facts: Mapping[str, Any], seconds: float) -> Iterator[tuple[str, str]]:
    yield "Run", facts.get("run") or ""
    yield "Training data", f"{facts['data']}, {facts['trained_on']:,} rows"
    yield "Holdout", f"{facts['holdout']}, {facts['held_out']:,} rows"
    yield "Given out", f"{facts['n']:,} synthetic rows"
    yield "Attacks", f"{facts['attacks']:,} of each"
    yield "Seed", str(facts["seed"])
    yield "Time", f"{seconds:.1f} s" if seconds else ""
