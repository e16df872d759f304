"""Some samples as a data set of their own, and which samples are kept apart to judge with."""

import hashlib
from functools import cached_property

import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import DataError
from zerosum.faces import option
from zerosum.rng import derive_seed


class Subset(Dataset):
    """Some samples of a data set.

    Args:
        whole: the data set.
        rows: which of its samples, int64 `[M]`.
        name: how messages call them.
    """

    def __init__(self, whole: Dataset, rows: Tensor, *, name: str) -> None:
        self._whole, self._rows = whole, rows
        self.name, self.aligned, self.in_parts = name, whole.aligned, whole.in_parts
        self.modes, self.mode_std = whole.modes, whole.mode_std
        digest = hashlib.sha256(whole.fingerprint.encode())
        digest.update(rows.numpy().tobytes())
        self.fingerprint = digest.hexdigest()[:32]
        if whole.sources is not None:
            if not whole.aligned:
                raise DataError(
                    f"{whole.name} has two domains without pairs, of which no share is kept apart. "
                    f"Leave {option('holdout')} out, and judge with folders of their own."
                )
            self.sources = Subset(whole.sources, rows, name=name)
        self.space = whole.space
        y = whole.labels_of(rows) if whole.space.labels else None
        if y is not None:
            counts = torch.bincount(y, minlength=len(whole.space.labels)).tolist()
            self.space = whole.space.model_copy(update={"label_counts": tuple(counts)})

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """See `Dataset.take`."""
        return self._whole.take(self._rows[indices])

    def labels_of(self, indices: Tensor) -> Tensor | None:
        """See `Dataset.labels_of`."""
        return self._whole.labels_of(self._rows[indices])

    def sources_of(self, indices: Tensor) -> Tensor | None:
        """See `Dataset.sources_of`."""
        return self._whole.sources_of(self._rows[indices])

    def parts_of(self, indices: Tensor) -> Tensor | None:
        """See `Dataset.parts_of`."""
        return self._whole.parts_of(self._rows[indices])

    @cached_property
    def _held(self) -> tuple[Tensor, Tensor | None] | None:
        found = self._whole.resident
        if found is None:
            return None
        x, y = found
        return x[self._rows].contiguous(), None if y is None else y[self._rows]

    @property
    def resident(self) -> tuple[Tensor, Tensor | None] | None:
        """See `Dataset.resident`."""
        return self._held


def with_holdout(dataset: Dataset, share: float) -> Dataset:
    """The samples to train on, of which `held_out` are the others.

    Raises:
        DataError: a side would be empty, or domains are not paired.
    """
    train, held = rows_apart(len(dataset), share)
    part = Subset(dataset, train, name=dataset.name)
    part.held_out = Subset(dataset, held, name=held_name(dataset.name))
    part.notes = (*dataset.notes, held_note(len(held), len(dataset)))
    return part


def rows_apart(count: int, share: float) -> tuple[Tensor, Tensor]:
    """Numbers of the samples to train on, and of those that are kept apart, in order.

    They depend on the count and the share alone.

    Raises:
        DataError: a side would be empty.

    >>> train, held = rows_apart(10, 0.2)
    >>> len(train), len(held)
    (8, 2)
    """
    held = round(share * count)
    if not 0 < held < count:
        raise DataError(
            f"{option('holdout', share)} of {count:,} samples leaves one side without any. Give "
            "another share, such as 0.2."
        )
    generator = torch.Generator().manual_seed(derive_seed(0, "holdout"))
    order = torch.randperm(count, generator=generator)
    return order[held:].sort().values, order[:held].sort().values


def held_name(name: str) -> str:
    """How messages call the samples of a data set that are kept apart."""
    return f"{name} (held out)"


def held_note(held: int, count: int) -> str:
    """What is said of samples that are kept apart."""
    return f"{held:,} of {count:,} samples are kept apart; `evaluate` judges with them by itself."
