"""Players of clips: frames follow moments, samples do not see each other, critics bend in ReLUs."""

import pytest
import torch

from zerosum.errors import RecipeError
from zerosum.modalities.clips.space import ClipSpace
from zerosum.networks.clips import ClipDiscriminatorConfig, ClipGeneratorConfig, shifted
from zerosum.networks.dcgan import DcganGeneratorConfig
from zerosum.objectives.piecewise import logits_and_bends, logits_kept_bent
from zerosum.rng import Noise, seeded_initialisation
from zerosum.spaces import ImageSpace

SPACE = ClipSpace(channels=3, frames=6, height=12, width=17, rate=8)


def test_frames_follow_the_moments_that_are_asked_for() -> None:
    with seeded_initialisation(0):
        generator = ClipGeneratorConfig().build(32, SPACE)
    z = Noise(0).normal(2, 32)
    order = torch.tensor([[5, 4, 3, 2, 1, 0], [0, 0, 0, 2, 2, 2]])
    plain, turned = generator(z), generator(z, None, order)
    assert plain.shape == (2, *SPACE.shape)
    assert turned[0].allclose(plain[0].flip(1), atol=1e-5)
    assert turned[1].allclose(plain[1][:, order[1]], atol=1e-5)
    assert not plain[0, :, 0].allclose(plain[0, :, 1])


def test_a_layer_keeps_its_shape_where_it_is_moved() -> None:
    drawn = Noise(0).uniform(2, 4, 10, 12) * 2 - 1
    whole = torch.tensor([[[0.5, -0.2], [0.0, 0.0]]]).expand(2, -1, -1)
    moved = shifted(drawn, whole)
    still = torch.cat([drawn[:, :3] * (drawn[:, 3:] + 1) / 2, (drawn[:, 3:] + 1) / 2], dim=1)
    assert moved[:, 1].allclose(still)
    assert moved[:, 0, :, :-1, 3:].allclose(still[:, :, 1:, :-3], atol=1e-6)
    assert moved[:, 0, :, :, :3].abs().max() < 1e-6  # what comes in covers nothing
    assert moved[:, 0, :, -1].abs().max() < 1e-6
    half = shifted(drawn, torch.tensor([[[1 / 12, 0.0]]]).expand(2, -1, -1))[:, 0]
    assert half[..., 1:].allclose((still[..., 1:] + still[..., :-1]) / 2, atol=1e-6)


def test_layers_are_in_front_and_can_be_left_out() -> None:
    z = Noise(0).normal(2, 32)
    clips = {}
    for layers in (0, 1):
        with seeded_initialisation(0):
            generator = ClipGeneratorConfig(layers=layers).build(32, SPACE)
        state = generator.state_dict()
        if layers:  # it covers all, and stays
            *_, weight, bias = [key for key in state if key.startswith("layer.")]
            *_, path, _ = [key for key in state if key.startswith("motion.")]
            state[weight].zero_()
            state[bias].fill_(9.0)
            state[path].zero_()
        clips[layers] = generator(z)
    assert clips[0].std() > 0.01
    assert clips[1].allclose(torch.ones(()), atol=1e-4)


def test_with_layer_normalisation_an_image_does_not_depend_on_its_batch() -> None:
    space = ImageSpace(channels=1, height=16, width=16)
    z = Noise(0).normal(8, 16)
    apart = {}
    for how in ("layer", "batch"):
        with seeded_initialisation(0):
            config = DcganGeneratorConfig.model_validate({"width": 8, "normalisation": how})
            generator = config.build(16, space)
        apart[how] = (generator(z)[:2] - generator(z[:2])).detach().abs().max().item()
    assert apart["layer"] < 1e-6 < 1e-3 < apart["batch"]


def test_the_critics_are_affine_between_their_bends() -> None:
    with seeded_initialisation(0):
        critic = ClipDiscriminatorConfig().build(SPACE, num_labels=2).double()
    noise, y = Noise(0), torch.tensor([0, 1])
    x, step = (noise.normal(2, *SPACE.shape).double() for _ in range(2))
    assert critic.piecewise_linear
    # Logits are rounded to float32 on the way, so the step is long.
    logits, gradient, bends = logits_and_bends(lambda x: critic(x, y)[:, 0], x)
    moved = logits_kept_bent(lambda x: critic(x, y)[:, 0], x + 5 * step, bends)
    expected = logits + (5 * step * gradient).flatten(1).sum(1)
    assert moved.allclose(expected.float(), rtol=1e-3, atol=1e-4)
    assert not critic(x + 5 * step, y)[:, 0].float().allclose(moved, rtol=1e-3, atol=1e-4)


def test_images_are_refused() -> None:
    space = ImageSpace(channels=1, height=16, width=16)
    for build in (lambda: ClipGeneratorConfig().build(32, space),
                  lambda: ClipDiscriminatorConfig().build(space)):  # fmt: skip
        with pytest.raises(RecipeError, match="takes clips, and the data is of kind 'image'"):
            build()
