"""Make the items of a batch, one file each, and screen them on the way."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from zerosum.catalogue import modality_of
from zerosum.models.model import Model
from zerosum.models.samples import Samples
from zerosum.rng import derive_seed
from zerosum.runs.files import append_line, make_folder, write_whole
from zerosum.runs.store import Run
from zerosum.studio.item_forms import DATABASE, LEVEL, PICTURE, ROWS, SOUND, TEXT, item_form
from zerosum.studio.jobs.opinion import Counterparts, Opinion
from zerosum.studio.jobs.screening import CopyScreen
from zerosum.workflows.load import load

_AT_ONCE = 16
_TABULAR = (ROWS, TEXT)
"""Media whose models make rows, and say their values."""
_TOLD_BY_EYE = (PICTURE, LEVEL)
"""Media that blind tests show."""
_THUMBNAIL, _DRAWING = 192, 512
"""Pixels of the longer side of a thumbnail of a picture, and of what is drawn with letters or thin
lines, which its page shows too; smaller images are enlarged without smoothing."""


@dataclass(frozen=True)
class Made:
    """What one item is made of; `seed` makes it by itself, where it is made by itself.

    A translation has a drawing of the `source` that it is made from.
    """

    samples: Samples
    seed: int | None = None
    source: Image.Image | None = None


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
        writer = _Writer(root, sub, screen, model, order)
        for index, parts in _pieces(model, order):
            if index in made:
                continue
            row = writer.write(index, parts)
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


def _pieces(model: Model, order: dict[str, Any]) -> Iterator[tuple[int, Made]]:
    """What each item is made of, by its number."""
    n, where, seed = order["n"], order["where"] or None, order["seed"]
    form = item_form(model.space.kind)
    many = order["rows"] if form.is_set else 1
    if form.medium == DATABASE:
        for index in range(n):
            own = derive_seed(seed, "item", index)
            yield index, Made(model.samples_of(model.values(many, where=where, seed=own)), own)
    elif form.medium in _TABULAR:
        values = model.values(n * many, where=where, seed=seed)
        for index, some in enumerate(values.split(many)):
            yield index, Made(model.samples_of(some))
    else:
        index = 0
        for piece in model.stream(n, where=where, seed=seed, batch_size=min(n, _AT_ONCE)):
            sources = _sources(model, len(piece), seed=seed, start=index)
            for i in range(len(piece)):
                y = None if piece.y is None else torch.tensor([int(piece.y[i])])
                made = model.samples_of(piece.tensor[i : i + 1], y)
                yield index, Made(made, source=None if sources is None else sources[i])
                index += 1


def _sources(model: Model, n: int, *, seed: int, start: int) -> list[Image.Image] | None:
    """Drawings of what translations are made from; None of other samples."""
    game: Any = model.game
    found = game.sources_in(model.draw(n, seed=seed, start=start))
    if found is None:
        return None
    draw = modality_of(game.source).preview.draw_one
    return [draw(game.source, one) for one in found]


class _Writer:
    def __init__(
        self, root: Path, sub: str, screen: CopyScreen, model: Model, order: dict[str, Any]
    ) -> None:
        self._root, self._sub, self._screen, self._model = root, sub, screen, model
        self._form, self._order = item_form(model.space.kind), order
        self._opinion = Opinion(model, screen)
        self._counterparts = Counterparts(screen, seed=order["seed"])

    def write(self, index: int, made: Made) -> dict[str, Any]:
        """The files of one item, and what is known of it."""
        samples, form, preview = made.samples, self._form, self._model.preview
        space, y = self._model.space, None
        if samples.y is not None:
            y = torch.from_numpy(samples.y)
        row: dict[str, Any] = {
            "index": index, "medium": form.medium, "step": self._model.step,
            "label": "" if form.is_set or not samples.labels else samples.labels[0],
            "facts": {"model": self._model.fingerprint},
            "opinion": self._opinion.of(samples.tensor, y), "neighbour": "", "nearness": None,
            "is_copy": False,
        }  # fmt: skip
        if made.seed is not None:
            row["facts"]["seed"] = made.seed
        if made.source is not None:
            row["facts"]["source"] = self._picture(f"{index:06d}.s.png", made.source)
        if form.is_set:
            picture = samples.picture()
            row["facts"]["rows"] = len(samples)
        else:
            picture = preview.draw_one(space, samples.tensor[0])
        row["file"] = self._file(f"{index:06d}", made, picture)
        row["thumbnail"] = self._picture(f"{index:06d}.t.png", self._small(picture))
        copied = self._screen.copied_rows(samples.tensor)
        if copied is not None:
            row["facts"]["copied_rows"] = copied
            row["nearness"], row["is_copy"] = 1.0 - copied / len(samples), copied > 0
        elif not form.is_set:
            self._compare(index, samples, row)
        if form.medium in _TOLD_BY_EYE:
            counterpart = self._counterparts.of(index, y)
            if counterpart is not None:
                shown = preview.draw_one(space, counterpart)
                row["facts"]["real"] = self._picture(f"{index:06d}.r.png", shown)
        return row

    def _file(self, stem: str, made: Made, picture: Image.Image) -> str:
        form, order = self._form, self._order
        if form.medium == PICTURE:
            return self._picture(f"{stem}.png", picture)
        if form.medium == DATABASE:
            model: Any = self._model
            return self._save(
                f"{stem}{form.ending}",
                lambda path: model.write(
                    path, order["rows"], where=order["where"] or None, seed=made.seed
                ),
            )
        return self._save(f"{stem}{form.ending}", made.samples.save)

    def _compare(self, index: int, samples: Samples, row: dict[str, Any]) -> None:
        """Set the nearest training sample beside it."""
        found = self._screen.neighbours(samples.tensor)
        if found is None:
            return
        row["nearness"], row["is_copy"] = round(found[0].nearness, 4), found[0].is_copy
        row["facts"] |= {"nearest": found[0].index, "compared": self._screen.compared}
        real = self._screen.real(found[0].index)
        nearest = self._model.preview.draw_one(self._model.space, real)
        row["neighbour"] = self._picture(f"{index:06d}.n.png", nearest)
        if self._form.medium == SOUND:
            heard = self._model.samples_of(real[None])
            name = f"{index:06d}.n{self._form.ending}"
            row["facts"]["nearest_file"] = self._save(name, heard.save)

    def _small(self, picture: Image.Image) -> Image.Image:
        """What the queue shows."""
        most = _THUMBNAIL if self._form.medium in _TOLD_BY_EYE else _DRAWING
        return thumbnail(picture, most)

    def _picture(self, name: str, picture: Image.Image) -> str:
        return self._save(
            name, lambda path: write_whole(path, lambda aside: picture.save(aside, format="PNG"))
        )

    def _save(self, name: str, save: Callable[[Path], object]) -> str:
        """A file that `save` writes whole or not at all; one that is there is written anew."""
        path = self._root / self._sub / name
        path.unlink(missing_ok=True)
        save(path)
        return f"{self._sub}/{name}"


def thumbnail(picture: Image.Image, most: int = _THUMBNAIL) -> Image.Image:
    """A small image: large ones are made smaller, small ones larger by a whole factor.

    Args:
        picture: an image of any size.
        most: pixels of the longer side that it may have.

    >>> thumbnail(Image.new("L", (28, 28))).size, thumbnail(Image.new("L", (400, 100))).size
    ((168, 168), (192, 48))
    """
    longer = max(picture.size)
    if longer <= most:
        factor = max(1, _THUMBNAIL // longer)
        size = (picture.width * factor, picture.height * factor)
        return picture.resize(size, Image.Resampling.NEAREST)
    share = most / longer
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    return picture.resize(size, Image.Resampling.LANCZOS)
