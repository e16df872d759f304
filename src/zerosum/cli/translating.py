"""The command that translates images and sounds: `translate`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zerosum.cli.options import AsJson, Code, Device, RunFolder, Step, Where
from zerosum.cli.origin import (
    CertificateFile,
    IdentityFolder,
    KeyFile,
    MiningChoice,
    Sign,
    signer_of,
)
from zerosum.cli.output import print_json, say
from zerosum.conditions import read_pairs
from zerosum.runs.files import unused


def register(app: typer.Typer) -> None:
    """Make the command known to the program."""
    app.command()(translate)


def translate(
    run: RunFolder,
    source: Annotated[
        Path | None,
        typer.Argument(help="An image or a sound, or a folder or zip of these; also .npy levels."),
    ] = None,
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
    from_: Annotated[
        str | None, typer.Option("--from", help="Who speaks, for a run of voice.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="Who is to speak, for a run of voice.")] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="vocoder=RUN makes the waves of a converted voice. Of models that make an image "
            "from several, and in place of a source: person=p.png; repeat for each name.",
        ),
    ] = None,
    sign: Sign = False,
    identity: IdentityFolder = None,
    certificate: CertificateFile = None,
    key: KeyFile = None,
    mining: MiningChoice = None,
    device: Device = "auto",
    step: Step = None,
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Translate images or sounds with a run that learned it, or draw images in a texture."""
    from zerosum.config import parse_assignments
    from zerosum.errors import ConditionError
    from zerosum.modalities.images.translation import TranslationModel
    from zerosum.models.abilities import require_wishes
    from zerosum.progress import Reporter
    from zerosum.workflows.load import load

    if source is None and not with_:
        raise ConditionError(
            "give a file, a folder or a zip, or one of each name by --with NAME=FILE."
        )
    example = "vocoder=RUN" if source else "person=p.png"
    named = parse_assignments(with_ or [], example=example)
    places = {} if source else {name: Path(str(path)) for name, path in named.items()}
    signer = signer_of(sign, identity, certificate, key, mining)
    out = out or unused("translated")
    model = load(run, device=device, step=step, code=code)
    if places and not isinstance(model, TranslationModel):
        raise ConditionError(
            "give a file, a folder or a zip; --with alone is for models that make an image from "
            "several."
        )
    conditions = read_pairs(where, model.controls) if where else None
    given = {
        "mask": mask, "direction": direction, "tile": tile, "overlap": overlap,
        "strength": strength, "where": conditions, "seed": seed,
        "from_speaker": from_, "to_speaker": to, "sign": signer,
        **_helpers(named if source else {}, device),
    }  # fmt: skip
    wishes = {name: value for name, value in given.items() if value is not None}
    require_wishes(model, wishes)
    with Reporter(quiet=as_json) as progress:
        done = model.translate_files(source or places, out, progress=progress, **wishes)
    for name, why in done.failed:
        say(f"{name} is left out: {why}", err=True)
    if as_json:
        failed = [{"file": name, "reason": why} for name, why in done.failed]
        print_json({"path": str(out), "n": len(done.paths), "failed": failed} | dict(done.facts))
    else:
        files = all(one.is_file() for one in ([source] if source else places.values()))
        say(str(done.paths[0] if files and len(done.paths) == 1 else out))
        if done.remark:
            say(done.remark, err=True)
    if done.failed:
        raise typer.Exit(1)


def _helpers(named: dict[str, Any], device: str) -> dict[str, object]:
    """Models that help, from `--with`.

    Raises:
        ConfigError: it is something else.
    """
    from zerosum.errors import ConfigError, did_you_mean
    from zerosum.modalities.speech.vocoder_model import VocoderModel
    from zerosum.workflows.load import load

    found: dict[str, object] = {}
    for name, value in named.items():
        if name != "vocoder":
            raise ConfigError(
                f"--with {name}=… is no option of translate.{did_you_mean(name, ['vocoder'])} "
                "Give --with vocoder=RUN."
            )
        model = load(str(value), device=device)
        if not isinstance(model, VocoderModel):
            raise ConfigError(f"{value} was not trained by vocoder. Name a run that was.")
        found[name] = model
    return found
