"""What a series has once, beside its values: attributes, coded as a row of a table is."""

from collections.abc import Sequence

import pyarrow as pa
import torch
from torch import Tensor

from zerosum.errors import DataError
from zerosum.modalities.tables.reading.dataset import fit_space as fit_table
from zerosum.modalities.tables.reading.dataset import read_values
from zerosum.modalities.tables.reading.frames import to_table
from zerosum.modalities.tables.reading.infer import infer_schema
from zerosum.modalities.tables.reading.sources import MemorySource
from zerosum.modalities.tables.space import TableSpace

LABEL = "label"
"""The attribute that is the label, where series have labels and other attributes."""

_TAKEN = (LABEL, "series", "step", "seconds")
_LARGEST = 2**24
"""Whole numbers up to here are exact in float32, which series are stored in."""

_EDGE = 1e-3
"""How near to the ends of a code's range places come."""


def with_label(table: pa.Table, labels: Sequence[str]) -> pa.Table:
    """Attributes with the labels of series first, if there are labels."""
    return table.add_column(0, LABEL, pa.array(list(labels), pa.string())) if labels else table


def fit_attributes(
    table: pa.Table, *, channels: Sequence[str], name: str
) -> tuple[TableSpace, Tensor]:
    """The space of attributes, and their values, float64 `[N, A]`.

    Args:
        table: a row for each series.
        channels: names that are taken already.
        name: how messages call the data.

    Raises:
        DataError: an attribute has a name that is taken, or cannot be learned.
    """
    for one in table.column_names:
        if one in channels or (one in _TAKEN[1:]):
            raise DataError(f"the attribute {one!r} of {name} is called as a channel. Rename it.")
    source = MemorySource(table, name=name)
    given = {LABEL: {"kind": "category"}} if LABEL in table.column_names else {}
    fields = infer_schema(source, overrides=given).fields
    fixed = [field.name for field in fields if field.kind == "fixed"]
    if fixed:
        given |= {one: {"kind": "category"} for one in fixed}
        fields = infer_schema(source, overrides=given).fields
    for field in fields:
        if not field.modelled or field.kind in ("text", "datetime"):
            what = {"datetime": "holds times of day: give days"}.get(
                field.kind, f"is {field.kind}: it differs in every series"
            )
            raise DataError(
                f"the attribute {field.name!r} of {name} {what}. Leave it out of static."
            )
    values = read_values(source, fields)
    if bool((values.abs() > _LARGEST).any()):
        raise DataError(f"an attribute of {name} has numbers beyond {_LARGEST:,}. Scale them.")
    return fit_table(fields, values), values


def values_like(table: pa.Table, space: TableSpace, *, name: str) -> Tensor:
    """Values `[N, A]` of attributes by fields that are known.

    Raises:
        DataError: an attribute is not there, or holds what its field cannot.
    """
    gone = [one for one in space.names if one not in table.column_names]
    if gone:
        raise DataError(
            f"{name} has no attribute {gone[0]!r}, and the series of the training data have one."
        )
    return read_values(MemorySource(table.select([*space.names]), name=name), space.fields)


def scaled(x: Tensor, space: TableSpace) -> Tensor:
    """Code + place `[N, K]` as numbers in (0, 1)."""
    sizes = torch.tensor(space.sizes, device=x.device)
    code = x.floor()
    return (code + _EDGE + (1 - 2 * _EDGE) * (x - code)) / sizes


def codes_of(x: Tensor, space: TableSpace) -> Tensor:
    """Code + place `[N, K]` of numbers in (0, 1); undoes `scaled`."""
    own = x * torch.tensor(space.sizes, device=x.device)
    code = own.floor()
    return code + ((own - code - _EDGE) / (1 - 2 * _EDGE)).clamp(0, 1 - 2**-12)


def without_label(x: Tensor, space: TableSpace) -> Tensor:
    """Code + place `[N, K]` of which the label, if there is one, is always the first."""
    at = [i for i, codec in enumerate(space.codecs) if codec.name == LABEL]
    return x.index_fill(1, torch.tensor(at, dtype=torch.int64, device=x.device), 0.5)


def embedded(x: Tensor, space: TableSpace) -> Tensor:
    """Features `[N, F]` of code + place `[N, K]`, which do not say the label."""
    return space.embed(without_label(x, space))


def label_of(values: Tensor, space: TableSpace, labels: Sequence[str]) -> Tensor | None:
    """Codes of labels, int64 `[N]`, in attributes `[N, A]`; None without labels."""
    if LABEL not in space.names:
        return None
    at = space.names.index(LABEL)
    names = space.modelled[at].categories
    order = torch.tensor([labels.index(one) if one in labels else 0 for one in names])
    return order[values[:, at].nan_to_num(0.0).long()]


def table_of(values: Tensor, space: TableSpace) -> pa.Table:
    """Attributes `[N, A]` in the user's columns, without the label."""
    made = to_table(values, space)
    return made.drop_columns([LABEL]) if LABEL in made.column_names else made
