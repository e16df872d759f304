"""Sounds that are longer than those of the data: rain, of overlapping windows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zerosum as zs
from tests.workflows.conftest import QUICK
from zerosum.errors import ConditionError
from zerosum.modalities.sound.space import SoundSpace, sound_space
from zerosum.modalities.sound.spectra import log_mels
from zerosum.modalities.sound.streams import stitched, windows_for
from zerosum.rng import Noise

RATE = 4_000
SMALL = {
    "game.generator.width": 8, "game.generator.max_width": 8, "game.discriminator.width": 8,
    "game.discriminator.max_width": 8,
}  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> zs.SoundModel:
    noise = 0.1 * np.random.default_rng(0).normal(size=(64, 2_000)).clip(-4, 4)
    labels = np.where(np.arange(64) % 2, "rain", "rainy")
    options: dict[str, Any] = {**QUICK, "set": SMALL, "options": {"rate": RATE}}
    out = tmp_path_factory.mktemp("rain") / "run"
    return zs.train("sound", data=(noise, labels), samples=160, out=out, **options)


def test_each_sound_is_as_long_as_asked(model: zs.SoundModel, tmp_path: Path) -> None:
    made = model.sample(3, where={"seconds": 3, "label": "rain"}, seed=1)
    assert made.x.shape == (3, 1, 3 * RATE)
    assert made.labels == ["rain"] * 3
    assert "sounds of 3 s at 4,000 Hz, mono" in repr(made)
    assert np.abs(made.x).max() <= 1
    made.save(tmp_path / "rain/")
    assert len([*(tmp_path / "rain").glob("*.wav")]) == 3
    assert model.sample(1, where={"label": "rain"}).x.shape == (1, 1, 2_000)


def test_a_stream_does_not_depend_on_how_many_are_made(model: zs.SoundModel) -> None:
    many = model.sample(3, where={"seconds": 2}, seed=4)
    pieces = [*model.stream(3, where={"seconds": 2}, seed=4, batch_size=2)]
    assert np.allclose(many.x, np.concatenate([one.x for one in pieces]), atol=1e-3)
    assert many.labels == [label for one in pieces for label in one.labels]


def test_lengths_that_cannot_be_are_refused(model: zs.SoundModel) -> None:
    with pytest.raises(ConditionError, match=r"it takes numbers from 0\.5 to 300"):
        model.sample(1, where={"seconds": 900})
    with pytest.raises(ConditionError, match="all sounds have one length"):
        model.sample(2, where={"seconds": "2..3"})
    with pytest.raises(ConditionError, match="all sounds have one length"):
        model.sample(2, in_turn={"seconds": [2, 3]})


def test_windows_meet_without_a_click() -> None:
    """Steps of a wave are no larger where windows meet than elsewhere; if just joined they are."""
    time = torch.arange(RATE)
    phases = 6.2832 * Noise(0).uniform(6, 1, 1)
    tones = 0.5 * (6.2832 * 220 / RATE * time + phases).sin()
    short = sound_space(tones, RATE)
    count = windows_for(1 + 4 * RATE // short.hop, short.shape[2])
    levels = log_mels(tones[:count, 0], short.frames)[:, None]
    whole = short.model_copy(update={"samples": 4 * RATE})
    assert isinstance(whole, SoundSpace)
    made = whole.to_data(stitched(levels, whole.shape[2])[None])[0, 0, 400:-400]
    joined = torch.cat([*tones[:4, 0]])[400:-400]

    def step(wave: torch.Tensor) -> float:
        return float((wave - 2 * wave.roll(1) + wave.roll(2))[2:].abs().max() / wave.abs().max())

    assert step(made) < 2 * step(tones[0, 0])
    assert step(joined) > 3 * step(tones[0, 0])
    loud = made.unfold(0, 400, 400).square().mean(1)
    assert float(loud.min() / loud.max()) > 0.5


def test_levels_that_are_the_same_stay_the_same() -> None:
    window = torch.rand(1, 1, 4, 1, generator=torch.Generator().manual_seed(0)).expand(5, 1, 4, 20)
    made = stitched(window, 60)
    assert made.shape == (1, 4, 60)
    assert torch.allclose(made, window[0, ..., :1].expand(1, 4, 60), atol=1e-5)
