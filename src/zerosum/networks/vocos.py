"""Waves from levels: ConvNeXt blocks at the rate of frames, then an inverse Fourier transform.

Siuzdak, "Vocos: Closing the gap between time-domain and Fourier-based neural vocoders for
high-quality audio synthesis", ICLR 2024, arXiv:2306.00814. Nothing is upsampled: the network says
how loud each bin of a frame is and which phase it has, and frames are overlapped and added.

We deviate in that spectra are not made from nothing. The network is given those that Griffin-Lim
has found after a few iterations, and says by how much each bin is to be louder and turned, after
Masuyama et al., "Deep Griffin-Lim iteration", ICASSP 2019, arXiv:1903.03971. So it makes speech
before its first step. Phases follow from nothing in the levels of a steady tone, which are the same
in each frame; in what Griffin-Lim has found they go on.
"""

import torch
from torch import Tensor, nn

from zerosum.config import Config, Depth, Size

_REACH = 3
"""Frames that a convolution looks at on either side."""

_MOST_GAIN = 5.0
"""Of a bin, as a natural logarithm."""

_SMALLEST = 0.1
"""What the part that a block adds begins with beside what it adds to."""

_TINY = 1e-8


class VocosConfig(Config):
    """ConvNeXt blocks over frames, with an inverse short-time Fourier transform at the end.

    Attributes:
        width: numbers of a frame.
        depth: blocks.
        expansion: times as many numbers within a block.
    """

    kind = "vocos"
    width: Size = 192
    depth: Depth = 5
    expansion: Size = 3

    def build(self, *, bands: int, n_fft: int, hop: int) -> "Vocos":
        """The network for levels of `bands` bands, of frames of `n_fft` samples every `hop`."""
        return Vocos(self, bands=bands, n_fft=n_fft, hop=hop)


class Vocos(nn.Module):
    """See `VocosConfig`."""

    def __init__(self, config: VocosConfig, *, bands: int, n_fft: int, hop: int) -> None:
        super().__init__()
        self.n_fft, self.hop = n_fft, hop
        width = config.width
        bins = n_fft // 2 + 1
        self.first = nn.Conv1d(bands + 2 * bins, width, 2 * _REACH + 1, padding=_REACH)
        self.norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(
            _Block(width, config.expansion * width, _SMALLEST) for _ in range(config.depth)
        )
        self.last_norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 2 * bins)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @property
    def context(self) -> int:
        """Frames on either side that a sample depends on."""
        return _REACH * (1 + len(self.blocks)) + -(-self.n_fft // self.hop)

    def forward(self, levels: Tensor, begun: Tensor, sizes: Tensor) -> Tensor:
        """Waves, float32 `[B, (T - 1) * hop]`; a frame is centred at the first and at the last.

        Args:
            levels: of bands, `[B, bands, T]`; T is 2 or more.
            begun: spectra to begin from, complex `[B, n_fft // 2 + 1, T]`.
            sizes: magnitudes of bins that the levels stand for, `[B, n_fft // 2 + 1, T]`.
        """
        ratios = begun / (sizes + begun.abs() + _TINY)
        x = torch.cat([levels, ratios.real, ratios.imag], dim=1)
        x = self.norm(self.first(x).transpose(1, 2))
        for block in self.blocks:
            x = block(x)
        gains, turns = self.head(self.last_norm(x)).transpose(1, 2).float().chunk(2, dim=1)
        with torch.autocast(levels.device.type, enabled=False):
            spectra = begun * torch.polar(gains.clamp_max(_MOST_GAIN).exp(), turns)
            window = torch.hann_window(self.n_fft, device=levels.device)
            return torch.istft(spectra, self.n_fft, self.hop, window=window, center=True)


class _Block(nn.Module):
    """Each number over time, then all numbers of a frame (Liu et al. 2022, arXiv:2201.03545)."""

    def __init__(self, width: int, inner: int, share: float) -> None:
        super().__init__()
        self.over_time = nn.Conv1d(
            width, width, 2 * _REACH + 1, padding=_REACH, groups=width
        )  # fmt: skip
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, inner)
        self.narrow = nn.Linear(inner, width)
        self.share = nn.Parameter(torch.full((width,), share))

    def forward(self, x: Tensor) -> Tensor:
        """`[B, T, width]` to the same."""
        inner = self.norm(self.over_time(x.transpose(1, 2)).transpose(1, 2))
        return x + self.share * self.narrow(nn.functional.gelu(self.widen(inner)))
