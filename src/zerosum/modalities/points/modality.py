"""Points as a modality."""

from functools import partial

import torch

from zerosum.data.base import ArrayDataset, Dataset
from zerosum.evaluation.features.base import Embedded
from zerosum.evaluation.features.self_features import self_features
from zerosum.evaluation.reports.parts import over_reals
from zerosum.modalities.points import arrays, toy  # noqa: F401  (readers)
from zerosum.modalities.points.shown import PointPreview, PointWriter
from zerosum.modality import JudgeKit, Modality, register
from zerosum.rng import Noise

_SHOWN = 2_500


def small_points(
    *, dimensions: int = 3, num_labels: int = 4, needs: tuple[str, ...] = ()
) -> Dataset:
    """64 points around one centre for each label a, b and so on."""
    y = torch.arange(64) % max(num_labels, 1)
    x = Noise(0).normal(64, dimensions) + y[:, None]
    names = [chr(ord("a") + i) for i in range(num_labels)]
    return ArrayDataset(x, y if names else None, name="small", labels=names)


_PREVIEW = PointPreview()

register(
    Modality(
        kind="point",
        preview=_PREVIEW,
        writer=PointWriter(),
        judge=JudgeKit(
            extractors={
                "self": lambda dataset, tick: self_features(dataset, tick=tick),
                "pixels": lambda dataset, _: Embedded(dataset.space, name="pixels"),
            },
            default="self",
            parts=partial(over_reals, preview=_PREVIEW, most=_SHOWN),
        ),
        small_dataset=small_points,
        shapes=({"dimensions": 1}, {"dimensions": 7}),
    ),
    module=__name__,
)
