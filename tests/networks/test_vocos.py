"""A network that makes waves of levels, and discriminators that listen to waves."""

import pytest
import torch
from torch import Tensor

from zerosum.modalities.sound.spectra import Frames, log_mels, spread_over_bins
from zerosum.networks.vocos import Vocos, VocosConfig
from zerosum.networks.wave_judges import WaveJudges, WaveJudgesConfig
from zerosum.rng import Noise, seeded_initialisation

FRAMES = Frames(4_000, 256, 64, 32)
SMALL = VocosConfig(width=16, depth=2)


@pytest.fixture(scope="module")
def network() -> Vocos:
    with seeded_initialisation(0):
        made = SMALL.build(bands=FRAMES.mels, n_fft=FRAMES.n_fft, hop=FRAMES.hop).eval()
        torch.nn.init.normal_(made.head.weight, std=0.2)
        return made


@pytest.fixture(scope="module")
def judges() -> WaveJudges:
    with seeded_initialisation(0):
        return WaveJudgesConfig(width=2).build(n_fft=FRAMES.n_fft)


def waves_of(network: Vocos, levels: Tensor) -> Tensor:
    sizes = spread_over_bins(levels, FRAMES)
    phases = 6.2832 * Noise(5).uniform(1, *sizes.shape[1:])
    with torch.no_grad():
        return network(levels, torch.polar(sizes, phases.expand_as(sizes)), sizes)


@pytest.mark.parametrize("frames", [2, 3, 33])
def test_waves_reach_from_the_first_frame_to_the_last(network: Vocos, frames: int) -> None:
    levels = 2 * Noise(0).uniform(3, FRAMES.mels, frames) - 1
    assert waves_of(network, levels).shape == (3, (frames - 1) * FRAMES.hop)


def test_a_sample_depends_on_its_context_and_on_no_more(network: Vocos) -> None:
    levels = Noise(1).uniform(1, FRAMES.mels, 61) - 0.5
    other = levels.clone()
    other[:, :, 30] = -1
    apart = (waves_of(network, levels) - waves_of(network, other)).abs()[0]
    changed = torch.nonzero(apart > 1e-7).flatten() / FRAMES.hop
    assert network.context == 3 * 3 + 4
    assert 30 - network.context <= changed.min()
    assert changed.max() <= 30 + network.context
    assert changed.max() - changed.min() > network.context


def test_untrained_it_keeps_what_it_begins_from() -> None:
    network = SMALL.build(bands=FRAMES.mels, n_fft=FRAMES.n_fft, hop=FRAMES.hop)
    wave = Noise(6).normal(2, 8 * FRAMES.hop)
    window = torch.hann_window(FRAMES.n_fft)
    begun = torch.stft(wave, FRAMES.n_fft, FRAMES.hop, window=window, return_complex=True)
    made = network(log_mels(wave, FRAMES), begun, begun.abs())
    assert torch.allclose(made, wave, atol=1e-5)


def test_it_is_about_as_loud_as_it_is_asked_to_be(network: Vocos) -> None:
    time = torch.arange(4_096) / FRAMES.rate
    soft, loud = (size * (6.2832 * 440 * time).sin()[None] for size in (0.02, 0.5))
    a, b = (waves_of(network, log_mels(one, FRAMES)).square().mean() for one in (soft, loud))
    assert b / a == pytest.approx(25**2, rel=0.5)


def test_silence_stays_silent(network: Vocos) -> None:
    assert waves_of(network, -torch.ones(1, FRAMES.mels, 9)).abs().max() == 0


def test_each_judge_says_something_of_each_wave(judges: WaveJudges) -> None:
    waves = Noise(2).normal(3, 2_000)
    heard = judges(waves)
    assert len(heard) == 5 + 3
    for logits, features in heard:
        assert logits.shape[0] == 3
        assert logits.ndim == 2
        assert all(one.shape[0] == 3 for one in features)
        assert len(features) >= 4


def test_judges_hear_neither_loudness_nor_what_is_constant(judges: WaveJudges) -> None:
    wave = Noise(3).normal(1, 2_000)
    for a, b in zip(judges(wave), judges(0.1 * wave + 0.3), strict=True):
        assert torch.allclose(a[0], b[0], atol=1e-3)


def test_a_click_is_heard_by_every_judge(judges: WaveJudges) -> None:
    wave = Noise(4).normal(1, 2_000)
    other = wave.clone()
    other[0, 1_000:1_004] += 2
    for a, b in zip(judges(wave), judges(other), strict=True):
        assert not torch.allclose(a[0], b[0], atol=1e-5)
