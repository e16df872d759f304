"""Sequences as a data set: a long table grouped by entity and sorted by time."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import ConstraintError
from zerosum.modalities.sequences.bursts import find_bursts, hits
from zerosum.modalities.sequences.hours import by_hours
from zerosum.modalities.sequences.protecting import protected
from zerosum.modalities.sequences.space import LENGTH, SPAN, START, SequenceSpace
from zerosum.modalities.sequences.time_axis import CLOCK, HOURS, TimeAxis
from zerosum.modalities.tables.codecs import NumberCodec
from zerosum.modalities.tables.constraints.base import Constraint
from zerosum.modalities.tables.fields import Field, IntegerField
from zerosum.modalities.tables.reading.dataset import fit_space
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.time_fields import DateField


class SequenceDataset(Dataset):
    """Sequences in memory.

    Args:
        compact: sequences `[N, W]`; see `SequenceSpace`.
        space: what a sequence is.
        name: how messages call them.
        source: the library whose frames go out as they came in; None where they were a file.

    Attributes:
        stated_longest: rows that are taken of an entity, if the user said so.
    """

    stated_longest: int | None = None

    def __init__(
        self, compact: Tensor, space: SequenceSpace, *, name: str, source: str | None = None
    ) -> None:
        self._compact = compact.contiguous()
        self.space, self.name, self.source = space, name, source
        digest = hashlib.sha256(repr((space.order, space.attributes.names)).encode())
        digest.update(self._compact.numpy().data)
        self.fingerprint = digest.hexdigest()[:32]

    @property
    def sequences(self) -> SequenceSpace:
        """What a sequence is."""
        assert isinstance(self.space, SequenceSpace)
        return self.space

    def __len__(self) -> int:
        return len(self._compact)

    def take(self, indices: Tensor) -> tuple[Tensor, None]:
        """Compact sequences `[B, W]`."""
        return self._compact[indices], None

    @property
    def resident(self) -> tuple[Tensor, None]:
        """All of them, `[N, W]`."""
        return self._compact, None


@dataclass(frozen=True)
class Grouped:
    """Rows of a table, those of an entity next to each other in the order of time.

    Attributes:
        order: the table's rows in this order, int64 `[T]`.
        lengths: rows of each entity, int64 `[N]`.
    """

    order: np.ndarray
    lengths: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """Where each entity begins, int64 `[N]`."""
        return np.concatenate([[0], self.lengths.cumsum()[:-1]])

    def within(self, longest: int) -> "Grouped":
        """The first `longest` rows of each entity."""
        place = np.arange(len(self.order)) - np.repeat(self.first, self.lengths)
        return Grouped(self.order[place < longest], np.minimum(self.lengths, longest))

    def some(self, entities: np.ndarray) -> "Grouped":
        """Some of the entities, in this order."""
        rows = [np.arange(a, a + n) for a, n in zip(self.first[entities],
                self.lengths[entities], strict=True)]  # fmt: skip
        return Grouped(self.order[np.concatenate(rows)], self.lengths[entities])


def grouped(entity: pa.Array, when: np.ndarray | None) -> tuple[Grouped, int]:
    """Rows by entity, in the order that these first come in, and by time.

    Args:
        entity: whose each row is.
        when: values of time `[T]`; None where rows are in order.

    Returns:
        The groups, and how many entities had rows out of order.
    """
    plain = entity.dictionary_decode() if isinstance(entity, pa.DictionaryArray) else entity
    codes = plain.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    keys = (np.arange(len(codes)), codes) if when is None else (
        np.arange(len(codes)), when, codes
    )  # fmt: skip
    order = np.lexsort(keys)
    moved = np.unique(codes[order][1:][(np.diff(order) < 0) & (np.diff(codes[order]) == 0)])
    return Grouped(order, np.bincount(codes)), len(moved)


def constant_columns(table: pa.Table, groups: Grouped, names: Sequence[str]) -> list[str]:
    """Those of the columns that hold one value in all rows of each entity."""
    return [name for name in names if not len(varying(table[name], groups))]


def varying(column: pa.ChunkedArray, groups: Grouped) -> np.ndarray:
    """Entities in which a column holds more than one value, by their number."""
    whole = column.combine_chunks()
    if not isinstance(whole.type, pa.DictionaryType):
        whole = whole.dictionary_encode("encode")
    codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False)[groups.order]
    owner = np.repeat(np.arange(len(groups.lengths)), groups.lengths)
    return np.unique(owner[1:][(np.diff(codes) != 0) & (np.diff(owner) == 0)])


def padded(rows: Tensor, lengths: np.ndarray, longest: int) -> Tensor:
    """Rows `[T, R]` of entities one after another as `[N, longest, R]`, NaN after the last.

    >>> padded(torch.tensor([[1.0], [2.0], [3.0]]).double(), np.array([2, 1]), 2)[..., 0]
    tensor([[1., 2.],
            [3., nan]], dtype=torch.float64)
    """
    made = torch.full((len(lengths), longest, rows.shape[1]), torch.nan, dtype=torch.float64)
    valid = torch.arange(longest) < torch.from_numpy(lengths)[:, None]
    made[valid] = rows
    return made


def fit_sequences(
    *, entity: Field, attribute_fields: Sequence[Field], attributes: Tensor,
    row_fields: Sequence[Field], rows: Tensor, lengths: np.ndarray, axis: TimeAxis | None,
    when: Tensor | None, order: Sequence[str], constraints: Sequence[Constraint], least: int,
) -> tuple[SequenceSpace, Tensor]:  # fmt: skip
    """The space of sequences, and they in compact form.

    Args:
        entity: the column that says whose a row is.
        attribute_fields: columns that are constant within an entity.
        attributes: their values `[N, A]`.
        row_fields: all other columns but time.
        rows: their values `[T, R]`, those of an entity one after another.
        lengths: rows of each entity `[N]`.
        axis: of time; None without.
        when: values of time `[T]`.
        order: names of all columns, as the user has them.
        constraints: what holds, in attributes or in rows.
        least: entities that must share a value before it is learned as one of its own.

    Raises:
        ConstraintError: one is about attributes and rows together, or cannot hold by construction.
        DataError: nothing is left to learn.
    """
    own, theirs = _sorted_out(constraints, attribute_fields)
    first = torch.zeros(len(rows), dtype=torch.bool)
    starts = torch.from_numpy(np.concatenate([[0], lengths.cumsum()[:-1]]))
    first[starts] = True
    modelled = [field for field in row_fields if field.modelled]
    bursts = find_bursts(modelled, rows, lengths, taken=order)
    counts = _counts(hits(bursts, [field.name for field in modelled], rows), lengths)
    derived: list[Field] = [IntegerField(name=LENGTH)]
    values = [torch.from_numpy(lengths).double()]
    stood: tuple[Field, ...] = ()
    told: list[Tensor] = []
    if axis is not None and when is not None:
        moments = axis.split(when)
        again = (moments.day == moments.day.roll(1)) & ~first
        axis = axis.model_copy(update={"has_pauses": axis.has_clock and bool(again.any())})
        stood = axis.fields()
        told = [*axis.told(moments, first).values()]
        begin, end = moments.day[starts], moments.day[starts + torch.from_numpy(lengths) - 1]
        made = DateField if axis.has_calendar else IntegerField
        derived += [made(name=START), IntegerField(name=SPAN)]
        values += [begin, end - begin]
    derived += [IntegerField(name=one.name) for one in bursts]
    values += counts.unbind(1)
    known = torch.cat([attributes, torch.stack(values, dim=1)], dim=1)
    attribute_space = _rounded_evenly(
        fit_space([*attribute_fields, *derived], known, constraints=own, least=least)
    )
    every = torch.cat([torch.stack(told, dim=1), rows], dim=1) if told else rows
    row_space = fit_space([*stood, *row_fields], every, constraints=theirs, least=least)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    row_space = protected(row_space, every, owner, least=least)
    if axis is not None and axis.per_day > HOURS:
        row_space = _clocks_by_hours(row_space, told[-1], axis.per_day / HOURS, least)
    row_space = _rounded_evenly(row_space)
    for one in (*attribute_space.constraints, *row_space.constraints):
        if not one.constructed:
            raise ConstraintError(
                f"{one.statement} cannot be kept by construction, and rows of sequences are not "
                "drawn again. Leave it out."
            )
    longest = int(lengths.max())
    space = SequenceSpace(
        entity=entity, attributes=attribute_space, rows=row_space, axis=axis, longest=longest,
        order=tuple(order), bursts=bursts,
    )  # fmt: skip
    compact = compact_of(space, attributes, rows, lengths, when)
    return space.scaled_by(compact), compact


def compact_of(
    space: SequenceSpace, attributes: Tensor, rows: Tensor, lengths: np.ndarray,
    when: Tensor | None,
) -> Tensor:  # fmt: skip
    """Compact sequences of `space`, `[N, W]`; see `fit_sequences`."""
    derived = [torch.from_numpy(lengths).double()]
    values = rows
    if space.axis is not None and when is not None:
        starts = torch.from_numpy(np.concatenate([[0], lengths.cumsum()[:-1]]))
        day = space.axis.split(when).day
        begin, end = day[starts], day[starts + torch.from_numpy(lengths) - 1]
        derived += [begin, end - begin]
        values = torch.cat([when[:, None], rows], dim=1)
    derived += _counts(hits(space.bursts, space.names, rows), lengths).unbind(1)
    whole = torch.cat([attributes, torch.stack(derived, dim=1)], dim=1)
    return space.compact(whole, padded(values, lengths, space.longest))


def _counts(hits: Tensor, lengths: np.ndarray) -> Tensor:
    """Sums over the rows of each entity, `[N, B]`, of rows one after another, `[T, B]`."""
    owner = torch.from_numpy(np.repeat(np.arange(len(lengths)), lengths))
    return hits.new_zeros(len(lengths), hits.shape[1]).index_add_(0, owner, hits)


def _clocks_by_hours(space: TableSpace, clocks: Tensor, hour: float, least: int) -> TableSpace:
    """The space with clocks, of the column `CLOCK`, in codes that do not reach across hours."""
    codecs = [
        by_hours(one, clocks.numpy(), hour=hour, least=least)
        if one.name == CLOCK and isinstance(one, NumberCodec) else one
        for one in space.codecs
    ]  # fmt: skip
    return TableSpace.from_json(space.to_json() | {"codecs": [one.to_json() for one in codecs]})


def _rounded_evenly(space: TableSpace) -> TableSpace:
    """The space with intervals half a step longer at both ends.

    Values are rounded to steps such as days, and an interval that ended at its first and last value
    would give these half as often as the others.
    """
    codecs = []
    for codec in space.codecs:
        made = codec
        if isinstance(codec, NumberCodec) and codec.places is not None:
            half = 0.4995 * 10.0**-codec.places
            knots = tuple(
                one if len(one) == 1 else (one[0] - half, *one[1:-1], one[-1] + half)
                for one in codec.knots
            )
            made = codec.model_copy(update={"knots": knots})
        codecs.append(made)
    return TableSpace.from_json(space.to_json() | {"codecs": [one.to_json() for one in codecs]})


def _sorted_out(
    constraints: Sequence[Constraint], attributes: Sequence[Field]
) -> tuple[list[Constraint], list[Constraint]]:
    known = {field.name for field in attributes}
    own, theirs = list[Constraint](), list[Constraint]()
    for one in constraints:
        mine = [name for name in one.columns if name in known]
        if mine and len(mine) < len(one.columns):
            other = next(name for name in one.columns if name not in known)
            raise ConstraintError(
                f"{one.statement} is about {mine[0]!r}, which an entity has once, and {other!r}, "
                "which each row has. A constraint is about one or the other."
            )
        (own if mine else theirs).append(one)
    return own, theirs
