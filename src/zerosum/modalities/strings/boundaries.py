"""Where a cell stands in a text as a whole, and not as a part of a longer word or number.

Chinese and Japanese put no spaces between words, and Korean hangs particles on them, so there a
letter may follow.
"""

import re
from collections.abc import Iterator

_LETTER = re.compile(r"[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def holds(text: str, words: str | None) -> bool:
    """Whether a text holds words as a whole.

    >>> holds("30 mg", "30"), holds("300 mg", "30"), holds("30.5 mg", "30"), holds("约30岁", "30")
    (True, False, False, True)
    """
    return bool(words) and any(True for _ in spans(text, words))


def spans(text: str, words: str) -> Iterator[tuple[int, int]]:
    """Where a text holds words as a whole; a number is no part of a longer one.

    >>> [*spans("30.5 mg, 30 mg, 130", "30")]
    [(9, 11)]
    """
    start = text.find(words)
    while start >= 0:
        end = start + len(words)
        if _ends(text[:start][-2:][::-1], words[0]) and _ends(text[end : end + 2], words[-1]):
            yield start, end
        start = text.find(words, start + 1)


def replaced(text: str, words: str, mark: str) -> str:
    """A text with a mark wherever it holds words as a whole.

    >>> replaced("30 of 300, 30", "30", "#")
    '# of 300, #'
    """
    made, done = "", 0
    for start, end in spans(text, words):
        if start >= done:
            made, done = made + text[done:start] + mark, end
    return made + text[done:]


def _ends(beside: str, inside: str) -> bool:
    """Whether words end where `inside` is followed by `beside`, which is read outwards."""
    if not beside or not _LETTER.fullmatch(inside):
        return True
    digits = inside.isdigit() and len(beside) > 1 and beside[1].isdigit()
    return not _LETTER.fullmatch(beside[0]) and not (digits and beside[0] in ".,")
