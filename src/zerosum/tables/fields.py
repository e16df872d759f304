"""Fields: the columns of a table as users see them, and each as a column of numbers.

A field turns a column of the user's table into *values*, float64 with NaN where something is
missing, and back. Numbers are themselves, categories are their index, moments count steps of the
field's resolution. Everything after this, from codes to measures, sees values alone.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from zerosum.config import Config
from zerosum.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_INTEGER = 2**53
"""Beyond this a float64 does not hold every integer."""


class Field(Config):
    """One column of a table, under the kind that says what it holds.

    Attributes:
        name: of the column.
        dtype: the arrow type that it comes in and goes out as: `int64`, `string`.
    """

    name: str
    dtype: str

    @property
    def modelled(self) -> bool:
        """Whether the field has values that a model learns; keys and constants have none."""
        return True

    @property
    def categories(self) -> tuple[str, ...]:
        """How the values 0, 1, … are called; empty for fields of numbers."""
        return ()

    @property
    def decimals(self) -> int | None:
        """Decimal places that values are rounded to; None where they are not."""
        return 0

    @abstractmethod
    def to_values(self, column: "pa.ChunkedArray") -> np.ndarray:
        """Values of a column, float64 `[N]`.

        Raises:
            DataError: it holds what the field cannot.
        """

    @abstractmethod
    def to_arrow(self, values: np.ndarray) -> "pa.Array":
        """The column of values `[N]`, in the field's `dtype`; the inverse of `to_values`."""

    def value_of(self, text: Any) -> float:
        """The value that a user calls `text`, as in a condition.

        Raises:
            DataError: there is none; the nearest is suggested.
        """
        try:
            return float(text)
        except (TypeError, ValueError):
            raise DataError(
                f"{self.name} is {text!r}, and it holds numbers. Give a number."
            ) from None


class IntegerField(Field):
    """Whole numbers."""

    kind = "integer"
    dtype: str = "int64"

    def to_values(self, column: "pa.ChunkedArray") -> np.ndarray:
        """The numbers themselves."""
        values = _floats(column)
        if np.nanmax(np.abs(values), initial=0.0) > LARGEST_INTEGER:
            raise DataError(
                f"column {self.name!r} holds whole numbers beyond 2^53, which lose digits. If they "
                "are identifiers, make it a key; if they are names, a category."
            )
        return values

    def to_arrow(self, values: np.ndarray) -> "pa.Array":
        """Rounded to whole numbers."""
        return _typed(np.round(values), self.dtype)


class FloatField(Field):
    """Real numbers, with as many decimals as the data has.

    Attributes:
        places: decimals; None where values are not rounded.
    """

    kind = "float"
    dtype: str = "double"
    places: int | None = None

    @property
    def decimals(self) -> int | None:
        """`places`."""
        return self.places

    def to_values(self, column: "pa.ChunkedArray") -> np.ndarray:
        """The numbers themselves; infinite ones are refused."""
        values = _floats(column)
        infinite = int(np.isinf(values).sum())
        if infinite:
            raise DataError(
                f"column {self.name!r} holds {infinite} infinite numbers. Replace them, or leave "
                "them missing."
            )
        return values

    def to_arrow(self, values: np.ndarray) -> "pa.Array":
        """Rounded to `places`."""
        return _typed(values if self.places is None else np.round(values, self.places), self.dtype)


class CategoryField(Field):
    """One of a few names.

    Attributes:
        names: every category, as text, in the order that the user's table gives them.
        ordered: whether that order means something.
    """

    kind = "category"
    dtype: str = "string"
    names: tuple[str, ...]
    ordered: bool = False

    @property
    def categories(self) -> tuple[str, ...]:
        """`names`."""
        return self.names

    def to_values(self, column: "pa.ChunkedArray") -> np.ndarray:
        """Index of each category; one that is not known has the index after the last."""
        codes = {name: float(code) for code, name in enumerate(self.names)}
        unknown = float(len(self.names))
        texts = _texts(column)
        return np.array([np.nan if t is None else codes.get(t, unknown) for t in texts], float)

    def to_arrow(self, values: np.ndarray) -> "pa.Array":
        """Names."""
        import pyarrow as pa

        index = pa.array(np.nan_to_num(values).astype(np.int64), mask=np.isnan(values))
        return pa.array(self.names, "string").take(index).cast(self.dtype)

    def value_of(self, text: Any) -> float:
        """Index of a category."""
        if str(text) not in self.names:
            raise DataError(
                f"{self.name} has no value {text!r}.{did_you_mean(str(text), self.names)}"
            )
        return float(self.names.index(str(text)))


def _texts(column: "pa.ChunkedArray") -> list[str | None]:
    return [None if value is None else str(value) for value in column.to_pylist()]


def _floats(column: "pa.ChunkedArray") -> np.ndarray:
    """Float64 with NaN for what is missing."""
    import pyarrow as pa

    flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.asarray(flat.cast("double", safe=False).to_numpy(zero_copy_only=False), float)


def _typed(values: np.ndarray, dtype: str) -> "pa.Array":
    """An arrow array in which NaN is missing."""
    import pyarrow as pa

    return pa.array(values, mask=np.isnan(values), from_pandas=False).cast(dtype, safe=False)
