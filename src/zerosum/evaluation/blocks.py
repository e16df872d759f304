"""Distances between many rows, a block at a time: neighbours, radii, and who lies in whose ball.

A block is one matrix product of float32 rows, from which a centre was taken. |x|² + |y|² - 2x·y
loses digits where two rows are near each other and far from the centre. So every block comes with
a bound for what was lost; what the bound leaves undecided is computed again in float64. The results
are those of float64, whatever the size of a block.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt

import torch
from torch import Tensor

from zerosum.errors import EvaluationError
from zerosum.evaluation.measure import Ticker

_SPARE = 4
"""Candidates kept beside the k nearest, so that rounding seldom leaves doubt about these."""

_EXACT = 1 << 22
"""Numbers held at once while distances are computed from differences."""


def nearest(
    queries: Tensor,
    points: Tensor,
    k: int,
    *,
    rows: int = 1_024,
    columns: int = 8_192,
    tick: Ticker | None = None,
) -> tuple[Tensor, Tensor]:
    """The `k` points nearest to every query, nearest first.

    Args:
        queries: `[N, F]`.
        points: `[M, F]`.
        k: how many, at most M.
        rows: queries in one block.
        columns: points in one block.
        tick: told how many blocks are done.

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
    rows: int = 1_024,
    columns: int = 8_192,
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
    """Who lies in whose balls; each is a count, int64.

    Attributes:
        a_in_b: for each point of a, the balls of b that it lies in, `[N]`.
        b_holds: for each ball of b, the points of a that it holds, `[M]`.
        b_in_a: for each point of b, the balls of a that it lies in, `[M]`.
        a_holds: for each ball of a, the points of b that it holds, `[N]`.
    """

    a_in_b: Tensor
    b_holds: Tensor
    b_in_a: Tensor
    a_holds: Tensor


def overlap(
    a: Tensor,
    b: Tensor,
    a_radii: Tensor,
    b_radii: Tensor,
    *,
    rows: int = 1_024,
    columns: int = 8_192,
    tick: Ticker | None = None,
) -> Overlap:
    """Count which points `a` `[N, F]` and `b` `[M, F]` lie in balls around each other.

    A point on the border lies in the ball.

    Args:
        a: centres and points.
        b: centres and points.
        a_radii: of the balls around `a`, `[N]`.
        b_radii: of the balls around `b`, `[M]`.
        rows: points of `a` in one block.
        columns: points of `b` in one block.
        tick: told how many blocks are done.

    Raises:
        EvaluationError: the rows differ in length.
    """
    _require_same_length(a, b)
    count = [torch.zeros(n, dtype=torch.int64) for n in (len(a), len(b), len(b), len(a))]
    a_square, b_square = a_radii.double().square(), b_radii.double().square()
    for block in _Blocks(rows, columns, tick, "overlap").over(a, b):
        r, c = block.rows, block.columns
        around_a, around_b = a_square[r, None], b_square[None, c]
        in_b, doubt = block.within(around_b)
        in_a, more_doubt = block.within(around_a)
        again = torch.nonzero(doubt | more_doubt).flatten()
        if len(again):
            sure = block.again(again)
            in_b[again] = sure.within(around_b)[0]
            in_a[again] = sure.within(around_a[again])[0]
        count[0][r] += in_b.sum(1)
        count[1][c] += in_b.sum(0)
        count[2][c] += in_a.sum(0)
        count[3][r] += in_a.sum(1)
    return Overlap(*count)


@dataclass(frozen=True)
class _Block:
    """Squared distances between some rows and some columns.

    Attributes:
        a: the rows as they were given, `[R, F]`.
        b: the columns as they were given, `[C, F]`.
        centre: what is subtracted from both, `[F]`.
        rows: which rows of all.
        columns: which columns of all.
        norms: |x|² + |y|² of the centred rows and columns, `[R, C]`.
        squared: squared distances, `[R, C]`; the error is at most `_loss` times `norms`.
    """

    a: Tensor
    b: Tensor
    centre: Tensor
    rows: slice
    columns: slice
    norms: Tensor
    squared: Tensor

    def within(self, square: Tensor) -> tuple[Tensor, Tensor]:
        """Which distances are at most √`square`, `[R, C]`; which rows hold doubtful ones, `[R]`.

        What is on the border up to rounding lies within.
        """
        gap = self.squared - square.to(self.squared.dtype)
        error = _loss(gap.dtype, self.a.shape[1]) * self.norms
        return gap <= error, (gap.abs_() <= error).any(1)

    def again(self, rows: Tensor) -> "_Block":
        """The rows `rows` of this block in float64."""
        a = self.a[rows]
        norms, squared = _product(a.double() - self.centre, self.b.double() - self.centre)
        return _Block(a, self.b, self.centre, self.rows, self.columns, norms, squared)


def _product(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """|x|² + |y|² and |x - y|² for centred rows `x` `[R, F]` and `y` `[C, F]`, both `[R, C]`."""
    norms = x.square().sum(1)[:, None] + y.square().sum(1)
    return norms, torch.addmm(norms, x, y.T, alpha=-2)


def _loss(dtype: torch.dtype, num_features: int) -> float:
    """What squared distances may be wrong by, as a share of |x|² + |y|².

    The sum of F products is off by about √F roundings, and the sum of norms by a few more; the
    bound is several times what occurs.
    """
    return torch.finfo(dtype).eps * (4 + sqrt(num_features))


@dataclass(frozen=True)
class _Blocks:
    """How a table of distances is cut, and who is told about it."""

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
            for start in starts:
                rows = slice(start, min(start + self.rows, len(a)))
                product = _product(a[rows].to(dtype) - centre, y)
                yield _Block(a[rows], b[columns], centre, rows, columns, *product)
                done += 1
                if self.tick is not None:
                    self.tick(self.what, done, total)


def _centre(x: Tensor) -> Tensor:
    """The mean, float32 `[F]`: any point near the middle serves."""
    total = torch.zeros(x.shape[1], dtype=torch.float64)
    for piece in x.split(8_192):
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
        pieces = [(piece - centre).square().sum(1) for piece in x.float().split(8_192)]
        return torch.cat(pieces).double()

    return _loss(torch.float32, points.shape[1]) * (norms(queries) + norms(points).max())


def _distances(queries: Tensor, points: Tensor, indices: Tensor) -> Tensor:
    """From each query to points `indices` `[N, m]`, from differences in float64, `[N, m]`."""
    step = max(1, _EXACT // (indices.shape[1] * queries.shape[1]))
    pieces = [
        (points[i].double() - x[:, None].double()).square().sum(-1).sqrt()
        for x, i in zip(queries.split(step), indices.split(step), strict=True)
    ]
    return torch.cat(pieces)


def _require_same_length(a: Tensor, b: Tensor) -> None:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise EvaluationError(
            f"features of shapes {tuple(a.shape)} and {tuple(b.shape)} cannot be compared. "
            "Both must be rows of the same length, from the same extractor."
        )
