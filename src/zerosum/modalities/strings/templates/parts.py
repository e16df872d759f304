"""What templates are made of: sentences with slots, and whole texts of these."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from zerosum.config import Config, Count
from zerosum.errors import ConfigError
from zerosum.modalities.strings.templates.forms import plain_cell

_PART = re.compile(r"\{\{|\}\}|\{([^{}:]+)(?::([^{}]+))?\}|[^{}]+")
_USUAL = "plain"
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
