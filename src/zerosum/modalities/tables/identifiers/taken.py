"""Which values must not be made, since the data has them: a set of bits, not the values.

Each text sets one bit, at the place that its digest says (Bloom, "Space/time trade-offs in hash
coding with allowable errors", 1970, with one hash). There are four bits or more for each text, so
that up to a quarter of all other texts are refused too. A set bit is therefore weak evidence that
a text was in the data, but it is evidence: keep the set as you keep the data.
"""

import base64
import hashlib
from collections.abc import Collection, Iterable, Sequence

import numpy as np

_ROOM = 4
"""Bits for each text, at least."""


def taken_of(texts: Collection[str]) -> str:
    """The set of `texts`, as base64; case and spaces at the ends are of no account.

    >>> is_taken(taken_of(["Ada Lovelace"]), ["ada lovelace "]).tolist()
    [True]
    """
    size = max(64, 1 << (max(1, _ROOM * len(texts)) - 1).bit_length())
    bits = np.zeros(size, bool)
    bits[_places(texts, size)] = True
    return base64.b64encode(np.packbits(bits).tobytes()).decode("ascii")


def is_taken(taken: str, texts: Sequence[str]) -> np.ndarray:
    """Which of `texts` may be in the set, bool `[n]`; none where the set is empty text."""
    if not taken:
        return np.zeros(len(texts), bool)
    bits = np.unpackbits(np.frombuffer(base64.b64decode(taken), np.uint8))
    return bits[_places(texts, len(bits))].astype(bool)


def _places(texts: Iterable[str], size: int) -> np.ndarray:
    found = [
        int.from_bytes(hashlib.blake2b(_plain(text), digest_size=8).digest(), "little") % size
        for text in texts
    ]
    return np.array(found, np.int64)


def _plain(text: str) -> bytes:
    return " ".join(text.split()).casefold().encode("utf-8", "surrogatepass")
