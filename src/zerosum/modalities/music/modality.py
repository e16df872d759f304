"""Music as a modality."""

import random
from functools import partial

import numpy as np
import torch

from zerosum.data.base import Dataset
from zerosum.evaluation.features.base import Extractor
from zerosum.evaluation.reports.parts import beside_reals
from zerosum.modalities.music import tunes  # noqa: F401  (a reader)
from zerosum.modalities.music.codes import FIRST
from zerosum.modalities.music.features import NoteFeatures, judge_inputs
from zerosum.modalities.music.reading import music_dataset
from zerosum.modalities.music.rules import TuneRules
from zerosum.modalities.music.shown import MusicPreview, MusicWriter
from zerosum.modalities.music.space import MusicSpace, Voice
from zerosum.modality import JudgeKit, Modality, register


def small_songs(
    *, bars: int = 2, voices: int = 2, drums: bool = True, num_labels: int = 4,
    needs: tuple[str, ...] = (),
) -> Dataset:  # fmt: skip
    """64 songs of a few bars in 2/4 and 3/4, on a grid of eighths, with labels a, b and so on."""
    chance, meters = random.Random(0), ((2, 4), (3, 4))
    lines = [Voice(name=f"part {i + 1}") for i in range(voices)]
    lines += [Voice(name="drums", drums=True)] if drums else []
    codes = np.full((64, 6 * bars, len(lines)), -1, np.int64)
    heads = []
    for i, song in enumerate(codes):
        meter, key = i % 2, (5 * i) % 24 if voices else 24
        steps = (4 + 2 * meter) * bars
        heads.append([meter, key, bars, 0, 0])
        for step in range(steps):
            for v in range(len(lines)):
                note = 1 + chance.randrange(3) if v == voices else 60 - 7 * v + i % 4
                song[step, v] = chance.choice((0, int(step > 0 and v < voices), FIRST + note))
                if song[step, v] == 1 and song[step - 1, v] == 0:
                    song[step, v] = 0
    y = torch.arange(64) % max(num_labels, 1)
    names = tuple(chr(ord("a") + i) for i in range(num_labels))
    return music_dataset(
        torch.tensor(heads), torch.from_numpy(codes), lines, meters, grid=2, longest=bars + 1,
        y=y if names else None, labels=names, tempo=[120.0] * max(num_labels, 1), name="small",
        rules=TuneRules() if voices and drums else None,
    )  # fmt: skip


def _notes(dataset: Dataset) -> Extractor:
    assert isinstance(dataset.space, MusicSpace)
    return NoteFeatures(dataset.space)


_PREVIEW = MusicPreview()

register(
    Modality(
        kind="music",
        preview=_PREVIEW,
        writer=MusicWriter(),
        judge=JudgeKit(
            extractors={"notes": lambda dataset, _: _notes(dataset)},
            default="notes",
            inputs=judge_inputs,
            parts=partial(beside_reals, preview=_PREVIEW, most=_PREVIEW.few),
        ),
        small_dataset=small_songs,
        shapes=({"bars": 3, "voices": 1}, {"voices": 3, "drums": False}, {"voices": 0}),
    ),
    module=__name__,
)
