"""The command that says what a table is: `zerosum schema`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from zerosum.cli.options import AsJson
from zerosum.cli.output import print_json, print_table, say


def register(app: typer.Typer) -> None:
    """Make the command known to the program."""
    app.command()(schema)


def schema(
    file: Annotated[Path, typer.Argument(help="A .csv, .tsv or .parquet file.")],
    out: Annotated[Path | None, typer.Option(help="Write it as JSON, for train --schema.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what the columns of a table are, as training would take them."""
    from zerosum.data.tables import schema_of

    found = schema_of(file)
    if out is not None:
        out.write_text(json.dumps(found.to_json(), indent=2, ensure_ascii=False) + "\n", "utf-8")
        say(str(out))
    elif as_json:
        print_json(found.to_json())
    else:
        print_table(found.rows)
