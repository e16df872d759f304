"""Runs of words that are some training texts' own, so that no text that is made repeats them.

A run is so long that texts of different rows do not share one by chance: the length is taken at
which few training texts repeat another. What many rows say is nobody's own and may be said again.
"""

import base64
import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from pydantic import model_validator

from zerosum.config import Config, Size
from zerosum.errors import ConfigError

FEWEST_WORDS = 6
"""Words from which on a whole text can be a copy; shorter ones are said by anybody."""

_LENGTHS = (8, 10, 12, 16, 24, 2**16)
_BY_CHANCE = 0.05
"""Share of the training texts that may repeat another, beside those that do so as a whole."""

_WORD = re.compile(r"[぀-ヿ㐀-鿿]|[^\W぀-ヿ㐀-鿿]+|[^\w\s]")
"""Letters that stand together, each sign by itself, and each character of Chinese or Japanese."""


class OwnRuns(Config):
    """What training texts say and hardly another does, as hashes.

    Attributes:
        words: of a run; a text of fewer words, but six or more, counts whole.
        hashes: of the runs, sorted, four bytes each, in base64.
    """

    kind = "own_runs"
    words: Size
    hashes: str = ""

    @model_validator(mode="after")
    def _sound(self) -> "OwnRuns":
        try:
            known = self._known
        except (ValueError, binascii.Error) as error:
            raise ConfigError(f"runs of words are no base64 of hashes: {error}.") from error
        if (np.diff(known.astype(np.int64)) <= 0).any():
            raise ConfigError("hashes of runs of words are sorted, each once.")
        return self

    @property
    def _known(self) -> np.ndarray:
        return _hashes_of(self.hashes)

    def repeated(self, texts: Sequence[str]) -> np.ndarray:
        """Whether each text repeats one, bool `[N]`.

        >>> text = "I only ever use it to play the news while I cook"
        >>> known, _ = own_runs([text, "It is fine", "A gift for my mother"], least=2)
        >>> known.repeated([f"Well, {text.lower()}!", "It is fine"]).tolist()
        [True, False]
        """
        if not len(self._known):
            return np.zeros(len(texts), bool)
        runs = [[*_hashed(text, self.words)] for text in texts]
        flat = np.array([one for own in runs for one in own], np.uint32)
        found = np.isin(flat, self._known)
        whose = np.repeat(np.arange(len(texts)), [len(own) for own in runs])
        return np.bincount(whose[found], minlength=len(texts)) > 0


@lru_cache(maxsize=8)  # beside the config, which is compared field by field
def _hashes_of(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), "<u4")


def own_runs(texts: Sequence[str], *, least: int) -> tuple[OwnRuns, float]:
    """The runs that fewer than `least` texts share, and the share of texts that repeat others.

    Args:
        texts: of the training data.
        least: texts that share a run from which on it is nobody's own.
    """
    whole, times = _repeats(texts, _LENGTHS[-1], least)
    words, repeats = _LENGTHS[-1], whole
    for words in _LENGTHS:
        repeats, times = _repeats(texts, words, least)
        if repeats <= whole + _BY_CHANCE * len(texts):
            break
    rare = sorted(one for one, many in times.items() if many < least)
    known = base64.b64encode(np.array(rare, "<u4").tobytes()).decode()
    return OwnRuns(words=words, hashes=known), repeats / max(len(texts), 1)


def _repeats(texts: Sequence[str], words: int, least: int) -> tuple[int, Counter[int]]:
    """How many texts repeat a run that few others have, and in how many texts each run is."""
    each = [set(_hashed(text, words)) for text in texts]
    times = Counter(one for own in each for one in own)
    return sum(any(1 < times[one] <= least for one in own) for own in each), times


def words_of(text: str) -> list[str]:
    """Words and signs of a text, in lower case.

    >>> words_of("It's 3 o'clock.")
    ['it', "'", 's', '3', 'o', "'", 'clock', '.']
    """
    return _WORD.findall(text.lower())


def plain_words(text: str) -> list[str]:
    """Words of a text without signs.

    >>> plain_words("It's 3 o'clock.")
    ['it', 's', '3', 'o', 'clock']
    """
    return [word for word in words_of(text) if word[0].isalnum() or word[0] == "_"]


def _hashed(text: str, words: int) -> Iterator[int]:
    """Hashes of the runs of a text."""
    found = plain_words(text)
    size = min(words, len(found))
    for i in range(len(found) - size + 1 if size >= FEWEST_WORDS else 0):
        run = " ".join(found[i : i + size]).encode()
        yield int.from_bytes(hashlib.blake2b(run, digest_size=4).digest(), "little")
