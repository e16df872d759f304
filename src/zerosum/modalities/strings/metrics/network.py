"""Can a network that reads words in their order tell texts and their rows from reals?

The judge is a convolutional network as that of Kim, EMNLP 2014, arXiv:1408.5882. Trees count words;
it sees what follows what.
"""

import re
import zlib
from collections.abc import Sequence
from itertools import count

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, silu

from zerosum.evaluation.metrics.base import MetricContext, metric
from zerosum.evaluation.metrics.c2st import C2st, c2st_spec, cross_fitted
from zerosum.modalities.strings.metrics.words import TextMetric
from zerosum.modalities.strings.space import TextSpace
from zerosum.rng import derive_seed, seeded_initialisation

MOST_TEXTS = 500
"""Texts of each side that the network sees at most."""
MOST_WORDS = 48
"""Words of a text that it reads, the first ones."""
_HASHED, _WIDTH, _HIDDEN = 4_096, 32, 48
_EPOCHS, _BATCH, _DROPPED = 8, 64, 0.2
_WORD = re.compile(r"\w+|[^\w\s]")


class _Reader(nn.Module):
    """Convolutions over words, then a layer that sees the columns of the row too."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.words = nn.Embedding(_HASHED + 1, _WIDTH, padding_idx=0)
        self.near = nn.Conv1d(_WIDTH, _HIDDEN, 3, padding=1)
        self.far = nn.Conv1d(_HIDDEN, _HIDDEN, 3, padding=1)
        self.out = nn.Sequential(
            nn.Linear(2 * _HIDDEN + columns, _HIDDEN), nn.SiLU(), nn.Linear(_HIDDEN, 1)
        )

    def forward(self, words: Tensor, columns: Tensor) -> Tensor:
        """Log-odds of being made, `[B]`, of words `[B, L]` and columns `[B, K]`."""
        there = (words > 0)[:, None]
        near = silu(self.near(self.words(words).transpose(1, 2)))
        states = (near + silu(self.far(near))) * there
        mean = states.sum(2) / there.sum(2).clamp_min(1)
        most = states.masked_fill(~there, -1.0).amax(2)
        return self.out(torch.cat([mean, most, columns], dim=1))[:, 0]


@metric
class C2stTextsNetwork(TextMetric, C2st):
    """The judge that sees the order of words."""

    most = MOST_TEXTS
    outputs = (
        c2st_spec(
            "c2st_texts_network",
            "C2ST of texts, network",
            "How well a convolutional network tells samples from reals by the words of a text in "
            "their order, and the columns of its row",
            judge=f"convolutional network over up to {MOST_WORDS} words, {_EPOCHS} epochs",
            most=f"{MOST_TEXTS} texts",
        ),
    )

    def odds(self, reals: Tensor, samples: Tensor, context: MetricContext) -> np.ndarray:
        """By words in their order, and columns."""
        space, n, both = context.space, len(reals), torch.cat([reals, samples])
        assert isinstance(space, TextSpace)
        words = words_as_numbers(space.templates(both))
        told = space.attributes.embed(space.attributes.to_model(space.parts(both)[0])).float()
        seed, fold = derive_seed(context.seed, self.outputs[0].name), count()

        def judge(known: np.ndarray, sides: np.ndarray, asked: np.ndarray) -> np.ndarray:
            made, own = torch.from_numpy(sides).float(), derive_seed(seed, "fold", next(fold))
            reader = _learned(words[known], told[known], made, seed=own)
            return reader(words[asked], told[asked]).numpy()

        return cross_fitted(np.arange(n), np.arange(n, 2 * n), judge)


def words_as_numbers(texts: Sequence[str]) -> Tensor:
    """Words of texts by a hash of each, from 1 on, and 0 behind the last; int64 `[N, L]`."""
    found = [_WORD.findall(text.lower())[:MOST_WORDS] for text in texts]
    made = torch.zeros(len(found), max(map(len, found), default=0) or 1, dtype=torch.int64)
    for i, words in enumerate(found):
        for j, word in enumerate(words):
            made[i, j] = 1 + zlib.crc32(word.encode()) % _HASHED
    return made


def _learned(words: Tensor, told: Tensor, made: Tensor, *, seed: int) -> _Reader:
    """A network that has learned to tell some texts apart."""
    random = torch.Generator().manual_seed(seed % 2**63)
    with seeded_initialisation(seed), torch.enable_grad():
        reader = _Reader(told.shape[1])
        optimizer = torch.optim.AdamW(reader.parameters(), lr=3e-3, weight_decay=1e-2)
        for _ in range(_EPOCHS):
            for rows in torch.randperm(len(made), generator=random).split(_BATCH):
                kept = torch.rand(words[rows].shape, generator=random) >= _DROPPED
                loss = binary_cross_entropy_with_logits(
                    reader(words[rows] * kept, told[rows]), made[rows]
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return reader.eval().requires_grad_(False)
