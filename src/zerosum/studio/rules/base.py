"""The family of rules."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import StringConstraints

from zerosum.config import Config
from zerosum.studio.rules.hits import Hit, Severity
from zerosum.studio.writing.drafts import Copy
from zerosum.studio.writing.subjects import CopySubject

Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""A term to look for; see `Term`."""

TextField = Literal["title", "body", "alt_text", "tags"]


class Rule(Config):
    """Base of every rule. A new one is a subclass with a `kind`.

    Attributes:
        severity: whether its hits forbid to approve an item.
    """

    severity: Severity = "blocking"

    @abstractmethod
    def check(self, copy: Copy, subject: CopySubject) -> Iterable[Hit]:
        """Every place where the rule is broken."""

    def hit(self, field: str, start: int, end: int, message: str, *, fix: str | None = None) -> Hit:
        """A hit of this rule."""
        return Hit(self.kind, field, start, end, message, self.severity, fix)


def texts_in(copy: Copy, fields: tuple[TextField, ...]) -> Iterator[tuple[str, str]]:
    """Places and texts of some fields; each tag is a text of its own."""
    for place, text in copy.texts().items():
        if place.split(".")[0] in fields:
            yield place, text
