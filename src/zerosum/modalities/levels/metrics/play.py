"""How many levels can be played, and how their small pieces compare with those of reals."""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.levels.reading import levels_of
from zerosum.modalities.levels.space import LevelSpace
from zerosum.spaces import Space

_SIDE = 2
_SMOOTHING = 1e-5


@metric
class Playable(Metric):
    """How many levels can be played to their end, as they come."""

    least: ClassVar[int] = 1
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="playable",
            title="Playable",
            better="higher",
            meaning="The share of levels that a program could play to their end by the rules of "
            "the data, as they come. `sample` makes the others again.",
            source="after Summerville et al. 2018, arXiv:1702.00539",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Levels whose rules are known."""
        return isinstance(space, LevelSpace) and space.rules is not None

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The share."""
        space = context.space
        assert isinstance(space, LevelSpace)
        assert space.rules is not None
        each = torch.tensor(
            [space.rules.playable(grid) for grid in levels_of(candidate.x, space)]
        ).double()
        draws = context.resamples(len(candidate), "playable")
        again = tuple(float(each[rows].mean()) for rows in draws)
        return {"playable": MetricValue(float(each.mean()), again)}


@metric
class TilePatterns(Metric):
    """How often pieces of 2 x 2 tiles occur, compared with reals."""

    least: ClassVar[int] = 1
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="pattern_divergence",
            title="Pattern divergence",
            better="lower",
            meaning="How differently pieces of 2 x 2 tiles are distributed in samples and in "
            "reals: the mean of both Kullback-Leibler divergences, in nats. 0 where they agree.",
            source="Lucas and Volz 2019, arXiv:1905.05077",
            extractor=False,
            limits=(0.0, float("inf")),
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Levels."""
        return isinstance(space, LevelSpace)

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The divergence; for the interval samples are drawn again."""
        space = context.space
        assert isinstance(space, LevelSpace)
        mine, theirs = (patterns(one.x, len(space.tiles)) for one in (candidate, reference))
        values, codes = torch.cat([mine, theirs]).unique(return_inverse=True)
        a = _counts(codes[: len(mine)], len(values))
        b = _counts(codes[len(mine) :], len(values)).sum(0)
        draws = context.resamples(len(candidate), "patterns")
        value, *again = [_divergence(a[rows].sum(0), b) for rows in [slice(None), *draws]]
        return {"pattern_divergence": MetricValue(value, tuple(again))}


def patterns(x: Tensor, num_tiles: int) -> Tensor:
    """A number for each piece of 2 x 2 tiles of levels `[N, H, W]`, int64 `[N, P]`.

    >>> patterns(torch.tensor([[[0, 1, 0], [1, 1, 0]]]), 2)
    tensor([[ 7, 10]])
    """
    pieces = x.long().unfold(1, _SIDE, 1).unfold(2, _SIDE, 1).flatten(3)
    weights = num_tiles ** torch.arange(_SIDE**2 - 1, -1, -1)
    return (pieces * weights).sum(-1).flatten(1)


def _counts(codes: Tensor, num_codes: int) -> Tensor:
    """How often each code is in each row `[N, P]`, float64 `[N, K]`."""
    counts = torch.zeros(len(codes), num_codes, dtype=torch.float64)
    return counts.scatter_add_(1, codes, torch.ones_like(codes, dtype=torch.float64))


def _divergence(a: Tensor, b: Tensor) -> float:
    p, q = ((one + _SMOOTHING) / (one + _SMOOTHING).sum() for one in (a, b))
    both = (p * (p / q).log()).sum() + (q * (q / p).log()).sum()
    return float(both.clamp_min(0) / 2)
