"""The commands that list what there is by name: `recipes` and `readers`."""

import typer

from zerosum.cli.options import AsJson
from zerosum.cli.output import print_json, print_table


def register(app: typer.Typer) -> None:
    """Make the commands known to the program."""
    app.command()(recipes)
    app.command()(readers)


def recipes(as_json: AsJson = False) -> None:
    """List the recipes: name, data they take, paper, what they need."""
    from zerosum.catalogue import all_recipes

    rows = [
        {
            "name": entry.name,
            "takes": list(entry.spaces),
            "needs": list(entry.needs),
            "paper": entry.paper,
            "summary": entry.summary,
        }
        for entry in all_recipes().values()
    ]
    if as_json:
        print_json(rows)
        return
    lists = ("takes", "needs")
    print_table([row | {name: ", ".join(row[name]) for name in lists} for row in rows])


def readers(as_json: AsJson = False) -> None:
    """List what reads data: the data it gives, and its options for train --with."""
    from zerosum.workflows.data import all_readers

    found = all_readers().values()
    if as_json:
        print_json([reader.described() for reader in found])
        return
    print_table(
        [
            {
                "reader": reader.kind,
                "gives": ", ".join(reader.spaces),
                "options": ", ".join(sorted(reader.options())),
            }
            for reader in found
        ]
    )
