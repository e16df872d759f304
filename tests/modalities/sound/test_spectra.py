"""Waves to levels and back, the simulated kit, and what is measured of sounds."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from zerosum.modalities.sound.features import SummaryFeatures
from zerosum.modalities.sound.kit import LABELS, KitConfig
from zerosum.modalities.sound.loudness import PEAK, evened, loudness
from zerosum.modalities.sound.space import SoundSpace, fades, sound_space
from zerosum.modalities.sound.spectra import (
    FLOOR,
    TOP,
    log_mels,
    mel_filters,
    usual_frames,
    waves_of,
)
from zerosum.rng import Noise

RATE = 8_000


def sine(pitch: float, *, seconds: float = 0.25, size: float = 0.5, rate: int = RATE) -> Tensor:
    time = torch.arange(round(seconds * rate)) / rate
    return size * (2 * math.pi * pitch * time).sin()


def peak_frequency(wave: Tensor) -> float:
    power = torch.fft.rfft(wave * torch.hann_window(len(wave))).abs()
    return float(power.argmax()) * RATE / len(wave)


def test_a_sine_has_its_level_in_its_band() -> None:
    frames = usual_frames(RATE)
    levels = log_mels(sine(1_000, size=0.1)[None], frames)[0]
    decibels = (levels + 1) * (TOP - FLOOR) / 2 + FLOOR
    band = int(mel_filters(frames)[:, round(1_000 * frames.n_fft / RATE)].argmax())
    assert int(decibels[:, 8].argmax()) == band
    assert float(decibels[band, 8]) == pytest.approx(-20, abs=2)


def test_every_band_hears_something() -> None:
    for rate in (1_000, 8_000, 16_000, 44_100):
        assert (mel_filters(usual_frames(rate)).sum(1) >= 0.5).all(), rate


@pytest.mark.parametrize("pitch", [220.0, 1_000.0])
def test_a_sine_comes_back_at_its_pitch(pitch: float) -> None:
    space = sound_space(torch.empty(0, 1, 2_000), RATE)
    wave = sine(pitch)[None, None]
    back = space.to_data(space.to_model(wave))
    assert back.shape == wave.shape
    assert peak_frequency(back[0, 0]) == pytest.approx(pitch, rel=0.05)


def test_what_is_made_sounds_as_it_was_asked_to() -> None:
    x, _ = KitConfig(num_samples=24).build().take(torch.arange(24))
    space = sound_space(x, 16_000)
    wanted = space.to_model(x)
    error = (space.to_model(space.to_data(wanted)) - wanted).abs().mean() * (TOP - FLOOR) / 2
    random = space.independent(x, 24, Noise(0))
    apart = (space.to_model(random) - wanted).abs().mean() * (TOP - FLOOR) / 2
    assert error < 1.5  # dB
    assert apart > 3 * error


def test_more_iterations_come_nearer() -> None:
    x, _ = KitConfig(num_samples=12, rate=RATE).build().take(torch.arange(12))
    space = sound_space(x, RATE)
    wanted = space.to_model(x)[:, 0]

    def missed(iterations: int) -> float:
        made = waves_of(wanted, space.frames, space.samples, iterations=iterations)
        return float((log_mels(made, space.frames) - wanted).abs().mean())

    assert missed(32) < 0.5 * missed(0)


def test_silence_stays_silent_and_nothing_clips_or_clicks() -> None:
    space = sound_space(torch.empty(0, 2, 2_000), RATE)
    silent = space.to_data(-torch.ones(1, *space.shape))
    assert float(silent.abs().max()) < 1e-4
    loud = space.to_data(torch.ones(1, *space.shape))
    assert float(loud.abs().max()) <= 1
    assert float(loud[..., 0].abs().max()) == float(loud[..., -1].abs().max()) == 0
    assert fades(2_000, RATE)[1_000] == 1


def test_waves_are_the_same_each_time_and_in_any_batch() -> None:
    x, _ = KitConfig(num_samples=5).build().take(torch.arange(5))
    space = sound_space(x, 16_000)
    levels = space.to_model(x)
    once = space.to_data(levels)
    assert torch.equal(once, space.to_data(levels))
    assert torch.allclose(once[3:4], space.to_data(levels[3:4]), atol=1e-4)
    one = waves_of(levels[:1, 0], space.frames, space.samples, iterations=1)
    assert one.shape == (1, space.samples)


def test_the_kit_is_exact_and_its_kinds_differ() -> None:
    first, again, other = (
        KitConfig(num_samples=60, seed=seed).build() for seed in (0, 0, 1)
    )  # fmt: skip
    assert first.fingerprint == again.fingerprint != other.fingerprint
    x, y = first.take(torch.arange(60))
    assert y is not None
    assert first.space.labels == LABELS
    assert set(y.tolist()) == set(range(len(LABELS)))
    assert float(x.abs().max()) <= 0.9
    assert float(x[..., -1].abs().max()) == 0
    assert "simulated" in first.notes[0]
    summary = SummaryFeatures(first.space)(x)  # type: ignore[arg-type]
    assert summary.isfinite().all()
    summary = (summary - summary.mean(0)) / (summary.std(0) + 1e-6)
    nearest = torch.cdist(summary, summary).fill_diagonal_(1e9).argmin(1)
    assert float((y[nearest] == y).double().mean()) > 0.8


def test_summaries_know_bright_from_dark() -> None:
    space = sound_space(torch.empty(0, 1, 2_000), RATE)
    assert isinstance(space, SoundSpace)
    low, high = SummaryFeatures(space)(torch.stack([sine(200), sine(2_000)])[:, None])
    crossings, centroid = 16, 17
    assert high[crossings] > 5 * low[crossings]
    assert high[centroid] > low[centroid]


def test_loudness_is_that_of_the_standard() -> None:
    tone = np.sin(2 * np.pi * 997 * np.arange(96_000) / 48_000)[None]
    assert loudness(tone, 48_000) == pytest.approx(-3.01, abs=0.02)
    assert loudness(0.1 * tone, 48_000) == pytest.approx(-23.01, abs=0.02)
    assert loudness(np.concatenate([tone, tone]), 48_000) == pytest.approx(0.0, abs=0.02)
    gated = np.concatenate([0.1 * tone, 1e-5 * tone], axis=1)
    assert loudness(gated, 48_000) == pytest.approx(-23.2, abs=0.4)
    assert loudness(np.zeros((1, 900)), 8_000) == -math.inf


def test_evened_sounds_are_alike_and_within_their_peaks() -> None:
    quiet, loud = (sine(500, seconds=0.5, size=s).numpy()[None] for s in (0.01, 0.9))
    levels = [loudness(evened(one, RATE), RATE) for one in (quiet, loud)]
    assert levels == pytest.approx([-20, -20], abs=0.01)
    click = np.zeros((1, 4_000))
    click[0, 100] = 0.2
    assert np.abs(evened(click, RATE)).max() == pytest.approx(PEAK)
    assert not evened(np.zeros((1, 4_000)), RATE).any()
