"""Games of databases: they make units, a row of the main table and then all that hangs below."""

import re
from collections.abc import Mapping

from torch import Tensor

from zerosum.games.base import Game, Inputs
from zerosum.modalities.relational.chance import SEEDS, seeds_from
from zerosum.modalities.relational.making import main_rows, make_below
from zerosum.modalities.relational.network import RowsNetwork
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.tables.game import MaskedRows
from zerosum.rng import Noise


class UnitGame(Game):
    """A game with a network for each table."""

    made_in_parts = True
    no_graph = (
        "rows of a database are made table by table, each row given those above it: that is a "
        "program and no graph of one network."
    )

    @property
    def units(self) -> RelationalSpace:
        """The space, which is one of databases."""
        assert isinstance(self.space, RelationalSpace)
        return self.space

    @property
    def networks(self) -> Mapping[str, RowsNetwork]:
        """The network of each table, by its name."""
        raise TypeError(f"{type(self).__name__} must define networks")

    def top(self, name: str) -> MaskedRows:
        """Rows of a table without a parent, by themselves."""
        return MaskedRows(self.networks[name].network, self.units[name].rows)

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Uniform numbers: those of the unit's own row, and a seed of what hangs below it."""
        columns = len(self.units[self.units.main].rows.codecs)
        return Inputs(noise.uniform(n, 2 * columns + SEEDS))

    def generate(self, inputs: Inputs) -> Tensor:
        """Code + place of flat units, `[B, C]`."""
        units = self.units
        x = self.top(units.main).generate(Inputs(inputs.z[:, :-SEEDS]))
        values = units[units.main].rows.to_data(x)
        own = main_rows(values, seeds_from(inputs.z[:, -SEEDS:].cpu()))
        made = make_below(units, self.networks, {units.main: own})
        rows = {name: one.in_units(inputs.size) for name, one in made.items()}
        return units.to_model(units.flattened(rows)).to(inputs.z.device)


def table_players(space: RelationalSpace) -> list[str]:
    """The name of each table's player: its own, of letters, digits and `_` alone.

    Tables may be called anything. `_` is added to a name that is taken.
    """
    taken = {*dir(UnitGame()), "config", "space"}
    found = list[str]()
    for side in space.sides:
        name = re.sub(r"\W+", "_", side.name).strip("_") or "table"
        while name in taken:
            name += "_"
        taken.add(name)
        found.append(name)
    return found
