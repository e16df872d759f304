"""What a report adds to the figures of a table: columns, pairs, groups, constraints and rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from jinja2 import BaseLoader, PackageLoader

from zerosum.evaluation.reports.parts import Part, Shown
from zerosum.modalities.tables.judging.class_part import class_part
from zerosum.modalities.tables.judging.report import table_view
from zerosum.modalities.tables.judging.sketch import SHOWN_ROWS, TableSketch, sketch_table
from zerosum.modalities.tables.model import TableModel


@dataclass(frozen=True)
class TablePart(Part):
    """A sketch of the table.

    Attributes:
        sketch: what is drawn.
        reals: what samples are held against: `holdout` or `training data`.
    """

    kind: ClassVar[str] = "table"
    template: ClassVar[str] = "table.html.jinja"
    loader: ClassVar[BaseLoader] = PackageLoader("zerosum.modalities.tables.judging")
    sketch: TableSketch
    reals: str

    def shown(self) -> Mapping[str, Any]:
        """See `Part.shown`."""
        return table_view(self.sketch, reals=f"reals of the {self.reals}")

    def to_json(self) -> dict[str, Any]:
        """See `Part.to_json`."""
        return {"kind": self.kind, "held_against": self.reals, **self.sketch.to_json()}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """See `Part.read`."""
        return cls(TableSketch.read(data), data["held_against"])


def table_part(shown: Shown) -> Iterator[Part]:
    """Classes of a target, and the sketch of the table, without reals if these may not be shown."""
    model = shown.model
    assert isinstance(model, TableModel)
    yield from class_part(shown)
    closest = [
        (one.sample, one.nearest[0], one.distances[0])
        for one in shown.neighbours
        if one.chosen == "closest"
    ]
    as_made = None
    if model.table.constraints:
        as_made = model.as_made(len(shown.samples), seed=shown.seed)
    yield TablePart(
        sketch_table(
            model.table, shown.samples, shown.reference, lookalikes=closest, as_made=as_made,
            shown=0 if shown.private else SHOWN_ROWS, seed=shown.seed,
        ),
        shown.reals,
    )  # fmt: skip
