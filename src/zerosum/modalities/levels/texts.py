"""Levels in texts: titles and comments, runs of XSB, and lines that are filled up."""

import re
from collections.abc import Sequence
from pathlib import Path

from zerosum.data.files import open_regular
from zerosum.errors import DataError
from zerosum.modalities.levels.rules import Grid

_LARGEST_FILE = 16_000_000
_WALL = "#"
_XSB = "#@+$*. _-"
_COMMENT, _COMMENT_END = "comment:", "comment-end:"
_NUMBERED = 8
"""Lines that a message names at most."""


def read_text(path: Path) -> tuple[str, bool]:
    """The text of a file, and whether its encoding is a guess.

    Texts are UTF-8, or UTF-16 with a mark. Any other is read as Latin-1, in which every byte is a
    character.

    Raises:
        DataError: the file is too large, or holds bytes of no text.
    """
    with open_regular(path) as handle:
        raw = handle.read(_LARGEST_FILE + 1)
    if len(raw) > _LARGEST_FILE:
        raise DataError(f"{path} is larger than {_LARGEST_FILE // 1_000_000} MB; levels are not.")
    marked = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text, guessed = raw.decode("utf-16" if marked else "utf-8-sig"), False
    except UnicodeDecodeError:
        text, guessed = raw.decode("latin-1"), True
    if "\0" in text:
        raise DataError(f"{path} is not text: it holds zero bytes.")
    return text, guessed


def parse(text: str, *, name: str) -> list[Grid]:
    r"""The levels in a text.

    >>> parse("; one\n####\n#@>#\n\n##\n##\n", name="x")
    [['####', '#@>#'], ['##', '##']]
    >>> parse("Level 1\n####\n#@>#\n####\nby me\n", name="x")
    [['####', '#@>#', '####']]
    >>> parse("5#|#@$.#|2#-2#|5#", name="x")
    [['#####', '#@$.#', '##-##', '#####']]

    Raises:
        DataError: lines of one level differ in length, and not only by blanks at their ends.
    """
    blocks: list[Grid] = [[]]
    comment = False
    for line in re.split(r"\r\n|\r|\n", text):
        start = line.strip().lower()
        # A comment may be one line or many: only the latter have an end.
        comment = (comment or start == _COMMENT) and start != _COMMENT_END
        title = comment or line.startswith(";") or re.match(r"[A-Za-z][A-Za-z -]*:(\s|$)", line)
        if start and not title:
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    blocks = _without_titles([_without_runs(one) for one in blocks if one])
    kept = [one for one in blocks if not _is_prose(one)]
    return [_squared(one, name=name, number=i) for i, one in enumerate(kept, start=1)]


def _without_runs(rows: Grid) -> Grid:
    """Rows of an XSB level whose runs are counted (`4#`) or whose lines are parted by `|`."""
    parted = [row for one in rows for row in one.rstrip("|").split("|")]
    plain = [re.sub(r"(\d+)([^\d])", lambda run: int(run[1]) * run[2], row) for row in parted]
    walled = all(_WALL in row and set(row) <= set(_XSB) for row in plain)
    return plain if walled and plain != rows else rows


def _without_titles(blocks: Sequence[Grid]) -> list[Grid]:
    """Levels without words above and below them, where every line of a level has a wall `#`.

    Without walls nothing tells a title from a row of tiles.
    """
    cut = [_between_words(rows) for rows in blocks]
    walled = all(_WALL in row for rows in cut for row in rows)
    return [rows for rows in cut if rows] if walled and any(cut) else list(blocks)


def _between_words(rows: Grid) -> Grid:
    """Rows without words at either end.

    These have letters or digits and no wall, or a word and one `#`, as in `Level #3`.
    """

    def worded(row: str) -> bool:
        walls = row.count(_WALL)
        if not walls:
            return bool(re.search(r"[^\W_]", row))
        return walls == 1 and bool(re.search(r"[A-Za-z]{2,} ", row))

    kept = [i for i, row in enumerate(rows) if not worded(row)]
    return rows[kept[0] : kept[-1] + 1] if kept else []


def _is_prose(rows: Grid) -> bool:
    """Whether lines are sentences: few or of several lengths, and mostly with words and blanks."""
    worded = [bool(re.search(r"[a-z]{3,}", row)) and " " in row.strip() for row in rows]
    return (len(rows) < 3 or len({len(row) for row in rows}) > 1) and 2 * sum(worded) > len(rows)


def _squared(rows: Grid, *, name: str, number: int) -> Grid:
    if any("\t" in row for row in rows):
        raise DataError(f"level {number} of {name} has tabs; a tile is one character.")
    width = max(map(len, rows))
    short = [row for row in rows if len(row) < width]
    closed = any(" " in row for row in rows) or all(row.endswith(_WALL) for row in rows)
    if short and not closed:
        usual = max(map(len, rows), key=[len(row) for row in rows].count)
        odd = [i for i, row in enumerate(rows, start=1) if len(row) != usual]
        named = ", ".join(map(str, odd[:_NUMBERED])) + (", …" if len(odd) > _NUMBERED else "")
        raise DataError(
            f"the lines of level {number} of {name} have {min(map(len, short))} to {width} "
            f"characters: most have {usual}, and {'line' if len(odd) == 1 else 'lines'} {named} "
            "of the level not. Each line of a level has as many."
        )
    floor = next((tile for tile in " -_" if any(tile in row for row in rows)), " ")
    return [row.ljust(width, floor) for row in rows]
