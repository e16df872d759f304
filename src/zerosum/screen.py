"""Standard error as what progress is written to: it never waits for a reader, and never fails.

A training must not end, or stand still, because nobody reads what it says: the pipe may be closed
(`| head -1`), or full, the terminal gone, or the disk of a log file full.
"""

import atexit
import io
import os
import queue
import sys
import threading
from contextlib import suppress
from typing import TextIO

from zerosum.terminal import printable

_MOST_WAITING = 64
"""Pieces of text that wait to be written; what comes beyond them is not shown."""
_PATIENCE = 1.0
"""Seconds that the end of a program waits for its last words to be read."""


class Screen(io.TextIOBase):
    """Standard error as it is when this is made.

    What goes to a file descriptor is written by a thread of its own, so that a write that waits
    holds up nobody; anything else, such as a notebook, is written to at once.
    """

    def __init__(self) -> None:
        self._stream: TextIO | None = sys.stderr
        self._number = _number_of(self._stream)
        self._waiting: queue.Queue[bytes] = queue.Queue(_MOST_WAITING)
        self._writer: threading.Thread | None = None

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """That of the stream."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        with suppress(OSError, ValueError):
            return self._stream is not None and self._stream.isatty()
        return False

    def fileno(self) -> int:
        """The stream's descriptor.

        Raises:
            OSError: it has none.
        """
        if self._number is None:
            raise io.UnsupportedOperation("fileno")
        return self._number

    def write(self, text: str, /) -> int:
        """Write `text`, or leave it if it cannot be written; returns its length."""
        if self._number is None:
            with suppress(OSError, ValueError):
                if self._stream is not None:
                    self._stream.write(text)
                    self._stream.flush()
            return len(text)
        if self._writer is None:
            self._writer = threading.Thread(
                target=self._write_on, args=(self._number,), daemon=True
            )
            self._writer.start()
            atexit.register(self.drain)
        with suppress(queue.Full):
            self._waiting.put_nowait(text.encode(self.encoding, "replace"))
        return len(text)

    def say(self, text: str) -> None:
        """Write a line, in which what is foreign cannot harm a terminal."""
        self.write(f"{printable(text)}\n")

    def drain(self) -> None:
        """Return when all is written, or nobody has read it for a second."""
        with self._waiting.all_tasks_done:
            self._waiting.all_tasks_done.wait_for(
                lambda: not self._waiting.unfinished_tasks, _PATIENCE
            )

    def _write_on(self, number: int) -> None:
        while True:
            body = self._waiting.get()
            # By its descriptor: a thread that waits inside of `sys.stderr` would stop the
            # interpreter from ending.
            with suppress(OSError):
                while body:
                    body = body[os.write(number, body) :]
            self._waiting.task_done()


def _number_of(stream: TextIO | None) -> int | None:
    """The descriptor of a stream of the interpreter's own; others may do more than write."""
    if type(stream) is not io.TextIOWrapper:
        return None
    try:
        stream.flush()
        return stream.fileno()
    except (OSError, ValueError):
        return None


_current: Screen | None = None


def screen() -> Screen:
    """The one screen of what is standard error now."""
    global _current
    if _current is None or _current._stream is not sys.stderr:
        _current = Screen()
    return _current
