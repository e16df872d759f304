"""The commands about templates of texts: `templates` and `fill`."""

from pathlib import Path
from typing import Annotated

import typer

from zerosum.cli.options import AsJson, Seed
from zerosum.cli.output import print_json, say
from zerosum.errors import ConfigError, did_you_mean

_KNOWN = ("text", "protect", "purpose")


def register(app: typer.Typer) -> None:
    """Make the commands known to the program."""
    app.command()(templates)
    app.command()(fill)


def templates(
    data: Annotated[
        str,
        typer.Argument(
            help="Rows with a text each: .csv, .parquet, .xlsx, .jsonl and others; or the name of "
            "simulated texts, such as notes."
        ),
    ],
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="text=NAME, the column of texts; protect=5, rows that must share a sentence; "
            "purpose=training for texts that imitate fraud.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write them as JSON, for `fill`. Default: templates.json.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the templates that texts follow, with slots for what their rows say."""
    from zerosum.config import parse_assignments
    from zerosum.runs.files import require_unicode, unused
    from zerosum.workflows.templates import templates as find_templates

    if out is not None:
        require_unicode(out)
    wishes = parse_assignments(with_ or [], example="text=note")
    for name in wishes:
        if name not in _KNOWN:
            raise ConfigError(
                f"--with {name}=… is no option of templates.{did_you_mean(name, _KNOWN)}"
            )
    protect, purpose = wishes.get("protect", 5), wishes.get("purpose")
    if not isinstance(protect, int) or protect < 1:
        raise ConfigError(f"--with protect={protect} is no number of rows. Give 1 or more.")
    if purpose not in (None, "training"):
        raise ConfigError(
            f"--with purpose={purpose} is no purpose. Give training, or leave it out."
        )
    text = wishes.get("text")
    found = find_templates(
        data, text=None if text is None else str(text), protect=protect, purpose=purpose
    )
    path = found.save(out or unused("templates.json"))
    if as_json:
        print_json(found.to_json() | {"path": str(path)})
    else:
        say(*found.lines())
        say(str(path))


def fill(
    file: Annotated[Path, typer.Argument(help="Templates, as `templates` wrote them.")],
    rows: Annotated[
        str, typer.Argument(help="Rows: .csv, .parquet and others, such as `sample` makes them.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="x.csv or x.parquet. Default: texts.csv.")
    ] = None,
    seed: Seed = 0,
    safe_csv: Annotated[
        bool,
        typer.Option(
            "--safe-csv", help="Put ' before text that a spreadsheet takes for a formula."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a text for each row by templates: all that their slots say is the row's."""
    from zerosum.modalities.strings.templates.found import Templates
    from zerosum.modalities.tables.writing import write_tables
    from zerosum.runs.files import unused

    filled = Templates.load(file).filled(rows, seed=seed)
    path = write_tables(out or Path(unused("texts.csv")), iter([filled.table]), safe_csv=safe_csv)
    if as_json:
        print_json({"path": str(path), "n": filled.table.num_rows, "without": filled.without})
        return
    if filled.remark:
        say(filled.remark)
    say(str(path))
