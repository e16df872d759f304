"""Columns that repeat what a row above says: `orders.country`, which is always the customer's.

Databases are full of such columns. A network learns them nearly, and one row in fifty that says
otherwise is seen at once. So they are found where all rows agree, and copied when rows are made.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from pydantic import NonNegativeInt
from torch import Tensor

from zerosum.config import Config
from zerosum.modalities.relational.across import joined, tables_above
from zerosum.modalities.relational.layout import TableRows
from zerosum.modalities.relational.schema import DatabaseSchema
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.time_fields import StepField

_FEWEST_ROWS, _FEWEST_OTHERS = 20, 5
"""Rows that must agree, and those of them that must have another value than most."""


class Copied(Config):
    """A column that is that of a row above.

    Attributes:
        column: of the table below.
        above: the table above.
        column_above: its column.
        place_above: where that is among the values of its table's rows.
        categories: of columns of categories, the own index of each of those above.
    """

    kind = "copied"
    column: str
    above: str
    column_above: str
    place_above: NonNegativeInt = 0
    categories: tuple[NonNegativeInt, ...] = ()

    def values(self, own: Tensor, above: Tensor) -> Tensor:
        """Values `[N]` as those above say; own ones where there is no row above.

        Args:
            own: `[N]`.
            above: of the column above, NaN where something is missing, and infinite where there is
                no row.
        """
        found = above
        if self.categories:
            codes = torch.tensor(self.categories, dtype=torch.float64)
            at = above.nan_to_num(posinf=0.0).long().clamp(0, len(codes) - 1)
            found = torch.where(above.isnan(), torch.nan, codes[at])
        return torch.where(above.isinf(), own, found)


def find_copied(
    name: str, schema: DatabaseSchema, parents: Mapping[str, int | None],
    fields: Mapping[str, Sequence[Field]], rows: Mapping[str, TableRows],
) -> Iterator[Copied]:  # fmt: skip
    """The columns of a table that are those of a row above in all rows, the nearest first.

    Args:
        name: of the table.
        schema: of the database.
        parents: number of the reference to the parent, by table.
        fields: every column of each table.
        rows: of each table.
    """
    number = parents.get(name)
    if number is None:
        return
    has = torch.from_numpy(rows[name].links[number] >= 0)
    columns, named = joined(name, schema, parents, fields, rows)
    others = [
        (above, one.name)
        for above in tables_above(schema, parents, name) for one in fields[above] if one.modelled
    ]  # fmt: skip
    for field in fields[name]:
        full = f"{name}.{field.name}"
        if not field.modelled:
            continue
        for above, column in others:
            categories = _alike(field, named[f"{above}.{column}"])
            if categories is None:
                continue
            one = Copied(column=field.name, above=above, column_above=column, categories=categories)
            if _agrees(one, columns[full][has], columns[f"{above}.{column}"][has]):
                yield one
                break


def _alike(own: Field, above: Field) -> tuple[int, ...] | None:
    """The own index of each category above, empty for numbers; None for what is not alike."""
    if own.categories or above.categories:
        index = {name: i for i, name in enumerate(own.categories)}
        if not own.categories or not above.categories:
            return None
        return tuple(index.get(one, len(index)) for one in above.categories)
    if isinstance(own, StepField) or isinstance(above, StepField):
        same = isinstance(own, StepField) and isinstance(above, StepField) and (
            (own.kind, own.resolution, own.offset) == (above.kind, above.resolution, above.offset)
        )  # fmt: skip
        return () if same else None
    moments = own.kind in ("date", "datetime") or above.kind in ("date", "datetime")
    return None if moments and own.kind != above.kind else ()


def _agrees(one: Copied, own: Tensor, above: Tensor) -> bool:
    """Whether all rows say the same, and more than one thing."""
    if len(own) < _FEWEST_ROWS or bool((own.isnan() != above.isnan()).any()):
        return False
    known = ~own.isnan()
    if not torch.equal(one.values(own, above)[known], own[known]):
        return False
    _, times = np.unique(own[known].numpy(), return_counts=True)
    return len(times) > 0 and int(times.sum() - times.max()) >= _FEWEST_OTHERS
