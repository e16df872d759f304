"""What the judge says: figures between a ceiling and a floor, and all of them together."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from zerosum.errors import EvaluationError, did_you_mean
from zerosum.evaluation.measure import Better


@dataclass(frozen=True)
class Figure:
    """One number, with all that is needed to trust it.

    Attributes:
        name: such as `frechet_distance`.
        protocol: what else the number depends on: `self-64, holdout, N=2000, k=5`.
        value: the number.
        low: lower end of its 95 % bootstrap interval, or None.
        high: upper end.
        ceiling: the same number for fresh reals in place of the samples: nothing can be better.
        floor: the same number for a trivial baseline: anything should be better.
        better: which way is good.
        meaning: in plain words.
        source: the paper or definition.
    """

    name: str
    protocol: str
    value: float
    low: float | None
    high: float | None
    ceiling: float | None
    floor: float | None
    better: Better
    meaning: str
    source: str

    @property
    def full_name(self) -> str:
        """The name with its protocol; numbers under different full names are not comparable."""
        return f"{self.name} ({self.protocol})"

    @property
    def standing(self) -> float | None:
        """Where the value lies between floor (0) and ceiling (1); None where these are equal."""
        if self.floor is None or self.ceiling is None:
            return None
        distance = [abs(v - 1) if self.better == "one" else v for v in self._three()]
        value, floor, ceiling = distance
        if abs(ceiling - floor) < 1e-12:
            return None
        return (value - floor) / (ceiling - floor)

    def _three(self) -> tuple[float, float, float]:
        return self.value, self.floor or 0.0, self.ceiling or 0.0


@dataclass(frozen=True)
class Neighbour:
    """A sample beside the training rows that it is nearest to.

    Attributes:
        sample: the sample, compact, as numpy.
        nearest: training rows, nearest first, compact.
        distances: how far they are, in features.
    """

    sample: np.ndarray
    nearest: np.ndarray
    distances: tuple[float, ...]


@dataclass(frozen=True)
class Evaluation:
    """Everything the judge found about one model.

    Attributes:
        subject: what was judged: run, recipe, step, data, seed, and by which command.
        figures: the numbers.
        verdict: one sentence.
        warnings: what a reader must know before believing the numbers.
        samples: some samples, compact, `[n, ...]`.
        reals: as many reals.
        neighbours: samples beside their nearest training rows.
        curves: numbers over the training by name, each a list of `(images, value)`.
        seconds: how long the judge took.
    """

    subject: dict[str, Any]
    figures: tuple[Figure, ...]
    verdict: str
    warnings: tuple[str, ...] = ()
    samples: np.ndarray | None = None
    reals: np.ndarray | None = None
    neighbours: tuple[Neighbour, ...] = ()
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    seconds: float = 0.0

    def __getitem__(self, name: str) -> Figure:
        for figure in self.figures:
            if figure.name == name:
                return figure
        known = [figure.name for figure in self.figures]
        raise EvaluationError(f"no figure {name!r}.{did_you_mean(name, known)}")

    def __iter__(self) -> Iterator[Figure]:
        return iter(self.figures)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: all but the pictures."""
        return {
            "schema": 1,
            "subject": self.subject,
            "verdict": self.verdict,
            "warnings": list(self.warnings),
            "figures": [
                asdict(figure) | {"full_name": figure.full_name, "standing": figure.standing}
                for figure in self.figures
            ],
            "curves": self.curves,
            "seconds": round(self.seconds, 2),
        }

    def dumps(self) -> str:
        """`to_json` as text."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False)
