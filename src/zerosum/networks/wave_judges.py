"""Discriminators of waves: by their periods, and by bands of their spectra.

Periods are those of HiFi-GAN (Kong, Kim and Bae, NeurIPS 2020, arXiv:2010.05646), bands of complex
spectra those of DAC (Kumar et al., NeurIPS 2023, arXiv:2306.06546), where the constant part of a
wave is taken away and its peak brought to one size before it is judged. Both are far narrower here,
so that a step on a CPU takes little longer than the generator's.
"""

from itertools import pairwise
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad

from zerosum.config import Config, Size

Heard = tuple[Tensor, list[Tensor]]
"""Logits of places `[B, P]`, and what was heard on the way to them."""

_SLOPE = 0.1
_PEAK = 0.8
_TINY = 1e-5


class WaveJudgesConfig(Config):
    """Several discriminators, each of which listens in its own way.

    Attributes:
        periods: samples that lie under each other, for each discriminator of periods.
        windows: length of spectra, for each discriminator of bands, beside that of a frame.
        bands: edges of bands, as shares of half the rate.
        width: of the first layers.
    """

    kind = "wave_judges"
    periods: tuple[Annotated[int, Field(ge=2, le=1_024)], ...] = (2, 3, 5, 7, 11)
    windows: tuple[Annotated[float, Field(ge=0.125, le=8)], ...] = (2.0, 1.0, 0.5)
    bands: tuple[Annotated[float, Field(ge=0, le=1)], ...] = (0.0, 0.25, 0.5, 1.0)
    width: Size = 8

    def build(self, *, n_fft: int) -> "WaveJudges":
        """The discriminators of waves that are cut into frames of `n_fft` samples."""
        sizes = [max(16, 2 * round(share * n_fft / 2)) for share in self.windows]
        return WaveJudges(
            [
                *(_PeriodJudge(period, self.width) for period in self.periods),
                *(_BandJudge(size, self.bands, self.width) for size in sizes),
            ]
        )


class WaveJudges(nn.Module):
    """See `WaveJudgesConfig`."""

    def __init__(self, judges: "list[_PeriodJudge | _BandJudge]") -> None:
        super().__init__()
        self.judges = nn.ModuleList(judges)

    def forward(self, waves: Tensor) -> list[Heard]:
        """What each discriminator says of waves `[B, samples]`."""
        waves = waves.float()
        waves = waves - waves.mean(1, keepdim=True)
        waves = _PEAK * waves / (waves.abs().amax(1, keepdim=True) + _TINY)
        return [judge(waves) for judge in self.judges]


class _Layers(nn.Module):
    """Convolutions, whose outputs are features, and a last one whose outputs are logits."""

    def __init__(self, layers: list[nn.Conv2d], last: nn.Conv2d) -> None:
        super().__init__()
        self.layers, self.last = nn.ModuleList(layers), last

    def forward(self, x: Tensor) -> Heard:
        """Of `[B, C, H, W]`."""
        features = []
        for layer in self.layers:
            x = leaky_relu(layer(x), _SLOPE)
            features.append(x)
        return self.last(x).flatten(1).float(), features


class _PeriodJudge(nn.Module):
    """Judges each phase of a period by itself: samples of a phase follow each other."""

    def __init__(self, period: int, width: int) -> None:
        super().__init__()
        self._period = period
        widths = [1, width, 2 * width, 4 * width, 8 * width]
        layers = [nn.Conv2d(a, b, (5, 1), (3, 1), padding=(2, 0)) for a, b in pairwise(widths)]
        layers.append(nn.Conv2d(widths[-1], widths[-1], (5, 1), padding=(2, 0)))
        self.layers = _Layers(layers, nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, waves: Tensor) -> Heard:
        """Of `[B, samples]`."""
        x = pad(waves, (0, -waves.shape[1] % self._period))
        return self.layers(x.unflatten(1, (-1, self._period))[:, None])


class _BandJudge(nn.Module):
    """Judges complex spectra, each band by layers of its own."""

    def __init__(self, n_fft: int, bands: tuple[float, ...], width: int) -> None:
        super().__init__()
        self._n_fft = n_fft
        edges = [round(edge * (n_fft // 2 + 1)) for edge in bands]
        self._edges = [(a, b) for a, b in pairwise(edges) if b > a]
        self.layers = nn.ModuleList()
        for _ in self._edges:
            layers = [
                nn.Conv2d(a, width, (5, 3), (2, 1), padding=(2, 1))
                for a in (2, width, width, width)
            ]
            self.layers.append(_Layers(layers, nn.Conv2d(width, 1, 3, padding=1)))

    def forward(self, waves: Tensor) -> Heard:
        """Of `[B, samples]`."""
        with torch.autocast(waves.device.type, enabled=False):
            spectra = torch.stft(
                waves, self._n_fft, self._n_fft // 4, center=True, pad_mode="constant",
                window=torch.hann_window(self._n_fft, device=waves.device), return_complex=True,
            )  # fmt: skip
            x = torch.stack([spectra.real, spectra.imag], dim=1)
        bands = zip(self._edges, self.layers, strict=True)
        heard = [layers(x[:, :, a:b]) for (a, b), layers in bands]
        logits = torch.cat([one for one, _ in heard], dim=1)
        return logits, [feature for _, features in heard for feature in features]
