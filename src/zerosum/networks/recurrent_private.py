"""Gradients of rows one after another, clipped by sequence, many sequences at a time.

Abadi et al., "Deep learning with differential privacy", CCS 2016, arXiv:1607.00133. As in
`masked_private` a gradient follows from what goes into each layer and what comes back. Here it is
summed over the rows of a sequence, so it is made by one product of matrices for each sequence and
layer (Goodfellow, arXiv:1510.01799), and then clipped.

The forward pass is that of `RecurrentRows.log_prob`, with the recurrence step by step.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from zerosum.networks.clipping import AT_ONCE, OwnedRows, TracedColumns, add_clipped, slopes
from zerosum.networks.masked_private import require_narrow
from zerosum.networks.recurrent_rows import RecurrentRows


def clipped_sequences(
    network: RecurrentRows, entity: Tensor, codes: Tensor, numbers: Tensor, valid: Tensor,
    marks: Tensor | None, *, learned: Sequence[int], clip: float,
) -> Tensor:  # fmt: skip
    """Leave the sum of all sequences' gradients, each of norm `clip` at most, with the parameters.

    The loss of a sequence is the negative log-likelihood of the learned columns of its rows.

    Args:
        network: without columns that are read through vectors.
        entity: codes of attributes, int64 `[B, A]`; B may be 0.
        codes: of rows, int64 `[B, L, C]`; anything where there is no row.
        numbers: known before each row, `[B, L, F]`.
        valid: which places hold a row, bool `[B, L]`; there are T.
        marks: of each code of the marked column in these rows, int64 `[T, K, M]`.
        learned: columns that count.
        clip: the largest norm of one sequence's gradient.

    Returns:
        The sequences' norms before they were clipped, `[B]`.

    Raises:
        RecipeError: a column has too many codes.
    """
    require_narrow(network.row, setting="game.generator.row.wide")
    for one in network.parameters():
        one.grad = torch.zeros_like(one)
    norms = []
    rows = valid.sum(1).cumsum(0)
    for start in range(0, len(codes), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        first = 0 if start == 0 else int(rows[start - 1])
        last = int(rows[min(start + AT_ONCE, len(codes)) - 1])
        mine = None if marks is None else marks[first:last]
        found = _gradients(
            network, entity[some], codes[some].clamp_min(0), numbers[some], valid[some], mine,
            learned,
        )  # fmt: skip
        norms.append(add_clipped(network, found, clip=clip))
    return torch.cat(norms) if norms else torch.zeros(0)


def _gradients(
    network: RecurrentRows, entity: Tensor, codes: Tensor, numbers: Tensor, valid: Tensor,
    marks: Tensor | None, learned: Sequence[int],
) -> dict[str, Tensor]:  # fmt: skip
    """Each sequence's gradient of each parameter, `[B, ...]` by name."""
    size, longest = valid.shape
    read = network.rows(codes.flatten(0, 1)).unflatten(0, (size, longest))
    past = torch.cat([torch.zeros_like(read[:, :1]), read[:, :-1]], dim=1)
    known = network.entities(entity)
    told = torch.cat([past, known[:, None].expand_as(past), numbers], dim=2)
    gates, states, inputs, remembered = _remembered(network.recurrent, told)
    seen = torch.cat([remembered, told], dim=2)[valid]
    before_context = network.context(seen)
    context = silu(before_context)
    said = None if network.marks is None or marks is None else context @ network.marks
    added = {}
    if said is not None and marks is not None:
        padded = nn.functional.pad(said, (0, 1))
        added[network.marked] = (
            padded.gather(1, marks.flatten(1)).unflatten(1, marks.shape[1:]).sum(2)
        )
    row = TracedColumns(network.row, codes[valid], context, added)
    loss = -row.log_prob[:, list(learned)].sum()
    asked = [read, known, *gates, *states, before_context, *row.sums, row.heads]
    asked += [] if said is None else [said]
    back = slopes(loss, asked)
    with torch.no_grad():
        by = OwnedRows(valid)
        to_read, to_known = back[0], back[1]
        to_gates = torch.stack(back[2 : 2 + longest], dim=1)
        to_states = torch.stack(back[2 + longest : 2 + 2 * longest], dim=1)
        to_context, *to_row = back[2 + 2 * longest :]
        found = {
            "entity": _scattered(
                entity + network.entity_starts,
                to_known[:, None].expand(-1, entity.shape[1], -1), len(network.entity),
            ),
            "before": _scattered(
                (codes + network.row_starts).flatten(1),
                to_read[:, :, None].expand(-1, -1, codes.shape[2], -1).flatten(1, 2),
                len(network.before),
            ),
            "recurrent.weight_ih_l0": to_gates.transpose(1, 2) @ told,
            "recurrent.weight_hh_l0": to_states.transpose(1, 2) @ inputs,
            "recurrent.bias_ih_l0": to_gates.sum(1),
            "recurrent.bias_hh_l0": to_states.sum(1),
            "context.weight": by.product(to_context, seen),
            "context.bias": by.total(to_context),
        }  # fmt: skip
        if said is not None:
            found["marks"] = by.product(context, to_row.pop())
        of_row = row.gradients(by, codes[valid], context, to_row)
        return found | {f"row.{name}": one for name, one in of_row.items()}


def _remembered(gru: nn.GRU, told: Tensor) -> tuple[list[Tensor], list[Tensor], Tensor, Tensor]:
    """What a recurrent network makes of `[B, L, D]`, step by step.

    Returns:
        Of each step the gates' sums from what is told and from what was remembered, `[B, 3 H]`
        each; what was remembered before each step, `[B, L, H]`; and after it.
    """
    into, bias_into = gru.get_parameter("weight_ih_l0"), gru.get_parameter("bias_ih_l0")
    again, bias_again = gru.get_parameter("weight_hh_l0"), gru.get_parameter("bias_hh_l0")
    gates = list((told @ into.T + bias_into).unbind(1))
    memory = told.new_zeros(len(told), gru.hidden_size)
    states, before, after = [], [], []
    for gate in gates:
        state = memory @ again.T + bias_again
        reset, keep, new = gate.chunk(3, dim=1)
        r, z, n = state.chunk(3, dim=1)
        keeps = (keep + z).sigmoid()
        made = (new + (reset + r).sigmoid() * n).tanh()
        states.append(state)
        before.append(memory)
        memory = made + keeps * (memory - made)
        after.append(memory)
    return gates, states, torch.stack(before, dim=1), torch.stack(after, dim=1)


def _scattered(index: Tensor, rows: Tensor, count: int) -> Tensor:
    """Sums of vectors by number within each sequence, `[B, count, D]`.

    Args:
        index: which vector of `count` each is added to, int64 `[B, K]`.
        rows: `[B, K, D]`.
        count: how many there are.
    """
    size = len(index)
    at = index + count * torch.arange(size, device=index.device)[:, None]
    whole = rows.new_zeros(size * count, rows.shape[2])
    whole.index_add_(0, at.flatten(), rows.flatten(0, 1))
    return whole.unflatten(0, (size, count))
