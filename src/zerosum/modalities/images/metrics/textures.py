"""How near textures are to those of pictures, patch by patch, and whether tiles have seams."""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.evaluation.metrics.sliced import random_directions
from zerosum.modalities.images.texture_space import TextureSpace
from zerosum.rng import Noise, derive_seed
from zerosum.spaces import Space

_PATCH, _OF_EACH, _DIRECTIONS = 7, 16, 64
_SCALES = (1, 2, 4)


@metric
class PatchDistance(Metric):
    """How far patches of textures must be moved to lie as those of reals do."""

    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="patch_distance",
            title="Patch distance",
            better="lower",
            meaning="How far patches of 7 x 7 pixels must be moved to lie as those of reals do, in "
            "standard deviations of a pixel, on average over three scales and 64 directions each. "
            "Fewer samples make it larger, so compare it only at the same N.",
            source="after Karras et al. 2018, arXiv:1710.10196",
            protocol="7 x 7 patches at scales 1, 1/2 and 1/4, order 1",
            extractor=False,
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Textures."""
        return isinstance(space, TextureSpace)

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The distance; for the interval samples are drawn again."""
        mine, theirs = (seen_along_directions(one.x) for one in (candidate, reference))
        spread = theirs.flatten(0, 1).std()
        draws = context.resamples(len(candidate), "patches")
        value, *again = [
            _distance(mine[rows], theirs) / float(spread)
            for rows in [torch.arange(len(mine)), *draws]
        ]
        return {"patch_distance": MetricValue(value, tuple(again))}


@metric
class Seam(Metric):
    """How much more neighbouring pixels differ across the edges of a tile than within it."""

    least: ClassVar[int] = 1
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="seam",
            title="Seam",
            better="one",
            meaning="How much pixels differ across the edges of a tile that is laid beside itself, "
            "over how much neighbours differ within it. 1 where no seam can be seen. Crops of "
            "pictures are no tiles, so fresh reals have more.",
            source="mean absolute difference of neighbours",
            extractor=False,
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Textures."""
        return isinstance(space, TextureSpace)

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The ratio over all samples."""
        edge, inner = differences(candidate.x)
        draws = context.resamples(len(candidate), "seam")
        value, *again = [
            float(edge[rows].mean() / inner[rows].mean().clamp_min(1e-9))
            for rows in [torch.arange(len(edge)), *draws]
        ]
        return {"seam": MetricValue(value, tuple(again))}


def differences(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean differences of neighbours across the edges and within textures, float64 `[N]` each.

    Args:
        x: uint8 `[N, C, H, W]`.

    >>> edge, inner = differences(torch.arange(4).expand(1, 1, 4, 4).to(torch.uint8))
    >>> edge.item(), inner.item()
    (1.5, 0.5)
    """
    x = x.double()
    edges, inners = [], []
    for dim in (2, 3):
        last = x.shape[dim] - 1
        edges.append((x.narrow(dim, 0, 1) - x.narrow(dim, last, 1)).abs().flatten(1).mean(1))
        inners.append(x.diff(dim=dim).abs().flatten(1).mean(1))
    return torch.stack(edges).mean(0), torch.stack(inners).mean(0)


def seen_along_directions(x: Tensor) -> Tensor:
    """Patches of textures seen along random directions, float32 `[N, P, D]`.

    Places and directions are the same for all textures of a size.

    Args:
        x: uint8 `[N, C, H, W]`.
    """
    noise, seen = Noise(derive_seed(0, "patches")), []
    pixels = x.float() / 127.5 - 1
    for scale in _SCALES:
        small = avg_pool2d(pixels, scale) if scale > 1 else pixels
        side = min(_PATCH, *small.shape[2:])
        directions = random_directions(_DIRECTIONS, small.shape[1] * side**2, noise).float()
        room = [have - side + 1 for have in small.shape[2:]]
        corners = [noise.integers(_OF_EACH, high=places).tolist() for places in room]
        patches = torch.stack(
            [
                small[:, :, top : top + side, left : left + side].flatten(1)
                for top, left in zip(*corners, strict=True)
            ],
            dim=1,
        )  # fmt: skip
        seen.append(patches @ directions.T)
    return torch.cat(seen, dim=2)


def _distance(mine: Tensor, theirs: Tensor) -> float:
    """The mean difference of places in order, of `[N, P, D]` and `[M, P, D]`."""
    a, b = (one.flatten(0, 1).sort(dim=0).values for one in (mine, theirs))
    if len(a) != len(b):
        at = (torch.arange(len(a)) + 0.5) / len(a)
        b = b[(at * len(b)).long()]
    return float((a - b).abs().mean())
