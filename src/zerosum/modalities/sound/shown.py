"""Sounds as pictures of their spectra, as files, and to be heard in a notebook."""

import io
import wave
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from zerosum.forms.base import Preview, Writer
from zerosum.forms.csv_cells import Cells
from zerosum.forms.labelled_files import file_names, write_labels
from zerosum.modalities.sound.loudness import evened
from zerosum.modalities.sound.shaping import missing_extra
from zerosum.modalities.sound.space import SoundSpace
from zerosum.pictures import draw_grid, to_pil
from zerosum.spaces import Space

_INKS = np.array(
    [(8, 6, 30), (58, 15, 112), (140, 41, 129), (222, 73, 104), (254, 159, 109), (252, 253, 191)],
    np.float64,
)
"""From silent to loud."""

_SCALE = 2
"""Pixels of a band and of a frame, where there are few."""

_WIDEST = 400
_HEARD = 4
"""Sounds that a notebook plays."""

_PAUSE = 0.25
"""Seconds of silence between sounds of one file."""


class SoundPreview(Preview):
    """Spectra side by side: time to the right, pitch upwards, loud places bright."""

    few: ClassVar[int] = 16

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """A grid of waves `[N, channels, samples]`; reals are not drawn."""
        assert isinstance(space, SoundSpace)
        return draw_grid(torch.from_numpy(_pictures(space, x)).permute(0, 3, 1, 2))

    def draw_one(self, space: Space, x: Tensor) -> Image.Image:
        """One wave `[channels, samples]`."""
        assert isinstance(space, SoundSpace)
        return to_pil(_pictures(space, x[None])[0])

    def media(self, space: Space, x: Tensor) -> Mapping[str, bytes]:
        """The first four waves of `[N, channels, samples]` as `.wav` files."""
        assert isinstance(space, SoundSpace)
        return {f"{i}.wav": wav_bytes(one.numpy(), space.rate) for i, one in enumerate(x[:_HEARD])}


class SoundWriter(Writer):
    """A folder of `.wav` files with `labels.csv`; or all sounds in one `.wav` or `.flac`.

    Files have 16 bits. Each sound is brought to -20 LUFS, or as near as peaks of -1 dB allow; a
    `.npz` holds the waves as they were made.
    """

    forms = ("folder", ".wav", ".flac")
    labelled_forms = ("folder",)
    default = "samples"

    def write(
        self, path: Path, form: str, space: Space, pieces: Iterable[Tensor],
        labels: Sequence[str], cells: Cells,
    ) -> None:  # fmt: skip
        """Write pieces, `[n, channels, samples]` each; see `Writer.write`.

        Raises:
            MissingExtraError: soundfile is not installed, for `.flac`.
        """
        assert isinstance(space, SoundSpace)
        waves = [evened(one, space.rate) for one in torch.cat([*pieces]).numpy()]
        if form == "folder":
            names = file_names(len(waves), ".wav", labels)
            for i, (name, one) in enumerate(zip(names, waves, strict=True)):
                (path / name).write_bytes(self.made(space, one, labels[i] if labels else ""))
            write_labels(path, names, labels, cells)
            return
        pause = np.zeros((space.channels, round(_PAUSE * space.rate)), np.float32)
        joined = np.concatenate([part for one in waves for part in (one, pause)][:-1], axis=1)
        if form == ".wav":
            path.write_bytes(self.made(space, joined, ", ".join(dict.fromkeys(labels))))
            return
        try:
            import soundfile
        except (ImportError, OSError) as error:
            raise missing_extra(".flac files are written with soundfile") from error
        with path.open("wb") as handle:
            soundfile.write(handle, as_16_bits(joined), space.rate, format="FLAC")

    def write_labelled(
        self, path: Path, form: str, space: Space, x: Tensor, labels: Sequence[str],
        synthetic: Sequence[bool], cells: Cells,
    ) -> list[str]:  # fmt: skip
        """A folder of waves `[N, channels, samples]`, whose `labels.csv` says what is synthetic.

        Levels stay as they are.
        """
        assert isinstance(space, SoundSpace)
        names = file_names(len(x), ".wav", labels, synthetic)
        for name, one, label, made in zip(names, x.numpy(), labels, synthetic, strict=True):
            body = self.made(space, one, label) if made else wav_bytes(one, space.rate)
            (path / name).write_bytes(body)
        return write_labels(path, names, labels, cells, synthetic)

    def made(self, space: SoundSpace, wave: np.ndarray, label: str) -> bytes:
        """The `.wav` file of a wave `[channels, samples]` that a model made, and its label."""
        return wav_bytes(wave, space.rate)


def as_16_bits(waves: np.ndarray) -> np.ndarray:
    """A wave `[channels, samples]` in [-1, 1] as int16 `[samples, channels]`.

    >>> as_16_bits(np.array([[1.0, -2.0, 0.0]])).ravel().tolist()
    [32767, -32767, 0]
    """
    return np.round(np.clip(waves, -1, 1) * 32_767).astype(np.int16).T


def wav_bytes(waves: np.ndarray, rate: int) -> bytes:
    """A wave `[channels, samples]` as a `.wav` file of 16 bits.

    >>> wav_bytes(np.zeros((1, 8)), 8_000)[:4]
    b'RIFF'
    """
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(len(waves))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(as_16_bits(waves).astype("<i2").tobytes())
    return buffer.getvalue()


def _pictures(space: SoundSpace, x: Tensor) -> np.ndarray:
    """Spectra of waves, uint8 `[N, height, width, 3]`; channels above each other."""
    levels = (space.to_model(x).flip(2).flatten(1, 2).double().numpy() + 1) / 2
    zoom = _SCALE if levels.shape[2] * _SCALE <= _WIDEST else 1
    levels = levels.repeat(zoom, axis=1).repeat(zoom, axis=2)
    places = np.linspace(0, 1, len(_INKS))
    inks = [np.interp(levels, places, _INKS[:, i]) for i in range(3)]
    return np.round(np.stack(inks, axis=-1)).astype(np.uint8)
