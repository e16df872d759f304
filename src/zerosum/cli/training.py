"""The commands that train: `train` and `resume`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zerosum.cli.completing import BUILT_IN, offering, recipe_names
from zerosum.cli.looking import report_run
from zerosum.cli.options import AsJson, Code, Device, MoreData, RunFolder, Seed
from zerosum.cli.output import print_json, say
from zerosum.errors import DataError, PrivacyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zerosum.data.base import Progress
    from zerosum.engine.choose import Wishes
    from zerosum.engine.hooks import Hook
    from zerosum.engine.trainer import Trainer
    from zerosum.recipe_registry import Capacity
    from zerosum.referee.guard import Guard
    from zerosum.runs.hooks import SampleHook
    from zerosum.runs.store import Run

_OF_IMAGES, _OF_TABLES = "Images", "Tables"
_NETWORKS, _MACHINE, _OTHERS = "Networks and rates", "Machine", "Beginning, watching, output"
"""Groups of the options of `train`."""


def register(app: typer.Typer) -> None:
    """Make the commands known to the program."""
    app.command()(train)
    app.command()(resume)


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            help="A name from `zerosum recipes`, or a .py file.",
            autocompletion=offering(recipe_names()),
        ),
    ],
    data: Annotated[
        list[str],
        typer.Option(
            autocompletion=offering(BUILT_IN),
            help="Folder, .zip, .npz, idx(.gz), .csv, .parquet, .xlsx, .jsonl, .sqlite and others, "
            "a database's URL, or digits, ring, grid, spiral, moons, waves, sprites, reviews, "
            "bank. For translations two folders.",
        ),
    ],
    more: MoreData = None,
    minutes: Annotated[float | None, typer.Option(help="Budget in minutes.")] = None,
    samples: Annotated[int | None, typer.Option(help="Budget in samples seen.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder; default: a new one.")] = None,
    capacity: Annotated[
        str,
        typer.Option(
            help="How much networks for images hold: small for a CPU; medium or large for a GPU.",
            autocompletion=offering(("small", "medium", "large")),
            rich_help_panel=_NETWORKS,
        ),
    ] = "small",
    mirror: Annotated[
        bool,
        typer.Option("--mirror", help="Show images mirrored too.", rich_help_panel=_OF_IMAGES),
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Change the recipe: game.gamma=0.5; repeat for more.",
            rich_help_panel=_NETWORKS,
        ),
    ] = None,
    factor: Annotated[
        int | None,
        typer.Option(help="Of upscale: how many times larger, 2 or 4.", rich_help_panel=_NETWORKS),
    ] = None,
    seed: Seed = 0,
    size: Annotated[
        str | None, typer.Option(help="Pixels: 64, or HEIGHTxWIDTH.", rich_help_panel=_OF_IMAGES)
    ] = None,
    fit: Annotated[
        str | None,
        typer.Option(help="cover, contain, stretch or crop.", rich_help_panel=_OF_IMAGES),
    ] = None,
    channels: Annotated[
        int | None, typer.Option(help="1 grey, 3 colour, 4 alpha.", rich_help_panel=_OF_IMAGES)
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="auto or none.", rich_help_panel=_OF_IMAGES)
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option(help="Go on without unreadable files.", rich_help_panel=_OF_IMAGES)
    ] = False,
    holdout: Annotated[
        float | None, typer.Option(help="Share of the samples to keep apart for `evaluate`: 0.2.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Use this many samples only.")] = None,
    schema: Annotated[
        Path | None,
        typer.Option(
            help="JSON that says what columns are; see `zerosum schema`.",
            rich_help_panel=_OF_TABLES,
        ),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(help="A column to leave out; repeat for more.", rich_help_panel=_OF_TABLES),
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option(help="A cell of a table that stands for what is missing; repeat for more."),
    ] = None,
    protect: Annotated[
        int | None,
        typer.Option(
            help="Rows that must share a value of its own; default 5, 1: all.",
            rich_help_panel=_OF_TABLES,
        ),
    ] = None,
    constraints: Annotated[
        Path | None,
        typer.Option(
            help="JSON that lists what holds in every row of a table.", rich_help_panel=_OF_TABLES
        ),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with", help="An option of the data's reader: num_rows=5000; see `zerosum readers`."
        ),
    ] = None,
    epsilon: Annotated[
        float | None,
        typer.Option(
            help="Train on records privately; 3 is usual, 1 strong.",
            rich_help_panel=_OF_TABLES,
        ),
    ] = None,
    delta: Annotated[
        float | None,
        typer.Option(
            help="With --epsilon; default 1e-6, below 1 / rows.", rich_help_panel=_OF_TABLES
        ),
    ] = None,
    show_reals: Annotated[
        bool,
        typer.Option(
            "--show-reals",
            help="Draw a table's rows beneath samples, in the run.",
            rich_help_panel=_OF_TABLES,
        ),
    ] = False,
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from", help="A run folder whose weights to start with.", rich_help_panel=_OTHERS
        ),
    ] = None,
    freeze: Annotated[
        int,
        typer.Option(
            help="With --from: layers of the discriminator that keep its weights.",
            rich_help_panel=_OTHERS,
        ),
    ] = 0,
    device: Device = "auto",
    precision: Annotated[
        str, typer.Option(help="auto, fp32 or bf16.", rich_help_panel=_MACHINE)
    ] = "auto",
    layout: Annotated[
        str, typer.Option(help="auto, contiguous or channels_last.", rich_help_panel=_MACHINE)
    ] = "auto",
    compile_: Annotated[
        str, typer.Option("--compile", help="auto, on or off.", rich_help_panel=_MACHINE)
    ] = "auto",
    threads: Annotated[
        str, typer.Option(help="auto, or a number of CPU threads.", rich_help_panel=_MACHINE)
    ] = "auto",
    referee: Annotated[
        str, typer.Option(help="act: mend; watch: report; or off.", rich_help_panel=_OTHERS)
    ] = "act",
    checkpoint_seconds: Annotated[
        float, typer.Option(help="Time between checkpoints.", rich_help_panel=_OTHERS)
    ] = 60.0,
    dry_run: Annotated[
        bool, typer.Option(help="Print the resolved recipe and stop.", rich_help_panel=_OTHERS)
    ] = False,
    tensorboard: Annotated[
        Path | None,
        typer.Option(help="Write a TensorBoard log here while it trains.", rich_help_panel=_OTHERS),
    ] = None,
    quiet: Annotated[
        bool, typer.Option(help="Print only the run folder.", rich_help_panel=_OTHERS)
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a recipe on data, into a new run folder."""
    from zerosum.config import parse_assignments
    from zerosum.live import watch
    from zerosum.progress import Reporter
    from zerosum.runtime import is_main_process
    from zerosum.workflows.data import together
    from zerosum.workflows.prepare import plan_training
    from zerosum.workflows.private import promise_of
    from zerosum.workflows.train import train as train_run
    from zerosum.workflows.transfer import require_source, settled

    quiet = quiet or as_json or not is_main_process()
    changes = parse_assignments(set_ or [])
    if factor is not None:
        changes["game.factor"] = factor
    short = {
        "size": size, "fit": fit, "channels": channels, "labels": labels, "skip_bad": skip_bad,
        "limit": limit, "schema": schema, "drop": drop, "constraints": constraints,
        "protect": protect, "missing": missing, "holdout": holdout, "mirror": mirror,
    }  # fmt: skip
    options = together(short, parse_assignments(with_ or [], example="num_rows=5000"))
    wishes = _wishes(precision, layout, compile_, threads)
    place = _place(data, more)
    if dry_run:
        if epsilon is not None:
            raise PrivacyError(
                "--dry-run would have to count rows to resolve the recipe, and --epsilon accounts "
                "for each look at them. Leave out one of the two."
            )
        with Reporter(quiet=quiet) as progress:
            plan = plan_training(
                recipe, place, capacity=_capacity(capacity), changes=changes, data_options=options,
                progress=progress,
            )  # fmt: skip
        require_source(freeze, from_)
        if from_ is None:
            print_json(plan.recipe.to_json())
        else:
            print_json(settled(plan, from_, freeze=freeze, seed=seed).to_json())
        return
    with Reporter(quiet=quiet) as progress:
        if not quiet:
            _announce(recipe, place, options, progress)
        run = train_run(
            recipe, place, out=out, minutes=minutes, samples=samples, seed=seed,
            capacity=_capacity(capacity), changes=changes, data_options=options, from_run=from_,
            freeze=freeze, device=device, wishes=wishes,
            referee=_guard(referee), promise=promise_of(epsilon, delta), show_reals=show_reals,
            checkpoint_seconds=checkpoint_seconds,
            listener=watch(progress, quiet=quiet, tensorboard=tensorboard), progress=progress,
            tell=None if quiet else partial(say, err=True),
        )  # fmt: skip
    report_run(run.folder, run.manifest, as_json)


def resume(
    run: RunFolder,
    data: Annotated[
        list[str] | None, typer.Option(help="The data, where it has moved; for some two folders.")
    ] = None,
    more: MoreData = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after so long.")] = None,
    samples: Annotated[int | None, typer.Option(help="A new, larger budget.")] = None,
    device: Annotated[str | None, typer.Option(help="Default: as the run was trained.")] = None,
    referee: Annotated[str | None, typer.Option(help="Default: as the run was started.")] = None,
    code: Code = None,
    checkpoint_seconds: Annotated[float, typer.Option(help="Time between checkpoints.")] = 60.0,
    tensorboard: Annotated[
        Path | None, typer.Option(help="Write a TensorBoard log here while it trains.")
    ] = None,
    quiet: Annotated[bool, typer.Option(help="Print only the run folder.")] = False,
    as_json: AsJson = False,
) -> None:
    """Continue a run bit for bit from its newest whole checkpoint."""
    from zerosum.live import watch
    from zerosum.progress import Reporter
    from zerosum.runtime import is_main_process
    from zerosum.workflows.train import resume as resume_run

    quiet = quiet or not is_main_process()
    with Reporter(quiet=quiet or as_json) as progress:
        shown = watch(progress, quiet=quiet or as_json, tensorboard=tensorboard)

        def view(opened: "Run", trainer: "Trainer", samples: "SampleHook") -> "Sequence[Hook]":
            if not quiet:
                _say_damage(opened.events())
            return shown(opened, trainer, samples)

        done = resume_run(
            run, data=_place(data, more), minutes=minutes, samples=samples, device=device,
            referee=None if referee is None else _guard(referee), code=code,
            checkpoint_seconds=checkpoint_seconds, listener=view, progress=progress,
        )  # fmt: skip
    report_run(done.folder, done.manifest, as_json)


def _place(data: list[str] | None, more: list[str] | None) -> Any:
    """What --data and the words after it name: one place, several, or None."""
    if more and not data:
        raise DataError(f"{more[0]!r} stands alone. Write --data {more[0]}, or leave it out.")
    places = (*(data or ()), *(more or ()))
    return places if len(places) > 1 else next(iter(places), None)


def _announce(
    recipe: str, data: str | tuple[str, ...], options: dict[str, Any], progress: "Progress"
) -> None:
    """Say what a folder or zip holds and is brought to, before anything is trained."""
    from zerosum.workflows.data import scan_data
    from zerosum.workflows.prepare import wanted_by

    found = scan_data(data, **wanted_by(recipe), progress=progress, **options)
    if found:
        where = data if isinstance(data, str) else " and ".join(data)
        say(f"{where}: {found}", err=True)


def _say_damage(events: list[dict[str, Any]]) -> None:
    """Which checkpoints the resume that has just begun passed over; its event is the last."""
    for event in reversed(events[:-1]):
        if event["event"] != "checkpoint_damaged":
            return
        say(f"{event['problem']} Step {event['used']} is used instead.", err=True)


def _guard(text: str) -> "Guard":
    from zerosum.referee.guard import parse_guard

    return parse_guard(text)


def _capacity(text: str) -> "Capacity":
    from zerosum.recipe_registry import parse_capacity

    return parse_capacity(text)


def _wishes(precision: str, layout: str, compiled: str, threads: str) -> "Wishes":
    from zerosum.engine.choose import parse_wishes

    return parse_wishes(precision=precision, layout=layout, compile=compiled, threads=threads)
