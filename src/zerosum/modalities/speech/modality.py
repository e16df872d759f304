"""Speech as a modality."""

from functools import partial

import torch

from zerosum.data.base import Dataset
from zerosum.evaluation.features.base import Extractor
from zerosum.evaluation.features.self_features import self_features
from zerosum.evaluation.metrics.base import Ticker
from zerosum.evaluation.reports.parts import beside_reals
from zerosum.modalities.sound.features import SummaryFeatures
from zerosum.modalities.sound.shown import SoundPreview
from zerosum.modalities.sound.space import SoundDataset, SoundSpace
from zerosum.modalities.speech import reading, voices_reading  # noqa: F401  (readers)
from zerosum.modalities.speech.consents import Consent
from zerosum.modalities.speech.shown import SpeechPreview, SpeechWriter, VoicesWriter
from zerosum.modalities.speech.space import SpeechDataset, SpeechSpace
from zerosum.modalities.speech.vocoder_model import VocoderModel
from zerosum.modalities.speech.voice_model import VoiceModel
from zerosum.modalities.speech.voices_space import VoicesSpace, voices_of
from zerosum.modality import JudgeKit, Modality, register
from zerosum.rng import Noise

_SHOWN = 32


def small_speech(
    *, samples: int = 256, mels: int = 12, num_labels: int = 0, needs: tuple[str, ...] = ()
) -> Dataset:
    """64 windows at 2,000 Hz: a buzz whose pitch glides, with a pause."""
    noise, time = Noise(0), torch.arange(samples) / 2_000
    pitch = 80 + 60 * noise.uniform(64, 1) + 40 * noise.uniform(64, 1) * time
    buzz = sum((6.28 * k * pitch * time).sin() / k for k in range(1, 6))
    x = 0.3 * buzz * (noise.uniform(64, 1) + time < 1.0) + 0.01 * noise.normal(64, samples)
    sounds = SoundSpace(channels=1, samples=samples, rate=2_000, n_fft=64, hop=16, mels=mels)
    space = SpeechSpace(sounds=sounds)
    return SpeechDataset(x[:, None].clamp(-1, 1), 2_000, name="small", space=space)


def small_voices(
    *, samples: int = 256, mels: int = 12, num_labels: int = 4, needs: tuple[str, ...] = ()
) -> Dataset:
    """64 windows at 2,000 Hz of speakers a, b and so on, of other pitches and colours."""
    noise, time = Noise(0), torch.arange(samples) / 2_000
    form = SoundSpace(channels=1, samples=samples, rate=2_000, n_fft=64, hop=16, mels=mels)
    consent = Consent(who="nobody", when="2026-01-01", what="to be simulated")
    waves = []
    for i in range(max(num_labels, 1)):
        pitch = 80 * (1 + 0.3 * i) * (1 + 0.2 * noise.uniform(64 // max(num_labels, 1), 1))
        buzz = sum((6.28 * k * pitch * time).sin() / k ** (0.5 + 0.4 * i) for k in range(1, 6))
        waves.append((0.3 * buzz + 0.01 * noise.normal(*pitch.shape[:1], samples))[:, None])
    names = [chr(ord("a") + i) for i in range(num_labels)]
    return voices_of(
        [one.clamp(-1, 1) for one in waves], names, [consent] * num_labels, form, name="small"
    )


def _heard(dataset: Dataset) -> SoundDataset:
    """The same windows as sounds, in whose levels features are learned."""
    assert isinstance(dataset.space, SpeechSpace)
    x, _ = dataset.take(torch.arange(len(dataset)))
    return SoundDataset(x, None, dataset.space.sounds, name=dataset.name)


def _self(dataset: Dataset, tick: Ticker | None) -> Extractor:
    return self_features(_heard(dataset), tick=tick)


def _summary(dataset: Dataset, _: Ticker | None) -> Extractor:
    assert isinstance(dataset.space, SpeechSpace)
    return SummaryFeatures(dataset.space.sounds)


def _summary_of_voices(dataset: Dataset) -> Extractor:
    assert isinstance(dataset.space, VoicesSpace)
    return SummaryFeatures(dataset.space)


_PREVIEW = SpeechPreview()

_VOICES = SoundPreview()

register(
    Modality(
        kind="voices",
        preview=_VOICES,
        writer=VoicesWriter(),
        judge=JudgeKit(
            extractors={
                "self": lambda dataset, tick: self_features(dataset, tick=tick),
                "summary": lambda dataset, _: _summary_of_voices(dataset),
            },
            default="self",
            parts=partial(beside_reals, preview=_VOICES, most=_SHOWN),
        ),
        model=lambda _game: VoiceModel,
        small_dataset=small_voices,
        shapes=({"samples": 320}, {"samples": 144, "mels": 9}),
    ),
    module=__name__,
)

register(
    Modality(
        kind="speech",
        preview=_PREVIEW,
        writer=SpeechWriter(),
        judge=JudgeKit(
            extractors={"self": _self, "summary": _summary},
            default="summary",
            parts=partial(beside_reals, preview=_PREVIEW, most=_SHOWN),
        ),
        model=lambda _game: VocoderModel,
        small_dataset=small_speech,
        shapes=({"samples": 320}, {"samples": 144, "mels": 9}),
    ),
    module=__name__,
)
