"""Copy without a model: sentences filled from what is known of an item."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from zerosum.errors import ConfigError
from zerosum.studio.writing.drafts import Copy, Draft
from zerosum.studio.writing.subjects import CopySubject

AUTHOR = "template"

_MOST_COLUMNS = 8
_MOST_COLOURS = 3
_MOST_TITLE = 200
_MOST_WORD = 80


@dataclass(frozen=True)
class _Phrases:
    """One language's sentences; `{}` is filled, and names keep the form in which they are given."""

    titles: tuple[str, ...]
    titles_with_colour: tuple[str, ...]
    picture: tuple[str, ...]
    plain_picture: tuple[str, ...]
    rows: tuple[str, ...]
    thing: tuple[str, ...]
    colour: tuple[str, ...]
    colours: tuple[str, ...]
    facts: str
    columns: str
    more: str
    alt: str
    plain_alt: str
    picture_word: str
    row_word: str
    tag: str
    conjunction: str
    decimal: str
    thousands: str
    yes: str
    no: str
    missing: str


_PHRASES = {
    "en": _Phrases(
        titles=("{}", "New: {}", "A look at {}"),
        titles_with_colour=("{} in {}", "New: {} in {}", "A look at {} in {}"),
        picture=(
            "This picture of class “{}” was made by a generative model.",
            "A generative model made this picture of class “{}”.",
            "Class “{}”, as a generative model draws it.",
        ),
        plain_picture=(
            "This picture was made by a generative model.",
            "A generative model made this picture.",
            "A picture, as a generative model draws it.",
        ),
        rows=(
            "This row “{}” was made by a generative model.",
            "A generative model made this row, “{}”.",
            "Row “{}”, made by a generative model.",
        ),
        thing=(
            "“{}” was made by a generative model.",
            "A generative model made “{}”.",
            "“{}”, made by a generative model.",
        ),
        colour=("Its main colour is {}.", "What stands out: {}.", "Main colour: {}."),
        colours=("Its main colours are {}.", "What stands out: {}.", "Main colours: {}."),
        facts="Facts: {}.",
        columns="Values: {}.",
        more="and {} more",
        alt="Generated picture of class “{}”.",
        plain_alt="Generated picture.",
        picture_word="Picture",
        row_word="Row",
        tag="generated",
        conjunction="and",
        decimal=".",
        thousands=",",
        yes="yes",
        no="no",
        missing="unknown",
    ),
    "de": _Phrases(
        titles=("{}", "Neu: {}", "Im Blick: {}"),
        titles_with_colour=("{} in {}", "Neu: {} in {}", "Im Blick: {} in {}"),
        picture=(
            "Dieses Bild der Klasse „{}“ stammt von einem generativen Modell.",
            "Ein generatives Modell hat dieses Bild der Klasse „{}“ erzeugt.",
            "Klasse „{}“, wie ein generatives Modell sie zeichnet.",
        ),
        plain_picture=(
            "Dieses Bild stammt von einem generativen Modell.",
            "Ein generatives Modell hat dieses Bild erzeugt.",
            "Ein Bild, wie ein generatives Modell es zeichnet.",
        ),
        rows=(
            "Diese Zeile „{}“ stammt von einem generativen Modell.",
            "Ein generatives Modell hat diese Zeile erzeugt: „{}“.",
            "Zeile „{}“, von einem generativen Modell erzeugt.",
        ),
        thing=(
            "„{}“ stammt von einem generativen Modell.",
            "Ein generatives Modell hat „{}“ erzeugt.",
            "„{}“, von einem generativen Modell erzeugt.",
        ),
        colour=("Die Hauptfarbe ist {}.", "Was auffällt: {}.", "Hauptfarbe: {}."),
        colours=("Die Hauptfarben sind {}.", "Was auffällt: {}.", "Hauptfarben: {}."),
        facts="Angaben: {}.",
        columns="Werte: {}.",
        more="und {} weitere",
        alt="Erzeugtes Bild der Klasse „{}“.",
        plain_alt="Erzeugtes Bild.",
        picture_word="Bild",
        row_word="Zeile",
        tag="generiert",
        conjunction="und",
        decimal=",",
        thousands=".",
        yes="ja",
        no="nein",
        missing="unbekannt",
    ),
}

TEMPLATE_LANGUAGES = tuple(_PHRASES)
"""Languages that `TemplateWriter` writes."""


class TemplateWriter:
    """Writes copy from what is known of an item; it is no LLM, and drafts say so by their author.

    It names the class, the attributes, the columns of a row, and the dominant colours that are
    computed from the picture. It knows nothing else, and claims nothing else.

    Args:
        language: `en` or `de`, with any region.

    Raises:
        ConfigError: it writes no such language.

    >>> shoe = CopySubject("0001.png", label="sandal", attributes={"season": "summer"})
    >>> TemplateWriter().write(shoe).copy.body
    '“sandal” was made by a generative model. Facts: season: summer.'
    """

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self._key = language.lower().split("-")[0]
        if self._key not in _PHRASES:
            raise ConfigError(
                f"the template writer does not write {language!r}. Allowed: "
                f"{', '.join(TEMPLATE_LANGUAGES)}. Another language needs an LLM."
            )
        self._phrases = _PHRASES[self._key]

    def write(self, subject: CopySubject, *, variant: int = 1) -> Draft:
        """Copy for one item; a few variants differ in their words.

        Raises:
            DataError: the picture cannot be read.
        """
        i = (variant - 1) % len(self._phrases.titles)
        colours = [one.name(self._key) for one in subject.colours]
        colours = list(dict.fromkeys(colours))[:_MOST_COLOURS]
        what = subject.label or subject.name
        copy = Copy(
            title=self._title(subject, colours, i),
            body=" ".join(self._sentences(subject, what, colours, i)),
            alt_text=self._alt_text(subject, colours) if subject.picture is not None else "",
            tags=self._tags(subject, colours),
            language=self.language,
        )
        notes = ("filled in from facts: no LLM wrote this, and nobody looked at it",)
        return Draft(copy, AUTHOR, saw_picture=False, notes=notes)

    def _title(self, subject: CopySubject, colours: list[str], i: int) -> str:
        words = self._phrases
        unit = words.row_word if subject.row else words.picture_word
        what = _cut(subject.label or (unit if subject.picture or subject.row else subject.name))
        if colours:
            title = words.titles_with_colour[i].format(what, self._listed(colours[:2]))
        else:
            title = words.titles[i].format(what)
        return (title[:1].upper() + title[1:])[:_MOST_TITLE]

    def _sentences(self, subject: CopySubject, what: str, colours: list[str], i: int) -> list[str]:
        words = self._phrases
        if subject.picture is not None:
            kinds = words.picture if subject.label else words.plain_picture
        else:
            kinds = words.rows if subject.row else words.thing
        sentences = [kinds[i].format(_cut(what))]
        if colours:
            sentences.append(self._of_colours(colours, i))
        for form, values in ((words.facts, subject.attributes), (words.columns, subject.row)):
            if values:
                sentences.append(form.format(self._pairs(values)))
        return sentences

    def _alt_text(self, subject: CopySubject, colours: list[str]) -> str:
        words, label = self._phrases, subject.label
        sentences = [words.alt.format(_cut(label)) if label else words.plain_alt]
        if colours:
            sentences.append(self._of_colours(colours, -1))
        return " ".join(sentences)

    def _of_colours(self, colours: list[str], i: int) -> str:
        forms = self._phrases.colour if len(colours) == 1 else self._phrases.colours
        return forms[i].format(self._listed(colours))

    def _tags(self, subject: CopySubject, colours: list[str]) -> tuple[str, ...]:
        values = ", ".join(map(str, subject.attributes.values())).split(", ")
        found = [subject.label or "", *values, *colours]
        tags = [_cut(" ".join(tag.replace(",", " ").split())) for tag in found]
        return tuple(dict.fromkeys([tag for tag in tags if tag] + [self._phrases.tag]))[:50]

    def _pairs(self, values: Mapping[str, Any]) -> str:
        """`name: value; name: value`, of the first few."""
        shown = list(values.items())[:_MOST_COLUMNS]
        text = "; ".join(f"{_cut(name)}: {self._value(value)}" for name, value in shown)
        rest = len(values) - len(shown)
        return f"{text}; {self._phrases.more.format(rest)}" if rest else text

    def _value(self, value: Any) -> str:
        words = self._phrases
        if value is None or value != value:
            return words.missing
        if isinstance(value, bool):
            return words.yes if value else words.no
        if isinstance(value, Real):
            text = f"{value:,d}" if isinstance(value, int) else f"{float(value):,.6g}"
            swap = {",": words.thousands, ".": words.decimal}
            return "".join(swap.get(c, c) for c in text)
        return _cut(str(value))

    def _listed(self, names: list[str]) -> str:
        """`a, b and c`."""
        *head, last = names
        return f"{', '.join(head)} {self._phrases.conjunction} {last}" if head else last


def _cut(text: str) -> str:
    """A word or a few as one short line."""
    text = " ".join(str(text).split())
    return text if len(text) <= _MOST_WORD else f"{text[: _MOST_WORD - 1]}…"
