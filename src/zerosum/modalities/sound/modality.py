"""Sounds as a modality."""

from functools import partial

import torch

from zerosum.data.base import Dataset
from zerosum.evaluation.features.base import Extractor
from zerosum.evaluation.features.self_features import self_features
from zerosum.evaluation.reports.parts import beside_reals
from zerosum.modalities.sound import arrays, files, kit  # noqa: F401  (readers)
from zerosum.modalities.sound.classes import SoundClasses
from zerosum.modalities.sound.features import SummaryFeatures
from zerosum.modalities.sound.model import SoundModel
from zerosum.modalities.sound.shown import SoundPreview, SoundWriter
from zerosum.modalities.sound.space import SoundDataset, SoundSpace
from zerosum.modality import JudgeKit, Modality, register
from zerosum.rng import Noise

_SHOWN = 32


def small_sounds(
    *, samples: int = 240, channels: int = 1, mels: int = 12, num_labels: int = 4,
    needs: tuple[str, ...] = (),
) -> Dataset:  # fmt: skip
    """64 sounds at 2,000 Hz: sines of a pitch for each label a, b and so on, that fade."""
    noise, y = Noise(0), torch.arange(64) % max(num_labels, 1)
    time = torch.arange(samples) / 2_000
    pitch = (100 * (1 + y) + 10 * noise.uniform(64))[:, None, None]
    phase = 6.28 * noise.uniform(64, channels, 1)
    x = 0.7 * (6.28 * pitch * time + phase).sin() * (-time / 0.05).exp()
    x = (x + 0.01 * noise.normal(64, channels, samples)).clamp(-1, 1)
    names = tuple(chr(ord("a") + i) for i in range(num_labels))
    counts = tuple(torch.bincount(y, minlength=num_labels).tolist()) if names else ()
    space = SoundSpace(
        channels=channels, samples=samples, rate=2_000, n_fft=64, hop=16, mels=mels,
        labels=names, label_counts=counts,
    )  # fmt: skip
    return SoundDataset(x, y if names else None, space, name="small")


def _summary(dataset: Dataset) -> Extractor:
    assert isinstance(dataset.space, SoundSpace)
    return SummaryFeatures(dataset.space)


_PREVIEW = SoundPreview()

register(
    Modality(
        kind="sound",
        preview=_PREVIEW,
        writer=SoundWriter(),
        judge=JudgeKit(
            extractors={
                "self": lambda dataset, tick: self_features(dataset, tick=tick),
                "summary": lambda dataset, _: _summary(dataset),
            },
            default="self",
            parts=partial(beside_reals, preview=_PREVIEW, most=_SHOWN),
        ),
        classes=SoundClasses(),
        model=lambda _game: SoundModel,
        small_dataset=small_sounds,
        shapes=({"samples": 300, "channels": 2}, {"samples": 130, "mels": 9}),
    ),
    module=__name__,
)
