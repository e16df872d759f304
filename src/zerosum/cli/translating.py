"""The command that translates images: `translate`."""

from pathlib import Path
from typing import Annotated

import typer

from zerosum.cli.options import AsJson, Code, Device, RunFolder
from zerosum.cli.output import print_json, say, unused


def register(app: typer.Typer) -> None:
    """Make the command known to the program."""
    app.command()(translate)


def translate(
    run: RunFolder,
    pictures: Annotated[
        Path | None, typer.Argument(help="An image, or a folder or zip of images.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A new folder; for a single image also a file, such as night.jpg. Default: "
            "translated, with a number if that is there."
        ),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="Of models that make an image from several: person=p.png; repeat for each name.",
        ),
    ] = None,
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
    """Translate images of any size with a run that learned it."""
    from zerosum.config import parse_assignments
    from zerosum.errors import ConditionError
    from zerosum.progress import Reporter
    from zerosum.workflows.load import load

    if (pictures is None) == (not with_):
        raise ConditionError(
            "give an image, a folder or a zip, or one of each name by --with NAME=FILE."
        )
    named = parse_assignments(with_ or [], example="person=p.png")
    given = {name: Path(str(path)) for name, path in named.items()}
    out = out or unused("translated")
    model = load(run, device=device, step=step, code=code)
    with Reporter(quiet=as_json) as progress:
        done = model.translate_files(
            pictures or given, out, mask=mask, direction=direction, tile=tile, overlap=overlap,
            progress=progress,
        )  # fmt: skip
    for name, why in done.failed:
        say(f"{name} cannot be read and is left out: {why}", err=True)
    if as_json:
        failed = [{"file": name, "reason": why} for name, why in done.failed]
        print_json({"path": str(out), "n": len(done.paths), "failed": failed})
    else:
        files = all(one.is_file() for one in ([pictures] if pictures else given.values()))
        say(str(done.paths[0] if files and len(done.paths) == 1 else out))
    if done.failed:
        raise typer.Exit(1)
