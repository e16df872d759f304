"""Databases that are learned privately: a person is a row of the main table, with all below it.

Two databases are neighbours that differ in one such unit. So units are counted, and not rows. Those
of a unit together add a vector of length 1 to each histogram, and their gradient is clipped as a
whole, table by table (`zoo/relational.py`). Of each unit the first rows of each table enter, at
most as many as noisy counts say that nearly all units have.

Nothing else is found by looking at rows: no columns that repeat others, no groups, no calendars.
The scales by which units are judged are those of made-up units. Tables that are kept as they are
are public, so every row that can be referred to has a code.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import DataError, PrivacyError
from zerosum.faces import option
from zerosum.modalities.relational.columns import (
    NONE,
    columns_of,
    counts_of,
    kept_table,
    matches_of,
    references_of,
    tells_rows,
    times_of,
    unit_rows,
)
from zerosum.modalities.relational.dataset import OpenedDatabase, RelationalDataset
from zerosum.modalities.relational.fit import Fitted, apply_database
from zerosum.modalities.relational.flat import flat_fields, flatten, tables_below
from zerosum.modalities.relational.layout import Placed, TableRows, families, place
from zerosum.modalities.relational.sides import TO, Side
from zerosum.modalities.relational.space import RelationalSpace, require_relational
from zerosum.modalities.relational.trees import first_rows
from zerosum.modalities.tables.codecs import Codec
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.privacy.histograms import (
    NoisyRelease,
    private_codec,
    public_codec,
)
from zerosum.modalities.tables.privacy.private_rows import (
    FINGERPRINT,
    Withheld,
    codes_by_chance,
    recoded,
    require_steps,
    without_withheld,
)
from zerosum.modalities.tables.reading.dataset import fit_space
from zerosum.modalities.tables.space import TableSpace
from zerosum.rng import SecretNoise
from zerosum.spaces import Space

MOST_ROWS = 1_000
"""Rows of a table that are looked at in a unit, where no number is asked for."""


class PrivateDatabase(Withheld, RelationalDataset):
    """A database in private codes; networks learn from all rows of the units of a batch."""

    def __init__(self, fitted: Fitted, *, name: str, library: str | None = None) -> None:
        super().__init__(fitted, name=name, library=library)
        self.content, self.fingerprint = self.fingerprint, FINGERPRINT
        self.noisy_size = fitted.space.num_rows

    def units_learned_from(self, count: int) -> Mapping[str, int]:
        """See `RelationalDataset.units_learned_from`."""
        return {side.name: count for side in _units(self.space).sides}


def _units(space: Space) -> RelationalSpace:
    return require_relational(space, network="private training")


def _opened(dataset: Dataset) -> OpenedDatabase:
    """The rows of a database that was opened for a private training.

    Raises:
        PrivacyError: it was not.
    """
    opened = dataset.opened if isinstance(dataset, RelationalDataset) else None
    if opened is None:
        raise PrivacyError(
            f"{option('epsilon')} needs a database that was opened for it: give the file, the URL "
            "or the frames themselves as data."
        )
    return opened


def private_database(
    dataset: Dataset, *, noise_multiplier: float, delta: float, secret: SecretNoise
) -> PrivateDatabase:
    """A database in codes that are fitted privately.

    Args:
        dataset: a database as it was opened.
        noise_multiplier: deviation of the noise over the L2 sensitivity of all counts together.
        delta: probability with which a category of a single unit may be released.
        secret: where the noise comes from.

    Raises:
        PrivacyError: it was opened for another training.
    """
    fit = _Fit(_opened(dataset), noise_multiplier, delta, secret)
    made = as_private_database(dataset, fit.space())
    made.notes = tuple(
        f"of each row of {fit.main!r} the first {most:,} rows of {name!r} enter, with all that "
        "hangs below these"
        for name, most in fit.most.items()
    )
    return made


class _Fit:
    """Codes of all tables, from noisy counts.

    Attributes:
        main: the table whose rows are units.
        most: how many rows of each table below enter, once that is known.
    """

    def __init__(
        self, opened: OpenedDatabase, noise_multiplier: float, delta: float, secret: SecretNoise
    ) -> None:
        self.main, self.most = opened.main, dict[str, int]()
        self._opened = opened
        self._order = [name for name in opened.schema.order if name in opened.parents]
        fields = {name: _columns(opened, opened.rows, name)[1] for name in self._order}
        stated = opened.most_rows
        names = counts = 0
        for name in self._order:
            most = 1 if name == self.main else stated.get(name, MOST_ROWS)
            names += most * len(fields[name])
            counts += sum(_num_histograms(one, name == self.main) for one in fields[name])
            counts += 1 if name == self.main or name in stated else 2
        self._release = NoisyRelease(noise_multiplier, delta, secret, counts, names)
        self._num_units = self._release.size(len(opened.rows[self.main]))

    def space(self) -> RelationalSpace:
        """Units in private codes."""
        opened = self._opened
        schema, times = opened.schema, times_of(opened.fields, opened.rows)
        rows = first_rows(schema, opened.parents, self.main, opened.rows, times, self._bound)
        times = times_of(opened.fields, rows)
        placed = place(schema, opened.parents, self.main, rows, times)
        sides = [self._side(name, rows, placed[name]) for name in self._order]
        kept = tuple(
            kept_table(table.name, opened.fields[table.name], opened.rows[table.name])
            for table in schema.tables if table.kept
        )  # fmt: skip
        mine = next(side for side in sides if side.name == self.main)
        up = {s.name: schema[s.name].refers[s.parent].to for s in sides if s.parent is not None}
        below = tables_below(mine, sides, up)
        values, made = _made_up(self.main, sides, up, self._num_units, seed=0)
        flat = flatten(mine, below, unit_rows(values, made))
        judged = fit_space(flat_fields(mine, below)[0], flat, private=True)
        return RelationalSpace(
            fields=judged.fields, codecs=judged.codecs, num_rows=self._num_units, database=schema,
            main=self.main, sides=tuple(sides), kept=kept,
        )  # fmt: skip

    def _bound(self, name: str, counts: np.ndarray) -> int:
        """How many rows of a table enter of each unit, of which each has so many, `[U]`."""
        most = self._opened.most_rows.get(name)
        if most is None:
            most = self._release.bound(counts, MOST_ROWS)
        self.most[name] = most
        return most

    def _side(self, name: str, rows: Mapping[str, TableRows], placed: Placed) -> Side:
        """One table, with codes of its columns."""
        opened = self._opened
        values, fields = _columns(opened, rows, name)
        values = values[torch.from_numpy(placed.order)]
        owner, num_rows = None, self._num_units
        if name != self.main:
            owner, most = placed.unit, self.most[name]
            # Each unit adds at most 1 to this count too.
            share = float(self._release.noisy(np.array([len(values) / most]))[0])
            num_rows = max(round(share * most), 1)
        codecs: list[Codec] = []
        for field, column in zip(fields, values.unbind(1), strict=True):
            fit = public_codec if _is_public(field) else private_codec
            codecs.append(fit(field, column.numpy(), self._release, num_rows=num_rows, owner=owner))
        table = without_withheld(
            TableSpace(fields=tuple(fields), codecs=tuple(codecs), num_rows=num_rows)
        )
        named = {field.name: field for field in table.fields}
        keys = opened.schema[name]
        return Side(
            name=name, fields=tuple(named.get(one.name, one) for one in opened.fields[name]),
            rows=table, parent=opened.parents[name],
            matches=matches_of(opened.schema, keys, opened.parents[name]),
            apart=tells_rows(keys, opened.fields[name]), most=self.most.get(name),
        )  # fmt: skip


def _columns(
    opened: OpenedDatabase, rows: Mapping[str, TableRows], name: str
) -> tuple[Tensor, list[Field]]:
    """Values of the columns of a table's network `[N, D]`, in the order of rows; and fields."""
    schema, parents = opened.schema, opened.parents
    matches = matches_of(schema, schema[name], parents[name])
    codes = references_of(matches, rows[name])
    counts = counts_of(schema, parents, rows, name)
    return columns_of(schema, name, opened.fields[name], rows, matches, codes, counts, {}, ())


def _is_public(field: Field) -> bool:
    """Whether all categories of a column are known to everybody: rows of tables that are kept."""
    return field.name == NONE.name or field.name.startswith(TO)


def _num_histograms(field: Field, of_main: bool) -> int:
    """How many histograms a column of a table is counted in."""
    return 1 if _is_public(field) or (field.categories and of_main) else 2


def as_private_database(dataset: Dataset, space: Space) -> PrivateDatabase:
    """The rows of a database in the codes of `space`: categories not released are unknown.

    Raises:
        DataError: tables, references, kept rows or columns are others, or steps of time are.
        PrivacyError: it was opened for another training.
    """
    opened, units = _opened(dataset), _units(space)
    if opened.schema != units.database or opened.parents != {
        side.name: side.parent for side in units.sides
    }:
        raise DataError("this is not the data of the run: its tables have other keys.")
    for one in units.kept:
        if kept_table(one.name, opened.fields[one.name], opened.rows[one.name]) != one:
            raise DataError(
                f"this is not the data of the run: rows of {one.name!r}, which is kept as it is, "
                "are others."
            )
    rows = dict(opened.rows)
    for side in units.sides:
        rows[side.name] = _as_known(side, opened.fields[side.name], opened.rows[side.name])
    assert isinstance(dataset, RelationalDataset)
    made = PrivateDatabase(apply_database(units, rows), name=dataset.name, library=dataset.library)
    made.content = dataset.fingerprint
    return made


def _as_known(side: Side, fields: Sequence[Field], rows: TableRows) -> TableRows:
    """Rows of a table with the names that were released.

    Raises:
        DataError: a column is missing, or counts other steps of time.
    """
    held = {one.name: (i, one) for i, one in enumerate(f for f in fields if f.modelled)}
    columns = []
    for field in side.fields:
        if not field.modelled:
            continue
        if field.name not in held:
            raise DataError(f"this is not the data of the run: it lacks {side.name}.{field.name}.")
        at, theirs = held[field.name]
        require_steps(theirs, field)
        columns.append(recoded(rows.values[:, at], theirs, field))
    values = torch.stack(columns, 1) if columns else rows.values[:, :0]
    return TableRows(values, rows.links)


def stand_in_database(space: Space, *, seed: int) -> PrivateDatabase:
    """As many units as `space` says, of independent columns: nothing real is looked at."""
    units = _units(space)
    values, placed = _made_up(units.main, units.sides, units.parents, units.num_rows, seed=seed)
    flat = units.flattened(unit_rows(values, placed))
    return PrivateDatabase(Fitted(units, placed, values, flat), name="made-up database")


def _made_up(
    main: str, sides: Sequence[Side], parents: Mapping[str, str], num_units: int, *, seed: int
) -> tuple[dict[str, Tensor], dict[str, Placed]]:
    """Values of each table's rows in units that codes alone say, and where they stand."""
    named = {side.name: side for side in sides}
    values: dict[str, Tensor] = {}
    placed: dict[str, Placed] = {}
    for number, side in enumerate(sides):
        if side.name == main:
            parent, unit = np.full(num_units, -1), np.arange(num_units)
        else:
            to = parents[side.name]
            counts = named[to].counts(values[to], side.name)
            parent = np.repeat(np.arange(len(counts)), counts)
            unit = placed[to].unit[parent]
            if side.most is not None:
                within = np.arange(len(unit)) - np.searchsorted(unit, unit)
                parent, unit = parent[within < side.most], unit[within < side.most]
        codes = codes_by_chance(side.rows, len(unit), seed=seed + number)
        values[side.name] = side.rows.to_data(codes)
        start = np.searchsorted(unit, np.arange(num_units + 1))
        order = np.arange(len(unit))
        placed[side.name] = Placed(order, parent, *families(parent), start)
    return values, placed
