"""Pictures on their way to a server."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.studio.writing.conftest import png
from zerosum.errors import DataError
from zerosum.studio.writing.subjects import CopySubject, PictureLimits, open_picture


def noise(side: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_a_picture_fits_its_limits() -> None:
    for side, kilobytes in ((64, 16), (300, 20), (1_024, 100)):
        body = PictureLimits(side=side, kilobytes=kilobytes).encode(noise(900))
        assert len(body) <= kilobytes * 1_000
        with Image.open(io.BytesIO(body)) as shown:
            assert shown.format == "JPEG"
            assert max(shown.size) <= side


def test_what_is_transparent_is_white_and_nothing_else_goes_along() -> None:
    picture = Image.new("RGBA", (300, 300), (255, 0, 0, 0))
    body = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    picture.convert("RGB").save(body, format="JPEG", exif=exif)
    assert b"taken at home" in body.getvalue()
    sent = PictureLimits().encode(open_picture(body.getvalue(), name="a.jpg"))
    assert b"taken at home" not in sent
    with Image.open(io.BytesIO(PictureLimits().encode(picture))) as shown:
        assert shown.getpixel((150, 150)) == (255, 255, 255)


def test_a_picture_that_lies_on_its_side_is_turned() -> None:
    body, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(body, format="JPEG", exif=exif)
    assert open_picture(body.getvalue(), name="a.jpg").size == (20, 40)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    whole = png(noise(50))
    for body in (b"", b"GIF89a", whole[: len(whole) // 2], b"<svg/>"):
        with pytest.raises(DataError, match=r"a\.png is no picture that can be read"):
            open_picture(body, name="a.png")
    with pytest.raises(DataError, match="there is no file"):
        open_picture(tmp_path / "none.png", name="none.png")


def test_a_picture_that_would_fill_the_memory_is_refused() -> None:
    body = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(body, format="PNG")
    with pytest.raises(DataError, match="9000 x 9000 pixels; 64,000,000 are allowed"):
        open_picture(body.getvalue(), name="bomb.png")
    huge = io.BytesIO()
    Image.new("1", (20_000, 10_000)).save(huge, format="PNG")
    with pytest.raises(DataError, match="more than 64,000,000 pixels"):
        open_picture(huge.getvalue(), name="bomb.png")


def test_facts_hold_what_is_known_and_nothing_else(sandal: CopySubject) -> None:
    facts = sandal.facts("de-AT")
    assert facts["colours"] == ["Rot 50% (#d42020)", "Weiß 50% (#ffffff)"]
    assert facts["attributes"] == {"season": "summer"}
    assert "row" not in facts
    row = CopySubject("1", row={"age": 3, "when": Path("x"), "none": None}).facts()["row"]
    assert row == {"age": 3, "when": "x", "none": None}
