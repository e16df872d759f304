"""Constraints that the rows keep, and that nobody asked for: they are offered, and not made."""

import json
from collections.abc import Iterator

from torch import Tensor

from zerosum.faces import either, option
from zerosum.modalities.tables.calendar_fitting import orders_of
from zerosum.modalities.tables.constraints.inequality import Inequality
from zerosum.modalities.tables.space import TableSpace


def offered(space: TableSpace, values: Tensor) -> Iterator[str]:
    """Sentences about orders of moments that all rows `[N, D]` keep, and how to hold to them."""
    fields = {field.name: field for field in space.modelled}
    held = [set(one.columns) for one in space.constraints if isinstance(one, Inequality)]
    for low, high in orders_of(space.columns(values), fields):
        if any({low, high} <= columns for columns in held):
            continue
        rule = json.dumps([{"kind": "inequality", "low": low, "high": high}])
        how = either(
            python=f"constraints=[zs.Inequality({low!r}, '<=', {high!r})]",
            shell=f"--constraints with a file that holds {rule}",
            page=option("constraints", rule),
        )
        yield f"{low!r} is after {high!r} in no row. To keep it so in every row made, give {how}."
