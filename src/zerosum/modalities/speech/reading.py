"""Readers of speech: files and arrays of any length, cut into windows."""

import math
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from zerosum.data.arrays import HeldArrays, Labels, NpzFile, as_numpy
from zerosum.data.base import DataConfig, Dataset, Progress, other_kind
from zerosum.data.scanning import unreadable_files
from zerosum.errors import DataError
from zerosum.faces import reading
from zerosum.modalities.sound.arrays import MOST_BYTES, SoundArrays, least_samples
from zerosum.modalities.sound.decoding import SoundHeader
from zerosum.modalities.sound.files import (
    MOST_RATE,
    SoundScan,
    SoundsConfig,
    scan_sounds,
)
from zerosum.modalities.sound.shaping import (
    SILENCE,
    SoundFindings,
    at_rate,
    in_channels,
    is_clipped,
    notes_of,
)
from zerosum.modalities.sound.spectra import usual_frames
from zerosum.modalities.speech.space import SpeechDataset, SpeechSpace
from zerosum.spaces import Space

LEAST = 16
"""Windows that there must be to learn from."""

_SURE = 0.9
"""How much less sure than a reader of sounds a reader of speech is of the same data."""

_USUAL = 1.024
"""Seconds of a window."""

_PIECE = 60.0
"""Seconds of a long file that are read at once."""

_HALF = 0.5
"""Of a window: what is left at the end of a file is a window too if it is so long."""


class SpeechConfig(SoundsConfig):
    """Speech below a folder or in a zip, or one recording: files of any length, cut into windows.

    Attributes:
        path: the folder, zip or file.
        rate: samples in a second; if not given, what most files have, at most 16,000.
        seconds: length of a window; if not given, about one second.
        skip_bad: go on without unreadable files.
        limit: take this many files only, evenly spread.
    """

    kind = "speech_files"
    spaces = ("speech",)
    not_options = frozenset({"path", "split", "channels", "silence", "windows", "labels"})
    labels: Labels = "none"

    @classmethod
    def claims(cls, data: Any) -> float:
        """Less surely than a reader of sounds."""
        return _SURE * super().claims(data)

    def open(self, data: Any, progress: Progress | None = None) -> "tuple[Dataset, SpeechConfig]":
        """See `DataConfig.open`; the rate that was found is recorded.

        Raises:
            DataError: nothing readable, or unreadable files without `skip_bad`, or too little of
                it is heard.
            MissingExtraError: soundfile is not installed, or soxr where it is needed.
        """
        scan = scan_sounds(self, progress)
        if scan.bad and not self.skip_bad:
            raise DataError(unreadable_files(scan.bad))
        rate = self.rate or min(scan.rates.most_common(1)[0][0], MOST_RATE)
        samples = window_of(self.seconds, rate, name=self.path)
        found = SoundFindings(rates=scan.rates, unreadable=[name for name, _ in scan.bad])
        windows = windows_of(self, scan, rate, samples, found, progress)
        dataset = speech_of(windows, rate, name=self.path)
        dataset.notes = (
            *((f"{scan.note}.",) if scan.note else ()),
            f"{len(windows):,} windows of {samples / rate:.3g} s.",
            *notes_of(found, samples, rate, asked=True),
        )
        return dataset, self.with_values({"rate": rate, "seconds": samples / rate})

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """See `DataConfig.options_like`; rate and length are those of `space`."""
        return super(SoundsConfig, cls).options_like(space, like) | form_of_speech(space)


class SpeechArrays(SoundArrays):
    """Arrays of speech, `[N, samples]`, cut into windows from their beginnings.

    Attributes:
        rate: samples in a second.
        seconds: length of a window; if not given, about one second.
    """

    spaces = ("speech",)
    seconds: Annotated[float | None, Field(gt=0, le=60)] = None
    not_options: ClassVar[frozenset[str]] = frozenset({"path", "labels", "label_names"})

    @classmethod
    def claims(cls, data: Any) -> float:
        """Less surely than a reader of sounds."""
        return _SURE * super().claims(data)

    def dataset_of(
        self, x: np.ndarray | Tensor, y: Tensor | None, labels: tuple[str, ...], *, name: str
    ) -> Dataset:
        """Windows, float32 `[N, 1, samples]`; see `ArrayOptions.dataset_of`."""
        sounds = super().dataset_of(as_numpy(x), None, (), name=name)
        assert self.rate is not None
        samples = window_of(self.seconds, self.rate, name=name)
        waves = sounds.take(torch.arange(len(sounds)))[0].numpy()
        windows = [one for wave in waves for one in windows_in(in_channels(wave, 1), samples)]
        return speech_of(windows, self.rate, name=name)

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """The rate and the length of windows of `space`."""
        return super(SoundArrays, cls).options_like(space, like) | form_of_speech(space)


class HeldSpeech(SpeechArrays, HeldArrays):
    """An array of speech that the caller holds."""

    kind = "held_speech"


class SpeechNpz(SpeechArrays, NpzFile):
    """A `.npz` file of speech."""

    kind = "speech_npz"


def form_of_speech(space: Space) -> dict[str, Any]:
    """Options that bring speech to the form of `space`.

    Raises:
        DataError: it holds no speech.
    """
    if not isinstance(space, SpeechSpace):
        raise other_kind("windows of speech", space)
    return {"rate": space.sounds.rate, "seconds": space.sounds.seconds}


def windows_of(
    config: SoundsConfig, scan: SoundScan, rate: int, samples: int, found: SoundFindings,
    progress: Progress | None,
) -> list[np.ndarray]:  # fmt: skip
    """Windows `[1, samples]` of all files.

    Args:
        config: says whether to go on without unreadable files.
        scan: what was found.
        rate: samples in a second.
        samples: in a window.
        found: what is met is written down here.
        progress: called with how many files are read.

    Raises:
        DataError: unreadable files without `skip_bad`, or more than memory should hold.
    """
    windows: list[np.ndarray] = []
    for i, (name, header) in enumerate(scan.headers.items()):
        before = len(windows)
        try:
            for wave in pieces_of(scan.files.read, name, header, rate, found):
                windows += windows_in(wave, samples)
        except DataError as error:
            if not config.skip_bad:
                raise DataError(unreadable_files([(name, str(error))])) from error
            found.unreadable.append(name)
            del windows[before:]
            continue
        if len(windows) == before:
            found.silent.append(name)
        elif header.samples * rate < samples * header.rate:
            found.padded.append(name)
        if 4 * samples * len(windows) > MOST_BYTES:
            raise DataError(
                f"the speech in {config.path} takes more than {MOST_BYTES >> 30} GiB of memory at "
                f"{rate:,} Hz. Take fewer files ({reading(limit=1000)}) or a coarser rate "
                f"({reading(rate=8000)})."
            )
        if progress is not None:
            progress("reading speech", i + 1, len(scan.headers))
    return windows


def window_of(seconds: float | None, rate: int, *, name: str) -> int:
    """Samples in a window: those of so many seconds, rounded to whole frames.

    Raises:
        DataError: it is shorter than a model needs.

    >>> window_of(1.0, 16_000, name="anna")
    15872
    """
    hop = usual_frames(rate).hop
    samples = hop * max(1, round((seconds or _USUAL) * rate / hop))
    least = least_samples(rate)
    if samples < least:
        raise DataError(
            f"windows of {name} are {samples / rate:.3g} s long, and a model needs "
            f"{least / rate:.3g} s or more at {rate:,} Hz. Give {reading(seconds=_USUAL)}."
        )
    return samples


def pieces_of(read: Any, name: str, header: SoundHeader, rate: int, found: SoundFindings) -> Any:
    """A file in pieces of a minute at most: mono waves `[1, samples]` at `rate`.

    Args:
        read: from a name, a start and a number of samples to a wave.
        name: of the file.
        header: what it says of itself.
        rate: samples in a second.
        found: what is met is written down here.

    Raises:
        DataError: it is damaged.
    """
    length = round(_PIECE * header.rate)
    for start in range(0, header.samples, length):
        wave = read(name, start, length)
        if is_clipped(wave):
            _once(found.clipped, name)
        if header.channels != 1:
            _once(found.mixed, name)
        if header.rate != rate:
            _once(found.resampled, name)
        made = at_rate(in_channels(wave, 1), header.rate, rate)
        peak = float(np.abs(made).max(initial=0))
        if peak > 1:
            if float(np.abs(wave).max()) > 1:  # else only by resampling
                _once(found.loud, name)
            made = made / peak
        yield made


def windows_in(wave: np.ndarray, samples: int) -> list[np.ndarray]:
    """Windows `[1, samples]` of a wave `[1, L]`, end to end, without silent ones.

    What is left at the end is a window, followed by silence, if it has half the length or is all.

    >>> len(windows_in(np.ones((1, 25), np.float32), 10))
    3
    """
    length = wave.shape[1]
    count = max(1, math.floor(length / samples + _HALF))
    made = []
    for i in range(count):
        window = wave[:, i * samples : (i + 1) * samples]
        if np.abs(window).max(initial=0) >= SILENCE:
            made.append(np.pad(window, ((0, 0), (0, samples - window.shape[1]))))
    return made


def speech_of(windows: list[np.ndarray], rate: int, *, name: str) -> SpeechDataset:
    """The data set of windows `[1, samples]`.

    Raises:
        DataError: there are too few.
    """
    if len(windows) < LEAST:
        raise DataError(
            f"{name} holds {len(windows)} windows in which something is heard, and a model learns "
            f"from {LEAST} or more; half an hour of speech is a beginning. Add recordings, or take "
            f"shorter windows: {reading(seconds=0.5)}."
        )
    waves = torch.from_numpy(np.stack(windows).astype(np.float32))
    return SpeechDataset(waves, rate, name=name)


def _once(names: list[str], name: str) -> None:
    if not names or names[-1] != name:
        names.append(name)
