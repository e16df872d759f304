"""What voices do at each step, given all steps before it and the voices before it at that step.

A recurrent network (Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP
2014, arXiv:1406.1078) reads the steps before. Music repeats itself bars later, which such a network
forgets. So it also sees what voices did one, two, four and eight bars before, and may copy it: the
code of each lag has a logit of its own (after See, Liu and Manning, "Get to the point", ACL 2017,
arXiv:1704.04368). Within a step the voices come one after another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding, silu

from zerosum.config import Config, Depth, Size

LAGS = (1, 2, 4, 8)
"""How many bars back the network looks."""


class RecurrentRollConfig(Config):
    """Describes the network.

    Attributes:
        width: recurrent units of a layer.
        depth: layers.
        hidden: units between these and the codes of a voice.
        rank: length of the vectors of codes.
        dropout: share of the steps before that is not heard while it learns.
    """

    kind = "recurrent_roll"
    width: Size = 192
    depth: Depth = 1
    hidden: Size = 128
    rank: Size = 64
    dropout: float = 0.1

    def build(self, voices: int, codes: int, contexts: Sequence[int]) -> "RecurrentRoll":
        """The network for `voices` voices that do one of `codes` things at a step.

        Args:
            voices: how many.
            codes: what each may do.
            contexts: number of values of each thing that is known of a step, such as its place.
        """
        return RecurrentRoll(self, voices, codes, contexts)


@dataclass(frozen=True)
class Heard:
    """What is known before some steps; codes are int64, with `codes` for what is not there.

    Attributes:
        before: what voices did at the step before, `[B, L, V]`.
        sounding: the code of the note that sounds then, `[B, L, V]`.
        lags: what they did some bars before, `[B, L, K, V]`.
        contexts: values of what is known of a step, `[B, L, C]`.
    """

    before: Tensor
    sounding: Tensor
    lags: Tensor
    contexts: Tensor


class RecurrentRoll(nn.Module):
    """From the steps before to logits of what each voice does."""

    starts: Tensor

    def __init__(
        self, config: RecurrentRollConfig, voices: int, codes: int, contexts: Sequence[int]
    ) -> None:
        super().__init__()
        self.config, self.voices, self.codes = config, voices, codes
        starts = torch.tensor([0, *contexts]).cumsum(0)[:-1]
        self.register_buffer("starts", starts, persistent=False)
        rank, hidden = config.rank, config.hidden
        self.about = nn.Parameter(torch.randn(sum(contexts), rank) * rank**-0.5)
        self.heard = nn.Parameter(torch.randn(voices, codes + 1, rank) * rank**-0.5)
        self.sounds = nn.Parameter(torch.randn(voices, codes + 1, rank) * rank**-0.5)
        self.recurrent = nn.GRU(3 * rank, config.width, config.depth, batch_first=True)
        self.known = nn.Linear(config.width + (3 + len(LAGS)) * rank, hidden)
        self.within = nn.Parameter(torch.randn(voices, codes + 1, hidden) * hidden**-0.5)
        self.own = nn.Parameter(torch.zeros(voices, hidden))
        self.out = nn.Parameter(torch.randn(voices, codes, hidden) * 0.1 * hidden**-0.5)
        self.bias = nn.Parameter(torch.zeros(voices, codes))
        self.copies = nn.Parameter(torch.zeros(voices, len(LAGS), hidden))
        self.copy_bias = nn.Parameter(torch.zeros(voices, len(LAGS)))

    def log_prob(self, heard: Heard, codes: Tensor, keep: Tensor) -> Tensor:
        """Log-probability of each code given all before it, `[B, L, V]`; 0 beyond the end.

        Args:
            heard: what is known before each step.
            codes: what voices do, int64 `[B, L, V]`, below 0 beyond the end.
            keep: uniform numbers `[B, L]`; where they are below `dropout`, the step before is not
                heard.
        """
        valid = codes >= 0
        plain = codes.where(valid, self.codes)
        known, _ = self.remember(heard, keep >= self.config.dropout)
        told = torch.stack(
            [embedding(plain[..., v], self.within[v]) for v in range(self.voices)], 2
        )
        before = told.cumsum(2) - told
        hidden = silu(known[:, :, None] + before + self.own)
        logits = torch.einsum("blvh,vch->blvc", hidden, self.out) + self.bias
        weights = torch.einsum("blvh,vkh->blvk", hidden, self.copies) + self.copy_bias
        logits = self._copied(logits, weights, heard.lags.transpose(2, 3))
        found = -cross_entropy(
            logits.float().flatten(0, 2), codes.clamp_min(0).flatten(), reduction="none"
        )
        return found.view_as(codes).where(valid, 0.0)

    def remember(
        self, heard: Heard, keep: Tensor | None = None, memory: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """What is known of some steps, `[B, L, hidden]`, and what is remembered after them.

        Args:
            heard: what is known before each.
            keep: which steps before are heard, bool `[B, L]`; all if not given.
            memory: what was remembered before; None at the beginning.
        """
        about = embedding(heard.contexts + self.starts, self.about).sum(2)
        lately = torch.cat([self._read(self.heard, heard.before),
                            self._read(self.sounds, heard.sounding)], dim=2)  # fmt: skip
        if keep is not None:
            lately = lately * keep[:, :, None]
        told = torch.cat([lately, about], dim=2)
        remembered, kept = self.recurrent(told, memory)
        lags = [self._read(self.heard, heard.lags[:, :, k]) for k in range(len(LAGS))]
        return self.known(torch.cat([remembered, told, *lags], dim=2)), kept

    def voice(self, known: Tensor, made: Tensor, lags: Tensor) -> Tensor:
        """Logits of what the next voice does at a step, `[B, codes]`.

        Args:
            known: of the step, `[B, hidden]`.
            made: what the voices before it do, int64 `[B, v]`.
            lags: what it did some bars before, int64 `[B, K]`.
        """
        v = made.shape[1]
        for i in range(v):
            known = known + self.within[i][made[:, i]]
        hidden = silu(known + self.own[v])
        weights = hidden @ self.copies[v].T + self.copy_bias[v]
        logits = hidden @ self.out[v].T + self.bias[v]
        return self._copied(logits, weights, lags).float()

    def _read(self, table: Tensor, codes: Tensor) -> Tensor:
        """Sum of the vectors of what voices do, `[B, L, rank]`, of codes `[B, L, V]`."""
        shifts = torch.arange(self.voices, device=codes.device) * (self.codes + 1)
        return embedding(codes + shifts, table.flatten(0, 1)).sum(2)

    def _copied(self, logits: Tensor, weights: Tensor, lags: Tensor) -> Tensor:
        """Logits `[..., codes]` plus weights `[..., K]` at the codes of lags `[..., K]`."""
        there = lags < self.codes
        return logits.scatter_add(-1, lags.where(there, 0), (weights * there).to(logits))
