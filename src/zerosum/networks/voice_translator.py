"""How levels of one speaker are to change to be another's: convolutions over time.

After Kaneko, Kameoka, Tanaka and Hojo, "StarGAN-VC2: Rethinking conditional methods for
StarGAN-based voice conversion", Interspeech 2019, arXiv:1907.12279: the network is told both who
speaks and who is to speak, which scales and shifts what is in it.
"""

import torch
from torch import Tensor, nn

from zerosum.config import Config, Depth, Size

_REACH = 3
_SMALLEST = 0.1


class VoiceTranslatorConfig(Config):
    """Residual blocks over frames, scaled and shifted by both speakers.

    Attributes:
        width: numbers of a frame.
        depth: blocks.
    """

    kind = "voice_translator"
    width: Size = 96
    depth: Depth = 4

    def build(self, *, bands: int, speakers: int) -> "VoiceTranslator":
        """The network for levels of `bands` bands and so many speakers."""
        return VoiceTranslator(self, bands=bands, speakers=speakers)


class VoiceTranslator(nn.Module):
    """See `VoiceTranslatorConfig`. Untrained, it changes nothing."""

    def __init__(self, config: VoiceTranslatorConfig, *, bands: int, speakers: int) -> None:
        super().__init__()
        width = config.width
        self.first = nn.Conv1d(bands, width, 2 * _REACH + 1, padding=_REACH)
        self.blocks = nn.ModuleList(_Spoken(width, speakers) for _ in range(config.depth))
        self.last = nn.Conv1d(width, bands, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # pyright: ignore[reportArgumentType]

    def forward(self, levels: Tensor, source: Tensor, target: Tensor) -> Tensor:
        """What is added to levels `[B, bands, T]` of speakers `[B]` for those of others `[B]`."""
        x = self.first(levels)
        for block in self.blocks:
            x = block(x, source, target)
        return self.last(x)


class _Spoken(nn.Module):
    def __init__(self, width: int, speakers: int) -> None:
        super().__init__()
        self.over_time = nn.Conv1d(width, width, 2 * _REACH + 1, padding=_REACH, groups=width)
        self.source, self.target = (nn.Embedding(speakers, 2 * width) for _ in range(2))
        self.widen = nn.Conv1d(width, 2 * width, 1)
        self.narrow = nn.Conv1d(2 * width, width, 1)
        self.share = nn.Parameter(torch.full((width, 1), _SMALLEST))
        for table in (self.source, self.target):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, x: Tensor, source: Tensor, target: Tensor) -> Tensor:
        """`[B, width, T]` to the same."""
        said = (self.source(source) + self.target(target))[:, :, None]
        scale, shift = said.chunk(2, dim=1)
        inner = self.over_time(x)
        # Each frame by itself, so that what is made does not depend on how long the whole is.
        mean = inner.mean(1, keepdim=True)
        spread = (inner - mean).square().mean(1, keepdim=True)
        inner = (inner - mean) * (spread + 1e-5).rsqrt() * (1 + scale) + shift
        return x + self.share * self.narrow(nn.functional.gelu(self.widen(inner)))
