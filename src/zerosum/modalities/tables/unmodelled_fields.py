"""Fields that nothing is learned of: keys, which are made anew, constants, and free text."""

from abc import abstractmethod
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import pydantic

from zerosum.errors import DataError
from zerosum.modalities.tables.arrow import is_text
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.written.base import WrittenForm

if TYPE_CHECKING:
    import pyarrow as pa

_MIX = np.uint64(0x9E3779B97F4A7C15)


class UnlearnedField(Field):
    """A column without values: it is made by the number of the row."""

    @property
    def modelled(self) -> bool:
        """Never."""
        return False

    @abstractmethod
    def make(self, n: int, start: int = 0) -> "pa.Array":
        """The column of rows `start` to `start + n`.

        Raises:
            DataError: there is no such column.
        """

    def to_values(self, column: "pa.Array | pa.ChunkedArray") -> np.ndarray:
        """Never: it has none."""
        raise TypeError(f"{self.name} is a field of kind {self.kind}, which has no values")

    def to_arrow(self, values: np.ndarray) -> "pa.Array":
        """Never: see `make`."""
        raise TypeError(f"{self.name} is a field of kind {self.kind}, which is made by its rows")


class KeyField(UnlearnedField):
    """What identifies a row: new and unique ones, of the pattern of the data's.

    Numbered keys go on after the largest of the data. Keys of random letters (as UUIDs are) have
    at each position one of the letters that the data has there, and depend on nothing but the
    number of the row.

    Attributes:
        before: text before the number.
        after: text after it.
        digits: digits of the number, with zeros in front.
        first: the number of row 0.
        letters: for keys of random letters, those of each position; empty for numbered keys.
    """

    kind = "key"
    dtype: str = "int64"
    before: str = ""
    after: str = ""
    digits: int = pydantic.Field(default=1, ge=0, le=1_000)
    first: int = pydantic.Field(default=1, ge=-(2**62), le=2**62)
    letters: tuple[str, ...] = ()

    @property
    def details(self) -> str:
        """The first that are made."""
        room = prod(map(len, self.letters)) if self.letters else 2
        shown = self.make(min(2, room)).to_pylist()
        return f"made anew: {', '.join(map(str, shown))}, …"

    def make(self, n: int, start: int = 0) -> "pa.Array":
        """Unique keys of rows `start` to `start + n`.

        Raises:
            DataError: the pattern has not as many.
        """
        import pyarrow as pa

        kind = self.arrow_type
        if self.letters:
            return pa.array(self._random(n, start)).cast(kind)
        numbers = range(self.first + start, self.first + start + n)
        if not is_text(kind):
            return pa.array(numbers, pa.int64()).cast(kind)
        texts = [f"{self.before}{number:0{self.digits}}{self.after}" for number in numbers]
        return pa.array(texts, pa.string()).cast(kind)

    def _random(self, n: int, start: int) -> list[str]:
        """Keys whose letters are those of the row's number, scrambled one to one."""
        room = prod(map(len, self.letters))
        if start + n > room:
            raise DataError(
                f"column {self.name!r} has keys of {len(self.letters)} letters, of which there are "
                f"{room:,} in all; {start + n:,} rows need more. Drop it, or make fewer rows."
            )
        numbers = np.arange(start, start + n, dtype=np.uint64)
        places = np.zeros((len(self.letters), n), np.uint64)
        for position in reversed(range(len(self.letters))):
            size = np.uint64(len(self.letters[position]))
            places[position], numbers = numbers % size, numbers // size
        scramble(places, [len(letters) for letters in self.letters])
        drawn = [np.array(list(own))[at] for own, at in zip(self.letters, places, strict=True)]
        return ["".join(key) for key in zip(*drawn, strict=True)]


class ConstantField(UnlearnedField):
    """One value in every row, or nothing in any.

    Attributes:
        of: how the value is written; None where all is missing.
        value: the value; None where all is missing.
    """

    kind = "fixed"
    of: Field | None = None
    value: float | None = None

    @property
    def written(self) -> WrittenForm | None:
        """See `Field.written`: as values of its field are."""
        return self.of.written if self.of is not None else None

    @property
    def decimals(self) -> int | None:
        """See `Field.decimals`."""
        return self.of.decimals if self.of is not None else super().decimals

    @property
    def details(self) -> str:
        """The value."""
        shown = self.make(1)[0].as_py()
        return "always missing" if shown is None else f"always {shown}"

    def make(self, n: int, start: int = 0) -> "pa.Array":
        """The value `n` times."""
        import pyarrow as pa

        if self.of is None or self.value is None:
            return pa.nulls(n, self.arrow_type)
        return self.of.to_arrow(np.full(n, self.value))


class TextField(UnlearnedField):
    """Free text: many long values that differ, of which a table model can learn nothing.

    Attributes:
        examples: some of them.
    """

    kind = "text"
    dtype: str = "string"
    examples: tuple[str, ...] = ()

    @property
    def details(self) -> str:
        """What to do about it."""
        return "refused: drop it, or give it a kind"

    def make(self, n: int, start: int = 0) -> "pa.Array":
        """Never.

        Raises:
            DataError: always.
        """
        raise DataError(f"column {self.name!r} is free text, which is not made.")


def scramble(places: np.ndarray, sizes: list[int]) -> None:
    """Shift each digit, `[L, n]` with `sizes[l]` values, by those before it, then by those after.

    Either pass can be undone digit by digit, so that different rows stay different.
    """
    for order in (range(len(sizes)), reversed(range(len(sizes)))):
        state = np.full(places.shape[1], _MIX)
        for position in order:
            size = np.uint64(sizes[position])
            shift = (state >> np.uint64(33)) % size
            before = places[position].copy()
            places[position] = (before + shift) % size
            state = (state ^ (before + np.uint64(position + 1))) * _MIX
            state ^= state >> np.uint64(29)
