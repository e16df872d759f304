"""Colours as people see them: CIE Lab, their difference, their names, and those of a picture."""

import re
from dataclasses import dataclass

import numpy as np
from PIL import Image

from zerosum.errors import ConfigError

_D65 = np.array([0.95047, 1.0, 1.08883])
_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
"""Linear sRGB to CIE XYZ, white D65 (IEC 61966-2-1)."""

_SIDE = 64
_CLUSTERS = 8
_SAME = 10.0
"""Difference in CIEDE2000 below which two clusters are told as one colour."""

_HEX = re.compile("#[0-9a-fA-F]{6}")

NAMES: dict[str, dict[str, str]] = {
    "en": {
        "#000000": "black", "#404040": "dark grey", "#808080": "grey", "#c8c8c8": "light grey",
        "#ffffff": "white", "#d42020": "red", "#7a1020": "dark red", "#f08080": "light red",
        "#f07818": "orange", "#f8c8a0": "peach", "#7a4a20": "brown", "#4a2c14": "dark brown",
        "#d2b48c": "beige", "#f2d21a": "yellow", "#f8efa8": "light yellow", "#808018": "olive",
        "#30a030": "green", "#145a20": "dark green", "#98e098": "light green",
        "#18a0a0": "turquoise", "#2050d0": "blue", "#101c60": "dark blue", "#90c0f0": "light blue",
        "#7828b0": "purple", "#c8a0e8": "lilac", "#e050b0": "pink", "#f8c8d8": "light pink",
    },
    "de": {
        "#000000": "Schwarz", "#404040": "Dunkelgrau", "#808080": "Grau", "#c8c8c8": "Hellgrau",
        "#ffffff": "Weiß", "#d42020": "Rot", "#7a1020": "Dunkelrot", "#f08080": "Hellrot",
        "#f07818": "Orange", "#f8c8a0": "Pfirsich", "#7a4a20": "Braun", "#4a2c14": "Dunkelbraun",
        "#d2b48c": "Beige", "#f2d21a": "Gelb", "#f8efa8": "Hellgelb", "#808018": "Oliv",
        "#30a030": "Grün", "#145a20": "Dunkelgrün", "#98e098": "Hellgrün",
        "#18a0a0": "Türkis", "#2050d0": "Blau", "#101c60": "Dunkelblau", "#90c0f0": "Hellblau",
        "#7828b0": "Violett", "#c8a0e8": "Flieder", "#e050b0": "Pink", "#f8c8d8": "Rosa",
    },
}  # fmt: skip
"""Names of colours, as nouns, by language and by the colour that they are nearest to."""


@dataclass(frozen=True)
class ColourShare:
    """A colour and the share of a picture that it covers, in [0, 1]."""

    colour: str
    share: float

    def name(self, language: str = "en") -> str:
        """What it is called.

        >>> ColourShare("#1a2266", 0.5).name("de")
        'Dunkelblau'
        """
        return colour_name(self.colour, language=language)


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """CIE Lab of sRGB; both `[..., 3]`, sRGB in [0, 255].

    >>> to_lab(np.array([255, 255, 255])).round(1)
    array([100.,  -0.,   0.])
    """
    value = np.asarray(rgb, dtype=np.float64) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _TO_XYZ.T / _D65
    cut = (6 / 29) ** 3
    f = np.where(ratio > cut, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def colour_difference(lab: np.ndarray, other: np.ndarray) -> np.ndarray:
    """CIEDE2000 of colours in CIE Lab, `[..., 3]` each, which broadcast.

    About 1 is the least that people notice; 100 is black against white.

    Source: Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula: implementation notes,
    supplementary test data, and mathematical observations", Color Research & Application, 2005.

    >>> float(colour_difference(np.array([50, 2.5, 0]), np.array([61, -5, 29])).round(4))
    22.8977
    """
    l1, a1, b1 = np.moveaxis(np.asarray(lab, np.float64), -1, 0)
    l2, a2, b2 = np.moveaxis(np.asarray(other, np.float64), -1, 0)
    mean = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    g = 0.5 * (1 - np.sqrt(mean / (mean + 25.0**7)))
    c1, c2 = np.hypot((1 + g) * a1, b1), np.hypot((1 + g) * a2, b2)
    h1 = np.degrees(np.arctan2(b1, (1 + g) * a1)) % 360
    h2 = np.degrees(np.arctan2(b2, (1 + g) * a2)) % 360
    grey = c1 * c2 == 0
    turn = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)
    turn = np.where(~grey & (h2 - h1 == 180), 180, turn)
    hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)
    between = np.where(np.abs(h1 - h2) > 180, (h1 + h2 + 360) / 2 % 360, (h1 + h2) / 2)
    h = np.radians(np.where(grey, h1 + h2, between))
    t = 1 - 0.17 * np.cos(h - np.radians(30)) + 0.24 * np.cos(2 * h)
    t += 0.32 * np.cos(3 * h + np.radians(6)) - 0.20 * np.cos(4 * h - np.radians(63))
    light, chroma = ((l1 + l2) / 2 - 50) ** 2, (c1 + c2) / 2
    s_l = 1 + 0.015 * light / np.sqrt(20 + light)
    s_c, s_h = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    angle = 60 * np.exp(-(((np.degrees(h) - 275) / 25) ** 2))
    r = -np.sin(np.radians(angle)) * 2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    x, y, z = (l2 - l1) / s_l, (c2 - c1) / s_c, hue / s_h
    return np.sqrt(np.maximum(x**2 + y**2 + z**2 + r * y * z, 0))


def parse_colour(text: str) -> np.ndarray:
    """Red, green and blue `[3]` in [0, 255] of `#rrggbb`.

    Raises:
        ConfigError: it is written otherwise.
    """
    if not _HEX.fullmatch(text):
        raise ConfigError(f"{text!r} is no colour. Write six hexadecimal digits: #1a2b3c.")
    return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)


def colour_name(colour: str, *, language: str = "en") -> str:
    """The name of the nearest colour that has one, in English or German."""
    names = NAMES[language]
    known = to_lab(np.array([parse_colour(one) for one in names]))
    nearest = colour_difference(to_lab(parse_colour(colour)), known).argmin()
    return list(names.values())[int(nearest)]


def dominant_colours(picture: Image.Image, *, least: float = 0.05) -> list[ColourShare]:
    """The colours of a picture, the largest first.

    Pixels are clustered in CIE Lab; clusters that look alike are one colour. What is transparent
    does not count.

    Args:
        picture: any picture of Pillow.
        least: share of the picture that a colour covers at least.

    >>> flag = Image.new("RGB", (30, 20), "#d42020")
    >>> flag.paste("#ffffff", (0, 10, 30, 20))
    >>> dominant_colours(flag)
    [ColourShare(colour='#d42020', share=0.5), ColourShare(colour='#ffffff', share=0.5)]
    """
    from sklearn.cluster import KMeans

    small = picture.convert("RGBA")
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small).reshape(-1, 4)
    seen = pixels[pixels[:, 3] >= 128][:, :3].astype(np.float64)
    if not len(seen):
        return []
    distinct, counts = np.unique(seen, axis=0, return_counts=True)
    k = min(_CLUSTERS, len(distinct))
    of = np.arange(k)
    if len(distinct) > k:
        found = KMeans(k, n_init="auto", random_state=0).fit(to_lab(distinct), sample_weight=counts)
        of = np.asarray(found.labels_)
    weights = np.bincount(of, counts, minlength=k)
    means = np.stack([np.bincount(of, counts * c, minlength=k) for c in distinct.T], axis=1)
    means = means[weights > 0] / weights[weights > 0, None]
    return _joined(means, weights[weights > 0] / len(seen), least)


def _joined(colours: np.ndarray, shares: np.ndarray, least: float) -> list[ColourShare]:
    """Clusters that look alike as one, the largest first."""
    kept: list[tuple[np.ndarray, float]] = []
    for i in np.argsort(-shares, kind="stable"):
        for j, (colour, share) in enumerate(kept):
            if colour_difference(to_lab(colour), to_lab(colours[i])) < _SAME:
                kept[j] = colour, share + float(shares[i])
                break
        else:
            kept.append((colours[i], float(shares[i])))
    kept.sort(key=lambda one: -one[1])
    return [
        ColourShare("#" + "".join(f"{round(c):02x}" for c in colour), round(share, 4))
        for colour, share in kept
        if share >= least
    ]
