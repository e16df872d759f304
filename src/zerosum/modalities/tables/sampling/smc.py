"""Rows of a game under conditions: steered column by column, and weighted so that they are exact.

At each column codes are drawn from what is allowed, with odds bent towards what is asked of later
columns. A row's weight is what the game thinks of it over what it was drawn by; the weights bring
the game's own conditional distribution back (importance sampling; with resampling between columns
it is sequential Monte Carlo with twisted proposals: Guarniero, Johansen and Lee, "The iterated
auxiliary particle filter", JASA 2017, arXiv:1511.06286).
"""

import math
import warnings
from collections.abc import Iterator

import torch
from torch import Tensor

from zerosum.errors import ConditionError
from zerosum.games.likelihood import LikelihoodGame
from zerosum.modalities.tables.codecs import MIDDLE
from zerosum.modalities.tables.game import RowGame, pick
from zerosum.modalities.tables.sampling.conditioning import Question, place_of
from zerosum.rng import Noise, derive_seed

BLOCK = 4_096
"""Rows that are made together."""

_TWICE = 0.005
"""Share of rows that may be given out twice, where a weight is beyond the bound."""

_POOR = 0.01


def steered(game: RowGame, question: Question, seed: int) -> Iterator[Tensor]:
    """Rows without end, code + place `[B, C]`, that follow the game given what is asked.

    Each is kept with a chance in proportion to its weight; the bound of the weights is that of a
    first block, so that a row takes 4,096 draws at most.

    Raises:
        ConditionError: the game makes no such rows.
    """
    _, log_w = roll(game, question, BLOCK, Noise(derive_seed(seed, "pilot")))
    if not bool(log_w.isfinite().any()):
        raise ConditionError(_impossible(question, game))
    top = float(log_w.max())
    weights = (log_w - top).exp()
    chance = math.exp(top) * float(weights.mean())
    counted = not any(part.exact for part in question.parts.values())
    if counted and chance * game.table.num_rows < 1:
        warnings.warn(
            f"by the model {chance:.1g} of all rows obey: of the {game.table.num_rows:,} rows it "
            f"was trained on, fewer than one. Such rows are a guess. {_counts(question, game)}",
            stacklevel=2,
        )
    bound = _bound(weights)
    rate = float((weights / bound).mean())
    if rate < _POOR:
        _warn_poor(f"{rate:.2%} of the draws can be used")
    block = 0
    while True:
        noise = Noise(derive_seed(seed, "where", block))
        codes, log_w = roll(game, question, BLOCK, noise)
        copies = ((log_w - top).exp() / bound + noise.uniform(BLOCK)).floor().long()
        codes = codes.repeat_interleave(copies, dim=0)
        yield place_of(codes, noise.uniform(*codes.shape), question)
        block += 1


def complete(
    game: RowGame, question: Question, particles: int, noise: Noise, *, best: bool = False
) -> Tensor:
    """One row for each row of given cells, code + place `[G, C]`, chosen among its particles.

    With `best` it is the likeliest of them, and values lie in the middle of their intervals.
    """
    assert question.given is not None
    groups = len(question.given)
    codes, log_w = roll(game, question, particles, noise, groups=groups)
    if best:
        assert isinstance(game, LikelihoodGame)
        with torch.no_grad():
            x = (codes + MIDDLE).float().to(next(game.parameters()).device)
            likely = torch.cat([game.log_likelihood(one) for one in x.split(BLOCK)]).cpu().double()
        likely = torch.where(log_w.isfinite(), likely, -torch.inf).view(groups, particles)
        codes = codes[likely.argmax(1) + torch.arange(groups) * particles]
        return place_of(codes, torch.full(codes.shape, MIDDLE), question)
    codes = _one_each(codes, log_w.view(groups, particles), noise.uniform(groups))
    return place_of(codes, noise.uniform(*codes.shape), question)


def roll(
    game: RowGame, question: Question, particles: int, noise: Noise, *, groups: int = 1
) -> tuple[Tensor, Tensor]:
    """Rows by steered proposals, with their weights; one group of `particles` after another.

    Where cells are given, each group belongs to one row of them, and its particles are resampled
    among themselves when they become too unequal.

    Returns:
        Codes, int64 `[groups * particles, C]`, and logarithms of weights, float64.
    """
    n = groups * particles
    grouped = particles > 1 and question.given is not None
    columns = len(game.table.codecs)
    chance = noise.uniform(n, columns)
    rows = game.rollout(n)
    log_w = torch.zeros(n, dtype=torch.float64)
    expected = {column: torch.zeros(n, dtype=torch.float64) for column in question.ahead}
    for column in game.order:
        expected.pop(column, None)
        given = question.codes_given(column)
        given = None if given is None else given[:, None].expand(groups, particles)
        if given is not None and column in question.followers:
            put = rows.codes.cpu().view(groups, particles, -1)
            follows = question.followers[column].codes(put)
            given = torch.where(follows == -1, given, follows)
        factor = _factor(question, expected, column)
        p = rows.log_probs().exp()
        code, gain = _draw(
            p.view(groups, particles, -1), chance[:, column].view(groups, particles).to(p.device),
            _weights(game, question, column, p), factor, given,
        )  # fmt: skip
        rows.put(code)
        code = code.cpu()
        log_w += gain.cpu()
        group = torch.arange(groups).repeat_interleave(particles)
        for later in expected:
            table = question.ahead[later].factor(column, question.codes_given(later))
            if table is not None:
                expected[later] += table[group if len(table) > 1 else 0, code]
        if grouped and question.asks(column):
            kept = _resample(log_w, expected, groups, noise.uniform(groups))
            if kept is not None:
                rows.keep(kept.to(p.device))
    return rows.codes.cpu(), log_w


def _draw(
    p: Tensor, chance: Tensor, weights: tuple[Tensor | None, Tensor | None], factor: Tensor | None,
    given: Tensor | None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Codes `[G * P]` of one column, and what their weights are multiplied by, as logarithms.

    Args:
        p: what the game thinks, `[G, P, size]`.
        chance: uniform numbers, `[G, P]`.
        weights: of each code: whether it is ever made, and how much of it is allowed.
        factor: logarithms by which the odds are bent, `[1 or G, size]`.
        given: codes that are known, `[G, P]`, -1 where none is, and less where none can be.
    """
    made, allowed = weights
    own = p if made is None else p * made
    odds = own if allowed is None else own * allowed
    bent = odds if factor is None else odds * factor.exp().to(odds)[:, None]
    code = pick(bent.flatten(0, 1), chance.flatten()).view(chance.shape)
    gain = torch.zeros(chance.shape, dtype=torch.float64, device=p.device)
    if bent is not own:
        gain = bent.sum(2).double().log() - own.sum(2).double().log()
    if factor is not None:
        row = torch.arange(len(factor), device=p.device)[:, None]
        gain = gain - factor.to(p.device).double()[row, code]
    if given is not None:
        known = given.to(p.device)
        likely = p.gather(2, known.clamp_min(0)[:, :, None])[:, :, 0].double().log()
        code = torch.where(known >= 0, known, code)
        gain = torch.where(known >= 0, likely, gain)
        gain = torch.where(known < -1, -torch.inf, gain)
    return code.flatten(), gain.flatten()


def _factor(question: Question, expected: dict[int, Tensor], column: int) -> Tensor | None:
    """By what the odds of a column are bent for all that is asked later, `[1 or G, size]`."""
    factors = [
        factor
        for later in expected
        if (factor := question.ahead[later].factor(column, question.codes_given(later))) is not None
    ]
    return sum(factors[1:], factors[0]) if factors else None


def _weights(
    game: RowGame, question: Question, column: int, like: Tensor
) -> tuple[Tensor | None, Tensor | None]:
    """Whether each code is ever made, `[size]`, and how much is allowed, `[size]` or a row each."""
    codec, part = game.table.codecs[column], question.parts.get(column)
    made = None
    if codec.forbidden:
        made = torch.ones(codec.size).to(like)
        made[list(codec.forbidden)] = 0.0
    allowed = None if part is None else part.weights.to(like)
    if column in question.masks:
        mask = question.masks[column][:, None].to(like)
        allowed = mask if allowed is None else allowed * mask
    return made, allowed


def _resample(
    log_w: Tensor, expected: dict[int, Tensor], groups: int, chance: Tensor
) -> Tensor | None:
    """Which particles to go on with, `[n]`, where some group has become unequal; else None.

    Weights, and what is expected, are reordered in place.
    """
    ahead = sum(expected.values(), torch.zeros_like(log_w))
    total = (log_w + ahead).view(groups, -1)
    particles = total.shape[1]
    top = total.max(dim=1, keepdim=True).values
    weights = torch.where(top.isfinite(), (total - top).exp(), 1.0)
    unequal = weights.sum(1).square() < particles / 2 * weights.square().sum(1)
    if not bool(unequal.any()):
        return None
    at = (torch.arange(particles) + chance.double()[:, None]) / particles
    edges = weights.cumsum(1)
    drawn = torch.searchsorted(edges / edges[:, -1:], at).clamp_(max=particles - 1)
    kept = torch.where(unequal[:, None], drawn, torch.arange(particles))
    kept = (kept + torch.arange(groups)[:, None] * particles).flatten()
    mean = (top + weights.mean(1, keepdim=True).log()).expand_as(total).flatten()
    for column, before in expected.items():
        expected[column] = before[kept]
    log_w.copy_(torch.where(unequal.repeat_interleave(particles), mean - ahead[kept], log_w[kept]))
    return kept


def _one_each(codes: Tensor, log_w: Tensor, chance: Tensor) -> Tensor:
    """One particle of each group, `[G, C]`, by its weight."""
    groups, particles = log_w.shape
    top = log_w.max(dim=1, keepdim=True).values
    weights = torch.where(top.isfinite(), (log_w - top).exp(), 1.0)
    return codes[pick(weights, chance) + torch.arange(groups) * particles]


def _bound(weights: Tensor) -> float:
    """The weight of rows that are always kept: beyond it lies half a percent of all weight."""
    order = weights.sort(descending=True).values
    beyond = order.cumsum(0) - order * torch.arange(1, len(order) + 1)
    inside = beyond <= _TWICE * order.sum()
    return float(order[int(inside.nonzero()[-1])])


def _warn_poor(how: str) -> None:
    warnings.warn(
        f"the model makes rows that obey all conditions only with difficulty: {how}. It takes "
        "long, and rare combinations among them may be missing.",
        stacklevel=3,
    )


def _impossible(question: Question, game: RowGame) -> str:
    return (
        f"the model makes no row that obeys all conditions together. {_counts(question, game)} "
        "Leave out a condition, or widen it."
    )


def _counts(question: Question, game: RowGame) -> str:
    """How many training rows obey each condition alone."""
    counts = [
        f"{part.codec.name}: {part.num_rows:,.0f} rows"
        for part in question.parts.values()
        if not part.exact
    ]
    return f"Alone each condition is met by: {', '.join(counts)}, of {game.table.num_rows:,}."
