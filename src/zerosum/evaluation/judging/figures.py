"""What the judge says: figures between a ceiling and a floor, and all of them together."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from math import isfinite, isnan
from pathlib import Path
from typing import Any

from zerosum.errors import EvaluationError, did_you_mean
from zerosum.evaluation.measures.base import Better
from zerosum.evaluation.reports.parts import Part
from zerosum.runs.files import make_folder, require_unicode, write_json, write_whole

SCHEMA = 1
"""Version of the JSON; newer ones are refused."""


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
        return self.place(self.value)

    def place(self, value: float) -> float | None:
        """Where some other value of this figure lies between floor (0) and ceiling (1)."""
        if self.floor is None or self.ceiling is None:
            return None
        value, floor, ceiling = (self.badness(v) for v in (value, self.floor, self.ceiling))
        if not isfinite(floor) or not isfinite(ceiling) or abs(ceiling - floor) < 1e-12:
            return None
        return None if isnan(value) else (value - floor) / (ceiling - floor) + 0.0  # never -0

    def badness(self, value: float) -> float:
        """How bad a value of this figure is: less is better, whichever way is good."""
        return {"lower": value, "higher": -value, "one": abs(value - 1)}[self.better]


@dataclass(frozen=True)
class Evaluation:
    """Everything the judge found about one model.

    Attributes:
        subject: what was judged: run, recipe, step, data, seed, and by which command.
        figures: the numbers.
        verdict: one sentence.
        warnings: what a reader must know before believing the numbers.
        parts: what is shown of samples and reals, which depends on their kind.
        curves: numbers over the training by name, each a list of `(images, value)`.
        events: what was diagnosed and done while the model was trained.
        seconds: how long the judge took.
    """

    subject: dict[str, Any]
    figures: tuple[Figure, ...]
    verdict: str
    warnings: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    events: tuple[dict[str, Any], ...] = ()
    seconds: float = 0.0

    def __getitem__(self, name: str) -> Figure:
        for figure in self.figures:
            if figure.name == name:
                return figure
        known = [figure.name for figure in self.figures]
        raise EvaluationError(f"no figure {name!r}.{did_you_mean(name, known)}")

    def __iter__(self) -> Iterator[Figure]:
        return iter(self.figures)

    def part(self, kind: str) -> Part:
        """The first part of a kind, such as `samples`, `neighbours` or `table`.

        Raises:
            EvaluationError: there is none.
        """
        for part in self.parts:
            if part.kind == kind:
                return part
        known = [part.kind for part in self.parts]
        raise EvaluationError(f"no part {kind!r}.{did_you_mean(kind, known)}")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, from which `from_json` makes an equal evaluation.

        Numbers that are not finite become null.
        """
        return finite(
            {
                "schema": SCHEMA,
                "subject": self.subject,
                "verdict": self.verdict,
                "warnings": list(self.warnings),
                "figures": [
                    asdict(figure) | {"full_name": figure.full_name, "standing": figure.standing}
                    for figure in self.figures
                ],
                "parts": [part.to_json() for part in self.parts],
                "curves": self.curves,
                "events": list(self.events),
                "seconds": round(self.seconds, 2),
            }
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Evaluation":
        """What `to_json` described.

        Raises:
            EvaluationError: it is no evaluation, or one of a newer zerosum.
        """
        try:
            if data["schema"] > SCHEMA:
                raise EvaluationError(
                    f"this evaluation is of schema {data['schema']}, and this zerosum reads up to "
                    f"{SCHEMA}. Upgrade: pip install -U zerosum."
                )
            return cls(
                subject=dict(data["subject"]),
                figures=tuple(_figure(row) for row in data["figures"]),
                verdict=data["verdict"],
                warnings=tuple(data["warnings"]),
                parts=tuple(Part.from_json(part) for part in data.get("parts", ())),
                curves={
                    name: [(images, value) for images, value in curve]
                    for name, curve in data["curves"].items()
                },
                events=tuple(data["events"]),
                seconds=data["seconds"],
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise EvaluationError(f"this is no evaluation of zerosum's: {error!r}.") from error

    def dumps(self) -> str:
        """`to_json` as text."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False, allow_nan=False)

    def save(self, path: Path | str) -> Path:
        """Write a report: `.html` is one page with the JSON beside it, `.json` the JSON alone.

        Raises:
            EvaluationError: another ending.
            RunError: it cannot be written.
        """
        from zerosum.evaluation.reports.page import page

        return save_report(Path(path), lambda: page(self), self.to_json())


def save_report(path: Path, page: Callable[[], str], data: Any) -> Path:
    """Write a page and its JSON, or the JSON alone, as the ending of `path` asks.

    Raises:
        EvaluationError: another ending.
        RunError: it cannot be written.
    """
    form = require_form(path)
    make_folder(path.parent)
    if form == ".html":
        text = page()
        write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))
    write_json(path if form == ".json" else path.with_suffix(".json"), data)
    return path


def require_form(path: Path) -> str:
    """The form of report that the ending of `path` asks for.

    Raises:
        EvaluationError: there is none for it.
        RunError: the path is not UTF-8.
    """
    require_unicode(path)
    form = path.suffix.lower()
    if form not in (".html", ".json"):
        raise EvaluationError(
            f"cannot save a report as {form or 'a folder'}. Allowed: .html (a page, with the JSON "
            "beside it) and .json."
        )
    return form


def finite(value: Any) -> Any:
    """JSON values, with null in place of numbers that JSON cannot hold.

    >>> finite({"a": [1.0, float("inf")]})
    {'a': [1.0, None]}
    """
    if isinstance(value, Mapping):
        return {name: finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _figure(row: Mapping[str, Any]) -> Figure:
    """A figure from its JSON; a value that is null was not finite, and reads as NaN."""
    known: dict[str, Any] = {field.name: row[field.name] for field in fields(Figure)}
    if known["value"] is None:
        known["value"] = float("nan")
    return Figure(**known)
