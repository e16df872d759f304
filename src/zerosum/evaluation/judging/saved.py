"""Reports as files: JSON without loss, and a page."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from math import isfinite, isnan
from pathlib import Path
from typing import Any, ClassVar, Self

from zerosum.cards import Described
from zerosum.errors import EvaluationError
from zerosum.runs.files import make_folder, require_unicode, write_json, write_whole

SCHEMA = 2
"""Version of the JSON; newer ones are refused."""

_NOT_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class Report(Described):
    """Results for one model or several. Two reports are equal if their JSON is.

    Attributes:
        what: how messages call it.
    """

    what: ClassVar[str]

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """What `to_json` describes, in plain values; numbers need not be finite."""

    @classmethod
    @abstractmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """What `values` described."""

    @abstractmethod
    def page(self) -> str:
        """One HTML page that needs nothing else."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, from which `from_json` makes an equal one; see `encoded`."""
        return encoded({"schema": SCHEMA, **self.values()})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `to_json` described.

        Raises:
            EvaluationError: it is something else, or of a newer zerosum.
        """
        try:
            if data["schema"] > SCHEMA:
                raise EvaluationError(
                    f"this {cls.what} is of schema {data['schema']}, and this zerosum reads up to "
                    f"{SCHEMA}. Upgrade: pip install -U zerosum."
                )
            return cls.read(decoded(data))
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise EvaluationError(f"this is no {cls.what} of zerosum's: {error!r}.") from error

    def dumps(self) -> str:
        """`to_json` as text."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False, allow_nan=False)

    def save(self, path: Path | str) -> Path:
        """Write a report: `.html` is one page with the JSON next to it, `.json` the JSON alone.

        Raises:
            EvaluationError: another ending.
            RunError: it cannot be written.
        """
        path = Path(path)
        form = require_form(path)
        make_folder(path.parent)
        if form == ".html":
            text = self.page()
            write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))
        write_json(path if form == ".json" else path.with_suffix(".json"), self.to_json())
        return path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.to_json() == other.to_json()


def require_form(path: Path) -> str:
    """The form of report that the ending of `path` asks for.

    Raises:
        EvaluationError: no form of report has that ending.
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


def encoded(value: Any) -> Any:
    """JSON values; a number that JSON cannot hold is an object that names it.

    >>> encoded({"a": (1.0, float("inf"))})
    {'a': [1.0, {'number': 'Infinity'}]}
    """
    if isinstance(value, Mapping):
        return {name: encoded(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [encoded(inner) for inner in value]
    if isinstance(value, float) and not isfinite(value):
        return {"number": "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    return value


def decoded(value: Any) -> Any:
    """The inverse of `encoded`, with lists for tuples.

    >>> decoded({"a": [1.0, {"number": "Infinity"}]})
    {'a': [1.0, inf]}
    """
    match value:
        case {"number": str(name), **rest} if not rest and name in _NOT_FINITE:
            return _NOT_FINITE[name]
        case dict():
            return {name: decoded(inner) for name, inner in value.items()}
        case list():
            return [decoded(inner) for inner in value]
    return value
