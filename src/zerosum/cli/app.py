"""Every command of `zerosum`.

Heavy libraries are imported inside the commands, so that `zerosum --help` answers at once.
"""

import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zerosum.cli import (
    catalogue,
    control,
    exporting,
    judging,
    looking,
    remedies,
    sampling,
    tables,
    translating,
)
from zerosum.cli.looking import report_run
from zerosum.cli.options import AsJson, Code, Device, MoreData, RunFolder, Seed
from zerosum.cli.output import (
    fail,
    print_json,
    say,
    settle_streams,
    show_warning,
    wants_json,
)
from zerosum.errors import DataError, PrivacyError, ZerosumError
from zerosum.faces import command_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zerosum.data.base import Progress
    from zerosum.engine.choose import Wishes
    from zerosum.engine.hooks import Hook
    from zerosum.engine.trainer import Trainer
    from zerosum.recipe_registry import Capacity
    from zerosum.referee.hook import Guard
    from zerosum.runs.hooks import SampleHook
    from zerosum.runs.store import Run

_WRONG_WORDS: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""What typer raises of words it does not know: a class of click, or of its own copy of that."""

app = typer.Typer(
    name="zerosum",
    help="Train, control, judge, audit and ship generative adversarial networks.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_OF_IMAGES, _OF_TABLES = "Images", "Tables"
_NETWORKS, _MACHINE, _OTHERS = "Networks and rates", "Machine", "Beginning, watching, output"
"""Groups of the options of `train`."""


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"zerosum {version('zerosum')}")
        raise typer.Exit


@app.callback()
def program(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Train, control, judge, audit and ship generative adversarial networks."""


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="A name from `zerosum recipes`, or a .py file.")],
    data: Annotated[
        list[str],
        typer.Option(
            help="Folder, .zip, .npz, idx(.gz), .csv, .tsv, .parquet, or digits, ring, grid, "
            "spiral, moons, sprites, reviews. For translations two subfolders, or two folders."
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
            help="Train a table privately; 3 is usual, 1 strong.", rich_help_panel=_OF_TABLES
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
        str, typer.Option(help="act: mend; watch: tell; or off.", rich_help_panel=_OTHERS)
    ] = "act",
    checkpoint_seconds: Annotated[
        float, typer.Option(help="Time between checkpoints.", rich_help_panel=_OTHERS)
    ] = 60.0,
    dry_run: Annotated[
        bool, typer.Option(help="Print the resolved recipe and stop.", rich_help_panel=_OTHERS)
    ] = False,
    quiet: Annotated[
        bool, typer.Option(help="Print only the run folder.", rich_help_panel=_OTHERS)
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a recipe on data, into a new run folder."""
    from zerosum.config import parse_assignments
    from zerosum.live import progress_printer, watch
    from zerosum.runtime import is_main_process
    from zerosum.workflows.data import together
    from zerosum.workflows.prepare import plan_training
    from zerosum.workflows.private import promise_of
    from zerosum.workflows.train import train as train_run
    from zerosum.workflows.transfer import require_source, settled

    quiet = quiet or not is_main_process()
    changes = parse_assignments(set_ or [])
    if factor is not None:
        changes["game.factor"] = factor
    short = {
        "size": size, "fit": fit, "channels": channels, "labels": labels, "skip_bad": skip_bad,
        "limit": limit, "schema": schema, "drop": drop, "constraints": constraints,
        "protect": protect, "mirror": mirror,
    }  # fmt: skip
    options = together(short, parse_assignments(with_ or [], example="num_rows=5000"))
    progress = None if quiet else progress_printer()
    wishes = _wishes(precision, layout, compile_, threads)
    place = _place(data, more)
    if dry_run:
        if epsilon is not None:
            raise PrivacyError(
                "--dry-run would have to count rows to resolve the recipe, and --epsilon accounts "
                "for each look at them. Leave out one of the two."
            )
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
    _announce(recipe, place, options, progress)
    run = train_run(
        recipe, place, out=out, minutes=minutes, samples=samples, seed=seed,
        capacity=_capacity(capacity), changes=changes, data_options=options, from_run=from_,
        freeze=freeze, device=device, wishes=wishes,
        referee=_guard(referee), promise=promise_of(epsilon, delta), show_reals=show_reals,
        checkpoint_seconds=checkpoint_seconds, listener=None if quiet else watch, progress=progress,
    )  # fmt: skip
    report_run(run.folder, run.manifest, as_json)


@app.command()
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
    quiet: Annotated[bool, typer.Option(help="Print only the run folder.")] = False,
    as_json: AsJson = False,
) -> None:
    """Continue a run bit for bit from its newest whole checkpoint."""
    from zerosum.live import progress_printer, watch
    from zerosum.runtime import is_main_process
    from zerosum.workflows.train import resume as resume_run

    def watch_resumed(opened: "Run", trainer: "Trainer", samples: "SampleHook") -> "Sequence[Hook]":
        _say_damage(opened.events())
        return watch(opened, trainer, samples)

    quiet = quiet or not is_main_process()
    done = resume_run(
        run, data=_place(data, more), minutes=minutes, samples=samples, device=device,
        referee=None if referee is None else _guard(referee), code=code,
        checkpoint_seconds=checkpoint_seconds, listener=None if quiet else watch_resumed,
        progress=None if quiet else progress_printer(),
    )  # fmt: skip
    report_run(done.folder, done.manifest, as_json)


looking.register(app)
catalogue.register(app)
sampling.register(app)
control.register(app)
exporting.register(app)
translating.register(app)
judging.register(app)
remedies.register(app)
tables.register(app)


def main() -> None:
    """Run the command line.

    Errors that zerosum raises on purpose are one line on standard error, or with `--json` an object
    on standard output; the exit code is 2.
    """
    warnings.showwarning = show_warning
    settle_streams()
    try:
        with command_line():
            code = app(standalone_mode=False)
    except ZerosumError as error:
        code = fail(type(error).__name__, str(error), 2)
    except _WRONG_WORDS as error:
        if not wants_json():
            error.show()
            sys.exit(error.exit_code)
        code = fail("UsageError", error.format_message(), error.exit_code)
    except typer.Abort:
        code = 1
    sys.exit(code or 0)


def _place(data: list[str] | None, more: list[str] | None) -> Any:
    """What --data and the words after it name: one place, or several; None without any."""
    if more and not data:
        raise DataError(f"{more[0]!r} stands alone. Write --data {more[0]}, or leave it out.")
    places = (*(data or ()), *(more or ()))
    return places if len(places) > 1 else next(iter(places), None)


def _announce(
    recipe: str, data: str | tuple[str, ...], options: dict[str, Any], progress: "Progress | None"
) -> None:
    """What a folder or zip holds and is brought to, before anything is trained."""
    if progress is None:  # told to be quiet
        return
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
    from zerosum.referee.hook import parse_guard

    return parse_guard(text)


def _capacity(text: str) -> "Capacity":
    from zerosum.recipe_registry import parse_capacity

    return parse_capacity(text)


def _wishes(precision: str, layout: str, compiled: str, threads: str) -> "Wishes":
    from zerosum.engine.choose import parse_wishes

    return parse_wishes(precision=precision, layout=layout, compile=compiled, threads=threads)
