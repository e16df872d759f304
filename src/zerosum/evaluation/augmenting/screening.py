"""Which samples are fit to stand beside reals: no near copies, and nothing implausible.

Every threshold is taken from reals that the judge has not learned from, so that a real would pass
as often as it says.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from zerosum.evaluation.augmenting.kit import Chances, ClassKit, Course
from zerosum.evaluation.features.base import Extractor
from zerosum.evaluation.metrics.blocks import nearest, radii
from zerosum.evaluation.metrics.memory import NEAR
from zerosum.rng import Noise, derive_seed
from zerosum.spaces import Space

ODD = 0.05
"""Share of the reals of a class that the judge may find less plausible than it asks for."""


@dataclass(frozen=True)
class Screening:
    """What samples must pass.

    Attributes:
        extractor: what distances are measured in.
        reals: features of the reals `[N, F]`.
        near: a sample that is nearer to a real is a near copy. It is the distance at which only
            1 % of the reals have another real.
        judges: classifiers, each of which learned from one half of the reals.
        least: for each class the chance that a sample must have in their mean, `[K]`.
    """

    extractor: Extractor
    reals: Tensor
    near: float
    judges: tuple[Chances, ...]
    least: Tensor

    def copies(self, x: Tensor) -> Tensor:
        """Whether each compact sample `[N, ...]` is a near copy of a real, bool `[N]`."""
        return nearest(self.extractor(x), self.reals, 1)[0][:, 0] < self.near

    def implausible(self, x: Tensor, code: int) -> Tensor:
        """Whether each compact sample `[N, ...]` does not look like class `code`, bool `[N]`."""
        chances = torch.stack([judge(x)[:, code] for judge in self.judges]).mean(dim=0)
        return chances < self.least[code]


def screen_of(
    kit: ClassKit, space: Space, control: str, x: Tensor, y: Tensor, *, num_classes: int,
    extractor: Extractor, seed: int,
) -> Screening:  # fmt: skip
    """The screen that reals `x` `[N, ...]` of classes `y` `[N]` make.

    Reals of each class are dealt to two halves. From each a classifier learns, balanced by
    repetition, and says how plausible the other half is. Of a class with a single real nothing is
    held out, and nothing of it is found implausible.
    """
    features = extractor(x)
    near = float(radii(features, 1).quantile(NEAR))
    half = dealt(y, 2, seed=derive_seed(seed, "halves"))
    own, judges = torch.ones(len(y), dtype=torch.float64), []
    for part in (0, 1):
        mine, others = half == part, half != part
        rows = balanced(y[mine], seed=derive_seed(seed, "balanced", part))
        judge = kit.learn(
            space, control, Course(x[mine][rows], y[mine][rows]), num_classes=num_classes, usual="",
            seed=derive_seed(seed, "judge", part),
        )  # fmt: skip
        judges.append(judge)
        own[others] = judge(x[others]).double().gather(1, y[others, None])[:, 0]
    least = [
        float(own[y == code].quantile(ODD)) if (y == code).sum() > 1 else 0.0
        for code in range(num_classes)
    ]
    return Screening(extractor, features, near, tuple(judges), torch.tensor(least))


def dealt(y: Tensor, parts: int, *, seed: int) -> Tensor:
    """For each sample of classes `y` `[N]` one of `parts`, as even as can be, int64 `[N]`.

    >>> dealt(torch.tensor([0, 0, 1, 1]), 2, seed=0)[:2].sum()
    tensor(1)
    """
    part = torch.empty_like(y)
    for code in y.unique().tolist():
        rows = torch.nonzero(y == code).flatten()
        order = Noise(derive_seed(seed, code)).uniform(len(rows)).argsort(stable=True)
        part[rows[order]] = torch.arange(len(rows)) % parts
    return part


def balanced(y: Tensor, *, seed: int) -> Tensor:
    """All rows, and of smaller classes some again until all are as large; int64 `[M]`.

    >>> y = torch.tensor([0, 0, 0, 1])
    >>> y[balanced(y, seed=0)].bincount()
    tensor([3, 3])
    """
    most = int(y.bincount().max())
    return torch.cat([torch.arange(len(y)), repeated(y, {code: most - int((y == code).sum())
                      for code in y.unique().tolist()}, seed=seed)])  # fmt: skip


def repeated(y: Tensor, wanted: dict[int, int], *, seed: int) -> Tensor:
    """Rows of classes `y` `[N]`, so many of each class as `wanted` says, int64 `[M]`.

    Each row of a class is taken as often as any other, give or take one; of an empty class
    none is taken.

    >>> repeated(torch.tensor([0, 1, 1]), {0: 2, 1: 0}, seed=0)
    tensor([0, 0])
    """
    picked = [torch.empty(0, dtype=torch.int64)]
    for code, many in wanted.items():
        rows = torch.nonzero(y == code).flatten()
        order = Noise(derive_seed(seed, "repeat", code)).uniform(len(rows)).argsort(stable=True)
        picked.append(rows[order].repeat(-(-many // max(len(rows), 1)))[:many])
    return torch.cat(picked)
