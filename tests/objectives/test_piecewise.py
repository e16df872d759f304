"""R1 and R2 of piecewise linear discriminators: the right gradient without a second derivative."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from zerosum.games.base import StepContext
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.networks import dcgan, mlp  # noqa: F401  (their kinds are named below)
from zerosum.objectives.penalties import logits_and_gradient
from zerosum.objectives.piecewise import logits_and_bends, logits_kept_bent, moved
from zerosum.rng import Noise
from zerosum.spaces import Batch, ImageSpace
from zerosum.zoo import r3gan  # noqa: F401

SPACE = ImageSpace(channels=2, height=16, width=12, labels=("a", "b"), label_counts=(5, 3))
NETWORKS: dict[str, Any] = {
    "mlp": {"kind": "mlp_discriminator", "width": 16},
    "relu": {"kind": "mlp_discriminator", "width": 16, "activation": "relu"},
    "dcgan": {"kind": "dcgan_discriminator", "width": 8, "normalisation": "none"},
    "r3gan": {"kind": "r3gan_discriminator", "width": 8},
}
LOSSES = ("non_saturating", "hinge", "least_squares", "wasserstein", "relativistic_paired")


def game_of(network: str, loss: str = "relativistic_paired", **given: Any) -> TwoPlayer:
    torch.manual_seed(0)
    config = TwoPlayerConfig.from_json(
        {
            "kind": "two_player", "latent_dim": 4, "adversarial": loss,
            "generator": {"kind": "mlp_generator", "width": 8},
            "discriminator": NETWORKS[network],
            "penalties": [{"kind": "r1", "weight": 3.0}, {"kind": "r2", "weight": 0.5}],
        }
        | given
    )  # fmt: skip
    game = config.build(SPACE)
    game.discriminator.double()
    game.generator.register_forward_hook(lambda _network, _inputs, x: x.double())
    for parameter in game.discriminator.parameters():  # blocks that start at zero tell nothing
        nn.init.normal_(parameter, 0.0, 0.2)
    return game


def gradients(game: TwoPlayer, *, piecewise: bool) -> tuple[Tensor, dict[str, float]]:
    noise = Noise(1)
    y = torch.arange(8) % 2
    batch = Batch(noise.normal(8, *SPACE.shape).double(), y)
    vars(game.discriminator)["piecewise_linear"] = piecewise
    game.zero_grad()
    terms = game.discriminator_loss(StepContext(8, Noise(2), 0, 0.0, lambda: batch))
    torch.stack([*terms.values()]).sum().backward()
    flat = [torch.zeros_like(p) if p.grad is None else p.grad for p in _weights(game)]
    return torch.cat([one.flatten() for one in flat]), {
        n: float(t.detach()) for n, t in terms.items()
    }


def _weights(game: TwoPlayer) -> list[nn.Parameter]:
    return list(game.discriminator.parameters())


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_is_that_of_differentiating_twice(
    loss: str, network: str, conditional: bool
) -> None:
    game = game_of(network, loss, conditional=conditional)
    assert game.discriminator.piecewise_linear
    found, terms = gradients(game, piecewise=True)
    expected, others = gradients(game, piecewise=False)
    assert terms == pytest.approx(others)
    assert float((found - expected).norm() / expected.norm()) < 1e-5


@pytest.mark.parametrize("penalties", [[{"kind": "r1"}], [{"kind": "r2"}]])
def test_one_side_may_pay_alone(penalties: Any) -> None:
    game = game_of("mlp", penalties=penalties)
    found, _ = gradients(game, piecewise=True)
    expected, _ = gradients(game, piecewise=False)
    torch.testing.assert_close(found, expected)


def test_a_saturated_loss_still_pays() -> None:
    game = game_of("mlp", "hinge")
    with torch.no_grad():
        *_, weight = game.discriminator.parameters()
        weight *= 1e3  # margins are kept by far, or broken by far
    found, _ = gradients(game, piecewise=True)
    expected, _ = gradients(game, piecewise=False)
    assert float((found - expected).norm() / expected.norm()) < 1e-5


@pytest.mark.parametrize("network", NETWORKS)
def test_between_its_bends_a_network_is_affine(network: str) -> None:
    game = game_of(network)
    x = Noise(3).normal(6, *SPACE.shape).double()

    def score(points: Tensor) -> Tensor:
        return game.discriminator(points)[:, 0]

    logits, gradient, bends = logits_and_bends(score, x)
    expected, slope = logits_and_gradient(score, x)
    torch.testing.assert_close(logits.double(), expected.detach(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(gradient, slope.detach())
    way = Noise(4).normal(6, *SPACE.shape).double()
    far = logits_kept_bent(score, x + 100 * way, bends)
    along = (way * gradient).flatten(1).sum(1)
    torch.testing.assert_close(far.double(), logits + 100 * along, rtol=1e-5, atol=1e-4)


def test_what_a_loss_does_not_weigh_is_not_divided_by() -> None:
    x, slopes = torch.ones(3, 2), torch.tensor([0.0, -0.5, 0.0])
    points, kept = moved(x, torch.ones(3, 2), slopes, torch.tensor([0.0, 1.0, 1.0]))
    assert points.isfinite().all()
    assert kept.tolist() == pytest.approx([0.0, -0.5, 1e-6 / 3])
    assert points[:2].tolist() == [[1.0, 1.0], [-1.0, -1.0]]


def test_networks_that_bend_otherwise_say_so() -> None:
    for network, changes in (
        ("mlp", {"activation": "silu"}),
        ("dcgan", {"normalisation": "batch"}),
        ("dcgan", {"normalisation": "layer"}),
        ("dcgan", {"normalisation": "spectral"}),
    ):
        game = game_of("mlp", discriminator=NETWORKS[network] | changes)
        assert not game.discriminator.piecewise_linear
