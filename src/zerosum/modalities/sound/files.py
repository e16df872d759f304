"""Readers of files of sound: below a folder, in a zip, or one recording."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, PositiveInt

from zerosum.data.base import DataConfig, Dataset, Progress, encode_labels
from zerosum.data.file_folders import FilesConfig
from zerosum.data.files import look_at
from zerosum.data.labels import label_names
from zerosum.data.places import is_archive
from zerosum.data.scanning import (
    evenly,
    held_in,
    holds,
    looked_at,
    named,
    none_readable,
    open_files,
    unreadable_files,
)
from zerosum.errors import DataError
from zerosum.faces import reading
from zerosum.modalities.sound.arrays import (
    MOST_BYTES,
    dataset_of_waves,
    form_like,
    least_samples,
    require_length,
)
from zerosum.modalities.sound.decoding import ENDINGS, SoundFiles, SoundHeader
from zerosum.modalities.sound.shaping import (
    SILENCE,
    SoundFindings,
    at_rate,
    faded,
    fitted,
    in_channels,
    is_clipped,
    notes_of,
    trimmed,
)
from zerosum.modalities.sound.space import Rate
from zerosum.spaces import Space

MOST_RATE = 16_000
"""Rate that files are brought to at most where none is asked for."""

RECORDING = 10.0
"""Seconds from which on a file is a recording, which is read as windows."""

_USUAL, _MOST_SECONDS = 1.0, 4.0
"""Seconds of a window, and of sounds at most, where no length is asked for."""

_SHARE = 0.95


class SoundsConfig(FilesConfig):
    """Files of sound below a folder or in a zip, or one recording.

    Attributes:
        rate: samples in a second; if not given, what most files have, at most 16,000.
        seconds: length of a sound; if not given, what 95 % of the files have or less, at most 4;
            1 where all are recordings.
        channels: 1 or 2; if not given, as most files, and 2 where these have more.
        silence: at both ends: `trim` or `keep` it.
        windows: read so many windows of a file of 10 seconds or more at most, evenly spread.
    """

    kind = "sounds"
    spaces = ("sound",)
    split_endings = ENDINGS
    rate: Rate | None = None
    seconds: Annotated[float | None, Field(gt=0, le=60)] = None
    channels: Literal[1, 2] | None = None
    silence: Literal["trim", "keep"] = "trim"
    windows: PositiveInt = 200

    @classmethod
    def claims(cls, data: Any) -> float:
        """Folders and zips with files of sound, and such a file; other folders hardly."""
        if isinstance(data, str | Path) and Path(data).suffix.lower() in ENDINGS:
            return 0.9 if look_at(Path(data)) == "file" else 0.0
        if not is_archive(data):
            return 0.0
        return 0.7 if holds(Path(data), ENDINGS) else 0.1

    def open(self, data: Any, progress: Progress | None = None) -> "tuple[Dataset, SoundsConfig]":
        """See `DataConfig.open`; the form that was found is recorded.

        Raises:
            DataError: nothing there, nothing readable, or unreadable files without `skip_bad`.
            MissingExtraError: soundfile is not installed, or soxr where it is needed.
        """
        scan = scan_sounds(self, progress)
        if scan.bad and not self.skip_bad:
            raise DataError(unreadable_files(scan.bad))
        rate = self.rate or min(scan.rates.most_common(1)[0][0], MOST_RATE)
        channels = self.channels or min(2, scan.channels.most_common(1)[0][0])
        taken = _Taken(self, scan, rate, channels)
        samples = taken.read(progress)
        names = [name for name, _ in taken.waves]
        if not names:
            raise DataError(f"all files in {self.path} are silent.")
        waves = np.stack([wave for _, wave in taken.waves])
        y, labels = None, ()
        if scan.labels is not None:
            y, labels = encode_labels([scan.labels[name] for name in names])
        dataset = dataset_of_waves(waves, y, labels, rate, name=self.path)
        asked = self.seconds is not None
        found = notes_of(taken.found, samples, rate, asked=asked)
        dataset.notes = (*((f"{scan.note}.",) if scan.note else ()), *found)
        form = {"rate": rate, "channels": channels, "seconds": samples / rate}
        return dataset, self.with_values(form)

    def scan(self, progress: Progress | None = None) -> str | None:
        """How many files of which length, rates and channels."""
        found = scan_sounds(self, progress)
        seconds = sum(one.seconds for one in found.headers.values())
        rates = ", ".join(f"{n:,} of {rate:,} Hz" for rate, n in found.rates.most_common(3))
        classes = f"; {len({*found.labels.values()})} classes" if found.labels else ""
        bad = f"; {len(found.bad)} unreadable" if found.bad else ""
        return f"{len(found.headers):,} files of sound, {_long(seconds)}; {rates}{classes}{bad}"

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """See `DataConfig.options_like`; rate, length and channels are those of `space`."""
        return {**super().options_like(space, like), **form_like(space)}


@dataclass(frozen=True)
class SoundScan:
    """What headers of files say.

    Attributes:
        files: opens them.
        headers: of readable files by name, in order.
        labels: by name; None without labels.
        bad: unreadable files, each with the reason.
        note: which split was taken, if any.
    """

    files: SoundFiles
    headers: dict[str, SoundHeader]
    labels: dict[str, str] | None
    bad: list[tuple[str, str]]
    note: str

    @property
    def rates(self) -> Counter[int]:
        """How many files have each rate."""
        return Counter(one.rate for one in self.headers.values())

    @property
    def channels(self) -> Counter[int]:
        """How many files have so many channels."""
        return Counter(one.channels for one in self.headers.values())


class _Taken:
    """Waves of one form, read from files one by one.

    Attributes:
        waves: name of the file and float32 `[channels, samples]`, in order.
        found: what was met.
    """

    def __init__(self, config: SoundsConfig, scan: SoundScan, rate: int, channels: int) -> None:
        self._config, self._scan, self._rate, self._channels = config, scan, rate, channels
        self.waves: list[tuple[str, np.ndarray]] = []
        self.found = SoundFindings(rates=scan.rates, unreadable=[name for name, _ in scan.bad])
        self._bytes = 0

    def read(self, progress: Progress | None) -> int:
        """Read everything; returns the samples of a sound."""
        longest = max(RECORDING, self._config.seconds or 0)
        short = {n: h for n, h in self._scan.headers.items() if h.seconds < longest}
        long = {n: h for n, h in self._scan.headers.items() if n not in short}
        whole: list[tuple[str, np.ndarray]] = []
        for i, (name, header) in enumerate(short.items()):
            wave = self._read(name)
            wave = None if wave is None else self._brought(name, wave, header)
            if wave is not None:
                whole.append((name, wave))
                self._count(wave)
            if progress is not None:
                progress("reading sounds", i + 1, len(self._scan.headers))
        samples = self._length([wave.shape[1] for _, wave in whole], bool(long))
        require_length(samples, self._rate, name=self._config.path)
        for name, wave in whole:
            if wave.shape[1] > samples:
                self.found.cut.append(name)
            elif wave.shape[1] < samples:
                self.found.padded.append(name)
            self.waves.append((name, fitted(wave, samples, self._rate)))
        for i, (name, header) in enumerate(long.items()):
            self._read_windows(name, header, samples)
            if progress is not None:
                progress("reading sounds", len(short) + i + 1, len(self._scan.headers))
        order = {name: i for i, name in enumerate(self._scan.headers)}
        self.waves.sort(key=lambda one: order[one[0]])
        return samples

    def _length(self, lengths: list[int], recordings: bool) -> int:
        if self._config.seconds is not None:
            return round(self._config.seconds * self._rate)
        if not lengths or recordings:
            return round(_USUAL * self._rate)
        usual = sorted(lengths)[min(len(lengths) - 1, math.ceil(_SHARE * len(lengths)) - 1)]
        return max(min(usual, round(_MOST_SECONDS * self._rate)), least_samples(self._rate))

    def _read_windows(self, name: str, header: SoundHeader, samples: int) -> None:
        """Windows of a recording, each read by itself."""
        own = math.ceil(samples * header.rate / self._rate)
        count = min(self._config.windows, max(1, header.samples // own))
        stride = header.samples / count
        kept = 0
        for i in range(count):
            wave = self._read(name, int(i * stride), own)
            if wave is None:
                return
            if np.abs(wave).max(initial=0) < SILENCE:
                self.found.skipped += 1
                continue
            wave = self._in_form(name, wave, header)
            self._count(wave)
            piece = faded(wave[:, :samples], self._rate)
            self.waves.append((name, fitted(piece, samples, self._rate)))
            kept += 1
        if kept:
            self.found.windows[name] = kept
        else:
            self.found.silent.append(name)

    def _read(self, name: str, start: int = 0, samples: int = -1) -> np.ndarray | None:
        """A wave; None where it cannot be read and that is said to be no matter."""
        try:
            return self._scan.files.read(name, start, samples)
        except DataError as error:
            if not self._config.skip_bad:
                raise DataError(unreadable_files([(name, str(error))])) from error
            self.found.unreadable.append(name)
            return None

    def _brought(self, name: str, wave: np.ndarray, header: SoundHeader) -> np.ndarray | None:
        """A whole file in the form that is asked for; None if it is silent."""
        heard = trimmed(wave, header.rate)
        if not heard.shape[1]:
            self.found.silent.append(name)
            return None
        return self._in_form(name, heard if self._config.silence == "trim" else wave, header)

    def _in_form(self, name: str, wave: np.ndarray, header: SoundHeader) -> np.ndarray:
        if is_clipped(wave):
            _note(self.found.clipped, name)
        if header.channels != self._channels:
            _note(self.found.mixed, name)
        if header.rate != self._rate:
            _note(self.found.resampled, name)
        made = at_rate(in_channels(wave, self._channels), header.rate, self._rate)
        peak = float(np.abs(made).max(initial=0))
        if peak > 1:
            if float(np.abs(wave).max()) > 1:  # else only by resampling
                _note(self.found.loud, name)
            made = made / peak
        return made

    def _count(self, wave: np.ndarray) -> None:
        self._bytes += wave.nbytes
        if self._bytes > MOST_BYTES:
            raise DataError(
                f"the sounds in {self._config.path} take more than {MOST_BYTES >> 30} GiB of "
                f"memory at {self._rate:,} Hz. Take fewer ({reading(limit=1000)}), shorter "
                f"({reading(seconds=1.0)}) or coarser ones ({reading(rate=8000)})."
            )


def _note(names: list[str], name: str) -> None:
    if not names or names[-1] != name:
        names.append(name)


def scan_sounds(config: SoundsConfig, progress: Progress | None) -> SoundScan:
    """Headers of all files.

    Raises:
        DataError: no such place, no files of sound, or none that can be read.
        MissingExtraError: soundfile is not installed.
    """
    archive, note = open_files(Path(config.path), config.split, ENDINGS)
    names = evenly(named(archive, ENDINGS), config.limit)
    if not names:
        raise DataError(
            f"no sounds in {config.path} ({held_in(archive)}). Sounds end in "
            f"{', '.join(sorted(ENDINGS))}."
        )
    files = SoundFiles(archive)
    headers, bad = looked_at(names, files.header, "sounds", progress)
    if not headers:
        raise DataError(none_readable("sound", config.path, bad))
    labels = label_names(archive, [*headers]) if config.labels == "auto" else None
    by_name = None if labels is None else dict(zip(headers, labels, strict=True))
    return SoundScan(files, headers, by_name, bad, note)


def _long(seconds: float) -> str:
    """A duration for people.

    >>> _long(90), _long(7_200)
    ('1.5 min', '2.0 h')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3_600 else f"{seconds / 3600:.1f} h"
