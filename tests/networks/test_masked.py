"""The masked network: what depends on what, and rows made column by column."""

import copy
import math

import pytest
import torch
from torch import Tensor

from zerosum.networks.masked import MaskedNetwork, MaskedNetworkConfig
from zerosum.rng import Noise, seeded_initialisation

SIZES = (3, 5, 40, 2, 20, 4)
ORDERED = (1, 4)


def network(
    *, sizes: tuple[int, ...] = SIZES, ordered: tuple[int, ...] = ORDERED, width: int = 32,
    wide: int = 30,
) -> MaskedNetwork:  # fmt: skip
    with seeded_initialisation(0):
        net = MaskedNetworkConfig(width=width, depth=3, wide=wide, rank=6).build(
            sizes, ordered=ordered
        )
        for parameter in net.parameters():
            parameter.data += 0.3 * torch.randn_like(parameter)
    net.set_marginals([list(range(size)) for size in sizes])
    return net


def rows(n: int = 64, sizes: tuple[int, ...] = SIZES) -> Tensor:
    noise = Noise(1)
    return torch.stack([noise.integers(n, high=size) for size in sizes], dim=1)


def test_a_column_depends_on_those_before_it_and_on_nothing_else() -> None:
    net, codes = network(), rows()
    with torch.no_grad():
        heads = net(codes)
        for changed in range(len(SIZES)):
            other = codes.clone()
            other[:, changed] = (other[:, changed] + 1) % SIZES[changed]
            for i, (before, after) in enumerate(zip(heads, net(other), strict=True)):
                assert torch.equal(before, after) == (i <= changed), (changed, i)


@pytest.mark.parametrize("wide", [3, 30])
def test_probabilities_of_all_rows_add_up_to_one(wide: int) -> None:
    sizes = (2, 3, 7, 5)
    net = network(sizes=sizes, ordered=(2,), width=16, wide=wide)
    every = torch.cartesian_prod(*map(torch.arange, sizes))
    with torch.no_grad():
        assert float(net.log_prob(every).sum(1).exp().sum()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("width", [3, 32])
def test_a_rollout_says_what_one_pass_says(width: int) -> None:
    net, codes = network(width=width), rows()
    rollout = net.rollout(len(codes))
    with torch.no_grad():
        whole = net.log_prob(codes)
    for i, size in enumerate(SIZES):
        said = rollout.log_probs()
        assert said.shape == (len(codes), size)
        chosen = said.gather(1, codes[:, i : i + 1])[:, 0]
        torch.testing.assert_close(chosen, whole[:, i], rtol=1e-4, atol=1e-5)
        rollout.put(codes[:, i])
        if i == 2:  # others take their place, some of them twice
            chosen_rows = torch.cat([torch.arange(40).flip(0), torch.arange(9)])
            rollout.keep(chosen_rows)
            codes, whole = codes[chosen_rows], whole[chosen_rows]
    assert torch.equal(rollout.codes, codes)


def test_a_rollout_takes_the_weights_as_they_are_now() -> None:
    net = network()
    before = net.rollout(1).log_probs()
    with torch.no_grad():
        net.out_bias[0] += 1
    assert not torch.equal(net.rollout(1).log_probs(), before)


def test_it_starts_from_the_marginals() -> None:
    with seeded_initialisation(0):
        net = MaskedNetworkConfig(width=8, wide=30, rank=6).build(SIZES)
    counts = [list(range(1, size + 1)) for size in SIZES]
    net.set_marginals(counts)
    net.out.data.zero_()
    for i, head in enumerate(net(rows())):
        shares = torch.tensor(counts[i]) + 0.5
        expected = (shares / shares.sum()).expand(len(head), -1)
        torch.testing.assert_close(net.log_probs(i, head).exp(), expected, rtol=1e-4, atol=1e-6)


def test_codes_that_never_occur_have_odds() -> None:
    net = network()
    assert all(math.isfinite(p) for p in net.rollout(1).log_probs()[0].tolist())


def test_neighbouring_codes_share_their_runs() -> None:
    net = network(sizes=(9, 3), ordered=(0,), width=8)
    assert net.into_runs is not None
    net.into.data.zero_()
    net.into_runs.data.zero_()
    net.into_runs.data[net.runs_of[4, 1]] = 1.0  # the run of codes 4 to 7
    assert net.readings()[:9].sum(1).tolist() == [0, 0, 0, 0, 8, 8, 8, 8, 0]


def test_every_parameter_learns() -> None:
    net = network()
    net.log_prob(rows(512)).sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_a_wide_column_learns_and_gradients_are_finite() -> None:
    net = network(sizes=(2, 1_000), ordered=())
    codes = torch.stack([torch.arange(64) % 2, torch.arange(64) % 2 * 700 + 150], dim=1)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    losses = []
    for _ in range(60):
        loss = -net.log_prob(codes).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 1.0  # ln 2 is what the first column cannot do without


@pytest.mark.parametrize("columns", [2, 5, 31, 200])
def test_every_column_completes_units_of_its_own(columns: int) -> None:
    net = MaskedNetworkConfig(width=96, depth=2).build([2] * columns)
    assert net.cuts[0] == 0
    assert len(set(net.cuts)) == columns
    assert net.cuts[-1] == len(net.into_bias)


def test_a_rollout_in_bfloat16_is_nearly_the_same() -> None:
    net, codes = network(), rows()
    with torch.no_grad():
        whole = net.log_prob(codes).exp()
    rollout = net.rollout(len(codes), dtype=torch.bfloat16)
    for i in range(len(SIZES)):
        said = rollout.log_probs()
        assert said.dtype == torch.float32
        assert (said.gather(1, codes[:, i : i + 1])[:, 0].exp() - whole[:, i]).abs().max() < 0.05
        rollout.put(codes[:, i])


def test_a_copy_of_a_network_that_has_made_rows_says_the_same() -> None:
    net, codes = network(), rows()
    net.rollout(4).log_probs()
    assert torch.equal(copy.deepcopy(net).log_prob(codes), net.log_prob(codes))


def test_one_column_is_its_marginal() -> None:
    net = network(sizes=(4,), ordered=(0,), width=8)
    assert net.rollout(2).log_probs().shape == (2, 4)
    assert net.log_prob(torch.tensor([[1], [2]])).shape == (2, 1)


def told(n: int = 64) -> tuple[MaskedNetwork, Tensor, Tensor]:
    """A network with a context of five numbers, rows, and their contexts."""
    with seeded_initialisation(0):
        net = MaskedNetworkConfig(width=32, depth=3, wide=30, rank=6).build(
            SIZES, ordered=ORDERED, context=5
        )
        for parameter in net.parameters():
            parameter.data += 0.3 * torch.randn_like(parameter)
    return net, rows(n), Noise(2).normal(n, 5)


def test_every_column_depends_on_the_context() -> None:
    net, codes, context = told()
    with torch.no_grad():
        before, after = net(codes, context), net(codes, context + 1)
    assert not any(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_columns_depend_on_those_before_them_whatever_the_context() -> None:
    net, codes, context = told()
    with torch.no_grad():
        heads = net(codes, context)
        for changed in range(len(SIZES)):
            other = codes.clone()
            other[:, changed] = (other[:, changed] + 1) % SIZES[changed]
            for i, (before, after) in enumerate(zip(heads, net(other, context), strict=True)):
                assert torch.equal(before, after) == (i <= changed), (changed, i)


def test_a_rollout_with_a_context_says_what_one_pass_says() -> None:
    net, codes, context = told()
    with torch.no_grad():
        whole = net.log_prob(codes, context)
    blocks = net.blocks()
    for _ in range(2):  # rollouts share their blocks
        rollout = net.rollout(len(codes), context=context, blocks=blocks)
        for i in range(len(SIZES)):
            said = rollout.log_probs().gather(1, codes[:, i : i + 1])[:, 0]
            torch.testing.assert_close(said, whole[:, i], rtol=1e-4, atol=1e-5)
            rollout.put(codes[:, i])
            if i == 2:
                chosen = torch.arange(len(codes)).flip(0)
                rollout.keep(chosen)
                codes, whole, context = codes[chosen], whole[chosen], context[chosen]


def test_a_context_reaches_every_parameter() -> None:
    net, codes, context = told()
    (-net.log_prob(codes, context).sum()).backward()
    assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in net.parameters())


def test_a_context_goes_with_a_network_that_was_built_for_one() -> None:
    net, codes, context = told()
    with pytest.raises(TypeError, match="context of 5 numbers"):
        net(codes)
    with pytest.raises(TypeError, match="context of 0 numbers"):
        network()(codes, context)
