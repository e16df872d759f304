"""Columns that follow from other rows: references, and numbers within a parent."""

from typing import TYPE_CHECKING

import numpy as np

from zerosum.modalities.tables.unmodelled_fields import UnlearnedField

if TYPE_CHECKING:
    import pyarrow as pa


class ReferenceField(UnlearnedField):
    """A column that holds a key of another row; it is copied from there."""

    kind = "reference"

    def make(self, n: int, start: int = 0) -> "pa.Array":
        """Nothing: a reference is known once all rows are."""
        import pyarrow as pa

        return pa.nulls(n, self.arrow_type)


class PositionField(UnlearnedField):
    """A column that counts the rows of one parent, such as the lines of an order.

    Attributes:
        first: the number of a parent's first row.
    """

    kind = "position"
    dtype: str = "int64"
    first: int = 1

    @property
    def details(self) -> str:
        """Where it begins."""
        return f"counts the rows of a parent from {self.first}"

    def make(self, n: int, start: int = 0) -> "pa.Array":
        """As if all rows were of one parent."""
        return self.at(np.arange(start, start + n))

    def at(self, position: np.ndarray) -> "pa.Array":
        """The column of rows at these positions among those of their parents, `[N]`."""
        import pyarrow as pa

        return pa.array(position + self.first, pa.int64()).cast(self.arrow_type)
