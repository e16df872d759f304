"""The command that fills classes of labelled data with samples: `augment`."""

from typing import TYPE_CHECKING, Annotated

import typer

from zerosum.cli.options import AsJson, Code, Device, RunOrFile, Seed, Step
from zerosum.cli.output import print_json, print_table, say
from zerosum.errors import ConditionError

if TYPE_CHECKING:
    from zerosum.models.augmented import Augmented


def register(app: typer.Typer) -> None:
    """Make the command known to the program."""
    app.command()(augment)


def augment(
    run: RunOrFile,
    data: Annotated[
        str | None,
        typer.Option(
            help="Labelled images or sounds, or rows of a table: what train --data takes. Default: "
            "what the run was trained on."
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            help="New folder/ or x.npz for images or sounds, x.csv or x.parquet for rows. With "
            "--evaluate: a .png plot (with the JSON next to it), or .json."
        ),
    ] = None,
    balance: Annotated[
        bool, typer.Option("--balance", help="Fill classes up to the largest; the default.")
    ] = False,
    per_class: Annotated[
        int | None, typer.Option(help="Fill classes up to so many, reals included.")
    ] = None,
    amount: Annotated[
        list[str] | None,
        typer.Option(help="Samples of one class, as in cat=300; repeat for more."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The column of a table whose categories are the classes.")
    ] = None,
    features: Annotated[
        str | None, typer.Option(help="What near copies are found in; see `evaluate`.")
    ] = None,
    evaluate: Annotated[
        bool,
        typer.Option(
            "--evaluate", help="Say whether a classifier is better for it; write no data."
        ),
    ] = False,
    holdout: Annotated[
        str | None,
        typer.Option(help="With --evaluate: labelled reals that the model was not trained on."),
    ] = None,
    num_seeds: Annotated[
        int, typer.Option("--seeds", help="With --evaluate: how often all of it is repeated.")
    ] = 3,
    seed: Seed = 0,
    step: Step = None,
    device: Device = "auto",
    code: Code = None,
    as_json: AsJson = False,
) -> None:
    """Fill classes of labelled data with samples, or say whether that is worth it."""
    from zerosum.evaluation.augmenting.trial import require_form
    from zerosum.progress import Reporter
    from zerosum.workflows.augment import augment as augment_data
    from zerosum.workflows.augment import evaluate_augmentation

    amounts = _amounts(amount or [])
    if not evaluate:
        if holdout is not None:
            raise ConditionError("--holdout is for --evaluate. Add it, or leave the holdout out.")
        if out is None:
            raise ConditionError("name a new folder or file with --out, or ask with --evaluate.")
        with Reporter(quiet=as_json) as progress:
            made = augment_data(
                run, data, out=out, balance=balance, per_class=per_class, amount=amounts,
                target=target, features=features, seed=seed, step=step, code=code, device=device,
                progress=progress,
            )  # fmt: skip
        if as_json:
            print_json({"path": out, **made.to_json()})
            return
        _print_counts(made)
        say(out)
        return
    if out is not None:
        require_form(out)
    with Reporter(quiet=as_json) as progress:
        found = evaluate_augmentation(
            run, data, holdout=holdout, balance=balance, per_class=per_class, amount=amounts,
            target=target, features=features, num_seeds=num_seeds, seed=seed, step=step,
            code=code, device=device, progress=progress,
        )  # fmt: skip
    if out is not None:
        found.save(out)
    if as_json:
        print_json(found.to_json())
        return
    for warning in found.warnings:
        say(f"warning: {warning}", err=True)
    print_table(found.table, whole=("trained on", "by seed"), right=("balanced accuracy",))
    say("", found.verdict)
    if out is not None:
        say(out)


def _amounts(pairs: list[str]) -> dict[str, int]:
    """Numbers of samples by class.

    Raises:
        ConditionError: one is not `label=number`.
    """
    found = {}
    for pair in pairs:
        label, equals, number = pair.rpartition("=")
        if not equals or not number.strip().isdecimal():
            raise ConditionError(f"--amount {pair!r} is no amount. Write label=number: cat=300.")
        if label in found:
            raise ConditionError(f"--amount names {label!r} twice; name it once.")
        found[label] = int(number)
    return found


def _print_counts(made: "Augmented") -> None:
    counts = [
        {
            "reals": one.real, "asked": one.asked, "kept": one.kept, "made": one.made,
            "near copies": one.copies, "implausible": one.implausible,
        }
        for one in made.counts
    ]  # fmt: skip
    name = "class" if made.control in counts[0] else made.control  # a column may be called "made"
    rows = [{name: one.label, **row} for one, row in zip(made.counts, counts, strict=True)]
    print_table(rows, whole=(name,), right=list(counts[0]))
