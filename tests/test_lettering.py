"""Text in pictures: each word in a font that has it, and no boxes where none has."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import rdkit
import torch
from PIL import Image, ImageChops, ImageDraw, ImageFont

from zerosum import lettering
from zerosum.lettering import Lettering
from zerosum.modalities.strings.shown import TextPreview
from zerosum.modalities.tables.sheet import draw_rows
from zerosum.plots.raster import to_image
from zerosum.plots.shapes import Plot, Words
from zerosum.workflows.data import open_data

FREE_SANS = Path(rdkit.__file__).parent / "Chem" / "Draw" / "FreeSans.ttf"
"""A font with Greek, Cyrillic, Devanagari and symbols, and without Chinese."""
CHINESE, NO_FONT = "中文好", "[no font for 3 letters: CJK]"


def forget() -> None:
    for found in (lettering._face, lettering._has, lettering._font, lettering._fallbacks):
        found.cache_clear()


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine without fontconfig and fonts; the folder is where Pillow looks for fonts."""
    for name in ("PATH", "XDG_DATA_DIRS", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    forget()
    yield tmp_path / "fonts"
    forget()


def drawn(text: str, anchor: str = "la") -> bytes:
    sheet = Image.new("L", (400, 60), 255)
    Lettering(14).write(ImageDraw.Draw(sheet), (200, 30), text, fill=0, anchor=anchor)
    return sheet.tobytes()


def test_what_no_font_has_is_said(bare: Path) -> None:
    assert drawn(f"so {CHINESE} so") == drawn(f"so {NO_FONT} so")
    assert drawn("é") == drawn("[U+00E9]")
    assert drawn("नमस्ते") == drawn("[no font for 4 letters: DEVANAGARI]")  # marks aside
    assert drawn("😀→") == drawn("[no font for 2 letters: symbols]")
    assert Lettering(14).wrapped(CHINESE * 200, 300) == ["[no font for 600 letters: CJK]"]


def test_a_preview_says_it_too(bare: Path) -> None:
    texts = [f"{CHINESE} x", f"{NO_FONT} x"] * 20
    frame = pd.DataFrame({"mood": ["good", "bad"] * 20, "text": texts})
    dataset = open_data(frame, spaces=("string",), text="text", pieces="characters")[0]
    one, other = (
        TextPreview().draw_one(dataset.space, row) for row in dataset.take(torch.arange(2))[0]
    )
    assert one == other
    assert draw_rows(pa.table({"x": ["中"]})) == draw_rows(pa.table({"x": ["[U+4E2D]"]}))


def test_a_usual_font_is_taken(bare: Path) -> None:
    bare.mkdir()
    shutil.copy(FREE_SANS, bare / "DejaVuSans.ttf")
    font = ImageFont.truetype(str(FREE_SANS), 14)
    assert Lettering(14).length("Ωмега") == font.getlength("Ωмега")
    assert drawn("Ωμέγα") != drawn("[no font for 5 letters: GREEK]")
    assert drawn(CHINESE) == drawn(NO_FONT)
    assert Lettering(14).length("plain") == ImageFont.load_default(14).getlength("plain")


@pytest.mark.skipif(not shutil.which("fc-match"), reason="fontconfig is not installed")
def test_a_font_of_the_system_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fonts").mkdir()
    shutil.copy(FREE_SANS, tmp_path / "fonts")
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    forget()
    text = "नमस्ते"
    assert drawn(text) != drawn("[no font for 4 letters: DEVANAGARI]")
    assert Lettering(14).length(text) < 60
    forget()


def test_lines_are_held_where_they_are_asked_to_be() -> None:
    """As Pillow draws a line in one font."""
    font = ImageFont.load_default(14)
    assert isinstance(font, ImageFont.FreeTypeFont)
    for anchor in ("la", "ms", "rs"):
        sheet = Image.new("L", (400, 60), 255)
        x = 200 - {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]] * font.getlength("plain words")
        y = 30 + (font.getmetrics()[0] if anchor[1] == "a" else 0)
        ImageDraw.Draw(sheet).text((x, y), "plain words", fill=0, font=font, anchor="ls")
        assert drawn("plain words", anchor) == sheet.tobytes()


def test_words_that_are_too_long_are_broken() -> None:
    letters = Lettering(14)
    lines = letters.wrapped("a " + "w" * 50, 100)
    assert len(lines) > 4
    assert lines[0].startswith("a w")
    assert all(letters.length(line) <= 100 for line in lines)
    assert letters.wrapped("", 100) == [""]


def test_upright_words_stand_where_lying_ones_lie() -> None:
    for anchor in ("start", "middle", "end"):
        lying = Words([(60, 60)], "words", text="name", anchor=anchor, size=12)
        upright = Words([(60, 60)], "words", text="name", anchor=anchor, size=12, upwards=True)
        found, flat = (_ink(to_image(Plot("bar", 120, 120, [one]))) for one in (upright, lying))
        turned = (flat[1], 120 - flat[2], flat[3], 120 - flat[0])
        assert all(abs(a - b) <= 1 for a, b in zip(turned, found, strict=True)), anchor


def _ink(image: Image.Image) -> tuple[int, int, int, int]:
    found = ImageChops.invert(image.convert("L")).getbbox()
    assert found is not None
    return found
