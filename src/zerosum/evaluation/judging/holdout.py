"""Checks of a holdout: the same kind of samples, known labels, and no training rows."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from zerosum.data.base import Dataset, Progress
from zerosum.errors import EvaluationError, did_you_mean
from zerosum.spaces import Space

_LOOKED_AT = 200_000
"""Rows that are compared at most; shares are extrapolated from them."""

_TOO_MANY = 0.05
"""Share of the holdout in the training data from which on it is no holdout."""

_ROWS = 4_096


def require_same_kind(space: Space, other: Space, what: str) -> None:
    """Check that samples of both spaces can be compared.

    Raises:
        EvaluationError: `what` is of another kind or shape.
    """
    reason = space.mismatch(other, what)
    if reason is not None:
        raise EvaluationError(reason)


def codes_of(space: Space, other: Space, what: str) -> Tensor | None:
    """For each label code of `other` the code of that name in `space`, int64 `[K]`.

    None if one of the two has no labels.

    Raises:
        EvaluationError: `what` has labels that `space` does not know.

    >>> from zerosum.spaces import PointSpace
    >>> def space(*labels):
    ...     counts = (1,) * len(labels)
    ...     return PointSpace(center=(0.0,), scale=(1.0,), labels=labels, label_counts=counts)
    >>> codes_of(space("a", "b", "c"), space("c", "a"), "the holdout")
    tensor([2, 0])
    """
    if not space.labels or not other.labels:
        return None
    unknown = [name for name in other.labels if name not in space.labels]
    if unknown:
        shown = ", ".join(map(repr, unknown[:5])) + (", …" if len(unknown) > 5 else "")
        raise EvaluationError(
            f"{what} has labels that the training data lacks: {shown}."
            f"{did_you_mean(unknown[0], space.labels)} Rename them, or leave these samples out."
        )
    return torch.tensor([space.labels.index(name) for name in other.labels])


@dataclass(frozen=True)
class Shared:
    """How much of a holdout is in the training data.

    Attributes:
        count: rows of the holdout that are also training rows.
        of: rows of the holdout.
        twins: share of training rows that have an equal one among the other training rows.
        looked_at: training rows that were compared.
        trained_on: training rows that there are.
    """

    count: int
    of: int
    twins: float
    looked_at: int
    trained_on: int

    @property
    def share(self) -> float:
        """Share of the holdout in the training data, extrapolated to all training rows."""
        return min(1.0, self.count / self.of * self.trained_on / self.looked_at)

    def complaint(self) -> str | None:
        """A warning for readers; None if nothing is shared.

        Where training rows often equal each other, as with few values for each column, so do new
        ones: that alone makes no holdout unusable.

        Raises:
            EvaluationError: so many are shared that the holdout is the training data.
        """
        if not self.count:
            return None
        found = f"{self.count:,} of {self.of:,} rows of the holdout are also training rows"
        if self.share > _TOO_MANY and self.share > 2 * self.twins:
            raise EvaluationError(
                f"{found}: this is training data, which would flatter the model. Give reals that "
                "it was not trained on, or none: then parts of the training data are compared."
            )
        if self.twins > _TOO_MANY:
            found += f", as {self.twins:.0%} of the training rows have an equal among themselves"
        return f"{found}."


def row_bytes(x: Tensor) -> list[bytes]:
    """Each compact sample of `[N, ...]` as bytes, equal where samples are.

    Missing values equal each other, and -0 equals 0.

    >>> zero, minus, one = row_bytes(torch.tensor([[0.0], [-0.0], [1.0]]))
    >>> zero == minus, zero == one
    (True, False)
    """
    flat = x.flatten(1)
    if flat.is_floating_point():
        flat = torch.where(flat.isnan(), torch.nan, flat + 0.0)
    return [row.tobytes() for row in flat.contiguous().numpy()]


def shared_rows(train: Dataset, holdout: Dataset, progress: Progress | None = None) -> Shared:
    """Compare every row of a holdout with the training rows, by digests of their compact form.

    Of more than 200,000 rows, so many are looked at, evenly spread.
    """
    if train.fingerprint == holdout.fingerprint:
        return Shared(len(holdout), len(holdout), 0.0, len(train), len(train))
    mine = Counter(_digests(holdout, progress, "reading the holdout"))
    theirs = Counter(_digests(train, progress, "looking for shared rows"))
    looked_at = theirs.total()
    return Shared(
        count=sum(times for digest, times in mine.items() if digest in theirs),
        of=mine.total(),
        twins=sum(times for times in theirs.values() if times > 1) / looked_at,
        looked_at=looked_at,
        trained_on=len(train),
    )


def _digests(dataset: Dataset, progress: Progress | None, what: str) -> Iterator[bytes]:
    """A digest of each row, or of so many, evenly spread."""
    n = min(len(dataset), _LOOKED_AT)
    rows = torch.arange(n) * len(dataset) // n
    for start in range(0, n, _ROWS):
        for row in row_bytes(dataset.take(rows[start : start + _ROWS])[0]):
            yield hashlib.blake2b(row, digest_size=12).digest()
        if progress is not None:
            progress(what, min(start + _ROWS, n), n)
