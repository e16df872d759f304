"""Handwritten digits that come with scikit-learn."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress


def _file() -> Path:
    """Where scikit-learn keeps them; importing it to ask takes longer than to read the file."""
    found = find_spec("sklearn")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz"


class DigitsConfig(DataConfig):
    """The 1,797 handwritten digits, 8 × 8, that ship with scikit-learn (UCI, CC BY 4.0)."""

    kind = "digits"
    spaces = ("image",)
    built_in = True

    def build(self, progress: Progress | None = None) -> Dataset:
        """uint8 images `[1797, 1, 8, 8]` with labels 0 to 9."""
        rows = np.loadtxt(_file(), delimiter=",")
        x = np.round(rows[:, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
        y = torch.from_numpy(rows[:, -1].astype(np.int64))
        return ArrayDataset(
            torch.from_numpy(x), y, name=self.kind, labels=[str(d) for d in range(10)]
        )
