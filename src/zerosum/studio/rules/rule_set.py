"""Sets of rules with a version, and checking copy against one."""

from typing import Annotated

from pydantic import Field

from zerosum.config import Config
from zerosum.studio.rules import form, wording  # noqa: F401 (they register the kinds of rules)
from zerosum.studio.rules.base import Rule
from zerosum.studio.rules.hits import PICTURE, Hit
from zerosum.studio.writing.drafts import Copy
from zerosum.studio.writing.subjects import CopySubject

_ORDER = ("title", "body", "alt_text", "tags", "language", PICTURE)


class RuleSet(Config):
    """A brand's rules, by name and version.

    Attributes:
        name: what people call it.
        version: a number that grows with every change.
        rules: all are checked; a kind may come more than once.
    """

    kind = "rule_set"

    name: Annotated[str, Field(min_length=1, max_length=100)]
    version: Annotated[int, Field(ge=1)] = 1
    rules: Annotated[tuple[Rule, ...], Field(max_length=1_000)] = ()


def check(copy: Copy, subject: CopySubject, rules: RuleSet) -> list[Hit]:
    """Every place where copy breaks a rule, in reading order.

    Args:
        copy: what is checked.
        subject: what it is about, for rules that look at the picture.
        rules: the brand's.

    Raises:
        DataError: the picture cannot be read.
        MissingExtraError: a library is not installed.
    """
    hits = [hit for rule in rules.rules for hit in rule.check(copy, subject)]
    return sorted(hits, key=lambda hit: (_place(hit.field), hit.start, hit.end))


def _place(field: str) -> tuple[int, int]:
    name, _, number = field.partition(".")
    return _ORDER.index(name), int(number or 0)
