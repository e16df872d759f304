"""What single papers add to the games and networks they share."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from zerosum.catalogue import find_recipe
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.games.two_player import TwoPlayerConfig
from zerosum.networks.mlp import MlpDiscriminatorConfig, MlpGeneratorConfig
from zerosum.objectives.penalties import R1, R2, GradientPenalty
from zerosum.rng import Noise, seeded_initialisation
from zerosum.spaces import ImageSpace, PointSpace
from zerosum.zoo.infogan import Infogan, InfoganConfig
from zerosum.zoo.r3gan import R3ganConfig, ResidualBlock, enlarge, shrink
from zerosum.zoo.wgan_gp import WganGpConfig

SPACE = PointSpace(center=(0.0, 0.0), scale=(1.0, 1.0))
NETWORKS = {
    "generator": MlpGeneratorConfig(width=8, depth=1),
    "discriminator": MlpDiscriminatorConfig(width=8, depth=1),
}


def test_r3gan_pays_r1_and_r2_before_others() -> None:
    config = R3ganConfig(**NETWORKS, gamma=3.0, penalty_every=2, penalties=(R1(),))
    assert config.all_penalties() == (R1(weight=3.0, every=2), R2(weight=3.0, every=2), R1())


@pytest.mark.parametrize(
    ("counts", "conditional"), [((50, 90), True), ((49, 90), False), ((), False)]
)
def test_r3gan_shows_labels_that_have_enough_pictures(
    counts: tuple[int, ...], *, conditional: bool
) -> None:
    labels = tuple("ab"[: len(counts)])
    space = ImageSpace(channels=1, height=8, width=8, labels=labels, label_counts=counts)
    game = find_recipe("r3gan").resolve(space).game
    assert isinstance(game, TwoPlayerConfig)
    assert game.conditional is conditional


def test_wgan_gp_pays_its_penalty_before_others() -> None:
    config = WganGpConfig(**NETWORKS, penalty=7.0, penalties=(R2(),))
    assert config.all_penalties() == (GradientPenalty(weight=7.0), R2())
    assert config.build(SPACE).moves()[0].repeats == 5


# InfoGAN


def make_infogan() -> Infogan:
    config = InfoganConfig(
        **NETWORKS, latent_dim=5, num_categories=4, num_codes=2, features=6,
        category_weight=2.0, code_weight=3.0,
    )  # fmt: skip
    with seeded_initialisation(0):
        return config.build(SPACE)


def test_latents_are_noise_a_category_and_codes() -> None:
    z = make_infogan().draw(2_000, Noise(0)).z
    assert z.shape == (2_000, 11)
    category, codes = z[:, 5:9], z[:, 9:]
    assert torch.equal(category.sum(1), torch.ones(2_000))
    assert set(category.unique().tolist()) == {0.0, 1.0}
    assert category.mean(0).tolist() == pytest.approx([0.25] * 4, abs=0.04)
    assert -1 <= codes.min() < -0.9
    assert 0.9 < codes.max() < 1


def test_controls_write_their_part_and_nothing_else() -> None:
    game = make_infogan()
    assert dict(game.controls()) == {
        "category": ChoiceControl(("0", "1", "2", "3")),
        "code1": RangeControl(-1.0, 1.0),
        "code2": RangeControl(-1.0, 1.0),
    }
    inputs = game.draw(3, Noise(0))
    kept = inputs.z.clone()
    chosen = game.control(inputs, "category", torch.tensor([2, 0, 3])).z
    assert chosen[:, 5:9].argmax(1).tolist() == [2, 0, 3]
    assert torch.equal(chosen[:, [0, 1, 2, 3, 4, 9, 10]], kept[:, [0, 1, 2, 3, 4, 9, 10]])
    turned = game.control(inputs, "code2", torch.tensor([0.5, -1.0, 1.0])).z
    assert turned[:, 10].tolist() == [0.5, -1.0, 1.0]
    assert torch.equal(turned[:, :10], kept[:, :10])
    assert torch.equal(inputs.z, kept), "the inputs that were given have changed"


def test_the_reader_pays_cross_entropy_and_squared_error() -> None:
    game = make_infogan()
    inputs = game.draw(6, Noise(0))
    x = game.generate(inputs)
    read = game.outputs(x, None)[:, 1:]
    terms = game.extra_terms(read, inputs)
    category = cross_entropy(read[:, :4], inputs.z[:, 5:9].argmax(1))
    error = ((read[:, 4:] - inputs.z[:, 9:]) ** 2).sum(1).mean()
    assert terms["category"].item() == pytest.approx(2 * category.item(), rel=1e-5)
    assert terms["codes"].item() == pytest.approx(1.5 * error.item(), rel=1e-5)


# R3GAN


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 13), (4, 7)])
def test_resampling_halves_and_doubles_and_keeps_constants(height: int, width: int) -> None:
    row = torch.tensor([0.25, 0.5, 0.25])
    kernel = (row[:, None] * row)[None, None]
    ones = torch.ones(1, 2, height, width)
    small, large = shrink(ones, kernel), enlarge(ones, kernel)
    assert small.shape[2:] == (-(-height // 2), -(-width // 2))
    assert large.shape[2:] == (2 * height, 2 * width)
    torch.testing.assert_close(small[..., 1:-1, 1:-1], torch.ones_like(small[..., 1:-1, 1:-1]))
    torch.testing.assert_close(large[..., 1:-1, 1:-1], torch.ones_like(large[..., 1:-1, 1:-1]))


def test_a_residual_block_starts_as_the_identity() -> None:
    x = Noise(0).normal(2, 6, 5, 4)
    torch.testing.assert_close(ResidualBlock(6, 4)(x), x)


@pytest.mark.parametrize(("width", "group_size"), [(6, 4), (5, 16), (16, 7), (1, 16)])
def test_groups_divide_the_channels(width: int, group_size: int) -> None:
    block = ResidualBlock(width, group_size)
    assert block.spatial.in_channels % block.spatial.groups == 0
    assert block(torch.zeros(1, width, 4, 4)).shape == (1, width, 4, 4)
