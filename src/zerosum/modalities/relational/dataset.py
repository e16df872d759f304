"""A database as a data set: flat units, and beside them the rows that networks learn from."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.modalities.relational.fit import Fitted
from zerosum.modalities.relational.layout import Placed, TableRows, ranges
from zerosum.modalities.relational.schema import DatabaseSchema
from zerosum.modalities.relational.space import HEADER, RelationalSpace
from zerosum.modalities.tables.fields import Field


class UnitDataset(Dataset):
    """Flat units in memory, of a database whose space is known: those that models are judged by.

    Args:
        flat: values, float64 `[U, D]`.
        space: what a unit is.
        name: how messages call it.
        counts: rows of each table.
    """

    def __init__(
        self, flat: Tensor, space: RelationalSpace, *, name: str, counts: Mapping[str, int]
    ) -> None:
        self._flat, self.space, self.name, self.counts = flat, space, name, dict(counts)
        self.fingerprint = _digest(space, flat)

    def __len__(self) -> int:
        return len(self._flat)

    def take(self, indices: Tensor) -> tuple[Tensor, None]:
        """Values of flat units, float64 `[B, D]`."""
        return self._flat[indices], None

    @property
    def resident(self) -> tuple[Tensor, None]:
        """All values, float64 `[U, D]`, without labels."""
        return self._flat, None


@dataclass(frozen=True)
class OpenedDatabase:
    """The rows of a database that was opened for a private training; see `private`.

    Attributes:
        schema: how its tables refer to each other: they make a tree.
        fields: every column of each table.
        rows: of each table.
        parents: number of the reference to the parent, by table; kept tables have none here.
        main: the table whose rows are units.
        most_rows: how many rows of a table enter of each unit, where the user says so.
    """

    schema: DatabaseSchema
    fields: Mapping[str, Sequence[Field]]
    rows: Mapping[str, TableRows]
    parents: Mapping[str, int | None]
    main: str
    most_rows: Mapping[str, int]


class RelationalDataset(UnitDataset):
    """A database to learn from.

    Attributes:
        opened: its rows, where it was opened for a private training.

    Args:
        fitted: its units.
        name: how messages call it.
        library: whose frames it came in; None for files and databases.
    """

    in_parts = True
    opened: OpenedDatabase | None = None

    def __init__(self, fitted: Fitted, *, name: str, library: str | None = None) -> None:
        counts = {side.name: side.rows.num_rows for side in fitted.space.sides}
        counts |= {one.name: one.num_rows for one in fitted.space.kept}
        super().__init__(fitted.flat, fitted.space, name=name, counts=counts)
        self.library = library
        self._placed = fitted.placed
        self._codes = {
            side.name: side.rows.to_model(fitted.values[side.name]).floor().int().numpy()
            for side in fitted.space.sides
        }
        digest = hashlib.sha256(self.fingerprint.encode())
        for name_, codes in self._codes.items():
            digest.update(codes.tobytes())
            digest.update(fitted.values[name_].numpy().tobytes())
            digest.update(self._placed[name_].parent.tobytes())
        self.fingerprint = digest.hexdigest()[:32]

    def parts_of(self, indices: Tensor) -> Tensor:
        """Rows of the units, int32 `[R, HEADER + C]`: table by table, and unit by unit.

        Of each table those of the first units alone that it is learned from.
        """
        assert isinstance(self.space, RelationalSpace)
        units, parts = indices.numpy(), []
        limits = self.units_learned_from(len(units))
        widest = HEADER + max(codes.shape[1] for codes in self._codes.values())
        begun: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for number, side in enumerate(self.space.sides):
            placed, mine = self._placed[side.name], units[: limits[side.name]]
            first, stop = placed.start[mine], placed.start[mine + 1]
            rows, sizes = ranges(first, stop), stop - first
            begun[side.name] = first, np.cumsum(sizes) - sizes
            within = np.repeat(np.arange(len(mine)), sizes)
            part = np.zeros((len(rows), widest), np.int32)
            part[:, 0] = number
            part[:, 1] = self._above(side.name, placed, rows, within, begun)
            part[:, 2], part[:, 3] = placed.position[rows], placed.family[rows]
            part[:, 4] = within
            codes = self._codes[side.name]
            part[:, HEADER : HEADER + codes.shape[1]] = codes[rows]
            parts.append(part)
        return torch.from_numpy(np.concatenate(parts))

    def units_learned_from(self, count: int) -> Mapping[str, int]:
        """How many units of a batch of `count` each table is learned from."""
        assert isinstance(self.space, RelationalSpace)
        return self.space.units_in(count)

    def _above(
        self, name: str, placed: Placed, rows: np.ndarray, within: np.ndarray,
        begun: Mapping[str, tuple[np.ndarray, np.ndarray]],
    ) -> np.ndarray:  # fmt: skip
        """Where each row's parent is in the part of its own table, -1 without one."""
        assert isinstance(self.space, RelationalSpace)
        to = self.space.parents.get(name)
        parent = placed.parent[rows]
        if to is None or not len(rows):
            return np.full(len(rows), -1)
        first, place = begun[to]
        return np.where(parent >= 0, parent - first[within] + place[within], -1)


def _digest(space: RelationalSpace, flat: Tensor) -> str:
    """Digest of the tables' names and of flat units."""
    digest = hashlib.sha256(repr(space.database.names).encode())
    digest.update(torch.where(flat.isnan(), torch.nan, flat + 0.0).numpy().tobytes())
    return digest.hexdigest()[:32]
