"""Precision, recall, density and coverage against their definitions, one ball after another."""

import pytest
import torch
from torch import Tensor

from zerosum.errors import EvaluationError
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.evaluation.metrics.neighbours import Neighbourhoods
from zerosum.spaces import PointSpace

SPACE = PointSpace(center=(0.0, 0.0), scale=(1.0, 1.0))


def rows(n: int, num_features: int = 6, *, seed: int = 0) -> Tensor:
    return torch.randn(n, num_features, generator=torch.Generator().manual_seed(seed))


def read(made: Tensor, real: Tensor, *, k: int = 5) -> dict[str, float]:
    context = MetricContext(SPACE, extractor="pixels", split="holdout", neighbours=k)
    found = Neighbourhoods().read(SampleSet(made, made), SampleSet(real, real), context)
    return {name: reading.value for name, reading in found.items()}


def by_definition(made: Tensor, real: Tensor, *, k: int) -> dict[str, float]:
    def balls(x: Tensor) -> Tensor:
        others = [torch.cat([x[:i], x[i + 1 :]]) for i in range(len(x))]
        return torch.stack(
            [(o - c).norm(dim=1).sort().values[k - 1] for o, c in zip(others, x, strict=True)]
        )

    made, real = made.double(), real.double()
    around_reals, around_samples = balls(real), balls(made)
    in_reals = torch.stack([(real - x).norm(dim=1) <= around_reals for x in made])
    in_samples = torch.stack([(made - x).norm(dim=1) <= around_samples for x in real])
    return {
        "precision": float(in_reals.any(1).double().mean()),
        "recall": float(in_samples.any(1).double().mean()),
        "density": float(in_reals.sum() / (k * len(made))),
        "coverage": float(in_reals.any(0).double().mean()),
    }


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("n", "m"), [(60, 60), (40, 90), (90, 40)])
def test_it_does_as_defined(n: int, m: int, k: int) -> None:
    made, real = 0.8 * rows(n, seed=1) + 0.3, rows(m, seed=2)
    assert read(made, real, k=k) == pytest.approx(by_definition(made, real, k=k))


def test_by_hand() -> None:
    real = torch.tensor([[0.0], [1.0], [10.0], [11.0]])
    made = torch.tensor([[0.5], [0.6], [50.0]])
    # With k = 1 reals reach 1 far; samples 0.1, 0.1 and 49.4.
    assert read(made, real, k=1) == {
        "precision": pytest.approx(2 / 3),
        "recall": pytest.approx(3 / 4),  # all but the first lie in the ball of the one far off
        "density": pytest.approx(4 / 3),
        "coverage": pytest.approx(2 / 4),
    }


def test_samples_that_are_the_reals_themselves() -> None:
    real = rows(200)
    found = read(real, real)
    assert (found["precision"], found["recall"], found["coverage"]) == (1, 1, 1)
    assert found["density"] == pytest.approx(6 / 5)  # five neighbours, and the point itself


def test_copies_of_one_real_are_precise_and_cover_little() -> None:
    real = rows(200)
    found = read(real[:1].repeat(200, 1), real)
    assert found["precision"] == 1
    assert found["recall"] == 1 / 200
    assert found["coverage"] < 0.1


def test_samples_elsewhere_have_nothing_in_common() -> None:
    found = read(rows(100) + 100, rows(100, seed=1))
    assert set(found.values()) == {0}


def test_the_interval_is_as_wide_as_that_of_a_share() -> None:
    made, real = rows(300, seed=1) + 0.8, rows(300, seed=2)
    context = MetricContext(SPACE, extractor="pixels", split="holdout", replicates=400)
    found = Neighbourhoods().read(SampleSet(made, made), SampleSet(real, real), context)
    for name in ("precision", "recall", "coverage"):
        share, scatter = found[name].value, torch.tensor(found[name].replicates).std()
        assert 0.2 < share < 0.98
        assert float(scatter) == pytest.approx((share * (1 - share) / 300) ** 0.5, rel=0.15)


def test_more_neighbours_than_rows_are_refused() -> None:
    with pytest.raises(EvaluationError, match="20 nearest neighbours cannot be found among 19"):
        read(rows(20), rows(50), k=20)
