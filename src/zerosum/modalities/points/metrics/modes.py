"""Exact mode counting for mixtures of Gaussians whose centres are known.

The protocol of VEEGAN (Srivastava et al., 2017, arXiv:1705.07761) and PacGAN (Lin et al., 2018,
arXiv:1712.04086): a sample within three standard deviations of a centre is of high quality; a
centre with at least one such sample is covered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from zerosum.errors import EvaluationError
from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.spaces import PointSpace, Space

_SOURCE = "Srivastava et al. 2017, arXiv:1705.07761"
_NONE = -1


@dataclass(frozen=True)
class ModeCount:
    """How samples spread over the modes of a mixture.

    Attributes:
        covered: modes with at least one sample of high quality.
        num_modes: modes there are.
        high_quality: share of samples within three standard deviations of a mode.
        kl: divergence of the high-quality samples' mode frequencies from the modes' weights, in
            nats. At most -log of the least weight, where all samples are in the rarest mode, and
            that where no sample is in any.
    """

    covered: int
    num_modes: int
    high_quality: float
    kl: float


def count_modes(
    x: Tensor,
    centers: Tensor,
    std: float,
    *,
    weights: Tensor | None = None,
    within: float = 3.0,
) -> ModeCount:
    """Count the modes that samples cover.

    Args:
        x: samples `[N, D]`.
        centers: of the modes, `[M, D]`.
        std: standard deviation of one mode.
        weights: of the modes, `[M]`, above 0, of any sum; left out, modes weigh the same.
        within: how many standard deviations a mode reaches.

    Raises:
        EvaluationError: there is not one weight above 0 for each mode.

    >>> count_modes(torch.zeros(4, 2), torch.tensor([[0.0, 0.0], [9.0, 9.0]]), 0.1).covered
    1
    """
    return _count(_nearest_mode(x, centers, within * std), _shares(weights, len(centers)))


def _shares(weights: Tensor | None, num_modes: int) -> Tensor:
    """Weights that add up to 1, float64 `[M]`."""
    if weights is None:
        weights = torch.ones(num_modes)
    if weights.shape != (num_modes,) or not bool((weights > 0).all()):
        raise EvaluationError(
            f"mode weights {weights.tolist()} do not suit {num_modes} modes. "
            "Give one number above 0 for each mode, or none at all."
        )
    return weights.double() / weights.double().sum()


def _nearest_mode(x: Tensor, centers: Tensor, reach: float) -> Tensor:
    """The mode that each sample lies in, int64 `[N]`; -1 for none."""
    distance, nearest = torch.cdist(x.double(), centers.double()).min(dim=1)
    return torch.where(distance <= reach, nearest, _NONE)


def _count(modes: Tensor, weights: Tensor) -> ModeCount:
    """The count of samples that lie in `modes` `[N]`, with weights that add up to 1."""
    counts = torch.bincount(modes[modes != _NONE], minlength=len(weights)).double()
    share = counts / counts.sum().clamp_min(1)
    kl = torch.xlogy(share, share / weights).sum()
    return ModeCount(
        covered=int((counts > 0).sum()),
        num_modes=len(weights),
        high_quality=float(counts.sum() / len(modes)),
        kl=max(float(kl if counts.sum() else -weights.min().log()), 0.0),
    )


@metric
class Modes(Metric):
    """Which modes of a mixture samples lie in."""

    least: ClassVar[int] = 1
    in_training: ClassVar[bool] = True
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="modes_covered",
            title="Modes covered",
            better="higher",
            meaning="How many modes of the mixture have at least one sample within three of their "
            "standard deviations. More samples cover more by chance.",
            source=_SOURCE,
            extractor=False,
        ),
        MetricSpec(
            name="high_quality",
            title="High quality",
            better="higher",
            meaning="The share of samples within three standard deviations of a mode; of reals in "
            "the plane, 0.989. A model that makes the centres alone would reach 1.",
            source=_SOURCE,
            extractor=False,
            limits=(0.0, 1.0),
        ),
        MetricSpec(
            name="mode_kl",
            title="Mode KL",
            better="lower",
            meaning="How unevenly samples spread over the modes, beside how reals do, in nats: 0 "
            "where every mode gets its share.",
            source=_SOURCE,
            extractor=False,
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Points."""
        return isinstance(space, PointSpace)

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Only where the modes are known."""
        return context.modes is not None

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The three of them; for the interval samples are drawn again."""
        assert context.modes is not None
        shares = _shares(context.mode_weights, len(context.modes))
        modes = _nearest_mode(candidate.x, context.modes, 3 * context.mode_std)
        draws = context.resamples(len(candidate), "modes")
        value, *again = [_count(modes[rows], shares) for rows in [slice(None), *draws]]
        covered = tuple(float(c.covered) for c in again)
        return {
            "modes_covered": MetricValue(value.covered, covered, most=value.num_modes),
            "high_quality": MetricValue(value.high_quality, tuple(c.high_quality for c in again)),
            "mode_kl": MetricValue(value.kl, tuple(c.kl for c in again)),
        }
