"""Pictures and sounds in rows of Parquet and Arrow, as Hugging Face keeps them."""

import io
import json
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
import torch
from PIL import Image

from zerosum.data.base import Dataset
from zerosum.data.row_files import RowFiles
from zerosum.errors import DataError
from zerosum.spaces import ImageSpace
from zerosum.workflows.data import open_data, open_holdout, reader_for

IMAGES = ("image", "point")


def picture(value: int, form: str = "PNG") -> bytes:
    """A grey picture of 12 x 10."""
    held = io.BytesIO()
    Image.fromarray(np.full((12, 10), value, np.uint8)).save(held, format=form)
    return held.getvalue()


def sound() -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(np.arange(4_000, dtype=np.int16).tobytes())
    return held.getvalue()


def table(
    bodies: Sequence[bytes | None], *, path: str | None = "a.png", classes: Sequence[str] = (),
    column: str = "image", **columns: Any,
) -> pa.Table:  # fmt: skip
    files = pa.array(
        [None if body is None else {"bytes": body, "path": path} for body in bodies],
        pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    )
    made = pa.table({column: files, **columns})
    features: dict[str, Any] = {column: {"_type": "Image"}}
    features |= {"label": {"_type": "ClassLabel", "names": list(classes)}} if classes else {}
    told = json.dumps({"info": {"features": features}})
    return made.replace_schema_metadata({"huggingface": told})


def opened(path: Path, **options: Any) -> Dataset:
    return open_data(str(path), spaces=IMAGES, **options)[0]


def levels(dataset: Dataset) -> list[int]:
    return dataset.take(torch.arange(len(dataset)))[0][:, 0, 0, 0].tolist()


def labels(dataset: Dataset) -> list[str]:
    codes = dataset.labels_of(torch.arange(len(dataset)))
    assert codes is not None
    return [dataset.space.labels[code] for code in codes]


@pytest.fixture
def eight() -> pa.Table:
    return table(
        [picture(20 * i) for i in range(8)], classes=["cat", "dog"], label=[0, 1] * 4,
        place=["in", "out"] * 4,
    )  # fmt: skip


def test_pictures_of_a_parquet_file_with_names_of_classes(eight: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "pets.parquet"
    parquet.write_table(eight, path, row_group_size=3)
    dataset = opened(path)
    assert isinstance(dataset.space, ImageSpace)
    assert dataset.space.shape == (1, 12, 10)
    assert levels(dataset) == [20 * i for i in range(8)]
    assert labels(dataset) == ["cat", "dog"] * 4
    assert dataset.notes == (
        "'image' holds the files, 'label' says their labels; others can be named "
        "(options={'attributes': 'place'}).",
    )
    assert labels(opened(path, attributes="place")) == ["in", "out"] * 4
    assert not opened(path, labels="none").space.labels
    assert opened(path, limit=4, size=8).space.shape == (1, 8, 8)


@pytest.mark.parametrize("ending", [".arrow", ".feather"])
@pytest.mark.parametrize("form", ["file", "stream"])
def test_pictures_of_arrow_files(form: str, ending: str, eight: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / f"data-00000-of-00001{ending}"
    new = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
    with new(path, eight.schema) as file:
        file.write_table(eight, max_chunksize=3)
    dataset = opened(path)
    assert levels(dataset) == [20 * i for i in range(8)]
    assert labels(dataset) == ["cat", "dog"] * 4


@pytest.mark.parametrize(
    "named",
    [
        "data/{split}-0000{i}-of-00002.parquet", "default/{split}/000{i}.parquet",
        "{split}/data-0000{i}-of-00002.parquet",
    ],
)  # fmt: skip
def test_a_folder_of_parts_in_splits(named: str, eight: pa.Table, tmp_path: Path) -> None:
    for split, rows in {"train": eight, "test": eight.slice(0, 2)}.items():
        for i in range(2):
            path = tmp_path / named.format(split=split, i=i)
            path.parent.mkdir(parents=True, exist_ok=True)
            half = len(rows) // 2
            parquet.write_table(rows.slice(i * half, half), path)
    (tmp_path / "README.md").write_text("# pets", "utf-8")
    dataset = opened(tmp_path)
    assert levels(dataset) == [20 * i for i in range(8)]
    assert labels(dataset) == ["cat", "dog"] * 4
    assert "test, train are splits, not classes: train is used" in dataset.notes[0]
    held, _ = open_holdout(str(tmp_path), space=dataset.space)
    assert levels(held) == [0, 20]


def test_plain_bytes_and_labels_in_words(tmp_path: Path) -> None:
    path = tmp_path / "scraped.parquet"
    columns = {"jpg": [picture(0, "JPEG"), picture(200, "JPEG")], "label": ["ring", "box"]}
    parquet.write_table(pa.table(columns), path)
    dataset = opened(path)
    assert labels(dataset) == ["ring", "box"]
    assert dataset.items == ("0000000.jpg", "0000001.jpg")


def test_a_class_that_is_not_known_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "unlabelled.parquet"
    made = table([picture(1), picture(2)], classes=["cat", "dog"], label=[0, -1])
    parquet.write_table(made, path)
    with pytest.raises(DataError, match="leaves the label of 1 files empty"):
        opened(path)


def test_rows_without_a_picture_are_unreadable_files(tmp_path: Path) -> None:
    path = tmp_path / "gaps.parquet"
    parquet.write_table(table([picture(9), None, picture(7)]), path)
    with pytest.raises(DataError, match=r"1 unreadable file: 0000001\.png"):
        opened(path)
    assert levels(opened(path, skip_bad=True)) == [9, 7]


def test_captions_beside_pictures(tmp_path: Path) -> None:
    path = tmp_path / "captions.parquet"
    parquet.write_table(table([picture(9), picture(7)], text=["a red ring", "a box"]), path)
    dataset, _ = open_data(str(path), spaces=("captioned",))
    assert getattr(dataset, "captions", None) == ["a red ring", "a box"]


def test_sounds_in_rows(tmp_path: Path) -> None:
    pytest.importorskip("soundfile")
    path = tmp_path / "drums.parquet"
    parquet.write_table(table([sound()] * 8, column="audio", label=["kick", "hat"] * 4), path)
    dataset, _ = open_data(str(path), spaces=("sound",))
    assert labels(dataset) == ["kick", "hat"] * 4


def test_tables_stay_tables(eight: pa.Table, tmp_path: Path) -> None:
    plain, mixed = tmp_path / "rows.parquet", tmp_path / "pets.parquet"
    parquet.write_table(eight.drop_columns(["image"]), plain)
    parquet.write_table(eight, mixed)
    assert reader_for(str(plain)).kind == "table_file"
    assert reader_for(str(plain), IMAGES).kind == "table_file"  # so that it is said what it is
    assert reader_for(str(mixed), ("table",)).kind == "table_file"
    assert reader_for(str(mixed), ("image", "series", "table")).kind == "images"


def test_damage_is_an_error(eight: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "pets.parquet"
    parquet.write_table(eight, path)
    body = bytearray(path.read_bytes())
    body[len(body) // 4] ^= 255
    path.write_bytes(body[: len(body) // 2])
    with pytest.raises(DataError):
        RowFiles(path)
