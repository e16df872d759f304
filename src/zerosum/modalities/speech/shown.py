"""Windows of speech and of voices as pictures and files: those of sounds."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image
from torch import Tensor

from zerosum.forms.base import Preview, Writer
from zerosum.forms.csv_cells import Cells
from zerosum.modalities.sound.shown import SoundPreview, SoundWriter
from zerosum.modalities.sound.space import SoundSpace
from zerosum.modalities.speech.space import SpeechSpace
from zerosum.modalities.speech.voices_space import VoicesSpace
from zerosum.origin.marks import with_marks
from zerosum.spaces import Space


class SpeechPreview(Preview):
    """Spectra side by side; see `SoundPreview`."""

    few: ClassVar[int] = 16

    def __init__(self) -> None:
        self._sounds = SoundPreview()

    def draw(self, space: Space, x: Tensor, *, real: Tensor | None = None) -> Image.Image:
        """A grid of waves `[N, 1, samples]`; reals are not drawn."""
        assert isinstance(space, SpeechSpace)
        return self._sounds.draw(space.sounds, x)

    def draw_one(self, space: Space, x: Tensor) -> Image.Image:
        """One wave `[1, samples]`."""
        assert isinstance(space, SpeechSpace)
        return self._sounds.draw_one(space.sounds, x)

    def media(self, space: Space, x: Tensor) -> Mapping[str, bytes]:
        """The first waves of `[N, 1, samples]` as `.wav` files."""
        assert isinstance(space, SpeechSpace)
        return self._sounds.media(space.sounds, x)


class VoicesWriter(SoundWriter):
    """Folders of `.wav` files, or one: each says inside that a model made it, and who agreed."""

    forms = ("folder", ".wav")  # which have room for marks

    def made(self, space: SoundSpace, wave: np.ndarray, label: str) -> bytes:
        """A `.wav` file with marks; see `marks_of`."""
        assert isinstance(space, VoicesSpace)
        consents = {name: str(consent) for name, consent in space.consents.items()}
        facts = {"converted": True, "where": {"to": label} if label else {}, "consents": consents}
        return with_marks(super().made(space, wave, label), facts, f"zerosum {version('zerosum')}")


class SpeechWriter(Writer):
    """A folder of `.wav` files, or all windows in one `.wav` or `.flac`; see `SoundWriter`."""

    forms = SoundWriter.forms
    default = SoundWriter.default

    def __init__(self) -> None:
        self._sounds = SoundWriter()

    def write(
        self, path: Path, form: str, space: Space, pieces: Iterable[Tensor],
        labels: Sequence[str], cells: Cells,
    ) -> None:  # fmt: skip
        """Write pieces, `[n, 1, samples]` each; see `Writer.write`."""
        assert isinstance(space, SpeechSpace)
        self._sounds.write(path, form, space.sounds, pieces, labels, cells)
