"""The audit: every attack on what a model gives out, and what its outcome means for a person."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from zerosum.cards import InfoCard
from zerosum.errors import EvaluationError, did_you_mean
from zerosum.evaluation.judging.saved import Report
from zerosum.evaluation.metrics.base import Ticker
from zerosum.evaluation.reports.words import percent
from zerosum.modalities.tables.privacy.attack import (
    Attack,
    AttackResult,
    Extra,
    ReleasePart,
    SyntheticRelease,
    Targets,
    all_attacks,
)
from zerosum.modalities.tables.privacy.closest import Closest
from zerosum.modalities.tables.privacy.rates import Estimate, Rate, risk
from zerosum.modalities.tables.privacy.standings import STANDINGS, Standing

_TOGETHER = 0.05


@dataclass(frozen=True)
class Finding:
    """What came of one attack.

    Attributes:
        name: of the attack.
        title: in words.
        meaning: what was tried.
        source: the paper.
        main: how often it succeeds on training rows.
        control: how often on rows that were never trained on.
        baseline: how often a blind guess does; None where the control is one.
        risk: (main - control) / (1 - control), with its 95 % interval.
        standing: what it is.
        words: the outcome, and what it means for a person.
        parts: the same by column.
        exposed: columns that leak by themselves.
        extras: other numbers.
    """

    name: str
    title: str
    meaning: str
    source: str
    main: Rate
    control: Rate
    baseline: Rate | None
    risk: Estimate
    standing: Standing
    words: str
    parts: tuple[ReleasePart, ...] = ()
    exposed: tuple[str, ...] = ()
    extras: tuple[Extra, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values, from which `read` makes an equal finding."""
        parts = [
            {"name": part.name, "main": _told(part.main), "control": _told(part.control),
             "risk": asdict(part.risk)}
            for part in self.parts
        ]  # fmt: skip
        return {
            "name": self.name, "title": self.title, "standing": self.standing,
            "words": self.words, "risk": asdict(self.risk), "main": _told(self.main),
            "control": _told(self.control),
            "baseline": None if self.baseline is None else _told(self.baseline),
            "columns": parts, "exposed_columns": self.exposed,
            "numbers": [asdict(extra) for extra in self.extras],
            "meaning": self.meaning, "source": self.source,
        }  # fmt: skip

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """What `to_json` described."""
        return cls(
            name=data["name"],
            title=data["title"],
            meaning=data["meaning"],
            source=data["source"],
            standing=data["standing"],
            words=data["words"],
            main=_rate(data["main"]),
            control=_rate(data["control"]),
            baseline=None if data["baseline"] is None else _rate(data["baseline"]),
            risk=Estimate(**data["risk"]),
            parts=tuple(
                ReleasePart(one["name"], _rate(one["main"]), _rate(one["control"]))
                for one in data["columns"]
            ),
            exposed=tuple(data["exposed_columns"]),
            extras=tuple(
                Extra(**(one | {"estimate": Estimate(**one["estimate"])}))
                for one in data["numbers"]
            ),
        )  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Audit(Report):
    """Everything that was found out about one model.

    Attributes:
        subject: what was audited: run, recipe, step, data, holdout, seed, and by which command.
        findings: one for each attack that could be made.
        verdict: what they say together.
        closest: distances to the closest record.
        warnings: what a reader must know before believing the numbers.
        seconds: how long it took.
    """

    what: ClassVar[str] = "audit"
    subject: dict[str, Any]
    findings: tuple[Finding, ...]
    verdict: str
    closest: Closest
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0

    def __getitem__(self, name: str) -> Finding:
        for finding in self.findings:
            if finding.name == name:
                return finding
        known = [finding.name for finding in self.findings]
        raise EvaluationError(f"no attack {name!r}.{did_you_mean(name, known)}")

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def card(self, *, drawn: bool) -> InfoCard:
        """The verdict, and what came of each attack."""
        rows = [
            (f.title, percent(f.main.value), percent(f.control.value), _with_interval(f.risk),
             STANDINGS[f.standing])
            for f in self.findings
        ]  # fmt: skip
        facts = {} if drawn else {f.title: STANDINGS[f.standing] for f in self.findings}
        return InfoCard(
            f"Audit of {self.subject.get('name') or 'a model'}", facts,
            ("attack", "trained on", "not", "risk", ""), rows,
            notes=(self.verdict, *self.warnings, "save('audit.html') writes the whole report."),
        )  # fmt: skip

    def values(self) -> dict[str, Any]:
        """See `Report.values`."""
        return {
            "subject": self.subject,
            "verdict": self.verdict,
            "warnings": self.warnings,
            "attacks": [finding.to_json() for finding in self.findings],
            "distance_to_closest_record": asdict(self.closest),
            "seconds": self.seconds,
        }

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """See `Report.read`."""
        nearest = values["distance_to_closest_record"]
        rate = Estimate(**nearest["closer_to_train"])
        return cls(
            subject=dict(values["subject"]),
            findings=tuple(Finding.read(one) for one in values["attacks"]),
            verdict=values["verdict"],
            closest=Closest(**(nearest | {"closer_to_train": rate})),
            warnings=tuple(values["warnings"]),
            seconds=values["seconds"],
        )

    def page(self) -> str:
        """See `Report.page`."""
        from zerosum.modalities.tables.privacy.report import page

        return page(self)


def strike_all(
    release: SyntheticRelease,
    victims: Targets,
    *,
    attacks: Sequence[Attack] | None = None,
    tick: Ticker | None = None,
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Make every attack.

    Args:
        release: what the attackers have.
        victims: the rows they are shown afterwards.
        attacks: those to try; all known ones if not given.
        tick: called with how many are done.

    Returns:
        What was found, and what a reader must know of it, such as attacks that were not made.
    """
    chosen = all_attacks() if attacks is None else attacks
    strict = 1 - _TOGETHER / len(chosen)
    found, notes = [], []
    for i, one in enumerate(chosen):
        if tick is not None:
            tick("attacking", i, len(chosen))
        try:
            strike = one.prepare(release).strike(victims)
        except EvaluationError as error:
            notes.append(f"{one.title} was not tried: {error}.")
            continue
        notes += [f"{one.title}: {note}" for note in strike.notes]
        found.append(_finding(one, strike, strict))
    return tuple(found), tuple(notes)


def verdict(findings: Sequence[Finding]) -> str:
    """What the findings say together, and no more than they do."""
    if not findings:
        return "Nothing can be said: no attack could be made."
    leaks, signs = ([f for f in findings if f.standing == kind] for kind in ("leak", "sign"))
    conclusive = [f for f in findings if f.standing != "blind"]
    if leaks:
        worst = max(leaks, key=lambda f: f.risk.value)
        many = (
            f"{len(leaks)} of {len(findings)} attacks do" if len(leaks) > 1 else "One attack does"
        )
        return (
            f"The model gives away people it was trained on: {many} better on their rows than on "
            f"rows it never saw. Worst is {_small(worst.title)}, with a risk of "
            f"{_with_interval(worst.risk)}. Do not share these rows as anonymous."
        )
    if not conclusive:
        return "Nothing can be said: no attack did better than guessing, on any row."
    highest = max(conclusive, key=lambda f: f.risk.high)
    limit = (
        f"The largest risk that is not ruled out is {percent(max(highest.risk.high, 0.0))}, for "
        f"{_small(highest.title)}"
    )
    if signs:
        names = " and ".join(_small(f.title) for f in signs)
        return (
            f"No attack gives people away clearly, but there is a sign in {names}, such as chance "
            f"makes now and then among {len(findings)} attacks. Repeat the audit with "
            f"more attacks, another seed and a larger holdout. {limit}."
        )
    blind = len(findings) - len(conclusive)
    others = f" The other {blind} guess no better than blindly, and say nothing." if blind else ""
    who = (
        f"None of {len(conclusive)} attacks does"
        if len(conclusive) > 1
        else "The one attack does not do"
    )
    return (
        f"{who} better on people who were trained on than on people who were not, beyond chance."
        f"{others} {limit}. That is no proof: an attack that is not among these may do better."
    )


def _finding(one: Attack, strike: AttackResult, strict: float) -> Finding:
    exposed = _exposed(strike.parts, strict)
    standing = _standing(strike, strict, exposed)
    return Finding(
        name=one.name,
        title=one.title,
        meaning=one.meaning,
        source=one.source,
        main=strike.main,
        control=strike.control,
        baseline=strike.baseline,
        risk=risk(strike.main, strike.control),
        standing=standing,
        words=_words(one, strike, standing, exposed),
        parts=strike.parts,
        exposed=exposed,
        extras=strike.extras,
    )


def _exposed(parts: Sequence[ReleasePart], strict: float) -> tuple[str, ...]:
    """Columns that leak, by intervals that hold for all columns of all attacks together."""
    each = 1 - (1 - strict) / max(len(parts), 1)
    return tuple(part.name for part in parts if risk(part.main, part.control, each).low > 0)


def _standing(strike: AttackResult, strict: float, exposed: tuple[str, ...]) -> Standing:
    clear = any(_clearly_above(extra) for extra in strike.extras)
    if clear or exposed or risk(strike.main, strike.control, strict).low > 0:
        return "leak"
    if risk(strike.main, strike.control).low > 0:
        return "sign"
    if strike.baseline is not None and strike.main.value <= strike.baseline.value:
        return "blind"
    return "none"


def _clearly_above(extra: Extra) -> bool:
    """Whether blind guessing is below an interval twice as long: six such numbers are read."""
    low = 2 * extra.estimate.low - extra.estimate.value
    return low > extra.blind


def _words(one: Attack, strike: AttackResult, standing: Standing, exposed: tuple[str, ...]) -> str:
    said = one.success.format(
        n=f"{strike.tries:,}",
        main=percent(strike.main.value),
        control=percent(strike.control.value),
    )
    more = 1_000 * (strike.main.value - strike.control.value)
    found = risk(strike.main, strike.control)
    if standing == "leak":
        effect = one.exposed.format(count=f"{more:,.0f}" if more >= 1 else "less than one")
        where = f", above all through {', '.join(exposed)}" if exposed else ""
        return f"{said} Training exposes people: {effect}{where}."
    if standing == "sign":
        return f"{said} There is more in it than chance makes in 19 of 20 such attacks."
    if standing == "blind":
        return f"{said} That is no better than blind guessing, so this attack is inconclusive."
    return (
        f"{said} Having been trained on makes no difference that it can see; a risk of up to "
        f"{percent(max(found.high, 0.0))} is not ruled out."
    )


def _told(rate: Rate) -> dict[str, float]:
    low, high = rate.interval()
    return {"rate": rate.value, "tries": rate.n, "low": low, "high": high}


def _rate(data: Mapping[str, float]) -> Rate:
    return Rate(data["rate"], data["tries"])


def _with_interval(one: Estimate) -> str:
    return f"{percent(one.value)} ({percent(one.low)} to {percent(one.high)})"


def _small(title: str) -> str:
    return f"“{title[:1].lower()}{title[1:]}”"
