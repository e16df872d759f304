"""A training as it goes: what its run folder has gained, as server-sent events."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import close_old_connections

from zerosum.studio.models import Training
from zerosum.studio.run_folders import run_folder, why_gone
from zerosum.studio.runner import names_of_paths

FIELD = "field.jsonl"
"""In a job's folder: what its process saw of a duel in the plane."""
_PICTURE = re.compile(r"samples-(\d{10})\.png")
_LOOK_EVERY = 0.7
_MOST_BYTES = 1 << 19
"""Bytes of a file that are read at a time."""
_QUIET = 20
"""Looks without news after which a comment keeps the connection open."""
_FOR_PEOPLE = (
    "diagnosis",
    "remedy",
    "outcome",
    "resumed",
    "ended",
    "failed",
    "diverged",
    "abandoned",
    "provoked",
    "continued",
    "measured",
)


@dataclass
class Position:
    """How far a listener has read: bytes of the history, of the events and of looks at a plane.

    >>> Position.read("120.44.0")
    Position(history=120, events=44, field=0)
    >>> Position.read("nonsense")
    Position(history=0, events=0, field=0)
    """

    history: int = 0
    events: int = 0
    field: int = 0

    @classmethod
    def read(cls, text: str) -> "Position":
        """From the `Last-Event-ID` of a listener that comes back."""
        numbers = text.split(".")
        if len(numbers) == 3 and all(map(str.isdecimal, numbers)) and len(text) < 60:
            return cls(*map(int, numbers))
        return cls()

    def __str__(self) -> str:
        return f"{self.history}.{self.events}.{self.field}"


def pictures_of(training: Training) -> list[int]:
    """After how many samples seen each image was drawn, in order."""
    try:
        names = [path.name for path in (run_folder(training) / "samples").iterdir()]
    except OSError:
        return []
    return sorted(int(found[1]) for name in names if (found := _PICTURE.fullmatch(name)))


def picture_path(training: Training, seen: int) -> Path:
    """The image that was drawn after so many samples seen."""
    return run_folder(training) / "samples" / f"samples-{seen:010d}.png"


def news(training: Training, position: Position) -> list[tuple[str, Any]]:
    """What the run has gained since `position`, which moves on."""
    folder, found = run_folder(training), list[tuple[str, Any]]()
    rows, position.history, again = tail(folder / "history.jsonl", position.history)
    if again:
        found.append(("again", {}))  # a resume has taken rows back
        position.events = position.field = 0
    if rows:
        found.append(("rows", rows))
    events, position.events, _ = tail(folder / "events.jsonl", position.events)
    shown = [_event(one, training) for one in events if one.get("event") in _FOR_PEOPLE]
    if shown:
        found.append(("events", shown))
    looks = settings.STUDIO.jobs / training.key / FIELD
    frames, position.field, _ = tail(looks, position.field)
    if frames:
        found.append(("field", frames))
    return found


def tail(path: Path, offset: int) -> tuple[list[dict[str, Any]], int, bool]:
    """Whole lines after `offset`, where the next begin, and whether the file was made shorter."""
    try:
        with path.open("rb") as handle:
            size = handle.seek(0, 2)
            again = size < offset
            handle.seek(0 if again else offset)
            offset = handle.tell()
            piece = handle.read(_MOST_BYTES)
    except OSError:
        return [], 0, offset > 0
    whole = piece[: piece.rfind(b"\n") + 1]
    rows = []
    for line in whole.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows, offset + len(whole), again


def _event(row: dict[str, Any], training: Training) -> dict[str, Any]:
    name = str(row.get("name") or "")
    words = str(row.get("words") or row.get("message") or row.get("reason") or "")
    for path, shown in names_of_paths(training.data).items():
        words = words.replace(path, shown)
    found = {"event": row["event"], "step": row.get("step") or 0, "name": name, "words": words}
    if row["event"] == "measured":
        figures = {key: row[key] for key in ("distance", "coverage") if key in row}
        return found | {"samples": row.get("samples"), **figures}
    return found


async def stream(key: int, position: Position) -> AsyncIterator[bytes]:
    """Server-sent events of a training until it is over and everything was said."""
    quiet, last = 0, dict[str, Any]()
    while True:
        state, found, over = await asyncio.to_thread(_look, key, position)
        if state != last:
            found.append(("state", state))
            last = state
        for name, value in found:
            yield _message(name, value, str(position))
        if over and not found:
            yield _message("over", {}, str(position))
            return
        quiet = 0 if found else quiet + 1
        if quiet >= _QUIET:
            quiet = 0
            yield b": still here\n\n"
        if not any(name == "rows" for name, _ in found):
            await asyncio.sleep(_LOOK_EVERY)


def _look(key: int, position: Position) -> tuple[dict[str, Any], list[tuple[str, Any]], bool]:
    """How a training stands, its news, and whether it is over; keeps no connection open."""
    try:
        training = Training.objects.select_related("data__folder").get(pk=key)
    finally:
        close_old_connections()
    state = {
        "state": training.state, "words": training.words, "percent": training.percent,
        "pictures": pictures_of(training), "gone": why_gone(training),
        "ways": {name: training.facts.get(name) or {} for name in ("faults", "mends")},
    }  # fmt: skip
    return state, news(training, position), training.is_over


def _message(name: str, value: Any, position: str) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"id: {position}\nevent: {name}\ndata: {text}\n\n".encode(errors="replace")
