"""The judge: every metric that applies, read for samples, for fresh reals and for a baseline."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zerosum.errors import EvaluationError
from zerosum.evaluation.judging.figures import MetricResult
from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
)

_LEAST = 10
"""Samples and reals without which nothing is judged, unless a metric needs fewer."""


@dataclass(frozen=True)
class EvaluationSets:
    """What the judge compares.

    Attributes:
        samples: what the model made.
        reference: reals that samples are held against.
        fresh: other reals, for the ceiling; as many as samples.
        baseline: what a trivial generator made, for the floor; as many as samples.
        context: what all metrics share.
    """

    samples: SampleSet
    reference: SampleSet
    fresh: SampleSet
    baseline: SampleSet
    context: MetricContext


def judge(sets: EvaluationSets, metrics: Sequence[Metric]) -> tuple[MetricResult, ...]:
    """Read every metric that applies.

    Args:
        sets: samples, reals and baseline.
        metrics: which to read; those that do not apply, and those that need more samples or reals
            than there are, are left out (`too_few_for` names these).

    Raises:
        EvaluationError: fewer than 10 samples or reals, and a metric needs more; the message says
            how many.
    """
    context = sets.context
    figures = []
    for i, one in enumerate(metrics):
        if context.tick is not None:
            context.tick("judge", i, len(metrics))
        if not one.applies(sets.samples, sets.reference, context):
            continue
        if _is_short(one, sets):
            continue
        quick = replace(context, replicates=0)
        value = one.read(sets.samples, sets.reference, context)
        ceiling = one.read(sets.fresh, sets.reference, quick)
        floor = one.read(sets.baseline, sets.reference, quick)
        figures += [
            _figure(o, sets, value[o.name], ceiling.get(o.name), floor.get(o.name))
            for o in one.outputs
            if o.name in value
        ]
    return tuple(figures)


def too_few_for(sets: EvaluationSets, metrics: Sequence[Metric]) -> tuple[str, ...]:
    """What `judge` leaves out since it needs more samples or reals, in a sentence; else nothing."""
    short = [
        one
        for one in metrics
        if one.applies(sets.samples, sets.reference, sets.context)
        and min(len(sets.samples), len(sets.reference)) < one.least
    ]
    if not short:
        return ()
    names = ", ".join(output.name for one in short for output in one.outputs)
    return (
        f"{len(sets.samples)} samples are held against {len(sets.reference)} reals. That is too "
        f"few for {names}, which {'needs' if names.count(',') == 0 else 'need'} "
        f"{max(one.least for one in short)}: left out here.",
    )


def _is_short(one: Metric, sets: EvaluationSets) -> bool:
    """Whether a metric needs more samples or reals than there are.

    Raises:
        EvaluationError: there are fewer than 10, of which hardly anything can be said.
    """
    for what, exhibit in (("samples", sets.samples), ("reals", sets.reference)):
        if len(exhibit) < min(one.least, _LEAST):
            names = ", ".join(output.name for output in one.outputs)
            raise EvaluationError(
                f"{len(exhibit)} {what} are too few for {names}, which needs {one.least}. "
                "Give a larger holdout; or ask for more samples (-n), of which there may be as "
                "many as reals."
            )
    return min(len(sets.samples), len(sets.reference)) < one.least


def _figure(
    output: MetricSpec,
    sets: EvaluationSets,
    value: MetricValue,
    ceiling: MetricValue | None,
    floor: MetricValue | None,
) -> MetricResult:
    context = sets.context
    parts = [context.extractor] if output.extractor else []
    parts += [context.split, f"N={len(sets.samples)}"]
    if len(sets.reference) != len(sets.samples):
        parts.append(f"reals={len(sets.reference)}")
    train = 0 if context.train is None else len(context.train)
    parts += (
        [output.protocol.format(k=context.neighbours, train=train, target=context.target)]
        if output.protocol
        else []
    )
    interval = value.interval()
    low, high = interval if interval else (None, None)
    bottom, top = output.limits
    return MetricResult(
        name=output.name,
        title=output.title,
        protocol=", ".join(parts),
        value=value.value,
        low=None if low is None else min(max(low, bottom), value.value),
        high=None if high is None else max(min(high, top), value.value),
        ceiling=ceiling.value if ceiling else None,
        floor=floor.value if floor else None,
        better=output.better,
        meaning=output.meaning,
        source=output.source,
        memorisation=output.memorisation,
    )
