"""The command that says what a table or a database is: `zerosum schema`."""

from pathlib import Path
from typing import Annotated

import typer

from zerosum.cli.options import AsJson
from zerosum.cli.output import print_json, print_table, say


def register(app: typer.Typer) -> None:
    """Make the command known to the program."""
    app.command()(schema)


def schema(
    file: Annotated[
        str,
        typer.Argument(
            help="A table: .csv, .parquet, .xlsx, .jsonl and others; or a database: a folder of "
            "tables, an SQLite file, a URL."
        ),
    ],
    missing: Annotated[
        list[str] | None, typer.Option(help="A cell that stands for what is missing.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out.")] = None,
    known: Annotated[
        Path | None,
        typer.Option("--schema", help="JSON that says what columns are, as for train --schema."),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", help="Where the table lies: header=3, sheet=Data, separator=^."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write it as JSON, for train --schema.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what the columns of a table are, or the keys of a database, as training takes them."""
    from zerosum.config import parse_assignments
    from zerosum.runs.files import make_folder, require_unicode, write_json
    from zerosum.workflows.schemas import schema_for

    if out is not None:
        require_unicode(out)
    options = parse_assignments(with_ or [], example="header=3")
    found = schema_for(file, schema=known, missing=missing or (), drop=drop or (), options=options)
    if out is not None:
        make_folder(out.parent)
        write_json(out, found.to_json())
        say(str(out))
    elif as_json:
        print_json(found.to_json())
    else:
        print_table(found.rows)
        for remark in found.remarks:
            say(remark, err=True)
