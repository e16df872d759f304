"""The causal network: what depends on what, and that making steps agrees with reading them."""

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, Normal

from zerosum.networks.causal import CausalNetwork, CausalNetworkConfig, Mixture
from zerosum.rng import Noise, seeded_initialisation


def built(components: int = 3, lags: int = 2, num_labels: int = 0) -> CausalNetwork:
    config = CausalNetworkConfig(width=8, hidden=8, components=components, lags=lags)
    with seeded_initialisation(0), torch.no_grad():
        network = config.build(3, 6, extras=1, num_labels=num_labels)
        for parameter in network.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return network.requires_grad_(False)


def read(network: CausalNetwork, x: Tensor, y: Tensor | None = None) -> Tensor:
    return network.log_prob(x, x[:, :1] * 2, y, x)


def test_a_mixture_has_the_density_and_the_draws_of_one() -> None:
    noise = Noise(0)
    weights = noise.normal(3).log_softmax(-1)
    means, deviations = 3 * noise.normal(3), 0.3 * noise.normal(3)
    ours = Mixture(weights, means, deviations)
    theirs = MixtureSameFamily(Categorical(logits=weights), Normal(means, deviations.exp()))
    points = torch.linspace(-5, 5, 21)
    assert torch.allclose(ours.log_prob(points), theirs.log_prob(points), atol=1e-5)
    many = Mixture(*(one.expand(20_000, 3) for one in (weights, means, deviations)))
    drawn = many.draw(noise.uniform(20_000), noise.normal(20_000))
    assert float(drawn.mean()) == pytest.approx(float(theirs.mean), abs=0.05)
    assert float(drawn.std()) == pytest.approx(float(theirs.stddev), rel=0.02)


@pytest.mark.parametrize("lags", [0, 1, 3])
def test_a_number_says_nothing_of_those_before_it(lags: int) -> None:
    network, x = built(lags=lags), Noise(1).normal(2, 3, 6)
    other = x.clone()
    other[:, 1, 3] += 1
    before, after = read(network, x), read(network, other)
    same = before == after
    assert bool(same[:, :3].all())
    assert bool(same[:, 3, 0].all())
    assert not bool(same[:, 3, 1:].any())
    assert not bool(same[:, 4].any())


def test_steps_that_are_made_are_those_that_are_read() -> None:
    network, noise = built(components=1), Noise(2)
    normal = noise.normal(4, 6, 3)
    rollout, x = network.rollout(4, None), torch.zeros(4, 3, 6)
    for place in range(6):
        chance = torch.full((4, 3), 0.5)
        step = rollout.draw(place, chance, normal[:, place], lambda _c, _p, numbers: numbers)
        x[:, :, place] = step
        rollout.take(torch.cat([step, step[:, :1] * 2], dim=1))
    known = network._known(torch.cat([x, x[:, :1] * 2], dim=1).transpose(1, 2), None)
    mixture = network._mixtures(known, x.transpose(1, 2), slice(None))
    made = mixture.means[..., 0] + mixture.deviations[..., 0].exp() * normal
    assert torch.allclose(made, x.transpose(1, 2), atol=1e-4)


def test_labels_are_heard() -> None:
    network, x = built(num_labels=2), Noise(1).normal(2, 3, 6)
    zeros, ones = (read(network, x, torch.full((2,), label)) for label in (0, 1))
    assert not torch.equal(zeros, ones)
