"""Series as a modality."""

import numpy as np
import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.evaluation.features.base import Extractor
from zerosum.evaluation.features.self_features import self_features
from zerosum.games.base import Game
from zerosum.modalities.series import waves  # noqa: F401  (a reader)
from zerosum.modalities.series.arrays import SeriesDataset
from zerosum.modalities.series.features import SeriesFeatures
from zerosum.modalities.series.metrics.boosted import tree_inputs_of
from zerosum.modalities.series.model import SeriesModel
from zerosum.modalities.series.part import series_parts
from zerosum.modalities.series.reading import files, formats  # noqa: F401  (readers)
from zerosum.modalities.series.shown import SeriesPreview, SeriesWriter
from zerosum.modalities.series.space import SeriesSpace, fit_space
from zerosum.modality import JudgeKit, Modality, register
from zerosum.models.model import Model
from zerosum.rng import Noise
from zerosum.spaces import Space


def small_series(
    *, length: int = 12, channels: int = 2, num_labels: int = 4, needs: tuple[str, ...] = ()
) -> Dataset:
    """64 series: sines of a frequency for each label a, b and so on, and a random walk."""
    noise, y = Noise(0), torch.arange(64) % max(num_labels, 1)
    steps = torch.linspace(0, 6.28, length)
    phase = torch.arange(64)[:, None, None] / 10 + torch.arange(channels)[:, None]
    x = torch.sin((1 + y[:, None, None]) * steps + phase) + 0.05 * noise.normal(
        64, channels, length
    )
    if channels > 1:
        x[:, 1] = (3 + 0.1 * noise.normal(64, length).cumsum(1)).exp()
    names = [chr(ord("a") + i) for i in range(num_labels)]
    space = fit_space(
        x, [f"c{i}" for i in range(channels)], labels=names,
        label_counts=torch.bincount(y, minlength=num_labels).tolist() if names else (),
    )  # fmt: skip
    return SeriesDataset(x, y if names else None, space, name="small")


def _has_attributes(game: Game) -> bool:
    return isinstance(game.space, SeriesSpace) and game.space.attributes is not None


def _blind(dataset: Dataset) -> SeriesDataset:
    """The series with attributes in which the label is not shown: features are to say it."""
    assert isinstance(dataset.space, SeriesSpace)
    x, y = dataset.take(torch.arange(len(dataset)))
    return SeriesDataset(x, y, dataset.space.judged, name=dataset.name)


def _values(dataset: Dataset) -> Extractor:
    assert isinstance(dataset.space, SeriesSpace)
    return SeriesFeatures(dataset.space)


def _seen_by_judges(space: Space, x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """What a judge of `refine` sees of series `[N, C, L]`: what boosted trees of a C2ST see."""
    assert isinstance(space, SeriesSpace)
    inputs, attributes = tree_inputs_of(space.bridged(x)), space.parts(x)[1].numpy()
    categorical = [] if space.attributes is None else [
        bool(field.categories) for field in space.attributes.modelled
    ]  # fmt: skip
    marks = np.concatenate([np.zeros(inputs.shape[1], bool), np.array(categorical, bool)])
    return np.concatenate([inputs, attributes], axis=1), marks


_PREVIEW = SeriesPreview()

register(
    Modality(
        kind="series",
        preview=_PREVIEW,
        writer=SeriesWriter(),
        judge=JudgeKit(
            extractors={
                "self": lambda dataset, tick: self_features(_blind(dataset), tick=tick),
                "values": lambda dataset, _: _values(dataset),
            },
            default="self",
            parts=series_parts,
            inputs=_seen_by_judges,
        ),
        model=lambda game: SeriesModel if _has_attributes(game) else Model,
        small_dataset=small_series,
        shapes=(
            {"length": 7, "channels": 3}, {"length": 2, "channels": 1},
            {"length": 33, "channels": 1},
        ),
    ),
    module=__name__,
)  # fmt: skip
