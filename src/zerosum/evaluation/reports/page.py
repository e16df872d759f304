"""A report: one HTML page that needs nothing else, neither network nor scripts."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from zerosum.evaluation.judging.figures import Evaluation, Figure
from zerosum.evaluation.reports.markup import Markup, element, join
from zerosum.evaluation.reports.plots import bar, curve
from zerosum.evaluation.reports.words import interval, number, promise, title

WAYS = {"lower": "lower is better", "higher": "higher is better", "one": "1 is best"}
"""How the side that is good is said."""


def page(evaluation: Evaluation) -> str:
    """The whole page of one evaluation."""
    facts = evaluation.subject
    name = str(facts.get("name") or "a model")
    return frame(
        f"{name}: evaluation",
        header(name, _in_short(facts)),
        warnings(evaluation.warnings),
        element("p", evaluation.verdict, class_="verdict"),
        _figures(evaluation.figures),
        *(section for part in evaluation.parts for section in part.markup()),
        _events(evaluation.events),
        _curves(evaluation),
        meanings(evaluation.figures),
        protocol(facts, evaluation.seconds),
        footer(facts),
    )


def frame(name: str, *body: Any) -> str:
    """A page around sections; the style is part of it."""
    style = files("zerosum.evaluation.reports").joinpath("report.css").read_text("utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", name),
        element("style", Markup(style)),
    )
    html = element("html", head, element("body", element("main", *body)), lang="en")
    return f"<!doctype html>\n{html}\n"


def header(name: str, facts: str, *, kind: str = "evaluation") -> Markup:
    """What the page is about."""
    return element(
        "header",
        element("p", f"zerosum {kind}", class_="eyebrow"),
        element("h1", name),
        element("p", facts, class_="facts"),
    )


def warnings(messages: Sequence[str]) -> Markup | None:
    """What a reader must know first."""
    if not messages:
        return None
    return element("ul", *(element("li", message) for message in messages), class_="warnings")


def section(heading: str, *body: Any) -> Markup:
    """A part of the page."""
    return element("section", element("h2", heading), *body)


def way(figure: Figure) -> Markup:
    """Which side is good, in small print."""
    return element("span", WAYS[figure.better], class_="way")


def meanings(figures: Iterable[Figure]) -> Markup | None:
    """What each number means, and where it comes from."""
    entries = [
        join(
            element("dt", title(figure.name), " ", way(figure)),
            element("dd", figure.meaning),
            element("dd", figure.source, class_="note"),
        )
        for figure in figures
    ]
    return section("What the numbers mean", element("dl", *entries)) if entries else None


def protocol(facts: Mapping[str, Any], seconds: float) -> Markup:
    """How it was judged, and the command that does so again."""
    rows = [(name, value) for name, value in _protocol(facts, seconds) if value]
    pairs = [join(element("dt", name), element("dd", value)) for name, value in rows]
    command = facts.get("command")
    return section(
        "How it was judged",
        element("dl", *pairs, class_="protocol-list"),
        element("h3", "The same again") if command else None,
        element("pre", command) if command else None,
    )


def footer(facts: Mapping[str, Any]) -> Markup:
    """What made the page."""
    made = ", ".join(f"{name} {version}" for name, version in (facts.get("versions") or {}).items())
    return element("footer", f"Made by {made or 'zerosum'}. Nothing is loaded from elsewhere.")


def _in_short(facts: Mapping[str, Any]) -> str:
    parts = []
    if facts.get("recipe"):
        parts.append(f"{facts['recipe']} on {facts.get('data')}")
    if facts.get("step") is not None:
        healthiest = ", the healthiest" if facts.get("healthiest") else ""
        parts.append(f"step {facts['step']:,}{healthiest}")
    if facts.get("images") is not None:
        parts.append(f"{facts['images']:,} {facts.get('unit', 'images')}")
    if facts.get("privacy"):
        parts.append(promise(facts["privacy"]))
    if facts.get("judged"):
        parts.append(str(facts["judged"])[:10])
    return " · ".join(parts)


def _figures(figures: Sequence[Figure]) -> Markup | None:
    if not figures:
        return None
    head = element(
        "tr",
        element("th", "Figure", scope="col"),
        element("th", "Value", element("span", "95 % interval", class_="interval"), scope="col"),
        element("th", element("span", element("span", "trivial baseline"),
                              element("span", "fresh reals"), class_="ends"), scope="col"),
    )  # fmt: skip
    return section(
        "Figures",
        element(
            "table",
            element(
                "caption",
                "Each line runs from a trivial baseline to fresh reals, both judged like the "
                "samples. The dot is the model, the band its interval. Without a line the figure "
                "does not tell these two apart.",
            ),
            element("thead", head),
            element("tbody", *map(_row, figures)),
            class_="figures",
        ),
    )


def _row(figure: Figure) -> Markup:
    said = interval(figure.low, figure.high)
    ends = element(
        "div",
        element("span", number(figure.floor), title="trivial baseline"),
        element("span", number(figure.ceiling), title="fresh reals"),
        class_="ends",
    )
    return element(
        "tr",
        element(
            "th",
            title(figure.name), " ",
            way(figure),
            element("span", figure.full_name, class_="protocol"),
            scope="row",
        ),
        element(
            "td",
            number(figure.value),
            element("span", said, class_="interval") if said else None,
            class_="value",
        ),
        element("td", bar(figure), ends, class_="scale"),
    )  # fmt: skip


def _events(events: Sequence[Mapping[str, Any]]) -> Markup | None:
    if not events:
        return None
    head = element(
        "tr", *(element("th", word, scope="col") for word in ("When", "What", "In words"))
    )
    return section(
        "What the referee saw and did",
        element("table", element("thead", head), element("tbody", *map(_event, events))),
    )


def _event(event: Mapping[str, Any]) -> Markup:
    step, confidence, outcome = (event.get(k) for k in ("step", "confidence", "outcome"))
    when = [f"step {step:,}"] if isinstance(step, int) else []
    when += [str(event["time"]).replace("T", " ")[:19]] if event.get("time") else []
    notes = []
    if isinstance(confidence, int | float):
        notes.append(f"confidence {confidence:.0%}")
    if event.get("diagnosis"):
        notes.append(f"for {event['diagnosis']}")
    if isinstance(event.get("back_to"), int):
        notes.append(f"back to step {event['back_to']:,}")
    if event.get("by"):
        notes.append(f"by {event['by']}")
    if outcome is not None:
        notes.append(f"outcome: {outcome}")
    return element(
        "tr",
        element("td", when[0] if when else "", element("span", *when[1:], class_="protocol")),
        element("th", event.get("name", ""),
                element("span", event.get("event", ""), class_="protocol"), scope="row"),
        element("td", event.get("words", ""),
                element("span", ", ".join(notes), class_="protocol") if notes else None),
    )  # fmt: skip


def _curves(evaluation: Evaluation) -> Markup | None:
    if not evaluation.curves:
        return None
    marks = [e["images"] for e in evaluation.events if isinstance(e.get("images"), int)]
    unit = evaluation.subject.get("unit", "images")
    plots = [
        element(
            "figure", element("figcaption", name), curve(points, label=name, marks=marks, unit=unit)
        )
        for name, points in evaluation.curves.items()
    ]
    words = f"Terms that the players minimised, and what was measured, over the {unit} seen."
    words += " Dashed lines are diagnoses." if marks else ""
    return section(
        "The training", element("p", words, class_="note"), element("div", *plots, class_="curves")
    )


def _protocol(facts: Mapping[str, Any], seconds: float) -> Iterable[tuple[str, str]]:
    n, trained = facts.get("n"), facts.get("trained_on")
    yield "Run", str(facts.get("run") or "")
    yield "Training data", f"{facts.get('data')}, {trained:,} rows" if trained else ""
    if facts.get("split") == "holdout":
        yield "Holdout", f"{facts.get('holdout')}"
    else:
        yield "Holdout", "none: parts of the training data are compared"
    yield "Compared", f"{n:,} samples, {n:,} reals, {n:,} fresh reals" if n else ""
    copies = facts.get("compared_for_copies")
    yield "Copies looked for in", f"{copies:,} of {trained:,} training rows" if copies else ""
    yield "Features", str(facts.get("features") or "")
    yield "Target", str(facts.get("target") or "")
    yield "Seed", "" if facts.get("seed") is None else str(facts["seed"])
    yield "Time", f"{seconds:.1f} s" if seconds else ""
