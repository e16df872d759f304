"""The command that ships a model: `export`."""

from pathlib import Path
from typing import Annotated

import typer

from zerosum.cli.options import AsJson, Code, RunOrFile, Step
from zerosum.cli.output import print_json, say
from zerosum.runs.files import unused


def register(app: typer.Typer) -> None:
    """Make the command known to the program."""
    app.command()(export)


def export(
    run: RunOrFile,
    format_: Annotated[
        str | None,
        typer.Option("--format", help="safetensors or onnx. Default: as --out ends."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file. Default: model.safetensors, or model.onnx.")
    ] = None,
    step: Step = None,
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Write the model of a run into one file, without its discriminator."""
    from zerosum.api import export as export_model
    from zerosum.models.export import format_of

    path = out or unused(f"model.{format_ or 'safetensors'}")
    form = format_of(path, format_)
    export_model(run, path, format=form, step=step, code=code)
    if as_json:
        print_json({"path": str(path), "format": form, "bytes": path.stat().st_size})
    else:
        say(str(path))
