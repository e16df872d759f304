"""Start a job's process, listen to it, and keep what it says in the database."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from zerosum.runs.files import make_folder, write_json
from zerosum.studio import storage
from zerosum.studio.bundling import order_of_bundle
from zerosum.studio.models import (
    BundleOrder,
    Continuation,
    CopyOrder,
    DataSource,
    Item,
    ItemBatch,
    Training,
    WebhookDelivery,
)
from zerosum.studio.models.work import CANCELLED, DONE, FAILED, RUNNING
from zerosum.studio.outages import STOPPING, StoppedError, if_heard, patiently

AnyJob = DataSource | Training | ItemBatch | CopyOrder | BundleOrder | WebhookDelivery

_TICK = 0.5
_KEPT_AT_ONCE = 25
_GRACE = 60.0
_MOST_LOG = 1 << 20
_AT_THE_END = 35.0
"""Seconds that jobs have to end in order when this process ends; see `jobs.__main__`."""
_PROCESSES: set[subprocess.Popen[bytes]] = set()


def data_path(source: DataSource) -> str:
    """What the house calls the data: a path, or a built-in name."""
    if source.origin == "built-in":
        return source.place
    if source.folder is not None:
        return str(Path(source.folder.path) / source.place)
    return str((settings.STUDIO.uploads / source.place).resolve())


def order_of(job: AnyJob) -> dict[str, Any]:
    """What the process of a job is told."""
    options = settings.STUDIO
    folder = (options.jobs / job.key).resolve()
    order: dict[str, Any] = {"do": job.kind, "folder": str(folder)}
    if isinstance(job, BundleOrder):
        return order | order_of_bundle(job) | {"names": _names_of_folder()}
    source = None
    if isinstance(job, DataSource):
        source = job
        order |= {"read_as": job.read_as, "options": job.options}
    if isinstance(job, Training):
        source = job.data
        order |= {
            "recipe": job.recipe, "minutes": job.minutes, "samples": job.samples,
            "seed": job.seed, "changes": job.changes, "run": _run(job),
            "capacity": job.capacity, "referee": job.referee, "epsilon": job.epsilon,
            "delta": job.delta, "options": job.options, "freeze": job.freeze,
            "from": None if job.begins_with is None else _run(job.begins_with),
            "checkpoint_seconds": job.checkpoint_seconds, "wishes": job.facts.get("wishes"),
        }  # fmt: skip
        order |= _continued(job)
    if isinstance(job, ItemBatch):
        source = job.training.data
        order |= {
            "n": job.n, "rows": job.rows, "where": job.where, "seed": job.seed,
            "run": _run(job.training), "items": str(options.items.resolve()), "sub": job.key,
        }  # fmt: skip
    assert source is not None
    return order | {"data": data_path(source), "names": names_of_paths(source)}


def names_of_paths(source: DataSource) -> dict[str, str]:
    """What people read in place of paths of the server."""
    names = _names_of_folder()
    return names if source.origin == "built-in" else {data_path(source): source.name} | names


def _names_of_folder() -> dict[str, str]:
    folder = settings.STUDIO.folder
    return {str(one): "the studio's folder" for one in (folder.resolve(), folder)}


def without_paths(words: str) -> str:
    """A sentence in which the studio's folder is not named by its path."""
    for path, name in _names_of_folder().items():
        words = words.replace(path, name)
    return words


def _continued(job: Training) -> dict[str, Any]:
    found = Continuation.objects.filter(training=job).select_related("source").first()
    if found is None:
        return {}
    return {
        "continues": {
            "run": _run(found.source), "fault": found.fault, "referee": found.referee,
            "folder": str((settings.STUDIO.jobs / found.source.key).resolve()),
        }
    }  # fmt: skip


def _run(training: Training) -> str:
    return str((settings.STUDIO.runs / training.run).resolve())


def do(job: AnyJob) -> str:
    """Do a job in a process of its own, and return the state in which it ended.

    Raises:
        StoppedError: this process ends, so that the job ends early and goes on at the next start.
    """
    kind = type(job)
    if job.unwanted:
        return end(job, CANCELLED, "cancelled before it began")
    change(job, state=RUNNING, started=job.started or timezone.now(), words="starting")
    folder = settings.STUDIO.jobs / job.key
    make_folder(folder)
    write_json(folder / "order.json", order_of(job))
    listener = _Listener(job)
    status = run_process(folder, listener.hear, lambda: is_unwanted(kind, job.pk))
    if STOPPING.is_set():
        raise StoppedError
    patiently(listener.keep)
    unwanted = kind.objects.filter(pk=job.pk, unwanted=True)
    if listener.done is None and patiently(unwanted.exists):
        return end(job, CANCELLED, "cancelled")
    if listener.done is not None:
        if isinstance(job, BundleOrder):
            storage.keep(settings.STUDIO.bundles / job.file)
        return end(job, DONE, "done", **listener.closing())
    return end(job, FAILED, listener.error or _words_of_exit(status))


def run_process(
    folder: Path, hear: Callable[[dict[str, Any]], None], unwanted: Callable[[], bool]
) -> int:
    """Run the order in `folder`, hand every message on, and return the exit status.

    It is in a session of its own: Ctrl-C in a terminal is for the server, which ends it in order.

    Raises:
        StoppedError: this process ends already.
    """
    if STOPPING.is_set():
        raise StoppedError
    options = settings.STUDIO
    log = folder / "log.txt"
    if log.is_file() and log.stat().st_size > _MOST_LOG:
        log.unlink()
    environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads)}
    command = [sys.executable, "-m", "zerosum.studio.jobs", str(folder / "order.json")]
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            start_new_session=True,
        ) as process,
        _counted(process),
    ):
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        asked, rest = 0.0, b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                if selector.select(_TICK):
                    piece = process.stdout.read()
                    if piece == b"":
                        break
                    *lines, rest = (rest + (piece or b"")).split(b"\n")
                    for line in lines:
                        hear(json.loads(line))
                if not asked and unwanted():
                    asked = time.monotonic()
                    process.send_signal(signal.SIGTERM)
                if asked and time.monotonic() - asked > _GRACE:
                    process.kill()
        return process.wait()


@contextmanager
def _counted(process: subprocess.Popen[bytes]) -> Iterator[None]:
    _PROCESSES.add(process)
    try:
        yield
    finally:
        _PROCESSES.discard(process)


def end_processes() -> None:
    """Let every job end in order, since this process ends; each goes on at the next start."""
    STOPPING.set()
    for process in list(_PROCESSES):
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()  # as if this process were gone
    end = time.monotonic() + _AT_THE_END
    while _PROCESSES and time.monotonic() < end:
        time.sleep(_TICK / 10)


class _Listener:
    """Keeps in the database what a job says, once a second, as soon as the database hears it."""

    def __init__(self, job: AnyJob) -> None:
        self._job, self._last = job, 0.0
        self._items: list[dict[str, Any]] = []
        self._changes: dict[str, Any] = {}
        self.done: dict[str, Any] | None = None
        self.error = ""

    def hear(self, message: dict[str, Any]) -> None:
        """One message of the process."""
        if "error" in message:
            self.error = str(message["error"])
        if "done" in message:
            self.done = message["done"]
        if "facts" in message:
            self._changes["facts"] = self._job.facts = self._job.facts | message["facts"]
        if "item" in message:
            self._items.append(message["item"])
        names = ("progress", "words")
        self._changes |= {name: message[name] for name in names if name in message}
        due = len(self._items) % _KEPT_AT_ONCE == 0 and self._items
        if due or "facts" in message or time.monotonic() - self._last > 1.0:
            self._last = time.monotonic()
            if_heard(self.keep)

    def keep(self) -> None:
        """Register the items that were said, each once, and change the job's row."""
        if self._items and isinstance(self._job, ItemBatch):
            register(self._job, self._items)
            self._items = []
        if self._changes:
            change(self._job, **self._changes)
            self._changes = {}

    def closing(self) -> dict[str, Any]:
        """What the job's row keeps of its end."""
        done = self.done or {}
        if isinstance(self._job, ItemBatch):
            return {"step": done.get("step")}
        if isinstance(self._job, DataSource):
            return {"facts": done}
        return {"facts": self._job.facts | done}


def register(batch: ItemBatch, rows: list[dict[str, Any]]) -> None:
    """Make items known, each once, whatever is said twice; their files are kept first.

    Raises:
        StudioError: the object store does not take them.
    """
    known = set(batch.items.values_list("index", flat=True)) if settings.STUDIO.storage else set()
    for row in rows:
        if row["index"] not in known:
            for name in names_of_files(row):
                storage.keep(settings.STUDIO.items / name)
    names = ("index", "medium", "file", "thumbnail", "neighbour", "label", "facts", "nearness")
    Item.objects.bulk_create(
        [
            Item(
                project_id=batch.project_id, batch=batch, is_copy=row["is_copy"], step=row["step"],
                opinion=row.get("opinion"),
                **{name: row[name] for name in names},
            )
            for row in rows
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    ItemBatch.objects.filter(pk=batch.pk).update(gathered=batch.items.count())


def names_of_files(row: Mapping[str, Any]) -> list[str]:
    """The files of an item, and of what is set beside it, below the folder of items."""
    facts = row["facts"]
    names = [row["file"], row["thumbnail"], row["neighbour"]]
    names += [facts.get("real"), facts.get("source")]
    return [name for name in (*names, facts.get("nearest_file")) if name]


def is_unwanted(kind: type[Any], key: int) -> bool:
    """Whether somebody has asked to cancel a job; not as long as the database does not say so."""
    found: list[bool] = []
    if_heard(lambda: found.append(kind.objects.filter(pk=key, unwanted=True).exists()))
    return found == [True]


def change(job: models.Model, **values: Any) -> None:
    """Keep values in a row, and nothing else of it."""
    for name, value in values.items():
        setattr(job, name, value)
    type(job).objects.filter(pk=job.pk).update(**values)


def end(job: AnyJob, state: str, words: str, **values: Any) -> str:
    """Keep how a job ended, and return the state."""
    if state == DONE:
        values["progress"] = 1.0
    patiently(lambda: change(job, state=state, words=words, ended=timezone.now(), **values))
    return state


def _words_of_exit(status: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        return (
            f"its process was ended by {name}, perhaps because memory ran out. What was made is "
            "kept; retry goes on from there."
        )
    return f"its process ended with status {status} and said no reason. Retry, or read its log."
