"""Distances between many rows, a block at a time: neighbours, radii, and overlaps of balls.

A block is one matrix product of float32 rows, from which a centre was taken. |x|² + |y|² - 2x·y
loses digits where two rows are near each other and far from the centre. So every block comes with
a bound for what was lost; what the bound leaves undecided is computed again in float64. The results
are those of float64, whatever the size of a block.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import sqrt

import torch
from torch import Tensor

from zerosum.errors import EvaluationError
from zerosum.evaluation.metrics.base import Ticker

_SPARE = 4
"""Candidates kept in addition to the k nearest, so that rounding seldom leaves doubt."""

_EXACT = 1 << 20
"""Numbers held at once while distances are computed from differences."""


def nearest(
    queries: Tensor,
    points: Tensor,
    k: int,
    *,
    rows: int = 256,
    columns: int = 4_096,
    tick: Ticker | None = None,
) -> tuple[Tensor, Tensor]:
    """The `k` points nearest to every query, nearest first.

    Args:
        queries: `[N, F]`.
        points: `[M, F]`.
        k: how many, at most M.
        rows: queries in one block.
        columns: points in one block.
        tick: called with how many blocks are done.

    Returns:
        Euclidean distances, float64 `[N, k]`, and which points these are, int64 `[N, k]`. Of points
        that are equally far, any may be named.

    Raises:
        EvaluationError: there are fewer than `k` points, or the rows differ in length.

    >>> nearest(torch.tensor([[1.0]]), torch.tensor([[5.0], [0.0], [3.0]]), 2)[1]
    tensor([[1, 2]])
    """
    return _nearest(queries, points, k, _Blocks(rows, columns, tick, "neighbours"), apart=False)


def radii(
    points: Tensor,
    k: int,
    *,
    rows: int = 256,
    columns: int = 4_096,
    tick: Ticker | None = None,
) -> Tensor:
    """How far every point's `k`-th neighbour among the others is, float64 `[N]`.

    A point is not its own neighbour; another point at the same place is.

    Raises:
        EvaluationError: there are no `k` others.

    >>> radii(torch.tensor([[0.0], [1.0], [3.0]]), 1)
    tensor([1., 1., 2.], dtype=torch.float64)
    """
    blocks = _Blocks(rows, columns, tick, "radii")
    return _nearest(points, points, k, blocks, apart=True)[0][:, -1]


@dataclass(frozen=True)
class Overlap:
    """Which points lie in which balls.

    Attributes:
        a_in_b: for each point of a, how many balls of b it lies in, int64 `[N]`.
        b_in_a: for each point of b, whether it lies in any ball of a, bool `[M]`.
        b_holds: for each ball of b, whether it holds any point of a, bool `[M]`.
    """

    a_in_b: Tensor
    b_in_a: Tensor
    b_holds: Tensor


def overlap(
    a: Tensor,
    b: Tensor,
    a_radii: Tensor,
    b_radii: Tensor,
    *,
    rows: int = 256,
    columns: int = 4_096,
    tick: Ticker | None = None,
) -> Overlap:
    """See which points `a` `[N, F]` and `b` `[M, F]` lie in balls around each other.

    A point on the border lies in the ball.

    Args:
        a: centres and points.
        b: centres and points.
        a_radii: of the balls around `a`, `[N]`.
        b_radii: of the balls around `b`, `[M]`.
        rows: points of `a` in one block.
        columns: points of `b` in one block.
        tick: called with how many blocks are done.

    Raises:
        EvaluationError: the rows differ in length.

    >>> a, b = torch.tensor([[0.0], [9.0]]), torch.tensor([[1.0]])
    >>> overlap(a, b, torch.ones(2), torch.zeros(1)).b_in_a
    tensor([True])
    """
    _require_same_length(a, b)
    a_in_b = torch.zeros(len(a), dtype=torch.int64)
    b_in_a, b_holds = (torch.zeros(len(b), dtype=torch.bool) for _ in range(2))
    a_square, b_square = a_radii.double().square(), b_radii.double().square()
    for block in _Blocks(rows, columns, tick, "overlap").over(a, b):
        around_a, around_b = a_square[block.rows, None], b_square[None, block.columns]
        in_a, margin_a = block.within(around_a)
        in_b, margin_b = block.within(around_b)
        i = torch.nonzero((margin_a.amin(1) <= 0) | (margin_b.amin(1) <= 0)).flatten()
        if len(i):
            j = torch.nonzero((margin_a.amin(0) <= 0) | (margin_b.amin(0) <= 0)).flatten()
            sure = block.again(i, j)
            in_a[i[:, None], j] = sure.within(around_a[i])[0]
            in_b[i[:, None], j] = sure.within(around_b[:, j])[0]
        a_in_b[block.rows] += in_b.sum(1)
        b_in_a[block.columns] |= _any(in_a)
        b_holds[block.columns] |= _any(in_b)
    return Overlap(a_in_b, b_in_a, b_holds)


def _any(table: Tensor) -> Tensor:
    """Which columns of a bool table hold anything; on bytes it is twenty times faster."""
    return table.view(torch.uint8).amax(0).bool()


@dataclass(frozen=True)
class _Block:
    """Squared distances between some rows and some columns.

    Attributes:
        a: the rows as they were given, `[R, F]`.
        b: the columns as they were given, `[C, F]`.
        centre: what is subtracted from both, `[F]`.
        rows: which rows of all.
        columns: which columns of all.
        a_norms: |x|² of the centred rows, `[R]`.
        b_norms: |y|² of the centred columns, `[C]`.
        squared: squared distances, `[R, C]`, up to `error`.
    """

    a: Tensor
    b: Tensor
    centre: Tensor
    rows: slice
    columns: slice
    a_norms: Tensor
    b_norms: Tensor
    squared: Tensor

    @cached_property
    def error(self) -> Tensor:
        """Bound on the error of squared distances, `[R, C]`."""
        loss = _loss(self.squared.dtype, self.a.shape[1])
        return loss * self.a_norms[:, None] + loss * self.b_norms

    def within(self, square: Tensor) -> tuple[Tensor, Tensor]:
        """Which distances are at most √`square`, and how sure that is, both `[R, C]`.

        What is on the border up to rounding lies within. It is sure where the second is above 0.
        """
        gap = self.squared - square.to(self.squared.dtype)
        return gap <= self.error, gap.abs_().sub_(self.error)

    def again(self, i: Tensor, j: Tensor) -> "_Block":
        """Rows `i` and columns `j` of this block in float64."""
        a, b = self.a[i], self.b[j]
        y = b.double() - self.centre
        product = _product(a.double() - self.centre, y, y.square().sum(1))
        return _Block(a, b, self.centre, self.rows, self.columns, *product)


def _product(x: Tensor, y: Tensor, y_norms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """|x|² `[R]`, |y|² `[C]` and |x - y|² `[R, C]`, for `x` `[R, F]` and `y` `[C, F]`."""
    x_norms = x.square().sum(1)
    return x_norms, y_norms, torch.addmm(y_norms, x, y.T, alpha=-2).add_(x_norms[:, None])


def _loss(dtype: torch.dtype, num_features: int) -> float:
    """What squared distances may be wrong by, as a share of |x|² + |y|².

    The sum of F products is off by about √F roundings, and the sum of norms by a few more; the
    bound is several times what occurs.
    """
    return torch.finfo(dtype).eps * (4 + sqrt(num_features))


@dataclass(frozen=True)
class _Blocks:
    """How a table of distances is cut, and how its progress is reported."""

    rows: int
    columns: int
    tick: Ticker | None
    what: str

    def over(self, a: Tensor, b: Tensor, dtype: torch.dtype = torch.float32) -> Iterator[_Block]:
        """Every block of `a` beside `b`, all rows of one range of columns after another."""
        centre = _centre(b)
        starts = range(0, len(a), self.rows)
        total, done = len(starts) * len(range(0, len(b), self.columns)), 0
        for first in range(0, len(b), self.columns):
            columns = slice(first, min(first + self.columns, len(b)))
            y = b[columns].to(dtype) - centre
            y_norms = y.square().sum(1)
            for start in starts:
                rows = slice(start, min(start + self.rows, len(a)))
                product = _product(a[rows].to(dtype) - centre, y, y_norms)
                yield _Block(a[rows], b[columns], centre, rows, columns, *product)
                done += 1
                if self.tick is not None:
                    self.tick(self.what, done, total)


def _centre(x: Tensor) -> Tensor:
    """The mean, float32 `[F]`: any point near the middle serves."""
    total = torch.zeros(x.shape[1], dtype=torch.float64)
    for piece in x.split(1_024):
        total += piece.sum(0, dtype=torch.float64)
    return (total / len(x)).float()


def _nearest(
    queries: Tensor, points: Tensor, k: int, blocks: _Blocks, *, apart: bool
) -> tuple[Tensor, Tensor]:
    """`nearest`; with `apart`, row i of the queries is row i of the points, and not its own."""
    _require_same_length(queries, points)
    there = len(points) - apart
    if not 1 <= k <= there:
        raise EvaluationError(
            f"{k} nearest neighbours cannot be found among {there} points. "
            "Use at least one and no more than there are, or give more samples."
        )
    own = torch.arange(len(queries)) if apart else None
    kept = min(k + _SPARE, there)
    squared, indices = _candidates(queries, points, kept, blocks, own, torch.float32)
    distances = _distances(queries, points, indices)
    if kept < there:  # others may be nearer, as far as float32 can tell
        least = squared[:, -1].double() - _error(queries, points)
        kth = distances.kthvalue(k, dim=1).values
        again = torch.nonzero((kth.square() > least) & (kth > 0)).flatten()
        if len(again):
            own = None if own is None else own[again]
            unsure = queries[again]
            quiet = replace(blocks, tick=None)
            _, better = _candidates(unsure, points, kept, quiet, own, torch.float64)
            indices[again], distances[again] = better, _distances(unsure, points, better)
    distances, order = distances.sort(dim=1, stable=True)
    return distances[:, :k].contiguous(), indices.gather(1, order[:, :k])


def _candidates(
    queries: Tensor,
    points: Tensor,
    m: int,
    blocks: _Blocks,
    own: Tensor | None,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor]:
    """The `m` points that seem nearest: squared distances in `dtype`, and indices, both `[N, m]`.

    `own` says for each query which point it may not be, or is None.
    """
    best = torch.full((len(queries), m), float("inf"), dtype=dtype)
    indices = torch.zeros(len(queries), m, dtype=torch.int64)
    for block in blocks.over(queries, points, dtype):
        squared, rows, first = block.squared, block.rows, block.columns.start
        if own is not None:
            column = own[rows] - first
            here = torch.nonzero((column >= 0) & (column < squared.shape[1])).flatten()
            squared[here, column[here]] = float("inf")
        new, at = squared.topk(min(m, squared.shape[1]), dim=1, largest=False, sorted=False)
        both = torch.cat([best[rows], new], dim=1)
        best[rows], order = both.topk(m, dim=1, largest=False)
        indices[rows] = torch.cat([indices[rows], at + first], dim=1).gather(1, order)
    return best, indices


def _error(queries: Tensor, points: Tensor) -> Tensor:
    """What float32 may have lost in a squared distance, for each query, float64 `[N]`."""
    centre = _centre(points)

    def norms(x: Tensor) -> Tensor:
        found = torch.empty(len(x))
        for start in range(0, len(x), 1_024):
            rows = slice(start, start + 1_024)
            found[rows] = (x[rows].float() - centre).square_().sum(1)
        return found.double()

    return _loss(torch.float32, points.shape[1]) * (norms(queries) + norms(points).max())


def _distances(queries: Tensor, points: Tensor, indices: Tensor) -> Tensor:
    """From each query to points `indices` `[N, m]`, from differences in float64, `[N, m]`."""
    found = torch.empty(indices.shape, dtype=torch.float64)
    step = max(1, _EXACT // (indices.shape[1] * queries.shape[1]))
    for start in range(0, len(queries), step):
        rows = slice(start, start + step)
        gap = points[indices[rows]].double().sub_(queries[rows, None])
        found[rows] = gap.square_().sum(-1).sqrt_()
    return found


def _require_same_length(a: Tensor, b: Tensor) -> None:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise EvaluationError(
            f"features of shapes {tuple(a.shape)} and {tuple(b.shape)} cannot be compared. "
            "Both must be rows of the same length, from the same extractor."
        )
