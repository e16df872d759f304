"""Series as plots, and as files."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from zerosum.forms.base import Preview, Writer
from zerosum.forms.csv_cells import Cells
from zerosum.lettering import Lettering
from zerosum.modalities.series.attributes import table_of
from zerosum.modalities.series.gaps import after_end
from zerosum.modalities.series.space import SeriesSpace
from zerosum.spaces import Space

_WIDTH, _HEIGHT, _TITLE = 360, 150, 20
_COLUMNS = 2
_MOST_CHANNELS = 12
_LINES = 12
_INK, _REAL = (37, 99, 235), (150, 150, 150)
_BANDS = (0.05, 0.25, 0.75, 0.95)
_SEEN = (0.002, 0.998)
"""Quantiles that a frame reaches to; what is beyond them lies at its edge."""
_SHADES = (0.15, 0.3)


class SeriesPreview(Preview):
    """A frame for each channel: a fan of quantiles over time, and a dozen series in it."""

    few = 256
    draws_reals = True

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """Series `[N, C, L]` in blue, their fan behind them; the reals' fan in grey if given."""
        assert isinstance(space, SeriesSpace)
        names = space.names[:_MOST_CHANNELS]
        across = min(_COLUMNS, len(names))
        down = -(-len(names) // across)
        sheet = Image.new("RGB", (across * _WIDTH, down * (_HEIGHT + _TITLE)), "white")
        pen, letters = ImageDraw.Draw(sheet), Lettering(13)
        for i, name in enumerate(names):
            left, top = i % across * _WIDTH, i // across * (_HEIGHT + _TITLE)
            own = x[:, i].double().numpy()
            frame = _frame(own, None if real is None else real[:, i].double().numpy())
            sheet.paste(frame, (left, top + _TITLE))
            letters.write(pen, (left + 8, top + 3), _title(name, own), fill="#111827")
        return sheet

    def draw_one(self, space: Space, x: Tensor) -> Image.Image:
        """One series, each of its channels in a small frame of its own."""
        return self.draw(space, x[None])


def _frame(own: np.ndarray, real: np.ndarray | None) -> Image.Image:
    """Series `[N, L]` of one channel in a frame of their own scale."""
    frame = own if real is None else real
    frame = frame[np.isfinite(frame)]
    low, high = np.quantile(frame, _SEEN) if len(frame) else (0.0, 1.0)
    margin = max(0.05 * (high - low), 1e-6 * (1 + abs(low) + abs(high)))
    low, high = low - margin, high + margin
    sheet = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    pen = ImageDraw.Draw(sheet, "RGBA")
    length = own.shape[1]
    xs = 8 + np.arange(length) / max(length - 1, 1) * (_WIDTH - 16)

    def ys(values: np.ndarray) -> np.ndarray:
        share = (np.clip(values, low, high) - low) / (high - low)
        return (_HEIGHT - 6) - share * (_HEIGHT - 12)

    pen.rectangle([4, 2, _WIDTH - 5, _HEIGHT - 3], outline=(229, 231, 235))
    for values, ink in ((real, _REAL), (own, _INK)):
        if values is None or len(values) < len(_BANDS):
            continue
        edges = _fan(values)
        for k, shade in enumerate(_SHADES):
            outline = [*zip(xs, ys(edges[k]), strict=True)]
            outline += [*zip(xs[::-1], ys(edges[-1 - k])[::-1], strict=True)]
            pen.polygon(outline, fill=(*ink, int(255 * shade)))
    for line in own[:_LINES]:
        there = np.flatnonzero(np.isfinite(line))
        for run in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
            if len(run) > 1:
                pen.line([*zip(xs[run], ys(line[run]), strict=True)], fill=(*_INK, 150), width=1)
            elif len(run):
                pen.point([(xs[run[0]], ys(line[run])[0])], fill=(*_INK, 150))
    return sheet


def _title(name: str, own: np.ndarray) -> str:
    """The name of a channel, its ends, and how much of it is missing; of values `[N, L]`."""
    gone = np.isnan(own).mean()
    if gone == 1:
        return f"{name}   missing"
    text = f"{name}   {np.nanmin(own):.4g} to {np.nanmax(own):.4g}"
    return f"{text}, {100 * gone:.1f} % missing" if gone else text


def _fan(values: np.ndarray) -> np.ndarray:
    """Quantiles at each place of what is known there, `[4, L]`; of one without, as before it."""
    known = np.asarray(np.isfinite(values).any(axis=0))
    if not known.any():
        return np.zeros((len(_BANDS), values.shape[1]))
    nearest = np.flatnonzero(known)
    at = nearest[np.searchsorted(nearest, np.arange(len(known)), side="right").clip(1) - 1]
    return np.nanquantile(values[:, at], _BANDS, axis=0)


class SeriesWriter(Writer):
    """A row for each step of each series, as `.csv` or `.parquet`; or a row for each series.

    The latter is for names that end in `.wide.csv` or `.wide.parquet`: a column for each channel at
    each step, such as `price@3`. A folder holds one CSV for each series. Series that end early have
    fewer rows.
    """

    forms = (".csv", ".parquet", "folder")
    default = "samples.csv"

    def write(
        self, path: Path, form: str, space: Space, pieces: Iterable[Tensor],
        labels: Sequence[str], cells: Cells,
    ) -> None:  # fmt: skip
        """See `Writer.write`."""
        import pyarrow as pa
        import pyarrow.csv
        import pyarrow.parquet

        assert isinstance(space, SeriesSpace)
        x, values = space.parts(torch.cat([*pieces]))
        there = (
            ~after_end(x.isnan()).numpy() if space.ends else np.ones((len(x), space.length), bool)
        )
        x = x.numpy()
        table = space.attributes
        more = {} if table is None else dict(_columns(table_of(values, table)))
        if form == "folder":
            digits = len(str(len(x) - 1))
            for i, one in enumerate(x):
                known = one[:, there[i]]
                columns = {name: _cells(own) for name, own in zip(space.names, known, strict=True)}
                columns |= {
                    name: column.take([i] * there[i].sum()) for name, column in more.items()
                }
                place = path / labels[i] if labels else path
                place.mkdir(exist_ok=True)
                made = cells.table(pa.table(columns))
                pyarrow.csv.write_csv(made, place / f"{i:0{digits}}.csv")
            return
        wide = f".wide{form}" in path.name
        made = pa.table((_wide if wide else _long)(space, x, labels, more))
        made = made if wide else made.filter(pa.array(there.ravel()))
        if form == ".csv":
            pyarrow.csv.write_csv(cells.table(made), path)
        else:
            pyarrow.parquet.write_table(made, path)


def _cells(values: np.ndarray) -> Any:
    """A column in which NaN is no value."""
    import pyarrow as pa

    return pa.array(values, from_pandas=True)


def _columns(table: Any) -> Iterable[tuple[str, Any]]:
    return zip(table.column_names, table.columns, strict=True)


def _long(
    space: SeriesSpace, x: np.ndarray, labels: Sequence[str], more: Mapping[str, Any]
) -> dict[str, Any]:
    n, _, length = x.shape
    steps = np.tile(np.arange(length), n)
    rate = space.sampling_rate
    columns: dict[str, Any] = {"series": np.arange(n).repeat(length)}
    columns["step" if rate is None else "seconds"] = steps if rate is None else steps / rate
    columns |= {name: _cells(x[:, i].ravel()) for i, name in enumerate(space.names)}
    owner = np.arange(n).repeat(length)
    columns |= {name: column.take(owner) for name, column in more.items()}
    return columns | ({"label": np.repeat(labels, length)} if labels else {})


def _wide(
    space: SeriesSpace, x: np.ndarray, labels: Sequence[str], more: Mapping[str, Any]
) -> dict[str, Any]:
    columns: dict[str, Any] = {
        f"{name}@{step}": _cells(x[:, i, step])
        for i, name in enumerate(space.names)
        for step in range(space.length)
    }
    return columns | dict(more) | ({"label": [*labels]} if labels else {})
