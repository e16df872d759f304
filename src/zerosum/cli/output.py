"""What commands print: JSON for programs, tables for people."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from zerosum.screen import screen
from zerosum.terminal import printable, printable_json

_UNBOUNDED = 100_000


def print_json(value: Any) -> None:
    """A value as JSON, alone on standard output."""
    typer.echo(printable_json(value))


def say(*lines: str, err: bool = False) -> None:
    """Lines of text, in which what is foreign cannot harm a terminal."""
    for line in lines:
        if err:
            screen().say(line)
        else:
            typer.echo(printable(line))


@contextmanager
def unread() -> Iterator[None]:
    """Prints of what is done already: that nobody reads them any more is no error."""
    try:
        yield
    except OSError:
        # What is left in its buffer would fail once more at the end of the program.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


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
