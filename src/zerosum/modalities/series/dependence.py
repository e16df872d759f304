"""How values of a series depend on each other: over time, across channels, and over frequencies.

All of these are means of what each series says by itself, so that they can be resampled.
"""

import torch
from torch import Tensor

MOST_LAGS = 64
_TINY = 1e-12


def autocorrelations(x: Tensor, *, lags: int | None = None) -> Tensor:
    """Autocorrelation of each channel of each series at lags 1 and up, float64 `[N, C, K]`.

    Each channel is centred by itself and counts by its own variance; of one that does not move, it
    is 0.

    Args:
        x: series `[N, C, L]`.
        lags: K; if not given, half of the length, at most 64.

    >>> autocorrelations(torch.tensor([[[1.0, -1.0, 1.0, -1.0]]]), lags=1)
    tensor([[[-0.7500]]], dtype=torch.float64)
    """
    own = _centred(x)
    lags = min(max(own.shape[2] // 2, 1), MOST_LAGS) if lags is None else lags
    power = own.square().sum(2) + _TINY
    found = [(own[:, :, lag:] * own[:, :, :-lag]).sum(2) / power for lag in range(1, lags + 1)]
    return torch.stack(found, dim=2)


def cross_correlations(x: Tensor) -> Tensor:
    """Correlation between each two channels of each series, float64 `[N, C, C]`.

    >>> cross_correlations(torch.tensor([[[1.0, -1.0], [-2.0, 2.0]]]))[0, 0]
    tensor([ 1.0000, -1.0000], dtype=torch.float64)
    """
    own = _centred(x)
    own = own / (own.norm(dim=2, keepdim=True) + _TINY)
    return own @ own.transpose(1, 2)


def spectra(x: Tensor) -> Tensor:
    """Share of the variance of each channel at each frequency, float64 `[N, C, F]`.

    >>> spectra(torch.tensor([[[1.0, -1.0, 1.0, -1.0]]]))
    tensor([[[0.0000, 1.0000]]], dtype=torch.float64)
    """
    power = torch.fft.rfft(_centred(x), dim=2).abs().square()[:, :, 1:]
    return power / (power.sum(2, keepdim=True) + _TINY)


def _centred(x: Tensor) -> Tensor:
    """Channels centred and of about variance 1, so that what is tiny is so for all of them."""
    own = x.double()
    scale = own.std(dim=(0, 2), correction=0, keepdim=True)
    own = own / torch.where(scale > 0, scale, 1)
    return own - own.mean(2, keepdim=True)
