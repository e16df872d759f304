"""A report: one HTML page that needs nothing else, neither network nor scripts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zerosum.evaluation.reports.plots import bar, curve
from zerosum.evaluation.reports.rendering import render
from zerosum.evaluation.reports.words import promise

if TYPE_CHECKING:
    from zerosum.evaluation.judging.figures import Evaluation


def page(evaluation: "Evaluation") -> str:
    """The whole page of one evaluation."""
    facts = evaluation.subject
    marks = [e["samples"] for e in evaluation.events if isinstance(e.get("samples"), int)]
    unit = facts.get("unit", "samples")
    values = {
        "evaluation": evaluation,
        "name": str(facts.get("name") or "a model"),
        "in_short": " · ".join(_in_short(facts)),
        "bar": bar,
        "parts": [part.render() for part in evaluation.parts],
        "events": [_event(event) for event in evaluation.events],
        "curves": [
            (name, curve(points, label=name, marks=marks, unit=unit))
            for name, points in evaluation.curves.items()
        ],
        "marked": bool(marks),
        "unit": unit,
        **how_it_was_judged(facts, evaluation.seconds),
    }
    return str(render("evaluation.html.jinja", values))


def how_it_was_judged(facts: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """What pages say at their end: the protocol, the command that does so again, and versions."""
    return {
        "protocol": list(_protocol(facts, seconds)),
        "command": facts.get("command"),
        "made": made_by(facts),
    }


def made_by(facts: Mapping[str, Any]) -> str:
    """What made the page, in words."""
    versions = facts.get("versions") or {}
    return ", ".join(f"{name} {version}" for name, version in versions.items()) or "zerosum"


def _in_short(facts: Mapping[str, Any]) -> Iterator[str]:
    if facts.get("recipe"):
        yield f"{facts['recipe']} on {facts.get('data')}"
    if facts.get("step") is not None:
        healthiest = ", the healthiest" if facts.get("healthiest") else ""
        yield f"step {facts['step']:,}{healthiest}"
    if facts.get("samples") is not None:
        yield f"{facts['samples']:,} {facts.get('unit', 'samples')}"
    if facts.get("privacy"):
        yield promise(facts["privacy"])
    if facts.get("judged"):
        yield str(facts["judged"])[:10]


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of one event, by column."""
    step = event.get("step")
    time = str(event["time"]).replace("T", " ")[:19] if event.get("time") else ""
    when = [f"step {step:,}"] if isinstance(step, int) else []
    when += [time] if time else []
    return {
        "step": when[0] if when else "",
        "time": "".join(when[1:]),
        "name": event.get("name", ""),
        "kind": event.get("event", ""),
        "words": event.get("words", ""),
        "notes": ", ".join(_notes(event)),
    }


def _notes(event: Mapping[str, Any]) -> Iterator[str]:
    confidence, outcome = event.get("confidence"), event.get("outcome")
    if isinstance(confidence, int | float):
        yield f"confidence {confidence:.0%}"
    if event.get("diagnosis"):
        yield f"for {event['diagnosis']}"
    if isinstance(event.get("back_to"), int):
        yield f"back to step {event['back_to']:,}"
    if event.get("by"):
        yield f"by {event['by']}"
    if outcome is not None:
        yield f"outcome: {outcome}"


def _protocol(facts: Mapping[str, Any], seconds: float) -> Sequence[tuple[str, str]]:
    n, trained = facts.get("n"), facts.get("trained_on")
    held = facts.get("split") == "holdout"
    copies = facts.get("compared_for_copies")
    return (
        ("Run", str(facts.get("run") or "")),
        ("Training data", f"{facts.get('data')}, {trained:,} rows" if trained else ""),
        ("Holdout", f"{facts.get('holdout')}" if held
         else "none: parts of the training data are compared"),
        ("Compared", f"{n:,} samples, {n:,} reals, {n:,} fresh reals" if n else ""),
        ("Copies looked for in", f"{copies:,} of {trained:,} training rows" if copies else ""),
        ("Features", str(facts.get("features") or "")),
        ("Target", str(facts.get("target") or "")),
        ("Seed", "" if facts.get("seed") is None else str(facts["seed"])),
        ("Time", f"{seconds:.1f} s" if seconds else ""),
    )  # fmt: skip
