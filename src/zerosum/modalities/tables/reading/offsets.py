"""What the texts of moments say of clocks: how far they are ahead of UTC, and parts of a second."""

import re
from collections.abc import Iterable, Iterator

from zerosum.modalities.tables.written.moments import MomentFormat, offset_of


def offsets(texts: Iterable[str], form: MomentFormat) -> list[int]:
    """Seconds that the clocks of moments are ahead of UTC, each once."""
    cells = [text.rpartition(" ")[2] if " %" in form.format else text for text in texts]
    return sorted({_offset(text) for text in cells})


def several_offsets(texts: Iterable[str], form: MomentFormat) -> str:
    """What becomes of moments whose clocks differ; nothing where they do not."""
    ends = offsets(texts, form) if "z" in form.format else []
    if len(ends) < 2:
        return ""
    more = ", …" if len(ends) > 3 else ""
    return (
        f"moments with several offsets from UTC ({', '.join(map(clock, ends[:3]))}{more}), which "
        "are kept and written in UTC"
    )


def clock(seconds: int) -> str:
    """An offset from UTC as text.

    >>> clock(-19800)
    '-05:30'
    """
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def fractions(texts: Iterable[str], form: MomentFormat) -> Iterator[str]:
    """Digits of a second behind the point, of each text that has some."""
    if "f" not in form.format:
        return
    pattern = re.compile(form.pattern)
    for text in texts:
        if found := pattern.match(text):
            yield found["f"]


def _offset(text: str) -> int:
    """Seconds that a moment's clock is ahead of UTC."""
    found = re.search(r"(Z|UTC|GMT|[-+]\d{2}:?\d{2})$", text)
    return offset_of(found[1]) if found else 0
