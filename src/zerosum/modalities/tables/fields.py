"""Fields: the columns of a table as users see them, and each as a column of numbers.

A field turns a column of the user's table into *values*, float64 with NaN where something is
missing, and back. Numbers are themselves, categories are their index, moments count steps of the
field's resolution. Everything after this, from codes to measures, sees values alone.

Moments are in `moments`, and columns that nothing is learned of in `unlearned`.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pydantic

from zerosum.config import Config
from zerosum.errors import DataError, did_you_mean
from zerosum.faces import schema, shortened
from zerosum.modalities.tables.arrow import (
    as_type,
    codes_by_name,
    encoded,
    floats,
    functions,
    is_text,
    misfits,
    plain,
    type_called,
)
from zerosum.modalities.tables.written.base import WrittenForm
from zerosum.modalities.tables.written.numbers import Negative, NumberFormat

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_INTEGER = 2**53
"""Beyond this a float64 does not hold every integer."""

Places = Annotated[int, pydantic.Field(ge=-300, le=300)]
"""Decimals of a number; beyond these, no power of ten is one."""


class Field(Config):
    """One column of a table, under the kind that says what it holds.

    Attributes:
        name: of the column.
        dtype: the arrow type that it comes in and goes out as: `int64`, `string`.
        native: how the library that it came from calls its type, after the library's name:
            `pandas:Int64`; empty where arrow's type says it all.
    """

    name: str
    dtype: str
    native: str = ""

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

    @property
    def details(self) -> str:
        """What it is like, in a few words, other than its kind."""
        return ""

    @property
    def written(self) -> WrittenForm | None:
        """How its values are written as text; None where that is arrow's own way."""
        return None

    @property
    def arrow_type(self) -> "pa.DataType":
        """The arrow type called `dtype`."""
        return type_called(self.dtype)

    @abstractmethod
    def to_values(self, column: "pa.Array | pa.ChunkedArray") -> np.ndarray:
        """Values of a column, float64 `[N]`.

        Raises:
            DataError: it holds what the field cannot.
        """

    def meant(self, values: np.ndarray) -> tuple[Any, list[np.ndarray]]:
        """What values `[N]` mean, in a form that does not depend on how the column is held."""
        known = np.where(np.isnan(values), np.nan, values + 0.0)  # one kind of NaN and of zero
        if not self.categories:
            return "number", [known]
        return codes_by_name(known, self.categories)

    @abstractmethod
    def to_arrow(self, values: np.ndarray) -> "pa.Array":
        """The column of values `[N]`, in the field's `dtype`; the inverse of `to_values`."""

    def value_of(self, text: Any) -> float:
        """The value that a user calls `text`, as in a condition.

        Raises:
            DataError: there is no such value; the message suggests the nearest.
        """
        try:
            return float(text)
        except (TypeError, ValueError):
            raise DataError(
                f"{self.name} is {text!r}, and it holds numbers. Give a number."
            ) from None

    def read(self, column: "pa.Array | pa.ChunkedArray", kind: "pa.DataType") -> "pa.Array":
        """A column in the type that the field reads.

        Raises:
            DataError: it holds values of another.
        """
        import pyarrow as pa

        flat = plain(column)
        try:
            return self._read(flat, kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            shown = ", ".join(misfits(flat, kind, read=self._read))
            raise DataError(
                f"column {self.name!r} cannot be of kind {self.kind}: it holds {shown}. Give it "
                f"another kind, such as {schema(self.name, 'category')}, or drop it."
            ) from None

    def _read(self, flat: "pa.Array", kind: "pa.DataType") -> "pa.Array":
        """A plain column; text of its own form, or else as arrow reads it."""
        import pyarrow as pa

        if not is_text(flat.type):
            return as_type(flat, kind)
        if self.written is not None:
            try:
                return self.written.read(flat, kind)
            except pa.ArrowInvalid:
                pass
        try:
            return as_type(flat, kind)
        except pa.ArrowInvalid:
            if not pa.types.is_integer(kind):
                raise
            return as_type(flat, pa.float64()).cast(kind)  # 5.0, say


class NumberField(Field):
    """Numbers, and how they are written as text.

    Attributes:
        before: text before each number, such as `$`.
        after: text after it, such as ` %`.
        point: the decimal point.
        thousands: what stands between groups of three digits; empty where nothing does.
        negative: how a number below 0 is written; `#` is the number with its texts.
        padded: decimals that are written at least, with zeros.
        grouped: digits of a group before the last three: 2 in India, as in 12,34,567.
    """

    before: str = pydantic.Field(default="", max_length=20)
    after: str = pydantic.Field(default="", max_length=20)
    point: Literal[".", ","] = "."
    thousands: str = pydantic.Field(default="", max_length=1)
    negative: Negative = "-#"
    padded: int = pydantic.Field(default=0, ge=0, le=20)
    grouped: Literal[2, 3] = 3

    @pydantic.model_validator(mode="after")
    def _two_marks(self) -> "NumberField":
        if self.point == self.thousands:
            raise ValueError("the decimal point is also the mark of thousands")
        return self

    @property
    def form(self) -> NumberFormat:
        """How numbers are written."""
        return NumberFormat(*(getattr(self, name) for name in NumberFormat.__match_args__))

    @property
    def written(self) -> NumberFormat | None:
        """See `Field.written`."""
        return self.form if self.form != NumberFormat() else None

    @property
    def details(self) -> str:
        """How they are written, where that is not the usual way."""
        return f"written as {self.form.example}" if self.written else ""

    def value_of(self, text: Any) -> float:
        """A number, or text of the column's own form."""
        import pyarrow as pa

        if self.written and isinstance(text, str):
            try:
                return float(self.written.read(pa.array([text.strip()]), pa.float64())[0].as_py())
            except (pa.ArrowInvalid, TypeError):
                pass
        return super().value_of(text)

    def _out(self, numbers: "pa.Array", places: int | None) -> "pa.Array":
        """Numbers in the field's `dtype`."""
        if is_text(self.arrow_type):
            return self.form.write(numbers, places).cast(self.arrow_type)
        return numbers.cast(self.arrow_type, safe=places == 0 and self.kind == "integer")


class IntegerField(NumberField):
    """Whole numbers."""

    kind = "integer"
    dtype: str = "int64"

    def to_values(self, column: "pa.Array | pa.ChunkedArray") -> np.ndarray:
        """The numbers themselves."""
        import pyarrow as pa

        values = floats(self.read(column, pa.int64()))
        if np.nanmax(np.abs(values), initial=0.0) > LARGEST_INTEGER:
            raise DataError(
                f"column {self.name!r} holds whole numbers beyond 2^53, which lose digits. If they "
                f"are identifiers, make it a key: {schema(self.name, 'key')}; if they are "
                "names, a category."
            )
        return values

    def to_arrow(self, values: np.ndarray) -> "pa.Array":
        """Rounded to whole numbers."""
        import pyarrow as pa

        whole = np.nan_to_num(np.round(values)).astype(np.int64)
        return self._out(pa.array(whole, mask=np.isnan(values)), 0)


class FloatField(NumberField):
    """Real numbers, with as many decimals as the data has.

    Attributes:
        places: decimals; None where values are not rounded.
    """

    kind = "float"
    dtype: str = "double"
    places: Places | None = None

    @property
    def decimals(self) -> int | None:
        """`places`."""
        return self.places

    @property
    def details(self) -> str:
        """How many decimals."""
        places = "" if self.places is None else f"{self.places} decimal{'s' * (self.places != 1)}"
        return ", ".join(filter(None, (places, super().details)))

    def to_values(self, column: "pa.Array | pa.ChunkedArray") -> np.ndarray:
        """The numbers themselves; of types that are not float64 the nearest with the decimals."""
        import pyarrow as pa

        values = floats(self.read(column, pa.float64()))
        infinite = int(np.isinf(values).sum())
        if infinite:
            raise DataError(
                f"column {self.name!r} holds {infinite} infinite numbers. Replace them, or leave "
                "them missing."
            )
        if self.places is not None and self.dtype != "double":
            return np.round(values, self.places)
        return values

    def to_arrow(self, values: np.ndarray) -> "pa.Array":
        """Rounded to `places`."""
        import pyarrow as pa

        exact = values if self.places is None else np.round(values, self.places)
        return self._out(pa.array(exact, mask=np.isnan(values)), self.places)


class BooleanField(Field):
    """True or false: the values 1 and 0."""

    kind = "boolean"
    dtype: str = "bool"

    @property
    def categories(self) -> tuple[str, ...]:
        """`false` and `true`."""
        return ("false", "true")

    def to_values(self, column: "pa.Array | pa.ChunkedArray") -> np.ndarray:
        """1 for what is true."""
        import pyarrow as pa

        flat = plain(column)
        if pa.types.is_boolean(flat.type) or is_text(flat.type):
            return floats(self.read(flat, pa.bool_()).cast(pa.int8()))
        values = floats(self.read(flat, pa.float64()))
        odd = values[~np.isnan(values) & (values != 0) & (values != 1)]
        if len(odd):
            raise DataError(
                f"column {self.name!r} cannot be of kind boolean: it holds {odd[0]:g}, and only 0 "
                "and 1 are true or false. Give it another kind."
            )
        return values

    def to_arrow(self, values: np.ndarray) -> "pa.Array":
        """True or false, or 1 and 0 where the column holds numbers."""
        import pyarrow as pa

        return pa.array(values == 1, mask=np.isnan(values)).cast(self.arrow_type)

    def value_of(self, text: Any) -> float:
        """1 for `true`, 0 for `false`; 1 and 0 will do too."""
        lowered = str(text).lower()
        if lowered in ("0", "1"):
            return float(lowered)
        if lowered not in self.categories:
            raise DataError(f"{self.name} is {text!r}, and it holds true and false. Give one.")
        return float(self.categories.index(lowered))


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

    @pydantic.field_validator("names")
    @classmethod
    def _different(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError("a category comes twice")
        return names

    @property
    def categories(self) -> tuple[str, ...]:
        """`names`."""
        return self.names

    @property
    def details(self) -> str:
        """How many names, and the first of them."""
        order, more = "in order" if self.ordered else "names", ", …" * (len(self.names) > 5)
        return f"{len(self.names)} {order}: {', '.join(map(shortened, self.names[:5]))}{more}"

    def to_values(self, column: "pa.Array | pa.ChunkedArray") -> np.ndarray:
        """Index of each category; one that is not known has the index after the last."""
        import pyarrow as pa

        pc = functions()

        coded = encoded(column)
        texts = coded.dictionary.cast(pa.string())
        found = pc.index_in(texts, value_set=pa.array(self.names, pa.string()))
        index = pc.fill_null(found, len(self.names)).to_numpy(zero_copy_only=False)
        table = np.append(index.astype(float), np.nan)
        if texts.null_count:
            table[:-1][texts.is_null().to_numpy(zero_copy_only=False)] = np.nan
        at = pc.fill_null(coded.indices.cast(pa.int64()), len(texts))
        return table[at.to_numpy(zero_copy_only=False)]

    def to_arrow(self, values: np.ndarray) -> "pa.Array":
        """Names; what is not known is missing."""
        import pyarrow as pa

        kind = self.arrow_type
        gone = np.isnan(values) | (values >= len(self.names))
        index = pa.array(np.where(gone, 0, values).astype(np.int64), mask=gone)
        names = pa.array(self.names, pa.string())
        if not isinstance(kind, pa.DictionaryType):
            return names.take(index).cast(kind)
        room = np.iinfo(kind.index_type.to_pandas_dtype()).max
        index = index.cast(kind.index_type if len(names) <= room else pa.int32())
        return pa.DictionaryArray.from_arrays(
            index, names.cast(kind.value_type), ordered=kind.ordered
        )

    def value_of(self, text: Any) -> float:
        """Index of a category."""
        if str(text) not in self.names:
            raise DataError(
                f"{self.name} has no value {text!r}.{did_you_mean(str(text), self.names)}"
            )
        return float(self.names.index(str(text)))
