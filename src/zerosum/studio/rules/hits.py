"""Where copy breaks a rule, and what would mend it."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from zerosum.errors import ConfigError
from zerosum.studio.writing.drafts import Copy

Severity = Literal["blocking", "warning"]

PICTURE = "picture"
"""The field of hits that lie in the picture and not in the copy; their place is 0 to 0."""


@dataclass(frozen=True)
class Hit:
    """One place where a rule is broken.

    Attributes:
        rule: the rule's kind.
        field: a place of `Copy.texts`, `language`, or `picture`.
        start: the first code point of the place, as Python counts; see `utf16` for JavaScript.
        end: the one after its last; equal to `start` where something is missing.
        message: what is wrong, for people.
        severity: whether an item may be approved with it.
        fix: what to put in the place; None if a person must think.
    """

    rule: str
    field: str
    start: int
    end: int
    message: str
    severity: Severity
    fix: str | None = None

    def to_json(self) -> dict[str, Any]:
        """This hit as plain JSON values."""
        return asdict(self)

    def utf16(self, copy: Copy) -> tuple[int, int]:
        """The place in units of UTF-16, as JavaScript counts."""
        text = copy.texts().get(self.field, "")
        return _units(text[: self.start]), _units(text[: self.end])


def apply_fix(copy: Copy, hit: Hit) -> Copy:
    """The copy with a hit mended. Places of other hits in that field are no longer true.

    Raises:
        ConfigError: the hit has no fix for a text.
        DataError: the text no longer fits its field.
    """
    texts = copy.texts()
    if hit.fix is None or hit.field not in texts:
        raise ConfigError(f"{hit.rule} has no fix for {hit.field}: change it by hand.")
    text = texts[hit.field]
    return copy.with_text(hit.field, text[: hit.start] + hit.fix + text[hit.end :])


def is_blocked(hits: list[Hit]) -> bool:
    """Whether any hit forbids to approve the item."""
    return any(hit.severity == "blocking" for hit in hits)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
