"""Do rows go with the rows above them as the reals' do, at one hop and at two?

Units are compared as `flat` has them. At one hop these are rows of the main table with the number,
aggregates and one row of each table that refers to it. At two hops so are tables below these.
"""

from collections.abc import Mapping
from itertools import product
from typing import ClassVar

import numpy as np
from torch import Tensor

from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.evaluation.metrics.c2st import c2st_spec
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.modalities.tables.judging.rows import (
    drawn_again,
    mean_of_known,
    reading_of,
    values_of,
)
from zerosum.modalities.tables.metrics.boosted import MOST_ROWS, RowC2st, boosted_c2st
from zerosum.modalities.tables.metrics.column_pairs import columns_of, pair_of
from zerosum.modalities.tables.metrics.shapes import shapes_of
from zerosum.spaces import Space

_HOPS = {1: "one hop", 2: "two hops"}
_MOST_PAIRED = 5_000


class UnitMeasure(Metric):
    """A metric that asks what hangs below a row, and so suits databases alone."""

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Databases."""
        return isinstance(space, RelationalSpace)


def columns_within(context: MetricContext, *hops: int) -> list[int]:
    """Columns of flat units that are so many hops away."""
    assert isinstance(context.space, RelationalSpace)
    return [i for i, hop in enumerate(context.space.hops) if hop in hops]


class _C2st(UnitMeasure, RowC2st):
    """Can boosted trees tell units?"""

    most = MOST_ROWS
    hop: ClassVar[int]

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where tables are that far away."""
        return bool(columns_within(context, self.hop))

    def odds(self, reals: Tensor, samples: Tensor, context: MetricContext) -> np.ndarray:
        """By columns that are no farther away."""
        assert isinstance(context.space, RelationalSpace)
        columns = columns_within(context, 0, *range(1, self.hop + 1))
        fields = [context.space.modelled[i] for i in columns]
        a, b = (x.numpy()[:, columns] for x in (reals, samples))
        return boosted_c2st(a, b, fields, seed=context.seed)


def _c2st_spec(name: str, hop: int, what: str) -> MetricSpec:
    return c2st_spec(
        name,
        f"C2ST, {_HOPS[hop]}",
        f"How well boosted trees separate samples from reals by {what}",
        judge="boosted trees",
        most=f"{MOST_ROWS} units",
    )


@metric
class C2stOneHop(_C2st):
    """Rows with what refers to them."""

    hop = 1
    outputs = (
        _c2st_spec(
            "c2st_one_hop", 1, "rows of the main table with the rows that refer to them (their "
            "number, aggregates, and one of them)"
        ),
    )  # fmt: skip


@metric
class C2stTwoHops(_C2st):
    """Rows with what refers to them, and with what refers to that."""

    hop = 2
    outputs = (
        _c2st_spec(
            "c2st_two_hops", 2, "rows of the main table with the rows below them, and with those "
            "below these"
        ),
    )  # fmt: skip


class _Trends(UnitMeasure):
    """How alike columns of the main table and of others hang together."""

    hop: ClassVar[int]

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where tables are that far away, and the main one has columns."""
        return bool(columns_within(context, self.hop) and columns_within(context, 0))

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """A mean over pairs; for the interval samples are drawn again."""
        assert isinstance(context.space, RelationalSpace)
        name = self.outputs[0].name
        made = candidate.rows(context.some(_MOST_PAIRED, len(candidate), name, "samples"))
        real = reference.rows(context.some(_MOST_PAIRED, len(reference), name, "reals"))
        every = columns_of(values_of(real), values_of(made), context.space.modelled)
        weights = drawn_again(context, len(made), name)
        near, far = columns_within(context, 0), columns_within(context, self.hop)
        trends = [pair_of(every[i], every[j], weights).trend for i, j in product(near, far)]
        return {name: reading_of(mean_of_known(np.stack(trends)))}


def _trends_spec(name: str, hop: int) -> MetricSpec:
    return MetricSpec(
        name=name,
        title=f"Trends, {_HOPS[hop]}",
        better="higher",
        meaning="How alike columns of the main table hang together with columns of tables "
        f"{_HOPS[hop]} away among samples and reals, on average over pairs: 1 is just so.",
        source="correlation and contingency similarity, as in sdmetrics",
        protocol=f"up to {_MOST_PAIRED} units each",
        extractor=False,
        limits=(0.0, 1.0),
    )


@metric
class TrendsOneHop(_Trends):
    """With tables that refer to the main one."""

    hop = 1
    outputs = (_trends_spec("trends_one_hop", 1),)


@metric
class TrendsTwoHops(_Trends):
    """With tables that refer to these."""

    hop = 2
    outputs = (_trends_spec("trends_two_hops", 2),)


@metric
class Cardinality(UnitMeasure):
    """How many rows hang below others."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="cardinality_shape",
            title="Cardinality shape",
            better="higher",
            meaning="How alike the numbers of rows that refer to a row are distributed among "
            "samples and reals, on average over references: 1 minus the Kolmogorov-Smirnov "
            "distance.",
            source="cardinality shape similarity, as in sdmetrics",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where a table refers to another."""
        return bool(_counts(context))

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """A mean over references; for the interval samples are drawn again."""
        weights = drawn_again(context, len(candidate), "cardinality_shape")
        real, made = values_of(reference), values_of(candidate)
        each = [shapes_of(real[:, i], made[:, i], weights, False) for i in _counts(context)]
        return {"cardinality_shape": reading_of(mean_of_known(np.stack(each)))}


def _counts(context: MetricContext) -> list[int]:
    """Columns that say how many rows hang below a row."""
    assert isinstance(context.space, RelationalSpace)
    return list(context.space.counted)
