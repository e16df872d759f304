"""Labels of images from the annotations of COCO, YOLO and Label Studio."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.data.base import Dataset
from zerosum.workflows.data import open_data, open_holdout


def png(value: int = 9) -> bytes:
    held = io.BytesIO()
    Image.fromarray(np.full((8, 8), value, np.uint8)).save(held, format="PNG")
    return held.getvalue()


def put(folder: Path, files: Mapping[str, Any]) -> Path:
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = body if isinstance(body, bytes | str) else json.dumps(body)
        path.write_bytes(whole if isinstance(whole, bytes) else whole.encode())
    return folder


def opened(folder: Path) -> Dataset:
    return open_data(str(folder), spaces=("image",))[0]


def labels(dataset: Dataset) -> list[str]:
    codes = dataset.labels_of(torch.arange(len(dataset)))
    return [] if codes is None else [dataset.space.labels[code] for code in codes]


def coco(boxes: Mapping[str, list[int]]) -> dict[str, Any]:
    names = list(boxes)
    return {
        "images": [{"id": i, "file_name": name} for i, name in enumerate(names)],
        "annotations": [
            {"image_id": i, "category_id": kind, "bbox": [0, 0, 4, 4]}
            for i, name in enumerate(names)
            for kind in boxes[name]
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    }  # fmt: skip


BOXES = {"0.png": [1], "1.png": [2, 2], "2.png": [1]}
PICTURES = {f"{i}.png": png() for i in range(3)}
RIGHT = ["cat", "dog", "cat"]


@pytest.mark.parametrize("folder", ["", "images/"])
@pytest.mark.parametrize("named", ["annotations/instances.json", "_annotations.coco.json"])
def test_coco(named: str, folder: str, tmp_path: Path) -> None:
    put(
        tmp_path,
        {f"{folder}{name}": body for name, body in PICTURES.items()} | {named: coco(BOXES)},
    )
    dataset = opened(tmp_path)
    assert labels(dataset) == RIGHT
    assert dataset.notes == (f"{named} (COCO): what each image shows is its label.",)


def test_coco_in_its_own_folders(tmp_path: Path) -> None:
    files: dict[str, Any] = {}
    for split in ("train", "val"):
        files |= {f"{split}2017/{name}": body for name, body in PICTURES.items()}
        files[f"annotations/instances_{split}2017.json"] = coco(BOXES)
    dataset = opened(put(tmp_path, files))
    assert len(dataset) == 3
    assert labels(dataset) == RIGHT
    assert "train2017, val2017 are splits, not classes: train2017 is used" in dataset.notes[0]
    held, _ = open_holdout(str(tmp_path), space=dataset.space)
    assert labels(held) == RIGHT


@pytest.mark.parametrize(
    ("boxes", "words"),
    [
        ({"0.png": [1, 2], "1.png": [2], "2.png": [1]}, "1 of 3 images show several classes"),
        ({"0.png": [1], "1.png": [], "2.png": [2]}, "1 of 3 images have none"),
        ({"0.png": [1], "1.png": [1], "2.png": [1]}, "all images show 'cat'"),
    ],
)
def test_what_is_no_label_for_each_image_is_told(
    boxes: dict[str, list[int]], words: str, tmp_path: Path
) -> None:
    dataset = opened(put(tmp_path, PICTURES | {"coco.json": coco(boxes)}))
    assert labels(dataset) == []
    assert words in dataset.notes[0]


@pytest.mark.parametrize(
    ("lists", "right"),
    [
        ({"classes.txt": "cat\ndog\n"}, RIGHT),
        ({"data.yaml": "nc: 2\nnames: [cat, dog]\n"}, RIGHT),
        ({}, ["0", "1", "0"]),
    ],
)
@pytest.mark.parametrize("layout", ["{0}.{1}", "{1}s/{0}.{1}", "{1}s/train/{0}.{1}"])
def test_yolo(layout: str, lists: dict[str, str], right: list[str], tmp_path: Path) -> None:
    def named(i: int, ending: str) -> str:
        made = layout.format(i, ending)
        return made.replace("pngs/", "images/").replace("txts/", "labels/")

    boxes = ["0 .5 .5 .2 .2\n0 0.1 0.1 .2 .2", "1 .5 .5 .25 .25\n", "0 .5 .5 1 1"]
    files: dict[str, Any] = {named(i, "png"): png() for i in range(3)}
    files |= {named(i, "txt"): text for i, text in enumerate(boxes)}
    dataset = opened(put(tmp_path, files | lists))
    assert labels(dataset) == right
    assert "(YOLO): what each image shows is its label." in dataset.notes[0]


def test_texts_beside_images_that_are_no_boxes(tmp_path: Path) -> None:
    texts = {f"{i}.txt": "a cat on a mat" for i in range(3)}
    dataset = opened(put(tmp_path, PICTURES | texts))
    assert (labels(dataset), dataset.notes) == ([], ())


def task(file: str, value: dict[str, Any]) -> dict[str, Any]:
    result = [{"from_name": "choice", "type": "choices", "value": value}]
    return {"id": 1, "data": {"image": file}, "annotations": [{"id": 4, "result": result}]}


@pytest.mark.parametrize("place", ["/data/upload/3/0a1b2c3d-", "/data/local-files/?d=pets/", "s3://b/",
                                   ""])  # fmt: skip
@pytest.mark.parametrize("kind", ["choices", "rectanglelabels"])
def test_label_studio(kind: str, place: str, tmp_path: Path) -> None:
    tasks = [task(f"{place}{i}.png", {kind: [name]}) for i, name in enumerate(RIGHT)]
    dataset = opened(put(tmp_path, PICTURES | {"project-1.json": tasks}))
    assert labels(dataset) == RIGHT
    assert "project-1.json (Label Studio)" in dataset.notes[0]


def test_the_short_export_of_label_studio(tmp_path: Path) -> None:
    rows = [
        {
            "image": f"/data/upload/3/0a1b2c3d-{i}.png", "id": i, "choice": name, "annotator": 1,
            "annotation_id": i, "created_at": "2023-05-01T08:00:00Z", "lead_time": 3.2,
        }
        for i, name in enumerate(RIGHT)
    ]  # fmt: skip
    assert labels(opened(put(tmp_path, PICTURES | {"min.json": rows}))) == RIGHT


def test_other_lists_are_no_annotations(tmp_path: Path) -> None:
    rows = [{"image": f"{i}.png", "title": name} for i, name in enumerate(RIGHT)]
    dataset = opened(put(tmp_path, PICTURES | {"titles.json": rows}))
    assert labels(dataset) == []
    assert "titles.json lies beside the files and is not read" in dataset.notes[0]


def test_a_list_of_labels_comes_before_annotations(tmp_path: Path) -> None:
    listed = "file,label\n0.png,a\n1.png,b\n2.png,b\n"
    dataset = opened(put(tmp_path, PICTURES | {"coco.json": coco(BOXES), "labels.csv": listed}))
    assert labels(dataset) == ["a", "b", "b"]


def test_folders_are_labels_where_annotations_do_not_fit(tmp_path: Path) -> None:
    files = {"a/0.png": png(), "b/1.png": png(), "coco.json": coco({"0.png": [1, 2], "1.png": [2]})}
    dataset = opened(put(tmp_path, files))
    assert labels(dataset) == ["a", "b"]
    assert "show several classes" in dataset.notes[0]
