"""What are the rows of a table worth to somebody who predicts one of its columns?

Trees are fitted on one side and tried on the other. Esteban, Hyland and Rätsch, "Real-valued
(medical) time series generation with recurrent conditional GANs", 2017, arXiv:1706.02633 (TSTR and
TRTS). The ceiling is what as many reals are worth, the floor what independent columns are.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from zerosum.evaluation.metrics.base import (
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.tables.judging.prediction import Task, holds_classes
from zerosum.modalities.tables.judging.rows import (
    RowMeasure,
    drawn_again,
    fields_of,
    reading_of,
    values_of,
)

MOST_ROWS = 10_000
"""Rows that trees learn from, and that they are tried on, at most."""

FEW = 200
"""Real rows that samples are added to."""

_DRAWS = 3


def target_column(context: MetricContext) -> int | None:
    """Which column of the values is the target; None where none was named."""
    names = [field.name for field in fields_of(context)]
    return names.index(context.target) if context.target is not None else None


class _Target(RowMeasure):
    least: ClassVar[int] = 20
    classes: ClassVar[bool]

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where a target of that kind was named, and there is another column to learn from."""
        fields, target = fields_of(context), target_column(context)
        return (
            target is not None
            and len(fields) > 1
            and holds_classes(fields[target], values_of(reference)[:, target]) is self.classes
        )

    def _task(self, train: SampleSet, test: SampleSet, context: MetricContext) -> Task:
        target = target_column(context)
        assert target is not None
        learned, tried = (
            values_of(one)[context.some(MOST_ROWS, len(one), "utility", side).numpy()]
            for one, side in ((train, "train"), (test, "test"))
        )
        return Task.of(learned, tried, fields_of(context), target, classes=self.classes)

    def _learned(
        self, train: SampleSet, test: SampleSet, context: MetricContext
    ) -> dict[str, MetricValue]:
        """Scores of trees that learned from one side, tried on the other."""
        task = self._task(train, test, context)
        weights = drawn_again(context, len(task.test), self.outputs[0].name)
        scores = task.scores(np.arange(len(task.train)), weights, seed=context.seed)
        return {
            output.name: reading_of(scores[output.name.rpartition("_")[2]])
            for output in self.outputs
        }


class _OnSynthetic(_Target):
    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """For the interval the tried reals are resampled, not the fit."""
        return self._learned(candidate, reference, context)


class _OnReal(_Target):
    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """For the interval the tried samples are resampled, not the fit."""
        return self._learned(reference, candidate, context)


class _Lift(_Target):
    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where as many reals are left to try on, too."""
        return super().applies(samples, reference, context) and len(reference) >= 2 * FEW

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The mean over three choices of few reals, with samples and alone, tried on all others."""
        (output,) = self.outputs
        score = output.name.rpartition("_")[2]
        target = target_column(context)
        assert target is not None
        made = values_of(candidate)[context.some(MOST_ROWS, len(candidate), "lift").numpy()]
        real = values_of(reference)
        gains = []
        for draw in range(_DRAWS):
            order = context.some(MOST_ROWS, len(real), "few", str(draw)).numpy()
            few, rest = real[order[:FEW]], real[order[FEW:]]
            task = Task.of(
                np.concatenate([few, made]), rest, fields_of(context), target, classes=self.classes
            )
            alone = np.arange(int((~np.isnan(few[:, target])).sum()))
            weights = drawn_again(context, len(task.test), f"lift {draw}")
            with_samples = task.scores(np.arange(len(task.train)), weights, seed=context.seed)
            gains.append(
                with_samples[score] - task.scores(alone, weights, seed=context.seed)[score]
            )
        return {output.name: reading_of(np.mean(gains, axis=0))}


_SOURCE = "Esteban et al. 2017, arXiv:1706.02633"
_TREES = "target={target}, boosted trees, up to 10000 rows"
_ON_SYNTHETIC = "for trees that learned from samples alone, tried on reals. It says what samples "
_ON_SYNTHETIC += "are worth as training data; beside it stands what as many reals are worth."
_ON_REAL = "for trees that learned from reals, tried on samples. Where samples are more typical "
_ON_REAL += "than reals it is higher than for reals."
_LIFT = "What {count} real rows gain as training data when samples are added to them: the "
_LIFT += "difference in {score} over these rows alone. Below 0 samples do harm."
_AUC = "How well the target's classes are ranked (area under the ROC curve, mean over classes), "
_F1 = "How well the target's classes are named (F1, mean over classes), "
_R2 = "Share of the target's variance that is predicted, "


def _output(
    name: str, title: str, meaning: str, limits: tuple[float, float], extra: str = ""
) -> MetricSpec:
    return MetricSpec(
        name=name, title=title, better="higher", meaning=meaning, source=_SOURCE,
        protocol=_TREES + extra, extractor=False, limits=limits,
    )  # fmt: skip


_SHARE, _VARIANCE = (0.0, 1.0), (float("-inf"), 1.0)


@metric
class TrainOnSyntheticClass(_OnSynthetic):
    """Fit on samples, try on reals, for a category."""

    classes = True
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        _output(
            "train_on_synthetic_target_auc",
            "Train on synthetic target AUC",
            _AUC + _ON_SYNTHETIC,
            _SHARE,
        ),
        _output(
            "train_on_synthetic_target_f1",
            "Train on synthetic target F1",
            _F1 + _ON_SYNTHETIC,
            _SHARE,
        ),
    )


@metric
class TrainOnSyntheticNumber(_OnSynthetic):
    """Fit on samples, try on reals, for a number."""

    classes = False
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        _output(
            "train_on_synthetic_target_r2",
            "Train on synthetic target R²",
            _R2 + _ON_SYNTHETIC,
            _VARIANCE,
        ),
    )


@metric
class TrainOnRealClass(_OnReal):
    """Fit on reals, try on samples, for a category."""

    classes = True
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        _output("train_on_real_target_auc", "Train on real target AUC", _AUC + _ON_REAL, _SHARE),
        _output("train_on_real_target_f1", "Train on real target F1", _F1 + _ON_REAL, _SHARE),
    )


@metric
class TrainOnRealNumber(_OnReal):
    """Fit on reals, try on samples, for a number."""

    classes = False
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        _output("train_on_real_target_r2", "Train on real target R²", _R2 + _ON_REAL, _VARIANCE),
    )


@metric
class LiftClass(_Lift):
    """Samples beside few reals, for a category."""

    classes = True
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        _output(
            "lift_auc",
            "Lift AUC",
            _LIFT.format(count=FEW, score="AUC"),
            (-1.0, 1.0),
            f", {FEW} real rows",
        ),
    )


@metric
class LiftNumber(_Lift):
    """Samples beside few reals, for a number."""

    classes = False
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        _output(
            "lift_r2",
            "Lift R²",
            _LIFT.format(count=FEW, score="R²"),
            (float("-inf"), float("inf")),
            f", {FEW} real rows",
        ),
    )
