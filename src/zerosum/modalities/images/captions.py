"""Captions as codes of words, and pictures with captions as a data set."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any
from unicodedata import normalize

import torch
from pydantic import Field
from torch import Tensor

from zerosum.config import Size
from zerosum.data.base import ArrayDataset, Dataset
from zerosum.errors import ConditionError, DataError
from zerosum.spaces import ImageSpace, Space

MOST_WORDS, MOST_LENGTH, MOST_EXAMPLES = 4_096, 32, 512
_ALONE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Kana and Han, which are written without blanks: each is a word."""
_MARKS = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e"
"""Vowel signs and accents of scripts that write them as characters of their own."""
_LETTER = rf"(?:[^\W_{_ALONE}]|[{_MARKS}])"
_WORD = re.compile(rf"[{_ALONE}]|{_LETTER}+(?:['’-]{_LETTER}+)*")
_NAMED = 40
"""Known words that a message lists."""

PADDING, UNKNOWN = 0, 1


class CaptionSpace(Space):
    """Captions: int64 `[N, length]` codes of words, 0 where there are no more, 1 for unknown words.

    Attributes:
        words: of the codes from 2 on, the most frequent first.
        length: words of the longest caption.

    >>> space = CaptionSpace(words=("red", "ring"), length=3)
    >>> space.encode("A red ring!").tolist()
    [1, 2, 3]
    """

    kind = "caption"
    unit = "captions"
    discrete = True
    keeps_compact = True
    words: tuple[str, ...] = Field(min_length=1, max_length=MOST_WORDS)
    length: Size = Field(le=MOST_LENGTH)

    @property
    def shape(self) -> tuple[int]:
        """`(length,)`."""
        return (self.length,)

    def encode(self, caption: str) -> Tensor:
        """Codes of a caption, int64 `[length]`; words that are too many are left out."""
        known = {word: code for code, word in enumerate(self.words, start=UNKNOWN + 1)}
        codes = [known.get(word, UNKNOWN) for word in words_of(caption)][: self.length]
        return torch.tensor(codes + [PADDING] * (self.length - len(codes)))

    def decode(self, codes: Tensor) -> str:
        """The words of codes `[length]`; unknown ones are left out.

        >>> space = CaptionSpace(words=("red", "ring"), length=3)
        >>> space.decode(space.encode("Red, ring"))
        'red ring'
        """
        known = (code for code in codes.tolist() if code > UNKNOWN)
        return " ".join(self.words[code - UNKNOWN - 1] for code in known)

    def understood(self, caption: str) -> Tensor:
        """Codes of a caption all of whose words are known, int64 `[length]`.

        Raises:
            ConditionError: a word is unknown, there is no word, or there are too many.
        """
        words = words_of(caption)
        unknown = [word for word in words if word not in self.words]
        if unknown:
            near = get_close_matches(unknown[0], self.words, n=1)
            asked = f" Did you mean {near[0]!r}?" if near else ""
            raise ConditionError(
                f"no caption of the training data has the word {unknown[0]!r}.{asked} It knows "
                f"{self._listed()}."
            )
        if not words:
            raise ConditionError(
                f"the caption {caption!r} has no words. It knows {self._listed()}."
            )
        if len(words) > self.length:
            raise ConditionError(
                f"the caption has {len(words)} words, and the longest that was learned from has "
                f"{self.length}. Shorten it."
            )
        return self.encode(caption)

    def to_model(self, compact: Tensor) -> Tensor:
        """The same codes."""
        return compact

    def to_data(self, x: Tensor) -> Tensor:
        """The same codes."""
        return x

    def _listed(self) -> str:
        more = f" and {len(self.words) - _NAMED} more" if len(self.words) > _NAMED else ""
        return ", ".join(sorted(self.words[:_NAMED])) + more


class CaptionedSpace(ImageSpace):
    """Images with captions.

    Attributes:
        source: what captions are.
        captions: some of the data's, which samples have where none is asked for.
    """

    kind = "captioned"
    source: CaptionSpace
    captions: tuple[str, ...] = Field(min_length=1, max_length=MOST_EXAMPLES)

    @property
    def judged(self) -> ImageSpace:
        """The space of the images by themselves."""
        return ImageSpace(
            channels=self.channels, height=self.height, width=self.width,
            labels=self.labels, label_counts=self.label_counts,
        )  # fmt: skip


class CaptionedDataset(Dataset):
    """Images, with their captions as sources.

    Args:
        images: the images; their labels are not used.
        captions: of each, none of them empty.
        name: how messages call the data.

    Raises:
        DataError: there is not one caption for each image, or one has no words.
    """

    def __init__(self, images: Dataset, captions: Sequence[str], *, name: str) -> None:
        if len(captions) != len(images):
            raise DataError(
                f"{len(captions):,} captions for {len(images):,} images; give one for each."
            )
        space = images.space
        if not isinstance(space, ImageSpace):
            raise DataError(f"captions are of images, and these are {space.unit}.")
        counts: Counter[str] = Counter()
        longest = 1
        for i, caption in enumerate(captions):
            words = words_of(caption)
            if not words:
                what = images.items[i] if images.items else f"image {i}"
                raise DataError(f"the caption of {what} has no words: {caption!r}. Write some.")
            counts.update(words)
            longest = max(longest, len(words))
        words = tuple(word for word, _ in counts.most_common(MOST_WORDS))
        source = CaptionSpace(words=words, length=min(longest, MOST_LENGTH))
        examples = [captions[i * len(captions) // MOST_EXAMPLES] for i in range(MOST_EXAMPLES)]
        if len(captions) <= MOST_EXAMPLES:
            examples = [*captions]
        self._images, self.captions, self.name, self.aligned = images, captions, name, True
        self.items = images.items
        self.space = CaptionedSpace(
            channels=space.channels, height=space.height, width=space.width, source=source,
            captions=tuple(examples),
        )  # fmt: skip
        self.sources = self._coded(source)
        text = f"{images.fingerprint} {self.sources.fingerprint}"
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()[:32]
        notes = []
        if longest > MOST_LENGTH:
            notes.append(f"captions are cut after {MOST_LENGTH} words.")
        if len(counts) > MOST_WORDS:
            notes.append(f"the {MOST_WORDS:,} most frequent of {len(counts):,} words are kept.")
        self.notes = (*images.notes, *notes)

    def with_words_of(self, space: CaptionedSpace) -> "CaptionedDataset":
        """The same pictures, their captions in the codes of `space`."""
        self.space, self.sources = space, self._coded(space.source)
        return self

    def __len__(self) -> int:
        return len(self._images)

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Images of rows `[B]`, uint8 `[B, C, H, W]`; they have no labels."""
        return self._images.take(indices)[0], None

    def sources_of(self, indices: Tensor) -> Tensor:
        """Codes of the captions of these rows, int64 `[B, length]`."""
        assert self.sources is not None
        return self.sources.take(indices)[0]

    @property
    def resident(self) -> tuple[Tensor, Tensor | None] | None:
        """All images, uint8 `[N, C, H, W]`, if they are held in memory; else None."""
        held = self._images.resident
        return None if held is None else (held[0], None)

    def _coded(self, source: CaptionSpace) -> ArrayDataset:
        known: dict[str, Tensor] = {}
        for caption in self.captions:
            if caption not in known:
                known[caption] = source.encode(caption)
        codes = torch.stack([known[caption] for caption in self.captions])
        return ArrayDataset(codes, name=self.name, space=source)


def words_of(caption: Any) -> list[str]:
    """The words of a caption, in lower case and without punctuation.

    >>> words_of("A small, red ring.")
    ['a', 'small', 'red', 'ring']
    >>> words_of("红色的圆。"), words_of("लाल घेरा")
    (['红', '色', '的', '圆'], ['लाल', 'घेरा'])
    """
    return _WORD.findall(normalize("NFC", str(caption)).lower())
