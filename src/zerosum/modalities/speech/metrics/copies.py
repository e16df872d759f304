"""How far waves that were made from the levels of reals are from these very reals.

Figures of other kinds ask whether samples are like reals. These compare each sample with the real
that it was made from. The baseline is the same real made again by Griffin-Lim, at 32 iterations.
"""

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
from zerosum.modalities.speech.space import SpeechSpace
from zerosum.modalities.speech.spectral import DECIBELS, stft_distance
from zerosum.spaces import Space

_PIECE = 64


@metric
class CopySynthesis(Metric):
    """Distances between what was made and what it was made from."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="stft_distance",
            title="STFT distance to the original",
            better="lower",
            meaning="How far spectra of samples are from those of the very reals whose levels they "
            "were made from, at three lengths of frames. The baseline is Griffin-Lim with 32 "
            "iterations; 0 is the real itself.",
            source="Yamamoto et al. 2020, arXiv:1910.11480",
            protocol="spectral convergence + log magnitudes, 3 resolutions",
            extractor=False,
        ),
        MetricSpec(
            name="mel_level_error",
            title="Error of mel levels",
            better="lower",
            meaning="By how many dB the levels of bands are off on average, of samples beside the "
            "reals whose levels they were made from. The baseline is Griffin-Lim with 32 "
            "iterations, which looks for nothing else.",
            source="Kumar et al. 2023, arXiv:2306.06546",
            protocol="dB, usual frames, held above -80 dB",
            extractor=False,
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Windows of speech."""
        return isinstance(space, SpeechSpace)

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Whether it is known what each sample was made from."""
        return context.originals is not None

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """Means over samples; for the interval, samples are drawn again."""
        space, originals = context.space, context.originals
        assert isinstance(space, SpeechSpace)
        assert originals is not None
        pieces = zip(candidate.x.split(_PIECE), originals.x.split(_PIECE), strict=True)
        found = torch.cat([_distances(made, real, space) for made, real in pieces]).double()
        again = [found[rows].mean(0) for rows in context.resamples(len(found), "copy synthesis")]
        return {
            output.name: MetricValue(float(found[:, i].mean()), tuple(float(r[i]) for r in again))
            for i, output in enumerate(self.outputs)
        }


def _distances(made: Tensor, real: Tensor, space: SpeechSpace) -> Tensor:
    """Both distances of waves `[N, 1, samples]`, `[N, 2]`."""
    spectra = stft_distance(made[:, 0], real[:, 0], space.sounds.n_fft)
    levels = DECIBELS * (space.levels(made) - space.levels(real)).abs().flatten(1).mean(1)
    return torch.stack([spectra, levels], dim=1)
