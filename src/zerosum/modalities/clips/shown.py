"""Clips as contact sheets, as animations, and as files of their own."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import torch
from PIL import Image
from torch import Tensor

from zerosum.forms.base import Preview, Writer
from zerosum.forms.csv_cells import Cells
from zerosum.forms.labelled_files import file_names, write_labels
from zerosum.modalities.clips.space import ClipSpace
from zerosum.models.video import write_video
from zerosum.pictures import draw_grid, to_pil
from zerosum.spaces import Space

_PLAYED = 9
"""Clips that a notebook shows in motion."""

_FASTEST = 50
"""Frames in a second that players of .gif show at most."""


class ClipPreview(Preview):
    """A contact sheet: a row for each clip, a column for each frame."""

    few: ClassVar[int] = 6

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """A sheet of uint8 `[N, T, C, H, W]`; reals are not drawn."""
        return draw_grid(x.flatten(0, 1), columns=x.shape[1])

    def draw_one(self, space: Space, x: Tensor) -> Image.Image:
        """One clip `[T, C, H, W]` as a strip of its frames."""
        return draw_grid(x, columns=len(x))

    def media(self, space: Space, x: Tensor) -> Mapping[str, bytes]:
        """The first nine clips of `[N, T, C, H, W]` side by side, as one `.gif` file."""
        assert isinstance(space, ClipSpace)
        buffer = io.BytesIO()
        _save_gif(buffer, list(_sheets(x[:_PLAYED])), space.rate)
        return {"clips.gif": buffer.getvalue()}


class ClipWriter(Writer):
    """A folder of `.gif` files with `labels.csv`; or all clips side by side, `.gif` or `.mp4`."""

    forms = ("folder", ".gif", ".mp4")
    labelled_forms = ("folder",)
    default = "samples"

    def write(
        self, path: Path, form: str, space: Space, pieces: Iterable[Tensor],
        labels: Sequence[str], cells: Cells,
    ) -> None:  # fmt: skip
        """Write pieces, uint8 `[n, T, C, H, W]` each; see `Writer.write`.

        Raises:
            MissingExtraError: PyAV is not installed, for `.mp4`.
            RunError: the video cannot be encoded.
        """
        assert isinstance(space, ClipSpace)
        x = torch.cat([*pieces])
        if form == ".mp4":
            rate = Fraction(space.rate).limit_denominator(1000)
            write_video(path, _sheets(x), frames_per_second=rate)
        elif form == ".gif":
            with path.open("wb") as handle:
                _save_gif(handle, list(_sheets(x)), space.rate)
        else:
            names = file_names(len(x), ".gif", labels)
            _write_folder(path, names, x, space.rate)
            write_labels(path, names, labels, cells)

    def write_labelled(
        self, path: Path, form: str, space: Space, x: Tensor, labels: Sequence[str],
        synthetic: Sequence[bool], cells: Cells,
    ) -> list[str]:  # fmt: skip
        """A folder of clips `[N, T, C, H, W]`, whose `labels.csv` says what is synthetic."""
        assert isinstance(space, ClipSpace)
        names = file_names(len(x), ".gif", labels, synthetic)
        _write_folder(path, names, x, space.rate)
        return write_labels(path, names, labels, cells, synthetic)


def _sheets(x: Tensor) -> Iterator[Image.Image]:
    """One picture of all clips `[N, T, C, H, W]` for each moment."""
    for moment in x.unbind(1):
        yield draw_grid(moment)


def _write_folder(path: Path, names: Sequence[str], x: Tensor, rate: float) -> None:
    for name, clip in zip(names, x, strict=True):
        frames = [to_pil(frame.permute(1, 2, 0).contiguous().numpy()) for frame in clip]
        with (path / name).open("wb") as handle:
            _save_gif(handle, frames, rate)


def _save_gif(
    place: io.BytesIO | io.BufferedWriter, frames: list[Image.Image], rate: float
) -> None:
    """An endless animation; a .gif counts time in hundredths of a second."""
    hundredths = max(100 // _FASTEST, round(100 / rate))
    frames[0].save(
        place, format="GIF", save_all=True, append_images=frames[1:], loop=0,
        duration=10 * hundredths,
    )  # fmt: skip
