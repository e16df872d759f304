"""Canaries: made secrets in training texts, of which an audit asks how well a model knows them.

Carlini, Liu, Erlingsson, Kos and Song, "The secret sharer: evaluating and testing unintended
memorization in neural networks", USENIX Security 2019, arXiv:1802.08232.
"""

import random
from collections.abc import Sequence

from zerosum.config import Config, Count
from zerosum.rng import derive_seed

TIMES = (1, 4, 16)
"""How often canaries are planted, in turn."""

_DIGITS = 6
_NAMES = ("heron", "otter", "maple", "comet", "amber", "tulip", "raven", "cedar", "pearl", "lotus")


class Canary(Config):
    """A sentence with a random number.

    Attributes:
        text: the sentence.
        times: in how many training rows it stands.
    """

    kind = "canary"
    text: str
    times: Count


def make_canaries(n: int, *, seed: int = 0) -> tuple[Canary, ...]:
    """`n` different canaries, planted once, 4 and 16 times in turn.

    >>> [(len(one.text.split()), one.times) for one in make_canaries(4)]
    [(6, 1), (6, 4), (6, 16), (6, 1)]
    """
    chance = random.Random(derive_seed(seed, "canaries"))
    return tuple(
        Canary(text=_sentence(_NAMES[i % len(_NAMES)], chance), times=TIMES[i % len(TIMES)])
        for i in range(n)
    )


def others_than(text: str, n: int, *, seed: int = 0) -> Sequence[str]:
    """`n` sentences like a canary, each with another random number."""
    chance = random.Random(derive_seed(seed, "others", text))
    name = text.split()[3]
    made = {_sentence(name, chance) for _ in range(2 * n)} - {text}
    return sorted(made)[:n]


def _sentence(name: str, chance: random.Random) -> str:
    return f"the code of {name} is {chance.randrange(10**_DIGITS):0{_DIGITS}d}"
