"""Folders and zips of images: labels, scans, fingerprints, and clear refusals."""

import io
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.models.test_samples import samples_in
from zerosum.data.base import Dataset
from zerosum.errors import DataError
from zerosum.modalities.images import decoding
from zerosum.modalities.images import folders as images
from zerosum.modalities.images.decoding import StreamedImages
from zerosum.modalities.images.folders import (
    ImagesConfig,
    describe_form,
    scan_images,
)
from zerosum.spaces import ImageSpace


def picture(shade: int, size: tuple[int, int] = (6, 4), mode: str = "L") -> bytes:
    """A PNG of one shade; `size` is height and width."""
    buffer = io.BytesIO()
    Image.new("L", (size[1], size[0]), shade).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def build(path: Path, **options: object) -> Dataset:
    return ImagesConfig.from_json({"kind": "images", "path": str(path), **options}).build()


def shades(dataset: Dataset) -> list[tuple[int, str]]:
    """The first pixel and the label of every sample, in order."""
    x, y = dataset.take(torch.arange(len(dataset)))
    names = [""] * len(x) if y is None else [dataset.space.labels[int(code)] for code in y]
    return list(zip(x[:, 0, 0, 0].tolist(), names, strict=True))


def truncated() -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()[:2000]


CLASSES = {
    "cat/1.png": picture(10), "cat/2.png": picture(20), "dog/1.png": picture(30),
    "notes.txt": b"not an image, and no one says so",
}  # fmt: skip
LABELLED = [(10, "cat"), (20, "cat"), (30, "dog")]


@pytest.fixture(params=["held", "streamed"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways in which decoded images are kept."""
    if request.param == "streamed":
        monkeypatch.setattr(images, "RESIDENT_BYTES", 0)
    return request.param


def test_subfolders_are_labels(tmp_path: Path, form: str) -> None:
    dataset = build(put(tmp_path, CLASSES))
    assert isinstance(dataset, StreamedImages) == (form == "streamed")
    assert dataset.space == ImageSpace(
        channels=1, height=6, width=4, labels=("cat", "dog"), label_counts=(2, 1)
    )
    assert shades(dataset) == LABELLED
    assert build(tmp_path, labels="none").space.labels == ()


def test_a_flat_folder_has_no_labels(tmp_path: Path, form: str) -> None:
    dataset = build(put(tmp_path, {"b.png": picture(2), "a.PNG": picture(1)}))
    assert dataset.space.labels == ()
    assert shades(dataset) == [(1, ""), (2, "")]


@pytest.mark.parametrize("top", ["", "photos/", "deep/photos/"])
def test_zips_hold_the_same_as_folders(top: str, tmp_path: Path, form: str) -> None:
    path = pack(tmp_path / "data.zip", {top + name: body for name, body in CLASSES.items()})
    assert shades(build(path)) == LABELLED


def test_a_part_of_a_zip(tmp_path: Path, form: str) -> None:
    files = {f"train/{name}": body for name, body in CLASSES.items()}
    path = pack(tmp_path / "data.zip", files | {"test/cat/9.png": picture(9)})
    dataset = build(path / "train")
    assert shades(dataset) == LABELLED
    assert dataset.fingerprint == build(put(tmp_path / "train", CLASSES)).fingerprint


def test_numbered_folders_are_in_numeric_order(tmp_path: Path) -> None:
    put(tmp_path, {f"{i}/a.png": picture(i) for i in (2, 10, 1)})
    assert build(tmp_path).space.labels == ("1", "2", "10")


@pytest.mark.parametrize("top", ["", "photos/"])
def test_a_table_of_labels(top: str, tmp_path: Path, form: str) -> None:
    files = {
        "a.png": picture(1), "sub/b.png": picture(2), "c.png": picture(3),
        "labels.csv": "\ufefflabel,file\nред,a.png\nblue,sub/b.png\nред,c.png\n".encode(),
    }  # fmt: skip
    path = pack(tmp_path / "data.zip", {top + name: body for name, body in files.items()})
    expected = [(1, "ред"), (3, "ред"), (2, "blue")]
    assert shades(build(path)) == expected
    assert shades(build(put(tmp_path / "folder", files))) == expected


ATTRIBUTES = b"image,kind,tone\na.png,coat,dark\nb.png,coat,bright\nc.png,dress,dark\n"


@pytest.mark.parametrize("table", ["attributes.csv", "labels.csv"])
def test_columns_of_a_table_become_labels(table: str, tmp_path: Path) -> None:
    files = {f"{name}.png": picture(i) for i, name in enumerate("abc")}
    put(tmp_path, files | {table: ATTRIBUTES})
    one = build(tmp_path, attributes="kind")
    assert shades(one) == [(0, "coat"), (1, "coat"), (2, "dress")]
    assert not one.notes
    both = build(tmp_path, attributes="kind,tone")
    assert shades(both) == [(0, "coat, dark"), (1, "coat, bright"), (2, "dress, dark")]
    assert one.fingerprint != both.fingerprint
    with pytest.raises(DataError, match=r"no column 'tones'\. Did you mean 'tone'"):
        build(tmp_path, attributes="tones")
    (tmp_path / table).write_bytes(ATTRIBUTES.replace(b"coat,dark", b"coat,"))
    with pytest.raises(DataError, match=r"leaves the label of 1 files empty, such as 'a\.png'"):
        build(tmp_path, attributes="kind,tone")


def test_columns_need_one_table(tmp_path: Path) -> None:
    put(tmp_path, {"a.png": picture(0)})
    with pytest.raises(DataError, match="there is no table beside the files"):
        build(tmp_path, attributes="kind")
    put(tmp_path, {"x.csv": ATTRIBUTES, "y.csv": ATTRIBUTES})
    with pytest.raises(DataError, match=r"there are 2 tables, x\.csv, y\.csv, beside"):
        build(tmp_path, attributes="kind")


@pytest.mark.parametrize("labels", [("x", 'y,\n"z"'), ()])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_saved_samples_can_be_read_back(
    channels: int, labels: tuple[str, ...], tmp_path: Path
) -> None:
    x = torch.randint(256, (12, channels, 5, 7), generator=torch.Generator().manual_seed(0))
    x = x.to(torch.uint8)
    y = torch.arange(12) % 2 if labels else None
    space = ImageSpace(
        channels=channels, height=5, width=7, labels=labels, label_counts=(6,) * len(labels)
    )
    dataset = build(samples_in(space, x, y).save(tmp_path / "samples"))
    assert dataset.space == space
    again, codes = dataset.take(torch.arange(12))
    assert torch.equal(again, x)
    assert (None if codes is None else codes.tolist()) == (None if y is None else y.tolist())


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("name,label\na.png,x\n", "needs the columns file and label"),
        ("file,tone\na.png,x\n", r"each file; .*name columns to take .*\{'attributes': 'tone'\}"),
        ("file,label\n", "needs the columns file and label, and a row for each file"),
        ("", "needs the columns file and label"),
        ("file,label\na.png,x\n", r"no label for 1 files, such as 'b\.png'.*labels='none'"),
        ("file,label\na.png,x\nb.png,\n", r"label of 1 files empty, such as 'b\.png'"),
        ("file,label\na.png,x\nb.png\n", r"label of 1 files empty, such as 'b\.png'"),
        ("file,label\na.png,x\nb.png,y\na.png,z\n", "names 1 files more than once"),
    ],
)
def test_tables_that_do_not_label_everything(table: str, message: str, tmp_path: Path) -> None:
    put(tmp_path, {"a.png": picture(1), "b.png": picture(2), "labels.csv": table.encode()})
    with pytest.raises(DataError, match=message):
        build(tmp_path)
    assert len(build(tmp_path, labels="none")) == 2


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    put(tmp_path, {"a.png": picture(1), "labels.csv": "file,label\na.png,é\n".encode("latin-1")})
    with pytest.raises(DataError, match=r"labels\.csv is not UTF-8"):
        build(tmp_path)


def test_two_tables_are_refused(tmp_path: Path) -> None:
    table = b"file,label\n1.png,x\n2.png,y\n"
    put(tmp_path, CLASSES | {"cat/labels.csv": table, "dog/labels.csv": table})
    with pytest.raises(DataError, match=r"2 files labels\.csv: cat/labels\.csv, dog/labels\.csv"):
        build(tmp_path)


def test_files_beside_classes_are_refused(tmp_path: Path) -> None:
    put(tmp_path, CLASSES | {"stray.png": picture(1)})
    with pytest.raises(DataError, match=r"1 files lie next to class folders.*labels='none'"):
        build(tmp_path)


@pytest.mark.parametrize(("height", "width", "channels"), [(1, 1, 1), (3, 200, 3), (256, 2, 4)])
def test_one_size_of_at_most_256_is_kept(
    height: int, width: int, channels: int, tmp_path: Path
) -> None:
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    put(tmp_path, {f"{i}.png": picture(50 * i, (height, width), mode) for i in range(3)})
    dataset = build(tmp_path)
    assert dataset.space.shape == (channels, height, width)
    assert [shade for shade, _ in shades(dataset)] == [0, 50, 100]


@pytest.mark.parametrize("sizes", [[(257, 8), (257, 8)], [(8, 8), (8, 9)]])
def test_other_sizes_become_64(sizes: list[tuple[int, int]], tmp_path: Path) -> None:
    put(tmp_path, {f"{i}.png": picture(i, size) for i, size in enumerate(sizes)})
    assert build(tmp_path).space.shape == (1, 64, 64)
    assert build(tmp_path, size=[12, 20], fit="stretch").space.shape == (1, 12, 20)


def test_limit_is_spread_evenly(tmp_path: Path) -> None:
    put(tmp_path, {f"{i}.png": picture(i) for i in range(10)})
    assert [shade for shade, _ in shades(build(tmp_path, limit=4))] == [0, 2, 5, 7]
    assert len(build(tmp_path, limit=99)) == 10


def test_a_scan_counts_everything(tmp_path: Path) -> None:
    put(tmp_path, {
        "cat/1.png": picture(1), "cat/2.png": picture(1, (8, 8), "RGB"), "cat/3.png": picture(1),
        "dog/1.png": picture(1, (8, 8), "RGBA"), "dog/2.png": picture(1, (9, 8)),
        "dog/3.png": picture(1, (10, 8)), "dog/4.png": b"", "dog/5.png": b"junk",
    })  # fmt: skip
    seen: list[tuple[str, int, int]] = []
    config = ImagesConfig(path=str(tmp_path))
    scan = scan_images(config, progress=lambda *news: seen.append(news))
    assert scan.count == 6
    assert scan.sizes == Counter({(6, 4): 2, (8, 8): 2, (9, 8): 1, (10, 8): 1})
    assert scan.channels == Counter({1: 4, 3: 1, 4: 1})
    assert scan.classes == Counter(cat=3, dog=3)
    assert scan.unreadable == [("dog/4.png", "empty"), ("dog/5.png", "not an image")]
    assert seen[-1] == ("scanning images", 8, 8)
    assert str(scan) == (
        "6 images of 6 x 4, 8 x 8, 9 x 8 and 1 other size; 4 with 1 channel, "
        "1 with 3 channels, 1 with 4 channels; 2 classes (cat, dog); 2 unreadable"
    )


def test_a_plain_scan_is_short(tmp_path: Path) -> None:
    put(tmp_path, {"1.png": picture(1), "2.png": picture(1)})
    config = ImagesConfig(path=str(tmp_path))
    scan = scan_images(config)
    assert str(scan) == "2 images of 6 x 4; 2 with 1 channel"
    assert describe_form(config, scan) == "kept at 6 x 4, 1 channel (channels=)"


def test_the_form_is_said(tmp_path: Path) -> None:
    put(tmp_path, {"1.png": picture(1), "2.png": picture(1, (8, 8))})
    for options, expected in [
        ({}, "brought to 64 x 64 (height x width; size=) with fit='cover', 1 channel"),
        ({"size": (6, 4), "fit": "crop", "channels": 3}, "brought to 6 x 4 (height x width; size=)"
         " with fit='crop', 3 channels"),
    ]:  # fmt: skip
        config = ImagesConfig(path=str(tmp_path)).with_values(options)
        assert describe_form(config, scan_images(config)) == f"{expected} (channels=)"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"no images in .* \(0 files\)\. Images end in .*\.bmp, "),
        ({"a.txt": b"x", "b.csv": b"x"}, r"no images in .* \(2 files, such as"),
        (
            {"a.png": b"", "b.jpg": b"?"},
            r"no readable image in .*: a\.png: ",
        ),
    ],
)
def test_folders_without_pictures(files: dict[str, bytes], message: str, tmp_path: Path) -> None:
    put(tmp_path, files)
    for skip_bad in (False, True):
        with pytest.raises(DataError, match=message):
            build(tmp_path, skip_bad=skip_bad)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file or folder at .*gone"):
        build(tmp_path / "gone")


BAD = {"cat/3.png": b"", "dog/2.png": b"junk", "fox/1.jpg": b"\xff\xd8\xff\xe0 cut"}


def test_unreadable_files_are_listed_and_skipped_on_request(tmp_path: Path, form: str) -> None:
    put(tmp_path, CLASSES | BAD)
    with pytest.raises(DataError, match=r"3 unreadable files: cat/3\.png: empty; .*skip_bad=True"):
        build(tmp_path)
    assert shades(build(tmp_path, skip_bad=True)) == LABELLED


def test_many_unreadable_files_are_counted(tmp_path: Path) -> None:
    put(tmp_path, CLASSES | {f"dog/bad{i:02}.png": b"" for i in range(13)})
    with pytest.raises(DataError, match=r"13 unreadable files: .*bad09\.png: empty; and 3 more"):
        build(tmp_path)


def test_truncated_pictures_are_listed_and_skipped_on_request(tmp_path: Path) -> None:
    files = {"a/1.png": picture(1), "b/1.png": truncated(), "c/1.png": picture(3)}
    put(tmp_path, files)
    reason = r"1 unreadable file: b/1\.png: cannot be decoded: image file is truncated"
    with pytest.raises(DataError, match=reason):
        build(tmp_path)
    dataset = build(tmp_path, skip_bad=True)
    assert dataset.space.labels == ("a", "c")
    assert shades(dataset) == [(1, "a"), (3, "c")]


def test_what_is_skipped_is_counted_once(tmp_path: Path, form: str) -> None:
    put(tmp_path, CLASSES | BAD | {"cow/1.png": truncated(), "cat/4.png": truncated()})
    config = ImagesConfig(path=str(tmp_path), skip_bad=True)
    said = config.scan()
    assert said is not None
    found = "3 images of 6 x 4; 3 with 1 channel; 2 classes (cat, dog); 5 unreadable; "
    assert said.startswith(found)
    dataset = config.build()
    assert len(dataset) == 3
    (note,) = dataset.notes
    assert note.startswith("5 unreadable files are left out: cat/3.png: empty; ")


def test_truncated_pictures_in_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, {"a/1.png": picture(1), "b/1.png": truncated(), "c/1.png": picture(3)})
    monkeypatch.setattr(images, "RESIDENT_BYTES", 0)
    skipped = build(tmp_path, skip_bad=True)
    assert isinstance(skipped, StreamedImages)
    assert skipped.space.labels == ("a", "c")
    assert shades(skipped) == [(1, "a"), (3, "c")]
    with pytest.raises(
        DataError, match=r"b/1\.png: cannot be decoded: .*start again.*skip_bad=True"
    ):
        build(tmp_path).take(torch.arange(3))


def test_nothing_but_truncated_pictures(tmp_path: Path, form: str) -> None:
    put(tmp_path, {"a.png": truncated()})
    with pytest.raises(DataError, match=r"no readable image in .*a\.png: cannot be decoded"):
        build(tmp_path, skip_bad=True)


def test_a_crop_that_is_too_large_names_the_picture(tmp_path: Path) -> None:
    put(tmp_path, {"a.png": picture(1, (9, 9)), "b.png": picture(1, (9, 5))})
    with pytest.raises(DataError, match=r"b\.png: an image of 9 x 5 is smaller than the crop"):
        build(tmp_path, size=[8, 8], fit="crop")


def test_mixed_channels_must_be_decided(tmp_path: Path, form: str) -> None:
    put(tmp_path, {"a.png": picture(7), "b.png": picture(7, mode="RGB")})
    with pytest.raises(DataError, match=r"mixed channels: 1 with 1, 1 with 3\. Say channels=1"):
        build(tmp_path)
    for channels in (1, 3, 4):
        dataset = build(tmp_path, channels=channels)
        assert dataset.space.shape == (channels, 6, 4)
        assert shades(dataset) == [(7, ""), (7, "")]


def test_the_fingerprint_does_not_depend_on_the_place(tmp_path: Path, form: str) -> None:
    first = build(put(tmp_path / "here", CLASSES))
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert build(tmp_path / "there").fingerprint == first.fingerprint
    assert build(pack(tmp_path / "data.zip", CLASSES)).fingerprint == first.fingerprint


def test_the_fingerprint_depends_on_what_is_trained_on(tmp_path: Path) -> None:
    changes = {
        "name": {"cat/1.png": None, "cat/7.png": picture(10)},
        "length": {"cat/1.png": picture(10) + b"tail"},
        "more": {"dog/2.png": picture(1)},
        "label": {"cat/2.png": None, "dog/2.png": picture(20)},
    }
    prints = {build(put(tmp_path / "base", CLASSES)).fingerprint}
    for name, change in changes.items():
        files = {k: v for k, v in {**CLASSES, **change}.items() if v is not None}
        prints.add(build(put(tmp_path / name, files)).fingerprint)
    options = [
        {"size": [5, 5]}, {"size": [5, 5], "fit": "contain"}, {"channels": 3}, {"labels": "none"},
        {"limit": 2},
    ]  # fmt: skip
    prints |= {build(tmp_path / "base", **option).fingerprint for option in options}
    assert len(prints) == 1 + len(changes) + len(options)


def test_the_fingerprint_depends_on_the_table(tmp_path: Path) -> None:
    prints = set()
    for labels in ("xy", "yx"):
        table = f"file,label\na.png,{labels[0]}\nb.png,{labels[1]}\n".encode()
        put(tmp_path, {"a.png": picture(1), "b.png": picture(2), "labels.csv": table})
        prints.add(build(tmp_path).fingerprint)
    assert len(prints) == 2


def test_saying_the_default_is_the_same_data(tmp_path: Path) -> None:
    put(tmp_path, CLASSES)
    said = build(tmp_path, size=[6, 4], channels=1, fit="cover", labels="auto")
    assert said.fingerprint == build(tmp_path).fingerprint


def test_more_files_than_are_queued_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_CHUNK", 3)
    put(tmp_path, {f"{i}.png": picture(i) for i in range(8)})
    assert [shade for shade, _ in shades(build(tmp_path))] == list(range(8))


def test_a_table_of_labels_that_is_none(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text(f"file,label\na.png,{'x' * 200_000}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"labels\.csv cannot be read as CSV: field larger"):
        ImagesConfig(path=str(tmp_path)).build()
