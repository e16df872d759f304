"""Samples in the user's units, and their forms on disk."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
import torch
from PIL import Image

from zerosum.catalogue import modality_of
from zerosum.errors import RunError
from zerosum.models.samples import Samples
from zerosum.models.walk import Walk
from zerosum.spaces import ImageSpace, PointSpace, Space


def samples_in(space: Space, x: torch.Tensor, y: torch.Tensor | None) -> Samples:
    modality = modality_of(space)
    return Samples(x, y, space, preview=modality.preview, writer=modality.writer)


def _pictures(channels: int = 3, n: int = 5) -> Samples:
    space = ImageSpace(channels=channels, height=4, width=6, labels=("a", "b"), label_counts=(1, 1))
    x = torch.arange(n * channels * 24).reshape(n, channels, 4, 6) % 256
    return samples_in(space, x.to(torch.uint8), torch.arange(n) % 2)


def _points(y: torch.Tensor | None = None) -> Samples:
    labels = ("x, y", "ß") if y is not None else ()
    counts = (1, 1) if y is not None else ()
    space = PointSpace(center=(0.0, 0.0), scale=(1.0, 1.0), labels=labels, label_counts=counts)
    return samples_in(space, torch.tensor([[0.1, -2.5], [3e-8, 1e6], [1.0, 2.0]]), y)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_are_channels_last(channels: int, tmp_path: Path) -> None:
    samples = _pictures(channels)
    assert (samples.x.dtype, samples.x.shape) == (np.uint8, (5, 4, 6, channels))
    assert np.array_equal(samples.x, samples.tensor.permute(0, 2, 3, 1).numpy())
    assert samples.labels == ["a", "b", "a", "b", "a"]
    samples.save(tmp_path / "folder")
    with Image.open(tmp_path / "folder" / "1.png") as picture:
        pixels = np.asarray(picture).reshape(4, 6, channels)
    assert np.array_equal(pixels, samples.x[1])
    assert (tmp_path / "folder" / "labels.csv").read_text().splitlines()[:3] == [
        "file,label", "0.png,a", "1.png,b",
    ]  # fmt: skip


def test_points_with_labels_as_tables(tmp_path: Path) -> None:
    samples = _points(torch.tensor([0, 1, 0]))
    text = pyarrow.csv.read_csv(samples.save(tmp_path / "p.csv"))
    table = pyarrow.parquet.read_table(samples.save(tmp_path / "p.PARQUET"))
    for read in (text, table):
        assert read.column_names == ["x0", "x1", "label"]
        assert read["label"].to_pylist() == ["x, y", "ß", "x, y"]
        assert np.allclose(read["x1"].to_numpy(), samples.x[:, 1])


@pytest.mark.parametrize("name", ["a.npz", "a.NPZ"])
def test_arrays(tmp_path: Path, name: str) -> None:
    path = _pictures().save(tmp_path / "deep" / name)
    with np.load(path, allow_pickle=False) as arrays:
        assert arrays["x"].shape == (5, 4, 6, 3)
        assert (arrays["y"].dtype, arrays["y"].tolist()) == (np.int64, [0, 1, 0, 1, 0])
    assert _points().y is None
    with np.load(_points().save(tmp_path / name)) as arrays:
        assert arrays.files == ["x"]


def test_one_picture_as_a_folder_and_folders_that_exist(tmp_path: Path) -> None:
    (tmp_path / "v1.0").mkdir()
    _pictures(n=1).save(tmp_path / "v1.0")
    assert sorted(path.name for path in (tmp_path / "v1.0").iterdir()) == ["0.png", "labels.csv"]
    with pytest.raises(RunError, match=r"is not empty\. Choose a new folder"):
        _pictures().save(tmp_path / "v1.0")
    _pictures().save(f"{tmp_path}/v2.0/")
    assert (tmp_path / "v2.0" / "4.png").is_file()


@pytest.mark.parametrize("name", ["a.jpg", "a.xlsx", "a.pkl"])
def test_other_endings(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match=r"cannot save images as \..*Allowed: \.png, \.npz, folder"):
        _pictures().save(tmp_path / name)


def test_forms_that_do_not_suit(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot save images as \.parquet"):
        _pictures().save(tmp_path / "a.parquet")
    with pytest.raises(RunError, match="cannot save points as a folder"):
        _points().save(tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("a.png", "a.npz", "a.csv"):
        with pytest.raises(RunError, match="cannot make"):
            _points().save(tmp_path / "file" / name)


def test_notebooks_show_a_picture() -> None:
    assert _points()._repr_png_().startswith(b"\x89PNG")
    assert _pictures().picture().size == (2 * (6 * 10 + 2) + 2, 3 * (4 * 10 + 2) + 2)


@contextmanager
def _no_file_beyond(size: int) -> Iterator[None]:
    """The kernel refuses to write more, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize(
    "name", ["a.png", "a.npz", "a.csv", "a.parquet", "folder/", "w.gif", "w.mp4"]
)
@pytest.mark.parametrize("before", [True, False])
def test_a_full_disk_leaves_nothing_under_the_final_name(
    tmp_path: Path, name: str, before: bool
) -> None:
    noise = torch.randint(0, 256, (40, 3, 32, 32), generator=torch.Generator().manual_seed(0))
    space = ImageSpace(height=32, width=32, channels=3)
    pictures = samples_in(space, noise.to(torch.uint8), None)
    made: Samples | Walk = pictures
    if name.startswith("w"):
        frames = list(pictures.tensor.split(4))
        made = Walk(space, frames, preview=modality_of(space).preview)
    elif "." in name and name[2:] in ("csv", "parquet"):
        rows = torch.randn(2_000, 2, generator=torch.Generator().manual_seed(0))
        made = samples_in(PointSpace(center=(0.0, 0.0), scale=(1.0, 1.0)), rows, None)
    if before and "." in name:
        (tmp_path / name).write_text("before")
    with _no_file_beyond(1_000), pytest.raises(RunError, match=r"cannot write .*Free some space"):
        made.save(f"{tmp_path}/{name}")
    left = [path.read_text() for path in tmp_path.iterdir()]
    assert left == (["before"] if before and "." in name else [])
