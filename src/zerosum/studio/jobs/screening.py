"""How near a sample is to what the model was trained on."""

from dataclasses import dataclass

import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import DataError, RunError
from zerosum.evaluation.metrics.blocks import nearest
from zerosum.evaluation.metrics.memory import identical
from zerosum.runs.store import Run
from zerosum.workflows.prepare import data_of

MOST_COMPARED = 10_000
"""Training samples that samples are compared with: the first of the data."""
_CALIBRATION = 256
_PIECE = 512
COPY = 0.5
"""A sample is a near copy where it is nearer to a training sample than this share of the usual
distance (the median) from a training sample to the next one."""


@dataclass(frozen=True)
class NearestSample:
    """What a sample is compared with.

    Attributes:
        nearness: its distance over the usual one between training samples.
        index: of the nearest training sample.
        is_copy: whether it is nearly that one.
    """

    nearness: float
    index: int
    is_copy: bool


class CopyScreen:
    """The training data, to look for neighbours in.

    Rows that may be somebody's record are only looked up: whether a row is one of them, and never
    which. A private run's data is not looked at at all.
    """

    def __init__(self, run: Run) -> None:
        self.dataset: Dataset | None = None
        self.missing = ""
        self._usual = 0.0
        if run.manifest.get("privacy"):
            self.missing = "the run promises privacy, so its data is not looked at"
            return
        try:
            self.dataset, _ = data_of(run)
        except (DataError, RunError) as error:
            self.missing = f"the training data cannot be read: {error}"
            return
        count = min(MOST_COMPARED, len(self.dataset))
        self._rows = self.dataset.take(torch.arange(count))[0]
        if not self.dataset.space.holds_records:
            self._flat = self._embedded(self._rows)
            some = self._flat[: min(_CALIBRATION, count)]
            if count > 1:
                away, _ = nearest(some, self._flat, 2)
                self._usual = float(away[:, 1].median())

    @property
    def compared(self) -> int:
        """Training samples that are compared with."""
        return 0 if self.dataset is None else len(self._rows)

    def neighbours(self, x: Tensor) -> list[NearestSample] | None:
        """The neighbour of each compact sample `[N, ...]`; None where there is no comparing."""
        if self.dataset is None or self.dataset.space.holds_records or not self._usual:
            return None
        away, which = nearest(self._embedded(x), self._flat, 1)
        return [
            NearestSample(float(d) / self._usual, int(i), float(d) < COPY * self._usual)
            for d, i in zip(away[:, 0], which[:, 0], strict=True)
        ]

    def copied_rows(self, x: Tensor) -> int | None:
        """How many compact rows `[N, ...]` are rows of the training data; None if unknown."""
        if self.dataset is None or not self.dataset.space.holds_records:
            return None
        return int(identical(x, self._rows).sum())

    def real(self, index: int) -> Tensor:
        """A training sample, compact."""
        return self._rows[index]

    def _embedded(self, x: Tensor) -> Tensor:
        """What distances are taken of, `[N, F]`: pixels, tiles, or levels of a sound's pitches."""
        assert self.dataset is not None
        space = self.dataset.space
        return torch.cat([space.embed(space.to_model(some)) for some in x.split(_PIECE)])
