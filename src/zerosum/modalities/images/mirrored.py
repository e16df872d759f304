"""Images and their mirror images as one data set, for data that has no left and right."""

import hashlib

import torch
from torch import Tensor

from zerosum.data.base import ArrayDataset, Dataset


def mirrored(dataset: Dataset) -> Dataset:
    """A data set of images, followed by the same images with left and right exchanged.

    Its space is that of the images: mirror images are not counted as more of a label.
    """
    held, digest = dataset.resident, hashlib.sha256(f"mirrored {dataset.fingerprint}".encode())
    fingerprint = digest.hexdigest()[:32]
    if held is None:
        return _MirroredImages(dataset, fingerprint)
    x, y = held
    return ArrayDataset(
        torch.cat([x, x.flip(3)]), None if y is None else torch.cat([y, y]), name=dataset.name,
        space=dataset.space, fingerprint=fingerprint,
    )  # fmt: skip


class _MirroredImages(Dataset):
    """The same of images that are read when they are needed."""

    def __init__(self, dataset: Dataset, fingerprint: str) -> None:
        self._dataset, self.fingerprint = dataset, fingerprint
        self.space, self.name = dataset.space, dataset.name

    def __len__(self) -> int:
        return 2 * len(self._dataset)

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """See `Dataset.take`."""
        many = len(self._dataset)
        x, y = self._dataset.take(indices % many)
        return torch.where((indices >= many).view(-1, 1, 1, 1), x.flip(3), x), y

    def labels_of(self, indices: Tensor) -> Tensor | None:
        """See `Dataset.labels_of`."""
        return self._dataset.labels_of(indices % len(self._dataset))
