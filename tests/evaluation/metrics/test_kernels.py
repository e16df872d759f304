"""Kernel distances against sums over all pairs, closed forms, and repeated experiments."""

import math
from itertools import permutations

import pytest
import torch
from torch import Tensor

from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.evaluation.metrics.kernels import (
    Kernel,
    KernelDistance,
    MaximumMeanDiscrepancy,
    gaussian,
    median_distance,
    polynomial,
    squared_mmd,
)
from zerosum.spaces import ImageSpace

SPACE = ImageSpace(channels=1, height=8, width=8)
KERNELS = {"polynomial": polynomial, "gaussian": gaussian([0.5, 2.0])}
every_kernel = pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)


def rows(n: int, num_features: int = 4, *, seed: int = 0) -> Tensor:
    return torch.randn(n, num_features, generator=torch.Generator().manual_seed(seed))


def pair_by_pair(x: Tensor, y: Tensor, kernel: Kernel) -> float:
    def k(a: Tensor, b: Tensor) -> float:
        return float(kernel(a[None].double(), b[None].double()))

    def within(z: Tensor) -> float:
        return sum(k(a, b) for a, b in permutations(z, 2)) / (len(z) * (len(z) - 1))

    across = sum(k(a, b) for a in x for b in y) / (len(x) * len(y))
    return within(x) + within(y) - 2 * across


def context(**settings: int) -> MetricContext:
    return MetricContext(SPACE, extractor="pixels", split="holdout", **settings)  # pyright: ignore[reportArgumentType]


@every_kernel
def test_it_is_the_sum_over_all_pairs(kernel: Kernel) -> None:
    x, y = rows(13), rows(9, seed=1) + 0.5
    assert float(squared_mmd(x, y, kernel)) == pytest.approx(pair_by_pair(x, y, kernel))
    assert float(squared_mmd(y, x, kernel)) == pytest.approx(pair_by_pair(x, y, kernel))


@every_kernel
def test_blocks_change_nothing(kernel: Kernel) -> None:
    x, y = rows(50), rows(40, seed=1)
    weights = torch.randint(3, (2, 50), generator=torch.Generator().manual_seed(0))
    whole = squared_mmd(x, y, kernel, weights=weights)
    torch.testing.assert_close(squared_mmd(x, y, kernel, weights=weights, block=7), whole)


@every_kernel
def test_a_weight_is_that_many_copies_that_are_not_paired(kernel: Kernel) -> None:
    x, y = rows(6), rows(5, seed=1)
    weights = torch.tensor([2.0, 1.0, 0.0, 3.0, 1.0, 1.0])
    table = kernel(x.double(), x.double())
    pairs = [(i, j) for i, j in permutations(range(6), 2)]
    mass = sum(float(weights[i] * weights[j]) for i, j in pairs)
    within = sum(float(weights[i] * weights[j] * table[i, j]) for i, j in pairs) / mass
    across = (weights.double() @ kernel(x.double(), y.double())).sum() / (8 * 5)
    other = kernel(y.double(), y.double()).fill_diagonal_(0).sum() / 20
    found = squared_mmd(x, y, kernel, weights=weights[None])
    assert float(found[0]) == pytest.approx(within + float(other) - 2 * float(across))


def test_two_gaussians_come_near_their_closed_form() -> None:
    # In one dimension E k(x, y) = (σ² / (σ² + 2))^½ exp(-δ² / 2(σ² + 2)), for deviations of 1.
    width, shift, n = 0.7, 1.5, 2_000
    evenly = torch.special.ndtri((torch.arange(n).double() + 0.5) / n)[:, None]
    spread = width**2 + 2
    expected = 2 * width / math.sqrt(spread) * (1 - math.exp(-(shift**2) / (2 * spread)))
    found = squared_mmd(evenly, evenly + shift, gaussian([width]))
    assert float(found) == pytest.approx(expected, rel=0.01)


@every_kernel
def test_it_is_0_on_average_where_both_are_alike(kernel: Kernel) -> None:
    found = [squared_mmd(rows(30, seed=2 * i), rows(20, seed=2 * i + 1), kernel) for i in range(99)]
    values = torch.stack(found)
    assert abs(float(values.mean())) < 3 * float(values.std()) / math.sqrt(99)
    assert values.min() < 0 < values.max()


@every_kernel
def test_rows_beside_themselves_are_below_0_by_their_own_pairs(kernel: Kernel) -> None:
    x = rows(30)
    table = kernel(x.double(), x.double())
    own = table.diagonal().mean()
    others = (table.sum() - table.trace()) / (30 * 29)
    assert float(squared_mmd(x, x, kernel)) == pytest.approx(float(2 * (others - own) / 30))


def test_the_median_distance() -> None:
    assert median_distance(torch.tensor([[0.0], [1.0], [3.0]])) == 2
    assert median_distance(torch.ones(5, 2)) == 1


def test_large_sets_are_read_in_subsets() -> None:
    x, y = rows(1_300), rows(1_100, seed=1) + 0.3
    told: list[tuple[str, int, int]] = []
    asked = MetricContext(
        SPACE, extractor="pixels", split="holdout", tick=lambda *it: told.append(it)
    )
    value = KernelDistance().read(SampleSet(x, x), SampleSet(y, y), asked)["kernel_distance"].value
    assert value == pytest.approx(float(squared_mmd(x, y, polynomial)), rel=0.05)
    assert told == [("kernel", i, 50) for i in range(1, 51)]
    back = (
        KernelDistance().read(SampleSet(y, y), SampleSet(x, x), context())["kernel_distance"].value
    )
    assert value == pytest.approx(back, rel=1e-9)


@pytest.mark.parametrize("one", [KernelDistance(), MaximumMeanDiscrepancy()])
def test_the_interval_is_as_wide_as_repeated_experiments_scatter(
    one: KernelDistance | MaximumMeanDiscrepancy,
) -> None:
    name, real = one.outputs[0].name, SampleSet(rows(200), rows(200))
    made = [SampleSet(x, x) for x in (rows(200, seed=seed) + 0.4 for seed in range(1, 61))]
    scatter = torch.tensor([one.read(x, real, context())[name].value for x in made]).std()
    said = [
        torch.tensor(one.read(x, real, context(replicates=100))[name].replicates).std()
        for x in made[:10]
    ]
    assert float(torch.stack(said).mean() / scatter) == pytest.approx(1, abs=0.3)
