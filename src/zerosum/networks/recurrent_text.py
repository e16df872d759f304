"""Texts piece by piece: each given the pieces before it and what the text goes with.

A recurrent network (Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP
2014, arXiv:1406.1078) is told the columns that a text goes with and how much of it is left. Pieces
are predicted by the vectors that they are read as (Press and Wolf, "Using the output embedding to
improve language models", EACL 2017, arXiv:1608.05859).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding_bag

from zerosum.config import Config, Depth, Size

_NUMBERS = 3


class RecurrentTextConfig(Config):
    """Describes the network.

    Attributes:
        width: recurrent units of a layer.
        depth: layers.
        rank: length of the vectors of pieces and of what texts go with.
        dropout: share of what a layer hears that is left out while it learns.
    """

    kind = "recurrent_text"
    width: Size = 256
    depth: Depth = 1
    rank: Size = 128
    dropout: float = 0.1

    def build(self, attributes: Sequence[int], pieces: int) -> "RecurrentText":
        """The network for texts of `pieces` different pieces.

        Args:
            attributes: number of codes of each column that a text goes with.
            pieces: number of pieces.
        """
        return RecurrentText(self, attributes, pieces)


class RecurrentText(nn.Module):
    """From the pieces before to logits of the next."""

    starts: Tensor

    def __init__(self, config: RecurrentTextConfig, attributes: Sequence[int], pieces: int) -> None:
        super().__init__()
        self.config = config
        starts = torch.tensor([0, *attributes]).cumsum(0)[:-1]
        self.register_buffer("starts", starts, persistent=False)
        rank = config.rank
        self.known = nn.Parameter(torch.randn(sum(attributes), rank) * len(attributes) ** -0.5)
        self.pieces = nn.Parameter(torch.randn(pieces + 1, rank) * rank**-0.5)
        self.recurrent = nn.GRU(
            2 * rank + _NUMBERS, config.width, config.depth, batch_first=True
        )  # fmt: skip
        self.out = nn.Linear(config.width + 2 * rank, rank)
        self.bias = nn.Parameter(torch.zeros(pieces))

    def set_marginals(self, counts: Tensor) -> None:
        """Begin with how often each piece is there, `[pieces]`."""
        shares = (counts.double() + 0.5) / (counts.double() + 0.5).sum()
        with torch.no_grad():
            self.bias.copy_(shares.log().float())

    def about(self, codes: Tensor) -> Tensor:
        """Vectors `[B, rank]` of what texts go with, by codes of attributes, int64 `[B, A]`."""
        return embedding_bag(codes + self.starts, self.known, mode="sum")

    def log_prob(self, attributes: Tensor, pieces: Tensor, lengths: Tensor, keep: Tensor) -> Tensor:
        """Log-probability of each piece given all before it, `[T]`.

        Args:
            attributes: codes, int64 `[B, A]`.
            pieces: codes, int64 `[B, L]`, below 0 after the last.
            lengths: pieces of each text, int64 `[B]`.
            keep: uniform numbers `[B, L]`; where they are below `dropout`, a piece is not heard.
        """
        begin = torch.full_like(pieces[:, :1], self.bias.shape[0])
        before = torch.cat([begin, pieces[:, :-1].clamp_min(0)], dim=1)
        heard = self.pieces[before] * (keep >= self.config.dropout)[:, :, None]
        place = torch.arange(pieces.shape[1], device=pieces.device).expand_as(pieces)
        told = self._told(heard, self.about(attributes), place, lengths)
        remembered, _ = self.recurrent(told)
        valid = pieces >= 0
        logits = self._logits(remembered[valid], told[valid])
        return -cross_entropy(logits.float(), pieces[valid], reduction="none")

    def step(
        self, before: Tensor, about: Tensor, place: int, lengths: Tensor, memory: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Logits of the piece at a place, `[B, pieces]`, and what is remembered then.

        Args:
            before: the piece before, int64 `[B]`; the number of pieces at the beginning.
            about: what texts go with, `[B, rank]`.
            place: from 0.
            lengths: pieces of each text, int64 `[B]`.
            memory: what was remembered before; None at the beginning.
        """
        heard = self.pieces[before][:, None]
        at = torch.full_like(before, place)[:, None]
        told = self._told(heard, about, at, lengths)
        remembered, kept = self.recurrent(told, memory)
        return self._logits(remembered[:, 0], told[:, 0]).float(), kept

    def _told(self, heard: Tensor, about: Tensor, place: Tensor, lengths: Tensor) -> Tensor:
        left = (lengths[:, None] - place).clamp_min(0)
        numbers = torch.stack([left.float().log1p() / 4, left == 1, place == 0], dim=2)
        return torch.cat([heard, about[:, None].expand_as(heard), numbers.to(heard)], dim=2)

    def _logits(self, remembered: Tensor, told: Tensor) -> Tensor:
        rank = self.config.rank
        said = self.out(torch.cat([remembered, told[..., : 2 * rank]], dim=-1))
        return said @ self.pieces[:-1].T + self.bias
