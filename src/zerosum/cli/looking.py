"""The commands that look at runs, and at the machine: `runs`, `show` and `doctor`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from zerosum.cli.options import AsJson, RunFolder
from zerosum.cli.output import print_json, print_table, say
from zerosum.errors import RunError
from zerosum.faces import verb

_INTERRUPTED = 130
"""128 and the number of SIGINT."""


def register(app: typer.Typer) -> None:
    """Make the commands known to the program."""
    app.command()(runs)
    app.command()(show)
    app.command()(doctor)


def runs(
    root: Annotated[
        Path | None, typer.Argument(help="Where the run folders lie. Default: runs.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    from zerosum.runs.store import list_runs

    if root is not None:
        _require_folder_of_runs(root)
    root = root or Path("runs")
    found = list_runs(root)
    rows = [_short_row(run.folder, run.manifest) for run in found]
    if as_json:
        print_json([row_of(run.folder, run.manifest) for run in found])
    elif not rows:
        say(f"no runs in {root}. Start one: zerosum train cgan --data digits --minutes 1")
    else:
        print_table(
            rows, whole=("state", "samples", "minutes", "created"), right=("samples", "minutes")
        )


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
        told = {"manifest": opened.manifest, "last": last, "events": opened.events()}
        print_json(told | {"controls": controls_of(opened)})
        return
    for key, value in row_of(opened.folder, opened.manifest).items():
        if value is not None:
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
            continue  # there are many; the last one tells where it stands
        details = {k: v for k, v in event.items() if k not in ("time", "event", "measured")}
        say(f"{event['time']}  {event['event']}  {json.dumps(details)}")


def doctor(as_json: AsJson = False) -> None:
    """Say what this machine offers: versions, devices, precision, compiler."""
    from zerosum.workflows.doctor import examine

    findings = examine()
    if as_json:
        print_json(findings)
        return
    for key, value in findings.items():
        say(f"{key:>16}  {value}")


def _require_folder_of_runs(root: Path) -> None:
    """A folder that somebody names is there, and is not itself a run.

    Raises:
        RunError: it is not so.
    """
    if not root.is_dir():
        raise RunError(f"no folder at {root}. Name the one in which run folders lie, such as runs.")
    if (root / "manifest.json").is_file():
        raise RunError(
            f"{root} is a run itself. Look at it with {verb('show', root)}, or name the folder in "
            "which it lies."
        )


def row_of(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """What there is to know of a run at a glance."""
    scores = manifest.get("scores") or {}
    return {
        "run": str(folder),
        "state": manifest.get("state", ""),
        "health": manifest.get("health"),
        "recipe": (manifest.get("recipe") or {}).get("name", ""),
        "data": (manifest.get("data") or {}).get("name", ""),
        "samples": manifest.get("samples", 0),
        "seconds": manifest.get("seconds", 0),
        "created": manifest.get("created", ""),
        "scores": " ".join(f"{name}={value}" for name, value in scores.items()),
    }


def _short_row(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """What of a run fits into 80 columns; its name says recipe and data, and `show` the rest."""
    seconds, created = manifest.get("seconds", 0), str(manifest.get("created", ""))
    return {
        "run": str(folder),
        "state": manifest.get("health") or manifest.get("state", ""),
        "samples": f"{manifest.get('samples', 0):,}",
        "minutes": f"{seconds / 60:,.1f}",
        "created": created[5:16].replace("T", " "),
    }


def _execution(manifest: dict[str, Any]) -> str:
    execution = manifest.get("execution") or {}
    return ", ".join(str(value) for key, value in execution.items() if key != "kind")


def report_run(folder: Path, manifest: dict[str, Any], as_json: bool) -> None:
    """Print the run, on rank 0; exit as a shell expects of a command that was interrupted."""
    from zerosum.runtime import is_main_process

    if not is_main_process():
        return
    if as_json:
        print_json(row_of(folder, manifest))
    else:
        say(str(folder))
    if manifest.get("state") == "interrupted":
        raise typer.Exit(_INTERRUPTED)
