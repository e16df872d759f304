"""A masked network's gradient with that of each row clipped, at the cost of a plain one.

Abadi et al., "Deep learning with differential privacy", CCS 2016, arXiv:1607.00133, by ghost
clipping (Goodfellow, arXiv:1510.01799; Li et al., ICLR 2022, arXiv:2110.05679): a linear layer's
gradient for one row is the outer product of what goes in and what comes back, so its norm follows
from the two vectors, and clipped rows are added up by one matrix product.

Masks keep a part of the outer product. As units and heads are sorted by degree, the norm of that
part follows from running sums of squares.
"""

import torch
from torch import Tensor
from torch.nn.functional import silu

from zerosum.errors import RecipeError
from zerosum.networks.masked import MaskedNetwork


def clipped_gradient(
    network: MaskedNetwork, codes: Tensor, *, clip: float, setting: str = "game.generator.wide"
) -> Tensor:
    """Leave the sum of all rows' gradients, each of norm `clip` at most, with the parameters.

    The loss is the negative log-likelihood of a row.

    Args:
        network: without columns that are read through vectors.
        codes: int64 `[B, C]`; B may be 0.
        clip: the largest norm of one row's gradient.
        setting: what a recipe calls the number of codes up to which a column is narrow.

    Returns:
        The rows' norms before they were clipped, `[B]`.

    Raises:
        RecipeError: a column has too many codes.
    """
    require_narrow(network, setting=setting)
    columns = len(network.sizes)
    table = network.readings() * network.into_mask
    sums = [network.read(codes, table) + network.into_bias]
    layers = [silu(sums[0])]
    for weight, bias in zip(network.hidden, network.hidden_bias, strict=True):
        sums.append(layers[-1] @ (weight * network.hidden_mask) + bias)
        layers.append(layers[-1] + silu(sums[-1]))
    heads = layers[-1] @ (network.out * network.out_mask)
    heads = heads + (network.out_bias + network.log_marginals)
    loss = -torch.stack(
        [
            heads[:, a:b].float().log_softmax(1).gather(1, codes[:, i : i + 1])[:, 0]
            for i, (a, b) in enumerate(zip(network.heads, network.heads[1:], strict=False))
        ],
        dim=1,
    )
    # Parameters other than the marginals want a gradient, so every sum has one.
    *back, back_heads = torch.autograd.grad(loss.sum(), [*sums, heads])
    with torch.no_grad():
        inputs = [layer.float() for layer in layers]
        slopes = [one.float() for one in (*back, back_heads)]
        norms = _norms(network, codes, inputs, slopes).sqrt()
        share = (clip / norms.clamp_min(1e-12)).clamp_max(1.0)[:, None]
        first, *later, top = [share * one for one in slopes]
        read = torch.zeros_like(network.into)
        for i in range(columns):
            read.index_add_(0, codes[:, i] + network.features[i], first)
        read *= network.into_mask
        network.into.grad = read
        network.into_bias.grad = first.sum(0)
        if network.into_runs is not None:
            runs = torch.zeros(len(network.into_runs) + 1, read.shape[1]).to(read)
            for level in network.runs_of.T:
                runs.index_add_(0, level, read)
            network.into_runs.grad = runs[:-1]
        for weight, bias, a, slope in zip(
            network.hidden, network.hidden_bias, inputs, later, strict=False
        ):
            weight.grad = (a.T @ slope) * network.hidden_mask
            bias.grad = slope.sum(0)
        network.out.grad = (inputs[-1].T @ top) * network.out_mask
        network.out_bias.grad = top.sum(0)
    return norms


def _norms(
    network: MaskedNetwork, codes: Tensor, inputs: list[Tensor], slopes: list[Tensor]
) -> Tensor:
    """Squared norm of each row's gradient, `[B]`."""
    first, *later, top = [one.square() for one in slopes]
    cuts = torch.tensor(network.cuts, device=codes.device)
    # Column i is read by the units of degree above i: those after its cut.
    sums = torch.nn.functional.pad(first.cumsum(1), (1, 0))
    after = sums[:, -1:] - sums[:, cuts[: len(network.sizes)]]
    times = 1.0 + (network.runs_of < _num_runs(network)).sum(1).float()
    starts = torch.tensor(network.features[:-1], device=codes.device)
    total = (after * times[codes + starts]).sum(1) + first.sum(1)
    for a, slope in zip(inputs, later, strict=False):
        total = total + (_seen(network, a.square()) * slope).sum(1) + slope.sum(1)
    reach = torch.nn.functional.pad(inputs[-1].square().cumsum(1), (1, 0))[:, cuts]
    spans = [b - a for a, b in zip(network.heads, network.heads[1:], strict=False)]
    for i, part in enumerate(top.split(spans, dim=1)):
        total = total + part.sum(1) * (1 + reach[:, i])
    return total


def _seen(network: MaskedNetwork, squares: Tensor) -> Tensor:
    """For each unit the sum of squares of the units that it sees, `[B, width]`."""
    width = squares.shape[1]
    cuts = torch.tensor(network.cuts, device=squares.device)
    last = torch.searchsorted(cuts, torch.arange(width, device=squares.device), right=True)
    end = torch.cat([cuts, cuts.new_full((1,), width)])[last.clamp(max=len(cuts))]
    return torch.nn.functional.pad(squares.cumsum(1), (1, 0))[:, end]


def _num_runs(network: MaskedNetwork) -> int:
    return 0 if network.into_runs is None else len(network.into_runs)


def require_narrow(network: MaskedNetwork, *, setting: str) -> None:
    """Refuse columns of very many codes.

    Args:
        network: that may have some.
        setting: what a recipe calls the number of codes up to which a column is narrow.

    Raises:
        RecipeError: there is one.
    """
    if network.wide:
        i = network.wide[0]
        raise RecipeError(
            f"column {i} has {network.sizes[i]:,} codes, and gradients are clipped for each row "
            f"where no column has more than {network.config.wide:,}. Set {setting} to more, or "
            "drop the column."
        )
