"""What each column of a table is, found by reading all rows once."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from zerosum.data.base import Progress
from zerosum.errors import DataError, PrivacyError
from zerosum.faces import option
from zerosum.modalities.tables.arrow import is_length, is_number, is_text, type_called
from zerosum.modalities.tables.fields import CategoryField, Field
from zerosum.modalities.tables.reading.files import TableSource
from zerosum.modalities.tables.reading.summaries import Flags, Numbers, Steps, Summary
from zerosum.modalities.tables.reading.text_summaries import Names, Texts
from zerosum.modalities.tables.schema import Overrides, Schema, field_of, require_columns
from zerosum.modalities.tables.unmodelled_fields import ConstantField, KeyField, TextField

_KEY_WORDS = {"id", "key", "uuid", "guid", "index", "idx", "identifier", "rowid"}
_FEW_ROWS = 20
"""Fewer rows than this say nothing about whether a column without such a word identifies them."""

_MANY_ROWS = 1_000
"""From so many rows on, numbers that hardly leave one out are no measurement."""

_MANY_NAMES = 50
_LONG = 40
"""Characters of a text that is more than a name, on average."""


def infer_schema(
    source: TableSource,
    *,
    overrides: Overrides | None = None,
    drop: Collection[str] = (),
    limit: int | None = None,
    private: bool = False,
    progress: Progress | None = None,
) -> Schema:
    """The schema of a table.

    Of a private one no value of a row is in the schema, but names of categories, which are chosen
    later: keys are plain, no column is constant, and moments are multiples of steps since the
    epoch. `read_from_rows` says what is found in rows all the same.

    Args:
        source: the table.
        overrides: what is already known of columns.
        drop: columns to leave out.
        limit: look at this many rows only, evenly spread: those that are taken.
        private: whether what it says is to be published.
        progress: told of the rows that were read.

    Raises:
        DataError: there are no rows, a column cannot be part of a table, or is not of the kind
            that it is said to be.
        PrivacyError: a private column is said to be `fixed`, and its value is not given.
    """
    given = overrides or {}
    require_columns(given, source.types, "schema")
    require_columns(drop, source.types, "drop")
    dropped = set(drop)
    kept = [name for name in source.types if name not in dropped]
    if not source.types:
        raise DataError(f"{source.name} has no columns. Give a table with at least one.")
    if not kept:
        raise DataError(f"all {len(source.types)} columns of {source.name} are dropped. Keep one.")
    source.check(kept)
    told = {name: given.get(name, {}) for name in kept}
    summaries = {
        name: _summary(name, source.types[name], told[name], private=private) for name in kept
    }
    done = 0
    for batch in source.batches(limit):
        for name, summary in summaries.items():
            summary.add(batch.column(name))
        done += len(batch)
        if progress is not None:
            progress("looking at columns", done, min(limit or source.num_rows, source.num_rows))
    fields = [
        _field(
            summaries[name], told[name], source.types[name], source.natives.get(name, ""),
            private=private,
        )
        for name in kept
    ]  # fmt: skip
    return Schema(fields=tuple(fields), dropped=tuple(n for n in source.types if n in dropped))


_FOUND: Mapping[str, tuple[str, ...]] = {
    "float": ("places",),
    "datetime": ("resolution", "offset"),
    "duration": ("resolution", "offset"),
    "key": ("before", "after", "digits", "first", "letters"),
    "fixed": ("of", "value"),
}
"""Attributes that rows decide, beside the kind and names of categories."""

SECRET = ("offset", *_FOUND["key"], *_FOUND["fixed"])
"""Of these, what rows do not decide where a schema is private."""


def read_from_rows(
    fields: Iterable[Field], overrides: Overrides | None = None, *, private: bool = False
) -> dict[str, tuple[str, ...]]:
    """What was found by looking at rows, for each column: `{"price": ("kind", "places")}`.

    Names of categories are not counted, which a private training chooses by itself.

    Args:
        fields: of a schema that was inferred.
        overrides: what was known of columns.
        private: whether it was inferred privately.
    """
    found = {}
    for field in fields:
        names = ("kind", *_FOUND.get(field.kind, ()))
        told = (overrides or {}).get(field.name, {})
        found[field.name] = tuple(
            name for name in names if name not in told and not (private and name in SECRET)
        )
    return {name: attributes for name, attributes in found.items() if attributes}


def _summary(name: str, kind: pa.DataType, told: Mapping[str, Any], *, private: bool) -> Summary:
    """What is gathered of a column of an arrow type that is to be of a kind of field.

    Raises:
        DataError: no column of that type is of that kind.
    """
    plain = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
    text = is_text(plain) or pt.is_null(plain)
    forced, offset = told.get("kind"), told.get("offset", 0) if private else None
    said = type_called(told["dtype"]) if text and "dtype" in told else None
    match forced:
        case "integer" | "float" if text or is_number(plain) or pt.is_boolean(plain):
            usual = pa.int64() if forced == "integer" else pa.float64()
            return Numbers(name, said or usual if text else plain, whole=forced == "integer")
        case "boolean" if text or is_number(plain) or pt.is_boolean(plain):
            return Flags(name, said or pa.bool_() if text else plain)
        case "datetime" if text or pt.is_timestamp(plain) or pt.is_date(plain):
            moment = plain if pt.is_timestamp(plain) else said or pa.timestamp("us")
            return Steps(name, moment, offset=offset)
        case "date" if text or pt.is_timestamp(plain) or pt.is_date(plain):
            return Steps(name, plain if pt.is_date(plain) else said or pa.date32())
        case "duration" if text or is_length(plain):
            length = plain if is_length(plain) else said or pa.time64("us")
            return Steps(name, length, offset=offset)
        case "category":
            return Names(name, kind)
        case "key" if text:
            return Texts(name, plain)
        case "key" if pt.is_integer(plain):
            return Numbers(name, plain, whole=True)
        case "text" if text:
            return Texts(name, plain)
        case None | "fixed":
            return _own_summary(name, kind, plain, offset)
    raise DataError(
        f"column {name!r} holds {kind}, and cannot be of kind {forced}. Leave its kind out, or "
        "make it a category."
    )


def _own_summary(name: str, kind: pa.DataType, plain: pa.DataType, offset: int | None) -> Summary:
    """What is gathered of a column of which nothing is known but its arrow type."""
    if isinstance(kind, pa.DictionaryType):
        return Names(name, kind)
    if is_number(plain):
        return Numbers(name, plain, whole=pt.is_integer(plain))
    if pt.is_boolean(plain):
        return Flags(name, plain)
    if is_text(plain) or pt.is_null(plain):
        return Texts(name, plain)
    return Steps(name, plain, offset=offset)


def _field(
    summary: Summary, told: Mapping[str, Any], kind: pa.DataType, native: str, *, private: bool
) -> Field:
    """The field of a column that was summarised, with what is told of it.

    Raises:
        DataError: it is not of the kind that is told.
        PrivacyError: it is private and `fixed`, and its value is not told.
    """
    forced = told.get("kind")
    own: dict[str, Any] = {
        "dtype": summary.dtype,
        "native": native if summary.dtype == str(kind) else "",
    }
    # That a type holds nothing is no fact of a row; all else that never changes may be one.
    unchanging = summary.constant and (not private or pt.is_null(kind))
    if forced is None and isinstance(summary, Texts) and _is_text(summary):
        return TextField(name=summary.name, examples=summary.examples, **own)
    if forced == "text":
        made = TextField(name=summary.name, **own)
    elif forced == "key" or (forced is None and _identifies(summary)):
        made = _key(summary, own, forced=forced == "key")
        made = KeyField(name=summary.name, **own) if private else made
    elif forced == "fixed" or (forced is None and unchanging):
        if private and forced == "fixed" and not {"of", "value"} <= told.keys():
            raise PrivacyError(
                f"column {summary.name!r} is said to be fixed, and its value would be read from "
                f"the rows, which {option('epsilon')} does not count. Give its `of` and `value` "
                "in the "
                "schema, or leave its kind out."
            )
        made = _constant(summary, own)
    else:
        made = summary.field(own)
    made = _without_facts(made, native) if private else made
    return made if forced is None else field_of(summary.name, {**made.to_json(), **told})


def _without_facts(field: Field, native: str) -> Field:
    """A field whose type does not depend on a single row, nor does the order of its names.

    An index has the width that the number of categories asks for, and a decimal that pandas holds
    as many digits as the longest. Categories without an order are in that of the alphabet.
    """
    kind = field.arrow_type
    if isinstance(kind, pa.DictionaryType) and isinstance(field, CategoryField):
        kept = field.ordered or native == "polars:Enum"
        names = field.names if kept else tuple(sorted(field.names))
        wide = pa.dictionary(pa.int32(), kind.value_type, kind.ordered)
        return field.model_copy(update={"dtype": str(wide), "names": names})
    if pt.is_decimal(kind) and native.startswith("pandas:"):
        return field.model_copy(update={"dtype": str(pa.decimal128(38, kind.scale))})
    return field


def _constant(summary: Summary, own: dict[str, Any]) -> ConstantField:
    """The field of a column that never changes.

    Raises:
        DataError: it does.
    """
    if not summary.constant:
        raise DataError(
            f"column {summary.name!r} cannot be of kind fixed: it holds "
            f"{', '.join(summary.examples)}. Leave its kind out, or drop it."
        )
    if not summary.known:
        return ConstantField(name=summary.name, **own)
    field = summary.field(own)
    return ConstantField(name=summary.name, of=field, value=summary.value_in(field), **own)


def _identifies(summary: Summary) -> bool:
    """Whether a column looks like one that tells rows apart.

    It does where nothing is missing, no value comes twice, and its name says so; else numbers that
    count up, and short texts of one pattern.
    """
    if not summary.distinct_rows or summary.constant:
        return False
    words = set("".join(c if c.isalnum() else " " for c in _snake(summary.name)).lower().split())
    if words & _KEY_WORDS:
        return True
    if summary.known < _FEW_ROWS:
        return False
    if isinstance(summary, Numbers):
        dense = summary.whole and summary.high - summary.low < 2 * summary.known
        return dense and (summary.counts_up or summary.known >= _MANY_ROWS)
    return isinstance(summary, Texts) and summary.mean_length < _LONG and bool(summary.pattern())


def _is_text(summary: Texts) -> bool:
    """Whether so many texts differ that they are no categories."""
    many = summary.distinct > _MANY_NAMES and not _identifies(summary)
    most = summary.distinct > summary.known / 2
    long = summary.mean_length > _LONG and summary.distinct > summary.known / 10
    unique = summary.distinct_rows and summary.known >= _FEW_ROWS and not _identifies(summary)
    return (many and (most or long)) or unique


def _key(summary: Summary, own: dict[str, Any], *, forced: bool) -> KeyField:
    """The field of keys like those of a column.

    Raises:
        DataError: it is no key: something is missing, or comes twice.
    """
    if forced and not summary.distinct_rows:
        gone = summary.rows - summary.known
        why = f"{gone:,} are missing" if gone else "some of them come twice"
        raise DataError(
            f"column {summary.name!r} cannot be of kind key: {why}. A key tells each row from all "
            "others; make it a category, or drop it."
        )
    if isinstance(summary, Numbers):
        return KeyField(name=summary.name, first=int(summary.high) + 1, **own)
    assert isinstance(summary, Texts)
    return KeyField(name=summary.name, **own, **(summary.pattern() or {"before": "key-"}))


def _snake(name: str) -> str:
    """`customerId` as `customer Id`."""
    return "".join(
        f" {c}" if c.isupper() and i and name[i - 1].islower() else c for i, c in enumerate(name)
    )
