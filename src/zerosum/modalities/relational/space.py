"""The space of units of a database: what flat units are, and all that is needed to make whole ones.

A sample is a unit: one row of the main table with everything that hangs below it. As the engine,
the judge and attacks see it, it is one row of a table (see `flat`). Its rows come beside it, so
that networks learn from all of them (`Dataset.parts_of`).
"""

from collections.abc import Mapping
from functools import cached_property
from math import ceil

import torch
from pydantic import Field as Limits
from pydantic import model_validator
from torch import Tensor

from zerosum.errors import ConfigError, RecipeError
from zerosum.modalities.relational.flat import Below, UnitRows, flat_fields, flatten, tables_below
from zerosum.modalities.relational.schema import MOST_TABLES, DatabaseSchema
from zerosum.modalities.relational.sides import COUNT, KeptTable, Side
from zerosum.modalities.tables.space import TableSpace
from zerosum.spaces import Space

HEADER = 5
"""Numbers of a part before its codes: table, place of its parent among the parts of that table,
position among the rows of its parent, how many these are, and the unit within the batch."""

_ROWS_OF_A_STEP = 768
_EPOCHS, _LEAST_STEPS, _LEAST_ROWS = 10, 800, 512
_MANY, _FEWEST_EPOCHS = 2_000_000, 4
"""Of large tables rows are seen fewer times, so that not many more than these are."""


class RelationalSpace(TableSpace):
    """Units of a database.

    Attributes:
        database: how its tables refer to each other.
        main: the table whose rows are units.
        sides: the tables that are modelled, each after those that it refers to.
        kept: the tables that are kept as they are.
    """

    kind = "relational"
    unit = "units"
    database: DatabaseSchema
    main: str
    sides: tuple[Side, ...] = Limits(min_length=1, max_length=MOST_TABLES)
    kept: tuple[KeptTable, ...] = ()

    @model_validator(mode="after")
    def _sides_fit(self) -> "RelationalSpace":
        names = [side.name for side in self.sides]
        if self.main not in names or self[self.main].parent is not None:
            raise ConfigError(f"the main table {self.main!r} is not among {', '.join(names)}.")
        known: set[str] = {one.name for one in self.kept}
        for side in self.sides:
            refers = self.database[side.name].refers
            used = [one.reference for one in side.matches]
            used += [] if side.parent is None else [side.parent]
            if any(number >= len(refers) for number in used):
                raise ConfigError(f"{side.name!r} has fewer references than are modelled.")
            to = None if side.parent is None else refers[side.parent].to
            if to is not None and (to not in names or COUNT + side.name not in self[to].rows.names):
                raise ConfigError(f"{to!r} does not say how many rows of {side.name!r} it has.")
            for one in side.matches:
                if one.column not in side.rows.names:
                    raise ConfigError(f"{side.name!r} has no column {one.column!r}.")
            if to is not None and to not in known:
                raise ConfigError(f"{side.name!r} stands before {to!r}, which it refers to.")
            known.add(side.name)
        for one in self.kept:
            if len({len(column) for column in one.codes}) > 1 or len(one.codes) != len(one.fields):
                raise ConfigError(f"the columns of the kept table {one.name!r} differ in length.")
        return self

    def __getitem__(self, name: str) -> Side:
        return next(side for side in self.sides if side.name == name)

    @cached_property
    def parents(self) -> dict[str, str]:
        """Name of the parent's table, by name of each table that has one."""
        return {
            side.name: self.database[side.name].refers[side.parent].to
            for side in self.sides
            if side.parent is not None
        }

    @cached_property
    def below(self) -> list[Below]:
        """The tables that hang below the main one."""
        return tables_below(self[self.main], self.sides, self.parents)

    @cached_property
    def hops(self) -> tuple[int, ...]:
        """How many hops from the main table each column of flat units is."""
        return tuple(flat_fields(self[self.main], self.below)[1])

    @cached_property
    def counted(self) -> tuple[int, ...]:
        """Columns of flat units that say how many rows of a table refer to a row."""
        sides = [(self.main, "")] + [(one.side.name, f"{one.side.name}.") for one in self.below]
        wanted = {
            f"{before}{COUNT}{child.name}"
            for name, before in sides
            for child in self.children(name)
        }
        return tuple(i for i, name in enumerate(self.names) if name in wanted)

    def flattened(self, rows: Mapping[str, UnitRows]) -> Tensor:
        """Values of flat units, float64 `[U, D]`."""
        return flatten(self[self.main], self.below, rows)

    def children(self, name: str) -> list[Side]:
        """The tables whose parent is `name`."""
        return [side for side in self.sides if self.parents.get(side.name) == name]

    @cached_property
    def steps(self) -> int:
        """Steps of a training in which every table is seen often enough."""
        return max(_LEAST_STEPS, *(ceil(_budget(side) / _ROWS_OF_A_STEP) for side in self.sides))

    @cached_property
    def units_of_a_step(self) -> dict[str, int]:
        """How many units of a batch each table is learned from: about as many rows of each.

        Of a table that another hangs below there are at least as many.
        """
        found: dict[str, int] = {}
        for side in reversed(self.sides):
            rows = _budget(side) / self.steps
            each = side.rows.num_rows / self.num_rows
            below = [found[child.name] for child in self.children(side.name)]
            found[side.name] = max(min(ceil(rows / each), max(self.num_rows // 8, 1)), *below, 1)
        return found

    def units_in(self, batch: int) -> dict[str, int]:
        """The same, of a batch of any size."""
        most = max(self.units_of_a_step.values())
        return {
            name: min(ceil(units * batch / most), batch)
            for name, units in self.units_of_a_step.items()
        }

    def split(self, parts: Tensor) -> dict[str, Tensor]:
        """Rows of each table, int32 `[R, HEADER + C]`, of the parts of a batch."""
        table = parts[:, 0].contiguous()
        numbers = torch.arange(len(self.sides) + 1, device=parts.device, dtype=table.dtype)
        edges = torch.searchsorted(table, numbers).tolist()
        return {
            side.name: parts[edges[i] : edges[i + 1], : HEADER + len(side.rows.codecs)]
            for i, side in enumerate(self.sides)
        }

    @property
    def description(self) -> str:
        """Tables and rows in words."""
        return f"databases of {len(self.sides) + len(self.kept)} tables"

    def mismatch(self, other: Space, what: str) -> str | None:
        """See `Space.mismatch`."""
        if not isinstance(other, RelationalSpace):
            return Space.mismatch(self, other, what)
        if other.database.names != self.database.names:
            return (
                f"{what} has the tables {', '.join(other.database.names)}, and the model makes "
                f"{', '.join(self.database.names)}. Give a database of the same tables."
            )
        return super().mismatch(other, what)


def _budget(side: Side) -> int:
    """Rows of a table that are seen in a training, each as often as it comes."""
    rows = side.rows.num_rows
    often = min(_EPOCHS * rows, max(_MANY, _FEWEST_EPOCHS * rows))
    return max(often, _LEAST_STEPS * min(_LEAST_ROWS, max(rows // 8, 1)))


def require_relational(space: Space, *, network: str) -> RelationalSpace:
    """`space`, known to hold units of a database.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, RelationalSpace):
        raise RecipeError(
            f"{network} takes databases, and the data is of kind {space.kind!r}. Take a recipe "
            f"that lists {space.kind!r} under `zerosum recipes`."
        )
    return space
