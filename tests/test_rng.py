"""Explicit randomness: streams, rows of many processes, seeds."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, kstest
from torch import Tensor, nn

from zerosum.rng import Noise, SecretNoise, derive_seed, seeded_initialisation

DRAWS = {
    "normal": lambda noise, n: noise.normal(n, 2),
    "uniform": lambda noise, n: noise.uniform(n, 2),
    "integers": lambda noise, n: noise.integers(n, 2, high=7),
    "choice": lambda noise, n: noise.choice(n, torch.tensor([1.0, 2.0, 3.0])),
}


@pytest.mark.parametrize("draw", DRAWS)
def test_two_processes_share_the_rows_of_one(draw: str) -> None:
    def rows(noise: Noise, n: int) -> Tensor:
        DRAWS[draw](noise, n)  # an earlier draw: the streams must stay in step
        return DRAWS[draw](noise, n)

    whole = rows(Noise(5), 6)
    halves = [rows(Noise(5, rank=rank, world=2), 3) for rank in (0, 1)]
    assert torch.equal(torch.cat(halves), whole)


@pytest.mark.parametrize("draw", DRAWS)
def test_a_state_continues_the_stream(draw: str) -> None:
    noise, other = Noise(0), Noise(99)
    DRAWS[draw](noise, 5)
    state = noise.state()
    expected = DRAWS[draw](noise, 5)
    other.set_state(state)
    assert torch.equal(DRAWS[draw](other, 5), expected)
    assert not torch.equal(DRAWS[draw](other, 5), expected)
    assert state.dtype == torch.uint8


def test_distributions() -> None:
    noise = Noise(0)
    assert kstest(noise.normal(5_000).numpy(), "norm").pvalue > 0.01
    assert kstest(noise.uniform(5_000).numpy(), "uniform").pvalue > 0.01
    drawn = noise.integers(7_000, high=7)
    assert chisquare(np.bincount(drawn.numpy(), minlength=7)).pvalue > 0.01
    assert drawn.dtype == torch.int64


def test_choice_follows_its_weights() -> None:
    weights = torch.tensor([0.0, 1.0, 0.0, 3.0, 6.0, 0.0])
    counts = np.bincount(Noise(0).choice(10_000, weights).numpy(), minlength=6)
    assert counts[[0, 2, 5]].sum() == 0
    assert chisquare(counts[[1, 3, 4]], [1_000, 3_000, 6_000]).pvalue > 0.01


def test_choice_with_one_class() -> None:
    assert Noise(0).choice(3, torch.tensor([4.0])).tolist() == [0, 0, 0]


def test_seeds_of_purposes_are_apart() -> None:
    paths = [("noise",), ("order",), ("order", 1), ("order", 2), ("order", 12), ("order", 1, 2)]
    seeds = {derive_seed(seed, *path) for seed in range(20) for path in paths}
    assert len(seeds) == 20 * len(paths)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derive_seed(1, "a") != derive_seed(11, "a")
    bits = np.array([[seed >> i & 1 for i in range(63)] for seed in seeds])
    assert abs(bits.mean() - 0.5) < 0.05


def test_streams_of_neighbouring_seeds_are_not_alike() -> None:
    streams = torch.stack([Noise(derive_seed(seed, "noise")).normal(2_000) for seed in range(8)])
    correlation = torch.corrcoef(streams) - torch.eye(8)
    assert correlation.abs().max() < 0.1


def test_seeds_do_not_change_between_versions() -> None:
    # A run is repeated from its seed: a change here changes them all. Say so in the changelog.
    assert derive_seed(0, "noise") == 5127903134280592399
    assert derive_seed(7, "epoch", 3) == 4743521694803824384


def test_seeded_initialisation_repeats_and_leaves_the_global_generator_alone() -> None:
    state = torch.get_rng_state()
    with seeded_initialisation(3):
        first = nn.Linear(4, 4).weight
    with seeded_initialisation(3):
        again = nn.Linear(4, 4).weight
    with seeded_initialisation(4):
        other = nn.Linear(4, 4).weight
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_seeded_initialisation_restores_after_an_error() -> None:
    state = torch.get_rng_state()
    with pytest.raises(TypeError), seeded_initialisation(3):
        nn.Linear(nn.Linear(4, 4), 4)  # pyright: ignore[reportArgumentType]
    assert torch.equal(torch.get_rng_state(), state)


def test_noise_never_reads_the_global_generator() -> None:
    state = torch.get_rng_state()
    for draw in DRAWS.values():
        draw(Noise(0), 3)
    assert torch.equal(torch.get_rng_state(), state)


def test_secret_noise_is_normal() -> None:
    drawn = SecretNoise().normal(100_001).numpy()
    assert drawn.dtype == np.float64
    assert kstest(drawn, "norm").pvalue > 1e-6  # for nobody can seed it
    moments = [float((drawn**k).mean()) for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(moments, [0, 1, 0, 3], atol=0.2)
    assert 3.5 < np.abs(drawn).max() < 8


def test_secret_chance_is_uniform() -> None:
    drawn = SecretNoise().uniform(50_000).numpy()
    assert kstest(drawn, "uniform").pvalue > 1e-6
    assert drawn.min() >= 0
    assert drawn.max() < 1
    bits = (drawn[:1_000] * 2.0**53).astype(np.int64)
    shares = np.array([(bits >> place & 1).mean() for place in range(53)])
    np.testing.assert_allclose(shares, 0.5, atol=0.1)


def test_secret_noise_never_repeats_and_never_reads_the_global_generator() -> None:
    state = torch.get_rng_state()
    torch.manual_seed(7)
    first = SecretNoise().normal(20_000)
    torch.manual_seed(7)
    second = SecretNoise().normal(20_000)
    torch.set_rng_state(state)
    assert abs(float(torch.corrcoef(torch.stack([first, second]))[0, 1])) < 0.05
    assert len(torch.unique(torch.cat([first, second]))) == 40_000
    SecretNoise().uniform(3)
    assert torch.equal(torch.get_rng_state(), state)


def test_noise_is_added_in_double_precision() -> None:
    exact = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    told = SecretNoise().noisy(exact, 2.0**-20)
    assert told.dtype == torch.float64
    assert told.shape == exact.shape
    assert not torch.equal(told, told.float().double())
    torch.testing.assert_close(told, exact.double(), atol=1e-4, rtol=0)
    assert torch.equal(SecretNoise().noisy(exact, 0.0), exact.double())


def test_names_of_few_rows_are_not_told() -> None:
    counts = {"often": 1_000, "seldom": 30, "once": 1}
    found = SecretNoise().frequent(counts, deviation=2.0, threshold=20.0)
    assert list(found) == ["often", "seldom"]
    assert found["often"] == pytest.approx(1_000, abs=20)
    assert SecretNoise().frequent({}, deviation=2.0, threshold=20.0) == {}
