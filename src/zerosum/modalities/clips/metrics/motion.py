"""How much changes from frame to frame, and whether things that bounce move as they should."""

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
from zerosum.modalities.clips.bouncing import PATH_TOLERANCE, SPEED_TOLERANCE, read_motion
from zerosum.modalities.clips.space import ClipSpace
from zerosum.spaces import Space

_AT_ONCE = 200
_LEAST_CHANGE = 1e-3


@metric
class Flicker(Metric):
    """How much changes from one frame to the next, beside reals."""

    least: ClassVar[int] = 1
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="flicker",
            title="Flicker",
            better="one",
            meaning="How much pixels change from one frame to the next, over what they change in "
            "reals: 1 is as much, less stands still, and more flickers.",
            source="the mean absolute difference of successive frames",
            extractor=False,
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Clips."""
        return isinstance(space, ClipSpace)

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The ratio; for the interval samples are drawn again."""
        made, real = (changes(one.x) for one in (candidate, reference))
        usual = real.mean().clamp_min(_LEAST_CHANGE)
        draws = context.resamples(len(made), "flicker")
        again = tuple(float(made[rows].mean() / usual) for rows in draws)
        return {"flicker": MetricValue(float(made.mean() / usual), again)}


@metric
class BouncesRight(Metric):
    """How many simulated clips show what they should."""

    least: ClassVar[int] = 1
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="bounces_right",
            title="Bounces right",
            better="higher",
            meaning="The share of clips in which a program finds one ball that moves straight on "
            "at the speed that was asked for, and turns at the walls alone.",
            source="modalities/clips/bouncing.py",
            protocol=f"path within {PATH_TOLERANCE:g} of the side, speed within "
            f"{SPEED_TOLERANCE:.0%}",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Clips of which it is known that something bounces in them."""
        return isinstance(space, ClipSpace) and space.scene == "bouncing"

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The share; for the interval clips are drawn again."""
        found = read_motion(candidate.x)
        right = found.right if candidate.y is None else found.label == candidate.y
        each = right.double()
        draws = context.resamples(len(each), "bounces_right")
        again = tuple(float(each[rows].mean()) for rows in draws)
        return {"bounces_right": MetricValue(float(each.mean()), again)}


def changes(x: Tensor) -> Tensor:
    """Mean absolute change from frame to frame in clips `[N, T, C, H, W]`, of 255, float64 `[N]`.

    >>> changes(torch.tensor([[0, 2, 2, 8]], dtype=torch.uint8).view(1, 4, 1, 1, 1)).tolist()
    [2.6666666666666665]
    """
    pieces = [some.double().diff(dim=1).abs().flatten(1).mean(1) for some in x.split(_AT_ONCE)]
    return torch.cat(pieces) if pieces else torch.zeros(0, dtype=torch.float64)
