"""Features of texts: words and pairs of words, and the columns of the row."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from zerosum.evaluation.features.base import Extractor
from zerosum.modalities.strings.frames import texts_of
from zerosum.modalities.strings.space import TextSpace
from zerosum.modalities.tables.judging.rows import judge_inputs
from zerosum.rng import Noise
from zerosum.spaces import Space

_HASHED, _WIDTH = 2**14, 64
_WORD = r"\w+|[^\w\s]"
_FREQUENT = 256
"""Words and pairs of words that a judge of `refine` counts."""


class TextFeatures(Extractor):
    """Words and pairs of words in 64 fixed random directions, beside the other columns.

    Args:
        space: what a text is.
    """

    name = "words"

    def __init__(self, space: TextSpace) -> None:
        self._space = space
        self._directions = Noise(0).normal(_HASHED, _WIDTH)
        coded = space.attributes.embed(torch.zeros(1, len(space.attributes.codecs)))
        self.num_features = _WIDTH + coded.shape[1]

    def extract(self, x: Tensor) -> Tensor:
        """Features of compact texts `[B, W]`."""
        attributes, _ = self._space.parts(x)
        counted = hashed_words(texts_of(self._space, x))
        words = torch.from_numpy(counted @ self._directions.numpy()).float()
        told = self._space.attributes.embed(self._space.attributes.to_model(attributes))
        return torch.cat([words, told.float()], dim=1)


def looks_of(
    space: Space, compact: Tensor, *, most: int = _FREQUENT
) -> tuple[np.ndarray, np.ndarray]:
    """What a judge of `refine` sees: columns, and how often frequent words and pairs are there.

    A slot is one word, whatever its cell holds.

    Args:
        space: what a text is.
        compact: texts `[N, W]`.
        most: words and pairs of words that are counted.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    assert isinstance(space, TextSpace)
    columns, categorical = judge_inputs(space.attributes, space.parts(compact)[0])
    read = CountVectorizer(ngram_range=(1, 2), token_pattern=_WORD, max_features=most)
    counted: Any = read.fit_transform(space.templates(compact))
    words = counted.toarray().astype(np.float64)
    x = np.concatenate([columns, words], axis=1)
    return x, np.append(categorical, np.zeros(words.shape[1], bool))


def hashed_words(texts: list[str]) -> Any:
    """Words and pairs of words, hashed into 16,384 places, rows of length 1, sparse `[N, K]`."""
    from sklearn.feature_extraction.text import HashingVectorizer

    read = HashingVectorizer(n_features=_HASHED, ngram_range=(1, 2), token_pattern=_WORD, norm="l2")
    return read.transform(texts)
