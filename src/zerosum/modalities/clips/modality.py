"""Clips as a modality."""

from functools import partial

import torch

from zerosum.data.base import Dataset
from zerosum.evaluation.features.base import Embedded
from zerosum.evaluation.features.self_features import self_features
from zerosum.evaluation.reports.parts import beside_reals
from zerosum.modalities.clips import arrays, bouncing, files  # noqa: F401  (readers)
from zerosum.modalities.clips.arrays import dataset_of_clips
from zerosum.modalities.clips.shown import ClipPreview, ClipWriter
from zerosum.modality import JudgeKit, Modality, register
from zerosum.rng import Noise

_SHOWN = 6


def small_clips(
    *, channels: int = 1, frames: int = 4, height: int = 8, width: int = 8, num_labels: int = 4,
    needs: tuple[str, ...] = (),
) -> Dataset:  # fmt: skip
    """64 clips of a bright row that goes down as fast as its label a, b and so on says."""
    noise, y = Noise(0), torch.arange(64) % max(num_labels, 1)
    time = torch.arange(frames)[None]
    row = (noise.integers(64, 1, high=height) + (1 + y)[:, None] * time) % height
    lit = row[:, :, None] == torch.arange(height)
    x = 0.8 * lit[:, :, None, :, None] + 0.2 * noise.uniform(64, frames, channels, height, width)
    names = tuple(chr(ord("a") + i) for i in range(num_labels))
    pixels = (255 * x).round().to(torch.uint8)
    return dataset_of_clips(pixels, y if names else None, names, rate=8.0, name="small")


_PREVIEW = ClipPreview()

register(
    Modality(
        kind="clip",
        preview=_PREVIEW,
        writer=ClipWriter(),
        judge=JudgeKit(
            extractors={
                "self": lambda dataset, tick: self_features(dataset, tick=tick),
                "pixels": lambda dataset, _: Embedded(dataset.space, name="pixels"),
            },
            default="self",
            parts=partial(beside_reals, preview=_PREVIEW, most=_SHOWN),
        ),
        small_dataset=small_clips,
        shapes=({"frames": 5, "height": 9, "width": 13, "channels": 3},),
    ),
    module=__name__,
)
