"""Exact mode counting for mixtures of Gaussians whose centres are known.

The protocol of VEEGAN (Srivastava et al., 2017) and PacGAN (Lin et al., 2018): a sample within
three standard deviations of a centre is of high quality; a centre with at least one such sample is
covered.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class ModeCount:
    """How samples spread over the modes of a mixture.

    Attributes:
        covered: modes with at least one sample of high quality.
        num_modes: modes there are.
        high_quality: share of samples within three standard deviations of a mode.
        kl: divergence of the high-quality samples' mode frequencies from uniform, in nats.
    """

    covered: int
    num_modes: int
    high_quality: float
    kl: float


def count_modes(x: Tensor, centers: Tensor, std: float, *, within: float = 3.0) -> ModeCount:
    """Count the modes that samples `[N, D]` cover, with centres `[M, D]` and their deviation.

    >>> count_modes(torch.zeros(4, 2), torch.tensor([[0.0, 0.0], [9.0, 9.0]]), 0.1).covered
    1
    """
    distance, nearest = torch.cdist(x.double(), centers.double()).min(dim=1)
    good = distance <= within * std
    counts = torch.bincount(nearest[good], minlength=len(centers)).double()
    share = counts / counts.sum().clamp_min(1)
    kl = torch.xlogy(share, share * len(centers)).sum()
    return ModeCount(
        covered=int((counts > 0).sum()),
        num_modes=len(centers),
        high_quality=float(good.double().mean()),
        kl=float(kl) if counts.sum() else float("inf"),
    )
