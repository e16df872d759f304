"""The command that lets a judge correct a model: `refine`."""

from pathlib import Path
from typing import Annotated

import typer

from zerosum.cli.options import AsJson, Code, RunFolder, Seed, Step
from zerosum.cli.output import print_json, say
from zerosum.errors import ConfigError, did_you_mean

_KNOWN = ("judge", "rounds")


def register(app: typer.Typer) -> None:
    """Make the command known to the program."""
    app.command()(refine)


def refine(
    run: RunFolder,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with", help="judge=trees (the default), judge=forest or judge=network; rounds=2."
        ),
    ] = None,
    holdout: Annotated[
        str | None,
        typer.Option(
            help="Reals that the run was not trained on. Default: what train --holdout kept apart."
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="What the run was trained on, where it has moved.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the new run. Default: one beside the run.")
    ] = None,
    seed: Seed = 0,
    step: Step = None,
    code: Code = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a judge of reals and samples correct a model, in a new run."""
    from zerosum.config import parse_assignments
    from zerosum.progress import Reporter
    from zerosum.workflows.refine import refine as refine_run

    wishes = parse_assignments(with_ or [], example="judge=trees")
    for name in wishes:
        if name not in _KNOWN:
            raise ConfigError(
                f"--with {name}=… is no option of refine.{did_you_mean(name, _KNOWN)}"
            )
    rounds = wishes.get("rounds", 2)
    if not isinstance(rounds, int):
        raise ConfigError(f"--with rounds={rounds} is no whole number. Give 1 or more.")
    with Reporter(quiet=quiet or as_json) as progress:
        found = refine_run(
            run, judge=wishes.get("judge", "trees"), rounds=rounds,
            holdout=holdout, data=data, out=out, seed=seed, step=step, code=code,
            progress=progress,
        )  # fmt: skip
    if as_json:
        print_json(found.to_json())
    elif not quiet:
        for line in str(found).splitlines():
            say(line)
