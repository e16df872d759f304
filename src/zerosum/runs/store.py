"""The run folder: manifest, history, events, samples, checkpoints.

```
manifest.json       schema, recipe, space, data, versions, seed, device, execution, state, parent
history.jsonl       one row for every few steps: each term and signal
events.jsonl        what happened: choices, warnings, stops, divergence
samples/            pictures or tables of samples, by samples seen
checkpoints/        step-*.safetensors with step-*.json
healthy/            the same, of the healthiest steps, where a referee watched
ledger.json         of a private run: how many steps may have been played
report/             evaluation.json, audit.json: what the judge and the attacks found last
lock                who plays the run, while somebody does
code/               a recipe file of the user's own, where there was one
```
"""

import json
import os
import platform
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image

from zerosum.cards import Described, InfoCard
from zerosum.errors import RunError, did_you_mean
from zerosum.faces import option, verb
from zerosum.runs.checkpoints import Checkpoints
from zerosum.runs.earlier import modern_manifest, modern_row
from zerosum.runs.files import (
    append_line,
    inside,
    make_folder,
    open_plain,
    parse_json,
    read_json,
    require_plain,
    require_unicode,
    write_json,
    write_whole,
)
from zerosum.runs.forms import EVENT_FORMS, EventForm, Manifest, ManifestForm
from zerosum.runs.lock import claimed, held
from zerosum.runs.remains import clear, is_unbegun, sweep

_UNLIMITED = 10**9
_LASTING = (
    "execution_chosen", "inherited", "abandoned", "resumed", "checkpoint_damaged", "evaluated",
    "audited", "interrupted", "diverged", "failed", "ended",
)  # fmt: skip
"""Events that are true whatever is trained again; all others are of the game, and come again."""
SCHEMA = 2
"""Version of the folder's form; newer ones are refused, and 1 is read."""


def _leave_empty(_run: "Run") -> None:
    """A run that has a manifest and nothing else."""


class Run(Described):
    """One run folder.

    Attributes:
        folder: where it is.
        manifest: what `manifest.json` says.
        listeners: called with every event that is added.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self.folder, self.manifest = folder, Manifest(folder, manifest)
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self._opened = time.monotonic()

    @property
    def seconds_open(self) -> float:
        """Time since this object was made."""
        return time.monotonic() - self._opened

    @classmethod
    def create(
        cls, folder: Path, manifest: dict[str, Any], fill: "Callable[[Run], None]" = _leave_empty
    ) -> "Run":
        """Make a run in a folder that is free; whoever plays it on holds the folder (`held`).

        The manifest is written last: a folder that has one is a run, with all that `fill` put in.
        Where anything fails, nothing is left.

        Args:
            folder: made if needed; what a run left that never began is replaced.
            manifest: what the manifest says.
            fill: puts in what belongs to the run before it is one.

        Raises:
            RunError: it exists and is not free, or cannot be written.
        """
        require_free(folder)
        make_folder(folder)
        sweep(folder)
        clear(folder)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        run = cls(folder, {"schema": SCHEMA, "created": created, "state": "starting", **manifest})
        try:
            fill(run)
            run.save_manifest()
        except BaseException:
            with suppress(RunError):
                clear(folder)
            raise
        return run

    @classmethod
    def open(cls, folder: Path | str) -> "Run":
        """The run in `folder`.

        Raises:
            RunError: there is no run, it is of a newer schema, or its path is not UTF-8.
        """
        folder = Path(folder)
        require_unicode(folder)
        if not _is_run(folder):
            if claimed(folder):
                raise RunError(
                    f"no run at {folder} yet: it is being made, or was cut off while it was, "
                    f"before anything was trained. If nobody makes it now, train with "
                    f"{option('out', folder)} again."
                )
            roots = dict.fromkeys([folder.parent, Path("runs")])
            known = [str(run.folder) for root in roots for run in list_runs(root)]
            raise RunError(f"no run at {folder}.{did_you_mean(str(folder), known)}")
        require_plain(folder)
        manifest = read_json(folder / "manifest.json")
        if not isinstance(manifest, dict):
            raise RunError(f"{folder / 'manifest.json'} is damaged: it is not a JSON object.")
        schema = manifest.get("schema", 0)
        if isinstance(schema, int) and schema > SCHEMA:
            raise RunError(
                f"{folder} was written by a newer zerosum (schema {schema:.9g}, and this "
                f"one reads up to {SCHEMA}). Upgrade: pip install -U zerosum."
            )
        if schema == 1:
            manifest = modern_manifest(manifest)
        ManifestForm.read(manifest, folder / "manifest.json")
        return cls(folder, manifest)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the run while the caller plays it or changes what it will play.

        The manifest is read anew, and files that a killed process was writing are removed.

        Raises:
            RunError: another process holds it, or it cannot be written to.
        """
        with held(self.folder) as dead:
            sweep(self.folder)
            self.reread()
            if dead is not None:
                self.add_event("abandoned", pid=dead.pid, host=dead.host, since=dead.since)
            yield

    def reread(self) -> None:
        """Take the manifest as it is now.

        Raises:
            RunError: see `open`.
        """
        self.manifest = Run.open(self.folder).manifest

    def card(self, *, drawn: bool) -> InfoCard:
        """Its state, and the newest picture of its samples."""
        told = self.manifest
        data = (told.get("data") or {}).get("name", "")
        facts = {
            "folder": str(self.folder),
            "state": str(told.get("state", "")),
            "recipe": f"{(told.get('recipe') or {}).get('name', '')} on {data}",
            "trained": f"{told.get('samples', 0):,} samples in {told.get('seconds', 0):,.0f} s",
        }
        newest = sorted((self.folder / "samples").glob("*.png"))[-1:] if drawn else []
        pictures = [picture for path in newest if (picture := _opened(path)) is not None]
        return InfoCard(f"Run {self.name}", facts, pictures=pictures)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def subfolder(self, name: str) -> Path:
        """A folder in the run, made if needed.

        Raises:
            RunError: it is a link, or cannot be made.
        """
        path = inside(self.folder, name)
        make_folder(path)
        return path

    @property
    def checkpoints(self) -> Checkpoints:
        """The run's checkpoints."""
        return Checkpoints(self.folder / "checkpoints")

    @property
    def healthy(self) -> Checkpoints:
        """Healthy states, kept by the referee, who also says which may go."""
        return Checkpoints(self.folder / "healthy", keep=_UNLIMITED)

    def update(self, **values: Any) -> None:
        """Change the manifest and write it."""
        self.manifest |= values
        self.save_manifest()

    def save_manifest(self) -> None:
        """Write the manifest, whole or not at all."""
        write_json(self.folder / "manifest.json", self.manifest)

    def add_event(self, name: str, /, **details: Any) -> None:
        """Append to `events.jsonl`."""
        row = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "event": name, **details}
        self._append("events.jsonl", row)
        for listener in self.listeners:
            listener(row)

    def events(self) -> list[dict[str, Any]]:
        """Everything that happened, oldest first.

        Raises:
            RunError: zerosum did not write a line.
        """
        rows = list(self._rows("events.jsonl"))
        for row in rows:
            form = EVENT_FORMS.get(str(row.get("event")), EventForm)
            form.read(row, self.folder / "events.jsonl")
        return rows

    def add_history(self, row: dict[str, Any]) -> None:
        """Append to `history.jsonl`."""
        self._append("history.jsonl", row)

    def history(self) -> list[dict[str, Any]]:
        """All rows, oldest first; rows that a crash cut off are left out.

        Raises:
            RunError: zerosum did not write a row.
        """
        rows = list(self._rows("history.jsonl"))
        for row in rows:
            sound = all(type(value) in (int, float) for value in row.values())
            if not sound or not all(type(row.get(name)) is int for name in ("step", "samples")):
                raise RunError(
                    f"{self.folder / 'history.jsonl'} holds a row that zerosum did not write: a "
                    "row has step, samples, and numbers by name. Remove it."
                )
        return rows

    def rewind(self, step: int) -> None:
        """Drop rows and events after `step` that a resume will write again.

        Events that say what happened to the run, and not in the game, stay.

        Raises:
            RunError: they cannot be read or written.
        """
        rows, events = self.history(), self.events()
        self._replace("history.jsonl", rows, [row for row in rows if row["step"] <= step])
        kept = [event for event in events if (event.get("step") or 0) <= step or _lasts(event)]
        self._replace("events.jsonl", events, kept)

    def _replace(self, name: str, rows: list[dict[str, Any]], kept: list[dict[str, Any]]) -> None:
        if len(kept) == len(rows):
            return
        text = "".join(f"{json.dumps(row)}\n" for row in kept)
        path = self.folder / name
        write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))

    def drop_pictures(self, samples: int) -> None:
        """Delete pictures drawn after so many samples: what follows is another training."""
        for path in (self.folder / "samples").glob("*.png"):
            drawn = re.fullmatch(r"(?:samples|images)-(\d+)", path.stem)
            if drawn and int(drawn[1]) > samples:
                path.unlink(missing_ok=True)

    def _append(self, name: str, row: dict[str, Any]) -> None:
        # An error may speak of a file whose name is no text; the line is text all the same.
        line = json.dumps(row, ensure_ascii=False).encode(errors="replace").decode()
        append_line(self.folder / name, line)

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        path = self.folder / name
        try:
            with open_plain(path) as handle:
                for line in handle:
                    try:
                        row = parse_json(line)
                    except ValueError:
                        continue
                    if not isinstance(row, dict):
                        raise RunError(f"{path} holds a line that is no JSON object. Remove it.")
                    yield modern_row(row)
        except FileNotFoundError:
            return
        except OSError as error:
            raise RunError(f"cannot read {path}: {error.strerror or error}.") from error


def _opened(path: Path) -> Image.Image | None:
    """A picture, or None where it cannot be read."""
    try:
        with open_plain(path) as handle, Image.open(handle, formats=["PNG"]) as picture:
            return picture.convert("RGB")
    except (OSError, RunError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _lasts(event: dict[str, Any]) -> bool:
    return event.get("event") in _LASTING or event.get("by") == "hand"


def require_free(folder: Path) -> None:
    """Refuse a folder that a new run cannot be made in.

    Raises:
        RunError: it is no folder, holds something, or its path is not UTF-8.
    """
    require_unicode(folder)
    if folder.is_dir() or not folder.exists():
        if is_unbegun(folder):
            return
        if _is_run(folder):
            raise RunError(
                f"{folder} exists already. Choose another folder with {option('out')}, or "
                "continue it with "
                f"{verb('resume', folder)}."
            )
    raise RunError(
        f"{folder} exists already, and holds no run. Choose another folder with {option('out')}, "
        "or an empty "
        "one."
    )


def _is_run(folder: Path) -> bool:
    try:
        return (folder / "manifest.json").is_file()
    except OSError as error:
        raise RunError(f"cannot look into {folder}: {error.strerror or error}.") from error


def new_folder(root: Path, recipe: str, data: str) -> Path:
    """A fresh, readable name: `runs/dcgan-photos-1122-1530-4f2a`."""
    stamp = time.strftime("%m%d-%H%M")
    parts = (recipe, Path(data).name)
    words = "-".join(re.sub(r"[^A-Za-z0-9]+", "-", part).strip("-") for part in parts)
    return root / f"{words[:48]}-{stamp}-{secrets.token_hex(2)}"


def list_runs(root: Path) -> list[Run]:
    """Every run directly under `root`, newest first; reads one small file for each.

    A run whose manifest cannot be read comes last, in the state `unreadable`.
    """
    runs = []
    try:
        entries = list(os.scandir(root))
    except OSError:
        return []
    for entry in entries:
        folder = Path(entry.path)
        if not os.path.isfile(folder / "manifest.json"):  # noqa: PTH113 - False where it may not be read
            continue
        try:
            runs.append(Run.open(folder))
        except RunError:
            runs.append(Run(folder, {"state": "unreadable"}))
    return sorted(runs, key=lambda run: str(run.manifest.get("created", "")), reverse=True)


def versions() -> dict[str, str]:
    """What a run was made with; of torch its build too."""
    import torch  # listing runs does without

    packages = ("zerosum", "numpy", "pydantic", "safetensors")
    known = {"python": platform.python_version(), "torch": str(torch.__version__)}
    return known | {name: version(name) for name in packages}
