"""Make the items of a batch, one file each, and screen them on the way."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from zerosum.models.model import Model
from zerosum.models.samples import Samples
from zerosum.runs.files import append_line, make_folder, write_whole
from zerosum.runs.store import Run
from zerosum.studio.jobs.opinion import Counterparts, Opinion
from zerosum.studio.jobs.screening import CopyScreen
from zerosum.workflows.load import load

_AT_ONCE = 16
_THUMBNAIL = 192
"""Pixels of the longer side of a thumbnail; smaller images are enlarged without smoothing."""


def do(order: dict[str, Any], say: Callable[..., None]) -> None:
    """Make the items that are not made yet, and say each of them.

    An item is said again when the job is done again: who listens knows it by its index.

    Raises:
        ZerosumError: see `load` and `Model.sample`.
    """
    root, sub, folder = Path(order["items"]), order["sub"], Path(order["folder"])
    make_folder(root / sub)
    ledger = folder / "items.jsonl"
    made = {row["index"]: row for row in _read(ledger)}
    for row in made.values():
        say(item=row)
    if len(made) < order["n"]:
        say(words="opening the model")
        run = Run.open(Path(order["run"]))
        model = load(run, device=order.get("device", "auto"))
        screen = CopyScreen(run)
        if screen.missing:
            say(words=f"not screened for copies: {screen.missing}")
        writer = _Writer(root, sub, screen, model, seed=order["seed"])
        for index, samples in _pieces(model, order):
            if index in made:
                continue
            row = writer.write(index, samples)
            append_line(ledger, json.dumps(row))
            made[index] = row
            say(item=row, progress=len(made) / order["n"])
    steps = [row["step"] for row in made.values() if row["step"] is not None]
    say(done={"step": max(steps, default=None), "n": len(made)})


def _read(ledger: Path) -> list[dict[str, Any]]:
    """Items that are made; a line that was cut off is an item to make again."""
    rows = []
    if ledger.is_file():
        for line in ledger.read_text("utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                continue
    return rows


def _pieces(model: Model, order: dict[str, Any]) -> Iterator[tuple[int, Samples]]:
    """The samples of each item, by its number."""
    n, where, seed = order["n"], order["where"] or None, order["seed"]
    rows = order["rows"]
    if makes_rows(model):
        values = model.values(n * rows, where=where, seed=seed)
        for index, some in enumerate(values.split(rows)):
            yield index, model.samples_of(some)
        return
    index = 0
    for piece in model.stream(n, where=where, seed=seed, batch_size=min(n, _AT_ONCE)):
        for i in range(len(piece)):
            y = None if piece.y is None else torch.tensor([int(piece.y[i])])
            yield index, model.samples_of(piece.tensor[i : i + 1], y)
            index += 1


def makes_rows(model: Model) -> bool:
    """Whether an item is a set of rows; else it is one image."""
    return ".csv" in model.writer.forms


class _Writer:
    def __init__(
        self, root: Path, sub: str, screen: CopyScreen, model: Model, *, seed: int
    ) -> None:
        self._root, self._sub, self._screen, self._model = root, sub, screen, model
        self._opinion = Opinion(model, screen)
        self._counterparts = Counterparts(screen, seed=seed)

    def write(self, index: int, samples: Samples) -> dict[str, Any]:
        """The files of one item, and what is known of it."""
        rows = makes_rows(self._model)
        row: dict[str, Any] = {
            "index": index, "medium": "rows" if rows else "picture", "step": self._model.step,
            "label": "" if rows or not samples.labels else samples.labels[0],
            "facts": {"model": self._model.fingerprint},
            "neighbour": "", "nearness": None, "is_copy": False,
        }  # fmt: skip
        y = None if samples.y is None else torch.from_numpy(samples.y)
        row["opinion"] = self._opinion.of(samples.tensor, y)
        if rows:
            row["file"] = self._save(f"{index:06d}.csv", samples.save)
            row["thumbnail"] = self._picture(f"{index:06d}.t.png", samples.picture())
            row["facts"]["rows"] = len(samples)
            copied = self._screen.copied_rows(samples.tensor)
            if copied is not None:
                row["facts"]["copied_rows"] = copied
                row["nearness"] = 1.0 - copied / len(samples)
                row["is_copy"] = copied > 0
            return row
        space, preview = self._model.space, self._model.preview
        picture = preview.draw_one(space, samples.tensor[0])
        row["file"] = self._picture(f"{index:06d}.png", picture, whole=True)
        row["thumbnail"] = self._picture(f"{index:06d}.t.png", picture)
        found = self._screen.neighbours(samples.tensor)
        if found is not None:
            row["nearness"], row["is_copy"] = round(found[0].nearness, 4), found[0].is_copy
            row["facts"] |= {"nearest": found[0].index, "compared": self._screen.compared}
            nearest = preview.draw_one(space, self._screen.real(found[0].index))
            row["neighbour"] = self._picture(f"{index:06d}.n.png", nearest)
        counterpart = self._counterparts.of(index, y)
        if counterpart is not None:
            shown = self._picture(f"{index:06d}.r.png", preview.draw_one(space, counterpart))
            row["facts"] = {**row["facts"], "real": shown}
        return row

    def _picture(self, name: str, picture: Image.Image, *, whole: bool = False) -> str:
        shown = picture if whole else thumbnail(picture)
        return self._save(name, lambda path: shown.save(path, format="PNG"))

    def _save(self, name: str, save: Callable[[Path], object]) -> str:
        path = self._root / self._sub / name
        if path.suffix == ".csv":
            save(path)  # whole or not at all by itself, and its form is known by its ending
        else:
            write_whole(path, save)
        return f"{self._sub}/{name}"


def thumbnail(picture: Image.Image) -> Image.Image:
    """A small image: large ones are made smaller, small ones larger by a whole factor.

    >>> thumbnail(Image.new("L", (28, 28))).size, thumbnail(Image.new("L", (400, 100))).size
    ((168, 168), (192, 48))
    """
    longer = max(picture.size)
    if longer <= _THUMBNAIL:
        factor = max(1, _THUMBNAIL // longer)
        size = (picture.width * factor, picture.height * factor)
        return picture.resize(size, Image.Resampling.NEAREST)
    share = _THUMBNAIL / longer
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    return picture.resize(size, Image.Resampling.LANCZOS)
