"""Gradients that are summed over the rows of one owner before they are clipped.

Abadi et al., "Deep learning with differential privacy", CCS 2016, arXiv:1607.00133. A gradient of a
layer follows from what goes into it and what comes back (Goodfellow, arXiv:1510.01799), so that of
all rows of one owner is one product of matrices.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from zerosum.networks.masked import Added, MaskedNetwork

AT_ONCE = 32
"""Owners whose gradients are held together."""


def add_clipped(network: nn.Module, found: Mapping[str, Tensor], *, clip: float) -> Tensor:
    """Add owners' gradients, each of norm `clip` at most, to those of the parameters.

    Args:
        network: whose parameters have a gradient already.
        found: of each parameter by name, `[B, ...]`.
        clip: the largest norm of one owner's gradient, of all parameters together.

    Returns:
        The norms before they were clipped, `[B]`.
    """
    norms = torch.stack([one.flatten(1).square().sum(1) for one in found.values()]).sum(0).sqrt()
    share = (clip / norms.clamp_min(1e-12)).clamp_max(1.0)
    parameters = dict(network.named_parameters())
    for name, one in found.items():
        whole = parameters[name].grad
        assert whole is not None
        whole += torch.einsum("b,b...->...", share, one)
    return norms


def slopes(loss: Tensor, sums: Sequence[Tensor]) -> list[Tensor]:
    """What comes back to each of the sums; zeros where nothing does.

    >>> a, b = torch.ones(2, requires_grad=True), torch.ones(1, requires_grad=True)
    >>> slopes((3 * a).sum(), [a, b])
    [tensor([3., 3.]), tensor([0.])]
    """
    back = torch.autograd.grad(loss, list(sums), allow_unused=True)
    return [torch.zeros_like(a) if one is None else one for a, one in zip(sums, back, strict=True)]


class OwnedRows:
    """Sums over the rows of each owner.

    Args:
        valid: which places hold a row, bool `[B, L]`; rows come owner by owner.

    Attributes:
        owner: whose each row is, int64 `[T]`.
        place: how many rows of the same owner come before each, int64 `[T]`.
    """

    def __init__(self, valid: Tensor) -> None:
        self._valid = valid
        self.owner, self.place = valid.nonzero().unbind(1)

    def padded(self, rows: Tensor) -> Tensor:
        """Rows `[T, D]` in their places, `[B, L, D]`."""
        whole = rows.new_zeros(*self._valid.shape, rows.shape[1])
        whole[self._valid] = rows
        return whole

    def total(self, rows: Tensor) -> Tensor:
        """Sums `[B, D]` of rows `[T, D]`."""
        return rows.new_zeros(len(self._valid), rows.shape[1]).index_add_(0, self.owner, rows)

    def product(self, left: Tensor, right: Tensor) -> Tensor:
        """Sums of outer products, `[B, D, E]`, of rows `[T, D]` and `[T, E]`."""
        return self.padded(left).transpose(1, 2) @ self.padded(right)

    def scattered(self, index: Tensor, rows: Tensor, count: int) -> Tensor:
        """Sums of vectors by number, `[B, count, D]`.

        Args:
            index: which of `count` numbers each row is added to, int64 `[T, K]`.
            rows: `[T, D]`.
            count: how many numbers there are.
        """
        size = len(self._valid)
        whole = rows.new_zeros(size * count, rows.shape[1])
        for column in (self.owner[:, None] * count + index).T:
            whole.index_add_(0, column, rows)
        return whole.unflatten(0, (size, count))


class TracedColumns:
    """The columns of rows by a masked network, with every sum in which a weight has a part."""

    def __init__(
        self, network: MaskedNetwork, codes: Tensor, context: Tensor, added: Added | None = None
    ) -> None:
        self._network = network
        table = network.readings() * network.into_mask
        self.sums = [network.read(codes, table) + network.start(context)]
        self._layers = [silu(self.sums[0])]
        for weight, bias in zip(network.hidden, network.hidden_bias, strict=True):
            self.sums.append(self._layers[-1] @ (weight * network.hidden_mask) + bias)
            self._layers.append(self._layers[-1] + silu(self.sums[-1]))
        heads = self._layers[-1] @ (network.out * network.out_mask)
        self.heads = heads + (network.out_bias + network.log_marginals)
        if network.out_context is not None:
            self.heads = self.heads + context @ network.out_context
        spans = [b - a for a, b in zip(network.heads, network.heads[1:], strict=False)]
        parts = list(self.heads.split(spans, dim=1))
        for i, more in (added or {}).items():
            parts[i] = parts[i] + more
        self.log_prob = torch.stack(
            [
                part.log_softmax(1).gather(1, codes[:, i : i + 1])[:, 0]
                for i, part in enumerate(parts)
            ],
            dim=1,
        )

    def gradients(
        self, by: OwnedRows, codes: Tensor, context: Tensor, back: Sequence[Tensor]
    ) -> dict[str, Tensor]:
        """Each owner's gradient of each parameter, by name.

        Args:
            by: which rows are whose.
            codes: of rows, int64 `[T, C]`.
            context: of rows, `[T, context]`.
            back: what comes back to each of the sums, and to the heads.
        """
        network = self._network
        first, *later, top = back
        starts = torch.tensor(network.features[:-1], device=codes.device)
        read = by.scattered(codes + starts, first, len(network.into)) * network.into_mask
        found = {
            "into": read, "into_bias": by.total(first), "out_bias": by.total(top),
            "out": by.product(self._layers[-1], top) * network.out_mask,
        }  # fmt: skip
        if network.into_runs is not None:
            runs = read.new_zeros(len(read), len(network.into_runs) + 1, read.shape[2])
            for level in network.runs_of.T:
                runs.index_add_(1, level, read)
            found["into_runs"] = runs[:, :-1]
        if network.into_context is not None:
            found["into_context"] = by.product(context, first)
        if network.out_context is not None:
            found["out_context"] = by.product(context, top)
        for i, slope in enumerate(later):
            found[f"hidden.{i}"] = by.product(self._layers[i], slope) * network.hidden_mask
            found[f"hidden_bias.{i}"] = by.total(slope)
        return found
