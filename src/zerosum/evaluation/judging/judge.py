"""The judge: every measure that applies, read for samples, for fresh reals and for a baseline."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zerosum.errors import EvaluationError
from zerosum.evaluation.judging.figures import Figure
from zerosum.evaluation.measures.base import Bench, Exhibit, Measure, Output, Reading


@dataclass(frozen=True)
class Hearing:
    """What is laid before the judge.

    Attributes:
        samples: what the model made.
        reference: reals that samples are held against.
        fresh: other reals, for the ceiling; as many as samples.
        baseline: what a trivial generator made, for the floor; as many as samples.
        bench: what all measures share.
    """

    samples: Exhibit
    reference: Exhibit
    fresh: Exhibit
    baseline: Exhibit
    bench: Bench


def judge(hearing: Hearing, measures: Sequence[Measure]) -> tuple[Figure, ...]:
    """Read every measure that applies.

    Args:
        hearing: samples, reals and baseline.
        measures: which to read; those that do not apply are left out.

    Raises:
        EvaluationError: too few samples or reals for a measure; the message says how many.
    """
    bench = hearing.bench
    figures = []
    for i, one in enumerate(measures):
        if bench.tick is not None:
            bench.tick("judge", i, len(measures))
        if not one.applies(hearing.samples, hearing.reference, bench):
            continue
        _require_enough(one, hearing)
        quick = replace(bench, replicates=0)
        value = one.read(hearing.samples, hearing.reference, bench)
        ceiling = one.read(hearing.fresh, hearing.reference, quick)
        floor = one.read(hearing.baseline, hearing.reference, quick)
        figures += [
            _figure(o, hearing, value[o.name], ceiling.get(o.name), floor.get(o.name))
            for o in one.outputs
            if o.name in value
        ]
    return tuple(figures)


def _require_enough(one: Measure, hearing: Hearing) -> None:
    for what, exhibit in (("samples", hearing.samples), ("reals", hearing.reference)):
        if len(exhibit) < one.least:
            names = ", ".join(output.name for output in one.outputs)
            raise EvaluationError(
                f"{len(exhibit)} {what} are too few for {names}, which needs {one.least}. "
                "Ask for more samples (-n), or give a larger holdout."
            )


def _figure(
    output: Output, hearing: Hearing, value: Reading, ceiling: Reading | None, floor: Reading | None
) -> Figure:
    bench = hearing.bench
    parts = [bench.extractor] if output.extractor else []
    parts += [bench.split, f"N={len(hearing.samples)}"]
    if len(hearing.reference) != len(hearing.samples):
        parts.append(f"reals={len(hearing.reference)}")
    train = 0 if bench.train is None else len(bench.train)
    parts += (
        [output.protocol.format(k=bench.neighbours, train=train, target=bench.target)]
        if output.protocol
        else []
    )
    interval = value.interval()
    low, high = interval if interval else (None, None)
    bottom, top = output.limits
    return Figure(
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
