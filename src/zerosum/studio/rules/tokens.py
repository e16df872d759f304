"""Text as words and signs with their places, and finding terms among them.

Places count code points of the text as it was given, as Python does. Words are compared after
NFKC normalization and case folding, without soft hyphens and joiners, so that `Café` is found
whether its accent is a character of its own or not. A term is compared word by word in one pass
over the text: no pattern of a user is ever compiled, so none can be slow.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

from zerosum.errors import ConfigError, MissingExtraError

_WORD = (
    r"[\p{L}\p{N}][\p{L}\p{N}\p{M}\u00ad\u200c\u200d\u2060]*"
    r"(?:['\u2019][\p{L}][\p{L}\p{M}\u00ad]*)*"
)
"""Letters and numbers with their marks, and apostrophes between letters."""

_IGNORED = str.maketrans("", "", "\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f")
_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch",
    "no": "norwegian", "nb": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Languages that Snowball has a stemmer for."""

_ENDING = 2
"""Letters at the end of a term that another form of it may lack, as `city` and `cities` do."""


@dataclass(frozen=True)
class TextToken:
    """A word, or one sign as people see it, such as an emoji of several code points.

    Attributes:
        start: its first code point.
        end: the one after its last.
        text: as it was given.
        key: what it is compared by.
        plain: the same without accents.
        is_word: whether it is made of letters or numbers.
    """

    start: int
    end: int
    text: str
    key: str
    plain: str
    is_word: bool


class TokenList(list[TextToken]):
    """Words and signs of one text, which thousands of terms can be looked for in."""

    @cached_property
    def keys(self) -> frozenset[str]:
        """What its tokens are compared by."""
        return frozenset(token.key for token in self)

    def stems(self, stem: Callable[[str], str]) -> frozenset[str]:
        """The stems of its tokens, for the last stemmer asked for."""
        if self._stems is None or self._stems[0] is not stem:
            self._stems = stem, frozenset(map(stem, self.keys))
        return self._stems[1]

    _stems: tuple[Callable[[str], str], frozenset[str]] | None = None


def tokenize(text: str) -> TokenList:
    """Words and signs of a text, without blanks.

    >>> [(t.text, t.start, t.end) for t in tokenize("100% 👍🏽!")]
    [('100', 0, 3), ('%', 3, 4), ('👍🏽', 5, 7), ('!', 7, 8)]
    """
    tokens = TokenList()
    for found in _pattern().finditer(text):
        if not found[0].isspace():
            key, is_word = key_of(found[0]), found["word"] is not None
            start, end = found.span()
            tokens.append(TextToken(start, end, found[0], key, _plain(key), is_word))
    return tokens


def key_of(word: str) -> str:
    """What a word is compared by.

    >>> key_of("CAFE\u0301") == key_of("café"), key_of("GRÖSSE") == key_of("Größe")
    (True, True)
    """
    folded = unicodedata.normalize("NFKC", word).casefold().replace("\u2019", "'")
    return unicodedata.normalize("NFC", folded).translate(_IGNORED) or word


def graphemes(text: str) -> list[int]:
    """Where each sign of a text begins, as people count signs; its length comes last.

    >>> graphemes("e\u0301👩‍💻!")
    [0, 2, 5, 6]
    """
    starts = [found.start() for found in _regex().finditer(r"\X", text)]
    return [*starts, len(text)]


def sentences(text: str) -> list[tuple[int, int]]:
    """Where sentences begin and end: after `.`, `!`, `?` or `…` before a blank, and at line ends.

    >>> sentences("It costs 3.50. Really? Yes")
    [(0, 14), (15, 22), (23, 26)]
    """
    found: list[tuple[int, int]] = []
    start: int | None = None
    for i, sign in enumerate(text):
        if start is None and not sign.isspace():
            start = i
        after = text[i + 1 : i + 2]
        ends = sign in ".!?…。！？" and (not after or after.isspace() or sign in "。！？")
        if start is not None and (ends or sign == "\n" or not after):
            end = start + len(text[start : i + 1].rstrip())
            found.append((start, end))
            start = None
    return found


class Term:
    """A word or a phrase to look for.

    `*` at either end of a word stands for any letters: `billig*` finds `Billigpreis`. Blanks
    between words may be of any kind and number, or missing beside a sign: `100 %` finds `100%`.

    Args:
        text: the term.
        inflected: whether other forms of a word are found too, as far as `language` has a stemmer:
            words with the same stem that keep all of the term but its last two letters, accents
            aside. Numbers, signs, and words with `*` are compared as they are.
        language: of the text.

    Raises:
        ConfigError: the term has no word and no sign, or a `*` inside a word.
        MissingExtraError: a library is not installed.
    """

    def __init__(self, text: str, *, inflected: bool, language: str) -> None:
        self.text = text
        self._stem = stemmer(language) if inflected else None
        self._parts = [part for word in text.split() for part in self._part(word)]
        if not self._parts:
            raise ConfigError("a term is empty. Give a word, a phrase, or a sign.")

    def find(self, tokens: TokenList) -> Iterator[tuple[int, int]]:
        """First and last index of the tokens of each occurrence; they do not overlap."""
        kind, key = self._parts[0]
        if kind == "same" and key not in tokens.keys:
            return
        if kind == "stem" and self._stem and self._stem(key) not in tokens.stems(self._stem):
            return
        n, i = len(self._parts), 0
        while i + n <= len(tokens):
            if all(self._matches(self._parts[j], tokens[i + j]) for j in range(n)):
                yield i, i + n - 1
                i += n
            else:
                i += 1

    def is_exact(self, found: Sequence[TextToken]) -> bool:
        """Whether an occurrence has the very words of the term, upper and lower case aside."""
        return [("same", token.key) for token in found] == [
            ("same" if kind == "stem" else kind, key) for kind, key in self._parts
        ]

    def _part(self, word: str) -> list[tuple[str, str]]:
        """What each token of one word of the term must be: how it is compared, and with what."""
        begins, ends = word.startswith("*"), word.endswith("*") and len(word) > 1
        bare = word[begins : len(word) - ends]
        tokens = tokenize(bare)
        single_word = len(tokens) == 1 and tokens[0].is_word
        if "*" in bare or ((begins or ends) and not single_word):
            raise ConfigError(
                f"the term {self.text!r} has a * that is not at an end of a word. Write billig*, "
                "*preis or *billig*."
            )
        wild = {(True, False): "suffix", (False, True): "prefix", (True, True): "inside"}
        kind = wild.get((begins, ends))
        if kind is None:
            stems = self._stem is not None
            return [("stem" if stems and _has_stem(t) else "same", t.key) for t in tokens]
        return [(kind, tokens[0].key)]

    def _matches(self, part: tuple[str, str], token: TextToken) -> bool:
        kind, key = part
        if token.key == key:
            return True
        if kind == "stem" and self._stem is not None:
            return (
                _has_stem(token)
                and self._stem(token.key) == self._stem(key)
                and (token.plain.startswith(_plain(key)[: max(1, len(key) - _ENDING)]))
            )
        if kind == "prefix":
            return token.key.startswith(key)
        return (
            token.key.endswith(key) if kind == "suffix" else kind == "inside" and key in token.key
        )


@lru_cache(maxsize=20_000)
def term_of(text: str, *, inflected: bool, language: str) -> Term:
    """The term, made once."""
    return Term(text, inflected=inflected, language=language)


@cache
def stemmer(language: str) -> Any:
    """A function from the key of a word to its stem; None where there is no stemmer.

    Raises:
        MissingExtraError: snowballstemmer is not installed.
    """
    name = _STEMMERS.get(language.lower().split("-")[0])
    if name is None:
        return None
    try:
        import snowballstemmer
    except ImportError:
        raise missing_extra("snowballstemmer") from None
    stem = snowballstemmer.stemmer(name).stemWord
    return lru_cache(maxsize=20_000)(lambda word: stem(word.split("'")[0] or word))


def _has_stem(token: TextToken) -> bool:
    return token.is_word and not any(map(str.isdigit, token.key))


def _plain(key: str) -> str:
    if key.isascii():
        return key
    return "".join(c for c in unicodedata.normalize("NFD", key) if not unicodedata.combining(c))


def missing_extra(library: str) -> MissingExtraError:
    """The error that names the extra which brings a library."""
    return MissingExtraError(
        f"brand rules need {library}, which is not installed. Run: pip install 'zerosum[studio]'."
    )


def like(text: str, model: str) -> str:
    """`text` in the letter case of `model`: all upper, first letter upper, or as it is.

    >>> like("affordable", "Cheap"), like("affordable", "CHEAP"), like("affordable", "cheap")
    ('Affordable', 'AFFORDABLE', 'affordable')
    """
    letters = [c for c in model if c.isalpha()]
    if len(letters) > 1 and all(c.isupper() for c in letters):
        return text.upper()
    return text[:1].upper() + text[1:] if letters and letters[0].isupper() else text


@cache
def _regex() -> Any:
    try:
        import regex
    except ImportError:
        raise missing_extra("regex") from None
    return regex


@cache
def _pattern() -> Any:
    return _regex().compile(rf"(?P<word>{_WORD})|\X")
