"""Several models judged under one protocol, and which of them is best, if that is clear."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from zerosum.cards import InfoCard
from zerosum.evaluation.judging.figures import Evaluation, MetricResult, best_of
from zerosum.evaluation.judging.saved import Report
from zerosum.evaluation.reports.words import number


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Report):
    """Evaluations of several models against the same reals.

    Attributes:
        evaluations: one for each model, in the order they were named in.
        warnings: what a reader must know of the comparison itself.
        command: what to type to compare them again.
        seconds: how long it took.
    """

    what: ClassVar[str] = "comparison"
    evaluations: tuple[Evaluation, ...]
    warnings: tuple[str, ...] = ()
    command: str = ""
    seconds: float = 0.0

    @property
    def names(self) -> list[str]:
        """What the models are called: their runs' names, or paths where names are the same."""
        names = [str(one.subject.get("name")) for one in self.evaluations]
        if len(set(names)) < len(names):
            names = [str(one.subject.get("run") or f"model {i + 1}")
                     for i, one in enumerate(self.evaluations)]  # fmt: skip
        return names

    @property
    def rows(self) -> list[tuple[MetricResult, ...]]:
        """For each figure that all models have, that of each model."""
        known = [{f.full_name: f for f in one} for one in self.evaluations]
        shared = [f.full_name for f in self.evaluations[0] if all(f.full_name in k for k in known)]
        return [tuple(k[name] for k in known) for name in shared]

    @property
    def curves(self) -> dict[str, dict[str, list[tuple[int, float]]]]:
        """Numbers over the trainings that all models have, by name; each by the model's name."""
        first, names = self.evaluations[0], self.names
        return {
            name: {mine: one.curves[name] for mine, one in zip(names, self, strict=True)}
            for name in first.curves
            if all(name in one.curves for one in self)
        }

    def card(self, *, drawn: bool) -> InfoCard:
        """Figures by model, the best marked, and each verdict."""
        names, rows = self.names, []
        for row in self.rows:
            best = best_of(row)
            told = [number(f.value) + (" *" if i == best else "") for i, f in enumerate(row)]
            rows.append((row[0].title, number(row[0].floor), *told, number(row[0].ceiling)))
        facts = {} if drawn else {row[0]: ", ".join(row[2:-1]) for row in rows}
        verdicts = [f"{name}: {one.verdict}" for name, one in zip(names, self, strict=True)]
        return InfoCard(
            f"Comparison of {', '.join(names)}", facts, ("figure", "baseline", *names, "reals"),
            rows, notes=(*verdicts, "* is best: its interval overlaps none of the others."),
        )  # fmt: skip

    def __iter__(self) -> Iterator[Evaluation]:
        return iter(self.evaluations)

    def values(self) -> dict[str, Any]:
        """See `Report.values`; each figure also has the name of the best model, or None."""
        names = self.names
        return {
            "names": names,
            "best": {
                row[0].name: None if (i := best_of(row)) is None else names[i] for row in self.rows
            },
            "warnings": self.warnings,
            "command": self.command,
            "evaluations": [one.to_json() for one in self.evaluations],
            "seconds": self.seconds,
        }

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """See `Report.read`."""
        return cls(
            evaluations=tuple(Evaluation.from_json(one) for one in values["evaluations"]),
            warnings=tuple(values["warnings"]),
            command=values["command"],
            seconds=values["seconds"],
        )

    def page(self) -> str:
        """See `Report.page`."""
        from zerosum.evaluation.reports.comparison import page

        return page(self)
