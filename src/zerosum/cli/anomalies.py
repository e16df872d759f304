"""The command that finds odd samples: `anomalies`."""

from typing import Annotated

import typer

from zerosum.cli.options import AsJson, Code, Device, RunFolder, Step
from zerosum.cli.output import print_json, print_table, say

_SHOWN = 10


def register(app: typer.Typer) -> None:
    """Make the command known to the program."""
    app.command()(anomalies)


def anomalies(
    run: RunFolder,
    data: Annotated[str, typer.Argument(help="What is looked through: what train --data takes.")],
    out: Annotated[
        str | None,
        typer.Option(help="Write a row for each item: .csv, .parquet, or .json with details."),
    ] = None,
    heat: Annotated[
        str | None,
        typer.Option(help="New folder that says where: heat maps of images, steps, columns."),
    ] = None,
    false_alarms: Annotated[
        float, typer.Option(help="Share of normal items that may be called anomalous.")
    ] = 0.01,
    normals: Annotated[
        str | None,
        typer.Option(help="The data of the run, where it has moved and nothing was kept of it."),
    ] = None,
    step: Step = None,
    device: Device = "auto",
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Find odd items by a run of the recipe anomaly, which was trained on normal ones."""
    from zerosum.progress import Reporter
    from zerosum.workflows.anomalies import find_anomalies
    from zerosum.workflows.load import load

    model = load(run, device=device, step=step, code=code)
    with Reporter(quiet=as_json) as progress:
        found = find_anomalies(
            model, data, out=out, heat=heat, false_alarms=false_alarms, normals=normals,
            progress=progress,
        )  # fmt: skip
    if as_json:
        print_json(found.to_json())
        return
    for warning in found.warnings:
        say(f"warning: {warning}", err=True)
    names, key = found.names, "item" if found.items else "row"
    rows = [
        {
            key: names[i], "score": f"{float(found.scores[i]):.3g}",
            "anomalous": "yes" if bool(found.anomalous[i]) else "",
        }
        for i in found.oddest[:_SHOWN].tolist()
    ]  # fmt: skip
    print_table(rows, whole=(key,), right=("score",))
    say("", found.card(drawn=False).title)
    for place in (out, heat):
        if place is not None:
            say(place)
