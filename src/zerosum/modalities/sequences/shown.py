"""Sequences as a drawing, and as files."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from zerosum.forms.base import Preview
from zerosum.modalities.sequences.frames import long_tables
from zerosum.modalities.sequences.space import SequenceSpace
from zerosum.modalities.tables.shown import RowsWriter
from zerosum.spaces import Space

if TYPE_CHECKING:
    import pyarrow as pa

_WIDTH, _HEIGHT, _TITLE = 360, 190, 20
_LINES = 16
_BARS = 24
_INK, _REAL, _FRAME, _DARK = (37, 99, 235), (170, 170, 170), (229, 231, 235), (17, 24, 39)
_WEEK = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


class SequencePreview(Preview):
    """Timelines of a few sequences, and bars of lengths, gaps, weekdays and hours."""

    few = 512
    draws_reals = True

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """Compact sequences `[N, W]` in blue; bars of reals beside them in grey if given."""
        assert isinstance(space, SequenceSpace)
        frames = [("timelines", _timelines(space, x)), *_bars(space, x, real)]
        down = -(-len(frames) // 2)
        sheet = Image.new("RGB", (2 * _WIDTH, down * (_HEIGHT + _TITLE)), "white")
        pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
        for i, (title, frame) in enumerate(frames):
            left, top = i % 2 * _WIDTH, i // 2 * (_HEIGHT + _TITLE)
            sheet.paste(frame, (left, top + _TITLE))
            pen.text((left + 8, top + 3), title, fill=_DARK, font=font)
        return sheet

    def draw_one(self, space: Space, x: Tensor) -> Image.Image:
        """One sequence `[W]` as a timeline."""
        assert isinstance(space, SequenceSpace)
        return _timelines(space, x[None])


class SequenceWriter(RowsWriter):
    """A row for each row of each entity."""

    def tables(self, space: Space, pieces: Iterable[Tensor]) -> "Iterable[pa.Table]":
        """See `RowsWriter.tables`."""
        assert isinstance(space, SequenceSpace)
        return long_tables(space, pieces)


def shares(space: SequenceSpace, x: Tensor) -> dict[str, np.ndarray]:
    """What bars show of compact sequences: `weekday` `[7]` and `hour` `[24]`, as shares of rows."""
    axis = space.axis
    if axis is None:
        return {}
    attributes, rows = space.parts(x)
    day, clock = axis.split(rows[:, :, 0][space.valid(space.lengths(attributes))])
    found = {}
    if axis.has_calendar:
        calendar = axis.calendar(day).numpy()
        for i, (name, size) in enumerate((("weekday", 7), ("day of month", 31))):
            found[name] = np.bincount(calendar[:, i], minlength=size) / len(calendar)
    if axis.has_clock:
        hours = axis.hour(clock).numpy()
        found["hour"] = np.bincount(hours, minlength=24) / len(hours)
    return found


def _timelines(space: SequenceSpace, x: Tensor) -> Image.Image:
    """A line for each of the first sequences, with a mark for each row."""
    attributes, rows = space.parts(x[:_LINES])
    lengths = space.lengths(attributes).numpy()
    sheet = _empty()
    pen = ImageDraw.Draw(sheet)
    at = [np.arange(n, dtype=float) for n in lengths]
    if space.axis is not None:
        at = [row[:n, 0].numpy() - float(row[0, 0]) for row, n in zip(rows, lengths, strict=True)]
    widest = max([1e-9, *(one.max() for one in at)])
    for i, one in enumerate(at):
        y = 12 + i * (_HEIGHT - 24) / max(len(at) - 1, 1)
        xs = 12 + one / widest * (_WIDTH - 24)
        pen.line([(xs[0], y), (xs[-1], y)], fill=_FRAME, width=1)
        for place in xs:
            pen.line([(place, y - 3), (place, y + 3)], fill=_INK, width=1)
    return sheet


def _bars(space: SequenceSpace, x: Tensor, real: Tensor | None) -> list[tuple[str, Image.Image]]:
    sets = [x] if real is None else [x, real]
    numbers: list[tuple[str, list[np.ndarray]]] = [
        ("length", [space.lengths(space.parts(one)[0]).numpy().astype(float) for one in sets])
    ]
    if space.axis is not None:
        gaps = []
        for one in sets:
            when = space.parts(one)[1][:, :, 0].diff(dim=1) / space.axis.per_day
            gaps.append(when[~when.isnan()].numpy())
        numbers.append(("days between rows" if space.axis.has_calendar else "gaps", gaps))
    found = []
    for title, values in numbers:
        if not all(len(one) for one in values):
            continue
        low, high = 0.0, float(max(np.quantile(one, 0.99) for one in values)) or 1.0
        edges = np.linspace(low, high, _BARS + 1)
        counts = [np.histogram(np.minimum(one, high), edges)[0] / len(one) for one in values]
        found.append((f"{title}, up to {high:.3g}", _drawn(counts)))
    mine = [shares(space, one) for one in sets]
    for name in mine[0]:
        marks = _WEEK if name == "weekday" else ()
        found.append((name, _drawn([one[name] for one in mine], marks)))
    return found


def _drawn(counts: Sequence[np.ndarray], marks: Sequence[str] = ()) -> Image.Image:
    """Bars of shares: samples in blue, and reals beside them in grey."""
    sheet = _empty()
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    top = max(float(one.max()) for one in counts) or 1.0
    floor = _HEIGHT - (18 if marks else 8)
    wide = (_WIDTH - 20) / len(counts[0])
    for k, (one, ink) in enumerate(zip(counts, (_INK, _REAL), strict=False)):
        each = wide * 0.9 / len(counts)
        for i, share in enumerate(one):
            left = 10 + i * wide + k * each
            pen.rectangle([left, floor - share / top * (floor - 12), left + each, floor], fill=ink)
    for i, mark in enumerate(marks):
        pen.text((12 + i * wide, _HEIGHT - 16), mark, fill=_DARK, font=font)
    return sheet


def _empty() -> Image.Image:
    sheet = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    ImageDraw.Draw(sheet).rectangle([4, 2, _WIDTH - 5, _HEIGHT - 3], outline=_FRAME)
    return sheet
