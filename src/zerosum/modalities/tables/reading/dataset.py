"""Rows of a table as a data set: values in memory, with the codes that fit them."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from zerosum.data.base import Dataset, Progress
from zerosum.data.subsets import held_name, held_note
from zerosum.errors import DataError
from zerosum.modalities.tables.calendar_fitting import fit_calendars
from zerosum.modalities.tables.calendars import forward_calendars
from zerosum.modalities.tables.codecs import CategoryCodec, Codec, NumberCodec
from zerosum.modalities.tables.constraints.base import Constraint, forward_all
from zerosum.modalities.tables.constraints.fitting import fit_constraints
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.space import TableSpace

if TYPE_CHECKING:
    from zerosum.modalities.tables.reading.sources import TableSource

LEAST = 5
"""Rows that must share a value before it is learned as one of its own."""


class TableDataset(Dataset):
    """Rows of a table.

    Args:
        values: of the modelled fields, float64 `[N, D]` with NaN for what is missing.
        space: what a row is.
        name: how messages call this data.
        source: the library whose frames go out as they came in: `pandas`, `polars`, `pyarrow`;
            None where the rows came from a file.
    """

    def __init__(
        self, values: Tensor, space: TableSpace, *, name: str, source: str | None = None
    ) -> None:
        self._values = values.contiguous()
        self.space, self.name, self.source = space, name, source
        self.fingerprint = _fingerprint(space, self._values)

    def keep_apart(self, values: Tensor) -> None:
        """Rows `[M, D]` that are kept apart, to judge with."""
        self.held_out = TableDataset(
            values, self.table, name=held_name(self.name), source=self.source
        )
        self.notes = (*self.notes, held_note(len(values), len(self) + len(values)))

    @property
    def table(self) -> TableSpace:
        """What a row is."""
        assert isinstance(self.space, TableSpace)
        return self.space

    def is_of(self, fingerprint: str) -> bool:
        """See `Dataset.is_of`; also of runs whose fingerprint knew how columns were held."""
        return super().is_of(fingerprint) or fingerprint == _earlier(self.table, self._values)

    def __len__(self) -> int:
        return len(self._values)

    def take(self, indices: Tensor) -> tuple[Tensor, None]:
        """Values of the rows, float64 `[B, D]`."""
        return self._values[indices], None

    @property
    def resident(self) -> tuple[Tensor, None]:
        """All values, float64 `[N, D]`, without labels."""
        return self._values, None


def _fingerprint(space: TableSpace, values: Tensor) -> str:
    """Digest of what the rows say, however the table was held: the same for a CSV and a frame."""
    digest = hashlib.sha256()
    columns = dict(zip(space.names, values.numpy().T, strict=True))
    for field in space.fields:
        digest.update(repr((field.name, field.modelled)).encode())
        if field.name not in columns:
            continue
        what, parts = field.meant(columns[field.name])
        digest.update(repr(what).encode())
        for part in parts:
            digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()[:32]


_LATER = {"before", "after", "point", "thousands", "negative", "padded", "format"}
"""Attributes of fields that earlier fingerprints did not know."""


def _earlier(space: TableSpace, values: Tensor) -> str:
    """The fingerprint that runs recorded before it was one of values."""
    digest = hashlib.sha256(repr([_bare(field.to_json()) for field in space.fields]).encode())
    digest.update(values.numpy().data)
    return digest.hexdigest()[:32]


def _bare(field: Any) -> Any:
    if not isinstance(field, dict):
        return field
    later = set() if field.get("kind") == "key" else _LATER
    return {name: _bare(one) for name, one in field.items() if name not in later}


def read_values(
    source: "TableSource",
    fields: Sequence[Field],
    *,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Values of the modelled fields, float64 `[N, D]`.

    Raises:
        DataError: a column holds what its field cannot.
    """
    modelled = [field for field in fields if field.modelled]
    n = min(limit or source.num_rows, source.num_rows)
    values = torch.empty(n, len(modelled), dtype=torch.float64)
    rows, start = values.numpy(), 0
    for batch in source.batches(limit):
        stop = start + len(batch)
        for i, field in enumerate(modelled):
            rows[start:stop, i] = field.to_values(batch.column(field.name))
        start = stop
        if progress is not None:
            progress("reading rows", stop, n)
    return values


def fit_space(
    fields: Sequence[Field],
    values: Tensor,
    *,
    constraints: Sequence[Constraint] = (),
    least: int = LEAST,
    private: bool = False,
) -> TableSpace:
    """The space of rows with these values: constraints, calendars and codes are fitted to them.

    Args:
        fields: every column of the table.
        values: of the modelled fields, float64 `[N, D]`.
        constraints: what holds in every row.
        least: rows that must share a value before it is learned as one of its own; 1 for all.
        private: whether moments stay as they are, since rows would decide what they are coded by.

    Raises:
        DataError: no field is left to learn.
        ConstraintError: a constraint cannot hold.
    """
    modelled = {field.name: field for field in fields if field.modelled}
    if not modelled:
        raise DataError(
            "there is nothing to learn: every column is a key, a constant, or empty. Give a table "
            "with at least one column whose values differ."
        )
    columns = dict(zip(modelled, values.unbind(dim=1), strict=True))
    fitted = fit_constraints(constraints, columns, {field.name: field for field in fields})
    coded = forward_all(fitted, columns)
    made = {field.name: field for one in fitted if one.constructed for field in one.makes}
    plain = {name: field for name, field in modelled.items() if name not in made}
    calendars = () if private else fit_calendars(coded, plain, least=least)
    coded = forward_calendars(calendars, coded)
    made |= {field.name: field for one in calendars for field in one.makes}
    codecs = tuple(
        fit_codec(name, column.numpy(), (modelled | made)[name], least=least)
        for name, column in coded.items()
    )
    return TableSpace(
        fields=tuple(fields), constraints=fitted, calendars=calendars, codecs=codecs,
        num_rows=len(values),
    )  # fmt: skip


def fit_codec(name: str, values: np.ndarray, field: Field, *, least: int) -> Codec:
    """The codec of one coded column, which `field` describes: the table's, or a constraint's."""
    if field.categories:
        rare = field.categories.index(RARE) if RARE in field.categories else None
        return CategoryCodec.fit(name, values, least=least, rare_value=rare)
    return NumberCodec.fit(name, values, places=field.decimals, least=least)


RARE = "(rare)"
"""The category that stands for all rare ones, where these are many."""
