"""Templates of texts as they are kept: sentences with slots, and how rows choose among them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from zerosum.cards import Described, InfoCard
from zerosum.config import Config, Count
from zerosum.errors import ConfigError, DataError
from zerosum.modalities.strings.templates.forms import plain_cell
from zerosum.runs.files import make_folder, read_json, require_unicode, write_json

_SHOWN = 12
_LETTERS = 150
_PART = re.compile(r"\{\{|\}\}|\{([^{}:]+)(?::([^{}]+))?\}|[^{}]+")
_USUAL = "plain"
_GIVEN = "(given)"
_Place = Annotated[int, Field(ge=0)]

Part = str | tuple[str, str]
"""Words of a template, or the column and form of a slot."""


class Sentence(Config):
    """A sentence or line that several texts have.

    Attributes:
        text: its words, with `{column}` or `{column:form}` for slots; braces are doubled.
        count: rows whose texts have it.
        seen: of each class column, the values of these rows.
    """

    kind = "template_sentence"
    text: str
    count: Count
    seen: Mapping[str, tuple[str, ...]] = {}


class Variant(Config):
    """Sentences that make a whole text.

    Attributes:
        sentences: which, by their place among those of the templates.
        count: rows whose texts are so.
        seen: of each class column, how many of these rows have each value.
    """

    kind = "template_variant"
    sentences: tuple[_Place, ...]
    count: Count
    seen: Mapping[str, Mapping[str, Count]] = {}


class Template(Config):
    """Texts that are built alike.

    Attributes:
        text: what they have in common; `…` stands for words that differ.
        count: rows whose texts are so.
        variants: which there are, the most frequent first.
    """

    kind = "template"
    text: str
    count: Count
    variants: tuple[Variant, ...]


class Templates(Described, Config):
    """What was found in example texts: `fill` makes texts of rows with it.

    Attributes:
        text: the column of texts.
        columns: all columns, in order.
        slots: how many texts have the cell of each column.
        classes: columns with few values, by which sentences are chosen.
        optional: columns with many values, of which some are missing: whether they are decides too.
        num_rows: examples.
        covered: of these, those whose texts consist of sentences that enough texts share.
        protect: rows that must share a sentence.
        sentences: of which texts consist.
        templates: texts that are built alike, the most frequent first.
        training: whether texts are material for training detectors, and are marked as such.
    """

    kind = "templates"
    text: str
    columns: tuple[str, ...]
    slots: Mapping[str, Count]
    classes: tuple[str, ...]
    optional: tuple[str, ...] = ()
    num_rows: Count
    covered: Count
    protect: Count
    sentences: tuple[Sentence, ...]
    templates: tuple[Template, ...]
    training: bool = False

    @model_validator(mode="after")
    def _sound(self) -> "Templates":
        many = len(self.sentences)
        for variant in (one for template in self.templates for one in template.variants):
            if any(i >= many for i in variant.sentences):
                raise ConfigError(f"a template names sentence {max(variant.sentences)} of {many}.")
        for sentence in self.sentences:
            for part in parts_of(sentence.text):
                if isinstance(part, tuple) and part[0] not in self.columns:
                    raise ConfigError(f"a template has a slot for {part[0]!r}, which is no column.")
        return self

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that rows must have to be filled in."""
        needed = {*self.slots, *self.classes, *self.optional}
        return tuple(name for name in self.columns if name in needed)

    def classes_of(self, row: Mapping[str, Any]) -> dict[str, str]:
        """What sentences are chosen by: the value of each class column, and what is missing."""
        found = {name: class_of(row[name]) for name in self.classes}
        return found | {name: _GIVEN if class_of(row[name]) else "" for name in self.optional}

    def fill(self, rows: Any, *, seed: int = 0) -> Any:
        """Rows with texts: a frame of the same library; see `fill_templates`.

        Args:
            rows: a frame, or the path of a file.
            seed: which templates are taken.

        Raises:
            DataError: the rows cannot be read, or lack columns, or no template fits any of them.
        """
        from zerosum.modalities.strings.templates.filling import fill_templates
        from zerosum.modalities.tables.reading.frames import to_native

        filled = fill_templates(self, rows, seed=seed)
        return to_native(filled.table, filled.library)

    def save(self, path: Path | str) -> Path:
        """Write them as JSON.

        Raises:
            RunError: the file cannot be written.
        """
        path = Path(path)
        require_unicode(path)
        make_folder(path.parent)
        write_json(path, self.to_json())
        return path

    @classmethod
    def load(cls, path: Path | str) -> "Templates":
        """Templates of a file.

        Raises:
            RunError: there is no such file, or it is no JSON.
            DataError: it holds no templates.
        """
        try:
            found = cls.from_json(read_json(Path(path)))
        except ConfigError as error:
            raise DataError(f"{path} holds no templates: {error}") from error
        return found

    def lines(self) -> list[str]:
        """What was found, in lines for people."""
        whole = max(self.num_rows, 1)
        slots = ", ".join(f"{name} {many / whole:.0%}" for name, many in self.slots.items())
        lines = [
            f"{len(self.templates):,} templates of {len(self.sentences):,} sentences, which say "
            f"{self.covered:,} of {self.num_rows:,} texts.",
            f"slots: {slots or 'none'}",
        ]
        if self.classes:
            lines.append(f"chosen by: {', '.join(self.classes)}")
        if self.covered < self.num_rows:
            lines.append(
                f"The other {self.num_rows - self.covered:,} texts have a sentence that fewer than "
                f"{self.protect} share, and are nobody's template."
            )
        for one in self.templates[:_SHOWN]:
            text = " / ".join(one.text.splitlines())
            many = f", {len(one.variants):,} variants" if len(one.variants) > 1 else ""
            short = text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
            lines.append(f"{one.count:>6,}  {short}{many}")
        more = len(self.templates) - _SHOWN
        return [*lines, f"and {more:,} more"] if more > 0 else lines

    def card(self, *, drawn: bool) -> InfoCard:
        """See `Described.card`."""
        first, *notes = self.lines()
        return InfoCard(first, notes=notes)


def parts_of(text: str) -> list[Part]:
    """Words and slots of a template's text.

    >>> parts_of("{age}-year-old {sex:capital} {{sic}}")
    [('age', 'plain'), '-year-old ', ('sex', 'capital'), ' ', '{', 'sic', '}']

    Raises:
        ConfigError: a brace is alone.
    """
    parts: list[Part] = []
    done = 0
    for found in _PART.finditer(text):
        if found.start() != done:
            break
        done = found.end()
        if found.group(1):
            parts.append((found.group(1), found.group(2) or _USUAL))
        else:
            parts.append({"{{": "{", "}}": "}"}.get(found.group(), found.group()))
    if done != len(text):
        raise ConfigError(f"the template {text!r} has a brace that is alone; double it.")
    return parts


def text_of(parts: Sequence[Part]) -> str:
    """Parts as the text of a template.

    >>> text_of([("age", "plain"), " years {", ("sex", "capital")])
    '{age} years {{{sex:capital}'
    """
    return "".join(
        part.replace("{", "{{").replace("}", "}}") if isinstance(part, str)
        else "{" + (part[0] if part[1] == _USUAL else ":".join(part)) + "}"
        for part in parts
    )  # fmt: skip


def class_of(cell: Any) -> str:
    """The value of a class column as templates name it; empty where the cell is missing.

    >>> class_of(3.0), class_of(True), class_of(None)
    ('3', 'true', '')
    """
    plain = plain_cell(cell)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return "" if plain is None else str(plain)
