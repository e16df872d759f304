"""Pictures and subjects to write copy for."""

import io

import pytest
from PIL import Image

from zerosum.studio.writing.subjects import CopySubject


def png(picture: Image.Image) -> bytes:
    body = io.BytesIO()
    picture.save(body, format="PNG")
    return body.getvalue()


@pytest.fixture
def sandal() -> CopySubject:
    """A picture of 28 x 28 pixels, half red and half white."""
    picture = Image.new("RGB", (28, 28), "#d42020")
    picture.paste("#ffffff", (0, 14, 28, 28))
    facts = {"season": "summer"}
    return CopySubject("7.png", label="sandal", attributes=facts, picture=png(picture))


@pytest.fixture
def words() -> CopySubject:
    """A subject without a picture."""
    return CopySubject("7", label="sandal")
