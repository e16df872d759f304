"""What a report shows of texts: some of them, with their rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from jinja2 import BaseLoader, PackageLoader

from zerosum.evaluation.reports.parts import Part, Shown
from zerosum.modalities.strings.frames import cells_of, to_texts
from zerosum.modalities.strings.space import TextSpace

_FEW, _LETTERS = 12, 600


@dataclass(frozen=True)
class TextsPart(Part):
    """Rows with their texts, in letters of any script.

    Attributes:
        names: of the columns, the one of texts first.
        rows: cells of each row.
    """

    kind: ClassVar[str] = "texts"
    template: ClassVar[str] = "texts.html.jinja"
    loader: ClassVar[BaseLoader] = PackageLoader("zerosum.modalities.strings", "pages")
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def to_json(self) -> dict[str, Any]:
        """See `Part.to_json`."""
        return {
            "kind": self.kind, "names": [*self.names], "rows": [[*row] for row in self.rows],
        }  # fmt: skip

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """See `Part.read`."""
        return cls(tuple(data["names"]), tuple(map(tuple, data["rows"])))


def text_parts(shown: Shown) -> Iterator[Part]:
    """Twelve samples; texts of people are shown of the model alone."""
    assert isinstance(shown.space, TextSpace)
    table, text = to_texts(shown.space, shown.samples.x[:_FEW]), shown.space.text
    names = (text, *(name for name in table.column_names if name != text))
    columns = [[_short(cell or "") for cell in cells_of(table[name])] for name in names]
    yield TextsPart(names, tuple(zip(*columns, strict=True)))


def _short(cell: str) -> str:
    return cell if len(cell) <= _LETTERS else f"{cell[: _LETTERS - 1]}…"
