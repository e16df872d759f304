"""Can one learn from samples what one learns from reals?

A classifier is fitted on one side and tried on the other. It sees pixels or coordinates and never
learned features: those know the reals' labels already, so even poor samples would teach well in
them.

Ravuri and Vinyals, "Classification accuracy score for conditional generative models", NeurIPS
2019, arXiv:1905.10887; for series Esteban et al., arXiv:1706.02633 (TSTR, TRTS).
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
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
from zerosum.networks.resample import averaged
from zerosum.rng import Noise, derive_seed

MOST_ROWS = 2_000
"""How many rows a classifier learns from, and how many it is tried on, at most."""

_LARGEST_SIDE = 32


def train_on_synthetic(
    real_x: Tensor, real_y: Tensor, fake_x: Tensor, fake_y: Tensor, *, seed: int = 0
) -> float:
    """Share of reals that a classifier trained on samples alone classifies correctly.

    Args:
        real_x: reals, `[N, ...]`.
        real_y: their labels, int64 `[N]`.
        fake_x: samples, `[M, ...]`.
        fake_y: the labels they were asked for, int64 `[M]`.
        seed: chooses 2,000 rows if there are more.

    >>> x, y = torch.tensor([[0.0], [0.1], [1.0], [1.1]]), torch.tensor([0, 0, 1, 1])
    >>> train_on_synthetic(x, y, x, y)
    1.0
    """
    return float(read_rightly(fake_x, fake_y, real_x, real_y, seed=seed).mean())


def train_on_real(
    real_x: Tensor, real_y: Tensor, fake_x: Tensor, fake_y: Tensor, *, seed: int = 0
) -> float:
    """Share of samples that a classifier trained on reals assigns to their intended class.

    It needs real data only, so the generator cannot flatter it.

    Args:
        real_x: reals, `[N, ...]`.
        real_y: their labels, int64 `[N]`.
        fake_x: samples, `[M, ...]`.
        fake_y: the labels they were asked for, int64 `[M]`.
        seed: chooses 2,000 rows if there are more.

    >>> x, y = torch.tensor([[0.0], [0.1], [1.0], [1.1]]), torch.tensor([0, 0, 1, 1])
    >>> train_on_real(x, y, torch.tensor([[0.0], [0.0]]), torch.tensor([0, 1]))
    0.5
    """
    return float(read_rightly(real_x, real_y, fake_x, fake_y, seed=seed).mean())


def read_rightly(
    train_x: Tensor, train_y: Tensor, test_x: Tensor, test_y: Tensor, *, seed: int = 0
) -> Tensor:
    """Whether a classifier trained on the first set predicts the labels of the second.

    A support vector machine with a Gaussian kernel on flattened rows. Nothing is scaled column by
    column: that would blow up borders that are black in all rows.

    Args:
        train_x: rows to learn from, `[N, ...]`.
        train_y: their labels, int64 `[N]`.
        test_x: rows to classify, `[M, ...]`.
        test_y: their labels, int64 `[M]`.
        seed: chooses 2,000 rows of each if there are more.

    Returns:
        Float64 zeros and ones, `[T]` with T at most 2,000.

    >>> x, y = torch.tensor([[0.0], [0.1], [1.0], [1.1]]), torch.tensor([0, 0, 1, 1])
    >>> read_rightly(x, y, x, y.flip(0)).tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    train_x, train_y = _some(train_x, train_y, seed, "train")
    test_x, test_y = _some(test_x, test_y, seed, "test")
    if len(train_y.unique()) == 1:
        return (test_y == train_y[0]).double()
    from sklearn.svm import SVC

    gamma = 1 / max(train_x.shape[1] * float(train_x.var(correction=0)), 1e-12)
    machine = SVC(C=10.0, kernel="precomputed")
    machine.fit(_gaussian(train_x, train_x, gamma), train_y.numpy())
    said = machine.predict(_gaussian(test_x, train_x, gamma))
    return (torch.from_numpy(said) == test_y).double()


def _some(x: Tensor, y: Tensor, seed: int, purpose: str) -> tuple[Tensor, Tensor]:
    noise = Noise(derive_seed(seed, "read rightly", purpose))
    rows = noise.uniform(len(x)).argsort(stable=True)[:MOST_ROWS]
    return x[rows].flatten(1).double(), y[rows]


def _gaussian(a: Tensor, b: Tensor, gamma: float) -> np.ndarray:
    """exp(-γ‖a - b‖²) of rows, `[A, B]`, as an array."""
    return torch.cdist(a, b).square_().mul_(-gamma).exp_().numpy()


class _Utility(Metric):
    least: ClassVar[int] = 20

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """If samples and reals have labels, and there is more than one."""
        return samples.y is not None and reference.y is not None and context.space.num_labels > 1

    def _reading(self, train: SampleSet, test: SampleSet, context: MetricContext) -> MetricValue:
        assert train.y is not None
        assert test.y is not None
        right = read_rightly(
            _plain(train.x, context), train.y, _plain(test.x, context), test.y, seed=context.seed
        )
        rows = context.resamples(len(right), self.outputs[0].name)
        shares = tuple(float(right[some].mean()) for some in rows)
        return MetricValue(float(right.mean()), shares)


def _plain(x: Tensor, context: MetricContext) -> Tensor:
    """Model units; samples with axes averaged to at most 32 places along each."""
    x = context.space.to_model(x)
    return averaged(x, context.space.axes, most=_LARGEST_SIDE) if context.space.axes else x


_SOURCE = "Ravuri and Vinyals 2019, arXiv:1905.10887; Esteban et al. 2017, arXiv:1706.02633"
_PROTOCOL = "SVC on raw samples, up to 2000 rows"


@metric
class TrainOnSynthetic(_Utility):
    """Train on samples, test on reals (TSTR)."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="train_on_synthetic",
            title="Train on synthetic",
            better="higher",
            meaning="Share of reals whose label is named rightly by a classifier that learned from "
            "samples alone. It says what samples are worth as training data; beside it stands what "
            "as many reals are worth.",
            source=_SOURCE,
            protocol=_PROTOCOL,
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One share; for the interval the tried reals are resampled, not the fit."""
        return {"train_on_synthetic": self._reading(candidate, reference, context)}


@metric
class TrainOnReal(_Utility):
    """Train on reals, test on samples (TRTS)."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="train_on_real",
            title="Train on real",
            better="higher",
            meaning="Share of samples in which a classifier that learned from reals sees the label "
            "that was asked for. It can be higher than for reals, where samples are more typical "
            "than reals are.",
            source=_SOURCE,
            protocol=_PROTOCOL,
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One share; for the interval the tried samples are resampled."""
        return {"train_on_real": self._reading(reference, candidate, context)}
