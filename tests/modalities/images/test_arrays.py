"""Arrays in memory, in .npz and in idx files: every layout and type, and clear refusals."""

import gzip
import math
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from zerosum.data import archives
from zerosum.data.base import Dataset
from zerosum.errors import DataError
from zerosum.modalities.images import arrays
from zerosum.modalities.images.arrays import as_images, read_idx
from zerosum.workflows.data import open_data, open_like

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 5, 7, 3), dtype=np.uint8)
LABELS = np.array([3, 1, 3, 1, 1, 3])


def take(dataset: Dataset) -> tuple[torch.Tensor, list[str]]:
    x, y = dataset.take(torch.arange(len(dataset)))
    return x, [] if y is None else [dataset.space.labels[int(code)] for code in y]


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_in_either_order(channels: int) -> None:
    last = np.random.default_rng(0).integers(0, 256, (6, 5, 7, channels), dtype=np.uint8)
    expected = torch.from_numpy(last).permute(0, 3, 1, 2)
    for given in (last, torch.from_numpy(last), last.transpose(0, 3, 1, 2), expected):
        x = as_images(given, name="x")
        assert x.dtype == torch.uint8
        assert torch.equal(x, expected)


def test_where_both_orders_are_possible_the_library_decides() -> None:
    array = np.zeros((2, 3, 9, 4), np.uint8)
    assert as_images(array, name="x").shape == (2, 4, 3, 9)
    assert as_images(torch.from_numpy(array), name="x").shape == (2, 3, 9, 4)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint64])
def test_whole_numbers(dtype: type) -> None:
    x = as_images(PIXELS[..., 0].astype(dtype), name="x")
    assert np.array_equal(x[:, 0].numpy(), PIXELS[..., 0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_from_0_to_1(dtype: type) -> None:
    x = as_images((PIXELS / 255).astype(dtype), name="x")
    assert np.array_equal(x.permute(0, 2, 3, 1).numpy(), PIXELS)


def test_booleans_are_black_and_white() -> None:
    assert as_images(np.array([[[False, True]]]), name="x").tolist() == [[[[0, 255]]]]


def test_torch_types() -> None:
    grey = torch.tensor([[[0.0, 1.0]]], dtype=torch.bfloat16, requires_grad=True)
    assert as_images(grey, name="x").tolist() == [[[[0, 255]]]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32, np.uint8, bool])
def test_points(dtype: type) -> None:
    x = open_data(np.arange(12).reshape(6, 2).astype(dtype))[0].take(torch.arange(6))[0]
    assert x.dtype == torch.float32
    assert x.shape == (6, 2)


def array_with(value: float, shape: tuple[int, ...]) -> np.ndarray:
    array = np.zeros(shape)
    array.flat[0] = value
    return array


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (array_with(np.nan, (4, 2)), "array has 1 NaN or infinite values. Fill or drop them"),
        (array_with(np.inf, (4, 5, 5)), "array has 1 NaN or infinite values"),
        (array_with(1e300, (4, 2)), "array has values beyond 3.4e38"),
        (
            array_with(1.5, (4, 5, 5)),
            "floats from 0 to 1.5. Images as floats lie between 0 and 1",
        ),
        (array_with(-1.0, (4, 5, 5)), "floats from -1 to 0"),
        (array_with(256, (4, 5, 5)).astype(int), "numbers from 0 to 256; pixels lie in 0 to 255"),
        (array_with(-1, (4, 5, 5)).astype(int), "numbers from -1 to 0"),
        (np.zeros((4, 5, 5, 2)), r"shape \(4, 5, 5, 2\); images have 1, 3 or 4 channels"),
        (np.zeros(4), r"shape \(4,\). Images are \[N, H, W\]"),
        (np.zeros((2, 1, 1, 1, 1)), r"shape \(2, 1, 1, 1, 1\)"),
        (np.zeros((0, 2)), r"shape \(0, 2\): there are no samples in it"),
        (np.zeros((2, 0, 5)), r"shape \(2, 0, 5\)"),
        (np.zeros((4, 2), complex), "array holds complex128; samples are real numbers"),
        (np.array([["a", "b"]]), "samples are real numbers"),
        (np.array([[None, 1]]), "array holds object; samples are real numbers"),
    ],
)
def test_arrays_that_are_no_samples(array: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_data(array, spaces=("image", "point"))


def forms_of(x: np.ndarray, y: np.ndarray | None, folder: Path) -> dict[str, Any]:
    """The same arrays in every form that can hold them."""
    if y is None:
        np.savez(folder / "short.npz", x=x)
        np.savez_compressed(folder / "long.npz", x_train=x)
    else:
        np.savez(folder / "short.npz", x=x, y=y)
        np.savez_compressed(folder / "long.npz", x_train=x, y_train=y, x_test=x[:2])
    return {
        "array": x if y is None else (x, y),
        "list": [x, y],
        "tensor": torch.from_numpy(x) if y is None else (torch.from_numpy(x), torch.from_numpy(y)),
        "npz": folder / "short.npz",
        "train": str(folder / "long.npz"),
    }


@pytest.mark.parametrize("form", ["array", "list", "tensor", "npz", "train"])
@pytest.mark.parametrize("labelled", [True, False])
def test_forms(form: str, labelled: bool, tmp_path: Path) -> None:
    dataset, config = open_data(forms_of(PIXELS, LABELS if labelled else None, tmp_path)[form])
    x, labels = take(dataset)
    assert np.array_equal(x.permute(0, 2, 3, 1).numpy(), PIXELS)
    assert labels == ([str(label) for label in LABELS] if labelled else [])
    assert config is not None
    if form in ("npz", "train"):
        assert config.build().fingerprint == dataset.fingerprint
    else:
        with pytest.raises(DataError, match=r"arrays held in memory\. Give them again"):
            config.build()


def test_the_fingerprint_is_that_of_the_content(tmp_path: Path) -> None:
    prints = {
        open_data(data)[0].fingerprint for data in forms_of(PIXELS, LABELS, tmp_path).values()
    }
    assert len(prints) == 1
    (tmp_path / "moved").mkdir()
    moved = (tmp_path / "short.npz").rename(tmp_path / "moved" / "other.npz")
    prints.add(open_data(moved)[0].fingerprint)
    assert len(prints) == 1
    changed = PIXELS.copy()
    changed[5, 4, 6, 2] ^= 1
    for other in [(changed, LABELS), (PIXELS, LABELS[::-1]), PIXELS, (PIXELS[::-1], LABELS)]:
        prints.add(open_data(other)[0].fingerprint)
    assert len(prints) == 5


def test_options(tmp_path: Path) -> None:
    for data in forms_of(PIXELS, LABELS, tmp_path).values():
        small = open_data(data, size=(2, 9), fit="stretch")[0]
        assert small.space.shape == (3, 2, 9)
        x, labels = take(open_data(data, limit=3)[0])
        assert np.array_equal(x.permute(0, 2, 3, 1).numpy(), PIXELS[[0, 2, 4]])
        assert labels == ["3", "3", "1"]
        assert open_data(data, labels="none")[0].space.labels == ()


def test_limit_keeps_the_order_of_labels() -> None:
    points = np.zeros((24, 2))
    dataset = open_data((points, np.arange(24) % 12), limit=12)[0]
    assert dataset.space.labels == ("0", "2", "4", "6", "8", "10")


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_size_and_fit_of_arrays(channels: int) -> None:
    array = np.full((2, 4, 8, channels), 200, np.uint8)
    contained, _ = take(open_data(array, size=(8, 8), fit="contain")[0])
    assert contained.shape == (2, channels, 8, 8)
    assert int(contained[:, :, :2].max()) == int(contained[:, :, 6:].max()) == 0
    assert int(contained[:, :, 2:6].min()) == 200
    covered, _ = take(open_data(array, size=(8, 8))[0])
    assert int(covered.min()) == 200


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (np.zeros((4, 2)), {"size": (8, 8)}, "size does not apply to held_points data"),
        (np.zeros((4, 8, 8)), {"fit": "crop"}, "fit crop says how to reach a size; give size too"),
        (np.zeros((4, 8, 8)), {"channels": 3}, "channels does not apply to memory data"),
        (np.zeros((4, 2)), {"skip_bad": True}, "skip_bad does not apply to held_points data"),
        ((np.zeros((4, 2)), [1, 2, 3]), {}, "3 labels for 4 samples; give one each"),
        ((np.zeros((4, 2)), np.eye(4)), {}, "array has 4 labels for each sample"),
        ((np.zeros((4, 2)), [1, 2, None, 3]), {}, "1 labels are missing"),
    ],
)
def test_options_and_labels_that_do_not_fit(data: Any, options: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_data(data, **options)


def test_an_npz_of_other_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", pictures=PIXELS, y=LABELS)
    with pytest.raises(DataError, match=r"a\.npz holds pictures, y\. It needs the array x"):
        open_data(tmp_path / "a.npz")


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "sprung",)

    np.savez(tmp_path / "a.npz", x=np.array([[Trap()]], dtype=object))
    with pytest.raises(DataError, match=r"a\.npz cannot be read as \.npz.*plain arrays of numbers"):
        open_data(tmp_path / "a.npz")
    assert not (tmp_path / "sprung").exists()


def test_names_of_labels_come_back(tmp_path: Path) -> None:
    x = np.zeros((4, 8, 8), np.uint8)
    path = tmp_path / "x.npz"
    np.savez(path, x=x, y=np.array([2, 0, 1, 2]), labels=np.array(["cat", "ant", "bee"]))
    data = open_data(path)[0]
    assert data.space.labels == ("ant", "bee", "cat")
    _, y = data.take(torch.arange(4))
    assert y is not None
    assert [data.space.labels[int(code)] for code in y] == ["bee", "cat", "ant", "bee"]
    np.savez(path, x=x, y=np.array([2, 0, 1, 3]), labels=np.array(["cat", "ant", "bee"]))
    assert open_data(path)[0].space.labels == ("0", "1", "2", "3")


def test_damaged_npz_files(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "whole.npz", x=PIXELS)
    content = (tmp_path / "whole.npz").read_bytes()
    damaged = bytearray(content)
    damaged[120:160] = bytes(40)
    for name, body in {
        "empty": b"", "text": b"hello", "cut": content[: len(content) // 2], "bent": bytes(damaged),
    }.items():  # fmt: skip
        path = tmp_path / f"{name}.npz"
        path.write_bytes(body)
        with pytest.raises(DataError, match=rf"{name}\.npz cannot be read as \.npz"):
            open_data(path)


def test_an_npz_that_promises_too_much_memory(tmp_path: Path) -> None:
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999, 9999, 99), }"
    body = header.encode().ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(body)) + body)
    with pytest.raises(DataError, match=r"a\.npz cannot be read as \.npz"):
        open_data(tmp_path / "a.npz")


def test_an_npz_that_expands_without_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_SMALL", 100_000)
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((1000, 30, 30), np.uint8))
    with pytest.raises(DataError, match="decompression bomb"):
        open_data(tmp_path / "a.npz")


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_files_with_labels_beside(ending: str, tmp_path: Path) -> None:
    write = gzip.compress if ending else bytes
    pictures = tmp_path / f"train-images-idx3-ubyte{ending}"
    pictures.write_bytes(write(idx(PIXELS[..., 0])))
    assert open_data(pictures)[0].space.labels == ()
    labels = tmp_path / f"train-labels-idx1-ubyte{ending}"
    labels.write_bytes(write(idx(LABELS.astype(np.uint8))))
    dataset, config = open_data(pictures)
    x, names = take(dataset)
    assert np.array_equal(x[:, 0].numpy(), PIXELS[..., 0])
    assert names == [str(label) for label in LABELS]
    assert config is not None
    assert config.build().fingerprint == dataset.fingerprint
    assert open_data(pictures, labels="none", size=(3, 3))[0].space.shape == (1, 3, 3)
    labels.write_bytes(write(idx(LABELS[:4].astype(np.uint8))))
    with pytest.raises(DataError, match="4 labels for 6 samples"):
        open_data(pictures)


WHOLE = idx(PIXELS[..., 0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an idx file of bytes"),
        (b"\x00\x00\x0d\x01" + bytes(8), "is not an idx file of bytes"),
        (WHOLE[:10], "cannot be read as an idx file"),
        (WHOLE[:-3], "should hold 210 bytes and holds 207. Fetch it again"),
        (WHOLE + b"!", "should hold 210 bytes and holds more"),
        (WHOLE[:4] + b"\xff" * 12, r"promises [\d,]+ bytes, far more than it can hold"),
        (b"\x00\x00\x08\x00", "in 1 to 4 dimensions; it begins with 00 00 08 00"),
        (b"\x00\x00\x08\xff" + b"\x00\x00\x00\x01" * 255 + b"!", "in 1 to 4 dimensions"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_that_are_damaged(
    content: bytes, message: str, packed: bool, tmp_path: Path
) -> None:
    path = tmp_path / ("a-idx3-ubyte" + ".gz" * packed)
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataError, match=message):
        read_idx(path)


def test_a_damaged_gz(tmp_path: Path) -> None:
    whole = gzip.compress(WHOLE)
    bent = bytearray(whole)
    bent[40:60] = bytes(20)
    for body in (whole[: len(whole) // 2], b"plain", bytes(bent)):
        (tmp_path / "a.idx.gz").write_bytes(body)
        with pytest.raises(DataError, match=r"a\.idx\.gz"):
            open_data(tmp_path / "a.idx.gz")


def test_a_gz_that_expands_without_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MAX_SMALL", 100_000)
    path = tmp_path / "a.idx.gz"
    path.write_bytes(gzip.compress(idx(np.zeros((1000, 30, 30), np.uint8))))
    with pytest.raises(DataError, match="promises 900,000 bytes"):
        read_idx(path)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([b"\xff", b"a"]), "labels are not text"),
        (np.array(["\udcff", "a"]), "labels are not text"),
        (np.frombuffer(b"\xff" * 8, "<U1"), "labels are not text"),
        (np.array([1j, 2j]), "labels are of type complex128"),
        (np.zeros(2, [("a", "f8")]), "labels are of type"),
        (np.zeros(2, "V3"), "labels are of type"),
        (np.zeros(3, "S1"), "3 labels for 2 samples"),
    ],
)
def test_labels_that_are_none(labels: np.ndarray, words: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.eye(2), y=labels)
    with pytest.raises(DataError, match=words):
        open_data(tmp_path / "a.npz")


def test_labels_beyond_whole_numbers() -> None:
    dataset, _ = open_data((np.eye(2), np.array([1e300, 2.0])))
    assert dataset.space.labels == ("2.0", "1e+300")


@pytest.mark.parametrize(
    ("scale", "kind", "told"),
    [
        (1, np.float32, True),
        (255, np.uint8, True),
        (255, np.float64, True),
        (-1, np.float32, False),
    ],
)
def test_rows_that_may_be_pictures_are_told(scale: int, kind: Any, told: bool) -> None:
    rng = np.random.default_rng(0)
    x = scale * rng.random((20, 784))
    x = x.round() if scale == 255 else x
    dataset, _ = open_data(x.astype(kind), spaces=("image", "point"))
    assert dataset.space.kind == "point"
    assert any("shape': '28x28'" in note for note in dataset.notes) == told


@pytest.mark.parametrize(
    ("shape", "right"),
    [("28x28", (1, 28, 28)), ("20x30", (1, 20, 30)), ("16x16x3", (3, 16, 16)),
     ("3x16x16", (3, 16, 16))],
)  # fmt: skip
def test_rows_are_pictures_of_a_shape_that_is_said(
    shape: str, right: tuple[int, ...], tmp_path: Path
) -> None:
    width = math.prod(right)
    x = np.arange(10 * width, dtype=np.uint8).reshape(10, width)
    np.savez(tmp_path / "flat.npz", x=x, y=np.arange(10) % 2)
    for data in ((x, np.arange(10) % 2), str(tmp_path / "flat.npz")):
        dataset, config = open_data(data, spaces=("image", "point"), shape=shape)
        assert dataset.space.shape == right
        images = dataset.take(torch.arange(10))[0]
        first = images[0] if shape.startswith("3x") else images[0].permute(1, 2, 0)
        assert first.flatten().tolist() == x[0].tolist()
        assert config is not None
        again, _ = open_like(data, dataset.space, like=config)
        assert again.fingerprint == dataset.fingerprint


def test_rows_for_a_recipe_of_images_say_how_they_are_pictures() -> None:
    x = np.zeros((20, 784), np.uint8)
    with pytest.raises(DataError, match=r"If each row is an image, say its shape .*28x28"):
        open_data(x, spaces=("image",))
    with pytest.raises(DataError, match="images of 28x29 have 812 numbers each"):
        open_data(x, spaces=("image",), shape="28x29")
