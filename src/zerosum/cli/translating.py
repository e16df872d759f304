"""The command that translates images and sounds: `translate`."""

from pathlib import Path
from typing import Annotated

import typer

from zerosum.cli.options import AsJson, Code, Device, RunFolder, Where
from zerosum.cli.output import print_json, say, unused
from zerosum.conditions import read_pairs


def register(app: typer.Typer) -> None:
    """Make the command known to the program."""
    app.command()(translate)


def translate(
    run: RunFolder,
    source: Annotated[
        Path,
        typer.Argument(help="An image or a sound, or a folder or zip of these; also .npy levels."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="A new folder; for a single file also a file, such as night.jpg or a.wav. "
            "Default: translated, with a number if that is there."
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
    strength: Annotated[
        float | None,
        typer.Option(
            help="Of textures: how far the image's light and shade go, up to 4; 1 if not given."
        ),
    ] = None,
    where: Where = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Of textures: decides what is left to chance; 0 if not given."),
    ] = None,
    device: Device = "auto",
    step: Annotated[int | None, typer.Option(help="A checkpoint other than the newest.")] = None,
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Translate images or sounds with a run that learned it, or draw images in a texture."""
    from zerosum.models.abilities import require_wishes
    from zerosum.progress import Reporter
    from zerosum.workflows.load import load

    out = out or unused("translated")
    model = load(run, device=device, step=step, code=code)
    conditions = read_pairs(where, model.controls) if where else None
    given = {
        "mask": mask, "direction": direction, "tile": tile, "overlap": overlap,
        "strength": strength, "where": conditions, "seed": seed,
    }  # fmt: skip
    wishes = {name: value for name, value in given.items() if value is not None}
    require_wishes(model, wishes)
    with Reporter(quiet=as_json) as progress:
        done = model.translate_files(source, out, progress=progress, **wishes)
    for name, why in done.failed:
        say(f"{name} cannot be read and is left out: {why}", err=True)
    if as_json:
        failed = [{"file": name, "reason": why} for name, why in done.failed]
        print_json({"path": str(out), "n": len(done.paths), "failed": failed} | done.facts)
    else:
        say(str(done.paths[0] if source.is_file() and len(done.paths) == 1 else out))
        if done.remark:
            say(done.remark, err=True)
    if done.failed:
        raise typer.Exit(1)
