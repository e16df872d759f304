"""What each column of a table is, found by reading all rows once."""

from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from zerosum.data.base import Progress
from zerosum.errors import DataError, PrivacyError
from zerosum.faces import either, option
from zerosum.modalities.tables.arrow import is_length, is_number, is_text, type_called
from zerosum.modalities.tables.fields import CategoryField, Field
from zerosum.modalities.tables.reading.cells import find_column
from zerosum.modalities.tables.reading.counted import CountedNumbers, may_count
from zerosum.modalities.tables.reading.disclosed import WRITTEN
from zerosum.modalities.tables.reading.guesses import (
    identifies,
    is_day,
    is_free_text,
    is_many,
    is_telephone,
    repeats_entities,
    why_key,
    words_of,
)
from zerosum.modalities.tables.reading.identifiers import identifier, of_one_person
from zerosum.modalities.tables.reading.sources import TableSource
from zerosum.modalities.tables.reading.summaries import Flags, Numbers, Steps, Summary
from zerosum.modalities.tables.reading.text_summaries import Names, Texts
from zerosum.modalities.tables.schema import Overrides, Schema, field_of, require_columns
from zerosum.modalities.tables.time_fields import DateField, DatetimeField, FormattedField
from zerosum.modalities.tables.unmodelled_fields import ConstantField, KeyField, TextField
from zerosum.modalities.tables.written.base import WrittenForm
from zerosum.modalities.tables.written.clocks import ClockFormat
from zerosum.modalities.tables.written.counted import COUNTED, CountedMoments
from zerosum.modalities.tables.written.moments import MomentFormat
from zerosum.modalities.tables.written.numbers import NumberFormat


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
        progress: called with how many rows are read.

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
    stated = {name: given.get(name, {}) for name in kept}
    summaries = {
        name: _summary(
            name, source.types[name], stated[name], source.forms.get(name), private=private
        )
        for name in kept
    }
    done = 0
    for batch in source.batches(limit):
        for name, summary in summaries.items():
            summary.add(batch.column(name))
        done += len(batch)
        if progress is not None:
            progress("looking at columns", done, min(limit or source.num_rows, source.num_rows))
    fields, guesses = [], {}
    for name in kept:
        field, guess = _field(
            summaries[name], stated[name], source.types[name], source.natives.get(name, ""),
            private=private,
        )  # fmt: skip
        guess = "; ".join(filter(None, (source.notes.get(name, ""), guess)))
        if guess and "kind" not in stated[name]:
            guesses[name] = guess
        fields.append(field)
    return Schema(
        fields=tuple(of_one_person(fields)),
        dropped=tuple(n for n in source.types if n in dropped),
        guesses=guesses,
        left_out=dict(source.left_out),
        remarks=source.remarks,
    )


def _form_stated(stated: Mapping[str, Any]) -> WrittenForm | None:
    """How a column is written, as it is stated."""
    if stated.get("format"):
        if stated.get("kind") == "duration":
            return ClockFormat(stated["format"])
        if stated["format"] in COUNTED:
            return CountedMoments(stated["format"])
        return MomentFormat(stated["format"])
    given = {name: stated[name] for name in WRITTEN if stated.get(name)}
    return NumberFormat(**given) if given else None


def _summary(
    name: str, kind: pa.DataType, stated: Mapping[str, Any], form: WrittenForm | None = None, *,
    private: bool,
) -> Summary:  # fmt: skip
    """What is gathered of a column of an arrow type that is to be of a kind of field.

    Raises:
        DataError: no column of that type is of that kind.
    """
    plain = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
    text = is_text(plain) or pt.is_null(plain)
    forced, offset = stated.get("kind"), stated.get("offset", 0) if private else None
    said = type_called(stated["dtype"]) if text and "dtype" in stated else None
    said = None if said is not None and is_text(said) else said
    form = _form_stated(stated) or form
    match forced:
        case "integer" | "float" if text or is_number(plain) or pt.is_boolean(plain):
            usual = pa.int64() if forced == "integer" else pa.float64()
            reads = said or usual if text else plain
            return Numbers(name, reads, whole=forced == "integer", form=form)
        case "boolean" if text or is_number(plain) or pt.is_boolean(plain):
            return Flags(name, said or pa.bool_() if text else plain)
        case "datetime" if text or pt.is_timestamp(plain) or pt.is_date(plain):
            moment = plain if pt.is_timestamp(plain) else said or pa.timestamp("us")
            return Steps(name, moment, offset=offset, form=form)
        case "date" | "datetime" if is_number(plain):
            format = stated.get("format", "")
            told = format if format in COUNTED else ""
            words = words_of(name) | {"date", "time"}
            return CountedNumbers(name, plain, words=words, format=told, kind=forced, offset=offset)
        case "date" if text or pt.is_timestamp(plain) or pt.is_date(plain):
            day = plain if pt.is_date(plain) else said or pa.date32()
            return Steps(name, day, form=form)
        case "duration" if text or is_length(plain):
            usual = pa.time64("us") if form is None else pa.duration("us")
            length = plain if is_length(plain) else said or usual
            return Steps(name, length, offset=offset, form=form)
        case "category":
            return Names(name, kind)
        case "key" | "person" | "pattern" if text:
            return Texts(name, plain)
        case "key" if pt.is_integer(plain):
            return Numbers(name, plain, whole=True)
        case "text" if text:
            return Texts(name, plain)
        case None | "fixed":
            return _own_summary(name, kind, plain, offset, form)
    raise DataError(
        f"column {name!r} holds {kind}, and cannot be of kind {forced}. Leave its kind out, or "
        "make it a category."
    )


def _own_summary(
    name: str,
    kind: pa.DataType,
    plain: pa.DataType,
    offset: int | None,
    form: WrittenForm | None = None,
) -> Summary:
    """What is gathered of a column of which nothing is known but its arrow type."""
    if isinstance(kind, pa.DictionaryType):
        return Names(name, kind)
    if is_number(plain):
        if form is None and offset is None and may_count(words_of(name)):
            return CountedNumbers(name, plain, words=words_of(name))
        return Numbers(name, plain, whole=pt.is_integer(plain), form=form)
    if pt.is_boolean(plain):
        return Flags(name, plain)
    if is_text(plain) or pt.is_null(plain):
        return Texts(name, plain)
    return Steps(name, plain, offset=offset, form=form)


def _field(
    summary: Summary, stated: Mapping[str, Any], kind: pa.DataType, native: str, *, private: bool
) -> tuple[Field, str]:
    """The field of a column that was summarised, with what the user says about it, and a guess.

    Raises:
        DataError: it is not of the stated kind.
        PrivacyError: it is private and `fixed`, and its value is not stated.
    """
    forced = stated.get("kind")
    own: dict[str, Any] = {
        "dtype": summary.dtype,
        "native": native if summary.dtype == str(kind) else "",
    }
    guess = ""
    if isinstance(summary, Texts):
        found = identifier(summary, stated, own, private=private)
        if found is not None:
            return found
    if forced is None and isinstance(summary, Texts) and is_many(summary):
        read = _read_names(summary)
        if read is not None:
            summary, guess = read
            own = {"dtype": str(kind), "native": native}
    if summary.form is not None:
        own |= summary.form.attributes()
    # That a type holds nothing is no fact of a row; all else that never changes may be one.
    unchanging = summary.constant and (not private or pt.is_null(kind))
    made: Field
    if forced is None and isinstance(summary, Texts) and is_free_text(summary):
        return TextField(name=summary.name, examples=summary.examples, **own), ""
    if forced == "text":
        made = TextField(name=summary.name, **own)
    elif isinstance(summary, CountedNumbers) and summary.is_time(forced):
        made = summary.moments(own)
        guess = (
            f"{'days' if made.kind == 'date' else 'moments'} that are counted ({summary.counts})"
        )
    elif isinstance(summary, Numbers) and forced in (None, "date", "datetime") and is_day(
        summary, forced
    ):  # fmt: skip
        made = _compact(summary, own, stated.get("format") or summary.format)
        guess = f"days written as {made.format}"
    elif forced == "key" or (forced is None and identifies(summary)):
        bare = {name: own[name] for name in ("dtype", "native")}
        made = _key(summary, bare, forced=forced == "key")
        made = KeyField(name=summary.name, **bare) if private else made
        guess = f"a key, since {why_key(summary)}; new ones are made"
    elif forced is None and repeats_entities(summary):
        bare = {name: own[name] for name in ("dtype", "native")}
        made = KeyField(name=summary.name, **bare) if private else _key(summary, bare, forced=False)
        guess = _entities(summary)
    elif forced == "fixed" or (forced is None and unchanging):
        if private and forced == "fixed" and not {"of", "value"} <= stated.keys():
            raise PrivacyError(
                f"column {summary.name!r} is said to be fixed, and its value would be read from "
                f"the rows, which {option('epsilon')} does not count. Give its `of` and `value` "
                "in the "
                "schema, or leave its kind out."
            )
        made = _constant(summary, own)
    else:
        made = summary.field(own)
        if isinstance(summary, Texts):
            guess = "a category" if private else f"a category of {len(made.categories):,} names"
        elif isinstance(summary, Numbers) and not private:
            guess = summary.outlying
    made = _without_facts(made, native) if private else made
    return made if forced is None else field_of(summary.name, {**made.to_json(), **stated}), guess


def _read_names(summary: Texts) -> tuple[Summary, str] | None:
    """Numbers or moments that the texts of a frame are; None where they are none.

    Raises:
        DataError: a few of many are none.
    """
    names = summary.names()
    found = find_column(summary.name, names, {})
    if found.type == pa.string():
        return None
    read = _own_summary(summary.name, found.type, found.type, None, found.form)
    read.add(found.read(names))
    return read, found.note or "numbers or moments in text"


def _compact(summary: Numbers, own: dict[str, Any], format: str) -> FormattedField:
    """Days or moments that are held as whole numbers.

    Raises:
        DataError: they are none.
    """
    if not format:
        raise DataError(
            f"column {summary.name!r} holds whole numbers that are no days, such as "
            f"{', '.join(summary.examples)}. Days in whole numbers are like 20230131."
        )
    if not MomentFormat(format).has_time:
        return DateField(name=summary.name, format=format, **own)
    unit = "minute" if not format.endswith("%S") else "second"
    return DatetimeField(name=summary.name, format=format, resolution=unit, **own)


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
    bare = {name: own[name] for name in ("dtype", "native")}
    if not summary.known:
        return ConstantField(name=summary.name, **bare)
    field = summary.field(own)
    return ConstantField(name=summary.name, of=field, value=summary.value_in(field), **bare)


def _key(summary: Summary, own: dict[str, Any], *, forced: bool) -> KeyField:
    """The field of keys like those of a column.

    Raises:
        DataError: it is no key: something is missing, or comes twice.
    """
    if forced and not summary.distinct_rows:
        gone = summary.rows - summary.known
        why = f"{gone:,} are missing" if gone else "some of them come twice"
        raise DataError(
            f"column {summary.name!r} cannot be of kind key: {why}. A key sets each row apart from "
            "others; make it a category, or drop it."
        )
    if isinstance(summary, Numbers):
        low, high = str(int(summary.low)), str(int(summary.high))
        if is_telephone(summary) and len(low) == len(high):
            first = "".join(map(str, range(int(low[0]), int(high[0]) + 1)))
            letters = (first, *["0123456789"] * (len(low) - 1))
            return KeyField(name=summary.name, letters=letters, **own)
        return KeyField(name=summary.name, first=int(summary.high) + 1, **own)
    assert isinstance(summary, Texts)
    form = summary.pattern(counted=not is_telephone(summary)) or {
        "before": f"{summary.name if not forced else 'key'}-"
    }
    return KeyField(name=summary.name, **own, **form)


def _entities(summary: Summary) -> str:
    """What is done about a column that says whom a row is about."""
    assert isinstance(summary, Numbers | Texts)
    name = summary.name
    keep = either(python=f"schema={{{name!r}: 'category'}}", shell="a schema")
    return (
        f"a key of {summary.distinct:,} entities in {summary.rows:,} rows; new ones are made, one "
        f"for each row, so that no real one is given back. `zerosum train sequences --with "
        f"entity={name}` keeps the rows of each together, and {keep} makes it a category"
    )
