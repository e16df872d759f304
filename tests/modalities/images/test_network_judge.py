"""The judge of images that sees pixels."""

import pytest
import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.modalities.images.metrics import network
from zerosum.modalities.images.metrics.network import C2stNetwork
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace

SPACE = ImageSpace(channels=1, height=16, width=16)


def spots(n: int, seed: int) -> Tensor:
    """Soft spots anywhere, uint8 `[N, 1, 16, 16]`."""
    noise, places = Noise(seed), torch.arange(16.0)
    across, down = (12 * noise.uniform(n, 1) + 2 for _ in range(2))
    rows, columns = (torch.exp(-((places - at) ** 2) / 8) for at in (down, across))
    return (40 + 160 * rows[:, None, :, None] * columns[:, None, None, :]).to(torch.uint8)


def area(samples: Tensor) -> float:
    one, other = (SampleSet(x, torch.zeros(len(x), 1)) for x in (samples, spots(150, 1)))
    context = MetricContext(SPACE, "pixels", "holdout")
    return C2stNetwork().read(one, other, context)["c2st_network"].value


def test_a_faint_pattern_is_seen_and_chance_is_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "SHOWN", 3_840)
    faint = spots(150, 2)
    faint[:, :, ::2, ::2] += 10
    assert area(faint) > 0.9
    assert area(spots(150, 2)) < 0.65
