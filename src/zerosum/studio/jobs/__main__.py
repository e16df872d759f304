"""`python -m zerosum.studio.jobs ORDER.json`: do one job."""

import fcntl
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from zerosum import faces
from zerosum.errors import ZerosumError
from zerosum.studio.room import NO_ROOM_FOR_JOB, is_full

Say = Callable[..., None]

_DOERS = {
    "catalogue": "zerosum.studio.jobs.catalogue",
    "check": "zerosum.studio.jobs.checking",
    "train": "zerosum.studio.jobs.training",
    "batch": "zerosum.studio.jobs.sampling",
    "bundle": "zerosum.studio.jobs.bundling",
}
_GRACE = 30.0
"""Seconds that a job has to end in order once nobody listens any more."""


def main(path: Path) -> int:
    """Do the job in `path`; returns the exit status."""
    order: dict[str, Any] = json.loads(path.read_text("utf-8"))
    stream = _own_stdout()
    lock = threading.Lock()

    def say(**message: Any) -> None:
        with lock, suppress(OSError):  # a server that was killed hears nothing more
            stream.write(_plain(json.dumps(message), order) + "\n")
            stream.flush()

    threading.Thread(target=_end_with_the_server, daemon=True).start()
    try:
        with path.with_name("busy").open("w") as busy, faces.pages():
            fcntl.flock(busy, fcntl.LOCK_EX)  # until a process that a dead server left has ended
            import_module(_DOERS[order["do"]]).do(order, say)
    except ZerosumError as error:
        said = NO_ROOM_FOR_JOB if is_full(error) else str(error)
        say(error=said, kind=type(error).__name__)
        return 2
    except MemoryError:
        say(error="it ran out of memory. Ask for less at a time, or use a larger machine.")
        return 3
    except Exception as error:
        unexpected = f"unexpected: {type(error).__name__}: {error}. The job's log has the details."
        say(error=NO_ROOM_FOR_JOB if is_full(error) else unexpected)
        with suppress(OSError):  # of a disk on which there is no room for a log either
            traceback.print_exc()
        return 1
    return 0


def _own_stdout() -> TextIO:
    """Standard output for messages alone: whatever else is printed goes to standard error."""
    number = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace")


def _end_with_the_server() -> None:
    """End in order when the server that started this job is gone: its end of the pipe closes."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(_GRACE)
    os._exit(1)


def _plain(line: str, order: dict[str, Any]) -> str:
    """A line of JSON without paths of the server."""
    for path, name in order.get("names", {}).items():
        line = line.replace(json.dumps(path)[1:-1], json.dumps(name)[1:-1])
    return line


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
