"""How values of a series depend on each other: over time, across channels, and over frequencies."""

import torch
from torch import Tensor

MOST_LAGS = 64


def autocorrelation(x: Tensor, *, lags: int | None = None) -> Tensor:
    """Mean autocorrelation of each channel at lags 1 and up, float64 `[C, K]`.

    Each series is centred by itself and counts by its own variance.

    Args:
        x: series `[N, C, L]`.
        lags: K; if not given, half of the length, at most 64.

    >>> autocorrelation(torch.tensor([[[1.0, -1.0, 1.0, -1.0]]]), lags=1)
    tensor([[-0.7500]], dtype=torch.float64)
    """
    own = x.double()
    own = own - own.mean(2, keepdim=True)
    lags = min(max(own.shape[2] // 2, 1), MOST_LAGS) if lags is None else lags
    power = own.square().sum(2).clamp_min(1e-300)
    found = [
        ((own[:, :, lag:] * own[:, :, :-lag]).sum(2) / power).mean(0) for lag in range(1, lags + 1)
    ]
    return torch.stack(found, dim=1)


def cross_correlation(x: Tensor) -> Tensor:
    """Correlation of values and of differences between channels, float64 `[2, C, C]`."""
    return torch.stack([_correlation(x.double()), _correlation(x.double().diff(dim=2))])


def spectrum(x: Tensor) -> Tensor:
    """Mean share of the variance of each series at each frequency, float64 `[C, F]`.

    >>> spectrum(torch.tensor([[[1.0, -1.0, 1.0, -1.0]]]))
    tensor([[0., 1.]], dtype=torch.float64)
    """
    own = x.double()
    power = torch.fft.rfft(own - own.mean(2, keepdim=True), dim=2).abs().square()[:, :, 1:]
    return (power / power.sum(2, keepdim=True).clamp_min(1e-300)).mean(0)


def _correlation(x: Tensor) -> Tensor:
    flat = x.transpose(0, 1).flatten(1)
    flat = flat - flat.mean(1, keepdim=True)
    norm = flat.norm(dim=1).clamp_min(1e-300)
    return (flat @ flat.T) / norm[:, None] / norm
