"""Shared by every test."""

import os
import sys
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)  # tiny tensors: handing work to threads costs more than it saves


@pytest.fixture
def environment() -> dict[str, str]:
    """What a subprocess needs to import this tree, with one thread."""
    path = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry)
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
