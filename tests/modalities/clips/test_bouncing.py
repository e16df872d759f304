"""Clips with truth: what is simulated is read again, and what is wrong is called wrong."""

import pytest
import torch
from torch import Tensor

from zerosum.errors import ConfigError
from zerosum.modalities.clips.bouncing import (
    RADIUS,
    SPEEDS,
    BouncingConfig,
    read_motion,
    simulate,
)
from zerosum.modalities.clips.metrics.motion import changes
from zerosum.modalities.clips.space import ClipSpace
from zerosum.rng import Noise

LEVELS = [*SPEEDS.values()]


@pytest.mark.parametrize(
    ("size", "frames", "things"), [(16, 8, "ball"), (32, 16, "sprites"), (24, 5, "sprites")]
)
def test_what_is_simulated_is_read_again(size: int, frames: int, things: str) -> None:
    dataset = BouncingConfig.model_validate(
        {"num_samples": 120, "size": size, "frames": frames, "things": things, "seed": 3}
    ).build()
    x, y = dataset.take(torch.arange(120))
    found = read_motion(x)
    assert x.shape == (120, frames, 1 if things == "ball" else 3, size, size)
    assert found.right.all()
    assert y is not None
    assert found.label.equal(y)
    assert found.place.min() >= RADIUS - 0.02
    assert found.place.max() <= 1 - RADIUS + 0.02


def test_the_ball_moves_as_far_as_its_speed_says() -> None:
    x, y = simulate(200, seed=1, size=32)
    found = read_motion(x)
    steps = found.place.diff(dim=1).norm(dim=2)
    free = (found.contacts == 0)[:, None].expand_as(steps)
    true = torch.tensor(LEVELS, dtype=torch.float64)[y][:, None].expand_as(steps)
    assert (steps - true)[free].abs().max() < 0.004
    assert 0 < int(free[:, 0].sum()) < 200
    assert found.contacts[y == 2].double().mean() > found.contacts[y == 0].double().mean()


def wrong(x: Tensor) -> dict[str, Tensor]:
    """Clips `[N, T, 1, S, S]`, each spoilt in a way of its own."""
    frozen = x[:, :1].expand_as(x).clone()
    jumps = x.clone()
    jumps[:, 4:] = x[:, 4:].flip(3, 4)
    doubled = torch.maximum(x, x.flip(3, 4))
    gone = x.clone()
    gone[:, 3] = 0
    pauses = x[:, [0, 1, 1, 1, 2, 3, 4, 5]]
    return {
        "frozen": frozen, "jumps": jumps, "doubled": doubled, "gone": gone, "dim": x // 2,
        "pauses": pauses,
    }  # fmt: skip


@pytest.mark.parametrize("how", ["frozen", "jumps", "doubled", "gone", "dim", "pauses"])
def test_what_is_spoilt_is_called_wrong(how: str) -> None:
    x, y = simulate(200, seed=2)
    assert read_motion(wrong(x[y == 2])[how]).right.double().mean() < 0.1


def test_frames_in_random_order_are_the_floor() -> None:
    x, _ = simulate(200)
    space = ClipSpace(channels=1, frames=8, height=16, width=16, rate=8)
    shuffled = space.independent(x, 200, Noise(0))
    assert read_motion(shuffled).right.double().mean() < 0.02
    assert changes(shuffled).mean() > 1.3 * changes(x).mean()
    ours = {frame.numpy().tobytes() for frame in x.flatten(0, 1)}
    assert all(frame.numpy().tobytes() in ours for frame in shuffled.flatten(0, 1))


def test_an_empty_clip_is_wrong_and_no_error() -> None:
    found = read_motion(torch.zeros(2, 8, 1, 16, 16, dtype=torch.uint8))
    assert not found.right.any()
    assert found.label.tolist() == [-1, -1]
    assert found.place.isnan().all()


def test_clips_are_square() -> None:
    with pytest.raises(ConfigError, match="Give one number"):
        BouncingConfig.model_validate({"size": (16, 32)})


def test_a_seed_gives_the_same_clips() -> None:
    assert simulate(5, seed=4)[0].equal(simulate(5, seed=4)[0])
    assert not simulate(5, seed=4)[0].equal(simulate(5, seed=5)[0])
