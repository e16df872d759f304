"""Every reader of data, on files that chance has damaged: an error of ours, or data; never more.

`python tests/data/test_fuzz_readers.py SEED CASES` tries more than the suite has time for.
"""

import gzip
import io
import json
import random
import resource
import signal
import struct
import sys
import tempfile
import traceback
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet
import torch
from PIL import Image

from tests.forks import Forks
from zerosum.errors import ZerosumError
from zerosum.modalities.images.labelled import open_labelled
from zerosum.modalities.music.midi import Note, PartNotes, midi_bytes
from zerosum.modalities.tables.reading.places import TABLE_SUFFIXES
from zerosum.modalities.tables.reading.readers import schema_of
from zerosum.workflows.data import open_data

SEED, CASES = 0, 600
MEMORY = 4 << 30
"""Bytes of address space that a case may take beyond what the libraries have taken."""
SECONDS = 20
"""Processor time of a case; the usual one takes milliseconds."""

_GREY = np.arange(80, dtype=np.uint8).reshape(8, 10)
_COLOUR = np.stack([_GREY, 255 - _GREY, _GREY // 2], axis=-1)


@dataclass(frozen=True)
class Seed:
    """A small, whole file.

    Attributes:
        name: its ending decides which reader it is for.
        inner: the bytes that are damaged.
        wrapped: makes the file of them, so that what is packed is damaged and no checksum tells.
    """

    name: str
    inner: bytes
    wrapped: Callable[[bytes], bytes] = bytes


def test_damaged_files_give_errors_of_ours(forks: Forks) -> None:
    done = forks.run(__file__, SEED, CASES)
    assert done.returncode == 0, f"{done.stdout[-4_000:]}\n{done.stderr[-4_000:]}"
    counts = json.loads(done.stdout)
    assert counts["read"] > CASES // 20  # some damage does no harm, and some does
    assert counts["refused"] > CASES // 3


def seeds() -> list[Seed]:
    """A small, whole file for every reader."""
    made: list[Seed] = []
    for form, mode, options in (
        ("png", "RGB", {}), ("png", "P", {}), ("png", "I;16", {}), ("jpg", "RGB", {}),
        ("jpg", "CMYK", {}), ("webp", "RGBA", {}), ("bmp", "RGB", {}), ("gif", "P", {}),
        ("tiff", "RGB", {"compression": "tiff_lzw"}), ("tiff", "RGB", {}), ("ppm", "RGB", {}),
    ):  # fmt: skip
        made.append(Seed(f"pictures/a.{form}", _picture(form, mode, options)))
    picture = made[0].inner
    packed = {"a/1.png": picture, "b/2.png": picture}
    made += [Seed("a.zip", _zip(packed, method)) for method in _METHODS]
    labels = b"file,label\n1.png,x\n"
    made.append(Seed("a.zip", labels, lambda body: _zip({"1.png": picture, "labels.csv": body})))
    for arrays in (
        {"x": _COLOUR[None], "y": np.array([3])}, {"x": np.eye(5), "y": np.array(list("abcde"))},
        {"x_train": _GREY[None], "y_train": np.array([b"one"])},
        {"x": np.asfortranarray(_GREY.astype(float) / 100)},
    ):  # fmt: skip
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        made.append(Seed("a.npz", buffer.getvalue()))
        for name, array in arrays.items():
            made.append(Seed("a.npz", _npy(array), partial(_as_member, f"{name}.npy", arrays)))
    idx = struct.pack(">4B3I", 0, 0, 8, 3, 3, 8, 10) + bytes(_GREY) * 3
    made += [
        Seed("a-idx3-ubyte", idx), Seed("a-idx3-ubyte.gz", gzip.compress(idx, mtime=0)),
        Seed("a-idx3-ubyte.gz", idx, partial(gzip.compress, mtime=0)),
    ]  # fmt: skip
    rows = "".join(
        f'{i},{i % 3 / 2},"a, {i % 4}",2020-01-{i % 28 + 1:02},{"true" if i % 2 else ""}\n'
        for i in range(40)
    )
    made += [
        Seed("a.csv", f"id,b,c,d,é\n{rows}".encode()), Seed("a.tsv", b"a\tb\n1\tx\n2\ty\n" * 2),
        Seed("labelled.csv", b"file,age\na.png,1\nb.png,2\n"),
        Seed("windows.csv", f"id,b,c,d,é\n{rows}".encode()),
        Seed("windows.parquet", _parquet("snappy", "2.6")),
    ]  # fmt: skip
    waves = np.arange(60).reshape(10, 3, 2) % 7
    written = [":".join(",".join(map(str, one)) for one in wave.T) for wave in waves]
    series = "\n".join(["@classLabel true a b", "@data", *(f"{line}:a" for line in written)])
    made += [Seed("a.ts", series.encode()), Seed("a.npy", _npy(waves / 3))]
    people = "".join(
        f"{i % 28 + 1:02}.03.2023;{i % 9 + 1}.{i * 37 % 1000:03},5{i % 9} €;{i % 7}%;"
        f"5/{i % 28 + 1}/23 8:0{i % 9} PM\n"
        for i in range(70)
    )
    lines = "".join(f'{{"a": {i % 9}, "b": "x{i % 3}", "c": {i / 4}}}\n' for i in range(40))
    told = json.dumps({"labels": [["00000/img00000000.png", 1]]}).encode()
    made += [
        Seed("a.csv", f"d;e;f;g\n{people}".encode()),
        Seed("a.csv.gz", gzip.compress(f"d;e;f;g\n{people}".encode(), mtime=0)),
        Seed("a.csv.gz", f"d;e;f;g\n{people}".encode(), partial(gzip.compress, mtime=0)),
        Seed("a.jsonl", lines.encode()), Seed("a.feather", _feather()),
        Seed("a.json", f"[{','.join(lines.splitlines())}]".encode()),
        Seed("a.zip", told, lambda b: _zip({"00000/img00000000.png": picture, "dataset.json": b})),
    ]  # fmt: skip
    song = [Note(2 * i, 2 * i + 2, 60 + i % 7) for i in range(140)]
    parts = [PartNotes("melody", 0, song)]
    midi = midi_bytes(parts, meter=(4, 4), key=0, tempo=100, accents=4)
    made.append(Seed("a.mid", midi))
    return made + [Seed("a.parquet", _parquet(codec, version)) for codec, version in _PARQUETS]


_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_PARQUETS = (("none", "1.0"), ("snappy", "2.6"), ("zstd", "2.6"))


def _feather() -> bytes:
    buffer = io.BytesIO()
    table = pa.table({"a": [*range(30)], "b": [f"x{i % 3}" for i in range(30)]})
    feather.write_feather(table, buffer, compression="uncompressed")
    return buffer.getvalue()


def _picture(form: str, mode: str, options: dict[str, str]) -> bytes:
    if mode == "I;16":
        image = Image.fromarray(_GREY.astype(np.uint16) * 256)
    else:
        image = Image.fromarray(_COLOUR).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    extra = {"exif": exif} if form in ("jpg", "webp") else {}
    image.save(buffer, format={"jpg": "jpeg"}.get(form, form), **options, **extra)
    return buffer.getvalue()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _as_member(name: str, arrays: dict[str, np.ndarray], body: bytes) -> bytes:
    """An .npz file of arrays, one of which has these bytes."""
    return _zip({f"{other}.npy": _npy(array) for other, array in arrays.items()} | {name: body})


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def _parquet(codec: str, version: str) -> bytes:
    moments = pa.array(range(50), pa.timestamp("us"))
    table = pa.table({
        "a": pa.array(range(50)), "b": pa.array([i / 3 for i in range(50)]),
        "c": pa.array(["x", "yy", None, "é", ""] * 10), "d": moments,
        "e": pa.array(["x", "y"] * 25).dictionary_encode(), "f": pa.array([True, None] * 25),
    })  # fmt: skip
    buffer = io.BytesIO()
    parquet.write_table(table, buffer, compression=codec, version=version, row_group_size=30)
    return buffer.getvalue()


def damaged(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """A file with some bytes changed, cut, doubled, or taken from another file."""
    body = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(body) + 1)
        if chance.random() < 0.4:  # headers stand at both ends
            edge = min(len(body), 64)
            at = chance.choice((chance.randrange(edge + 1), len(body) - chance.randrange(edge + 1)))
        much = chance.choice((1, 1, 2, 4, 8, 40))
        kind = chance.randrange(7)
        if kind == 0:
            body[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1 and at < len(body):
            body[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            del body[at : at + much]
        elif kind == 3:
            body[at:at] = body[at : at + much] * chance.choice((1, 1, 50))
        elif kind == 4:
            start = chance.randrange(len(other) + 1)
            body[at : at + much] = other[start : start + much]
        elif kind == 5:
            body[at : at + much] = chance.choice(_NASTY)
        elif chance.random() < 0.5:
            del body[at:]
    return bytes(body)


_NASTY = (
    b"\0", b"\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0",
    b'"', b"\n", b"\r", b",", b";", b"\xef\xbb\xbf", b"\xff\xfe", b"nan", b"1e999", b"-" * 9,
    b"9" * 40, b"\x80" * 10, "\u2028".encode(), b"\x01\0\0\0\0\0\0\0",
)  # fmt: skip


def read(path: Path) -> None:
    """What a user's data goes through before anything is trained."""
    if path.name == "labelled.csv":
        Image.fromarray(_GREY).save(path.with_name("a.png"))
        Image.fromarray(_GREY).save(path.with_name("b.png"))
        open_labelled(path, "age", size=(8, 8), channels=1)
        return
    if path.stem == "windows":
        time = "id" if path.suffix == ".csv" else "a"
        open_data(path, spaces=("series",), window=4, channels=("b",), time=time)
        return
    place = path.parent if path.parent.name == "pictures" else path
    if path.name.endswith(TABLE_SUFFIXES):
        schema_of(path)
    dataset, _ = open_data(place)
    dataset.take(torch.arange(min(len(dataset), 4)))
    json.dumps(dataset.space.to_json(), ensure_ascii=False).encode("utf-8")


def attempt(seed: int, number: int, folder: Path, made: list[Seed]) -> str:
    """One case: `read` or `refused`.

    Raises:
        BaseException: whatever else a reader raised.
    """
    chance = random.Random(f"{seed} {number}")
    one = made[number % len(made)]
    path = folder / one.name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(one.wrapped(damaged(one.inner, chance.choice(made).inner, chance)))
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        read(path)
    except ZerosumError as error:
        if not str(error):
            raise
        return "refused"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return "read"


def main(seed: int, cases: int, first: int = 0) -> int:
    """Try cases; prints how they went, or those that went wrong."""
    made = seeds()
    with tempfile.TemporaryDirectory() as folder:
        for number, one in enumerate(made):  # whole, and all libraries loaded
            path = Path(folder) / str(number) / one.name
            path.parent.mkdir(parents=True)
            path.write_bytes(one.wrapped(one.inner))
            read(path)
    _limit_memory()
    signal.signal(signal.SIGVTALRM, _too_long)
    warnings.simplefilter("ignore")
    counts, wrong = {"read": 0, "refused": 0}, 0
    for number in range(first, first + cases):
        with tempfile.TemporaryDirectory() as folder:
            try:
                counts[attempt(seed, number, Path(folder), made)] += 1
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                wrong += 1
                sys.stdout.write(f"seed {seed}, case {number}, {made[number % len(made)].name}:\n")
                traceback.print_exc(limit=-8, file=sys.stdout)
    if not wrong:
        sys.stdout.write(f"{json.dumps(counts)}\n")
    return int(bool(wrong))


def _limit_memory() -> None:
    taken = next(
        int(line.split()[1]) << 10
        for line in Path("/proc/self/status").read_text("utf-8").splitlines()
        if line.startswith("VmSize")
    )
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))


class _TooLongError(BaseException):
    """Not caught by readers that turn whatever a decoder raises into an error of ours."""


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise _TooLongError(f"more than {SECONDS} seconds of processor time")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
