"""One table of a database as its network sees it."""

from functools import cached_property

import numpy as np
import torch
from pydantic import Field as Limits
from torch import Tensor

from zerosum.config import Config
from zerosum.modalities.relational.across import Across
from zerosum.modalities.relational.copied import Copied
from zerosum.modalities.tables.fields import CategoryField, Field
from zerosum.modalities.tables.space import TableSpace

COUNT, TO, GROUP = "# ", "→ ", "group for "
"""What names of columns begin with that the user's table does not have: how many rows of a table
hang below a row, what it refers to other than its parent, and how it is referred to."""


class Match(Config):
    """A reference that is no parent: its column of codes, and what these stand for.

    Attributes:
        reference: its number among those of the table.
        column: name of the coded column: the row that is referred to, where its table is kept,
            else a group of rows.
        grouped: whether codes are groups.
        apart: whether rows of one parent never refer to the same row twice.
    """

    kind = "match"
    reference: int = Limits(ge=0, le=1_000)
    column: str
    grouped: bool
    apart: bool = False


class Side(Config):
    """One table that is modelled.

    Attributes:
        name: of the table.
        fields: every column of the user's table, in its order.
        rows: what its network makes: codes of matches, the user's columns, how many rows hang below
            in each table, and groups by which others refer to it.
        parent: number of the reference that leads to the parent; None without one.
        loose: share of the rows without a parent, of all.
        matches: the other references.
        apart: whether the key tells rows by learned columns, so that equal rows are made again.
        across: orders that its rows keep with rows above them.
        copied: columns that repeat those of rows above.
        most: how many of its rows enter of each unit, the first ones, where the training is
            private; None for all.
    """

    kind = "side"
    name: str
    fields: tuple[Field, ...]
    rows: TableSpace
    parent: int | None = None
    loose: int = Limits(default=0, ge=0)
    matches: tuple[Match, ...] = ()
    apart: bool = False
    across: tuple[Across, ...] = ()
    copied: tuple[Copied, ...] = ()
    most: int | None = Limits(default=None, ge=1)

    @property
    def shown(self) -> tuple[Field, ...]:
        """Columns of its rows that are compared: all but groups, which only the model knows."""
        groups = {one.column for one in self.matches if one.grouped}
        return tuple(
            field
            for field in self.rows.modelled
            if not field.name.startswith(GROUP) and field.name not in groups
        )

    @cached_property
    def shown_at(self) -> list[int]:
        """Places of the shown columns among the values of its rows."""
        return [self.rows.names.index(field.name) for field in self.shown]

    def counts(self, values: Tensor, child: str) -> np.ndarray:
        """How many rows of a table hang below rows of values `[N, D]`, int64 `[N]`."""
        column = values[:, self.rows.names.index(COUNT + child)]
        return column.nan_to_num(0.0).clamp_min(0).round().long().numpy()


class KeptTable(Config):
    """A table that is kept as it is: its rows are part of the model.

    Attributes:
        name: of the table.
        fields: its columns, each as a category.
        codes: which category each row has, for each column; None where it is missing.
    """

    kind = "kept_table"
    name: str
    fields: tuple[CategoryField, ...]
    codes: tuple[tuple[int | None, ...], ...]

    @property
    def num_rows(self) -> int:
        """How many rows it has."""
        return len(self.codes[0]) if self.codes else 0

    @property
    def values(self) -> Tensor:
        """Its rows as values, float64 `[N, D]`."""
        columns = [[np.nan if one is None else one for one in column] for column in self.codes]
        return torch.tensor(columns, dtype=torch.float64).T.contiguous()
