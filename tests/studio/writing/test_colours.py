"""Colours against published figures, and of pictures."""

import numpy as np
import pytest
from PIL import Image

from zerosum.errors import ConfigError
from zerosum.studio.writing.colours import (
    NAMES,
    colour_difference,
    colour_name,
    dominant_colours,
    parse_colour,
    to_lab,
)

SHARMA = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
    ((50, 2.8361, -74.0200), (50, 0, -82.7485), 3.4412),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, -0.001, 2.49), (50, 0.0009, -2.49), 4.8045),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((50, 2.5, 0), (61, -5, 29), 22.8977),
    ((50, 2.5, 0), (56, -27, -3), 31.9030),
    ((50, 2.5, 0), (58, 24, 15), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
    ((61.2901, 3.7196, -5.3901), (61.4292, 2.2480, -4.9620), 1.8731),
    ((35.0831, -44.1164, 3.7933), (35.0232, -40.0716, 1.5901), 1.8645),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((36.4612, 47.8580, 18.3852), (36.2715, 50.5065, 21.2231), 1.4146),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((90.9257, -0.5406, -0.9208), (88.6381, -0.8985, -0.7239), 1.5381),
    ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]
"""Pairs in CIE Lab and their CIEDE2000, from table 1 of Sharma, Wu and Dalal, 2005."""


def test_differences_are_those_of_the_paper() -> None:
    first, second, expected = (np.array(column) for column in zip(*SHARMA, strict=True))
    assert np.allclose(colour_difference(first, second), expected, atol=6e-5)
    assert np.allclose(colour_difference(second, first), expected, atol=6e-5)


def test_lab_of_known_colours() -> None:
    known = {"#ff0000": (53.24, 80.09, 67.20), "#00ff00": (87.73, -86.18, 83.18)}
    known |= {"#0000ff": (32.30, 79.19, -107.86), "#000000": (0, 0, 0), "#808080": (53.59, 0, 0)}
    for colour, lab in known.items():
        assert np.allclose(to_lab(parse_colour(colour)), lab, atol=0.02)


def test_colours_of_a_picture_with_noise_and_transparency() -> None:
    noise = np.random.default_rng(0).integers(-6, 7, (90, 60, 3))
    pixels = np.empty((90, 60, 4), np.uint8)
    pixels[:60, :, :3] = np.clip(np.array([32, 80, 208]) + noise[:60], 0, 255)
    pixels[60:, :, :3] = np.clip(np.array([242, 210, 26]) + noise[60:], 0, 255)
    pixels[..., 3] = 255
    blue, yellow = dominant_colours(Image.fromarray(pixels))
    assert (blue.name(), yellow.name("de")) == ("blue", "Gelb")
    assert blue.share == pytest.approx(2 / 3, abs=0.02)
    pixels[:60, :, 3] = 0
    assert [one.name() for one in dominant_colours(Image.fromarray(pixels))] == ["yellow"]
    pixels[..., 3] = 0
    assert dominant_colours(Image.fromarray(pixels)) == []


def test_small_colours_do_not_count() -> None:
    picture = Image.new("L", (50, 50), 255)
    picture.putpixel((3, 3), 0)
    assert [one.name() for one in dominant_colours(picture)] == ["white"]
    assert dominant_colours(picture) == dominant_colours(picture)


def test_every_name_is_its_own_and_in_both_languages() -> None:
    assert NAMES["en"].keys() == NAMES["de"].keys()
    for language, names in NAMES.items():
        assert len(set(names.values())) == len(names)
        assert all(colour_name(c, language=language) == name for c, name in names.items())


@pytest.mark.parametrize("text", ["red", "#fff", "#12345g", "#1234567", ""])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="six hexadecimal digits"):
        parse_colour(text)
