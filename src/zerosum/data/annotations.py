"""Labels of images from annotations: COCO, YOLO and Label Studio.

These say where things are in an image, and one image may show several kinds. They give labels where
each image shows exactly one; else it is said why not.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from zerosum.data.archives import Archive
from zerosum.errors import DataError

_MOST_LISTS = 20
_NO_LISTS = ("dataset.json", "package.json", "captions.json")
_YOLO_LINE = re.compile(r"\d+(\s+-?(\d+\.?\d*|\.\d+)(e-?\d+)?){4,}")
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of a file that was uploaded."""
_SHORT_FACTS = (
    "id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "data",
)  # fmt: skip
"""What the short export of Label Studio says beside what was annotated."""
_CLASS_LISTS = ("classes.txt", "obj.names", "_darknet.labels", "data.yaml", "data.yml")


@dataclass(frozen=True)
class Annotated:
    """What annotations say.

    Attributes:
        labels: of each image; None where they do not fit.
        note: which annotations there are, and what is made of them, in a sentence.
    """

    labels: list[str] | None
    note: str


def annotations(archive: Archive, names: Sequence[str]) -> Annotated | None:
    """What annotations beside some images say; None without annotations.

    Args:
        archive: the folder or zip.
        names: of the images in it.
    """
    whole, above = archive.above or (archive, "")
    images = _Images([f"{above}/{name}".strip("/") for name in names])
    shown: dict[int, set[str]] = defaultdict(set)
    sources = []
    for path, form, pairs in (*_in_lists(whole), *_in_lines(whole, images)):
        found = [(images.at(name), kind) for name, kind in pairs]
        mine = [(at, kind) for at, kind in found if at is not None]
        if mine:
            sources.append(f"{path} ({form})")
        for at, kind in mine:
            shown[at].add(kind)
    if not sources:
        return None
    where = ", ".join(sources[:3]) + (", …" if len(sources) > 3 else "")
    kinds = sorted(set().union(*shown.values()))
    several = sum(len(one) > 1 for one in shown.values())
    without = len(names) - len(shown)
    if several or without:
        why = " and ".join(
            f"{count} of {len(names)} images {what}"
            for count, what in ((several, "show several classes"), (without, "have none"))
            if count
        )
        return Annotated(
            None,
            f"{where}: {why}, and a label is one for each image, so none is read from there. Crop "
            "images to one thing each, or write labels.csv with the columns file and label.",
        )
    if len(kinds) == 1:
        return Annotated(None, f"{where}: all images show {kinds[0]!r}, which is no label.")
    labels = [next(iter(shown[i])) for i in range(len(names))]
    return Annotated(labels, f"{where}: what each image shows is its label.")


class _Images:
    """Images by what annotations call them: a path, the end of one, or an address."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._by_name: dict[str, list[int]] = defaultdict(list)
        for i, name in enumerate(names):
            self._by_name[PurePosixPath(name).name].append(i)

    def at(self, called: str) -> int | None:
        """The number of an image; None where it is another, or may be several."""
        path = unquote(called).replace("\\", "/").split("?d=")[-1]
        last = PurePosixPath(path).name
        found = self._by_name.get(last) or self._by_name.get(_UPLOADED.sub("", last)) or []
        if len(found) > 1:
            found = [i for i in found if self.names[i].endswith(path.lstrip("./"))]
        return found[0] if len(found) == 1 else None


Pairs = Iterable[tuple[str, str]]
"""Images as annotations call them, each with a class that it shows."""


def _in_lists(archive: Archive) -> Iterator[tuple[str, str, Pairs]]:
    """Annotations in JSON: where, in which form, and what they say."""
    lists = [
        name
        for name in archive.names
        if name.lower().endswith(".json") and PurePosixPath(name).name not in _NO_LISTS
    ]
    for name in lists[:_MOST_LISTS]:
        try:
            body = json.loads(archive.read(name).decode("utf-8-sig"))
        except (DataError, ValueError, RecursionError):
            continue  # a list of something else, or too long; `unread_tables` names it
        if isinstance(body, dict) and {"images", "annotations", "categories"} <= body.keys():
            yield name, "COCO", list(_of_coco(body))
        elif isinstance(body, list) and body and _is_task(body[0]):
            yield name, "Label Studio", list(_of_label_studio(body))


def _of_coco(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    try:
        files = {one["id"]: str(one["file_name"]) for one in body["images"]}
        classes = {one["id"]: str(one["name"]) for one in body["categories"]}
        for one in body["annotations"]:
            if one["image_id"] in files and one.get("category_id") in classes:
                yield files[one["image_id"]], classes[one["category_id"]]
    except (KeyError, TypeError, AttributeError):
        return


def _is_task(one: Any) -> bool:
    """Whether an object is a task of Label Studio, in its full export or the short one."""
    return isinstance(one, dict) and (
        ("data" in one and bool({"annotations", "completions"} & one.keys()))
        or bool({"annotation_id", "lead_time", "annotator"} & one.keys())
    )


def _of_label_studio(tasks: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """The last annotation of each task, of a full export or of the short one."""
    for task in tasks:
        if not isinstance(task, dict):
            continue
        data, done = task.get("data", task), task.get("annotations", task.get("completions"))
        files = [text for text in data.values() if isinstance(text, str)] if data else []
        if done is None:
            said = [value for name, value in task.items() if name not in _SHORT_FACTS]
        else:
            kept = [one for one in done if isinstance(one, dict) and not one.get("was_cancelled")]
            said = [kept[-1].get("result", [])] if kept else []
        for file in files:
            if PurePosixPath(unquote(file)).suffix:
                for value in said:
                    yield from ((file, kind) for kind in _classes_in(value, short=done is None))


def _classes_in(value: Any, *, short: bool) -> Iterator[str]:
    """Names of classes in what was annotated: choices, and labels of boxes and areas."""
    if isinstance(value, dict):
        for name, one in value.items():
            chosen = name == "choices" or name.endswith("labels")
            if chosen and isinstance(one, list | str):
                yield from ([one] if isinstance(one, str) else map(str, one))
            else:
                yield from _classes_in(one, short=short)
    elif isinstance(value, list):
        for one in value:
            yield from _classes_in(one, short=False)
    elif short and isinstance(value, str) and not re.search(r"[/\\]|\d{4}-\d\d-\d\dT", value):
        yield value


def _in_lines(archive: Archive, images: _Images) -> Iterator[tuple[str, str, Pairs]]:
    """YOLO's lists: a `.txt` for each image, with a box in each line."""
    there = set(archive.names)
    lists = {
        name: path
        for name in images.names
        for path in (_beside(name), _beside(_in_labels(name)))
        if path in there
    }
    pairs, classes = [], None
    for name, path in lists.items():
        try:
            lines = archive.read(path).decode("utf-8").split("\n")
        except (DataError, UnicodeDecodeError):
            return
        boxes = [line.strip() for line in lines if line.strip()]
        if not all(map(_YOLO_LINE.fullmatch, boxes)):
            return  # captions, or something else
        if boxes and classes is None:
            classes = _class_names(archive)
        for box in boxes:
            number = int(box.split()[0])
            known = classes is not None and number < len(classes)
            pairs.append((name, classes[number] if known and classes else str(number)))
    if pairs:
        folder = str(PurePosixPath(next(iter(lists.values()))).parent)
        yield ("*.txt" if folder == "." else f"{folder}/*.txt"), "YOLO", pairs


def _beside(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(".txt"))


def _in_labels(name: str) -> str:
    """`train/images/1.png` as `train/labels/1.png`."""
    return "/".join("labels" if part == "images" else part for part in name.split("/"))


def _class_names(archive: Archive) -> list[str]:
    """What YOLO's numbers are called; empty where nothing says so."""
    for called in _CLASS_LISTS:
        for name in archive.names:
            if PurePosixPath(name).name != called:
                continue
            text = archive.read(name).decode("utf-8", errors="replace")
            if called.startswith("data."):
                return _names_in_yaml(text)
            return [line.strip() for line in text.splitlines() if line.strip()]
    return []


def _names_in_yaml(text: str) -> list[str]:
    r"""`names` of a `data.yaml`, in the three forms in which it is written.

    >>> _names_in_yaml("nc: 2\nnames: ['cat', 'dog']")
    ['cat', 'dog']
    >>> _names_in_yaml("names:\n  0: cat\n  1: dog\ntrain: images")
    ['cat', 'dog']
    >>> _names_in_yaml("names:\n- cat\n- dog")
    ['cat', 'dog']
    """
    inline = re.search(r"^names:\s*\[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    if inline:
        return [one.strip().strip("'\"") for one in inline[1].split(",") if one.strip()]
    block = re.search(r"^names:\s*\n((?:\s*(?:-|\d+:)\s*.+\n?)+)", text, re.MULTILINE)
    lines = block[1].splitlines() if block else []
    return [re.sub(r"^\s*(-|\d+:)\s*", "", line).strip().strip("'\"") for line in lines]
