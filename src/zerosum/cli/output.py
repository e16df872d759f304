"""What commands print: JSON for programs, tables for people."""

import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer

from zerosum.screen import screen
from zerosum.terminal import printable, printable_json

_UNBOUNDED = 100_000


def print_json(value: Any) -> None:
    """A value as JSON, alone on standard output."""
    typer.echo(printable_json(value))


def say(*lines: str, err: bool = False) -> None:
    """Print lines of text; control characters are escaped, so they cannot harm a terminal."""
    for line in lines:
        if err:
            screen().say(line)
        else:
            typer.echo(printable(line))


class _Unfailing(io.RawIOBase):
    """A descriptor to write to; what it does not take any more is dropped."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        """The descriptor."""
        return self._number

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._number)

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, body: Any, /) -> int:
        """Write some of `body`, or drop it; returns how much."""
        try:
            return os.write(self._number, body)
        except OSError:
            return len(body)


def settle_streams() -> None:
    """Make sure that no print fails: what a terminal cannot show is written as its number.

    A command ends in the same way if nobody reads its output, or if the disk is full that
    standard output goes to.
    """
    if type(sys.stdout) is io.TextIOWrapper:  # others may do more than write
        try:
            number = sys.stdout.fileno()
        except OSError:
            pass
        else:
            sys.stdout = io.TextIOWrapper(
                io.BufferedWriter(_Unfailing(number)), encoding=sys.stdout.encoding,
                line_buffering=sys.stdout.line_buffering,
            )  # fmt: skip
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_table(
    rows: Sequence[dict[str, Any]], *, whole: Sequence[str] = ("run", "name"),
    right: Sequence[str] = (),
) -> None:  # fmt: skip
    """Rows with the same keys, as a table.

    Args:
        rows: at least one.
        whole: columns that are never folded.
        right: columns that are set to the right.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in rows[0]:
        table.add_column(
            printable(name), overflow="fold", no_wrap=name in whole,
            justify="right" if name in right else "left",
        )  # fmt: skip
    for row in rows:
        table.add_row(*(printable(str(value)) for value in row.values()))
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _UNBOUNDED  # a program reads this: one row a line, nothing cut
    console.print(table)


def wants_json() -> bool:
    """Whether the command line asks for JSON."""
    return "--json" in sys.argv[1:]


def fail(name: str, message: str, code: int) -> int:
    """Say what went wrong; returns the exit code."""
    if wants_json():
        print_json({"error": name, "message": message, "exit_code": code})
    else:
        say(f"{name}: {message}", err=True)
    return code


def show_warning(message: Warning | str, *_details: object) -> None:
    """A warning in one line, on standard error."""
    say(f"warning: {message}", err=True)
