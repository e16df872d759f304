"""Thresholds that keep their promise, and warnings of drift."""

import pytest
import torch

from zerosum.errors import EvaluationError
from zerosum.evaluation.anomalies.found import drift, threshold_at


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.3])
def test_new_normals_are_above_as_often_as_was_promised(rate: float) -> None:
    generator = torch.Generator().manual_seed(0)
    above = []
    for _ in range(400):
        held = torch.randn(150, generator=generator).sort().values
        threshold, doubt = threshold_at(held, rate)
        assert doubt is None
        above.append((torch.randn(50, generator=generator) > threshold).float().mean())
    assert 0.5 * rate < float(torch.stack(above).mean()) < 1.15 * rate


def test_few_normals_show_no_small_rate() -> None:
    threshold, doubt = threshold_at(torch.arange(20.0), 0.01)
    assert threshold == 19.0
    assert doubt is not None
    assert "promises 0.048" in doubt


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0, 2.0])
def test_rates_that_are_none(rate: float) -> None:
    with pytest.raises(EvaluationError, match="share of normals"):
        threshold_at(torch.arange(20.0), rate)


def _normals(n: int, seed: int) -> torch.Tensor:
    return torch.randn(n, generator=torch.Generator().manual_seed(seed)).sort().values


def test_normals_have_not_drifted() -> None:
    held = _normals(200, 0)
    threshold, _ = threshold_at(held, 0.01)
    assert drift(_normals(300, 1), held, threshold, 0.01) == []


def test_most_above_the_threshold() -> None:
    held = _normals(200, 0)
    (said,) = drift(_normals(300, 1) + 9, held, 3.0, 0.01)
    assert "100% of the data is above" in said


def test_a_few_anomalies_are_no_drift() -> None:
    held = _normals(200, 0)
    scores = torch.cat([_normals(300, 1), _normals(30, 2) + 9])
    assert drift(scores, held, 3.0, 0.01) == []


@pytest.mark.parametrize(("by", "said"), [(1.0, "score higher"), (-1.0, "trained on them")])
def test_the_bulk_has_moved(by: float, said: str) -> None:
    (found,) = drift(_normals(300, 1) + by, _normals(200, 0), 3.0, 0.01)
    assert said in found
