"""Images in the forms that people have them: each is read as meant, and each guess is told."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.data.base import Dataset
from zerosum.errors import DataError
from zerosum.workflows.data import open_data, open_holdout, scan_data


def png(shade: int, size: tuple[int, int] = (8, 8)) -> bytes:
    """A grey PNG of `size`, height and width."""
    buffer = io.BytesIO()
    Image.new("L", (size[1], size[0]), shade).save(buffer, "PNG")
    return buffer.getvalue()


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo("x")
            info.filename = name
            archive.writestr(info, content)
    return path


def renamed(path: Path, files: dict[str, bytes]) -> Path:
    """A zip whose directory alone has the names; each file itself is called x."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo("x"), content)
            archive.filelist[-1].filename = name
            archive.NameToInfo = {info.filename: info for info in archive.filelist}
    return path


def opened(path: Path | str, **options: Any) -> Dataset:
    return open_data(str(path), **options)[0]


def classes(dataset: Dataset) -> list[str]:
    y = dataset.labels_of(torch.arange(len(dataset)))
    return [] if y is None else [dataset.space.labels[code] for code in y.tolist()]


def shades(dataset: Dataset) -> list[int]:
    return dataset.take(torch.arange(len(dataset)))[0].flatten(1)[:, 0].tolist()


def nvlabs(labels: Any) -> dict[str, bytes]:
    names = [f"{k // 10:05d}/img{k:08d}.png" for k in range(30)]
    files = {name: png(8 * k) for k, name in enumerate(names)}
    if labels is None:
        return files | {"dataset.json": b'{"labels": null}'}
    told = {"labels": [[name, labels(k)] for k, name in enumerate(names)]}
    return files | {"dataset.json": json.dumps(told).encode()}


def test_the_labels_of_stylegan(tmp_path: Path) -> None:
    found = opened(zipped(tmp_path / "a.zip", nvlabs(lambda k: k % 3)))
    assert classes(found) == [str(k % 3) for k in range(30)]
    assert not opened(zipped(tmp_path / "b.zip", nvlabs(None))).space.labels
    folder = put(tmp_path / "c", nvlabs(lambda k: k % 2))
    assert classes(opened(folder))[:2] == ["0", "1"]


def test_numbered_folders_of_stylegan_are_no_classes(tmp_path: Path) -> None:
    files = nvlabs(None)
    del files["dataset.json"]
    assert not opened(put(tmp_path, files)).space.labels


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"labels": [["00000/img00000000.png", [0.5, 1]]]}', "no classes, such as"),
        (b'{"labels": [["00000/img00000000.png", 1]]}', "no label for 29 files"),
        (b'{"names": []}', "no list of labels"),
        (b"not json", "no list of labels"),
    ],
)
def test_lists_that_are_none(content: bytes, words: str, tmp_path: Path) -> None:
    put(tmp_path, nvlabs(None) | {"dataset.json": content})
    with pytest.raises(DataError, match=words):
        opened(tmp_path)
    assert len(opened(tmp_path, labels="none")) == 30


@pytest.mark.parametrize("above", ["", "animals/"])
def test_train_and_test_are_splits(above: str, tmp_path: Path) -> None:
    shades_of = {"train": 10, "val": 20, "test": 30}
    folder = put(tmp_path / "d", {
        f"{above}{split}/{label}/{k}.png": png(shade + k)
        for split, shade in shades_of.items() for label in ("cat", "dog") for k in range(4)
    })  # fmt: skip
    dataset, config = open_data(str(folder))
    assert (len(dataset), dataset.space.labels) == (8, ("cat", "dog"))
    (note,) = dataset.notes
    assert "test, train, val are splits, not classes: train is used" in note
    assert f"judge with holdout='{folder / above / 'test'}'" in note
    held, _ = open_holdout(str(folder), space=dataset.space, like=config)
    assert shades(held)[0] == 30
    val, _ = open_holdout(str(folder / above / "val"), space=dataset.space, like=config)
    assert shades(val)[0] == 20
    told = scan_data(str(folder))
    assert told is not None
    assert told.startswith("8 images")


def test_a_class_called_train_is_one(tmp_path: Path) -> None:
    files = {f"{label}/{k}.png": png(k) for label in ("train", "plane") for k in range(3)}
    assert opened(put(tmp_path, files)).space.labels == ("plane", "train")


def test_links_to_classes_are_followed_and_loops_are_not(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", {f"{k}.png": png(k) for k in range(3)})
    folder = put(tmp_path / "d", {f"real/{k}.png": png(10 + k) for k in range(3)})
    (folder / "linked").symlink_to(Path("..") / "elsewhere")
    (folder / "real" / "again").symlink_to(folder)
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    assert classes(opened(folder)) == ["linked"] * 3 + ["real"] * 3


@pytest.mark.parametrize("write", [zipped, renamed])
@pytest.mark.parametrize("separator", ["\\", "/", "\u00e9\\"])
def test_backslashes_in_zips_are_slashes(write: Any, separator: str, tmp_path: Path) -> None:
    files = {f"{('cats', 'dogs')[k % 2]}{separator}{k}.png": png(5 * k) for k in range(10)}
    dataset = opened(write(tmp_path / "a.zip", files))
    called = separator[:-1]
    assert classes(dataset) == [f"cats{called}"] * 5 + [f"dogs{called}"] * 5
    assert shades(dataset) == [*range(0, 50, 10), *range(5, 50, 10)]


def test_names_that_differ_by_backslashes_alone(tmp_path: Path) -> None:
    both = {"cats\\1.png": png(1), "cats/1.png": png(2)}
    with pytest.raises(DataError, match=r"several files called 'cats/1\.png'"):
        opened(zipped(tmp_path / "b.zip", both))


@pytest.mark.parametrize(("top", "kind"), [(249, np.uint16), (4095, np.uint16), (10**6, np.int32)])
def test_deep_pixels_are_scaled_by_the_range_of_all(top: int, kind: Any, tmp_path: Path) -> None:
    ending = "png" if kind == np.uint16 else "tif"
    other, folder = tmp_path / "held", tmp_path / "d"
    other.mkdir()
    folder.mkdir()
    for k, high in enumerate((top // 2, top)):
        values = np.linspace(0, high, 64).reshape(8, 8).astype(kind)
        Image.fromarray(values).save(folder / f"{k}.{ending}")
    dataset, config = open_data(str(folder))
    x = dataset.take(torch.arange(2))[0]
    assert [int(one.max()) for one in x] == [pytest.approx(127, abs=1), 255]
    assert f"2 images have more than 8 bits; values 0 to {top} become 0" in dataset.notes[0]
    assert config is not None
    assert config.given_options()["pixel_range"] == (0, top)
    Image.fromarray(np.full((8, 8), top // 2, kind)).save(other / f"1.{ending}")
    held, _ = open_holdout(str(other), space=dataset.space, like=config)
    assert shades(held)[0] == pytest.approx(127, abs=1)
    said = opened(folder, pixel_range=f"0,{2 * top}")
    assert int(said.take(torch.arange(2))[0].max()) == pytest.approx(127, abs=1)
    assert said.fingerprint != dataset.fingerprint


def test_animations_are_told(tmp_path: Path) -> None:
    frames = [Image.new("L", (8, 8), shade) for shade in (40, 200)]
    for k in range(3):
        frames[0].save(tmp_path / f"{k}.gif", save_all=True, append_images=frames[1:])
    put(tmp_path, {"still.gif": b""})
    Image.new("L", (8, 8), 9).save(tmp_path / "still.gif")
    dataset = opened(tmp_path, channels=1)
    assert dataset.notes == ("3 images hold several; the first of each is taken.",)
    assert shades(dataset) == [40, 40, 40, 9]


def medmnist(path: Path, width: int = 1, **more: np.ndarray) -> Path:
    rng = np.random.default_rng(0)
    arrays = {
        f"{split}_{what}": rng.integers(0, 2, (n, width)).astype(np.uint8)
        if what == "labels"
        else rng.integers(0, 256, (n, 8, 8), dtype=np.uint8)
        for split, n in (("train", 20), ("val", 6), ("test", 8))
        for what in ("images", "labels")
    }
    np.savez(path, **(arrays | more))  # pyright: ignore[reportArgumentType]
    return path


def test_medmnist(tmp_path: Path) -> None:
    path = medmnist(tmp_path / "breastmnist.npz")
    dataset, config = open_data(str(path), label_names="malignant,benign")
    assert len(dataset) == 20
    assert dataset.space.labels == ("malignant", "benign")
    assert dataset.notes[0] == "'train_images' are taken as samples, 'train_labels' as labels."
    assert "it also holds test_images, val_images" in dataset.notes[1]
    held, _ = open_holdout(str(path), space=dataset.space, like=config)
    assert len(held) == 8
    with pytest.raises(DataError, match="14 labels for each sample, and a sample has one"):
        opened(medmnist(tmp_path / "chestmnist.npz", 14))
    assert len(opened(tmp_path / "chestmnist.npz", labels="none")) == 20


@pytest.mark.parametrize("shape", [(9, 28, 28), (9, 8, 8, 3)])
def test_npy_for_a_recipe_of_images(shape: tuple[int, ...], tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.save(tmp_path / "x.npy", x)
    dataset, config = open_data(str(tmp_path / "x.npy"), spaces=("image",))
    assert dataset.space.shape == (1 if x.ndim == 3 else 3, *shape[1:3])
    assert shades(dataset) == x.reshape(9, -1)[:, 0].tolist()
    held, _ = open_holdout(str(tmp_path / "x.npy"), space=dataset.space, like=config)
    assert held.fingerprint == dataset.fingerprint
    if x.ndim == 3:
        assert type(opened(tmp_path / "x.npy", spaces=("series",)).space).__name__ == "SeriesSpace"
    np.save(tmp_path / "x.npy", x[:, 0].reshape(9, -1))
    with pytest.raises(DataError, match=r"x\.npy has shape .*\[N, H, W\]"):
        opened(tmp_path / "x.npy", spaces=("image",))
    np.save(tmp_path / "x.npy", x - 128.0)
    with pytest.raises(DataError, match="Images as floats lie between 0 and 1: scale them"):
        opened(tmp_path / "x.npy", spaces=("image",))


def test_names_of_labels_of_idx_files(tmp_path: Path) -> None:
    head = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (6, 4, 4))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(head + bytes(96))
    labels = b"\0\0\x08\x01" + (6).to_bytes(4, "big") + bytes([0, 1, 2, 0, 1, 2])
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(labels)
    path = tmp_path / "train-images-idx3-ubyte"
    assert opened(path).space.labels == ("0", "1", "2")
    named = opened(path, label_names=["T-shirt", "Trouser", "Pullover"])
    assert classes(named)[:3] == ["T-shirt", "Trouser", "Pullover"]
    assert named.space.labels == ("T-shirt", "Trouser", "Pullover")
    with pytest.raises(DataError, match="2 label_names, and labels from 0 to 2"):
        opened(path, label_names=["T-shirt", "Trouser"])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("told", [False, True])
def test_lists_of_labels_with_other_separators(separator: str, told: bool, tmp_path: Path) -> None:
    rows = [[f"sep={separator}"]] * told + [
        ["file", "label"],
        *([f"{k}.png", "ab"[k % 2]] for k in range(4)),
    ]
    table = "\ufeff" + "\r\n".join(separator.join(row) for row in rows)
    files = {f"{k}.png": png(k) for k in range(4)}
    put(tmp_path, files | {"labels.csv": table.encode()})
    assert classes(opened(tmp_path)) == ["a", "b", "a", "b"]


@pytest.mark.parametrize("write", [put, zipped])
@pytest.mark.parametrize("folder", ["train", "images"])
def test_the_table_of_kaggle_is_told(write: Any, folder: str, tmp_path: Path) -> None:
    files = {f"{folder}/{k}.png": png(k) for k in range(4)}
    files |= {f"test/{k}.png": png(k) for k in range(2)} if folder == "train" else {}
    path = write(tmp_path / "d.zip", files | {"train.csv": b"id,label\n0,cat\n"})
    dataset = opened(path)
    assert not dataset.space.labels
    assert dataset.notes[-1] == (
        "train.csv lies beside the files and is not read: labels are read from labels.csv, with "
        "the columns file (its path, such as 'images/1.png') and label, or from columns that you "
        "name (options={'attributes': NAME})."
    )
    assert not any("train.csv" in note for note in opened(path, labels="none").notes)


def facades(folder: Path, *, split: str = "") -> Path:
    for k in range(4):
        both = np.zeros((8, 16), np.uint8)
        both[:, :8], both[:, 8:] = 10 + k, 100 + k
        (folder / split).mkdir(parents=True, exist_ok=True)
        Image.fromarray(both).save(folder / split / f"{k}.png")
    return folder


PAIRED = {"spaces": ("pair",), "needs": ("aligned",)}


def test_pairs_side_by_side(tmp_path: Path) -> None:
    dataset = opened(facades(tmp_path), **PAIRED)
    assert dataset.space.shape == (1, 8, 8)
    assert shades(dataset) == [100, 101, 102, 103]
    sources = dataset.sources_of(torch.arange(4))
    assert sources is not None
    assert sources.flatten(1)[:, 0].tolist() == [10, 11, 12, 13]
    assert "the left half is translated into the right one" in dataset.notes[0]
    turned = opened(tmp_path, side_by_side="B|A", **PAIRED)
    assert shades(turned) == [10, 11, 12, 13]
    assert not turned.notes
    assert turned.fingerprint != dataset.fingerprint


def test_pairs_side_by_side_in_splits(tmp_path: Path) -> None:
    facades(tmp_path, split="train")
    facades(tmp_path, split="val")
    dataset = opened(tmp_path, **PAIRED)
    assert len(dataset) == 4
    assert "train, val are splits, not classes: train is used" in dataset.notes[0]


def test_the_folders_of_cyclegan(tmp_path: Path) -> None:
    for k, name in enumerate(("trainA", "trainB", "testA", "testB")):
        put(tmp_path, {f"horse2zebra/{name}/{i}.png": png(50 * k + i) for i in range(3)})
    dataset = opened(tmp_path, spaces=("pair",))
    assert shades(dataset) == [50, 51, 52]


@pytest.mark.parametrize("write", [put, zipped])
@pytest.mark.parametrize("top", ["", "horse2zebra/"])
def test_the_folders_of_cyclegan_as_classes(write: Any, top: str, tmp_path: Path) -> None:
    names = ("trainA", "trainB", "testA", "testB")
    path = write(tmp_path / "d.zip", {
        f"{top}{name}/{i}.png": png(50 * k + i) for k, name in enumerate(names) for i in range(3)
    })  # fmt: skip
    dataset, config = open_data(str(path))
    assert classes(dataset) == ["A"] * 3 + ["B"] * 3
    assert shades(dataset) == [0, 1, 2, 50, 51, 52]
    (note,) = dataset.notes
    assert note.startswith(
        "testA, testB, trainA, trainB are splits of two domains, not 4 classes: trainA and trainB "
        f"are used, called A and B; judge with holdout='{path}'"
    )
    told = scan_data(str(path))
    assert told is not None
    assert told.startswith("6 images")
    assert "2 classes" in told
    held, _ = open_holdout(str(path), space=dataset.space, like=config)
    assert classes(held) == ["A"] * 3 + ["B"] * 3
    assert shades(held) == [100, 101, 102, 150, 151, 152]


def test_two_domains_without_a_test(tmp_path: Path) -> None:
    folder = put(tmp_path, {f"{n}/{i}.png": png(i) for n in ("train_a", "train_b") for i in (1, 2)})
    dataset = opened(folder)
    assert classes(dataset) == ["A", "A", "B", "B"]
    assert "judge" not in dataset.notes[0]
