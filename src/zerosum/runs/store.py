"""The run folder: manifest, history, events, samples, checkpoints.

```
manifest.json       schema, recipe, space, data, versions, seed, device, execution, state, parent
history.jsonl       one row for every few steps: each term and signal
events.jsonl        what happened: choices, warnings, stops, divergence
samples/            pictures or tables of samples, by images seen
checkpoints/        step-*.safetensors with step-*.json
healthy/            the same, of the healthiest steps, where a referee watched
ledger.json         of a private run: how many steps may have been played
report/             evaluation.json, audit.json: what the judge and the attacks found last
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
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from zerosum.errors import RunError, did_you_mean
from zerosum.runs.checkpoints import Checkpoints
from zerosum.runs.files import append_line, make_folder, read_json, write_json, write_whole

_UNLIMITED = 10**9
SCHEMA = 1
"""Version of the folder's form; newer ones are refused."""


class Run:
    """One run folder.

    Attributes:
        folder: where it is.
        manifest: what `manifest.json` says.
        listeners: told of every event that is added.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self.folder, self.manifest = folder, manifest
        self.listeners: list[Callable[[dict[str, Any]], None]] = []

    @classmethod
    def create(cls, folder: Path, manifest: dict[str, Any]) -> "Run":
        """Make the folder and write its manifest.

        Raises:
            RunError: it exists and is not empty, or cannot be written.
        """
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise RunError(
                f"{folder} exists already. Choose another folder with --out, or continue it with "
                f"`zerosum resume {folder}`."
            )
        make_folder(folder)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        run = cls(folder, {"schema": SCHEMA, "created": created, "state": "starting", **manifest})
        run.save_manifest()
        return run

    @classmethod
    def open(cls, folder: Path | str) -> "Run":
        """The run in `folder`.

        Raises:
            RunError: there is none, or it is of a newer schema.
        """
        folder = Path(folder)
        if not (folder / "manifest.json").is_file():
            roots = dict.fromkeys([folder.parent, Path("runs")])
            known = [str(run.folder) for root in roots for run in list_runs(root)]
            raise RunError(f"no run at {folder}.{did_you_mean(str(folder), known)}")
        manifest = read_json(folder / "manifest.json")
        if not isinstance(manifest, dict):
            raise RunError(f"{folder / 'manifest.json'} is damaged: it is not a JSON object.")
        if manifest.get("schema", 0) > SCHEMA:
            raise RunError(
                f"{folder} was written by a newer zerosum (schema {manifest['schema']}, and this "
                f"one reads up to {SCHEMA}). Upgrade: pip install -U zerosum."
            )
        return cls(folder, manifest)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

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
        """Everything that happened, oldest first."""
        return list(self._rows("events.jsonl"))

    def add_history(self, row: dict[str, Any]) -> None:
        """Append to `history.jsonl`."""
        self._append("history.jsonl", row)

    def history(self) -> list[dict[str, Any]]:
        """All rows, oldest first; rows that a crash cut off are left out."""
        return list(self._rows("history.jsonl"))

    def rewind_history(self, step: int) -> None:
        """Drop rows after `step`: a resume will write them again."""
        path = self.folder / "history.jsonl"
        if not path.exists():
            return
        rows = [json.dumps(row) for row in self.history() if row["step"] <= step]
        text = "".join(f"{row}\n" for row in rows)
        write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))

    def drop_pictures(self, images: int) -> None:
        """Delete pictures of samples after so many images: what follows is another training."""
        for path in (self.folder / "samples").glob("images-*.png"):
            if int(path.stem.partition("-")[2]) > images:
                path.unlink(missing_ok=True)

    def _append(self, name: str, row: dict[str, Any]) -> None:
        append_line(self.folder / name, json.dumps(row))

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        path = self.folder / name
        if not path.exists():
            return
        with path.open("rb") as handle:
            for line in handle:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue


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
        if not (folder / "manifest.json").is_file():
            continue
        try:
            runs.append(Run.open(folder))
        except RunError:
            runs.append(Run(folder, {"state": "unreadable"}))
    return sorted(runs, key=lambda run: str(run.manifest.get("created", "")), reverse=True)


def versions() -> dict[str, str]:
    """What a run was made with."""
    packages = ("zerosum", "torch", "numpy", "pydantic", "safetensors")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
