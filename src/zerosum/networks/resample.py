"""Half and twice the size of feature maps, without aliasing, and the sizes on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

import torch
from torch import Tensor
from torch.nn.functional import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    conv2d,
    conv_transpose2d,
)

from zerosum.spaces import ImageSpace


def averaged(x: Tensor, axes: int, *, most: int) -> Tensor:
    """Samples averaged over areas to at most `most` places along each of their axes.

    Args:
        x: float `[N, C, ...]`.
        axes: how many of the last axes are places, 1 to 3; see `Space.axes`.
        most: places that are left along an axis.

    >>> averaged(torch.tensor([[[1.0, 3.0, 5.0, 7.0]]]), 1, most=2)
    tensor([[[2., 6.]]])
    """
    sides = list(x.shape[-axes:])
    small = [min(side, most) for side in sides]
    pool = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}[axes]
    return x if small == sides else pool(x, small)


def stages(
    space: ImageSpace, width: int, max_width: int
) -> tuple[list[tuple[int, int]], list[int]]:
    """Sizes and widths from the coarsest stage to the finest.

    Every side is halved, rounded up, until the shorter one is below 8; widths double on the way.

    >>> stages(ImageSpace(channels=3, height=32, width=20), 16, 48)
    ([(8, 5), (16, 10), (32, 20)], [48, 32, 16])
    """
    sizes = [(space.height, space.width)]
    while min(sizes[-1]) >= 8:
        sizes.append((ceil(sizes[-1][0] / 2), ceil(sizes[-1][1] / 2)))
    widths = [min(width * 2**i, max_width) for i in range(len(sizes))]
    return sizes[::-1], widths[::-1]


def binomial() -> Tensor:
    """The [1, 2, 1] filter in both directions, `[1, 1, 3, 3]`; its sum is 1.

    >>> binomial()[0, 0, 1]
    tensor([0.1250, 0.2500, 0.1250])
    """
    row = torch.tensor([0.25, 0.5, 0.25])
    return (row[:, None] * row)[None, None]


def shrink(x: Tensor, kernel: Tensor) -> Tensor:
    """Half of each side, rounded up, through the `[1, 1, 3, 3]` filter `kernel`.

    >>> shrink(torch.ones(1, 4, 9, 6), binomial()).shape
    torch.Size([1, 4, 5, 3])
    """
    channels = x.shape[1]
    with _in_full_precision(x) as wide:
        filters = kernel.to(wide.dtype).expand(channels, -1, -1, -1)
        y = conv2d(wide, filters, stride=2, padding=1, groups=channels)
    return y.to(x.dtype)


def enlarge(x: Tensor, kernel: Tensor) -> Tensor:
    """Twice each side, through the `[1, 1, 3, 3]` filter `kernel`.

    >>> enlarge(torch.ones(1, 4, 5, 3), binomial()).shape
    torch.Size([1, 4, 10, 6])
    """
    channels = x.shape[1]
    with _in_full_precision(x) as wide:
        filters = 4 * kernel.to(wide.dtype).expand(channels, -1, -1, -1)
        y = conv_transpose2d(wide, filters, stride=2, padding=1, output_padding=1, groups=channels)
    return y.to(x.dtype)


def enlarge_and_convolve(
    x: Tensor, weight: Tensor, kernel: Tensor, size: tuple[int, int]
) -> Tensor:
    """The convolution of `enlarge(x, kernel)`, cut to `size`, with `weight` `[O, I, 3, 3]`.

    The result is the same up to rounding, in half of the time: filters may change places, so that
    the wide convolution runs over the small map. What lies around the large map must stay 0, which
    it does if the small one continues with the negative of its rim.

    Args:
        x: `[B, I, H, W]`.
        weight: `[O, I, 3, 3]`.
        kernel: `[1, 1, 3, 3]`.
        size: height and width of the result, at most twice those of `x`.

    Returns:
        `[B, O, *size]`.

    >>> x, weight = torch.ones(1, 2, 4, 4), torch.ones(5, 2, 3, 3)
    >>> enlarge_and_convolve(x, weight, binomial(), (7, 8)).shape
    torch.Size([1, 5, 7, 8])
    """
    # Joined by hand: compiled, the gradient of a replicating pad is wrong about channels_last.
    for dim, side in zip((2, 3), size, strict=True):
        first, last = x.narrow(dim, 0, 1), x.narrow(dim, x.shape[dim] - 1, 1)
        x = torch.cat([-first, x, -last] if side % 2 else [-first, x], dim)
    turned = weight.flip(2, 3).transpose(0, 1)
    x = conv_transpose2d(x, turned, stride=2, padding=1, output_padding=1)
    channels = x.shape[1]
    with _in_full_precision(x) as wide:
        filters = 4 * kernel.to(wide.dtype).expand(channels, -1, -1, -1)
        y = conv2d(wide, filters, padding=1, groups=channels)
    return y[:, :, 2 : 2 + size[0], 2 : 2 + size[1]].to(x.dtype)


@contextmanager
def _in_full_precision(x: Tensor) -> Iterator[Tensor]:
    """`x` in float32 or better: what enlarges in bfloat16 takes a CPU twenty times as long."""
    with torch.autocast(x.device.type, enabled=False):
        yield x.to(torch.promote_types(x.dtype, torch.float32))
