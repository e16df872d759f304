"""Distances between table rows of numbers, categories and gaps, a block at a time.

Gower, "A general coefficient of similarity and some of its properties", Biometrics 1971: each
column adds from 0 (equal) to 1 (as far apart as can be); numbers in proportion to the range of the
rows that are searched, categories 1 where they differ.

Where we deviate: it is the sum over columns and not their mean; two gaps are equal, and a gap
beside a number counts ½ to 1, the more the farther that number is from the middle of its range.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

_AT_ONCE = 1 << 21
"""Distances held at once."""


class Gower:
    """Rows to be searched.

    Args:
        points: values with NaN for what is missing, float64 `[M, D]`.
        categorical: which columns hold indices of categories, bool `[D]`.
        columns: those that count, int64 `[F]`; all if not given.
        ranges: rows whose numbers give the ranges; the points if not given.
    """

    def __init__(
        self,
        points: Tensor,
        categorical: Tensor,
        *,
        columns: Tensor | None = None,
        ranges: Tensor | None = None,
    ) -> None:
        every = torch.arange(points.shape[1])
        self._columns = every if columns is None else columns
        self._is_category = categorical[self._columns]
        spanned = (points if ranges is None else ranges)[:, self._columns]
        low = spanned.nan_to_num(nan=float("inf")).amin(0)
        reach = spanned.nan_to_num(nan=float("-inf")).amax(0) - low
        self._reach = torch.where(reach > 0, reach, 1.0)
        self._low = torch.where(low.isfinite(), low, 0.0)
        self._gaps = bool(points[:, self._columns].isnan().any())
        self._place, self._mark = self._encoded(points)

    def __len__(self) -> int:
        return len(self._place)

    def blocks(self, queries: Tensor) -> Iterator[tuple[int, Tensor]]:
        """The number of the first query `[D]` of each block, and its distances, `[B, M]`."""
        size = max(1, _AT_ONCE // max(len(self), 1))
        place, mark = self._encoded(queries)
        number, category = ~self._is_category, self._is_category
        for start in range(0, len(queries), size):
            rows = slice(start, start + size)
            far = torch.cdist(place[rows][:, number], self._place[:, number], p=1.0)
            if bool(category.any()):
                far += torch.cdist(place[rows][:, category], self._place[:, category], p=0.0)
            if self._gaps:
                far += torch.cdist(mark[rows], self._mark, p=1.0)
            yield start, far

    def added_by(self, queries: Tensor, column: int) -> Tensor:
        """What one of the columns that count adds to the distances of queries `[B, D]`, `[B, M]`.

        `column` is its number among those.
        """
        place, mark = self._encoded(queries)
        mine, theirs = place[:, column, None], self._place[None, :, column]
        if bool(self._is_category[column]):
            return (mine != theirs).float()
        far = (mine - theirs).abs_()
        return far.add_((mark[:, column, None] - self._mark[None, :, column]).abs_())

    def nearest(self, queries: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
        """The `k` points nearest to every query.

        Returns:
            Distances, float32 `[N, k]`, and which points these are, int64 `[N, k]`. Of points that
            are equally far, any may be named; with `k` = 1 the first.

        >>> rows = torch.tensor([[0.0, 1.0], [4.0, 1.0], [4.0, 0.0]], dtype=torch.float64)
        >>> Gower(rows, torch.tensor([False, True])).nearest(rows[:1] + 1)
        (tensor([[1.2500]]), tensor([[0]]))
        """
        far, which = [], []
        for _, block in self.blocks(queries):
            one, at = block.min(1, True) if k == 1 else block.topk(k, dim=1, largest=False)
            far.append(one)
            which.append(at)
        return torch.cat(far), torch.cat(which)

    def _encoded(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Place of each value in its range (the index of a category), and marks of gaps."""
        chosen = rows[:, self._columns]
        gone = chosen.isnan()
        place = ((chosen - self._low) / self._reach).clamp_(-1, 2)  # float32 must hold sums
        place = torch.where(gone, 0.5, place)
        place = torch.where(self._is_category, chosen.nan_to_num(nan=-1.0), place)
        return place.float(), (gone & ~self._is_category).float() / 2
