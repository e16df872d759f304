"""The commands that judge: `evaluate`, `compare` and `audit`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zerosum.cli.options import AsJson, Code, Device, RunOrFile, Seed, Step
from zerosum.cli.output import print_json, print_table, say
from zerosum.errors import ConfigError, did_you_mean
from zerosum.faces import option

if TYPE_CHECKING:
    from zerosum.evaluation.judging.comparison import Comparison
    from zerosum.evaluation.judging.figures import Evaluation, MetricResult
    from zerosum.modalities.tables.privacy.audit import Audit

Holdout = Annotated[
    str | None,
    typer.Option(help="Reals that the model was not trained on; what train --data takes."),
]
Data = Annotated[
    str | None, typer.Option(help="The training data, where it has moved, or the model is a file.")
]
Number = Annotated[
    int | None,
    typer.Option("-n", "--number", help="Samples, and as many reals; default: up to 10,000."),
]
FeaturesName = Annotated[
    str | None,
    typer.Option(
        "--features",
        help="self (default), pixels, efficientnet or inception; for tables columns.",
    ),
]
Target = Annotated[
    str | None,
    typer.Option(help="A column of a table: how well samples teach to predict it is measured."),
]
Out = Annotated[
    Path | None, typer.Option(help="Write a report: .html (with the JSON next to it), or .json.")
]


def register(app: typer.Typer) -> None:
    """Make the commands known to the program."""
    app.command()(evaluate)
    app.command()(compare)
    app.command()(audit)


def evaluate(
    run: RunOrFile,
    holdout: Holdout = None,
    data: Data = None,
    n: Number = None,
    features: FeaturesName = None,
    target: Target = None,
    seed: Seed = 0,
    out: Out = None,
    step: Step = None,
    device: Device = "auto",
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Judge a run: every figure between a trivial baseline and fresh reals, and a verdict."""
    from zerosum.progress import Reporter
    from zerosum.workflows.evaluate import evaluate as evaluate_run

    _check(out)
    with Reporter(quiet=as_json) as progress:
        found = evaluate_run(
            run, holdout=holdout, data=data, n=n, features=features, target=target, seed=seed,
            step=step, code=code, device=device, progress=progress,
        )  # fmt: skip
    if out is not None:
        found.save(out)
    if as_json:
        print_json(found.to_json())
        return
    _warn(found.warnings)
    say(_protocol(found))
    if found.figures:
        print_figures(found.figures)
    for heading, rows in (part.listing() for part in found.parts):
        if rows:
            say("", heading)
            print_table(rows, whole=list(rows[0])[1:], right=list(rows[0])[1:-1])
    say("", found.verdict)
    if out is not None:
        say(str(out))


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Two or more run folders.")],
    holdout: Holdout = None,
    data: Data = None,
    n: Number = None,
    features: FeaturesName = None,
    target: Target = None,
    seed: Seed = 0,
    out: Out = None,
    step: Annotated[
        list[int] | None,
        typer.Option(help="A checkpoint other than the newest: one for all, or one for each run."),
    ] = None,
    curve: Annotated[
        Path | None, typer.Option(help="Draw the curves that all runs have into this .png.")
    ] = None,
    device: Device = "auto",
    code: Annotated[
        list[Path] | None,
        typer.Option(help="Your own recipe file: one for all, or one for each run, in order."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge runs against the same reals; the best is marked where intervals do not overlap."""
    from zerosum.progress import Reporter
    from zerosum.workflows.compare import compare as compare_runs
    from zerosum.workflows.compare import draw_comparison
    from zerosum.workflows.history import require_png

    _check(out)
    if curve is not None:
        require_png(curve)
    with Reporter(quiet=as_json) as progress:
        found = compare_runs(
            runs, holdout=holdout, data=data, n=n, features=features, target=target, seed=seed,
            step=step or None, code=code or None, device=device, progress=progress,
        )  # fmt: skip
    if curve is not None:
        draw_comparison(found, curve)
    if out is not None:
        found.save(out)
    if as_json:
        print_json(found.to_json())
        return
    _warn([*found.warnings, *dict.fromkeys(w for one in found.evaluations for w in one.warnings)])
    _print_comparison(found)
    for place in (curve, out):
        if place is not None:
            say(str(place))


def audit(
    run: RunOrFile,
    holdout: Holdout = None,
    data: Data = None,
    attacks: Annotated[int, typer.Option(help="How often each attack is tried.")] = 1_000,
    n: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--number",
            help="Synthetic rows given out; default: as many as training rows, up to 50,000.",
        ),
    ] = None,
    seed: Seed = 0,
    out: Out = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="Exit with code 1 if an attack finds a leak, or with `sign` a sign of one."
        ),
    ] = None,
    step: Step = None,
    device: Device = "auto",
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Attack what a run gives out: does it reveal people whose rows it was trained on?"""
    from zerosum.progress import Reporter
    from zerosum.workflows.audit import audit as audit_run

    _check(out)
    failing = _failing(fail_on)
    with Reporter(quiet=as_json) as progress:
        found = audit_run(
            run, holdout=holdout, data=data, attacks=attacks, n=n, seed=seed, step=step, code=code,
            device=device, progress=progress,
        )  # fmt: skip
    if out is not None:
        found.save(out)
    if as_json:
        print_json(found.to_json())
    else:
        _warn(found.warnings)
        _print_audit(found)
        if out is not None:
            say(str(out))
    failed = [finding.title for finding in found if finding.standing in failing]
    if failed:
        which = f"{len(failed)} of {len(list(found))} attacks: {', '.join(failed)}"
        say(f"fails, since --fail-on is {fail_on}: {which}", err=True)
        raise typer.Exit(1)


def print_figures(figures: "Sequence[MetricResult]") -> None:
    """Figures as a table; their full names, with the protocol of each, are in reports and JSON."""
    from zerosum.evaluation.reports.words import interval, number
    from zerosum.plots.characters import scale_line

    rows = [
        {
            "figure": figure.title,
            "value": number(figure.value),
            "95 %": interval(figure.low, figure.high),
            "baseline": number(figure.floor),
            "": scale_line(figure.standing)
            if figure.carries and figure.standing is not None
            else "",
            "reals": number(figure.ceiling),
        }
        for figure in figures
    ]
    print_table(rows, whole=list(rows[0]), right=("value", "baseline"))


def _print_comparison(found: "Comparison") -> None:
    from zerosum.evaluation.judging.figures import best_of
    from zerosum.evaluation.reports.words import number

    names, rows = found.names, []
    for row in found.rows:
        best = best_of(row)
        values = {
            name: number(figure.value) + (" *" if i == best else "")
            for i, (name, figure) in enumerate(zip(names, row, strict=True))
        }
        ends = {"baseline": number(row[0].floor), "reals": number(row[0].ceiling)}
        rows.append({"figure": row[0].title, **values, **ends})
    say(_protocol(found.evaluations[0]))
    if rows:
        print_table(rows)
        say("", "* best: its 95 % interval overlaps none of the others")
    for name, one in zip(names, found.evaluations, strict=True):
        say(f"{name}: {one.verdict}")


def _print_audit(found: "Audit") -> None:
    from zerosum.evaluation.reports.words import number, percent
    from zerosum.modalities.tables.privacy.closest import BLIND
    from zerosum.modalities.tables.privacy.standings import STANDINGS

    facts, closest = found.subject, found.closest
    say(
        f"{facts['n']:,} synthetic rows; {facts['trained_on']:,} training rows against "
        f"{facts['held_out']:,} of holdout {facts['holdout']}"
    )
    rows = [
        {
            "attack": one.title,
            "trained on": percent(one.main.value),
            "not": percent(one.control.value),
            "risk": percent(one.risk.value),
            "95 %": f"{percent(one.risk.low)} to {percent(one.risk.high)}",
            "": STANDINGS[one.standing],
        }
        for one in found
    ]
    if rows:
        print_table(rows, whole=list(rows[0]), right=("trained on", "not", "risk"))
    say(
        "",
        f"distance to the closest record: {number(closest.to_train)} to training rows, "
        f"{number(closest.to_holdout)} to others; {percent(closest.closer_to_train.value)} are "
        f"nearer to the former. {BLIND}",
        "",
        found.verdict,
    )


def _failing(fail_on: str | None) -> tuple[str, ...]:
    """Standings of findings that make a command fail.

    Raises:
        ConfigError: it is neither `leak` nor `sign`.
    """
    known = {"leak": ("leak",), "sign": ("leak", "sign")}
    if fail_on is not None and fail_on not in known:
        raise ConfigError(f"{option('fail_on', fail_on)}.{did_you_mean(fail_on, known)}")
    return known[fail_on] if fail_on else ()


def _protocol(found: "Evaluation") -> str:
    """What all figures have in common."""
    facts = found.subject
    where = f"holdout {facts['holdout']}" if facts["holdout"] else "training data, no holdout"
    return f"{facts['n']:,} samples against {where}; features {facts['features']}"


def _check(out: Path | None) -> None:
    """Refuse a report that could not be saved before anything is judged."""
    from zerosum.evaluation.judging.saved import require_form

    if out is not None:
        require_form(out)


def _warn(messages: "Sequence[str]") -> None:
    for message in messages:
        say(f"warning: {message}", err=True)
