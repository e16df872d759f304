"""Shared by every test."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forks import Forks, open_forks

# For torch and others, which are loaded later, and for processes that tests start. Of tiny tensors
# handing work to threads costs more than it saves.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """What a subprocess needs to import this tree, with one thread."""
    path = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry)
    return {**os.environ, "PYTHONPATH": path}


@pytest.fixture(scope="module")
def small_judges() -> Iterator[None]:
    """Fewer trees in metrics, and features that learned little; how well is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zerosum.evaluation.features.self_network._EPOCHS", 2)
        for name, number in (
            ("two_sample.NUM_TREES", 5),
            ("two_sample.MOST_FEATURES", 8),
            ("c2st.NUM_FOLDS", 2),
            ("c2st.NUM_TREES", 10),
        ):
            patch.setattr(f"zerosum.evaluation.metrics.{name}", number)
        patch.setattr("zerosum.modalities.tables.judging.rows.NUM_TREES", 10)
        patch.setattr("zerosum.modalities.images.metrics.network.SHOWN", 640)
        yield


@pytest.fixture(scope="session")
def forks(environment: dict[str, str]) -> Iterator[Forks]:
    """Programs in processes of their own that have imported this tree already."""
    with open_forks(environment) as forks:
        yield forks
