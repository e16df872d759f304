"""Gradients of the rows of one table, clipped by unit, many units at a time.

Abadi et al., "Deep learning with differential privacy", CCS 2016, arXiv:1607.00133. The gradient of
a unit is that of all its rows of the table together. See `zerosum.networks.clipping` for how it is
made; the forward pass is that of `RowsNetwork.log_prob`, with means taken within each unit.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from zerosum.modalities.relational.network import CodeReader, RowsNetwork, places_of
from zerosum.networks.clipping import AT_ONCE, OwnedRows, TracedColumns, add_clipped, slopes
from zerosum.networks.masked_private import clipped_gradient, require_narrow


@dataclass(frozen=True)
class RowsBelow:
    """Rows of one table, unit by unit and parent by parent.

    Attributes:
        codes: int64 `[T, C]`.
        above: codes of each row above, int64 `[T, C']` for each table above, the parent first.
        position: how many rows of the same parent come before each, int64 `[T]`.
        family: how many there are of each parent, int64 `[T]`.
        unit: which unit each belongs to, int64 `[T]`, in order.
    """

    codes: Tensor
    above: tuple[Tensor, ...]
    position: Tensor
    family: Tensor
    unit: Tensor

    def some(self, rows: Tensor) -> "RowsBelow":
        """Those of the rows, int64 `[t]`."""
        above = tuple(one[rows] for one in self.above)
        return RowsBelow(
            self.codes[rows], above, self.position[rows], self.family[rows], self.unit[rows]
        )


def clipped_units(network: RowsNetwork, rows: RowsBelow, *, clip: float) -> Tensor:
    """Leave the sum of all units' gradients, each of norm `clip` at most, with the parameters.

    The loss of a unit is the negative log-likelihood of its rows of the table.

    Args:
        network: of the table, without columns that are read through vectors.
        rows: its rows; each has one row above it in every table above.
        clip: the largest norm of one unit's gradient.

    Returns:
        The norms before they were clipped, `[U]`, of the units that have rows.

    Raises:
        RecipeError: a column has too many codes.
    """
    setting = "game.generator.rows.wide"
    if not network.above:
        return clipped_gradient(network.row, rows.codes, clip=clip, setting=setting)
    require_narrow(network.row, setting=setting)
    for one in network.parameters():
        one.grad = torch.zeros_like(one)
    _, sizes = torch.unique_consecutive(rows.unit, return_counts=True)
    starts = sizes.cumsum(0) - sizes
    norms = torch.zeros(len(sizes), device=sizes.device)
    # Units of about as many rows are taken together, so that little is padded.
    for some in sizes.argsort(descending=True, stable=True).split(AT_ONCE) if len(sizes) else ():
        valid = torch.arange(int(sizes[some].max()), device=sizes.device) < sizes[some][:, None]
        which = (starts[some][:, None] + torch.arange(valid.shape[1], device=sizes.device))[valid]
        found = _gradients(network, rows.some(which), OwnedRows(valid))
        norms[some] = add_clipped(network, found, clip=clip)
    return norms


def _gradients(network: RowsNetwork, rows: RowsBelow, by: OwnedRows) -> dict[str, Tensor]:
    """Each unit's gradient of each parameter, `[B, ...]` by name."""
    said = network.none.expand(len(rows.codes), -1)
    for reader, codes in zip(network.readers, rows.above, strict=True):
        said = said + reader(codes)
    above = silu(said)
    read_last, read_before = network.last(rows.codes), network.before(rows.codes)
    first = (rows.position == 0)[:, None]
    last = torch.where(first, 0.0, read_last.roll(1, dims=0))
    before = _means(read_before, rows.position, by)
    told = torch.cat([above, last, before, places_of(rows.position, rows.family)], dim=1)
    sums = network.hidden(told)
    hidden = silu(sums)
    context = network.out(hidden)
    row = TracedColumns(network.row, rows.codes, context)
    asked = [said, read_last, read_before, sums, context, *row.sums, row.heads]
    back = slopes(-row.log_prob.sum(), asked)
    with torch.no_grad():
        to_said, to_last, to_before, to_sums, to_context, *to_row = back
        found = {
            "none": by.total(to_said),
            "last.vectors": network.last.scattered(rows.codes, to_last, by),
            "before.vectors": network.before.scattered(rows.codes, to_before, by),
            "hidden.weight": by.product(to_sums, told),
            "hidden.bias": by.total(to_sums),
            "out.weight": by.product(to_context, hidden),
            "out.bias": by.total(to_context),
        }
        for i, (reader, codes) in enumerate(zip(network.readers, rows.above, strict=True)):
            assert isinstance(reader, CodeReader)
            found[f"readers.{i}.vectors"] = reader.scattered(codes, to_said, by)
        of_row = row.gradients(by, rows.codes, context, to_row)
        return found | {f"row.{name}": one for name, one in of_row.items()}


def _means(read: Tensor, position: Tensor, by: OwnedRows) -> Tensor:
    """The mean of what the rows of the same parent before each say, `[T, V]`; 0 for first rows.

    Sums run within a unit, so that nothing of it comes back to another.
    """
    total = nn.functional.pad(by.padded(read.double()).cumsum(1), (0, 0, 1, 0))
    place = by.place
    sums = total[by.owner, place] - total[by.owner, place - position]
    return (sums / position.clamp_min(1)[:, None]).to(read.dtype)
