"""Rules about words: banned, required, claims that need a note, upper and lower case."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from zerosum.config import Config
from zerosum.studio.rules.base import Phrase, Rule, TextField, texts_in
from zerosum.studio.rules.hits import Hit
from zerosum.studio.rules.tokens import Term, TextToken, TokenList, like, term_of, tokenize
from zerosum.studio.writing.drafts import Copy
from zerosum.studio.writing.subjects import CopySubject

_ALL: tuple[TextField, ...] = ("title", "body", "alt_text", "tags")
_LEAST_SHOUTED = 4


class BannedWords(Rule):
    """Words that may not be used.

    Attributes:
        terms: each with what to write in its place, or None. Other forms of a word have no fix,
            since the ending would be wrong.
        inflected: whether other forms of a word are found too, such as plurals.
        fields: where they are looked for.
    """

    kind = "banned_words"

    terms: Annotated[dict[Phrase, str | None], Field(min_length=1, max_length=2_000)]
    inflected: bool = True
    fields: tuple[TextField, ...] = _ALL

    def check(self, copy: Copy, subject: CopySubject) -> Iterator[Hit]:
        """Every place with a banned word."""
        terms = {
            term_of(text, inflected=self.inflected, language=copy.language): fix
            for text, fix in self.terms.items()
        }
        for place, text in texts_in(copy, self.fields):
            tokens = tokenize(text)
            for term, better in terms.items():
                for first, last in term.find(tokens):
                    start, end = tokens[first].start, tokens[last].end
                    found, fix = text[start:end], None
                    message = f"“{found}” is not to be used."
                    if better is not None:
                        message += f" Write “{better}”." if better else " Leave it out."
                        if term.is_exact(tokens[first : last + 1]):
                            fix = like(better, found)
                    yield self.hit(place, start, end, message, fix=fix)


class RequiredWords(Rule):
    """Words of which each must be used somewhere.

    Attributes:
        terms: the words, or phrases.
        inflected: whether another form of a word is enough.
        fields: where they may be.
    """

    kind = "required_words"

    terms: Annotated[tuple[Phrase, ...], Field(min_length=1, max_length=200)]
    inflected: bool = False
    fields: Annotated[tuple[TextField, ...], Field(min_length=1)] = ("body",)

    def check(self, copy: Copy, subject: CopySubject) -> Iterator[Hit]:
        """One hit at the end of the first field for each word that is missing."""
        texts = {place: tokenize(text) for place, text in texts_in(copy, self.fields)}
        for text in self.terms:
            term = term_of(text, inflected=self.inflected, language=copy.language)
            if any(True for tokens in texts.values() for _ in term.find(tokens)):
                continue
            place = self.fields[0]
            end = len(copy.texts().get(place, ""))
            where = " or ".join(self.fields)
            fix = None if "*" in text or place == "tags" else f" {text}" if end else text
            yield self.hit(place, end, end, f"“{text}” is missing in the {where}.", fix=fix)


class Claim(Config):
    """A claim, and the note without which it may not be made.

    Attributes:
        terms: how it is worded; see `Term`.
        note: what must stand in the body, in these words.
    """

    kind = "claim"

    terms: Annotated[tuple[Phrase, ...], Field(min_length=1, max_length=200)]
    note: Annotated[str, Field(min_length=1, max_length=1_000)]


class Claims(Rule):
    """Claims that need a note, such as “best”, “100 %” or “free”.

    The fix adds the note in brackets after the first claim in the body.

    Attributes:
        claims: the claims with their notes.
        inflected: whether other forms of a word are found too.
        fields: where claims are looked for.
    """

    kind = "claims"

    claims: Annotated[tuple[Claim, ...], Field(min_length=1, max_length=200)]
    inflected: bool = True
    fields: tuple[TextField, ...] = ("title", "body", "tags")

    def check(self, copy: Copy, subject: CopySubject) -> Iterator[Hit]:
        """Every claim whose note does not stand in the body."""
        for claim in self.claims:
            note = [token.key for token in tokenize(claim.note)]
            body = [token.key for token in tokenize(copy.body)]
            if any(body[i : i + len(note)] == note for i in range(len(body) - len(note) + 1)):
                continue
            noted = False
            for place, text in texts_in(copy, self.fields):
                tokens = tokenize(text)
                for term in claim.terms:
                    wanted = term_of(term, inflected=self.inflected, language=copy.language)
                    for start, end, found in _occurrences(wanted, tokens, text):
                        fix = None
                        if place == "body" and not noted:
                            fix, noted = f"{found} ({claim.note})", True
                        message = f"“{found}” is a claim that needs a note: “{claim.note}”"
                        yield self.hit(place, start, end, message, fix=fix)


class Casing(Rule):
    """Upper and lower case: names as they are spelled, no shouting, a first letter that is large.

    Attributes:
        names: names of brands and products, spelled as they must be, such as `iPhone`.
        shouting: whether words of four letters or more may be all upper case.
        acronyms: words that may be, all the same.
        capital_first: fields whose first letter must be upper case.
        fields: where names and shouting are looked for.
    """

    kind = "casing"

    names: Annotated[tuple[Phrase, ...], Field(max_length=2_000)] = ()
    shouting: bool = False
    acronyms: Annotated[tuple[Phrase, ...], Field(max_length=2_000)] = ()
    capital_first: tuple[TextField, ...] = ("title", "body", "alt_text")
    fields: tuple[TextField, ...] = _ALL

    def check(self, copy: Copy, subject: CopySubject) -> Iterator[Hit]:
        """Every word in the wrong case."""
        spelled = [token.text for one in (*self.names, *self.acronyms) for token in tokenize(one)]
        for place, text in texts_in(copy, self.fields):
            tokens = tokenize(text)
            names = list(self._names(place, text, tokens))
            yield from names
            for token in () if self.shouting else tokens:
                named = any(hit.start <= token.start < hit.end for hit in names)
                if _is_shouted(token) and token.text not in spelled and not named:
                    message = f"“{token.text}” is all in upper case."
                    fix = token.text[:1] + token.text[1:].lower()
                    yield self.hit(place, token.start, token.end, message, fix=fix)
        for place, text in texts_in(copy, self.capital_first):
            first = next(iter(tokenize(text)), None)
            if first and first.is_word and first.text[0].islower() and first.text not in spelled:
                fix = text[first.start].upper()
                message = f"“{first.text}” begins a {place.split('.')[0]} in lower case."
                yield self.hit(place, first.start, first.start + 1, message, fix=fix)

    def _names(self, place: str, text: str, tokens: TokenList) -> Iterator[Hit]:
        for name in self.names:
            term = term_of(name, inflected=False, language="")
            for start, end, found in _occurrences(term, tokens, text):
                if " ".join(found.split()) != name:
                    message = f"“{found}” is spelled “{name}”."
                    yield self.hit(place, start, end, message, fix=name)


def _occurrences(term: Term, tokens: TokenList, text: str) -> Iterator[tuple[int, int, str]]:
    """Where a term begins and ends in a text, and what stands there."""
    for first, last in term.find(tokens):
        start, end = tokens[first].start, tokens[last].end
        yield start, end, text[start:end]


def _is_shouted(token: TextToken) -> bool:
    letters = [c for c in token.text if c.isalpha()]
    cased = any(c.lower() != c for c in letters)
    return token.is_word and cased and len(letters) >= _LEAST_SHOUTED and token.text.isupper()
