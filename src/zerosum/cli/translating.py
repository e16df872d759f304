"""The command that translates images: `translate`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zerosum.cli.options import AsJson, Code, Device, RunFolder, Where
from zerosum.cli.output import print_json, say, unused
from zerosum.conditions import read_pairs
from zerosum.errors import ConditionError
from zerosum.faces import option


def register(app: typer.Typer) -> None:
    """Make the command known to the program."""
    app.command()(translate)


def translate(
    run: RunFolder,
    pictures: Annotated[Path, typer.Argument(help="An image, or a folder or zip of images.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="A new folder; for a single image also a file, such as night.jpg. Default: "
            "translated, with a number if that is there."
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
            help="Of textures: how far the image's light and shade go, up to 4; 1 is usual."
        ),
    ] = None,
    where: Where = None,
    seed: Annotated[
        int | None, typer.Option(help="Of textures: decides what is left to chance; 0 is usual.")
    ] = None,
    device: Device = "auto",
    step: Annotated[int | None, typer.Option(help="A checkpoint other than the newest.")] = None,
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Translate images of any size with a run that learned it, or draw them in a texture."""
    from zerosum.modalities.images.texture_model import TextureModel
    from zerosum.progress import Reporter
    from zerosum.workflows.load import load

    out = out or unused("translated")
    model = load(run, device=device, step=step, code=code)
    of_textures = {"strength": strength, "where": where, "seed": seed}
    of_others = {"mask": mask, "direction": direction, "tile": tile, "overlap": overlap}
    textured = isinstance(model, TextureModel)
    _require_unset(of_others if textured else of_textures, textured=textured)
    with Reporter(quiet=as_json) as progress:
        if textured:
            done = model.translate_files(
                pictures, out, strength=1.0 if strength is None else strength, seed=seed or 0,
                where=read_pairs(where or (), model.controls), progress=progress,
            )  # fmt: skip
        else:
            done = model.translate_files(
                pictures, out, mask=mask, direction=direction, tile=tile, overlap=overlap,
                progress=progress,
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


def _require_unset(options: dict[str, Any], *, textured: bool) -> None:
    """Refuse options that are for other models."""
    given = [name for name, value in options.items() if value is not None]
    if given:
        what = "models that translate images" if textured else "models of textures"
        raise ConditionError(
            f"{option(given[0], options[given[0]])} is for {what}, which this one is not. Leave "
            "it out."
        )
