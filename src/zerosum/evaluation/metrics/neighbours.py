"""Precision, recall, density and coverage: balls that reach to the k-th nearest neighbour.

Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models",
NeurIPS 2019, arXiv:1904.06991; Naeem et al., "Reliable fidelity and diversity metrics for
generative models", ICML 2020, arXiv:2002.09797.

A sample on the border of a ball lies in it, as in the first paper; the second one's code leaves it
out. It matters only where distances are equal: where pixels take few values, or rows are copied.
"""

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.evaluation.metrics.blocks import overlap, radii

_KYNKAANNIEMI = "Kynkäänniemi et al. 2019, arXiv:1904.06991"
_NAEEM = "Naeem et al. 2020, arXiv:2002.09797"


@metric
class Neighbourhoods(Metric):
    """Precision, recall, density and coverage, with balls up to the k-th nearest neighbour."""

    least: ClassVar[int] = 10
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="precision",
            title="Precision",
            better="higher",
            meaning="The share of samples that lie where reals lie: how believable samples are. "
            "Copies of a single real would reach 1.",
            source=_KYNKAANNIEMI,
            protocol="k={k}",
            limits=(0.0, 1.0),
        ),
        MetricSpec(
            name="recall",
            title="Recall",
            better="higher",
            meaning="The share of reals that lie where samples lie: how much of the data can be "
            "made. A few samples far off have wide balls, and make it larger than it should be.",
            source=_KYNKAANNIEMI,
            protocol="k={k}",
            limits=(0.0, 1.0),
        ),
        MetricSpec(
            name="density",
            title="Density",
            better="one",
            meaning="How crowded with reals the places are where samples lie, compared with places "
            "where reals lie. Below 1, samples stray; above 1, they crowd where reals do.",
            source=_NAEEM,
            protocol="k={k}",
        ),
        MetricSpec(
            name="coverage",
            title="Coverage",
            better="higher",
            meaning="The share of reals that have a sample near them. Unlike recall it is not "
            "misled by samples far off, and it is small where the data is made in part only.",
            source=_NAEEM,
            protocol="k={k}",
            limits=(0.0, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The four of them; samples are resampled for precision and density, reals for the others.

        Balls stay as they are: among rows that were drawn twice, neighbours would be too near.

        Raises:
            EvaluationError: there are no k other samples, or no k other reals.
        """
        made, real, k = candidate.features, reference.features, context.neighbours
        found = overlap(
            made,
            real,
            radii(made, k, tick=context.tick),
            radii(real, k, tick=context.tick),
            tick=context.tick,
        )
        samples = context.resamples(len(made), "neighbourhoods of samples")
        reals = context.resamples(len(real), "neighbourhoods of reals")
        return {
            "precision": _mean(found.a_in_b > 0, samples),
            "recall": _mean(found.b_in_a, reals),
            "density": _mean(found.a_in_b.double() / k, samples),
            "coverage": _mean(found.b_holds, reals),
        }


def _mean(each: Tensor, draws: list[Tensor]) -> MetricValue:
    """The mean of what was found for each row `[N]`, and of resampled rows."""
    each = each.double()
    return MetricValue(float(each.mean()), tuple(float(each[rows].mean()) for rows in draws))
