"""The page of an audit: what it means first, then every attack beside its control."""

from collections.abc import Mapping, Sequence
from typing import Any

from zerosum.evaluation.reports.markup import Markup, element, join
from zerosum.evaluation.reports.page import footer, frame, header, section, warnings
from zerosum.evaluation.reports.words import number, percent, promise
from zerosum.modalities.tables.privacy.audit import Audit, Finding, Standing
from zerosum.modalities.tables.privacy.closest import BLIND, Closest
from zerosum.modalities.tables.privacy.rates import Estimate, Rate, risk

STANDINGS: Mapping[Standing, str] = {
    "leak": "gives people away",
    "sign": "a sign, not sure",
    "none": "no difference",
    "blind": "tells nothing",
}
"""How a finding's standing is said in short."""

_LEFT, _RIGHT = 4.0, 96.0


def page(audit: Audit) -> str:
    """The whole page of one audit."""
    facts = audit.subject
    name = str(facts.get("name") or "a model")
    return frame(
        f"{name}: audit",
        header(name, _in_short(facts), kind="privacy audit"),
        warnings(audit.warnings),
        element("p", audit.verdict, class_="verdict"),
        _table(audit.findings),
        *(_attack(finding) for finding in audit),
        _closest(audit.closest),
        _limits(),
        _protocol(facts, audit.seconds),
        footer(facts),
    )


def _in_short(facts: Mapping[str, Any]) -> str:
    parts = [f"{facts['recipe']} on {facts['data']}"] if facts.get("recipe") else []
    parts.append(f"{facts['n']:,} synthetic rows")
    parts.append(f"{facts['trained_on']:,} training rows against {facts['held_out']:,} others")
    if facts.get("privacy"):
        parts.append(promise(facts["privacy"]))
    if facts.get("judged"):
        parts.append(str(facts["judged"])[:10])
    return " · ".join(parts)


def _table(findings: Sequence[Finding]) -> Markup | None:
    if not findings:
        return None
    head = element(
        "tr",
        element("th", "Attack", scope="col"),
        element("th", "Risk", element("span", "95 % interval", class_="interval"), scope="col"),
        element("th", element("span", element("span", "0 %"), element("span", "success"),
                              element("span", "100 %"), class_="ends"), scope="col"),
    )  # fmt: skip
    caption = (
        "How often each attack succeeds on people who were trained on (dot) and on people who were "
        "not (ring), with 95 % intervals; the tick is blind guessing. The risk is the share of "
        "those otherwise safe whom training exposes. Where dot and ring agree, training exposed "
        "nobody."
    )
    return section(
        "Attacks",
        element(
            "table",
            element("caption", caption),
            element("thead", head),
            element("tbody", *map(_row, findings)),
            class_="figures",
        ),
    )


def _row(one: Finding) -> Markup:
    said = f"{percent(one.main.value)} of training rows, {percent(one.control.value)} of others"
    return element(
        "tr",
        element("th", one.title,
                element("span", STANDINGS[one.standing], class_=f"standing {one.standing}"),
                scope="row"),
        element("td", percent(one.risk.value),
                element("span", _ends(one.risk), class_="interval"), class_="value"),
        element("td", success(one.main, one.control, one.baseline),
                element("p", said, class_="note"), class_="scale"),
    )  # fmt: skip


def success(main: Rate, control: Rate, baseline: Rate | None = None) -> Markup:
    """Two rates on a line from 0 to 1, with their intervals, and a tick for blind guessing."""
    parts = [
        element("line", x1=f"{_LEFT}%", x2=f"{_RIGHT}%", y1=14, y2=14, class_="track"),
        *(
            element("line", x1=f"{x}%", x2=f"{x}%", y1=10, y2=18, class_="track")
            for x in (_LEFT, _RIGHT)
        ),
    ]
    if baseline is not None:
        at = _across(baseline.value)
        parts.append(element("line", x1=at, x2=at, y1=20, y2=27, class_="guess"))
    for rate, y, kind in ((control, 18, "other"), (main, 10, "dot")):
        low, high = rate.interval()
        width = max((high - low) * (_RIGHT - _LEFT), 0.2)
        parts.append(
            element("rect", x=_across(low), width=f"{width:.2f}%", y=y - 3, height=6, rx=2,
                    class_="band" if kind == "dot" else "band quiet")
        )  # fmt: skip
        parts.append(element("circle", cx=_across(rate.value), cy=y, r=4, class_=kind))
    label = f"{percent(main.value)} on training rows, {percent(control.value)} on others"
    return element(
        "svg", *parts, width="100%", height=28, role="img", aria_label=label, class_="bar"
    )


def _across(share: float) -> str:
    return f"{_LEFT + min(max(share, 0.0), 1.0) * (_RIGHT - _LEFT):.2f}%"


def _attack(one: Finding) -> Markup:
    return section(
        one.title,
        element("p", one.meaning, class_="note"),
        element("p", one.words),
        _extras(one),
        _parts(one),
        element("p", f"Source: {one.source}", class_="note"),
    )


def _extras(one: Finding) -> Markup | None:
    rows = [
        join(
            element("dt", extra.name),
            element(
                "dd",
                f"{number(extra.estimate.value)} ({number(extra.estimate.low)} to "
                f"{number(extra.estimate.high)}; blind: {number(extra.blind)}): {extra.meaning}",
            ),
        )
        for extra in one.extras
    ]
    return element("dl", *rows, class_="protocol-list") if rows else None


def _parts(one: Finding) -> Markup | None:
    if not one.parts:
        return None
    head = element(
        "tr", *(element("th", word, scope="col") for word in ("Column", "Risk", "Success"))
    )
    body = []
    for part in one.parts:
        found = risk(part.main, part.control)
        clear = element("span", "leaks", class_="standing leak")
        body.append(
            element(
                "tr",
                element("th", part.name, clear if part.name in one.exposed else None, scope="row"),
                element(
                    "td",
                    percent(found.value),
                    element("span", _ends(found), class_="interval"),
                    class_="value",
                ),
                element("td", success(part.main, part.control), class_="scale"),
            )
        )
    few = (
        f"{len(one.exposed)} of {len(one.parts)} columns leak" if one.exposed else "no column leaks"
    )
    words = (
        f"By column, each with an interval of its own. By intervals that hold for all columns of "
        f"all attacks together, {few}."
    )
    return join(
        element("p", words, class_="note"),
        element("table", element("thead", head), element("tbody", *body), class_="figures columns"),
    )


def _closest(one: Closest) -> Markup:
    closer = one.closer_to_train
    rows = [
        ("Median to the nearest training row", number(one.to_train)),
        ("Median to the nearest row never trained on", number(one.to_holdout)),
        ("Nearer to a training row", f"{percent(closer.value)} ({_ends(closer)}); even is 50 %"),
        ("Looked at", f"{one.samples:,} synthetic rows beside {one.rows:,} rows of each kind"),
    ]
    pairs = [join(element("dt", name), element("dd", value)) for name, value in rows]
    return section(
        "Distance to the closest record",
        element("p", BLIND, class_="note"),
        element("dl", *pairs, class_="protocol-list"),
    )


def _limits() -> Markup:
    said = (
        "It looks at the synthetic rows of one seed. Others, and more of them, tell more; a model "
        "that is handed out tells more than its rows.",
        "It knows these attacks. An attack that is not among them may do better, above all one "
        "that knows how the model was trained.",
        "It speaks of people on average. A few people in a corner of the table may be exposed "
        "while everybody's average is not.",
        "Only training with differential privacy bounds what any attack can do.",
    )
    return section("What an audit cannot prove", element("ul", *(element("li", s) for s in said)))


def _protocol(facts: Mapping[str, Any], seconds: float) -> Markup:
    rows = [
        ("Run", facts.get("run")),
        ("Training data", f"{facts['data']}, {facts['trained_on']:,} rows"),
        ("Holdout", f"{facts['holdout']}, {facts['held_out']:,} rows"),
        ("Given out", f"{facts['n']:,} synthetic rows"),
        ("Attacks", f"{facts['attacks']:,} of each"),
        ("Seed", str(facts["seed"])),
        ("Time", f"{seconds:.1f} s" if seconds else ""),
    ]
    pairs = [join(element("dt", name), element("dd", value)) for name, value in rows if value]
    return section(
        "How it was audited",
        element("dl", *pairs, class_="protocol-list"),
        element("h3", "The same again"),
        element("pre", facts["command"]),
    )


def _ends(one: Estimate) -> str:
    return f"{percent(one.low)} to {percent(one.high)}"
