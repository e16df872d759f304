"""Levels as a modality."""

import random

from zerosum.data.base import Dataset
from zerosum.evaluation.features.self_features import self_features
from zerosum.evaluation.reports.parts import beside_reals
from zerosum.modalities.levels.dungeon import RULES, dungeon
from zerosum.modalities.levels.model import LevelModel
from zerosum.modalities.levels.reading import level_dataset
from zerosum.modalities.levels.shown import LevelPreview, LevelWriter
from zerosum.modality import JudgeKit, Modality, register


def small_levels(
    *, height: int = 8, width: int = 8, num_labels: int = 4, needs: tuple[str, ...] = ()
) -> Dataset:
    """64 dungeons, filled up to a size, with labels a, b and so on in turn."""
    chance = random.Random(0)
    side = max(min(height, width), 8)
    grids = [dungeon(side, chance)[0] for _ in range(64)]
    names = [chr(ord("a") + i % num_labels) for i in range(64)] if num_labels else []
    return level_dataset(grids, names, name="small", window=(height, width), rules=RULES)


_PREVIEW = LevelPreview()

register(
    Modality(
        kind="level",
        preview=_PREVIEW,
        writer=LevelWriter(),
        judge=JudgeKit(
            extractors={"self": lambda dataset, tick: self_features(dataset, tick=tick)},
            default="self",
            parts=lambda shown: beside_reals(shown, _PREVIEW, most=_PREVIEW.few),
        ),
        model=lambda _game: LevelModel,
        small_dataset=small_levels,
        shapes=({"height": 8, "width": 13}, {"height": 16, "width": 9}),
    ),
    module=__name__,
)
