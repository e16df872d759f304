"""Files of sound: what their headers say, and their waves, whole or in parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from zerosum.data.archives import Archive
from zerosum.errors import DataError
from zerosum.modalities.sound.shaping import missing_extra

ENDINGS = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff"})

_MOST_CHANNELS = 64
_UNKNOWN = 1 << 48
"""Samples that no file has: libsndfile says as many of streams whose length it cannot tell."""


@dataclass(frozen=True)
class SoundHeader:
    """What a file says of itself.

    Attributes:
        rate: samples in a second.
        channels: how many.
        samples: of each channel.
    """

    rate: int
    channels: int
    samples: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.samples / self.rate


class SoundFiles:
    """The files of a folder or zip, opened one by one.

    Files of a folder may have any length, since parts of them can be read.

    Args:
        archive: the folder or zip.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def header(self, name: str) -> SoundHeader:
        """What a file says of itself.

        Raises:
            DataError: it is no sound, or holds none.
            MissingExtraError: soundfile is not installed.
        """
        with self._opened(name) as sound:
            found = SoundHeader(sound.samplerate, sound.channels, sound.frames)
        if not 0 < found.samples < _UNKNOWN:
            raise DataError("it holds no samples" if found.samples <= 0 else "its length is lost")
        if found.channels > _MOST_CHANNELS:
            raise DataError(f"it has {found.channels} channels")
        return found

    def read(self, name: str, start: int = 0, samples: int = -1) -> np.ndarray:
        """A wave or a part of it, float32 `[channels, samples]`; full scale is 1.

        Raises:
            DataError: it is damaged, or holds values that are not finite.
            MissingExtraError: soundfile is not installed.
        """
        with self._opened(name) as sound:
            if start:
                sound.seek(start)
            wave = sound.read(samples, dtype="float32", always_2d=True)
        if not np.isfinite(wave).all():
            raise DataError("it holds NaN or infinite values")
        return np.ascontiguousarray(wave.T)

    @contextmanager
    def _opened(self, name: str) -> Iterator[Any]:
        try:
            import soundfile
        except (ImportError, OSError) as error:  # or its library is not there
            raise missing_extra("files of sound are read with soundfile") from error
        with self._bytes(name) as handle:
            source: Any = handle
            try:
                with soundfile.SoundFile(source) as sound:
                    yield sound
            except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError) as error:
                why = getattr(error, "error_string", None) or str(error) or type(error).__name__
                raise DataError(f"it cannot be decoded ({why.rstrip('.')})") from error

    def _bytes(self, name: str) -> IO[bytes]:
        return self._archive.stream(name)
