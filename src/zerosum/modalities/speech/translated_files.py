"""Sounds and levels from files and into files, one by one, for models that translate them."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from zerosum.data.archives import Archive, Folder
from zerosum.data.arrays import ARRAY_ERRORS
from zerosum.data.base import Progress
from zerosum.data.files import look_at
from zerosum.data.places import open_archive
from zerosum.data.scanning import held_in
from zerosum.errors import DataError, RunError
from zerosum.faces import option
from zerosum.modalities.sound.arrays import MOST_BYTES
from zerosum.modalities.sound.decoding import ENDINGS, SoundFiles, SoundHeader
from zerosum.modalities.sound.shaping import SILENCE
from zerosum.modalities.sound.shown import wav_bytes
from zerosum.models.provenance import Provenance, Signer
from zerosum.origin.marks import with_marks
from zerosum.runs.files import make_folder, write_whole

LEVELS = (".npy", ".npz")
"""Endings of files of levels."""

FromWave = Callable[[np.ndarray, SoundHeader, Progress | None], np.ndarray]
"""From a wave `[channels, samples]` and the header of its file to another wave."""

FromLevels = Callable[[np.ndarray, str, Progress | None], np.ndarray]
"""From levels and their name to a wave."""


@dataclass(frozen=True)
class TranslatedSounds:
    """The result of translating files.

    Attributes:
        paths: files that were written.
        failed: name and reason of each file that could not be used.
        heard: seconds of sound that were made.
        took: seconds that making it took, without reading and writing.
        notes: what there is to say besides.
    """

    paths: list[Path] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    heard: float = 0.0
    took: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def real_time_factor(self) -> float:
        """Seconds that a second of sound took."""
        return self.took / self.heard if self.heard else 0.0

    @property
    def facts(self) -> dict[str, float]:
        """Seconds of sound, and the real-time factor."""
        return {
            "seconds": round(self.heard, 3), "real_time_factor": round(self.real_time_factor, 4),
        }  # fmt: skip

    @property
    def remark(self) -> str:
        """The same in words."""
        return (
            f"{self.heard:.1f} s of sound in {self.took:.1f} s: a real-time factor of "
            f"{self.real_time_factor:.2f}. {' '.join(self.notes)}"
        ).rstrip()


def is_levels(path: Path | PurePosixPath) -> bool:
    """Whether a file holds levels, by its name."""
    return path.suffix.lower() in LEVELS


def read_sound(path: Path) -> tuple[np.ndarray, SoundHeader]:
    """The wave `[channels, samples]` of a file, and its header.

    Raises:
        DataError: it is no sound, or nothing is heard in it.
        MissingExtraError: soundfile is not installed.
    """
    if look_at(path) != "file":
        raise DataError(f"no file at {path}.")
    files = SoundFiles(Folder(path.parent, only=path.name))
    try:
        return _heard(files, path.name)
    except DataError as error:
        raise DataError(f"{path}: {error}.") from error


def read_levels(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a `.npy` or `.npz` file, by name.

    Raises:
        DataError: there is no such file, it is damaged, or it holds no numbers.
    """
    if look_at(path) != "file":
        raise DataError(f"no file at {path}.")
    try:
        return _arrays(path.read_bytes())
    except DataError as error:
        raise DataError(f"{path}: {error}.") from error


def translate_sounds(
    source: Path, out: Path, *, rate: int, from_wave: FromWave, from_levels: FromLevels | None,
    progress: Progress | None, made: Provenance, sign: Signer | None = None,
    marks: Mapping[str, Any] | None = None,
) -> TranslatedSounds:  # fmt: skip
    """Every sound below `source`, translated, into `.wav` files below `out`.

    Args:
        source: a file, or a folder or zip of files.
        out: an empty or new folder; for a single file also the name of a .wav file.
        rate: samples in a second of what is made.
        from_wave: translates a wave.
        from_levels: makes waves of levels; None where levels cannot be used.
        progress: called with how many files, or frames of the only one, are done.
        made: how files are made, if somebody signs them.
        sign: signs each file.
        marks: what each file is to say inside of how it was made, as JSON.

    Raises:
        DataError: there is nothing to translate, or nothing that can be used.
        RunError: `out` is not empty, or cannot be written.
        OriginError: a file cannot be signed.
        MissingExtraError: soundfile is not installed, or soxr where it is needed.
    """
    endings = {*ENDINGS, *(LEVELS if from_levels else ())}
    single = source.suffix.lower() in endings and look_at(source) == "file"
    place = source.parent if single else source
    archive: Archive = Folder(place, only=source.name) if single else open_archive(source)
    names = [name for name in archive.names if PurePosixPath(name).suffix.lower() in endings]
    if not names:
        raise DataError(
            f"nothing to translate in {source} ({held_in(archive)}). Names end in "
            f"{', '.join(sorted(endings))}."
        )
    as_file = single and out.suffix.lower() == ".wav"
    if as_file and out.resolve() == source.resolve():
        raise RunError(f"{out} is the sound itself. Choose another name with {option('out')}.")
    if not as_file and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(f"{out} is not an empty folder. Choose a new folder with {option('out')}.")
    files = SoundFiles(archive)
    failed: list[tuple[str, str]] = []
    paths: list[Path] = []
    heard = took = 0.0
    inner = progress if len(names) == 1 else None
    for i, (name, target) in enumerate(zip(names, _targets(names), strict=True)):
        try:
            parts = _parts(archive, files, name)
            start = time.perf_counter()
            waves = {
                part: from_wave(*given, inner) if isinstance(given, tuple)
                else from_levels(given, name, inner) if from_levels else given
                for part, given in parts.items()
            }  # fmt: skip
            took += time.perf_counter() - start
        except DataError as error:
            failed.append((name, str(error).removesuffix(".")))
            continue
        for part, wave in waves.items():
            path = out if as_file and len(waves) == 1 else (out / target) / part
            path = path if path.suffix == ".wav" else path.with_name(path.name + ".wav")
            make_folder(path.parent)
            body = wav_bytes(wave, rate)
            if marks is not None:
                body = with_marks(body, marks, f"zerosum {version('zerosum')}")
            paths.append(_save(body, path, made, sign))
            heard += wave.shape[1] / rate
        if progress is not None and len(names) > 1:
            progress("translating sounds", i + 1, len(names))
    if not paths:
        listed = "; ".join(f"{name}: {why}" for name, why in failed[:10])
        raise DataError(f"nothing in {source} can be translated: {listed}.")
    return TranslatedSounds(paths, failed, heard, took)


def _parts(
    archive: Archive, files: SoundFiles, name: str
) -> Mapping[str, np.ndarray | tuple[np.ndarray, SoundHeader]]:
    """What a file holds, by the name of the part; the only part has none."""
    if not is_levels(PurePosixPath(name)):
        return {"": _heard(files, name)}
    found = _arrays(archive.read(name))
    return {"": next(iter(found.values()))} if len(found) == 1 else dict(found)


def _heard(files: SoundFiles, name: str) -> tuple[np.ndarray, SoundHeader]:
    header = files.header(name)
    if header.samples * header.channels * 4 > MOST_BYTES:
        raise DataError(f"it takes more than {MOST_BYTES >> 30} GiB of memory; cut it into parts")
    wave = files.read(name)
    if np.abs(wave).max(initial=0) < SILENCE:
        raise DataError("it is silent throughout")
    return wave, header


def _arrays(body: bytes) -> dict[str, np.ndarray]:
    try:
        found = np.load(BytesIO(body), allow_pickle=False)
        arrays = {"": found} if isinstance(found, np.ndarray) else {n: found[n] for n in found}
    except ARRAY_ERRORS as error:
        raise DataError(f"it holds no arrays that can be read ({error})") from error
    if not arrays or any(one.dtype.kind != "f" or not one.size for one in arrays.values()):
        raise DataError("it holds no levels, which are floats")
    return arrays


def _targets(names: Sequence[str]) -> list[str]:
    """Names of what is written without an ending; with the old one where two would agree."""
    stems = [PurePosixPath(name).with_suffix("").as_posix() for name in names]
    twice = {stem for stem, count in Counter(stems).items() if count > 1}
    return [name if stem in twice else stem for name, stem in zip(names, stems, strict=True)]


def _save(body: bytes, path: Path, made: Provenance, sign: Signer | None) -> Path:
    if sign is not None:
        return sign.write(path, lambda aside: aside.write_bytes(body), made)
    write_whole(path, lambda aside: aside.write_bytes(body))
    return path
