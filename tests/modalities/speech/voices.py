"""Simulated voices, as waves and as files."""

from pathlib import Path

import numpy as np
import pytest

RATE = 4_000


def voice(seconds: float, *, pitch: float = 120.0, seed: int = 0, rate: int = RATE) -> np.ndarray:
    """A buzz whose pitch and colour waver, with pauses, float32 `[samples]`."""
    noise, time = np.random.default_rng(seed), np.arange(round(seconds * rate)) / rate
    turns = np.cumsum(pitch * (1 + 0.1 * np.sin(3 * time + noise.uniform(0, 6)))) / rate
    colour = 1.5 + np.sin(5 * time + noise.uniform(0, 6))
    wave = sum(np.sin(6.2832 * k * turns) / k**colour for k in range(1, 12))
    return (0.2 * wave * (np.sin(2 * time) > -0.8) + 0.003 * noise.normal(size=len(time))).astype(
        np.float32
    )


def write(path: Path, wave: np.ndarray, rate: int = RATE, **how: str) -> Path:
    """A wave `[samples]` or `[samples, channels]` as a file."""
    soundfile = pytest.importorskip("soundfile", reason="the extra `sound` is not installed")
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, rate, **how)
    return path
