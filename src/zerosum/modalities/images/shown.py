"""Images as grids, and as files of their own."""

import re
from collections.abc import Iterable, Sequence
from math import sqrt
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from zerosum.forms.base import Preview, Writer
from zerosum.forms.csv_cells import Cells
from zerosum.forms.labelled_files import file_names, write_labels
from zerosum.modalities.images.forms import with_channels
from zerosum.modalities.images.pair_space import JoinedSpace, PairSpace
from zerosum.pictures import draw_grid, to_pil
from zerosum.spaces import Space


class ImagePreview(Preview):
    """A grid; small images are enlarged without smoothing."""

    few: ClassVar[int] = 16

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """A grid of uint8 `[N, C, H, W]`; reals are not drawn."""
        return draw_grid(x)

    def draw_one(self, space: Space, x: Tensor) -> Image.Image:
        """One image `[C, H, W]` at its own size."""
        return to_pil(x.permute(1, 2, 0).contiguous().numpy())


class PairPreview(ImagePreview):
    """Images that were made stand beside their sources, and the true ones after them."""

    def draw_made(
        self, space: Space, x: Tensor, *, sources: Tensor, truth: Tensor | None = None
    ) -> Image.Image:
        """The first 16 of uint8 `[N, C, H, W]`: sources, what was made, and the truth if known."""
        assert isinstance(space, PairSpace)
        source = space.source
        given = source.apart(sources) if isinstance(source, JoinedSpace) else [sources]
        columns = [*given, x] if truth is None else [*given, x, truth]
        few = [_in_colour(one[: self.few]) for one in columns]
        rows = torch.stack(few, 1)
        _, _, _, height, width = rows.shape
        beside = max(1, round(sqrt(len(x[: self.few]) * height / (len(few) * width))))
        return draw_grid(rows.flatten(0, 1), columns=beside * len(few))


def _in_colour(x: Tensor) -> Tensor:
    """uint8 `[N, 3, H, W]` of grey, colour or alpha, which is laid over white."""
    return torch.stack([with_channels(one, 3)[0] for one in x]).round().to(torch.uint8)


class TexturePreview(ImagePreview):
    """One texture as it is; of several each is laid beside itself, so that seams would show."""

    few: ClassVar[int] = 6

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """uint8 `[1, C, H, W]` pixel by pixel; of more a grid, in which each is there 2 x 2."""
        return self.draw_one(space, x[0]) if len(x) == 1 else draw_grid(x.repeat(1, 1, 2, 2))


class ImageWriter(Writer):
    """A folder of `.png` files, with their labels in `labels.csv`."""

    forms = ("folder",)
    labelled_forms = ("folder", ".npz")

    def write(
        self, path: Path, form: str, space: Space, pieces: Iterable[Tensor],
        labels: Sequence[str], cells: Cells,
    ) -> None:  # fmt: skip
        """Write pieces, uint8 `[n, C, H, W]` each, into the folder; see `Writer.write`."""
        x = space.to_numpy(torch.cat([*pieces]))
        names = file_names(len(x), ".png")
        for name, pixels in zip(names, x, strict=True):
            to_pil(pixels).save(path / name)
        write_labels(path, names, labels, cells)

    def write_labelled(
        self, path: Path, form: str, space: Space, x: Tensor, labels: Sequence[str],
        synthetic: Sequence[bool], cells: Cells,
    ) -> list[str]:  # fmt: skip
        """A folder with a subfolder for each class, or arrays; see `Writer.write_labelled`."""
        pixels = space.to_numpy(x)
        if form == ".npz":
            with path.open("wb") as handle:
                np.savez_compressed(handle, x=pixels, y=np.array(labels), synthetic=synthetic)
            return []
        classes = sorted(set(labels))
        folders = {
            label: label if re.fullmatch(r"\w[\w -]*", label) else f"class-{i}"
            for i, label in enumerate(classes)
        }
        width = len(str(len(x)))
        names = [
            f"{folders[label]}/{i:0{width}d}{'-synthetic' if made else ''}.png"
            for i, (label, made) in enumerate(zip(labels, synthetic, strict=True))
        ]
        for label in classes:
            (path / folders[label]).mkdir(exist_ok=True)
        for name, image in zip(names, pixels, strict=True):
            to_pil(image).save(path / name)
        return write_labels(path, names, labels, cells, synthetic)
