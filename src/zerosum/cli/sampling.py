"""The commands that make samples: `sample` and `walk`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zerosum.cli.options import AsJson, Code, Device, InTurn, RunOrFile, Seed, Truncation, Where
from zerosum.cli.output import print_json, say
from zerosum.conditions import read_pairs, read_shares
from zerosum.errors import ConditionError

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
    where: Where = None,
    in_turn: InTurn = None,
    truncation: Truncation = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(help="A share of a table's rows, such as fraud=true:0.5; repeat for more."),
    ] = None,
    like: Annotated[
        Path | None, typer.Option(help="A .csv or .parquet file: fill its missing cells.")
    ] = None,
    seed: Seed = 0,
    out: Annotated[
        str | None,
        typer.Option(
            help="grid.png, folder/, x.npz; x.csv and x.parquet for points and rows of a table. "
            "Default: samples.png, or samples.csv for rows."
        ),
    ] = None,
    safe_csv: Annotated[
        bool,
        typer.Option(
            "--safe-csv", help="Put ' before text that a spreadsheet takes for a formula."
        ),
    ] = False,
    batch_size: Annotated[
        int | None, typer.Option(help="Made at once; samples do not change.")
    ] = None,
    step: Annotated[int | None, typer.Option(help="A checkpoint other than the newest.")] = None,
    device: Device = "auto",
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Make samples of a run, and save them in the form that --out names."""
    from zerosum.live import progress_printer
    from zerosum.workflows.load import load

    model = load(run, device=device, step=step, code=code)
    where, progress = [*(where or []), *(more or [])], progress_printer()
    wanted = steering(model, where, truncation)
    path = out or model.writer.default
    if like is None:
        n = 64 if n is None else n
        made = model.write(
            path, n, where=wanted, in_turn=read_pairs(in_turn or ()),
            weight=read_shares(weight or ()), seed=seed, batch_size=batch_size, safe_csv=safe_csv,
            progress=progress,
        )  # fmt: skip
    else:
        if wanted or in_turn or weight or n is not None:
            raise ConditionError(
                "--like says which rows and which of their cells; leave out -n, --where, --in-turn "
                "and --weight, or write them into the file."
            )
        made, n = model.write_completed(path, like, seed=seed, safe_csv=safe_csv, progress=progress)
    _report(as_json, path=str(made), n=n, seed=seed)


def walk(
    run: RunOrFile,
    out: Annotated[Path, typer.Option(help="A .gif or .mp4 file.")] = Path("walk.gif"),
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
    seed: Seed = 0,
    device: Device = "auto",
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Walk through the latent space of a run and back, as an animation."""
    from zerosum.live import progress_printer
    from zerosum.models.walk import require_form
    from zerosum.workflows.load import load

    require_form(out, fps)  # before anything that takes long
    if seconds is not None:
        frames = _frames(frames, seconds, fps)
    progress = progress_printer()
    model = load(run, device=device, code=code)
    tour = model.walk(
        frames=60 if frames is None else frames, stops=stops, n=n,
        where=steering(model, where, truncation), in_turn=read_pairs(in_turn or ()), seed=seed,
        progress=progress,
    )  # fmt: skip
    path = tour.save(out, frames_per_second=fps, progress=progress)
    _report(as_json, path=str(path), frames=len(tour), fps=fps, seed=seed)


def steering(model: "Model", pairs: list[str] | None, truncation: float | None) -> dict[str, Any]:
    """What `where` takes, from --where and --truncation.

    Raises:
        ConditionError: the model has no truncation, or it is given twice.
    """
    where: dict[str, Any] = {**read_pairs(pairs or ())}
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


def _report(as_json: bool, **values: Any) -> None:
    if as_json:
        print_json(values)
    else:
        say(values["path"])
