"""Sounds as pictures of their spectra, as files, and to be heard in a notebook."""

import csv
import io
import re
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
            width = len(str(max(len(waves) - 1, 1)))
            names = [
                f"{i:0{width}d}{_in_name(labels[i]) if labels else ''}.wav"
                for i in range(len(waves))
            ]
            for i, (name, one) in enumerate(zip(names, waves, strict=True)):
                (path / name).write_bytes(self.made(space, one, labels[i] if labels else ""))
            rows = zip(names, cells.texts("label", labels or [""] * len(names)), strict=True)
            _write_table(path, ("file", "label"), rows)
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
        width = len(str(len(x)))
        names = [
            f"{i:0{width}d}{_in_name(label)}{'-synthetic' if made else ''}.wav"
            for i, (label, made) in enumerate(zip(labels, synthetic, strict=True))
        ]
        for name, one, label, made in zip(names, x.numpy(), labels, synthetic, strict=True):
            body = self.made(space, one, label) if made else wav_bytes(one, space.rate)
            (path / name).write_bytes(body)
        said = [str(made).lower() for made in synthetic]
        rows = zip(names, cells.texts("label", labels), said, strict=True)
        _write_table(path, ("file", "label", "synthetic"), rows)
        return [name for name, made in zip(names, synthetic, strict=True) if made]

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


def _write_table(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with (path / "labels.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(head)
        writer.writerows(rows)


def _in_name(label: str) -> str:
    """A label as part of a file's name; nothing where it has characters that do not suit one.

    >>> _in_name("open hat"), _in_name("a/b")
    ('-open hat', '')
    """
    return f"-{label}" if re.fullmatch(r"\w[\w -]{0,60}", label) else ""


def _pictures(space: SoundSpace, x: Tensor) -> np.ndarray:
    """Spectra of waves, uint8 `[N, height, width, 3]`; channels above each other."""
    levels = (space.to_model(x).flip(2).flatten(1, 2).double().numpy() + 1) / 2
    zoom = _SCALE if levels.shape[2] * _SCALE <= _WIDEST else 1
    levels = levels.repeat(zoom, axis=1).repeat(zoom, axis=2)
    places = np.linspace(0, 1, len(_INKS))
    inks = [np.interp(levels, places, _INKS[:, i]) for i in range(3)]
    return np.round(np.stack(inks, axis=-1)).astype(np.uint8)
