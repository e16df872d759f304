"""The schema of a table: its fields in order, and what a user says about them beforehand."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from zerosum.cards import Described, InfoCard
from zerosum.config import Config, family_of
from zerosum.errors import ConfigError, DataError, did_you_mean
from zerosum.faces import either, option
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.identifiers.fields import PatternField, PersonField  # noqa: F401  (JSON names them)
from zerosum.modalities.tables.time_fields import DateField, DatetimeField, DurationField
from zerosum.modalities.tables.unmodelled_fields import ConstantField, KeyField, TextField
from zerosum.runs.files import make_folder, require_unicode, write_json

__all__ = [
    "ConstantField", "DateField", "DatetimeField", "DurationField", "KeyField", "Schema",
    "TextField", "overrides_of",
]  # fmt: skip

Overrides = dict[str, dict[str, Any]]
"""For each column that something is said of, attributes of its field, with the `kind`."""


_MEASURED = ("integer", "float", "date", "datetime", "duration")
_SHOWN = 8
_LINES = 20
_COLUMNS = ("column", "kind", "type", "details", "guessed")


class Schema(Described, Config):
    """What a table is.

    Attributes:
        fields: its columns, in order.
        dropped: columns that are left out.
        guesses: what was guessed of columns, by name; a schema that is given does not need it.
        left_out: columns that are left out unasked, and why.
        remarks: what was found of the table as a whole, in sentences.
    """

    kind = "schema"
    fields: tuple[Field, ...]
    dropped: tuple[str, ...] = ()
    guesses: dict[str, str] = {}
    left_out: dict[str, str] = {}
    remarks: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed, in sentences."""
        names = [one for one, why in self.guesses.items() if why.startswith("a category")]
        lines = [
            f"{one!r} is taken for {why}." for one, why in self.guesses.items() if one not in names
        ]
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            lines.append(f"{', '.join(map(repr, names[:_SHOWN]))}{more}: taken for categories.")
        spaced = [field.name for field in self.fields if field.name != field.name.strip()]
        if spaced:
            names = ", ".join(map(repr, spaced[:_SHOWN]))
            lines.append(f"{names}: conditions may leave out the spaces around a name.")
        left_out = (f"{one!r} is left out: {why}." for one, why in self.left_out.items())
        return (*self.remarks, *lines, *left_out)

    @property
    def rows(self) -> list[dict[str, str]]:
        """A line for each column: name, kind, type, details."""
        lines = [
            {
                "column": f.name, "kind": f.kind, "type": f.dtype, "details": f.details,
                "guessed": self.guesses.get(f.name, ""),
            }
            for f in self.fields
        ]  # fmt: skip
        empty = {"type": "", "guessed": ""}
        lines += [{"column": n, "kind": "dropped", "details": "", **empty} for n in self.dropped]
        return lines + [
            {"column": name, "kind": "left out", "details": why, **empty}
            for name, why in self.left_out.items()
        ]

    def card(self, *, drawn: bool) -> InfoCard:
        """See `Described.card`: a line for each of the first columns."""
        rows = self.rows[:_LINES]
        facts = {
            row["column"]: "; ".join(filter(None, (row["kind"], row["details"], row["guessed"])))
            for row in rows
        }
        more = len(self.rows) - len(rows)
        return InfoCard(
            f"Schema of {len(self.rows):,} column{'s' if len(self.rows) > 1 else ''}",
            {} if drawn else facts,
            columns=_COLUMNS,
            rows=[[row[name] for name in _COLUMNS] for row in rows],
            notes=(*self.remarks, *((f"and {more:,} more columns: see .rows",) if more else ())),
        )

    def save(self, path: Path | str) -> Path:
        """Write it as JSON, to edit and to train with.

        Raises:
            RunError: it cannot be written.
        """
        path = Path(path)
        require_unicode(path)
        make_folder(path.parent)
        write_json(path, self.to_json())
        return path


def overrides_of(schema: Any) -> tuple[Overrides, tuple[str, ...]]:
    """What a user says about columns, and the names of those to drop.

    Args:
        schema: a `Schema`; its JSON, or a file that holds it; or a mapping from names of columns
            to kinds (`{"zip": "category"}`) or attributes
            (`{"price": {"kind": "float", "places": 2}}`).

    Raises:
        DataError: `schema` has another type, or names an unknown kind.
    """
    if isinstance(schema, str | Path):
        schema = _read(Path(schema))
    if isinstance(schema, Schema):
        schema = schema.to_json()
    if not isinstance(schema, Mapping):
        raise DataError(
            f"schema is of type {type(schema).__name__}. Give a Schema, a JSON file, or a mapping "
            "such as {'zip': 'category'}."
        )
    dropped: tuple[str, ...] = ()
    if schema.get("kind") == Schema.kind:
        dropped = tuple(schema.get("dropped", ()))
        schema = {field.get("name", ""): field for field in schema.get("fields", ())}
    return {name: _attributes(name, stated) for name, stated in schema.items()}, dropped


def field_of(name: str, stated: Mapping[str, Any]) -> Field:
    """The field with these attributes.

    Raises:
        DataError: an attribute is missing, unknown, or not allowed.
    """
    try:
        return Field.from_json({**stated, "name": name})
    except ConfigError as error:
        raise DataError(f"the schema of column {name!r}: {error}") from error


def require_columns(names: Iterable[str], known: Iterable[str], what: str) -> None:
    """Every name is a column of the table.

    Raises:
        DataError: one is not; the nearest is suggested.
    """
    known = dict.fromkeys(known)
    for name in names:
        if name not in known:
            raise DataError(f"{what} names {name!r}, no column.{did_you_mean(name, known)}")


def _attributes(name: str, stated: Any) -> dict[str, Any]:
    body = {"kind": stated} if isinstance(stated, str) else dict(stated)
    kind, kinds = body.get("kind"), family_of(Field)
    if kind not in kinds:
        given = "no kind" if kind is None else f"kind {kind!r}"
        raise DataError(
            f"the schema of column {name!r} has {given}.{did_you_mean(str(kind), kinds)}"
        )
    unknown = [key for key in body if key != "kind" and key not in kinds[kind].model_fields]
    if unknown:
        hint = did_you_mean(unknown[0], kinds[kind].model_fields)
        raise DataError(f"the schema of column {name!r}: unknown key {unknown[0]!r}.{hint}")
    if kind in _MEASURED:
        field_of(name, body)  # what is wrong about an attribute is said before rows are read
    return {key: value for key, value in body.items() if key != "name"}


def schema_form() -> str:
    """What writes a schema that can be edited, as users would call it."""
    return either(
        python="zs.schema(FILE).save('schema.json')", shell="zerosum schema FILE --out schema.json"
    )


def said_by_schema() -> str:
    """How a user says what columns are, in words."""
    return (
        f"give it with {option('schema')}: {schema_form()} writes a form; take out of it what rows "
        "alone know"
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"no schema at {str(path)!r}: {error.strerror}.") from error
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}. {schema_form()} writes one.") from error
