"""Are the reals that a training draws still those of its data set?

Files that come sorted, a class that is gone, a hundred images over and over: to the duel this is
a fault like any other, and it is seen at once in how often each region of the data is visited. A
broken batch is seen in the size of its values.
"""

from typing import Any

import torch
from torch import Tensor

from zerosum.errors import RunError
from zerosum.referee.quality_probe import QualityProbe
from zerosum.spaces import Batch

_LEAST_COUNT = 1_000
_EVERY, _ROWS = 2, 64
"""Batches of which one is counted, and rows of it, so that counting costs next to nothing."""
_HELD = 32
"""Batches that wait to be counted together: of small samples a call costs more than its work."""
_SMALL = 4_096
"""Numbers in a sample up to which batches wait."""


class RealWatch:
    """Counts real batches by the gauge's clusters, and compares them with the data set's own."""

    def __init__(self, gauge: QualityProbe) -> None:
        self._gauge = gauge
        self._counts = torch.zeros(len(gauge.shares))
        self._waiting: list[Tensor] = []
        self._batches = 0
        self._largest = torch.zeros(())

    def __call__(self, batch: Batch) -> None:
        """Measure every batch and count every second; nothing is fetched from the device."""
        self._waiting.append(batch.x)
        if len(self._waiting) >= (_HELD if batch.x[0].numel() <= _SMALL else 1):
            self._take_in()

    def _take_in(self) -> None:
        if not self._waiting:
            return
        size = torch.cat(self._waiting).abs().max()
        self._largest = torch.maximum(self._largest.to(size), size)
        counted = [x[:_ROWS] for x in self._waiting[self._batches % _EVERY :: _EVERY]]
        if counted:
            visits = self._gauge.visits(torch.cat(counted))
            self._counts = self._counts.to(visits.device) + visits
        self._batches += len(self._waiting)
        self._waiting.clear()

    def read(self) -> tuple[float, float] | None:
        """How unlikely the counts since the last reading are, and the share of reals missing.

        The first is about 1 for sound data; see `compare_counts`. The second is the share of the
        data set in clusters that were hardly visited. None while there are too few to tell.
        """
        self._take_in()
        counts = self._counts.double().cpu()
        total = float(counts.sum())
        if total < _LEAST_COUNT:
            return None
        self._counts = torch.zeros_like(self._counts)
        return compare_counts(counts, self._gauge.shares, self._gauge.num_reals)

    def read_size(self) -> float:
        """Size of the largest value since the last reading; 1 is the largest of the gauge's."""
        self._take_in()
        size = float(self._largest) / self._gauge.largest
        self._largest = torch.zeros_like(self._largest)
        return size

    def state(self) -> dict[str, Any]:
        """JSON values that `load_state` takes back."""
        self._take_in()
        return {
            "counts": self._counts.tolist(), "batches": self._batches,
            "largest": self._largest.tolist(),
        }  # fmt: skip

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue where `state` was taken.

        Raises:
            RunError: it was taken of other clusters.
        """
        if len(state["counts"]) != len(self._counts):
            raise RunError(
                f"what the referee left counts {len(state['counts'])} clusters, and this data has "
                f"{len(self._counts)}. Resume with --referee off."
            )
        self._waiting.clear()
        self._counts, self._batches = torch.tensor(state["counts"]), state["batches"]
        self._largest = torch.tensor(state["largest"])


def compare_counts(counts: Tensor, shares: Tensor, num_reals: float) -> tuple[float, float]:
    """How strange the counts are, and the missing share.

    Strangeness is the larger of two numbers, each about 1 where nothing is strange: the chi-squared
    statistic over its degrees of freedom, for many small differences, and the largest squared
    deviation of a single cluster over 9, for one that is gone. `counts` and `shares` are `[K]`; the
    shares themselves come from `num_reals` rows.

    >>> compare_counts(torch.tensor([50.0, 50.0]), torch.tensor([0.5, 0.5]), 1000.0)
    (0.0, 0.0)
    """
    total = counts.sum()
    seen = counts / total
    known = shares > 0
    variance = shares[known] * (1 / total + 1 / num_reals)
    squares = (seen[known] - shares[known]).square() / variance
    missing = shares[seen < 0.2 * shares].sum()
    strange = max(float(squares.sum()) / max(int(known.sum()) - 1, 1), float(squares.max()) / 9)
    return strange, float(missing)
