"""The commands that look at runs, and at the machine: `runs`, `show` and `doctor`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from zerosum.cli.options import AsJson, RunFolder
from zerosum.cli.output import print_json, print_table, say
from zerosum.errors import RunError
from zerosum.faces import verb

_INTERRUPTED = 130
"""128 and the number of SIGINT."""

_MOST_NAMES = 12
"""Names of a control that are listed."""


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
    manifest = opened.manifest
    facts = row_of(opened.folder, manifest)
    facts["device"] = f"{manifest.get('device')}, {_execution(manifest)}"
    facts["seconds"] = f"{facts['seconds']:,.1f}"
    facts["samples"] = f"{facts['samples']:,}"
    facts["controls"] = "; ".join(_control(*one) for one in controls_of(opened).items())
    _print_block({key: value for key, value in facts.items() if value})
    _print_heading("settings, as --set takes them")
    _print_block(_settings(manifest.get("recipe") or {}))
    if history:
        _print_heading("last record")
        _print_block({key: f"{value:,.6g}" for key, value in history[-1].items()})
    _print_heading("events")
    events = opened.events()
    last_look = next((one for one in reversed(events) if one["event"] == "measured"), None)
    for event in events:
        if event["event"] == "measured" and event is not last_look:
            continue  # there are many; the last one tells where it stands
        details = {k: v for k, v in event.items() if k not in ("time", "event", "measured")}
        said = ", ".join(f"{key} {_value(value)}" for key, value in details.items())
        say(f"  {event['time'][:19].replace('T', ' ')}  {event['event']}: {said}")


def _print_heading(words: str) -> None:
    say("")
    say(words)


def _print_block(facts: Mapping[str, Any]) -> None:
    """Print facts, one a line, with names of one width."""
    width = max((len(key) for key in facts), default=0)
    for key, value in facts.items():
        say(f"  {key:<{width}}  {_value(value)}")


def _settings(recipe: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Every value of a recipe by its dotted key; a kind stands for the config that it names.

    >>> _settings({"kind": "recipe", "name": "a", "game": {"kind": "duel", "pack": 2}})
    {'game': 'duel', 'game.pack': 2}
    """
    found: dict[str, Any] = {}
    for key, value in recipe.items():
        if key == "kind" or (not prefix and key == "name"):
            continue
        inner = isinstance(value, Mapping)
        if not inner:
            found[prefix + key] = value
            continue
        if "kind" in value and value["kind"] != key:
            found[prefix + key] = value["kind"]
        found |= _settings(value, f"{prefix}{key}.")
    return found


def _control(name: str, control: Mapping[str, Any]) -> str:
    """What `--where` takes for one name, in a few words."""
    values = control.get("names")
    if not values:
        return f"{name} ({control.get('kind', '')})"
    more = ", …" if len(values) > _MOST_NAMES else ""
    return f"{name}: {', '.join(map(str, values[:_MOST_NAMES]))}{more}"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.4g}"
    if value is None:
        return "none"
    if isinstance(value, list):
        return "; ".join(map(_value, value)) or "none"
    if isinstance(value, Mapping):
        parts = [f"{key} {_value(one)}" for key, one in value.items() if key != "kind"]
        return " ".join([str(value.get("kind", "")), ", ".join(parts)]).strip()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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
    from zerosum.engine.execution import Execution

    execution = manifest.get("execution")
    return str(Execution.from_json(execution)) if execution else ""


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
