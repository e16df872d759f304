"""Judge several models under one protocol: the same reals, the same number, the same seed."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from zerosum.data.base import Progress
from zerosum.errors import EvaluationError, RunError
from zerosum.evaluation.judging.comparison import Comparison
from zerosum.evaluation.judging.holdout import require_same_kind, shared_rows
from zerosum.faces import option
from zerosum.modalities.tables.privacy.private_rows import FINGERPRINT
from zerosum.models.model import Model
from zerosum.plots.charts import overlays
from zerosum.plots.raster import to_image
from zerosum.runs.files import make_folder, write_whole
from zerosum.runs.store import Run
from zerosum.workflows.evaluate import (
    Subject,
    command_for,
    examine,
    open_model,
    open_subject,
)
from zerosum.workflows.evaluation_setup import EvaluationSetup, open_case
from zerosum.workflows.history import require_png


def compare(
    runs: Sequence[Run | Model | Path | str],
    *,
    holdout: Any = None,
    data: Any = None,
    n: int | None = None,
    features: str | None = None,
    target: str | None = None,
    seed: int = 0,
    replicates: int = 50,
    step: int | Sequence[int] | None = None,
    code: Path | str | Sequence[Path | str] | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Comparison:
    """Judge runs against the same reals, in the same features.

    Features, ceiling and floor come from the training data of the first run. Runs that were trained
    on other data of the same form need a holdout, and copies are not looked for in theirs.

    Args:
        runs: two or more runs, their folders, or models.
        holdout: reals that no model was trained on: whatever `open_data` takes.
        data: the training data, where it has moved or was held in memory.
        n: samples of each, and as many reals; if not given, as many as there are, up to 10,000.
        features: what distances are measured in; if not given, `columns` for tables, else `self`.
        target: the column of a table whose prediction is measured.
        seed: of samples, rows and everything random in a metric.
        replicates: of the bootstrap for the intervals; without any no best can be told.
        step: a checkpoint other than the newest: one for all runs, or one for each.
        code: the user's own recipe file: one for all runs, or one for each, in their order.
        device: where to sample.
        progress: called during work that takes long.

    Raises:
        RunError: no such run, or it has no checkpoints.
        DataError: training data or holdout cannot be read.
        EvaluationError: the runs cannot be compared, or what `evaluate` refuses.
    """
    start = time.monotonic()
    if isinstance(runs, str) or len(runs) < 2:
        raise EvaluationError("one run has nothing to be compared with. Name two or more.")
    steps, codes = _for_each(runs, "step", step), _for_each(runs, "code", code)
    opening: dict[str, Any] = {"data": data, "device": device, "progress": progress}
    first = open_subject(runs[0], step=steps[0], code=codes[0], **opening)
    subjects = [first]
    for one, its_step, its_code in zip(runs[1:], steps[1:], codes[1:], strict=True):
        subjects.append(_open_beside(first, one, step=its_step, code=its_code, **opening))
    warnings = list(_require_comparable(subjects, holdout))
    case = open_case(
        first.dataset, first.data, space=first.model.space, holdout=holdout, n=n,
        features=features, target=target, seed=seed, progress=progress,
    )  # fmt: skip
    warnings += _shared_with_others(subjects, case, progress)
    found = [
        examine(subject, case, replicates=replicates, progress=progress) for subject in subjects
    ]
    given = {"holdout": holdout, "data": data, "target": target, "step": step, "code": code}
    command = command_for("compare", subjects, case, **given)
    found = [replace(one, subject=one.subject | {"command": command}) for one in found]
    return Comparison(tuple(found), tuple(warnings), command, time.monotonic() - start)


def draw_comparison(found: Comparison, path: Path) -> Path:
    """Draw each curve that all models have in a frame of its own, one line for each model.

    Raises:
        RunError: they have none in common, or `path` does not end in .png.
    """
    require_png(path)
    curves = found.curves
    if not curves:
        raise RunError("these models have no curves in common: models of files have none.")
    picture = to_image(overlays(curves, width=450, height=300, columns=2))
    make_folder(path.parent)
    write_whole(path, lambda aside: picture.save(aside, format="PNG"))
    return path


def _for_each(runs: Sequence[Any], name: str, given: Any) -> list[Any]:
    """A value for each run, from one for all or a sequence of them.

    Raises:
        EvaluationError: there are neither one nor as many as runs.
    """
    values = given if isinstance(given, list | tuple) else [given]
    if len(values) == 1:
        return [*values] * len(runs)
    if len(values) != len(runs):
        raise EvaluationError(
            f"{option(name)} is given {len(values)} times for {len(runs)} runs. Give it once, or "
            "once for each run, in their order."
        )
    return [*values]


def _open_beside(
    first: Subject, one: Run | Model | Path | str, *, data: Any, step: int | None, code: Any,
    device: str, progress: Progress | None,
) -> Subject:  # fmt: skip
    """Another model; data that is the first one's is not opened again.

    What a private run was trained on is opened: its manifest does not say what that holds.
    """
    model, run = open_model(one, step=step, code=code, device=device)
    recorded = None if run is None else run.manifest["data"]["fingerprint"]
    if recorded == first.dataset.fingerprint and recorded != FINGERPRINT:
        return Subject(model, run, first.dataset, first.data)
    return open_subject(one, data=data, step=step, code=code, device=device, progress=progress)


def _require_comparable(subjects: Sequence[Subject], holdout: Any) -> list[str]:
    """Warnings about runs that differ in what they were trained on.

    Raises:
        EvaluationError: they make other samples, or have no reals in common.
    """
    first, said = subjects[0], []
    folders = [subject.run.folder.resolve() for subject in subjects if subject.run]
    if len(set(folders)) < len(folders):
        raise EvaluationError("a run is named twice; it cannot be compared with itself.")
    for other in subjects[1:]:
        require_same_kind(first.model.space, other.model.space, f"the run {other.name}")
        if first.model.space.labels != other.model.space.labels:
            raise EvaluationError(
                f"{first.name} has the labels {_words(first)}, and {other.name} has "
                f"{_words(other)}. Only runs with the same labels can be compared."
            )
        if other.dataset.holds_what(first.dataset):
            continue
        if holdout is None:
            raise EvaluationError(
                f"{first.name} was trained on {first.dataset.name}, and {other.name} on other "
                f"data, {other.dataset.name}. Give a holdout ({option('holdout')}) to compare "
                "both with."
            )
        said.append(
            f"{other.name} was trained on other data than {first.name}: features and fresh reals "
            "are those of the latter, and copies are not looked for in the former's data."
        )
    return said


def _shared_with_others(
    subjects: Sequence[Subject], case: EvaluationSetup, progress: Progress | None
) -> Iterator[str]:
    """Warnings about rows of the holdout that other training data holds.

    Raises:
        EvaluationError: so many that it is no holdout for that run.
    """
    for other in subjects[1:]:
        if case.holdout is None or other.dataset.holds_what(case.dataset):
            continue
        complaint = shared_rows(other.dataset, case.holdout, progress).complaint()
        if complaint:
            yield f"{other.name}: {complaint}"


def _words(subject: Subject) -> str:
    labels = subject.model.space.labels
    return ", ".join(labels[:5]) + (", …" if len(labels) > 5 else "") if labels else "none"
