"""Gradients clipped by unit, against a loop over units."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from zerosum.errors import RecipeError
from zerosum.modalities.relational.modality import small_database
from zerosum.modalities.relational.network import RowsNetwork, RowsNetworkConfig
from zerosum.modalities.relational.network_private import RowsBelow, clipped_units
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.networks.masked import MaskedNetworkConfig
from zerosum.rng import Noise, seeded_initialisation

SPACE = small_database(depth=3).space
assert isinstance(SPACE, RelationalSpace)


def network(name: str, *, depth: int = 2, wide: int = 1_000) -> RowsNetwork:
    """Of the table, with some of everything in its parameters."""
    assert isinstance(SPACE, RelationalSpace)
    above, to = [], SPACE.parents.get(name)
    while to is not None:
        above.append(SPACE[to])
        to = SPACE.parents.get(to)
    rows = MaskedNetworkConfig(width=20, depth=depth, wide=wide)
    with seeded_initialisation(0):
        net = RowsNetworkConfig(rows=rows, context=6, vector=5).build(SPACE[name], above)
        for parameter in net.parameters():
            parameter.data += 0.3 * torch.randn_like(parameter)
    return net


def rows_of(name: str, *, units: int = 40) -> RowsBelow:
    """Rows of units, of which families have up to four."""
    space, noise = SPACE, Noise(3)
    assert isinstance(space, RelationalSpace)

    def codes(table: str, n: int) -> Tensor:
        sizes = space[table].rows.sizes
        return torch.stack([noise.integers(n, high=size) for size in sizes], dim=1)

    family, unit, above_at = [], [], []
    for one in range(units):
        for _ in range(int(noise.integers(1, high=3)) if one else 2):
            many = 1 + int(noise.integers(1, high=4))
            family += [many] * many
            unit += [one] * many
            above_at += [len(above_at)] * many
    n = len(unit)
    position = torch.tensor([i - above_at.index(above_at[i]) for i in range(n)])
    at = torch.tensor(above_at)
    above, to = [], space.parents.get(name)
    while to is not None:
        above.append(codes(to, n)[at])
        to = space.parents.get(to)
    return RowsBelow(
        codes(name, n), tuple(above), position, torch.tensor(family), torch.tensor(unit)
    )


def log_prob(net: RowsNetwork, rows: RowsBelow) -> Tensor:
    if not rows.above:
        return net.row.log_prob(rows.codes)
    each = torch.arange(len(rows.codes))
    said = net.said_above(rows.above, [each] * len(rows.above))
    return net.log_prob(rows.codes, said, rows.position, rows.family)


def by_hand(net: RowsNetwork, rows: RowsBelow, clip: float) -> tuple[list[Tensor], Tensor]:
    total = [torch.zeros_like(one) for one in net.parameters()]
    norms = []
    for unit in rows.unit.unique():
        mine = torch.nonzero(rows.unit == unit).flatten()
        loss = -log_prob(net, rows.some(mine)).sum()
        found = torch.autograd.grad(loss, list(net.parameters()))
        norm = torch.stack([one.norm() for one in found]).norm()
        norms.append(norm)
        for whole, one in zip(total, found, strict=True):
            whole += one * min(1.0, clip / float(norm))
    return total, torch.stack(norms)


@pytest.mark.parametrize("name", ["orders", "lines"])
@pytest.mark.parametrize(("clip", "depth"), [(1e9, 3), (20.0, 1)])
def test_it_is_the_sum_of_each_units_clipped_gradient(name: str, clip: float, depth: int) -> None:
    net, rows = network(name, depth=depth), rows_of(name)  # in two pieces
    norms = clipped_units(net, rows, clip=clip)
    wanted, wanted_norms = by_hand(net, rows, clip)
    if clip < 1e9:
        assert wanted_norms.min() < clip < wanted_norms.max()
    torch.testing.assert_close(norms, wanted_norms, rtol=1e-4, atol=1e-5)
    for (which, parameter), gradient in zip(net.named_parameters(), wanted, strict=True):
        assert parameter.grad is not None, which
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-4, msg=which)


def test_of_the_main_table_a_unit_is_a_row() -> None:
    net, rows = network("shops"), rows_of("shops")
    each = replace(rows, unit=torch.arange(len(rows.unit)))
    norms = clipped_units(net, each, clip=3.0)
    wanted, wanted_norms = by_hand(net, each, 3.0)
    torch.testing.assert_close(norms, wanted_norms, rtol=1e-4, atol=1e-5)
    for parameter, gradient in zip(net.parameters(), wanted, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-4)


def test_no_units_have_no_gradient() -> None:
    net, rows = network("orders"), rows_of("orders")
    assert clipped_units(net, rows.some(torch.zeros(0).long()), clip=1.0).shape == (0,)
    assert all(p.grad is not None and not p.grad.any() for p in net.parameters())


@pytest.mark.parametrize("name", ["shops", "orders"])
def test_columns_of_very_many_codes_are_refused(name: str) -> None:
    net = network(name, wide=2)
    with pytest.raises(RecipeError, match=r"rows\.wide"):
        clipped_units(net, rows_of(name), clip=1.0)
