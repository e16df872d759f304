"""Every command of `zerosum`.

Heavy libraries are imported inside the commands, so that `zerosum --help` answers at once.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zerosum.cli import (
    augmenting,
    catalogue,
    control,
    copywriting,
    exporting,
    judging,
    origin,
    remedies,
    sampling,
    tables,
    translating,
)
from zerosum.cli.options import AsJson, Code, Device, MoreData, RunFolder, Seed
from zerosum.cli.output import print_json, print_table, say, settle_streams
from zerosum.errors import DataError, PrivacyError, ZerosumError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zerosum.data.base import Progress
    from zerosum.engine.choose import Wishes
    from zerosum.engine.hooks import Hook
    from zerosum.engine.trainer import Trainer
    from zerosum.referee.hook import Guard
    from zerosum.runs.hooks import SampleHook
    from zerosum.runs.store import Run

_INTERRUPTED = 130
"""128 and the number of SIGINT."""

app = typer.Typer(
    name="zerosum",
    help="Train, control, judge, audit and ship generative adversarial networks.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


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
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change the recipe: game.gamma=0.5; repeat for more."),
    ] = None,
    factor: Annotated[
        int | None, typer.Option(help="Of upscale: how many times larger, 2 or 4.")
    ] = None,
    seed: Seed = 0,
    size: Annotated[str | None, typer.Option(help="Pixels: 64, or HEIGHTxWIDTH.")] = None,
    fit: Annotated[str | None, typer.Option(help="cover, contain, stretch or crop.")] = None,
    channels: Annotated[int | None, typer.Option(help="1 grey, 3 colour, 4 alpha.")] = None,
    labels: Annotated[str | None, typer.Option(help="auto or none.")] = None,
    skip_bad: Annotated[bool, typer.Option(help="Go on without unreadable files.")] = False,
    limit: Annotated[int | None, typer.Option(help="Use this many samples only.")] = None,
    schema: Annotated[
        Path | None, typer.Option(help="JSON that says what columns are; see `zerosum schema`.")
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="A column to leave out; repeat for more.")
    ] = None,
    protect: Annotated[
        int | None, typer.Option(help="Rows that must share a value of its own; default 5, 1: all.")
    ] = None,
    constraints: Annotated[
        Path | None, typer.Option(help="JSON that lists what holds in every row of a table.")
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with", help="An option of the data's reader: num_rows=5000; see `zerosum readers`."
        ),
    ] = None,
    epsilon: Annotated[
        float | None, typer.Option(help="Train a table privately; 3 is usual, 1 strong.")
    ] = None,
    delta: Annotated[
        float | None, typer.Option(help="With --epsilon; default 1e-6, below 1 / rows.")
    ] = None,
    show_reals: Annotated[
        bool, typer.Option("--show-reals", help="Draw a table's rows beneath samples, in the run.")
    ] = False,
    from_: Annotated[
        Path | None, typer.Option("--from", help="A run folder whose weights to start with.")
    ] = None,
    freeze: Annotated[
        int, typer.Option(help="With --from: layers of the discriminator that keep its weights.")
    ] = 0,
    device: Device = "auto",
    precision: Annotated[str, typer.Option(help="auto, fp32 or bf16.")] = "auto",
    layout: Annotated[str, typer.Option(help="auto, contiguous or channels_last.")] = "auto",
    compile_: Annotated[str, typer.Option("--compile", help="auto, on or off.")] = "auto",
    threads: Annotated[str, typer.Option(help="auto, or a number of CPU threads.")] = "auto",
    referee: Annotated[str, typer.Option(help="act: mend; watch: report; or off.")] = "act",
    checkpoint_seconds: Annotated[float, typer.Option(help="Time between checkpoints.")] = 60.0,
    dry_run: Annotated[bool, typer.Option(help="Print the resolved recipe and stop.")] = False,
    quiet: Annotated[bool, typer.Option(help="Print only the run folder.")] = False,
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
        "protect": protect,
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
                recipe, place, changes=changes, data_options=options, progress=progress
            )
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
            recipe, place, out=out, minutes=minutes, samples=samples, seed=seed, changes=changes,
            data_options=options, from_run=from_, freeze=freeze, device=device, wishes=wishes,
            referee=_guard(referee), promise=promise_of(epsilon, delta), show_reals=show_reals,
            checkpoint_seconds=checkpoint_seconds, listener=None if quiet else watch(progress),
            progress=progress,
        )  # fmt: skip
    _report_run(run.folder, run.manifest, as_json)


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
    from zerosum.live import watch
    from zerosum.progress import Reporter
    from zerosum.runtime import is_main_process
    from zerosum.workflows.train import resume as resume_run

    def watch_resumed(opened: "Run", trainer: "Trainer", samples: "SampleHook") -> "Sequence[Hook]":
        _say_damage(opened.events())
        return [] if as_json else watch(progress)(opened, trainer, samples)

    quiet = quiet or not is_main_process()
    with Reporter(quiet=quiet or as_json) as progress:
        done = resume_run(
            run, data=_place(data, more), minutes=minutes, samples=samples, device=device,
            referee=None if referee is None else _guard(referee), code=code,
            checkpoint_seconds=checkpoint_seconds, listener=None if quiet else watch_resumed,
            progress=progress,
        )  # fmt: skip
    _report_run(done.folder, done.manifest, as_json)


@app.command()
def runs(
    root: Annotated[Path, typer.Argument(help="Where the run folders lie.")] = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    from zerosum.runs.store import list_runs

    rows = [_row(run.folder, run.manifest) for run in list_runs(root)]
    if as_json:
        print_json(rows)
    elif not rows:
        say(f"no runs in {root}. Start one: zerosum train cgan --data digits --minutes 1")
    else:
        print_table(rows)


@app.command()
def show(
    run: RunFolder,
    curve: Annotated[
        Path | None, typer.Option(help="Draw the history's curves into this .png.")
    ] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(help="Write the history as a TensorBoard log into this folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one run: state, recipe, data, last record, events."""
    from zerosum.runs.store import Run
    from zerosum.workflows.history import draw_history, export_tensorboard
    from zerosum.workflows.load import controls_of

    opened = Run.open(run)
    history = opened.history()
    if curve is not None:
        draw_history(opened, curve)
    if tensorboard is not None:
        export_tensorboard(opened, tensorboard)
    if as_json:
        last = history[-1] if history else None
        found = {"manifest": opened.manifest, "last": last, "events": opened.events()}
        print_json(found | {"controls": controls_of(opened)})
        return
    for key, value in _row(opened.folder, opened.manifest).items():
        say(f"{key:>10}  {value}")
    manifest = opened.manifest
    say(f"{'device':>10}  {manifest.get('device')}, {_execution(manifest)}")
    say(f"{'recipe':>10}  {json.dumps(manifest.get('recipe'))}")
    say(f"{'controls':>10}  {json.dumps(controls_of(opened))}")
    if history:
        for key, value in history[-1].items():
            say(f"{key:>28}  {value:,.6g}")
    events = opened.events()
    last_look = next((one for one in reversed(events) if one["event"] == "measured"), None)
    for event in events:
        if event["event"] == "measured" and event is not last_look:
            continue  # there are many; the last one shows where it stands
        details = {k: v for k, v in event.items() if k not in ("time", "event", "measured")}
        say(f"{event['time']}  {event['event']}  {json.dumps(details)}")


catalogue.register(app)
sampling.register(app)
control.register(app)
copywriting.register(app)
exporting.register(app)
translating.register(app)
judging.register(app)
augmenting.register(app)
remedies.register(app)
tables.register(app)
origin.register(app)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what this machine offers: versions, devices, precision, compiler."""
    from zerosum.workflows.doctor import examine

    findings = examine()
    if as_json:
        print_json(findings)
        return
    for key, value in findings.items():
        say(f"{key:>16}  {value}")


def main() -> None:
    """Run the command line; errors that zerosum raises on purpose are one line, and exit code 2."""
    warnings.showwarning = _show_warning
    settle_streams()
    try:
        app()
    except ZerosumError as error:
        say(f"{type(error).__name__}: {error}", err=True)
        sys.exit(2)


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


def _show_warning(message: Warning | str, *_details: object) -> None:
    say(f"warning: {message}", err=True)


def _say_damage(events: list[dict[str, Any]]) -> None:
    """Which checkpoints the resume that has just begun passed over; its event is the last."""
    for event in reversed(events[:-1]):
        if event["event"] != "checkpoint_damaged":
            return
        say(f"{event['problem']} Step {event['used']} is used instead.", err=True)


def _guard(text: str) -> "Guard":
    from zerosum.referee.hook import parse_guard

    return parse_guard(text)


def _wishes(precision: str, layout: str, compiled: str, threads: str) -> "Wishes":
    from zerosum.engine.choose import parse_wishes

    return parse_wishes(precision=precision, layout=layout, compile=compiled, threads=threads)


def _row(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    scores = manifest.get("scores") or {}
    return {
        "run": str(folder),
        "state": manifest.get("state", ""),
        "recipe": (manifest.get("recipe") or {}).get("name", ""),
        "data": (manifest.get("data") or {}).get("name", ""),
        "samples": manifest.get("samples", 0),
        "seconds": manifest.get("seconds", 0),
        "created": manifest.get("created", ""),
        "scores": " ".join(f"{name}={value}" for name, value in scores.items()),
    }


def _execution(manifest: dict[str, Any]) -> str:
    execution = manifest.get("execution") or {}
    return ", ".join(str(value) for key, value in execution.items() if key != "kind")


def _report_run(folder: Path, manifest: dict[str, Any], as_json: bool) -> None:
    """Print the run, on rank 0; exit as a shell expects of a command that was interrupted."""
    from zerosum.runtime import is_main_process

    if not is_main_process():
        return
    if as_json:
        print_json(_row(folder, manifest))
    else:
        say(str(folder))
    if manifest.get("state") == "interrupted":
        raise typer.Exit(_INTERRUPTED)
