"""What is measured while a training runs, by metrics that ask for it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from zerosum.evaluation.metrics.base import (
    REGISTRY,
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
)
from zerosum.runs.store import Run

TrainSmall = Callable[..., Run]


class Offset(Metric):
    """A metric of a user's own."""

    in_training = True
    outputs = (
        MetricSpec(
            name="offset_of_a_test",
            title="Offset",
            better="lower",
            meaning="How far the mean sample lies from the mean real.",
            source="this file",
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        assert context.split == "train"
        gap = candidate.features.mean(0) - reference.features.mean(0)
        return {"offset_of_a_test": MetricValue(float(gap.norm()))}


@pytest.fixture
def offset() -> Iterator[None]:
    REGISTRY.add(Offset)
    yield
    REGISTRY.forget(__name__)


@pytest.mark.usefixtures("offset")
def test_a_measure_may_ask_to_be_read_in_training(tmp_path: Path, train_small: TrainSmall) -> None:
    run = train_small(tmp_path / "run")
    scores = run.manifest["scores"]
    assert set(scores) == {"modes_covered", "high_quality", "mode_kl", "offset_of_a_test"}
    measured = [row for row in run.events() if "offset_of_a_test" in row]
    assert measured[-1]["offset_of_a_test"] == scores["offset_of_a_test"] > 0
    assert isinstance(scores["modes_covered"], int)


def test_where_nothing_suits_nothing_is_measured(tmp_path: Path, train_small: TrainSmall) -> None:
    run = train_small(tmp_path / "run", data="moons")
    assert "scores" not in run.manifest
    assert [row for row in run.events() if "modes_covered" in row] == []
