"""Lengths, gaps, transitions and calendars of rows, each compared with those of reals."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import (
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.sequences.metrics.entities import SequenceMetric, space_of
from zerosum.modalities.sequences.space import SequenceSpace
from zerosum.modalities.tables.judging.rows import drawn_again, reading_of

_MOST_STATES = 12
"""Categories of a column that transitions are counted between; others count as one."""


def distance_of_shares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Half the sum of absolute differences of shares `[R, K]`, `[R]`; 0 alike, 1 apart.

    >>> distance_of_shares(np.array([[1.0, 3.0]]), np.array([[1.0, 1.0]]))
    array([0.25])
    """
    total_a, total_b = a.sum(-1, keepdims=True), b.sum(-1, keepdims=True)
    shares = a / np.maximum(total_a, 1e-300), b / np.maximum(total_b, 1e-300)
    return np.abs(shares[0] - shares[1]).sum(-1) / 2


def distance_of_ranks(a: np.ndarray, b: np.ndarray, wa: np.ndarray, wb: np.ndarray) -> np.ndarray:
    """The Kolmogorov-Smirnov distance of values `[N]` and `[M]` with weights `[R, N]`, `[R, M]`."""
    values, at = np.unique(np.concatenate([a, b]), return_inverse=True)
    found = []
    for first, second in zip(wa, wb, strict=True):
        sides = [
            np.bincount(at[part], weight, minlength=len(values)).cumsum()
            for part, weight in ((slice(len(a)), first), (slice(len(a), None), second))
        ]
        found.append(np.abs(sides[0] / sides[0][-1] - sides[1] / sides[1][-1]).max())
    return np.array(found)


@metric
class LengthDistance(SequenceMetric):
    """How many rows entities have."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="length_distance",
            title="Distance of lengths",
            better="lower",
            meaning="How far the numbers of rows of entities are from real ones: the largest "
            "difference of the shares that have at most so many. 0 is alike.",
            source="Kolmogorov-Smirnov",
            protocol="rows of an entity",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One distance; entities are resampled."""
        space = space_of(context)
        lengths = [space.lengths(space.parts(one.x)[0]).numpy() for one in (candidate, reference)]
        weights = [
            drawn_again(context, len(one), f"lengths {side}")
            for one, side in zip(lengths, ("samples", "reals"), strict=True)
        ]
        return {"length_distance": reading_of(distance_of_ranks(*lengths, *weights))}


@metric
class GapDistance(SequenceMetric):
    """How much time passes between rows."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="gap_distance",
            title="Distance of gaps",
            better="lower",
            meaning="How far the times between rows of an entity are from real ones: the largest "
            "difference of the shares of gaps that are at most so long. 0 is alike.",
            source="Kolmogorov-Smirnov",
            protocol="gaps between rows",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where rows have a time."""
        space = space_of(context)
        return space.axis is not None and all(
            bool((space.lengths(space.parts(one.x)[0]) > 1).any()) for one in (samples, reference)
        )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One distance; entities are resampled."""
        space = space_of(context)
        values, weights = [], []
        for one, side in ((candidate, "samples"), (reference, "reals")):
            gaps = space.parts(one.x)[1][:, :, 0].diff(dim=1)
            there = ~gaps.isnan()
            owner = torch.arange(len(gaps))[:, None].expand_as(there)[there].numpy()
            values.append(gaps[there].numpy())
            weights.append(drawn_again(context, len(gaps), f"gaps {side}")[:, owner])
        return {"gap_distance": reading_of(distance_of_ranks(*values, *weights))}


@metric
class TransitionDistance(SequenceMetric):
    """What follows what."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="transition_distance",
            title="Distance of transitions",
            better="lower",
            meaning="How far the pairs of categories of a row and the next are from real ones: "
            "half the sum of differences of their shares, on average over columns of categories. "
            "0 is alike.",
            source="total variation distance",
            protocol=f"pairs of neighbouring rows, {_MOST_STATES} categories",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where rows have categories."""
        return bool(_category_columns(space_of(context)))

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The mean over columns; entities are resampled."""
        space = space_of(context)
        weights = [
            drawn_again(context, len(one), f"transitions {side}")
            for one, side in ((candidate, "samples"), (reference, "reals"))
        ]
        each = []
        for column in _category_columns(space):
            sides = [space.parts(one.x)[1][:, :, column] for one in (candidate, reference)]
            most = _most_frequent(sides[1])
            counts = [
                weight @ _pairs(side, most) for side, weight in zip(sides, weights, strict=True)
            ]
            each.append(distance_of_shares(*counts))
        return {"transition_distance": reading_of(np.mean(each, axis=0))}


@metric
class CalendarDistance(SequenceMetric):
    """When rows are."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="calendar_distance",
            title="Distance of calendars",
            better="lower",
            meaning="How far the weekdays, days of the month and hours of rows are from real ones: "
            "half the sum of differences of their shares, on average over the three. 0 is alike.",
            source="total variation distance",
            protocol="weekday, day of month, days to month end, hour",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where time is one of a calendar."""
        axis = space_of(context).axis
        return axis is not None and axis.has_calendar

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The mean over parts of the calendar; entities are resampled."""
        space = space_of(context)
        counts = []
        for one, side in ((candidate, "samples"), (reference, "reals")):
            weight = drawn_again(context, len(one), f"calendars {side}")
            counts.append([weight @ per for per in calendars(space, one.x)])
        each = [distance_of_shares(a, b) for a, b in zip(*counts, strict=True)]
        return {"calendar_distance": reading_of(np.mean(each, axis=0))}


def calendars(space: SequenceSpace, x: Tensor) -> Sequence[np.ndarray]:
    """Rows of each entity by weekday, day of month, days to its end, and hour, `[N, K]` each."""
    axis = space.axis
    assert axis is not None
    attributes, rows = space.parts(x)
    valid = space.valid(space.lengths(attributes))
    owner = np.broadcast_to(np.arange(len(x))[:, None], valid.shape)[valid.numpy()]
    moments = axis.split(rows[:, :, 0][valid])
    codes = axis.calendar(moments.day).numpy()
    parts = [(codes[:, 0], 7), (codes[:, 1], 31), (codes[:, 2], 31)]
    parts += [(axis.hour(moments.clock).numpy(), 24)] if axis.has_clock else []
    return [
        np.bincount(owner * size + code, minlength=len(x) * size).reshape(-1, size).astype(float)
        for code, size in parts
    ]


def _category_columns(space: SequenceSpace) -> list[int]:
    """Where in compact rows columns of categories lie."""
    offset = space.num_values - len(space.names)
    fields = space.rows.modelled[space.num_stood :]
    return [offset + i for i, field in enumerate(fields) if field.categories]


def _most_frequent(column: Tensor) -> np.ndarray:
    known = column[~column.isnan()].long()
    counts = torch.bincount(known, minlength=1)
    return counts.argsort(descending=True, stable=True)[:_MOST_STATES].numpy()


def _pairs(column: Tensor, most: np.ndarray) -> np.ndarray:
    """How often each pair of states follows each other in each entity, float64 `[N, S * S]`."""
    values = column.numpy()
    states = len(most) + 1
    place = np.full(int(np.nanmax(np.append(values, 0))) + 2, states - 1)
    place[most[most < len(place)]] = np.flatnonzero(most < len(place))
    known = ~np.isnan(values)
    state = place[np.where(known, values, len(place) - 1).astype(int)]
    both = known[:, 1:] & known[:, :-1]
    owner = np.broadcast_to(np.arange(len(values))[:, None], both.shape)[both]
    pair = (state[:, :-1] * states + state[:, 1:])[both]
    size = states * states
    return np.bincount(owner * size + pair, minlength=len(values) * size).reshape(-1, size)
