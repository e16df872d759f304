"""Which unit of a masked network sees what, and where features and heads lie."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def pyramid(sizes: dict[int, int], starts: Sequence[int]) -> tuple[Tensor, int]:
    """The runs of 2, 4, 8, ... neighbouring codes that each feature lies in.

    Args:
        sizes: number of codes of each ordered column.
        starts: the first feature of each column, and the number of features.

    Returns:
        int64 `[F, levels]`, filled up with the number of runs, and that number.
    """
    levels = max((size - 1).bit_length() - 1 for size in sizes.values()) if sizes else 0
    table = torch.full((starts[-1], max(levels, 0)), -1)
    count = 0
    for column, size in sizes.items():
        for level in range((size - 1).bit_length() - 1):
            run = torch.arange(size) // 2 ** (level + 1)
            table[starts[column] : starts[column] + size, level] = run + count
            count += int(run[-1]) + 1
    return table.where(table >= 0, count), count


def degrees(width: int, columns: int, lowest: int) -> Tensor:
    """Degrees `lowest` to `columns` - 1 of hidden units, evenly and in order, `[width]`.

    Units share a degree in groups of up to 16, where there are enough: processors multiply such
    blocks up to half as fast again.
    """
    group, count = 16, columns - lowest
    while group > 1 and width < group * count:
        group //= 2
    first = torch.arange(width) // group * group
    return first * max(count, 1) // width + lowest


def edges(spans: Sequence[int]) -> tuple[int, ...]:
    """Where spans begin, one after another, and where the last one ends.

    >>> edges([2, 3])
    (0, 2, 5)
    """
    return (0, *torch.tensor(spans).cumsum(0).tolist())


def owners(spans: Sequence[int]) -> Tensor:
    """The span that each place belongs to, int64 `[sum of spans]`.

    >>> owners([2, 3])
    tensor([0, 0, 1, 1, 1])
    """
    return torch.repeat_interleave(torch.arange(len(spans)), torch.tensor(spans))


def normal(*shape: int, deviation: float) -> nn.Parameter:
    """Normal weights `[*shape]` of mean 0."""
    return nn.Parameter(torch.randn(*shape) * deviation)
