"""Results of judging: figures between a ceiling and a floor, and all figures of a model."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from math import isfinite, isnan
from typing import Any, ClassVar, Self

from zerosum.cards import InfoCard
from zerosum.errors import EvaluationError, did_you_mean
from zerosum.evaluation.judging.saved import Report
from zerosum.evaluation.metrics.base import Better, Memorisation
from zerosum.evaluation.reports.parts import Part
from zerosum.evaluation.reports.words import interval, number
from zerosum.runs.earlier import modern_row


@dataclass(frozen=True)
class MetricResult:
    """One number, with all that is needed to trust it.

    Attributes:
        name: such as `frechet_distance`.
        title: the name in words, such as `Fréchet distance`.
        protocol: what else the number depends on: `self-64, holdout, N=2000, k=5`.
        value: the number.
        low: lower end of its 95 % bootstrap interval, or None.
        high: upper end.
        ceiling: the same number for fresh reals in place of the samples: nothing can be better.
        floor: the same number for a trivial baseline: anything should be better.
        better: which way is good.
        meaning: in plain words.
        source: the paper or definition.
        memorisation: when it is a sign that training rows are given back; None if it is about
            something else. Fresh reals alone are the measure of such a figure.
    """

    name: str
    title: str
    protocol: str
    value: float
    low: float | None
    high: float | None
    ceiling: float | None
    floor: float | None
    better: Better
    meaning: str
    source: str
    memorisation: Memorisation | None = None

    @property
    def full_name(self) -> str:
        """The name with its protocol; numbers under different full names are not comparable."""
        return f"{self.name} ({self.protocol})"

    @property
    def standing(self) -> float | None:
        """Where the value lies between floor (0) and ceiling (1); None where these are equal."""
        return self.place(self.value)

    def place(self, value: float) -> float | None:
        """Where some other value of this figure lies between floor (0) and ceiling (1)."""
        if self.floor is None or self.ceiling is None:
            return None
        value, floor, ceiling = (self.badness(v) for v in (value, self.floor, self.ceiling))
        if not isfinite(floor) or not isfinite(ceiling) or abs(ceiling - floor) < 1e-12:
            return None
        return None if isnan(value) else (value - floor) / (ceiling - floor) + 0.0  # never -0

    @property
    def carries(self) -> bool:
        """Whether fresh reals differ from the baseline by more than the figure is uncertain."""
        if self.ceiling is None or self.floor is None or self.memorisation:
            return False
        gap = self.badness(self.floor) - self.badness(self.ceiling)
        uncertain = 0.0 if self.low is None or self.high is None else self.high - self.low
        return gap > max(uncertain, 1e-12)

    def badness(self, value: float) -> float:
        """How bad a value of this figure is: less is better, whichever way is good."""
        return {"lower": value, "higher": -value, "one": abs(value - 1)}[self.better]


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Report):
    """Everything the judge found about one model.

    Attributes:
        subject: what was judged: run, recipe, step, data, seed, and by which command; JSON values.
        figures: the numbers.
        verdict: one sentence.
        warnings: what a reader must know before believing the numbers.
        parts: what is shown of samples and reals, which depends on their kind.
        curves: numbers over the training by name, each a list of `(samples, value)`.
        events: what was diagnosed and done while the model was trained; JSON values.
        seconds: how long the judge took.
    """

    what: ClassVar[str] = "evaluation"
    subject: dict[str, Any]
    figures: tuple[MetricResult, ...]
    verdict: str
    warnings: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    events: tuple[dict[str, Any], ...] = ()
    seconds: float = 0.0

    def __getitem__(self, name: str) -> MetricResult:
        for figure in self.figures:
            if figure.name == name:
                return figure
        known = [figure.name for figure in self.figures]
        raise EvaluationError(f"no figure {name!r}.{did_you_mean(name, known)}")

    def __iter__(self) -> Iterator[MetricResult]:
        return iter(self.figures)

    def part(self, kind: str) -> Part:
        """The first part of a kind, such as `samples`, `neighbours` or `table`.

        Raises:
            EvaluationError: there is no such part.
        """
        for part in self.parts:
            if part.kind == kind:
                return part
        known = [part.kind for part in self.parts]
        raise EvaluationError(f"no part {kind!r}.{did_you_mean(kind, known)}")

    def card(self, *, drawn: bool) -> InfoCard:
        """The verdict and the figures."""
        rows = [
            (f.title, number(f.value), interval(f.low, f.high), number(f.floor), number(f.ceiling))
            for f in self.figures
        ]
        facts = {} if drawn else {row[0]: _in_a_line(row) for row in rows}
        return InfoCard(
            f"Evaluation of {self.subject.get('name') or 'a model'}", facts,
            ("figure", "value", "95 %", "baseline", "reals"), rows,
            notes=(self.verdict, *self.warnings, "save('report.html') writes the whole report."),
        )  # fmt: skip

    def values(self) -> dict[str, Any]:
        """See `Report.values`; full names and places of figures follow from the others."""
        return {
            "subject": self.subject,
            "verdict": self.verdict,
            "warnings": self.warnings,
            "figures": [
                asdict(figure) | {"full_name": figure.full_name, "standing": figure.standing}
                for figure in self.figures
            ],
            "parts": [part.to_json() for part in self.parts],
            "curves": self.curves,
            "events": self.events,
            "seconds": self.seconds,
        }

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """See `Report.read`."""
        return cls(
            subject=modern_row(values["subject"]),
            figures=tuple(_figure(row) for row in values["figures"]),
            verdict=values["verdict"],
            warnings=tuple(values["warnings"]),
            parts=tuple(Part.from_json(part) for part in values.get("parts", ())),
            curves={
                name: [(samples, value) for samples, value in curve]
                for name, curve in values["curves"].items()
            },
            events=tuple(map(modern_row, values["events"])),
            seconds=values["seconds"],
        )

    def page(self) -> str:
        """See `Report.page`."""
        from zerosum.evaluation.reports.page import page

        return page(self)


def _in_a_line(row: tuple[str, str, str, str, str]) -> str:
    _, value, spread, floor, ceiling = row
    within = f" ({spread})" if spread else ""
    return f"{value}{within}, baseline {floor}, reals {ceiling}"


def _figure(row: Mapping[str, Any]) -> MetricResult:
    """A figure from its values.

    Those of schema 1 have no title and say nothing of memorisation, and null is a number that was
    not finite.
    """
    row = {"title": row["name"].replace("_", " ").capitalize(), "memorisation": None, **row}
    known: dict[str, Any] = {field.name: row[field.name] for field in fields(MetricResult)}
    if known["memorisation"] is not None:
        known["memorisation"] = Memorisation(**known["memorisation"])
    if known["value"] is None:
        known["value"] = float("nan")
    return MetricResult(**known)


def best_of(row: tuple[MetricResult, ...]) -> int | None:
    """The one figure that is better than every other by more than their intervals; else None."""
    bounds = [_bounds(figure) for figure in row]
    if len(row) < 2 or any(bound is None for bound in bounds):
        return None
    known = [bound for bound in bounds if bound is not None]
    first = min(range(len(row)), key=lambda i: known[i][1])
    others = [best for i, (best, _) in enumerate(known) if i != first]
    return first if known[first][1] < min(others) else None


def _bounds(figure: MetricResult) -> tuple[float, float] | None:
    """The least and greatest badness in a figure's interval."""
    if figure.low is None or figure.high is None:
        return None
    ends = figure.badness(figure.low), figure.badness(figure.high)
    inside = figure.better == "one" and figure.low <= 1 <= figure.high
    return (0.0 if inside else min(ends)), max(ends)
