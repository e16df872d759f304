"""The type of a written form: how values of a column are written as text, and read from it."""

import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import pyarrow as pa

WRITTEN = b"written"
"""Metadata of an arrow column that say how it is written as text."""


@dataclass(frozen=True)
class WrittenForm(ABC):
    """How the values of a column are written as text."""

    kind: ClassVar[str]

    @abstractmethod
    def read(self, texts: "pa.Array", kind: "pa.DataType") -> "pa.Array":
        """Values of texts, in an arrow type.

        Raises:
            pyarrow.ArrowInvalid: a text is not of this form.
        """

    @abstractmethod
    def fits(self, texts: "pa.Array") -> "pa.Array":
        """Which of some texts are of this form; none of them is missing."""

    @abstractmethod
    def write(self, column: "pa.Array | pa.ChunkedArray", places: int | None = None) -> "pa.Array":
        """The texts of values.

        Args:
            column: values of an arrow type that `read` gives.
            places: decimals of numbers; if not given, as many as each has.
        """

    @property
    @abstractmethod
    def example(self) -> str:
        """How a value looks."""

    def attributes(self) -> dict[str, Any]:
        """What differs from the usual form, by name: attributes of a field."""
        usual = {one.name: one.default for one in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != usual[name]}

    def metadata(self, places: int | None = None) -> dict[bytes, bytes]:
        """The form as metadata of an arrow column."""
        told = {"kind": self.kind, "places": places, "form": asdict(self)}
        return {WRITTEN: json.dumps(told).encode()}
