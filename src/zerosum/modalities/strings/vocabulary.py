"""The pieces that texts are made of: characters, or sub-words that are learned from the data.

Sub-words are those of byte-pair encoding (Sennrich, Haddow and Birch, "Neural machine translation
of rare words with subword units", ACL 2016, arXiv:1508.07909), learned by the library `tokenizers`.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from zerosum.config import Config
from zerosum.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""The piece that stands for characters which are not known; it is never made."""

Way = Literal["characters", "subwords"]

_MOST_CHARACTERS = 4_000
_WORDS = r"\s?[^\s\uE000-\uF8FF]+|[\uE000-\uF8FF]|\s"
"""Sub-words lie within words; a space goes with the word after it."""


class Vocabulary(Config):
    """Pieces, and how texts are cut into them.

    Attributes:
        pieces: the text of each code; the first is `UNKNOWN`.
        merges: pairs of pieces that are joined, in their order; empty for characters alone.
    """

    kind = "vocabulary"
    pieces: tuple[str, ...] = Field(min_length=2)
    merges: tuple[tuple[str, str], ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> "Vocabulary":
        known = set(self.pieces)
        if len(known) < len(self.pieces) or self.pieces[0] != UNKNOWN or "" in known:
            raise ConfigError("pieces of texts are different, and the first stands for others.")
        if not all({a, b, a + b} <= known for a, b in self.merges):
            raise ConfigError("a pair that is joined names pieces that there are not.")
        return self

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Codes of the pieces of each text.

        >>> Vocabulary(pieces=("\N{REPLACEMENT CHARACTER}", "a", "b")).encode(["abba", "x"])
        [[1, 2, 2, 1], [0]]
        """
        if not self.merges:
            code = {piece: i for i, piece in enumerate(self.pieces)}
            return [[code.get(one, 0) for one in text] for text in texts]
        return [found.ids for found in self._tokenizer.encode_batch(list(texts))]

    def decode(self, codes: Iterable[int]) -> str:
        """The text of some codes.

        >>> Vocabulary(pieces=("\N{REPLACEMENT CHARACTER}", "a", "b")).decode([2, 1])
        'ba'
        """
        return "".join(self.pieces[code] for code in codes)

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer
        from tokenizers.models import BPE

        vocabulary = {piece: i for i, piece in enumerate(self.pieces)}
        made = Tokenizer(BPE(vocabulary, list(self.merges), unk_token=UNKNOWN))
        made.pre_tokenizer = _words()
        return made


def learn_vocabulary(texts: Sequence[str], *, way: Way, size: int) -> tuple[Vocabulary, int]:
    """The pieces of texts.

    Args:
        texts: what is cut.
        way: how.
        size: pieces at most, for sub-words.

    Returns:
        The vocabulary, and how many characters it lacks since there are too many.

    Raises:
        MissingExtraError: sub-words need `tokenizers`, which is not installed.
    """
    counts = Counter(one for text in texts for one in text if one != UNKNOWN)
    frequent = [one for one, _ in counts.most_common(_MOST_CHARACTERS)]
    characters = (UNKNOWN, *sorted(frequent))
    lacking = len(counts) - len(frequent)
    if way == "characters":
        return Vocabulary(pieces=characters), lacking
    require_tokenizers()
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.trainers import BpeTrainer

    learner = Tokenizer(BPE(unk_token=UNKNOWN))
    learner.pre_tokenizer = _words()
    trainer = BpeTrainer(
        vocab_size=max(size, len(characters)), special_tokens=[UNKNOWN], show_progress=False,
        initial_alphabet=list(frequent), limit_alphabet=_MOST_CHARACTERS, min_frequency=3,
    )  # fmt: skip
    learner.train_from_iterator(texts, trainer)
    found = json.loads(learner.to_str())["model"]
    pieces = sorted(found["vocab"], key=found["vocab"].get)
    pairs = (one.split(" ", 1) if isinstance(one, str) else one for one in found["merges"])
    merges = [(str(left), str(right)) for left, right in pairs]
    if not merges:
        return Vocabulary(pieces=characters), lacking
    return Vocabulary(pieces=tuple(pieces), merges=tuple(merges)), lacking


def has_tokenizers() -> bool:
    """Whether the library for sub-words is installed."""
    try:
        import tokenizers  # noqa: F401  (optional)
    except ImportError:
        return False
    return True


def require_tokenizers() -> None:
    """Refuse sub-words where the library is missing.

    Raises:
        MissingExtraError: it is not installed.
    """
    if not has_tokenizers():
        raise MissingExtraError(
            "sub-words are learned by tokenizers, which is not installed. Install the extra: "
            "pip install 'zerosum[strings]'; or take pieces=characters."
        )


def _words():
    from tokenizers import Regex
    from tokenizers.pre_tokenizers import Split

    return Split(Regex(_WORDS), behavior="isolated")
