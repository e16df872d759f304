"""Reader of voices: a folder for each speaker, with their recordings and their consent."""

from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field, PositiveInt

from zerosum.data.base import DataConfig, Dataset, Progress, other_kind
from zerosum.data.places import is_archive, open_archive
from zerosum.data.scanning import unreadable_files
from zerosum.errors import DataError
from zerosum.faces import either
from zerosum.modalities.sound.decoding import ENDINGS
from zerosum.modalities.sound.files import (
    MOST_RATE,
    SoundsConfig,
    scan_sounds,
)
from zerosum.modalities.sound.shaping import SoundFindings, notes_of
from zerosum.modalities.sound.space import Rate, sound_space
from zerosum.modalities.speech.consents import consent_in
from zerosum.modalities.speech.reading import LEAST, SpeechConfig, window_of, windows_of
from zerosum.modalities.speech.voices_space import VoicesSpace, voices_of
from zerosum.spaces import Space


class VoicesConfig(DataConfig):
    """A folder or zip with a subfolder for each speaker, or several folders.

    Each holds recordings of any length, which are cut into windows, and a `consent.toml` or
    `consent.json`.

    Attributes:
        path: the folder or zip, or that of the first speaker.
        others: those of the others, where there are several.
        rate: samples in a second; if not given, what most files have, at most 16,000.
        seconds: length of a window; if not given, about one second.
        skip_bad: go on without unreadable files.
        limit: take this many files of each speaker only, evenly spread.
    """

    kind = "voice_files"
    spaces = ("voices",)
    not_options = frozenset({"path", "others"})
    path: str
    others: tuple[str, ...] = ()
    rate: Rate | None = None
    seconds: Annotated[float | None, Field(gt=0, le=60)] = None
    skip_bad: bool = False
    limit: PositiveInt | None = None

    @classmethod
    def claims(cls, data: Any) -> float:
        """Several folders or zips of sounds; one of them hardly, since it may hold any sounds."""
        paths = list(data) if isinstance(data, tuple | list) else [data]
        if not paths or not all(map(is_archive, paths)):
            return 0.0
        return (0.6 if len(paths) > 1 else 0.8) * min(map(SoundsConfig.claims, paths))

    @classmethod
    def place_of(cls, data: Any) -> dict[str, Any]:
        """One path, or several."""
        paths = list(data) if isinstance(data, tuple | list) else [data]
        return {"path": str(paths[0]), "others": tuple(map(str, paths[1:]))}

    @property
    def name(self) -> str:
        """How messages call this data."""
        return " and ".join(Path(one).name for one in (self.path, *self.others))

    def build(self, progress: Progress | None = None) -> Dataset:
        """See `open`.

        Raises:
            DataError: as `open`.
            MissingExtraError: as `open`.
        """
        return self.open(self.path, progress)[0]

    def open(self, data: Any, progress: Progress | None = None) -> "tuple[Dataset, VoicesConfig]":
        """See `DataConfig.open`; the rate that was found is recorded.

        Raises:
            DataError: there are no two speakers, one has not agreed or says too little, or files
                cannot be read.
            MissingExtraError: soundfile is not installed, or soxr where it is needed.
        """
        places = self._speakers()
        consents = [consent_in(open_archive(Path(p)), name, p) for name, p in places.items()]
        readers = [
            SpeechConfig(path=place, skip_bad=self.skip_bad, limit=self.limit)
            for place in places.values()
        ]
        scans = [scan_sounds(reader, progress) for reader in readers]
        bad = [
            (f"{place}/{name}", why)
            for place, scan in zip(places.values(), scans, strict=True)
            for name, why in scan.bad
        ]
        if bad and not self.skip_bad:
            raise DataError(unreadable_files(bad))
        rates = sum((scan.rates for scan in scans), Counter[int]())
        rate = self.rate or min(rates.most_common(1)[0][0], MOST_RATE)
        samples = window_of(self.seconds, rate, name=self.name)
        found = SoundFindings(rates=rates, unreadable=[name for name, _ in bad])
        voices = []
        for name, reader, scan in zip(places, readers, scans, strict=True):
            windows = windows_of(reader, scan, rate, samples, found, progress)
            if len(windows) < LEAST:
                raise DataError(
                    f"{name} is heard in {len(windows)} windows of {samples / rate:.3g} s, and a "
                    f"voice is learned from {LEAST} or more; a few minutes are a beginning. Add "
                    "recordings."
                )
            voices.append(torch.from_numpy(np.stack(windows).astype(np.float32)))
        form = sound_space(voices[0], rate)
        dataset = voices_of(voices, list(places), consents, form, name=self.name)
        assert isinstance(dataset.space, VoicesSpace)
        who = [
            f"{name} has {len(one):,} windows of {samples / rate:.3g} s, at "
            f"{speaker.pitch:.0f} Hz in the middle ({speaker.consent})."
            for name, one, speaker in zip(places, voices, dataset.space.speakers, strict=True)
        ]
        dataset.notes = (*who, *notes_of(found, samples, rate, asked=True))
        return dataset, self.with_values({"rate": rate, "seconds": samples / rate})

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """See `DataConfig.options_like`; rate and length are those of `space`."""
        if not isinstance(space, VoicesSpace):
            raise other_kind("windows of voices", space)
        form = {"rate": space.rate, "seconds": space.seconds}
        return super().options_like(space, like) | form

    def _speakers(self) -> dict[str, str]:
        """The folder of each speaker, by name.

        Raises:
            DataError: there are no two, or two of one name.
        """
        if self.others:
            places = [self.path, *self.others]
            named = {Path(place).stem: place for place in places}
            if len(named) < len(places):
                raise DataError(
                    f"{', '.join(places)}: folders are called after their speakers, and two of "
                    "these have one name. Rename one."
                )
            return named
        parts = [PurePosixPath(name).parts for name in open_archive(Path(self.path)).names]
        names = sorted(
            {one[0] for one in parts if len(one) > 1 and Path(one[-1]).suffix.lower() in ENDINGS}
        )
        if len(names) < 2:
            several = either(
                python='("anna", "ben")', shell="--data anna/ ben/", page="a .zip with both"
            )
            raise DataError(
                f"{self.path} has recordings in {len(names)} subfolders, and voices are converted "
                f"between two speakers or more. Give each a subfolder, or name several: {several}."
            )
        return {name: f"{self.path.rstrip('/')}/{name}" for name in names}
