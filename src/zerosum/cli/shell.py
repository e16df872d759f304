"""What all commands share: the program, options that several of them take, and printing."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

_UNBOUNDED = 100_000

app = typer.Typer(
    name="zerosum",
    help="Train, control, judge, audit and ship generative adversarial networks.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
RunFolder = Annotated[Path, typer.Argument(help="A run folder, such as runs/NAME.")]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", help="A control to fix, such as label=3; repeat for more."),
]
Code = Annotated[
    Path | None, typer.Option(help="Your own recipe file, where the run came from one.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
Seed = Annotated[int, typer.Option(help="Decides everything random.")]


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows of equal keys as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in rows[0]:
        table.add_column(name, overflow="fold", no_wrap=name in ("run", "name"))
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNBOUNDED  # a program reads this: one row a line, nothing cut
    console.print(table)
