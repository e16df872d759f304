"""Audit a model of records: open it, draw some, attack them, and write down what came of it.

A record is a row of a table; of sequences it is an entity, with its attributes and what its rows
come to, so that what is asked is whether a person was in the data, and not whether a row was. Of
texts it is the row that each goes with, and its length; the words are asked for by likelihood.
"""

import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zerosum.data.base import Dataset, Progress
from zerosum.errors import EvaluationError, RecipeError, RunError
from zerosum.evaluation.judging.holdout import require_same_kind, shared_rows
from zerosum.evaluation.reports.words import outside_the_account
from zerosum.faces import option, verb
from zerosum.games.likelihood import LikelihoodGame
from zerosum.modalities.sequences.model import SequenceModel
from zerosum.modalities.strings.auditing import MembershipByLikelihood, exposure_notes, exposures
from zerosum.modalities.strings.model import TextModel
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.privacy.attack import lay_out
from zerosum.modalities.tables.privacy.audit import Audit, Finding, strike_all, verdict
from zerosum.modalities.tables.privacy.closest import closest
from zerosum.modalities.tables.space import require_table
from zerosum.models.model import Model
from zerosum.runs.files import write_json
from zerosum.runs.store import Run, versions
from zerosum.spaces import Space
from zerosum.terminal import without_password
from zerosum.workflows.data import open_holdout
from zerosum.workflows.evaluate import Subject, open_subject

MOST = 50_000
"""Synthetic rows that are drawn at most where no number is asked for."""

_LEAST, _SMALL, _NARROW = 20, 500, 4


def audit(
    run_or_model: Run | Model | Path | str,
    *,
    holdout: Any = None,
    data: Any = None,
    attacks: int = 1_000,
    n: int | None = None,
    seed: int = 0,
    step: int | None = None,
    code: Path | str | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Audit:
    """Attack what a run's model gives out, and keep the result in the run as `report/audit.json`.

    In a private run nothing of it is kept, since it reveals real rows.

    The same seed gives the same result.

    Args:
        run_or_model: a run, its folder, or a model, of table rows, texts or sequences.
        holdout: rows that the model was not trained on: whatever `open_holdout` takes.
        data: the training data, where it has moved or was held in memory.
        attacks: how often each attack is tried.
        n: synthetic rows that are given out; if not given, as many as there are training rows,
            up to 50,000.
        seed: of the rows and everything random in an attack.
        step: of a run, a checkpoint other than the newest.
        code: the user's own recipe file, where the run came from one.
        device: where to sample.
        progress: called during work that takes long.

    Raises:
        RunError: no such run, or it has no checkpoints.
        DataError: training data or holdout cannot be read, or the former is not the run's.
        EvaluationError: there is no holdout, it is empty or too small, or the model makes
            no records.
    """
    start = time.monotonic()
    if attacks < 1:
        raise EvaluationError(f"{option('attacks', attacks)}: it must be at least 1.")
    if n is not None and n < 1:
        raise EvaluationError(f"{option('n', n)}: it must be at least 1.")
    subject = open_subject(
        run_or_model, data=data, step=step, code=code, device=device, progress=progress
    )
    held = subject.dataset.held_out
    if holdout is None and held is None:
        raise EvaluationError(
            "an audit needs a holdout: how often an attack succeeds on people who were not trained "
            f"on is what its success is measured by. Train with {option('holdout', 0.2)}, which "
            "keeps a fifth of the rows apart, or name a file of such rows with "
            f"{option('holdout')}."
        )
    model, space = subject.model, subject.model.space
    fields = _fields(model, subject.name)
    if holdout is not None or held is None:
        held, _ = open_holdout(holdout, space=space, like=subject.data, progress=progress)
    warnings = [outside_the_account(subject.privacy)] if subject.privacy else []
    warnings += _checked(subject.dataset, held, space, len(fields), progress)
    train, others = _values(subject.dataset), _values(held)
    made = model.values(n or min(len(train), MOST), seed=seed)
    if isinstance(model, SequenceModel):
        made, train, others = map(model.sequences.aggregated, (made, train, others))
    texts = made, train, others
    if isinstance(model, TextModel):
        made, train, others = (model.texts.parts(one)[0] for one in texts)
    release, victims = lay_out(
        made, train, others, names=tuple(field.name for field in fields), attacks=attacks,
        seed=seed, categorical=tuple(bool(field.categories) for field in fields),
    )  # fmt: skip
    findings, notes = strike_all(release, victims, tick=progress)
    if isinstance(model, TextModel) and isinstance(model.game, LikelihoodGame):
        words, more = _of_words(model, *texts, attacks=attacks, seed=seed)
        findings, notes = (*findings, *words), (*notes, *more)
    given = {"holdout": holdout, "data": data, "step": step, "code": code}
    settings = {"attacks": attacks, "n": len(made), "seed": seed}
    found = Audit(
        subject=_facts(subject, held, settings, given),
        findings=findings,
        verdict=verdict(findings),
        closest=closest(release, victims),
        warnings=(*warnings, *notes),
        seconds=time.monotonic() - start,
    )
    return found if subject.run is None else _kept(subject.run, found)


def _fields(model: Model, name: str) -> Sequence[Field]:
    """Columns of records: of an entity, or of a row; a unit of a database has them too.

    Raises:
        EvaluationError: the model makes no records.
    """
    if isinstance(model, SequenceModel):
        return model.sequences.aggregates.fields
    if isinstance(model, TextModel):
        return model.texts.attributes.modelled
    try:
        return require_table(model.space, network="the audit").modelled
    except RecipeError as error:
        raise EvaluationError(
            f"{name} makes samples of the kind {model.space.kind!r}, and attacks are known for "
            "rows of tables, texts, sequences and databases alone. Use "
            f"{verb('evaluate')}, whose report looks for copies."
        ) from error


def _of_words(
    model: TextModel, made: Tensor, train: Tensor, others: Tensor, *, attacks: int, seed: int
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """What the model itself knows of texts: membership by likelihood, and canaries."""
    columns = tuple(map(str, range(train.shape[1])))
    release, victims = lay_out(
        made, train, others, names=columns, categorical=(False,) * len(columns), attacks=attacks,
        seed=seed,
    )  # fmt: skip
    findings, notes = strike_all(release, victims, attacks=[MembershipByLikelihood(model)])
    return findings, (*notes, *exposure_notes(model, exposures(model, train)))


def _checked(
    dataset: Dataset, held: Dataset, space: Space, num_columns: int, progress: Progress | None
) -> Iterator[str]:
    """Warnings about holdout and table.

    Raises:
        EvaluationError: the holdout has other columns, is training data, or is too small; or there
            are too few training rows.
    """
    require_same_kind(space, held.space, f"the holdout {held.name}")
    for what, rows in (("training data", dataset), ("holdout", held)):
        if len(rows) < _LEAST:
            raise EvaluationError(
                f"the {what} has {len(rows)} rows, and an audit needs {_LEAST} at least; some "
                "hundreds before it says much."
            )
    complaint = shared_rows(dataset, held, progress).complaint()
    if complaint:
        yield f"{complaint} These people count on both sides."
    if len(held) < _SMALL:
        yield (
            f"The holdout has {len(held):,} rows: intervals are wide, and a small leak passes "
            "unseen. A thousand rows or more tell much more."
        )
    if num_columns < _NARROW:
        yield (
            f"The table has {num_columns} columns that are learned: too few to single many "
            "people out or to link them, whatever the model does."
        )


def _values(dataset: Dataset) -> Tensor:
    held = dataset.resident
    return held[0] if held else dataset.take(torch.arange(len(dataset)))[0]


def _facts(
    subject: Subject, held: Dataset, settings: dict[str, int], given: dict[str, Any]
) -> dict[str, Any]:
    """What was audited, and how."""
    manifest = subject.run.manifest if subject.run else {}
    used = {name: v for name, v in versions().items() if name in ("zerosum", "torch")}
    return {
        "name": subject.name,
        "run": str(subject.run.folder) if subject.run else None,
        "recipe": (manifest.get("recipe") or {}).get("name"),
        "step": subject.model.step,
        "data": subject.dataset.name,
        "fingerprint": subject.dataset.fingerprint,
        "trained_on": len(subject.dataset),
        "privacy": subject.privacy,
        "holdout": held.name,
        "holdout_fingerprint": held.fingerprint,
        "held_out": len(held),
        **settings,
        "command": _command(subject, settings, given),
        "judged": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": used,
    }


def _command(subject: Subject, settings: dict[str, int], given: dict[str, Any]) -> str:
    """What to type to audit in the same way again; Python where data has no name to type."""
    known = {name: value for name, value in given.items() if value is not None}
    if subject.run is None or not all(isinstance(v, str | Path | int) for v in known.values()):
        what = repr(str(subject.run.folder)) if subject.run else "model"
        words = [_spelled(name, value) for name, value in known.items()]
        words += [f"{k}={v}" for k, v in settings.items()]
        return f"zs.audit({', '.join([what, *words])})"
    words = ["zerosum", "audit", str(subject.run.folder)]
    for name, value in (known | settings).items():
        words += ["-n" if name == "n" else f"--{name}", without_password(str(value))]
    return shlex.join(words)


def _spelled(name: str, value: Any) -> str:
    if isinstance(value, int):
        return f"{name}={value}"
    return (
        f"{name}={without_password(str(value))!r}"
        if isinstance(value, str | Path)
        else f"{name}=..."
    )


def _kept(run: Run, found: Audit) -> Audit:
    """Write the result into the run; where that cannot be done, the result says so.

    Into a private run only that it was attacked: all else reveals real rows.
    """
    try:
        if run.manifest.get("privacy"):
            run.add_event("audited", step=found.subject["step"])
            return found
        write_json(run.subfolder("report") / "audit.json", found.to_json())
        facts = {name: found.subject[name] for name in ("step", "attacks", "n", "held_out")}
        standings = {finding.name: finding.standing for finding in found}
        run.add_event("audited", **facts, verdict=found.verdict, standings=standings)
    except RunError as error:
        return replace(found, warnings=(*found.warnings, f"Not kept in the run: {error}"))
    return found
