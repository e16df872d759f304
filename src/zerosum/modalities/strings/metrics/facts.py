"""Whether texts state the cells of their rows."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from zerosum.evaluation.metrics.base import (
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.strings.boundaries import holds
from zerosum.modalities.strings.frames import cells_of, filled
from zerosum.modalities.strings.metrics.words import TextMetric
from zerosum.modalities.strings.space import TextSpace
from zerosum.modalities.tables.reading.frames import to_table

_MOST = 2_000


@metric
class FactsStated(TextMetric):
    """How often the cell of a slot's column stands in the text."""

    least: ClassVar[int] = 1
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="facts_stated",
            title="Cells stated in the text",
            better="higher",
            meaning="Of columns whose cells most real texts state, such as a name or a dose: the "
            "share of cells that the text of the row states, mean over the columns. What a slot "
            "says is never another row's; a text can only leave it out. Beside it fresh reals.",
            source="exact match of the cell as it is written",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where there are slots."""
        assert isinstance(context.space, TextSpace)
        return bool(context.space.slots)

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The share; intervals are those of drawing samples again."""
        assert isinstance(context.space, TextSpace)
        said = _stated(context.space, candidate)
        draws = context.resamples(len(said), "facts")
        value, *again = [
            float(np.nanmean(np.nanmean(said[rows], axis=0)))
            for rows in (np.arange(len(said)), *(one.numpy() for one in draws))
        ]
        return {"facts_stated": MetricValue(value, tuple(again))}


def _stated(space: TextSpace, samples: SampleSet) -> np.ndarray:
    """Whether each text states the cell of each slot's column, `[N, S]`; NaN where it has none."""
    x = samples.x[:_MOST]
    table = to_table(space.parts(x)[0], space.attributes)
    texts = filled(space, space.templates(x), table)
    columns: Sequence[list[str | None]] = [cells_of(table[name]) for name in space.slots]
    return np.array([
        [np.nan if not cell else float(holds(text, cell)) for cell in cells]
        for text, *cells in zip(texts, *columns, strict=True)
    ])  # fmt: skip
