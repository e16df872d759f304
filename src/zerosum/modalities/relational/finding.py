"""Keys and references that nobody named, found in tables: by unique columns, values and names.

A key is a column, or two or three together, that tells rows apart and is called like one. A
reference is a column whose values are all keys of another table, and that is called after it. What
is found is said with its evidence; a schema that is given takes its place.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from zerosum.cards import Described, InfoCard
from zerosum.errors import ConfigError
from zerosum.faces import option
from zerosum.modalities.relational.keys import comparable, is_unique, linked
from zerosum.modalities.relational.reading.rows import Keys, key_columns
from zerosum.modalities.relational.schema import DatabaseSchema, ForeignKey, TableKeys
from zerosum.modalities.tables.arrow import functions, is_text, plain
from zerosum.modalities.tables.reading.sources import TableSource

_MOST_TRIED = 8
"""Columns of a table that are tried together as a key."""

_NEARLY = 0.95
"""Share of the values of a column called after a table that must be there; the others are
orphans."""

_ENDINGS = ("id", "key", "code", "no", "nr", "number", "num", "name", "uuid", "ref", "fk")


@dataclass(frozen=True, repr=False)
class FoundSchema(Described):
    """Keys that were found.

    Attributes:
        schema: the tables with their keys.
        evidence: why, a sentence for each key and reference; empty where these were given.
    """

    schema: DatabaseSchema
    evidence: tuple[str, ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was found of the tables as a whole: nothing but keys."""
        return ()

    @property
    def rows(self) -> list[dict[str, str]]:
        """A row for each table: its name, its key, what it refers to."""
        return [
            {
                "table": one.name, "key": ", ".join(one.key),
                "refers to": "; ".join(map(str, one.refers)),
            }
            for one in self.schema.tables
        ]  # fmt: skip

    def card(self, *, drawn: bool) -> InfoCard:
        """See `Described.card`: a line for each table, and why."""
        facts = {
            row["table"]: f"key {row['key'] or 'none'}"
            + (f"; refers to {row['refers to']}" if row["refers to"] else "")
            for row in self.rows
        }
        return InfoCard(f"Schema of {len(self.rows):,} tables", facts, notes=self.evidence)

    def to_json(self) -> dict[str, Any]:
        """The schema as plain JSON values."""
        return self.schema.to_json()

    def save(self, path: Path | str) -> Path:
        """Write the schema as JSON, to edit and to train with.

        Raises:
            RunError: it cannot be written.
        """
        return self.schema.save(path)


def find_schema(sources: Mapping[str, TableSource]) -> FoundSchema:
    """Keys and references of tables.

    Raises:
        ConfigError: what is found makes a cycle; it is shown.
    """
    columns = {name: _candidates(source, list(sources)) for name, source in sources.items()}
    evidence: list[str] = []
    keys: dict[str, tuple[str, ...]] = {}
    for name in sources:
        keys[name] = _key_of(name, columns[name], list(sources)) or _shared(name, columns)
    refers: dict[str, list[ForeignKey]] = {name: [] for name in sources}
    for name in sources:
        for one, why in _references(name, columns, keys):
            refers[name].append(one)
            evidence.append(f"{name}.{' + '.join(one.columns)} refers to {one.to}: {why}")
    for name, key in keys.items():
        if not key:
            joint = tuple(dict.fromkeys(c for one in refers[name] for c in one.columns))
            if len(joint) > 1 and is_unique([columns[name][c] for c in joint]):
                keys[name] = joint
        if keys[name]:
            evidence.append(f"{name}: the key is {' + '.join(keys[name])}, which tells rows apart")
        else:
            _require_single(name, columns[name])
            evidence.append(f"{name}: no key, since no column called like one tells rows apart")
    tables = tuple(
        TableKeys(name=name, key=keys[name], refers=tuple(refers[name])) for name in sources
    )
    return FoundSchema(DatabaseSchema(tables=tables), tuple(evidence))


def _candidates(source: TableSource, tables: Sequence[str]) -> Keys:
    """Columns that may be keys: whole numbers, text, and moments.

    Numbers with a point are whole ones too if they are called like a key: some programs write
    whole numbers so where some are missing.
    """
    names = [
        name
        for name, kind in source.types.items()
        if pt.is_integer(kind) or is_text(kind) or pt.is_date(kind) or pt.is_timestamp(kind)
        or pt.is_dictionary(kind) or (pt.is_floating(kind) and _may_refer(name, tables))
    ]  # fmt: skip
    found = key_columns(source, names)
    return {
        name: column for name, column in found.items()
        if not pt.is_floating(column.type) or pt.is_integer(comparable(plain(column)).type)
    }  # fmt: skip


def _may_refer(column: str, tables: Sequence[str]) -> bool:
    """Whether a column is called like a key, or after a table.

    >>> _may_refer("coupon_id", ["coupons"]), _may_refer("amount", ["coupons"])
    (True, False)
    """
    name = _plain(column)
    return name.split("_")[-1] in _ENDINGS or name in map(singular, tables)


def singular(name: str) -> str:
    """A table's name as one of its rows is called.

    >>> singular("Customers"), singular("categories"), singular("addresses"), singular("bus")
    ('customer', 'category', 'address', 'bus')
    """
    plain = _plain(name)
    if plain.endswith("ies") and len(plain) > 4:
        return f"{plain[:-3]}y"
    if plain.endswith(("sses", "xes", "ches", "shes")):
        return plain[:-2]
    if plain.endswith("s") and not plain.endswith(("ss", "us", "is")) and len(plain) > 3:
        return plain[:-1]
    return plain


def _plain(name: str) -> str:
    """A name in small letters, with its words apart.

    >>> _plain("OrderItem"), _plain("customer-ID")
    ('order_item', 'customer_id')
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def _called_as_key(column: str, table: str) -> bool:
    """Whether a column is called like the key of its table."""
    plain, one = _plain(column), singular(table)
    bare = plain.removeprefix(f"{one}_").removeprefix(f"{_plain(table)}_")
    return plain in (one, _plain(table)) or bare in _ENDINGS


def _key_of(name: str, columns: Keys, tables: Sequence[str]) -> tuple[str, ...]:
    """The key of a table; empty where none is found."""
    own = [column for column in columns if _called_as_key(column, name)]
    foreign = {singular(other) for other in tables if other != name}

    def elsewhere(column: str) -> bool:
        plain = _plain(column)
        return any(plain == other or plain.startswith(f"{other}_") for other in foreign)

    for column in sorted(own, key=lambda one: (elsewhere(one), list(columns).index(one))):
        if is_unique([columns[column]]):
            return (column,)
    first = next(iter(columns), None)
    if (
        first is not None
        and _plain(first).split("_")[-1] in _ENDINGS
        and is_unique([columns[first]])
    ):
        return (first,)
    tried = [
        column for column in columns
        if elsewhere(column) or column in own or _plain(column).split("_")[-1] in _ENDINGS
        or _plain(column) in ("line", "position", "pos", "seq", "sequence")
    ][:_MOST_TRIED]  # fmt: skip
    for many in (2, 3):
        for some in combinations(tried, many):
            if is_unique([columns[column] for column in some]):
                return some
    return ()


def _require_single(name: str, columns: Keys) -> None:
    """No column that is called like the key of its table nearly tells rows apart.

    Raises:
        ConfigError: one does; it shows what comes twice.
    """
    one = singular(name)
    for column, values in columns.items():
        if _plain(column) not in ("id", f"{one}_id", f"{_plain(name)}_id"):
            continue
        counted = functions().value_counts(values.combine_chunks().drop_null())
        times = counted.field("counts").to_numpy()
        if len(values) > len(times) >= _NEARLY * len(values):
            shown = counted.field("values").filter(pa.array(times > 1)).to_pylist()
            raise ConfigError(
                f"the key {column} of {name!r} is not unique: {', '.join(map(str, shown[:5]))} "
                f"come{'s' if len(shown) == 1 else ''} more than once. Remove what is there twice, "
                f"or give a schema that names another key: {option('schema', 'schema.json')}."
            )


def _shared(name: str, columns: Mapping[str, Keys]) -> tuple[str, ...]:
    """A column of text that tells rows apart, whose values another table repeats by its name."""
    for column, own in columns[name].items():
        if is_text(own.type) and is_unique([own]) and any(
            column in theirs and not is_unique([theirs[column]])
            and _share(theirs, (column,), columns[name], (column,)) == 1
            for other, theirs in columns.items() if other != name
        ):  # fmt: skip
            return (column,)
    return ()


def _references(
    name: str, columns: Mapping[str, Keys], keys: Mapping[str, tuple[str, ...]]
) -> list[tuple[ForeignKey, str]]:
    """References of a table, with the evidence for each."""
    found: list[tuple[ForeignKey, str]] = []
    taken: set[str] = set()
    for to in sorted(keys, key=lambda other: -len(keys[other])):
        key = keys[to]
        if len(key) > 1 and to != name and all(one in columns[name] for one in key):
            shares = _share(columns[name], key, columns[to], key)
            if shares == 1:
                found.append(
                    (ForeignKey(columns=key, to=to), "all are keys there, of the same names")
                )
                taken |= set(key)
    for column in columns[name]:
        best: tuple[int, float, str] | None = None
        for to, key in keys.items():
            if len(key) != 1 or (to == name and column in key):
                continue
            fit = _named_after(column, name, to, key[0])
            if not fit:
                continue
            share = _share(columns[name], (column,), columns[to], key)
            if share >= (_NEARLY if fit > 1 else 1.0) and (best is None or (fit, share) > best[:2]):
                best = fit, share, to
        if best is not None:
            fit, share, to = best
            if column in taken and any(column in one.columns and one.to == to for one, _ in found):
                continue
            inside = "all values are keys there" if share == 1 else f"{share:.1%} are keys there"
            found.append(
                (ForeignKey(columns=(column,), to=to), f"{inside}, and it is called after it")
            )
    return found


def _share(mine: Keys, columns: Sequence[str], theirs: Keys, keys: Sequence[str]) -> float:
    """The share of rows that refer to something that is there, of those that refer."""
    link = linked([mine[one] for one in columns], [theirs[one] for one in keys])
    refer = int((link.row != -1).sum())
    return 0.0 if not refer else 1 - link.num_orphans / refer


def _named_after(column: str, table: str, to: str, key: str) -> int:
    """How surely a column is called after another table's key: 0 for not at all.

    >>> _named_after("customer_id", "orders", "customers", "id")
    3
    >>> _named_after("manager_id", "employees", "employees", "employee_id")
    1
    >>> _named_after("amount", "orders", "customers", "id")
    0
    """
    plain, one, bare = _plain(column), singular(to), _plain(key)
    if to == table:
        ends = plain.split("_")[-1] in _ENDINGS
        about = any(
            word in plain for word in ("parent", "manager", "boss", "reports", "super", "refer")
        )
        return int((ends or about) and plain != bare)
    if plain in (f"{one}_{bare}", f"{_plain(to)}_{bare}", one, f"{one}_id"):
        return 3
    if plain == bare and bare not in _ENDINGS:
        return 2
    if plain.endswith((f"_{one}_{bare}", f"_{one}_id", f"_{one}")) or plain.startswith(
        f"{one}_{bare}"
    ):
        return 2
    return 0
