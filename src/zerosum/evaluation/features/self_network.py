"""The small network behind `self` features: its layers, and how it is trained.

What it learns depends on what the data offers.

- With labels: to name them. What it must know for that is what people see in the samples.
- Samples with axes (images, series) without labels: to redraw the sample coarsely from the
  features, so that they know what is in it; and to distinguish a sample from its blurred, noised or
  displaced version, so that they know how it is drawn. Either alone is blind to what the other
  sees. Rotations, a usual task of self-supervision, say nothing of textures, or of images that have
  no upright.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from zerosum.evaluation.metrics.base import Ticker
from zerosum.networks.resample import averaged
from zerosum.rng import Noise, derive_seed, seeded_initialisation
from zerosum.spaces import Space

NUM_FEATURES = 64
LARGEST_SIDE = 64
"""Places along an axis that the network sees at most; longer samples are averaged first."""

_LAYERS = {
    1: (nn.Conv1d, nn.AdaptiveAvgPool1d),
    2: (nn.Conv2d, nn.AdaptiveAvgPool2d),
    3: (nn.Conv3d, nn.AdaptiveAvgPool3d),
}
_POOLS: dict[int, Callable[..., Tensor]] = {
    1: functional.adaptive_avg_pool1d,
    2: functional.adaptive_avg_pool2d,
    3: functional.adaptive_avg_pool3d,
}
_BLURS: dict[int, Callable[..., Tensor]] = {
    1: functional.avg_pool1d,
    2: functional.avg_pool2d,
    3: functional.avg_pool3d,
}

_COARSE = 16
_DAMAGES = 4
BATCH = 128
_SAMPLES_SEEN = 30_000
_EPOCHS = 40


class Classifier(nn.Module):
    """A body, and a layer that predicts labels."""

    def __init__(self, body: nn.Module, width: int, num_labels: int) -> None:
        super().__init__()
        self.body, self.classes = body, nn.Linear(width, num_labels)
        _initialise(self)

    def loss(self, x: Tensor, y: Tensor | None, noise: Noise) -> Tensor:
        """Cross entropy of the labels `[B]` of samples `[B, C, ...]`."""
        assert y is not None
        return functional.cross_entropy(self.classes(self.body(x)), y)

    @torch.no_grad()
    def logits(self, space: Space, x: Tensor) -> Tensor:
        """What it says of compact samples `[N, ...]`, `[N, K]`."""
        pieces = (as_seen(space, shrink(space, some)) for some in x.split(BATCH))
        return torch.cat([self.classes(self.body(some)) for some in pieces])


class Redrawer(nn.Module):
    """A body, a layer that redraws the sample coarsely, and one that says what was done to it."""

    def __init__(self, body: nn.Module, space: Space) -> None:
        super().__init__()
        self.body, self.axes = body, space.axes
        coarse = [min(side, _COARSE) for side in shrunk_size(space)]
        self.redraw = nn.Linear(NUM_FEATURES, space.shape[0] * math.prod(coarse))
        self.damage = nn.Linear(NUM_FEATURES, _DAMAGES)
        _initialise(self)

    def loss(self, x: Tensor, y: Tensor | None, noise: Noise) -> Tensor:
        """Unexplained variance of coarse samples, and cross entropy of damages; `[B, C, ...]`."""
        target = averaged(x, self.axes, most=_COARSE).flatten(1)
        variance = target.var(dim=0, correction=0).mean().clamp_min(1e-4)
        missed = functional.mse_loss(self.redraw(self.body(x)), target) / variance
        some = x[: len(x) // 2]
        kind = noise.integers(len(some), high=_DAMAGES)
        named = functional.cross_entropy(self.damage(self.body(damaged(some, kind, noise))), kind)
        return missed + 0.1 * named


Network = Classifier | Redrawer


def build_network(space: Space, seed: int) -> Network | None:
    """A network with fresh weights; None for points without labels: nothing is to learn."""
    with seeded_initialisation(derive_seed(seed, "self features", "weights")):
        if space.axes:
            body = convolutional_body(space)
            if has_classes(space):
                return Classifier(body, NUM_FEATURES, space.num_labels)
            return Redrawer(body, space)
        return Classifier(_point_body(space), 128, space.num_labels) if has_classes(space) else None


def convolutional_body(space: Space) -> nn.Module:
    """Strided convolutions over the axes of `space`, then 64 features.

    Each sample is normalised by itself (GroupNorm), so no row depends on its batch.
    """
    conv, pool = _LAYERS[space.axes]
    side = min(shrunk_size(space))
    step = 1 if side <= 12 else 2 if side <= 32 else 4
    return nn.Sequential(
        conv(space.shape[0], 32, step + 2, step, 1), nn.GroupNorm(8, 32), nn.SiLU(),
        conv(32, 64, 3, 2, 1), nn.GroupNorm(8, 64), nn.SiLU(),
        conv(64, 128, 3, 2, 1), nn.GroupNorm(8, 128), nn.SiLU(),
        pool(4), nn.Flatten(),
        nn.Linear(128 * 4**space.axes, NUM_FEATURES), nn.SiLU(),
    )  # fmt: skip


def _point_body(space: Space) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(space.size, 128), nn.SiLU(), nn.Linear(128, 128), nn.SiLU()
    )


def has_classes(space: Space) -> bool:
    """Whether there are labels to distinguish."""
    return space.num_labels > 1


def shrunk_size(space: Space) -> tuple[int, ...]:
    """Places along each axis of samples as the network sees them; proportions are kept."""
    sides = space.shape[-space.axes :]
    factor = min(1.0, LARGEST_SIDE / max(sides))
    return tuple(max(1, round(side * factor)) for side in sides)


def shrink(space: Space, x: Tensor) -> Tensor:
    """Compact samples `[N, C, ...]` at the size that the network sees, by averaging areas.

    They stay compact, so that many fit into memory. Samples without axes are unchanged, and so are
    those whose compact form has another shape, such as waves; see `as_seen`.

    >>> from zerosum.spaces import ImageSpace
    >>> space = ImageSpace(channels=1, height=256, width=256)
    >>> shrink(space, torch.zeros(2, 1, 256, 256, dtype=torch.uint8)).shape
    torch.Size([2, 1, 64, 64])
    """
    if not space.axes or shrunk_size(space) == space.shape[-space.axes :]:
        return x
    if x.ndim != 1 + len(space.shape):
        return x
    pool, size = _POOLS[space.axes], shrunk_size(space)
    small = (pool(some.float(), size) for some in x.split(BATCH))  # all at once are 4 bytes a pixel
    return torch.cat([one if x.is_floating_point() else one.round().to(x.dtype) for one in small])


def as_seen(space: Space, x: Tensor) -> Tensor:
    """What `shrink` returned in model units, at the size that the network sees."""
    seen = space.to_model(x)
    if not space.axes or seen.shape[-space.axes :] == shrunk_size(space):
        return seen
    return _POOLS[space.axes](seen, shrunk_size(space))


def learn(
    network: Network, space: Space, x: Tensor, y: Tensor | None, *, seed: int,
    samples: int | None = None, alter: Callable[[Tensor, Noise], Tensor] | None = None,
    tick: Ticker | None = None, pick: Callable[[int, float, Noise], Tensor] | None = None,
) -> None:  # fmt: skip
    """Train on compact, shrunk rows `[N, ...]`, with labels `[N]` where the task is to name them.

    AdamW under one cosine.

    Args:
        network: is trained.
        space: what a sample is.
        x: the rows.
        y: their labels, or None.
        seed: of the order, and of `alter`.
        samples: how many are shown; if not given, 30,000 or 40 rounds, whichever is less.
        alter: changes each batch, in model units, before the network sees it.
        tick: called with how many steps are done.
        pick: draws that many rows of a batch, given the share of the training that is done; if not
            given, all rows are as likely.
    """
    noise = Noise(derive_seed(seed, "self features", "training"))
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
    samples = samples_to_learn(len(x)) if samples is None else samples
    steps = max(1, samples // BATCH)
    warmup = max(1, steps // 20)
    for step in range(steps):
        if tick is not None and step % 10 == 0:
            tick("learn features", step, steps)
        factor = 0.5 * (1 + math.cos(math.pi * step / steps)) * min(1.0, (step + 1) / warmup)
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * factor
        rows = pick(BATCH, step / steps, noise) if pick else noise.integers(BATCH, high=len(x))
        labels = None if y is None else y[rows]
        shown = as_seen(space, x[rows])
        shown = shown if alter is None else alter(shown, noise)
        optimizer.zero_grad(set_to_none=True)
        network.loss(shown, labels, noise).backward()
        optimizer.step()
    network.eval().requires_grad_(False)


def samples_to_learn(rows: int) -> int:
    """How many samples are shown of so many rows: 30,000 or 40 rounds, whichever is less."""
    return min(_SAMPLES_SEEN, _EPOCHS * rows)


def damaged(x: Tensor, kind: Tensor, noise: Noise) -> Tensor:
    """Samples `[B, C, ...]`, each as it is (0), blurred (1), noised (2) or displaced (3).

    What is displaced is rolled by half of its length along every axis.

    >>> from zerosum.rng import Noise
    >>> damaged(torch.tensor([[[1.0, 2.0, 3.0, 4.0]]]), torch.tensor([3]), Noise(0))
    tensor([[[3., 4., 1., 2.]]])
    """
    axes = x.ndim - 2
    versions = [
        x,
        _BLURS[axes](x, 3, 1, 1, count_include_pad=False),
        x + 0.2 * noise.normal(*x.shape),
        x.roll([side // 2 for side in x.shape[2:]], list(range(2, x.ndim))),
    ]
    return torch.stack(versions)[kind, torch.arange(len(x))]


def _initialise(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            assert module.bias is not None
            nn.init.zeros_(module.bias)
    for name, module in network.named_children():
        if isinstance(module, nn.Linear) and name in ("classes", "damage"):
            nn.init.normal_(module.weight, std=0.05)  # begins undecided
