"""Rules about the whole: length, reading level, alternative text, language, and colours."""

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any

import numpy as np
from pydantic import Field, StringConstraints, model_validator

from zerosum.config import Config
from zerosum.errors import ConfigError
from zerosum.studio.rules.base import Rule, TextField
from zerosum.studio.rules.hits import PICTURE, Hit
from zerosum.studio.rules.tokens import graphemes, key_of, missing_extra, sentences, tokenize
from zerosum.studio.writing.colours import colour_difference, colour_name, parse_colour, to_lab
from zerosum.studio.writing.drafts import Copy
from zerosum.studio.writing.subjects import CopySubject
from zerosum.studio.writing.template_writer import TEMPLATE_LANGUAGES, TemplateWriter

_LONG_WORD = 6
_LEAST_LETTERS = 30
_SURE = 0.9
_OPENINGS = (
    "image of", "picture of", "photo of", "photograph of", "bild von", "foto von", "bild eines",
    "bild einer", "foto eines", "foto einer",
)  # fmt: skip
_ELLIPSIS = "…"


class Bounds(Config):
    """The least and the most of something; None for no bound."""

    kind = "bounds"

    least: Annotated[int, Field(ge=0, le=100_000)] | None = None
    most: Annotated[int, Field(ge=0, le=100_000)] | None = None

    @model_validator(mode="after")
    def _check(self) -> "Bounds":
        if None not in (self.least, self.most) and (self.least or 0) > (self.most or 0):
            raise ConfigError(f"least {self.least} is above most {self.most}. Swap them.")
        return self


class LengthLimits(Rule):
    """How long each field may be, in characters as people count them; tags by their number.

    Attributes:
        limits: bounds by field.
    """

    kind = "length_limits"

    limits: Annotated[dict[TextField, Bounds], Field(min_length=1)]

    def check(self, copy: Copy, subject: CopySubject) -> Iterator[Hit]:
        """Fields that are too long, from where they are, or too short, at their end."""
        for field, bounds in self.limits.items():
            if field == "tags":
                yield from self._count_tags(copy, bounds)
                continue
            text = copy.texts()[field]
            starts = graphemes(text)
            n = len(starts) - 1
            if bounds.least is not None and n < bounds.least:
                message = f"the {field} has {n} characters; at least {bounds.least} are needed."
                yield self.hit(field, len(text), len(text), message)
            if bounds.most is not None and n > bounds.most:
                message = f"the {field} has {n} characters; at most {bounds.most} are allowed."
                cut = _cut_at(text, starts, bounds.most)
                fix = _ELLIPSIS if cut else None
                yield self.hit(field, cut or starts[bounds.most], len(text), message, fix=fix)

    def _count_tags(self, copy: Copy, bounds: Bounds) -> Iterator[Hit]:
        n = len(copy.tags)
        if bounds.most is not None and n > bounds.most:
            place, end = f"tags.{bounds.most}", len(copy.tags[bounds.most])
            yield self.hit(place, 0, end, f"there are {n} tags; at most {bounds.most} are allowed.")
        if bounds.least is not None and n < bounds.least:
            yield self.hit("tags", 0, 0, f"there are {n} tags; at least {bounds.least} are needed.")


class ReadingLevel(Rule):
    """How hard the body may be to read, by LIX, which suits any language with words and sentences.

    LIX is the mean number of words in a sentence, plus the percentage of words of more than six
    letters. Below 30 is very easy, 40 is standard, above 60 very hard.

    Source: C. H. Björnsson, "Läsbarhet", Liber, 1968.

    Attributes:
        most: the highest LIX that is allowed.
        least_words: shorter texts are not judged, since their figure is chance.
    """

    kind = "reading_level"

    most: Annotated[float, Field(gt=0, le=200)] = 50
    least_words: Annotated[int, Field(ge=1, le=10_000)] = 20

    def check(self, copy: Copy, subject: CopySubject) -> Iterator[Hit]:
        """One hit at the hardest sentence of a body that is too hard."""
        text = copy.body
        if len([token for token in tokenize(text) if token.is_word]) < self.least_words:
            return
        level = lix(text)
        if level <= self.most:
            return
        start, end = max(sentences(text), key=lambda span: lix(text[slice(*span)]))
        message = (
            f"the body has LIX {level:.0f}; at most {self.most:.0f} is allowed. This sentence is "
            "the hardest: shorten it, or use shorter words."
        )
        yield self.hit("body", start, end, message)


class AltText(Rule):
    """A picture has an alternative text that says something.

    The fix is what the template writer writes, where it knows the language.

    Attributes:
        most: characters that it may have.
    """

    kind = "alt_text"

    most: Annotated[int, Field(ge=10, le=2_000)] = 250

    def check(self, copy: Copy, subject: CopySubject) -> Iterator[Hit]:
        """An alternative text that is missing, repeats the title, or is too long."""
        if subject.picture is None:
            return
        text = copy.alt_text
        if not text.strip():
            message = "the alternative text is missing: people who cannot see hear nothing."
            yield self.hit("alt_text", 0, len(text), message, fix=_template_alt(copy, subject))
            return
        if key_of(text.strip(" .")) == key_of(copy.title.strip(" .")):
            message = "the alternative text repeats the title. Describe what can be seen."
            yield self.hit("alt_text", 0, len(text), message, fix=_template_alt(copy, subject))
        for opening in _OPENINGS:
            if key_of(text).startswith(f"{opening} "):
                rest = len(opening) + 1
                message = f"screen readers say already that it is a picture; leave out “{opening}”."
                fix = text[rest : rest + 1].upper()
                yield self.hit("alt_text", 0, rest + 1, message, fix=fix)
        starts = graphemes(text)
        if len(starts) - 1 > self.most:
            message = f"the alternative text has {len(starts) - 1} characters; {self.most} at most."
            yield self.hit("alt_text", starts[self.most], len(text), message)


class Languages(Rule):
    """Which languages copy may be in, by what it says and by what its words look like.

    Attributes:
        allowed: BCP 47 tags; `en` allows every English, `en-GB` that one alone.
        detect: whether the language of title and body is guessed too, with py3langid, and
            compared with the one the copy names. Texts of fewer than 30 letters are not.
    """

    kind = "languages"

    allowed: Annotated[
        tuple[
            Annotated[str, StringConstraints(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")], ...
        ],
        Field(min_length=1, max_length=100),
    ]
    detect: bool = True

    def check(self, copy: Copy, subject: CopySubject) -> Iterator[Hit]:
        """A language that is not allowed, or a text in another one than it names."""
        own = copy.language.lower()
        if not any(own == one.lower() or own.startswith(f"{one.lower()}-") for one in self.allowed):
            message = f"the copy is in {copy.language}; allowed: {', '.join(self.allowed)}."
            yield self.hit("language", 0, len(copy.language), message)
        text = f"{copy.title}. {copy.body}"
        if not self.detect or sum(map(str.isalpha, text)) < _LEAST_LETTERS:
            return
        found, sure = detect_language(text)
        if sure >= _SURE and found != own.split("-")[0]:
            message = f"the copy names {copy.language}, and reads like {found} ({sure:.0%} sure)."
            yield self.hit("body", 0, len(copy.body), message)


class Palette(Rule):
    """The colours of a picture are near those of a palette.

    Attributes:
        colours: as `#rrggbb`.
        tolerance: CIEDE2000 up to which a colour is near; 1 is barely seen, 10 at a glance.
        least_share: share of the picture that a colour covers at least to count.
    """

    kind = "palette"

    colours: Annotated[tuple[str, ...], Field(min_length=1, max_length=200)]
    tolerance: Annotated[float, Field(gt=0, le=100)] = 12
    least_share: Annotated[float, Field(ge=0, le=1)] = 0.1

    @model_validator(mode="after")
    def _check(self) -> "Palette":
        for colour in self.colours:
            parse_colour(colour)
        return self

    def check(self, copy: Copy, subject: CopySubject) -> Iterator[Hit]:
        """Every dominant colour of the picture that is far from the palette."""
        palette = to_lab(np.array([parse_colour(colour) for colour in self.colours]))
        for one in subject.colours:
            if one.share < self.least_share:
                continue
            far = colour_difference(to_lab(parse_colour(one.colour)), palette)
            nearest = int(far.argmin())
            if far[nearest] > self.tolerance:
                message = (
                    f"{one.colour} ({colour_name(one.colour)}) covers {one.share:.0%} of the "
                    f"picture and is not in the palette: {self.colours[nearest]} is nearest, with "
                    f"a difference of {far[nearest]:.0f}; {self.tolerance:g} is allowed."
                )
                yield self.hit(PICTURE, 0, 0, message)


def lix(text: str) -> float:
    """The readability index LIX of a text; 0 for one without words.

    >>> lix("The cat sat. The elephant remembered.")
    36.33...
    """
    words = [token.text for token in tokenize(text) if token.is_word]
    if not words:
        return 0.0
    long = sum(len(graphemes(word)) - 1 > _LONG_WORD for word in words)
    return len(words) / max(1, len(sentences(text))) + 100 * long / len(words)


def detect_language(text: str) -> tuple[str, float]:
    """The language that a text most looks like, as ISO 639-1, and how sure that is, in [0, 1].

    Raises:
        MissingExtraError: py3langid is not installed.
    """
    language, sure = _identifier().classify(text)
    return str(language), float(sure)


@cache
def _identifier() -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        raise missing_extra("py3langid") from None
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _template_alt(copy: Copy, subject: CopySubject) -> str | None:
    if copy.language.lower().split("-")[0] not in TEMPLATE_LANGUAGES:
        return None
    return TemplateWriter(copy.language).write(subject).copy.alt_text


def _cut_at(text: str, starts: list[int], most: int) -> int | None:
    """Where to cut a text before a word, with room for an ellipsis; None if there is no place."""
    room = starts[max(0, most - 1)]
    ends = [token.end for token in tokenize(text) if token.is_word and token.end <= room]
    return ends[-1] if ends else None
