"""Can a network that reads words in their order tell texts and their rows from reals?

The classifier two-sample test of Lopez-Paz and Oquab, ICLR 2017, arXiv:1610.06545, with a
convolutional network as that of Kim, EMNLP 2014, arXiv:1408.5882. Trees count words; this judge
sees what follows what.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, silu

from zerosum.evaluation.boosted import NUM_FOLDS, area
from zerosum.evaluation.metrics.base import (
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
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
class C2stTextsNetwork(TextMetric):
    """The judge that sees the order of words."""

    least: ClassVar[int] = 20
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="c2st_texts_network",
            title="C2ST of texts, network",
            better="lower",
            meaning="How well a convolutional network tells samples from reals by the words of a "
            "text in their order, and the columns of its row: the chance that a sample looks more "
            "made than a real does. 0.5 is chance, 1 is always.",
            source="Lopez-Paz and Oquab 2017, arXiv:1610.06545",
            protocol=f"AUC, convolutional network over up to {MOST_WORDS} words, {_EPOCHS} epochs, "
            f"{NUM_FOLDS} folds, up to {MOST_TEXTS} texts each",
            extractor=False,
            limits=(0.5, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """One area; for the interval the judged texts are resampled, not the fits."""
        space, name = context.space, self.outputs[0].name
        assert isinstance(space, TextSpace)
        n = min(len(candidate), len(reference), MOST_TEXTS)
        real = reference.x[context.some(n, len(reference), name, "reals")]
        made = candidate.x[context.some(n, len(candidate), name, "samples")]
        both = torch.cat([real, made])
        words = words_as_numbers(space.templates(both))
        told = space.attributes.embed(space.attributes.to_model(space.parts(both)[0])).float()
        odds = _cross_fitted(words, told, n, seed=derive_seed(context.seed, name))
        draws = zip(
            context.resamples(n, f"{name} reals"), context.resamples(n, f"{name} samples"),
            strict=True,
        )  # fmt: skip
        again = tuple(area(odds[0][a.numpy()], odds[1][b.numpy()]) for a, b in draws)
        return {name: MetricValue(max(area(*odds), 0.5), again)}


def words_as_numbers(texts: Sequence[str]) -> Tensor:
    """Words of texts by a hash of each, from 1 on, and 0 behind the last; int64 `[N, L]`."""
    found = [_WORD.findall(text.lower())[:MOST_WORDS] for text in texts]
    made = torch.zeros(len(found), max(map(len, found), default=0) or 1, dtype=torch.int64)
    for i, words in enumerate(found):
        for j, word in enumerate(words):
            made[i, j] = 1 + zlib.crc32(word.encode()) % _HASHED
    return made


def _cross_fitted(words: Tensor, told: Tensor, n: int, *, seed: int) -> np.ndarray:
    """Log-odds of being made, `[2, n]`: of reals and samples that it did not learn from."""
    made = torch.cat([torch.zeros(n), torch.ones(n)])
    fold = torch.arange(n).repeat(2) % NUM_FOLDS
    odds = torch.zeros(2 * n)
    for i in range(NUM_FOLDS):
        learned, apart = (fold != i).nonzero()[:, 0], (fold == i).nonzero()[:, 0]
        odds[apart] = _learned(
            words[learned], told[learned], made[learned], seed=derive_seed(seed, "fold", i)
        )(words[apart], told[apart])
    return odds.view(2, n).double().numpy()


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
