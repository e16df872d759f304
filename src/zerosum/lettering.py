"""Text in pictures, each word in a font that has its letters.

Pillow's own font has little more than ASCII. Other letters are drawn in fonts of the system, in the
order in which fontconfig falls back on them. What no font has is named in brackets, so that nothing
is ever drawn as boxes.
"""

import re
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby

from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

Face = tuple[str, int]
"""A file of fonts and which of these; an empty name is Pillow's own font."""

_OWN: Face = ("", 0)

_USUAL = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc", "Arial Unicode.ttf",
    "segoeui.ttf", "msyh.ttc", "Nirmala.ttf", "seguisym.ttf",
)  # fmt: skip
"""Looked for where there is no fontconfig, in the folders of fonts that Pillow knows."""

_NOBODYS = "\U0010ffff"


class Lettering:
    """Text of one size.

    Args:
        size: of the letters, in pixels.
    """

    def __init__(self, size: float) -> None:
        self._size = size
        own = _font(_OWN, size)
        assert isinstance(own, FreeTypeFont)
        self.ascent, self.descent = own.getmetrics()

    def length(self, text: str) -> float:
        """How wide a line is, in pixels.

        >>> Lettering(14).length("ab") > Lettering(14).length("a") > 0
        True
        """
        return sum(font.getlength(piece) for font, piece in self._pieces(text))

    def wrapped(self, text: str, width: float) -> list[str]:
        """Lines that are no wider, broken between words, and within words that are too long.

        >>> Lettering(14).wrapped("one two three", Lettering(14).length("one two"))
        ['one two', 'three']
        """
        lines = [""]
        for word in "".join(piece for _, piece in self._pieces(text)).split():
            gap = " "
            for piece in [word] if self.length(word) <= width else word:
                longer = lines[-1] + gap + piece if lines[-1] else piece
                if self.length(longer) <= width or not lines[-1]:
                    lines[-1] = longer
                else:
                    lines.append(piece)
                gap = ""
        return lines

    def write(
        self, pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, *,
        fill: int | str | tuple[int, ...], anchor: str = "la",
    ) -> None:  # fmt: skip
        """Draw a line.

        Args:
            pen: of the picture.
            place: across and down.
            text: what to draw.
            fill: its colour.
            anchor: which point of the line is there, as Pillow names it: `l`, `m` or `r`, and then
                `a` for the ascender or `s` for the baseline.
        """
        x, y = place
        x -= {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]] * self.length(text)
        y += self.ascent if anchor[1] == "a" else 0
        for font, piece in self._pieces(text):
            pen.text((x, y), piece, fill=fill, font=font, anchor="ls")
            x += font.getlength(piece)

    def _pieces(self, text: str) -> Iterator[tuple[ImageFont.FreeTypeFont, str]]:
        for face, pieces in groupby(_faced(text), key=lambda one: one[0]):
            piece = "".join(letters for _, letters in pieces)
            yield _font(face or _OWN, self._size), piece if face else _named(piece)


def _faced(text: str) -> Iterator[tuple[Face | None, str]]:
    """Words, or their letters where no font has the whole word, each with its font."""
    last: Face | None = _OWN
    for word in re.findall(r"\s+|\S+", text):
        # A number amid words that are read from right to left must be of the same piece.
        whole = (
            last if last and not any(map(_is_letter, word)) and _all(last, word) else _face(word)
        )
        for piece in [word] if whole else word:
            last = last if all(map(_follows, piece)) else whole or _face(piece)
            yield last, piece


@cache
def _face(letters: str) -> Face | None:
    """The first font that has all letters."""
    every = (_OWN, *(_fallbacks() if not letters.isascii() else ()))
    return next((face for face in every if _all(face, letters)), None)


def _all(face: Face, letters: str) -> bool:
    """Whether a font has all of some letters."""
    return all(_has(face, letter) for letter in letters if not _follows(letter))


def _follows(letter: str) -> bool:
    """Whether it is drawn as what stands before it: a mark, a space, something invisible."""
    return unicodedata.category(letter) in ("Mn", "Mc", "Me", "Zs", "Cc", "Cf")


@cache
def _has(face: Face, letter: str) -> bool:
    """Whether a font has a letter: it is not drawn as what stands for a missing one."""
    try:
        font = _font(face, 16)
    except OSError:  # it cannot be read, or has pictures of one size alone
        return False
    return _drawn(font, letter) != _drawn(font, _NOBODYS)


def _drawn(font: FreeTypeFont, letter: str) -> bytes:
    sheet = Image.new("L", (32, 32))
    ImageDraw.Draw(sheet).text((0, 0), letter, fill=255, font=font)
    return sheet.tobytes()


@cache
def _font(face: Face, size: float) -> ImageFont.FreeTypeFont:
    file, index = face
    font = ImageFont.truetype(file, size, index) if file else ImageFont.load_default(size)
    assert isinstance(font, FreeTypeFont)
    return font


@cache
def _fallbacks() -> tuple[Face, ...]:
    """Fonts of the system, those for text without serifs first."""
    search = shutil.which("fc-match")
    if search is None:
        return tuple((name, 0) for name in _USUAL)
    found = subprocess.run(
        [search, "-s", "-f", "%{file}\t%{index}\n", "sans"], capture_output=True, check=False
    )
    said = found.stdout.decode(errors="surrogateescape").splitlines()
    parts = [line.rpartition("\t") for line in said]
    return tuple((file, int(index)) for file, _, index in parts if file and index.isdecimal())


def _named(letters: str) -> str:
    """What stands for letters that no font has.

    >>> _named("é"), _named("中文 かな")
    ('[U+00E9]', '[no font for 4 letters: CJK, HIRAGANA]')
    """
    shown = [letter for letter in letters if not _follows(letter)]
    behind = letters[len(letters.rstrip()) :]
    if len(shown) == 1:
        return f"[U+{ord(shown[0]):04X}]{behind}"
    kinds = dict.fromkeys(_script(letter) for letter in shown)
    return f"[no font for {len(shown)} letters: {', '.join(kinds)}]{behind}"


def _script(letter: str) -> str:
    return unicodedata.name(letter).partition(" ")[0] if _is_letter(letter) else "symbols"


def _is_letter(letter: str) -> bool:
    return unicodedata.category(letter).startswith("L")
