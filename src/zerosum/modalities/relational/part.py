"""What a report shows of a database: its tables and keys, and how many rows hang below others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from jinja2 import BaseLoader, PackageLoader

from zerosum.evaluation.reports.parts import Part, Shown
from zerosum.modalities.relational.keys import NOTHING, ORPHAN, is_unique, linked
from zerosum.modalities.relational.model import RelationalModel
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.plots.charts import bars
from zerosum.plots.shapes import Plot

_MOST_UNITS = 2_000
_MOST_BARS = 10


@dataclass(frozen=True)
class TableFacts:
    """What is said of one table.

    Attributes:
        name: of the table.
        refers: what it refers to, in words.
        rows: how many rows the training data has.
        made: how many were made for the report.
        keys: what came of looking at every key and reference that was made.
    """

    name: str
    refers: str
    rows: int
    made: int
    keys: str


@dataclass(frozen=True)
class CountSketch:
    """How many rows of one table refer to a row of another: shares among reals and samples."""

    name: str
    labels: tuple[str, ...]
    real: tuple[float, ...]
    made: tuple[float, ...]


@dataclass(frozen=True)
class DatabasePart(Part):
    """The schema with counts.

    Attributes:
        tables: in the order of the schema.
        counts: numbers of rows below others.
        reals: what samples are held against.
    """

    kind: ClassVar[str] = "database"
    template: ClassVar[str] = "database.html.jinja"
    loader: ClassVar[BaseLoader] = PackageLoader("zerosum.modalities.relational")
    tables: tuple[TableFacts, ...]
    counts: tuple[CountSketch, ...]
    reals: str

    def shown(self) -> Mapping[str, Any]:
        """See `Part.shown`."""
        return {"part": self, "plots": [(one, _plot(one)) for one in self.counts]}

    def to_json(self) -> dict[str, Any]:
        """See `Part.to_json`."""
        return {
            "kind": self.kind, "held_against": self.reals,
            "tables": [vars(one) for one in self.tables],
            "counts": [vars(one) for one in self.counts],
        }  # fmt: skip

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """See `Part.read`."""
        counts = [
            CountSketch(one["name"], *(tuple(one[key]) for key in ("labels", "real", "made")))
            for one in data["counts"]
        ]
        tables = tuple(TableFacts(**one) for one in data["tables"])
        return cls(tables, tuple(counts), data["held_against"])


def database_parts(shown: Shown) -> Iterator[Part]:
    """The schema with counts; keys are those of a database that is made for the report."""
    model, space = shown.model, shown.space
    assert isinstance(model, RelationalModel)
    assert isinstance(space, RelationalSpace)
    n = min(len(shown.samples), _MOST_UNITS)
    tables = model.tables(n, seed=shown.seed)
    rows = {side.name: side.rows.num_rows for side in space.sides}
    rows |= {one.name: one.num_rows for one in space.kept}
    facts = tuple(
        TableFacts(
            name=name, refers="; ".join(map(str, space.database[name].refers)),
            rows=rows[name], made=tables[name].num_rows, keys=_looked(space, name, tables),
        )
        for name in space.database.names
    )  # fmt: skip
    real, made = shown.reference.x.numpy(), shown.samples.x.numpy()
    counts = () if shown.private else tuple(
        _sketch(space.names[i], real[:, i], made[:, i]) for i in space.counted
    )  # fmt: skip
    yield DatabasePart(facts, counts, shown.reals)


def _looked(space: RelationalSpace, name: str, tables: Mapping[str, Any]) -> str:
    """What is wrong with keys of a table that was made; or that nothing is."""
    keys, table = space.database[name], tables[name]
    problems = []
    if keys.key and table.num_rows and not is_unique([table.column(one) for one in keys.key]):
        problems.append(f"{', '.join(keys.key)} repeats")
    looked = 0
    for one in keys.refers:
        link = linked(
            [table.column(column) for column in one.columns],
            [tables[one.to].column(key) for key in one.keys],
        )
        lost = int((link.row == ORPHAN).sum())
        looked += int((link.row != NOTHING).sum())
        if lost:
            problems.append(f"{lost:,} orphans of {one.to}")
    if problems:
        return "; ".join(problems)
    if not keys.key and not keys.refers:
        return "none"
    return f"whole: {looked:,} of {looked:,} references lead to a row" if looked else "whole"


def _sketch(name: str, real: np.ndarray, made: np.ndarray) -> CountSketch:
    """Shares of the numbers of rows; of many, in ranges of equal width."""
    sides = [side[~np.isnan(side)] for side in (real, made)]
    most = int(max((side.max(initial=0) for side in sides), default=0))
    step = -(-(most + 1) // _MOST_BARS)
    edges = np.arange(0, most + step + 1, step)
    labels = tuple(
        str(low) if step == 1 else f"{low} to {low + step - 1}" for low in edges[:-1].tolist()
    )
    shares = [tuple((np.histogram(side, edges)[0] / max(len(side), 1)).tolist()) for side in sides]
    return CountSketch(name, labels, *shares)


def _plot(one: CountSketch) -> Plot:
    titles = [
        f"{label}: {made:.1%} of samples, {real:.1%} of reals"
        for label, made, real in zip(one.labels, one.made, one.real, strict=True)
    ]
    most = max(*one.real, *one.made, 1e-9)
    return bars(one.labels, one.real, one.made, most=most, titles=titles, label=one.name)
