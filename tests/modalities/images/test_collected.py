"""Images as they are downloaded, scraped and exported: each is read as meant, or it is told."""

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.data.base import Dataset
from zerosum.errors import DataError
from zerosum.modalities.images.pixels import ENDINGS
from zerosum.workflows.data import open_data, open_holdout


def png(shade: int = 9, mode: str = "L") -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (8, 8), shade).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def opened(path: Path | str, **options: Any) -> Dataset:
    return open_data(str(path), spaces=("image",), **options)[0]


def classes(dataset: Dataset) -> list[str]:
    y = dataset.labels_of(torch.arange(len(dataset)))
    return [] if y is None else [dataset.space.labels[code] for code in y.tolist()]


def pixels(dataset: Dataset) -> torch.Tensor:
    return dataset.take(torch.arange(len(dataset)))[0]


def deep_png(values: np.ndarray) -> bytes:
    """A PNG of 16 bits for each of 3 or 4 values of a pixel, with rows filtered in several ways."""
    height, width, channels = values.shape
    rows = values.astype(">u2").view(np.uint8).reshape(height, -1)
    before = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    body = b"".join(
        bytes([0]) + row.tobytes() if at % 2 else bytes([2]) + (row - above).tobytes()
        for at, (row, above) in enumerate(zip(rows, before, strict=True))
    )

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(body)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("top", [800, 4095, 65535])
def test_colours_of_16_bits_are_scaled_by_the_range_of_all(top: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = [rng.integers(0, high + 1, (8, 9, 3)) for high in (top // 2, top)]
    values[0][0, 0, 0], values[1][0, 0, 0] = 0, top
    folder = put(tmp_path / "d", {f"{k}.png": deep_png(one) for k, one in enumerate(values)})
    dataset, config = open_data(str(folder))
    assert f"2 images have more than 8 bits; values 0 to {top} become" in dataset.notes[0]
    right = np.round(np.stack(values) * (255 / top)).transpose(0, 3, 1, 2)
    assert np.array_equal(pixels(dataset).numpy(), right)
    other = put(tmp_path / "e", {"1.png": deep_png(np.full((8, 9, 3), 300))})
    held, _ = open_holdout(str(other), space=dataset.space, like=config)
    assert pixels(held).unique().tolist() == [round(300 * 255 / top)]


def test_alpha_of_16_bits_is_no_brightness(tmp_path: Path) -> None:
    values = np.full((8, 8, 4), 100)
    values[0, 0, :3], values[..., 3] = 200, 65_535
    x = pixels(opened(put(tmp_path, {"1.png": deep_png(values)})))[0]
    assert x[3].unique().tolist() == [255]
    assert x[0].unique().tolist() == [0, 255]


def test_tiff_files_of_16_bits_for_each_colour(tmp_path: Path) -> None:
    values = np.arange(8 * 8 * 3, dtype="<u2") * 5
    head = b"II*\0" + struct.pack("<I", 8 + values.nbytes)
    entries = [
        (256, 3, 1, 8), (257, 3, 1, 8), (258, 3, 3, 0), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, 8), (277, 3, 1, 3), (278, 3, 1, 8), (279, 4, 1, values.nbytes),
    ]  # fmt: skip
    after = 8 + values.nbytes + 2 + 12 * len(entries) + 4
    entries[2] = (258, 3, 3, after)
    body = struct.pack("<H", len(entries))
    body += b"".join(struct.pack("<HHII", *one) for one in entries) + struct.pack("<I", 0)
    made = head + values.tobytes() + body + struct.pack("<HHH", 16, 16, 16)
    x = pixels(opened(put(tmp_path, {"1.tif": made})))[0]
    right = np.round(values.reshape(8, 8, 3) * (255 / values.max())).transpose(2, 0, 1)
    assert np.array_equal(x.numpy(), right)


@pytest.mark.parametrize("ending", sorted({".avif", ".jfif", ".jpe", ".webp"} & ENDINGS))
def test_forms_of_the_web(ending: str, tmp_path: Path) -> None:
    form = {".avif": "AVIF", ".webp": "WEBP"}.get(ending, "JPEG")
    for k in range(3):
        Image.new("RGB", (8, 8), (200, 40, 40)).save(tmp_path / f"{k}{ending}", form)
    red = pixels(opened(tmp_path))[0, 0].float().mean().item()
    assert red == pytest.approx(200, abs=6)


def test_pictures_that_are_not_read_are_told(tmp_path: Path) -> None:
    folder = put(tmp_path / "phone", {"IMG_1.HEIC": b"x", "IMG_2.HEIC": b"x"})
    with pytest.raises(DataError, match=r"2 files \.heic are not read: save them as PNG or JPEG"):
        opened(folder)
    put(folder, {"3.png": png(), "logo.svg": b"<svg/>"})
    assert opened(folder).notes == (
        "2 files .heic, 1 file .svg are not read: save them as PNG or JPEG.",
    )


def test_a_folder_of_other_files_says_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no images in .* \(1 file, such as \.pdf\)"):
        opened(put(tmp_path, {"a.pdf": b"%PDF"}))


def test_pages_and_pointers_in_the_place_of_images(tmp_path: Path) -> None:
    files = {"1.png": png(), "2.jpg": b"<!DOCTYPE html><html>404</html>"}
    with pytest.raises(DataError, match=r"1 unreadable file: 2\.jpg: not an image, but a web page"):
        opened(put(tmp_path / "a", files))
    files["2.jpg"] = b"version https://git-lfs.github.com/spec/v1\noid sha256:4\n"
    with pytest.raises(DataError, match="a pointer of Git LFS; fetch the file itself"):
        opened(put(tmp_path / "b", files))


HUGGING_FACE = {
    "metadata.csv": "file_name,label\n" + "".join(f"{k}.png,{'ab'[k % 2]}\n" for k in range(4)),
    "metadata.jsonl": "".join(
        json.dumps({"file_name": f"{k}.png", "label": "ab"[k % 2], "box": [1, 2]}) + "\n"
        for k in range(4)
    ),
}


@pytest.mark.parametrize("folder", ["", "train/"])
@pytest.mark.parametrize("name", HUGGING_FACE)
def test_labels_of_hugging_face(name: str, folder: str, tmp_path: Path) -> None:
    files = {f"{folder}{k}.png": png(k) for k in range(4)}
    files |= {f"{folder}{name}": HUGGING_FACE[name].encode()}
    if folder:
        files |= {f"test/{k}.png": png(k) for k in range(2)}
    dataset = opened(put(tmp_path, files))
    assert classes(dataset) == ["a", "b", "a", "b"]
    assert not any("not read" in note for note in dataset.notes)


def test_captions_of_hugging_face(tmp_path: Path) -> None:
    lines = [json.dumps({"file_name": f"{k}.png", "text": f"a ring {k}"}) for k in range(4)]
    put(tmp_path, {f"{k}.png": png(k) for k in range(4)})
    put(tmp_path, {"metadata.jsonl": "\n".join(lines).encode()})
    captioned, _ = open_data(str(tmp_path), spaces=("captioned",))
    assert captioned.space.kind == "captioned"
    (note,) = opened(tmp_path).notes
    assert note.startswith("metadata.jsonl lies beside the files and is not read")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"not json\n", "cannot be read as JSON lines"), (b"[1]\n", "cannot be read as JSON lines")],
)
def test_metadata_that_are_none(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        opened(put(tmp_path, {"1.png": png(), "metadata.jsonl": content}))


def test_a_list_with_other_columns_says_what_it_has(tmp_path: Path) -> None:
    files = {f"{k}.png": png() for k in range(2)}
    put(tmp_path, files | {"labels.csv": b"filename,class\n0.png,a\n1.png,b\n"})
    with pytest.raises(DataError, match="it has 2 rows below the columns filename, class"):
        opened(tmp_path)
    put(tmp_path, {"labels.csv": b"file,label\n0,a\n1,b\n"})
    with pytest.raises(DataError, match=r"such as '0\.png'; it names files such as '0'"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("name", "told"),
    [("annotations/instances.json", True), ("project-1.json", True), ("notes.txt", False)],
)
def test_annotations_beside_images_are_told(name: str, told: bool, tmp_path: Path) -> None:
    put(tmp_path, {f"images/{k}.png": png() for k in range(3)} | {name: b"{}"})
    notes = opened(tmp_path).notes
    assert any(note.startswith(f"{name} lies beside the files") for note in notes) == told


def test_folders_called_alike_below_classes(tmp_path: Path) -> None:
    files = {f"train/{c}/images/{c}_{k}.png": png() for c in ("n01", "n02") for k in range(2)}
    assert classes(opened(put(tmp_path / "a", files))) == ["n01", "n01", "n02", "n02"]
    files = {f"{place}images/{k}.png": png() for place in ("", "x/") for k in range(2)}
    assert not classes(opened(put(tmp_path / "b", files)))


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path.with_suffix(".zip")


@pytest.mark.parametrize("write", [put, zipped])
def test_splits_in_each_class(write: Any, tmp_path: Path) -> None:
    shades = {"train": 10, "test": 30}
    path = write(tmp_path / "d", {
        f"set/{c}/{split}/{k}.png": png(shade + k)
        for c in ("cat", "dog") for split, shade in shades.items() for k in range(3)
    })  # fmt: skip
    dataset, config = open_data(str(path))
    assert classes(dataset) == ["cat"] * 3 + ["dog"] * 3
    assert pixels(dataset).flatten(1)[:, 0].tolist() == [10, 11, 12] * 2
    assert dataset.notes == (
        "test, train in each class are splits, not classes: train is used; judge with "
        f"holdout='{path}'.",
    )
    held, _ = open_holdout(str(path), space=dataset.space, like=config)
    assert classes(held) == ["cat"] * 3 + ["dog"] * 3
    assert pixels(held).flatten(1)[:, 0].tolist() == [30, 31, 32] * 2


def test_classes_that_are_called_as_splits_are(tmp_path: Path) -> None:
    put(tmp_path, {f"toys/{c}/{k}.png": png() for c in ("train", "test") for k in range(2)})
    assert not classes(opened(tmp_path))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.tar.gz", "Unpack it, or pack its files as a .zip"), ("x.h5", "numpy.savez"),
        ("x.dta", "read_stata"), ("x.pkl", "can run programs"), ("x.xls", "as .xlsx"),
    ],
)  # fmt: skip
def test_files_of_other_forms_say_what_to_do(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        opened(put(tmp_path, {name: b"x"}) / name)
