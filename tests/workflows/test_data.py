"""Whatever people call data, the options that apply to it, and what is refused."""

import gzip
import shutil
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.catalogue import find_recipe
from zerosum.config import Config
from zerosum.data.base import ArrayDataset, DataConfig
from zerosum.errors import ConfigError, DataError, RecipeError
from zerosum.modalities.images.folders import ImagesConfig
from zerosum.modalities.points.toy import RingConfig
from zerosum.workflows.data import (
    all_readers,
    built_in_names,
    open_data,
    reader_for,
    scan_data,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two cats and a dog, 4 x 6."""
    for name in ("cat/1.png", "cat/2.png", "dog/1.png"):
        (tmp_path / "animals" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (6, 4), 9).save(tmp_path / "animals" / name)
    return tmp_path / "animals"


@pytest.mark.parametrize("name", built_in_names())
def test_built_in_names(name: str) -> None:
    reader = all_readers()[name]
    few: dict[str, Any] = {key: 200 for key in reader.options() if key.startswith("num_")}
    dataset, config = open_data(name, **few)
    assert dataset.name == name
    assert config is not None
    assert config == reader().with_values(few)
    assert Config.from_json(config.to_json()) == config
    with pytest.raises(DataError, match=f"limit does not apply to {name} data; leave it out"):
        open_data(name, limit=5)
    assert scan_data(name) is None


@pytest.mark.parametrize(("given", "nearest"), [("digit", "digits"), ("Ring", "ring")])
def test_unknown_names_suggest_the_nearest(given: str, nearest: str) -> None:
    for look in (open_data, scan_data):
        with pytest.raises(DataError, match=rf"no data at '{given}'.*Did you mean '{nearest}'\?"):
            look(given)


@pytest.mark.parametrize(
    "name", ["gone", "gone.npz", "gone-idx3-ubyte.gz", "gone.zip", "gone.zip/a"]
)
def test_missing_files(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"neither a file or folder nor a built-in name.*Allowed: bank"
    ):
        open_data(tmp_path / name)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ("sound", "no sounds in "), ("speech", "no sounds in "), ("music", "no MIDI files in "),
        ("image", "no images in "),
    ],
)  # fmt: skip
@pytest.mark.parametrize("files", [(), ("notes.txt",)])
def test_what_is_missing_is_what_was_wanted(
    space: str, message: str, files: tuple[str, ...], tmp_path: Path
) -> None:
    for name in files:
        (tmp_path / name).write_text("x")
    packed = tmp_path.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("notes.txt", "x")
    for place in (tmp_path, packed):
        with pytest.raises(DataError, match=message):
            open_data(place, spaces=(space,))


def test_paths_and_strings_are_the_same(folder: Path) -> None:
    first, second = open_data(folder)[0], open_data(str(folder))[0]
    assert first.fingerprint == second.fingerprint
    assert first.space.labels == ("cat", "dog")


def test_a_zip_by_any_case(folder: Path, tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "data"), "zip", folder)
    path = (tmp_path / "data.zip").rename(tmp_path / "DATA.ZIP")
    assert open_data(path)[0].fingerprint == open_data(folder)[0].fingerprint
    assert len(open_data(path / "cat")[0]) == 2


@pytest.mark.parametrize(
    ("kind", "member"), [("table", "a.csv"), ("series", "a.csv"), ("molecule", "a.smi")]
)
def test_a_zip_that_is_not_read_is_to_be_unpacked(kind: str, member: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as packed:
        packed.writestr(member, "a,b")
    with pytest.raises(DataError, match=rf"zip of a file, such as {member}.*unpack this one"):
        open_data(tmp_path / "data.zip", spaces=(kind,))


def test_a_dataset_is_taken_as_it_is() -> None:
    dataset = ArrayDataset(torch.zeros(4, 2), name="mine")
    assert open_data(dataset) == (dataset, None)
    with pytest.raises(DataError, match="a Dataset takes no options; leave out size"):
        open_data(dataset, size=(8, 8))


def test_a_description_is_built(folder: Path) -> None:
    dataset, config = open_data(RingConfig(num_samples=50, num_modes=3))
    assert len(dataset) == 50
    assert config == RingConfig(num_samples=50, num_modes=3)
    dataset, config = open_data(ImagesConfig(path=str(folder)), limit=2, size=(8, 8))
    assert dataset.space.shape == (1, 8, 8)
    assert config == ImagesConfig(path=str(folder), limit=2, size=(8, 8))
    with pytest.raises(DataError, match="fit does not apply to ring data; leave it out"):
        open_data(RingConfig(), fit="crop")


def test_what_was_opened_can_be_opened_again(folder: Path) -> None:
    dataset, config = open_data(folder, size=(5, 5), fit="contain", channels=3, labels="none")
    assert config is not None
    again = DataConfig.from_json(config.to_json()).build()
    assert again.fingerprint == dataset.fingerprint
    assert torch.equal(again.take(torch.arange(3))[0], dataset.take(torch.arange(3))[0])


@pytest.mark.parametrize("data", [None, 7, {"x": [1]}, [[1.0, 2.0], [3.0, 4.0]], [1, 2, 3]])
def test_other_types_are_refused(data: Any) -> None:
    with pytest.raises(DataError, match=f"data is of type {type(data).__name__}. Give a path"):
        open_data(data)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fit": "zoom"}, "images.fit is 'zoom'.*'cover', 'contain', 'stretch' or 'crop'"),
        ({"channels": 2}, "images.channels is 2"),
        ({"labels": "yes"}, "images.labels is 'yes'"),
        ({"size": (0, 8)}, "images.size.0 is 0"),
        ({"limit": 0}, "images.limit is 0"),
        ({"limit": -1}, "images.limit is -1"),
    ],
)
def test_bad_values_of_options(options: Any, message: str, folder: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        open_data(folder, **options)


def test_options_that_are_not_given_are_no_options() -> None:
    nothing = {"size": None, "fit": None, "channels": None, "labels": None, "skip_bad": False}
    assert open_data("ring", **nothing, limit=None)[0].name == "ring"


def test_the_form_is_said_before_a_training(folder: Path) -> None:
    assert scan_data(str(folder)) == (
        "3 images of 4 x 6; 3 with 1 channel; 2 classes (cat, dog); kept at 4 x 6, 1 channel "
        "(channels=)"
    )
    said = scan_data(str(folder), size=(8, 8), fit="contain", channels=3)
    assert said is not None
    assert said.endswith(
        "brought to 8 x 8 (height x width; size=) with fit='contain', 3 channels (channels=)"
    )
    (folder / "dog" / "2.png").write_bytes(b"junk")
    said = scan_data(str(folder))
    assert said is not None
    assert said.endswith("2 classes (cat, dog); 1 unreadable")
    said = scan_data(str(folder), skip_bad=True)
    assert said is not None
    assert "1 unreadable; kept at 4 x 6" in said


def animals(form: str, folder: Path) -> Any:
    """Two samples of class 0 and one of class 1, in every form that has labels."""
    x, y = np.zeros((3, 8, 8), np.uint8), np.array([0, 0, 1], np.uint8)
    if form == "npz":
        np.savez(folder / "data.npz", x=x, y=y)
        return folder / "data.npz"
    if form == "idx":
        for name, array in {"images-idx3-ubyte.gz": x, "labels-idx1-ubyte.gz": y}.items():
            header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            (folder / name).write_bytes(gzip.compress(header + array.tobytes()))
        return folder / "images-idx3-ubyte.gz"
    return {
        "folder": folder, "arrays": (x, y), "points": (np.zeros((3, 2)), y),
        "dataset": ArrayDataset(torch.from_numpy(x)[:, None], torch.tensor([0, 0, 1]),
                                name="mine", labels=["cat", "dog"]),
    }[form]  # fmt: skip


@pytest.mark.parametrize("form", ["folder", "arrays", "points", "npz", "idx", "dataset"])
def test_a_class_of_one_is_refused_where_labels_matter(form: str, folder: Path) -> None:
    space = open_data(animals(form, folder))[0].space
    game = find_recipe("cgan").resolve(space).game
    reason = (
        r"class '(dog|1)' has 1\. Add samples, remove the class, or set game\.conditional=false"
    )
    with pytest.raises(RecipeError, match=reason):
        game.build(space)
    game.with_values({"conditional": False}).build(space)


def test_floats_that_no_pixel_has_are_series_in_files_too(tmp_path: Path) -> None:
    x = np.linspace(-1, 2, 4 * 16 * 3).reshape(4, 16, 3)
    for name, values, kind in (("s", x, "series"), ("i", (x + 1) / 3, "image")):
        np.savez(tmp_path / name, x=values.astype(np.float32))
        assert kind in reader_for(tmp_path / f"{name}.npz", ("image", "series")).spaces
