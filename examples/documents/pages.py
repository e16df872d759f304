"""Invoices as rows, as pages with known text, and as pages that look scanned."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

SIZE = 256, 448
"""Height and width of a page, in pixels."""

ITEMS = {"Hammer": 18.5, "Ladder": 89.0, "Paint": 24.9, "Brush": 4.2, "Drill": 129.0, "Nails": 2.75}
SELLERS = ("Harbour Tools", "North Supply", "Miller and Sons")
CELL = 20, 14
"""Height and width of the piece that is cut out around a digit."""

_FONT, _STEP, _LEFT, _TOP = 17, 29, 22, 18


@dataclass(frozen=True)
class Page:
    """A page of an invoice.

    Attributes:
        pixels: uint8 `[H, W]`, black on white.
        text: what it says, line by line.
        digits: each digit with the middle of its place, (digit, row, column).
    """

    pixels: np.ndarray
    text: str
    digits: tuple[tuple[int, float, float], ...]


def made_invoices(n: int, *, seed: int) -> pd.DataFrame:
    """Rows whose rules are known: dear things are bought singly, and each seller has its days."""
    rng = np.random.default_rng(seed)
    item = rng.choice(list(ITEMS), n)
    price = np.array([ITEMS[name] for name in item])
    quantity = 1 + rng.poisson(np.clip(60 / price, 0.2, 12))
    seller = rng.choice(SELLERS, n, p=(0.5, 0.3, 0.2))
    month = np.where(seller == SELLERS[0], rng.integers(1, 7, n), rng.integers(4, 13, n))
    day = rng.integers(1, 29, n)
    return pd.DataFrame(
        {
            "number": rng.integers(10_000, 99_999, n),
            "date": [f"2025-{m:02}-{d:02}" for m, d in zip(month, day, strict=True)],
            "seller": seller,
            "item": item,
            "quantity": quantity,
            "price": np.round(price * rng.choice([1.0, 0.9, 0.8], n), 2),
        }
    )


def rendered(row: pd.Series) -> Page:
    """The page of one row."""
    total = float(row["quantity"]) * float(row["price"])
    lines = [
        str(row["seller"]),
        f"Invoice {int(row['number'])}",
        f"Date {str(row['date'])[:10]}",
        f"{row['item']}",
        f"Quantity {int(row['quantity'])}",
        f"Unit price {float(row['price']):.2f}",
        f"Tax 20 percent {0.2 * total:.2f}",
        f"Total to pay {1.2 * total:.2f}",
    ]
    page = Image.new("L", SIZE[::-1], 255)
    pen, font, digits = ImageDraw.Draw(page), _font(), []
    for i, line in enumerate(lines):
        top = _TOP + i * _STEP
        pen.text((_LEFT, top), line, fill=0, font=font)
        for k, letter in enumerate(line):
            if letter.isdecimal():
                left, right = (font.getlength(line[:end]) for end in (k, k + 1))
                digits.append((int(letter), top + 0.62 * _FONT, _LEFT + (left + right) / 2))
    return Page(np.asarray(page), "\n".join(lines), tuple(digits))


def scanned(pixels: np.ndarray, *, seed: int) -> np.ndarray:
    """A page as a poor scanner sees it: soft, faded, on uneven paper, with grain and specks."""
    rng = np.random.default_rng(seed)
    x = ndimage.gaussian_filter(pixels / 255.0, rng.uniform(0.9, 1.3))
    height, width = x.shape
    shade = ndimage.zoom(rng.uniform(0.0, 1.0, (3, 4)), (height / 3, width / 4), order=1)
    fade = ndimage.zoom(rng.uniform(0.35, 0.7, (4, 5)), (height / 4, width / 5), order=1)
    paper = 0.95 - 0.12 * shade[:height, :width]
    x = paper * (1 - fade[:height, :width] * (1 - x))
    x = x + rng.normal(0, 0.03, x.shape)
    specks = rng.random(x.shape) < 0.0004
    x = np.where(ndimage.binary_dilation(specks), x - 0.3, x)
    return (255 * x.clip(0, 1)).round().astype(np.uint8)


def digits_of(pages: list[Page], pictures: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Pieces `[N, 280]` around every digit, as shares of white, and which digits these are."""
    pieces, names = [], []
    for page, picture in zip(pages, pictures, strict=True):
        for digit, row, column in page.digits:
            top, left = round(row - CELL[0] / 2), round(column - CELL[1] / 2)
            pieces.append(picture[top : top + CELL[0], left : left + CELL[1]].ravel() / 255)
            names.append(digit)
    return np.stack(pieces), np.array(names)


@cache
def _font() -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size=_FONT)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
