"""Captions that are wrong by a word, to tell a discriminator what each word means.

Other captions of a batch are wrong in most of their words, so a few words and no order are enough
to tell them apart. After the hard negatives of Yuksekgonul et al., "When and why vision-language
models behave like bags-of-words", ICLR 2023, arXiv:2210.01936; which words may take each other's
place is found by their neighbours.
"""

import torch
from torch import Tensor

from zerosum.modalities.images.captions import PADDING
from zerosum.rng import Noise


def alternatives(captions: Tensor, num_codes: int) -> Tensor:
    """Which words stand between the same two neighbours, bool `[V, V]`.

    Args:
        captions: int64 codes of words `[N, length]`.
        num_codes: V, which all codes are below.

    >>> found = alternatives(torch.tensor([[2, 3], [2, 4], [5, 3]]), 6)
    >>> found.nonzero().tolist()
    [[2, 5], [3, 4], [4, 3], [5, 2]]
    """
    between: dict[tuple[int, int], set[int]] = {}
    for codes in captions.tolist():
        words = [-1, *(code for code in codes if code != PADDING), -1]
        for before, word, after in zip(words, words[1:], words[2:], strict=False):
            between.setdefault((before, after), set()).add(word)
    found = torch.zeros(num_codes, num_codes, dtype=torch.bool)
    for words in between.values():
        each = torch.tensor(sorted(words))
        found[each[:, None], each] = True
    return found & ~torch.eye(num_codes, dtype=torch.bool)


def altered(captions: Tensor, others: Tensor, noise: Noise) -> Tensor:
    """Captions `[B, length]` with one word replaced, or two exchanged, as likely.

    What has no word with an alternative stays as it is.

    Args:
        captions: int64 codes of words.
        others: which words are alternatives, bool `[V, V]`.
        noise: what chooses.
    """
    b, length = captions.shape
    rows = torch.arange(b)
    codes, others = captions.cpu(), others.cpu()

    chance = noise.uniform(b, length).masked_fill(~others.any(1)[codes], -1.0)
    place = chance.argmax(1)
    can = chance.amax(1) >= 0
    weights = noise.uniform(b, len(others)).masked_fill(~others[codes[rows, place]], -1.0)
    replaced = codes.clone()
    replaced[rows, place] = torch.where(can, weights.argmax(1), codes[rows, place])

    pairs = others[codes[:, :, None], codes[:, None]]
    chance = noise.uniform(b, length, length).masked_fill(~pairs, -1.0).flatten(1)
    one, two = chance.argmax(1) // length, chance.argmax(1) % length
    exchanged = codes.clone()
    exchanged[rows, one], exchanged[rows, two] = codes[rows, two], codes[rows, one]

    exchange = (chance.amax(1) >= 0) & (noise.uniform(b) < 0.5)
    return torch.where(exchange[:, None], exchanged, replaced).to(captions.device)
