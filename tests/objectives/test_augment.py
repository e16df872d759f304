"""Augmentations: what each transform does, how often, and that nothing else is touched."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import pad

from zerosum.config import family_of
from zerosum.errors import ConfigError
from zerosum.objectives.augment import (
    AdaptiveAugmentation,
    AdaptiveAugmenter,
    Augmentation,
    Augmenter,
    DiffAugment,
    NoAugmentation,
    alter_images,
    alter_points,
    cut_out,
    translate,
)
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, PointSpace, Space

TRANSFORMS = ("brightness", "contrast", "saturation", "translation", "cutout")
OFF = dict.fromkeys(TRANSFORMS, 0.0)
SPACES: list[Space] = [
    *(
        ImageSpace(channels=channels, height=height, width=width)
        for channels, height, width in [(1, 8, 8), (3, 9, 13), (4, 32, 20), (2, 1, 5)]
    ),
    *(PointSpace(center=(0.0,) * d, scale=(1.0,) * d) for d in (1, 7)),
]
KINDS = [k for k, c in family_of(Augmentation).items() if c.__module__.startswith("zerosum.")]
ALTERING = [kind for kind in KINDS if kind != "none"]


def shape_of(space: Space) -> str:
    return "x".join(map(str, space.shape))


def only(transform: str) -> DiffAugment:
    """One transform at its default strength."""
    return DiffAugment(**OFF | {transform: DiffAugment.model_fields[transform].default})


def build(kind: str, space: Space, probability: float = 0.5) -> Augmenter:
    augmenter = Augmentation.from_json(kind).build(space)
    assert augmenter is not None
    if isinstance(augmenter, AdaptiveAugmenter):
        augmenter.probability.fill_(probability)
    return augmenter


def samples(space: Space, n: int) -> Tensor:
    return Noise(3).normal(n, *space.shape)


def test_the_kinds() -> None:
    assert set(KINDS) == {"none", "diff_augment", "adaptive"}
    assert all(NoAugmentation().build(space) is None for space in SPACES)


@pytest.mark.parametrize("space", SPACES, ids=shape_of)
@pytest.mark.parametrize("kind", ALTERING)
def test_shapes_stay_and_values_change(kind: str, space: Space) -> None:
    augmenter, x = build(kind, space), samples(space, 64)
    kept = x.clone()
    altered = augmenter(x, augmenter.draw(64, Noise(0)))
    assert altered.shape == x.shape
    assert altered.dtype == x.dtype
    assert bool(altered.isfinite().all())
    assert not torch.equal(altered, x)
    assert torch.equal(x, kept), "the input was changed in place"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("space", SPACES, ids=shape_of)
def test_at_probability_zero_nothing_changes(space: Space, dtype: torch.dtype) -> None:
    augmenter, x = build("adaptive", space, probability=0.0), samples(space, 32).to(dtype)
    altered = augmenter(x, augmenter.draw(32, Noise(0)))
    assert torch.equal(altered, x.to(altered.dtype))


@pytest.mark.parametrize("space", SPACES, ids=shape_of)
@pytest.mark.parametrize("kind", ALTERING)
def test_a_sample_depends_on_its_own_draws_alone(kind: str, space: Space) -> None:
    augmenter, x = build(kind, space), samples(space, 16)
    draws = augmenter.draw(16, Noise(0))
    together = augmenter(x, draws)
    for i in range(16):
        alone = augmenter(x[i : i + 1], draws[i : i + 1])[0]
        torch.testing.assert_close(alone, together[i])


@pytest.mark.parametrize("space", [SPACES[0], SPACES[-1]], ids=shape_of)
def test_as_many_numbers_are_drawn_whatever_p_is(space: Space) -> None:
    states = []
    changes: list[dict[str, Any]] = [{}, {"jitter": 0.0, **OFF}]
    for probability in (0.0, 0.7):
        for change in changes:
            noise, augmenter = Noise(0), AdaptiveAugmentation(**change).build(space)
            augmenter.probability.fill_(probability)
            augmenter(samples(space, 4), augmenter.draw(4, noise))
            states.append(noise.state())
    assert all(torch.equal(state, states[0]) for state in states)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_each_transform_is_used_with_probability_p(transform: str) -> None:
    x = samples(SPACES[1], 1).expand(4_000, -1, -1, -1)
    draws = Noise(0).uniform(4_000, 12)
    used = [
        (alter_images(x, draws, p, only(transform)) != x).flatten(1).any(1).float().mean().item()
        for p in (0.3, 1.0)
    ]
    # Of the shifts, 3 for the height of 9 and 5 for the width of 13, one in 15 is none at all.
    whole = 14 / 15 if transform == "translation" else 1.0
    assert used == pytest.approx([0.3 * whole, whole], abs=0.03)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_gradients_pass_through_every_transform(transform: str) -> None:
    x = samples(SPACES[1], 2).double().requires_grad_()
    draws = Noise(5).uniform(2, 12).double()

    def altered(x: Tensor) -> Tensor:
        return alter_images(x, draws, 1.0, only(transform))

    assert torch.autograd.gradcheck(altered, (x,))
    (slope,) = torch.autograd.grad(altered(x).sum(), x)
    assert bool((slope != 0).flatten(1).any(1).all())


def test_gradients_pass_through_noise_on_points() -> None:
    x = samples(SPACES[-1], 4).requires_grad_()
    altered = alter_points(x, Noise(0).normal(4, 8), 1.0, DiffAugment())
    (slope,) = torch.autograd.grad(altered.sum(), x)
    assert torch.equal(slope, torch.ones_like(x))


def test_colours_against_their_formulas() -> None:
    x, draws = samples(SPACES[1], 6).double(), Noise(2).uniform(6, 12).double()
    r = draws[:, 5:8, None, None, None].unbind(1)
    mean, grey = x.mean((1, 2, 3), keepdim=True), x.mean(1, keepdim=True)
    # Zhao et al.: shift in [-.5, .5], contrast in [.5, 1.5], saturation in [0, 2]
    expected = {
        "brightness": x + (r[0] - 0.5),
        "contrast": mean + (x - mean) * (0.5 + r[1]),
        "saturation": grey + (x - grey) * (2 * r[2]),
    }
    for transform, value in expected.items():
        torch.testing.assert_close(alter_images(x, draws, 1.0, only(transform)), value)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_only_three_channels_have_a_saturation(channels: int) -> None:
    x = samples(ImageSpace(channels=channels, height=4, width=4), 8)
    draws = Noise(0).uniform(8, 12)
    assert torch.equal(alter_images(x, draws, 1.0, only("saturation")), x)


def test_translation_against_padding_by_reflection() -> None:
    x = samples(SPACES[1], 9)
    down = torch.tensor([-8, -2, -1, 0, 1, 2, 3, 8, 0])
    right = torch.tensor([12, 1, 0, 0, -3, 2, -5, -12, 4])
    moved = translate(x, down, right)
    for i in range(9):
        wide = pad(x[i : i + 1], (12, 12, 8, 8), mode="reflect")
        top, left = 8 - int(down[i]), 12 - int(right[i])
        assert torch.equal(moved[i], wide[0, :, top : top + 9, left : left + 13])


def test_every_shift_is_as_frequent() -> None:
    places = torch.arange(16.0).expand(6_000, 1, 16, 16)
    x = torch.stack([places.transpose(2, 3), places], dim=1).squeeze(2)  # row and column numbers
    moved = alter_images(x, Noise(0).uniform(6_000, 12), 1.0, only("translation"))
    shifts = (x - moved)[:, :, 8, 8].long() + 2
    share = torch.bincount(5 * shifts[:, 0] + shifts[:, 1], minlength=25) / 6_000
    assert share.tolist() == pytest.approx([1 / 25] * 25, abs=0.01)


def test_holes_have_their_size_and_are_cut_at_the_border() -> None:
    x = torch.ones(4, 2, 8, 12)
    chosen = torch.tensor([True, True, True, False])
    row, column = torch.tensor([0.5, 0.0, 0.999, 0.5]), torch.tensor([0.5, 0.0, 0.999, 0.5])
    hole = cut_out(x, chosen, row, column, 0.5) == 0
    assert hole.flatten(1).sum(1).tolist() == [2 * 4 * 6, 2 * 2 * 3, 2 * 2 * 3, 0]
    assert bool(hole[0, :, 2:6, 3:9].all())
    assert bool(hole[1, :, :2, :3].all())
    assert bool(hole[2, :, -2:, -3:].all())


def test_noise_on_points_has_its_spread() -> None:
    augmenter = DiffAugment(jitter=0.2).build(SPACES[-1])
    x = torch.zeros(5_000, 7)
    altered = augmenter(x, augmenter.draw(5_000, Noise(0)))
    assert altered.std().item() == pytest.approx(0.2, rel=0.03)
    assert altered.mean().item() == pytest.approx(0.0, abs=0.01)


# The adaptive probability


def watch(config: AdaptiveAugmentation, start: float, sign: float, moves: int) -> AdaptiveAugmenter:
    augmenter = config.build(SPACES[0])
    augmenter.probability.fill_(start)
    for _ in range(moves):
        augmenter.observe(torch.tensor(sign), 64)
    return augmenter


@pytest.mark.parametrize(
    ("start", "sign", "expected"), [(0.0, 0.9, 0.8), (0.5, 0.1, 0.0), (0.8, 0.61, 0.8)]
)
def test_p_rises_above_the_target_and_falls_below(
    start: float, sign: float, expected: float
) -> None:
    assert watch(AdaptiveAugmentation(ramp_samples=6_400), start, sign, 200).probability.item() == (
        pytest.approx(expected, abs=0.02)
    )


def test_p_goes_all_the_way_in_the_ramp() -> None:
    config = AdaptiveAugmentation(ramp_samples=64_000, limit=1.0)
    augmenter = watch(config, 0.0, 1.0, 100)
    before = augmenter.probability.item()
    for _ in range(500):
        augmenter.observe(torch.tensor(1.0), 64)
    assert augmenter.probability.item() - before == pytest.approx(0.5, rel=1e-4)


def test_the_statistic_is_averaged_over_a_few_batches() -> None:
    small = watch(AdaptiveAugmentation(), 0.0, 1.0, 4).sign.item()
    assert small == pytest.approx(1 - 0.75**4)
    large = AdaptiveAugmentation().build(SPACES[0])
    large.observe(torch.tensor(0.3), 1_000)
    assert large.sign.item() == pytest.approx(0.3)


def test_what_it_remembers_is_in_its_state() -> None:
    augmenter = watch(AdaptiveAugmentation(), 0.3, 0.9, 3)
    assert set(augmenter.state_dict()) == {"probability", "sign"}
    again = AdaptiveAugmentation().build(SPACES[0])
    again.load_state_dict(augmenter.state_dict())
    assert again.probability.item() == augmenter.probability.item() > 0
    assert not DiffAugment().build(SPACES[0]).state_dict()


@pytest.mark.parametrize(
    "values", [{"translation": 0.6}, {"cutout": 1.1}, {"limit": 1.5}, {"ramp_samples": 0}]
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(values))):
        AdaptiveAugmentation(**values)
