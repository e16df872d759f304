"""Waves with another pitch and another throat."""

import numpy as np
import pytest
import torch

from tests.modalities.speech.voices import RATE, voice
from zerosum.modalities.sound.spectra import log_mels, usual_frames
from zerosum.modalities.speech.grains import with_voice
from zerosum.modalities.speech.pitch import median_pitch
from zerosum.modalities.speech.spectral import DECIBELS


def vowel(pitch: float, formant: float) -> np.ndarray:
    """Two seconds of pulses through one resonance."""
    time = np.arange(2 * RATE) / RATE
    waves = [
        np.sin(2 * np.pi * k * pitch * time) / (1 + ((k * pitch - formant) / 120) ** 2)
        for k in range(1, int(RATE / 2 / pitch))
    ]
    return 0.2 * np.sum(waves, axis=0)


def loudest(wave: np.ndarray) -> float:
    """Hertz at which the smooth spectrum is highest."""
    power = np.abs(np.fft.rfft(wave)) ** 2
    hertz = np.fft.rfftfreq(len(wave), 1 / RATE)
    smooth = np.convolve(power, np.hanning(round(300 / hertz[1])), mode="same")
    return float(hertz[smooth.argmax()])


@pytest.mark.parametrize(("pitch", "throat"), [(1.7, 1.0), (0.6, 1.0), (1.0, 1.2), (0.6, 0.85)])
def test_pitch_and_formants_are_moved_apart(pitch: float, throat: float) -> None:
    said = vowel(140, 700).astype(np.float32)
    made = with_voice(said, RATE, pitch=pitch, throat=throat)
    assert made.shape == said.shape
    assert made.dtype == np.float32
    assert median_pitch(torch.from_numpy(made)[None], RATE) == pytest.approx(140 * pitch, rel=0.04)
    assert loudest(made) == pytest.approx(loudest(said) * throat, abs=75)


def test_a_voice_that_is_not_moved_sounds_as_it_did() -> None:
    said = voice(2.0, pitch=120)
    made = with_voice(said, RATE, pitch=1.0, throat=1.0)
    levels = log_mels(torch.from_numpy(np.stack([said, made])), usual_frames(RATE))
    assert DECIBELS * (levels[0] - levels[1]).abs()[levels[0] > 0].mean() < 2


@pytest.mark.parametrize("samples", [1, 30, 700])
def test_silence_and_noise_of_any_length(samples: int) -> None:
    noise = np.random.default_rng(0).normal(size=samples).astype(np.float32)
    made = with_voice(0.1 * noise, RATE, pitch=1.9, throat=1.2)
    assert made.shape == (samples,)
    assert np.isfinite(made).all()
    silent = with_voice(np.zeros(samples, np.float32), RATE, pitch=1.9, throat=1.2)
    assert not silent.any()
