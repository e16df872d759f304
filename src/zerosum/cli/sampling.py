"""The commands that make samples: `sample` and `walk`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zerosum.cli.options import (
    AsJson,
    Code,
    Device,
    FreshSeed,
    InTurn,
    RunOrFile,
    Step,
    Truncation,
    Where,
)
from zerosum.cli.origin import (
    CertificateFile,
    IdentityFolder,
    KeyFile,
    MiningChoice,
    Sign,
    signer_of,
)
from zerosum.cli.output import print_json, say
from zerosum.conditions import read_pairs, read_shares
from zerosum.errors import ConditionError
from zerosum.runs.files import unused

if TYPE_CHECKING:
    from zerosum.models.model import Model

_TRUNCATION = "truncation"
_MOST_FRAMES = 1_000_000


def register(app: typer.Typer) -> None:
    """Make the commands known to the program."""
    app.command()(sample)
    app.command()(walk)


def sample(
    run: RunOrFile,
    more: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WHERE]", help="More to fix, as after --where."),
    ] = None,
    n: Annotated[int | None, typer.Option("-n", "--number", help="How many; default 64.")] = None,
    scale: Annotated[
        float | None,
        typer.Option(help="Of databases, in place of -n: how many times the training data."),
    ] = None,
    where: Where = None,
    in_turn: InTurn = None,
    truncation: Truncation = None,
    size: Annotated[
        str | None,
        typer.Option(help="Of textures: pixels, 512 or HEIGHTxWIDTH; one is made if no -n says."),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(help="A share of a table's rows, such as fraud=true:0.5; repeat for more."),
    ] = None,
    like: Annotated[
        str | None, typer.Option(help="A table, such as a .csv file: fill its missing cells.")
    ] = None,
    continue_: Annotated[
        str | None,
        typer.Option(
            "--continue",
            help="A table: entities' rows so far, or the beginnings of texts. What comes next, "
            "-n times for each.",
        ),
    ] = None,
    best: Annotated[
        bool,
        typer.Option("--best", help="With --like: the likeliest of many completions of each row."),
    ] = False,
    seed: FreshSeed = None,
    out: Annotated[
        str | None,
        typer.Option(
            help="grid.png, folder/, x.npz; x.csv and x.parquet for points and rows of a table; "
            "for rows .tsv, .jsonl, .xlsx, .feather and x.sqlite#TABLE as well; x.sqlite, folder/ "
            "or a URL for a database. Default: samples.png, samples.csv for "
            "rows, database.sqlite, with a number if that is there."
        ),
    ] = None,
    safe_csv: Annotated[
        bool,
        typer.Option(
            "--safe-csv", help="Put ' before text that a spreadsheet takes for a formula."
        ),
    ] = False,
    sign: Sign = False,
    identity: IdentityFolder = None,
    certificate: CertificateFile = None,
    key: KeyFile = None,
    mining: MiningChoice = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Made at once; samples do not change.")
    ] = None,
    step: Step = None,
    device: Device = "auto",
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Make samples of a run, and save them in the form that --out names."""
    from zerosum.modalities.tables.sql import is_url, shown_place
    from zerosum.progress import Reporter
    from zerosum.rng import fresh_seed
    from zerosum.workflows.load import load
    from zerosum.workflows.shown_reals import show_on_reals

    signer = signer_of(sign, identity, certificate, key, mining)
    model = load(run, device=device, step=step, code=code)
    if size is not None:
        model, n = model.sized(size), 1 if n is None else n
    chosen, seed = seed is not None, fresh_seed() if seed is None else seed
    wanted = steering(model, [*(where or []), *(more or [])], truncation)
    path = out or unused(model.writer.default)
    if Path(path).suffix.lower() == ".png":
        show_on_reals(model, warn=True)
    if like is not None and (wanted or in_turn or weight or n is not None or scale is not None):
        raise ConditionError(
            "--like says which rows to make and which of their cells are given. Drop -n, --scale, "
            "--where, --in-turn and --weight, or write them into the file."
        )
    if continue_ is not None and (wanted or in_turn or weight or like is not None):
        raise ConditionError(
            "--continue goes on from what a file holds. Drop --where, --in-turn, --weight and "
            "--like."
        )
    if scale is not None:
        if n is not None:
            raise ConditionError("-n and --scale both say how much to make; leave one out.")
        n = model.scaled(scale)
    if best and like is None:
        raise ConditionError("--best is about rows with missing cells. Give them with --like.")
    with Reporter(quiet=as_json) as progress:
        if continue_ is not None:
            made, n = model.write_continued(
                path, continue_, 1 if n is None else n, seed=seed, safe_csv=safe_csv, sign=signer,
                progress=progress,
            )  # fmt: skip
        elif like is None:
            n = 64 if n is None else n
            made = model.write(
                path, n, where=wanted, in_turn=read_pairs(in_turn or (), model.controls),
                weight=read_shares(weight or (), model.controls), seed=seed, batch_size=batch_size,
                safe_csv=safe_csv, sign=signer, progress=progress,
            )  # fmt: skip
        else:
            made, n = model.write_completed(
                path, like, seed=seed, best=best, safe_csv=safe_csv, sign=signer,
                progress=progress,
            )  # fmt: skip
    if model.remark and not as_json:
        say(model.remark)
    signed = {} if signer is None else {"signed_by": str(signer.signatory)}
    where_to = shown_place(path) if is_url(path) else str(made)
    _report(as_json, chosen=chosen, path=where_to, n=n, seed=seed, **signed)


def walk(
    run: RunOrFile,
    out: Annotated[
        Path | None, typer.Option(help="A .gif or .mp4 file; default: walk.gif, or walk-2.gif, …")
    ] = None,
    frames: Annotated[int | None, typer.Option(help="Images in the animation; default 60.")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="How long the animation takes, in place of --frames.")
    ] = None,
    fps: Annotated[float, typer.Option(help="Frames in a second.")] = 20,
    stops: Annotated[int, typer.Option(help="Samples that each tour visits.")] = 4,
    n: Annotated[int, typer.Option("-n", "--number", help="Tours side by side.")] = 16,
    where: Where = None,
    in_turn: InTurn = None,
    truncation: Truncation = None,
    seed: FreshSeed = None,
    step: Step = None,
    device: Device = "auto",
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Walk through the latent space of a run and back, as an animation."""
    from zerosum.models.walk import require_form
    from zerosum.progress import Reporter
    from zerosum.rng import fresh_seed
    from zerosum.workflows.load import load

    chosen, seed = seed is not None, fresh_seed() if seed is None else seed
    out = out or unused("walk.gif")
    require_form(out, fps)  # before anything that takes long
    if seconds is not None:
        frames = _frames(frames, seconds, fps)
    model = load(run, device=device, step=step, code=code)
    with Reporter(quiet=as_json) as progress:
        tour = model.walk(
            frames=60 if frames is None else frames, stops=stops, n=n,
            where=steering(model, where, truncation),
            in_turn=read_pairs(in_turn or (), model.controls), seed=seed, progress=progress,
        )  # fmt: skip
        path = tour.save(out, frames_per_second=fps, progress=progress)
    _report(as_json, chosen=chosen, path=str(path), frames=len(tour), fps=fps, seed=seed)


def steering(model: "Model", pairs: list[str] | None, truncation: float | None) -> dict[str, Any]:
    """What `where` takes, from --where and --truncation.

    Raises:
        ConditionError: the model has no truncation, or it is given twice.
    """
    where: dict[str, Any] = {**read_pairs(pairs or (), model.controls)}
    if truncation is None:
        return where
    if _TRUNCATION not in model.controls:
        name = getattr(model.recipe, "name", "its recipe")
        raise ConditionError(
            f"--truncation is for models with styles, such as those of stylegan; this one was "
            f"trained by {name}. Leave it out."
        )
    if _TRUNCATION in where:
        raise ConditionError("--truncation and --where truncation=... say the same; leave one out.")
    return where | {_TRUNCATION: truncation}


def _frames(frames: int | None, seconds: float, fps: float) -> int:
    if frames is not None:
        raise ConditionError("--frames and --seconds both say how long; leave one out.")
    if not 1 <= seconds * fps < _MOST_FRAMES:
        raise ConditionError(
            f"--seconds {seconds:g} at {fps:g} frames per second; it must come to 1 frame or more, "
            f"and fewer than {_MOST_FRAMES:,}."
        )
    return round(seconds * fps)


def _report(as_json: bool, *, chosen: bool, **values: Any) -> None:
    """Say what was made, and which seed gives it again if that was not `chosen`."""
    if as_json:
        print_json(values)
        return
    say(values["path"])
    if not chosen:
        say(f"the same again: --seed {values['seed']}", err=True)
