"""Handwritten digits that come with scikit-learn."""

import numpy as np
import torch

from zerosum.data.base import ArrayDataset, DataConfig, Dataset, Progress


class DigitsConfig(DataConfig):
    """The 1,797 handwritten digits, 8 × 8, that ship with scikit-learn (UCI, CC BY 4.0)."""

    kind = "digits"
    spaces = ("image",)
    built_in = True

    def build(self, progress: Progress | None = None) -> Dataset:
        """uint8 images `[1797, 1, 8, 8]` with labels 0 to 9."""
        from sklearn.datasets import load_digits

        pixels, target = load_digits(return_X_y=True)
        x = np.round(pixels * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
        y = torch.from_numpy(target.astype(np.int64))
        return ArrayDataset(
            torch.from_numpy(x), y, name=self.kind, labels=[str(d) for d in range(10)]
        )
