"""Where items are odd: images with their heat over them, and tables of steps and columns."""

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from zerosum.evaluation.anomalies.columns import write_columns
from zerosum.plots.charts import curves
from zerosum.plots.raster import to_image
from zerosum.runs.files import make_folder, write_folder

if TYPE_CHECKING:
    from zerosum.evaluation.anomalies.found import Anomalies

_WARM = np.array([214.0, 40.0, 20.0])
_LEAST_SIDE = 96
"""Pixels of a small image's shorter side; smaller ones are enlarged by whole numbers."""
_CHARTS = 4


def write_heat(found: "Anomalies", folder: Path) -> Path:
    """See `Anomalies.write_heat`."""

    def fill(place: Path) -> None:
        if found.space.axes == 2:
            for i, name in enumerate(_file_names(found.names)):
                target = place / name
                target.parent.mkdir(parents=True, exist_ok=True)
                over(found.preview.draw_one(found.space, found.x[i]), found.heat[i]).save(target)
            return
        write_columns(_columns(found), place / "heat.csv", ".csv")
        for number, picture in enumerate(heat_pictures(found, found.oddest[:_CHARTS]), start=1):
            picture.save(place / f"oddest{number}.png")

    make_folder(folder.parent)
    write_folder(folder, fill)
    return folder


def heat_pictures(found: "Anomalies", rows: Tensor) -> list[Image.Image]:
    """Images with their heat, or curves of series with theirs; none of rows of a table."""
    if found.space.axes == 2:
        tiles = [
            over(found.preview.draw_one(found.space, found.x[i]), found.heat[i])
            for i in rows.tolist()
        ]
        wide = min(len(tiles), 8)
        width, height = tiles[0].size
        sheet = Image.new("RGB", (wide * width, -(-len(tiles) // wide) * height), "white")
        for i, tile in enumerate(tiles):
            sheet.paste(tile, (i % wide * width, i // wide * height))
        return [sheet]
    if found.space.axes == 1:
        return [_chart(found, i) for i in rows[:_CHARTS].tolist()]
    return []


def over(picture: Image.Image, heat: Tensor) -> Image.Image:
    """An image with heat `[H, W]` over it: what is above 1 is red, the more the stronger.

    >>> red = over(Image.new("RGB", (8, 8)), torch.full((8, 8), 9.0)).getpixel((4, 4))
    >>> red[0] > 100 > red[1]
    True
    """
    times = max(1, -(-_LEAST_SIDE // min(heat.shape)))
    high, wide = (times * side for side in heat.shape)
    plain = picture.convert("L").resize((wide, high), Image.Resampling.NEAREST)
    pixels = np.asarray(plain, dtype=np.float64)[..., None].repeat(3, axis=2)
    strength = (1 - torch.exp(-(heat.float() - 1).clamp_min(0))).mul(0.85).numpy()
    strength = np.kron(strength, np.ones((times, times)))[..., None]
    return Image.fromarray((pixels * (1 - strength) + _WARM * strength).astype(np.uint8))


def _chart(found: "Anomalies", i: int) -> Image.Image:
    """Channels of a series, each scaled, above its heat."""
    x = found.x[i].double()
    low, high = x.amin(1, keepdim=True), x.amax(1, keepdim=True)
    scaled = (x - low) / (high - low).clamp_min(1e-12)
    heat = found.heat[i].double() / 4
    names: tuple[str, ...] = getattr(found.space, "names", ())
    lines = {
        name: [(float(t), 1 + float(v)) for t, v in enumerate(one)]
        for name, one in zip(names, scaled, strict=True)
    }
    lines["heat / 4"] = [(float(t), min(float(v), 1.0)) for t, v in enumerate(heat)]
    return to_image(curves(lines, width=480, height=240, label=f"item {found.names[i]}"))


def _columns(found: "Anomalies") -> dict[str, np.ndarray]:
    """`heat.csv`: a row for each step of each series, or for each row of a table."""
    heat = found.heat.numpy()
    key = "item" if found.items else "row"
    names = np.array(found.items) if found.items else np.arange(len(found))
    if found.space.axes == 1:
        n, length = heat.shape
        return {
            key: names.repeat(length), "step": np.tile(np.arange(length), n),
            "heat": heat.reshape(-1),
        }  # fmt: skip
    return {key: names, **{name: heat[:, i] for i, name in enumerate(found.places)}}


def _file_names(names: list[str]) -> list[str]:
    """Names of pictures, each once: those of the files, below the same folders."""
    ends = [str(PurePosixPath(name).with_suffix(".png")) for name in names]
    return ends if len(set(ends)) == len(ends) else [f"{name}.png" for name in names]
