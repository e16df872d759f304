"""How notes, rhythm, consonance and repeats of songs compare with those of reals, and rules."""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.music.space import MusicSpace
from zerosum.spaces import Space

_APART = (1, 2, 3, 4, 6, 8)
"""Bars that likeness is measured over."""


def _spec(name: str, title: str, what: str) -> MetricSpec:
    return MetricSpec(
        name=name, title=title, better="lower",
        meaning=f"How differently {what} are distributed in samples and in reals: the total "
        "variation distance, 0 where they agree and 1 where they have nothing in common.",
        source="after Yang and Lerch 2020, doi:10.1007/s00521-018-3849-7",
        extractor=False, limits=(0.0, 1.0),
    )  # fmt: skip


@metric
class NoteStatistics(Metric):
    """Distributions of what single notes are."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        _spec("note_pitch_distance", "Pitch classes", "steps above the tonic"),
        _spec(
            "note_interval_distance", "Intervals", "intervals from note to note, voice by voice,"
        ),
        _spec("note_length_distance", "Lengths of notes", "lengths of notes, voice by voice,"),
        _spec("rhythm_distance", "Rhythm", "places in the bar where notes begin, voice by voice,"),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Songs."""
        return isinstance(space, MusicSpace)

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """Four distances; for the interval samples are drawn again."""
        assert isinstance(context.space, MusicSpace)
        mine, theirs = (_counts(one.x, context.space) for one in (candidate, reference))
        draws = [slice(None), *context.resamples(len(candidate), "notes")]
        found = {}
        for name, counts in mine.items():
            real = theirs[name].sum(0)
            value, *again = [_apart(counts[rows].sum(0), real) for rows in draws]
            found[name] = MetricValue(value, tuple(again))
        return found


@metric
class Consonance(Metric):
    """How consonant voices are together."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="consonance_difference",
            title="Consonance",
            better="lower",
            meaning="How far the share of consonant intervals between voices that sound together "
            "is from that of reals: unison, thirds, fourth, fifth, sixths and octave.",
            source="Huron 1994, doi:10.2307/40285670",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Songs with two voices or more."""
        return isinstance(space, MusicSpace) and space.pitched > 1

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The difference of the means."""
        space = context.space
        assert isinstance(space, MusicSpace)
        mine, theirs = (space.counted(one.x).consonance() for one in (candidate, reference))
        real = _mean(theirs)
        draws = [slice(None), *context.resamples(len(candidate), "consonance")]
        value, *again = [abs(_mean(mine[rows]) - real) for rows in draws]
        return {"consonance_difference": MetricValue(value, tuple(again))}


@metric
class SelfSimilarity(Metric):
    """Whether songs repeat themselves as reals do."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="repeat_difference",
            title="Repeats",
            better="lower",
            meaning="How far samples repeat themselves more or less than reals: the share of steps "
            "that are as they were 1, 2, 3, 4, 6 and 8 bars before, and the mean difference of "
            "these shares.",
            source="after Foote 1999, doi:10.1145/319463.319472",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Songs of two bars or more."""
        return isinstance(space, MusicSpace) and max(form[3] for form in space.forms) > 1

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The mean difference."""
        space = context.space
        assert isinstance(space, MusicSpace)
        mine, theirs = (_curve(one.x, space) for one in (candidate, reference))
        real = theirs.nanmean(0)
        draws = [slice(None), *context.resamples(len(candidate), "repeats")]
        value, *again = [
            float((mine[rows].nanmean(0) - real).abs().nanmean().nan_to_num()) for rows in draws
        ]
        return {"repeat_difference": MetricValue(value, tuple(again))}


@metric
class RulesObeyed(Metric):
    """Whether songs obey the rules of their data."""

    least: ClassVar[int] = 1
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="rules_obeyed",
            title="Rules obeyed",
            better="higher",
            meaning="The share of rules that songs obey, over all songs: scale, meter, chords, "
            "repeats and cadences, as a program reads them.",
            source="the rules of the simulated tunes",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Songs whose rules are known."""
        return isinstance(space, MusicSpace) and space.rules is not None

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The share."""
        space = context.space
        assert isinstance(space, MusicSpace)
        each = torch.tensor(
            [sum(one.values()) / len(one) for one in rules_of(candidate.x, space)],
            dtype=torch.float64,
        )
        draws = context.resamples(len(candidate), "rules")
        again = tuple(float(each[rows].mean()) for rows in draws)
        return {"rules_obeyed": MetricValue(float(each.mean()), again)}


def rules_of(x: Tensor, space: MusicSpace) -> list[Mapping[str, bool]]:
    """Which rules each of some songs, uint8 `[N, W]`, obeys."""
    assert space.rules is not None
    heads, codes = space.parts(x)
    names = [voice.name for voice in space.voices]
    made = []
    for head, song in zip(heads.tolist(), codes.numpy(), strict=True):
        own = song[: int((song[:, 0] >= 0).sum())]
        made.append(space.rules.obeyed(own, names, key=head[1], bars=head[2]))
    return made


def _counts(x: Tensor, space: MusicSpace) -> dict[str, Tensor]:
    """Counts of each distribution, `[N, groups, values]`."""
    counted = space.counted(x)
    return {
        "note_pitch_distance": counted.pitch_classes()[:, None],
        "note_interval_distance": counted.intervals(),
        "note_length_distance": counted.lengths(),
        "rhythm_distance": counted.onsets(),
    }


def _apart(mine: Tensor, theirs: Tensor) -> float:
    """Total variation distance of counts `[groups, values]`, averaged over groups.

    Groups that neither has do not count; one that only one of them has counts as 1.

    >>> _apart(torch.tensor([[1.0, 1.0]]), torch.tensor([[2.0, 0.0]]))
    0.5
    """
    totals = mine.sum(1), theirs.sum(1)
    both = (totals[0] > 0) & (totals[1] > 0)
    either = (totals[0] > 0) | (totals[1] > 0)
    if not either.any():
        return 0.0
    shares = [
        one[both] / total[both, None] for one, total in zip((mine, theirs), totals, strict=True)
    ]
    apart = 0.5 * (shares[0] - shares[1]).abs().sum()
    return float((apart + (either & ~both).sum()) / either.sum())


def _curve(x: Tensor, space: MusicSpace) -> Tensor:
    counted = space.counted(x)
    return torch.stack([counted.likeness(bars) for bars in _APART], dim=1)


def _mean(values: Tensor) -> float:
    """The mean of values `[N]`, without NaN; 0 if all are NaN."""
    return float(values.nanmean().nan_to_num())
