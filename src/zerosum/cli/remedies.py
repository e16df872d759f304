"""The commands of the referee: what remedies there are, and giving one by hand."""

from pathlib import Path
from typing import Annotated

import typer

from zerosum.cli.completing import REMEDIES, offering
from zerosum.cli.options import AsJson, Code, RunFolder
from zerosum.cli.output import print_json, print_table, say


def register(app: typer.Typer) -> None:
    """Make the commands known to the program."""
    app.command()(remedies)
    app.command()(remedy)


def remedies(as_json: AsJson = False) -> None:
    """List the remedies that the referee has, and for which diagnoses it takes them."""
    from zerosum.referee.diagnosis import REMEDIES_FOR
    from zerosum.referee.remedies import REMEDIES

    rows = [
        {
            "name": one.name,
            "does": one.words,
            "against": ", ".join(d for d, names in REMEDIES_FOR.items() if one.name in names),
        }
        for one in REMEDIES.values()
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(rows)


def remedy(
    run: RunFolder,
    name: Annotated[
        str,
        typer.Argument(help="A name from `zerosum remedies`.", autocompletion=offering(REMEDIES)),
    ],
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Change the recipe of a run as the referee would; the next resume plays by it."""
    from zerosum.workflows.remedy import give_remedy

    changed = give_remedy(run, name, code=code)
    if as_json:
        print_json({"run": str(changed.folder), "remedies": changed.manifest["remedies"]})
        return
    say(f"{name} was given. Go on with: zerosum resume {Path(changed.folder)}")
