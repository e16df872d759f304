"""The command that translates images: `translate`."""

from pathlib import Path
from typing import Annotated

import typer

from zerosum.cli.options import AsJson, Code, Device, RunFolder
from zerosum.cli.output import print_json, say


def register(app: typer.Typer) -> None:
    """Make the command known to the program."""
    app.command()(translate)


def translate(
    run: RunFolder,
    pictures: Annotated[Path, typer.Argument(help="An image, or a folder or zip of images.")],
    out: Annotated[
        Path, typer.Option(help="A new folder; for a single image also a .png file.")
    ] = Path("translated"),
    mask: Annotated[
        Path | None,
        typer.Option(help="White where to fill: one for all, or a folder with the same names."),
    ] = None,
    direction: Annotated[
        str | None, typer.Option(help="A2B or B2A, of models that translate both ways.")
    ] = None,
    tile: Annotated[
        int | None, typer.Option(help="Side of the tiles of large images; default 256 or more.")
    ] = None,
    overlap: Annotated[
        int | None, typer.Option(help="Pixels that tiles share; default a quarter of a tile.")
    ] = None,
    device: Device = "auto",
    step: Annotated[int | None, typer.Option(help="A checkpoint other than the newest.")] = None,
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Translate images of any size with a run that learned it, into PNG files."""
    from zerosum.live import progress_printer
    from zerosum.workflows.load import load

    model = load(run, device=device, step=step, code=code)
    done = model.translate_files(
        pictures, out, mask=mask, direction=direction, tile=tile, overlap=overlap,
        progress=progress_printer(),
    )  # fmt: skip
    for name, why in done.failed:
        say(f"{name} cannot be read and is left out: {why}", err=True)
    if as_json:
        failed = [{"file": name, "reason": why} for name, why in done.failed]
        print_json({"path": str(out), "n": len(done.paths), "failed": failed})
    else:
        say(str(done.paths[0] if pictures.is_file() and len(done.paths) == 1 else out))
    if done.failed:
        raise typer.Exit(1)
