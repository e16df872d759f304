"""Verbs that judge: evaluate, compare, audit, anomalies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zerosum.arguments import checked
from zerosum.evaluation.anomalies.found import Anomalies
from zerosum.evaluation.judging.comparison import Comparison
from zerosum.evaluation.judging.figures import Evaluation
from zerosum.modalities.tables.privacy.audit import Audit
from zerosum.models.model import Model
from zerosum.notebook import reporter
from zerosum.runs.store import Run
from zerosum.workflows.anomalies import find_anomalies
from zerosum.workflows.audit import audit as audit_run
from zerosum.workflows.compare import compare as compare_runs
from zerosum.workflows.evaluate import evaluate as evaluate_run
from zerosum.workflows.evaluate import open_model

__all__ = ["anomalies", "audit", "compare", "evaluate"]


@checked
def evaluate(
    model: Model | Run | Path | str,
    *,
    holdout: Any = None,
    data: Any = None,
    n: int | None = None,
    features: str | None = None,
    target: str | None = None,
    seed: int = 0,
    replicates: int = 50,
    step: int | None = None,
    code: Path | str | None = None,
    device: str = "auto",
    quiet: bool = False,
) -> Evaluation:
    """Judge a model: every figure between a trivial baseline and fresh reals, and a verdict.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> zs.evaluate("runs/first", holdout="test.npz").save("report.html")  # doctest: +SKIP

    Args:
        model: a model, a run or its folder. A run keeps the result as `report/evaluation.json`,
            unless it is private.
        holdout: reals that the model was not trained on, in any form that `train` takes as data.
            Without it parts of the training data are compared, and memorisation cannot be judged.
        data: the training data, where it has moved or was held in memory.
        n: samples, and as many reals; by default as many as there are reals, up to 10,000.
        features: what distances are measured in; by default `columns` for tables, else `self`.
        target: the column of a table whose prediction is measured.
        seed: of samples, rows and everything random in a metric.
        replicates: of the bootstrap for the intervals; 0 for none.
        step: of a run, a checkpoint other than the newest.
        code: the user's own recipe file, where the run came from one.
        device: where to sample.
        quiet: print nothing.

    Raises:
        RunError: no such run, or it has no checkpoints.
        DataError: training data or holdout cannot be read, or the former is not the run's.
        EvaluationError: the holdout is not one, or there are too few reals or samples.
    """
    with reporter(quiet=quiet) as progress:
        return evaluate_run(
            model, holdout=holdout, data=data, n=n, features=features, target=target, seed=seed,
            replicates=replicates, step=step, code=code, device=device,
            progress=progress,
        )  # fmt: skip


@checked
def compare(
    models: Sequence[Model | Run | Path | str],
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
    quiet: bool = False,
) -> Comparison:
    """Judge models against the same reals; the best is marked only where intervals do not overlap.

    Args:
        models: two or more; features, ceiling and floor come from the data of the first.
        holdout: reals that no model was trained on, in any form that `train` takes as data.
        data: the training data, where it has moved or was held in memory.
        n: samples of each, and as many reals; by default as many as there are, up to 10,000.
        features: what distances are measured in; by default `columns` for tables, else `self`.
        target: the column of a table whose prediction is measured.
        seed: of samples, rows and everything random in a metric.
        replicates: of the bootstrap for the intervals; without them no model is marked as the best.
        step: a checkpoint other than the newest: one for all runs, or one for each.
        code: the user's own recipe file: one for all runs, or one for each, in their order.
        device: where to sample.
        quiet: print nothing.

    Raises:
        RunError: no such run, or it has no checkpoints.
        DataError: training data or holdout cannot be read.
        EvaluationError: the models cannot be compared, or what `evaluate` refuses.
    """
    with reporter(quiet=quiet) as progress:
        return compare_runs(
            models, holdout=holdout, data=data, n=n, features=features, target=target, seed=seed,
            replicates=replicates, step=step, code=code, device=device,
            progress=progress,
        )  # fmt: skip


@checked
def audit(
    model: Model | Run | Path | str,
    *,
    holdout: Any = None,
    data: Any = None,
    attacks: int = 1_000,
    n: int | None = None,
    seed: int = 0,
    step: int | None = None,
    code: Path | str | None = None,
    device: str = "auto",
    quiet: bool = False,
) -> Audit:
    """Attack what a model of table rows gives out, against people who were not trained on.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> zs.audit("runs/first", holdout="holdout.csv").save("audit.html")  # doctest: +SKIP

    Args:
        model: a model, a run or its folder. A run keeps the result as `report/audit.json`,
            unless it is private.
        holdout: rows that the model was not trained on, in any form that `train` takes as data.
        data: the training data, where it has moved or was held in memory.
        attacks: how often each attack is tried.
        n: synthetic rows that are given out; by default as many as training rows, up to 50,000.
        seed: of the rows and everything random in an attack.
        step: of a run, a checkpoint other than the newest.
        code: the user's own recipe file, where the run came from one.
        device: where to sample.
        quiet: print nothing.

    Raises:
        RunError: no such run, or it has no checkpoints.
        DataError: training data or holdout cannot be read, or the former is not the run's.
        EvaluationError: the holdout is missing or is not one, or the model makes no table rows.
    """
    with reporter(quiet=quiet) as progress:
        return audit_run(
            model, holdout=holdout, data=data, attacks=attacks, n=n, seed=seed, step=step,
            code=code, device=device, progress=progress,
        )  # fmt: skip


@checked
def anomalies(
    model: Model | Run | Path | str,
    data: Any,
    *,
    out: Path | str | None = None,
    heat: Path | str | None = None,
    false_alarms: float = 0.01,
    normals: Any = None,
    step: int | None = None,
    code: Path | str | None = None,
    device: str = "auto",
    quiet: bool = False,
) -> Anomalies:
    """How odd each item of some data is, by a model of normal ones, and which are anomalous.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> zs.train("anomaly", "normal/", out="runs/normal")  # doctest: +SKIP
    >>> zs.anomalies("runs/normal", "new/", out="scores.csv")  # doctest: +SKIP

    Args:
        model: of the recipe `anomaly`: a model of a run, a run or its folder.
        data: what is looked through, in any form that `train` takes.
        out: write a row for each item, in their order: `.csv`, `.parquet`, or `.json`.
        heat: a new folder that says where items are odd: heat maps of images, steps of series,
            columns of rows.
        false_alarms: share of normal items that may be called anomalous.
        normals: the data of the run, where it has moved and nothing was kept of it.
        step: of a run, a checkpoint other than the newest.
        code: the user's own recipe file, where the run came from one.
        device: where to compute.
        quiet: print nothing.

    Raises:
        ConditionError: the model was trained by another recipe, or is an exported file.
        DataError: the data cannot be read, or is of another kind.
        EvaluationError: too few normals were kept apart, or `false_alarms` is not a share.
        RunError: no such run, or something cannot be written.
    """
    own = open_model(model, step=step, code=code, device=device)[0]
    with reporter(quiet=quiet) as progress:
        return find_anomalies(
            own, data, out=out, heat=heat, false_alarms=false_alarms, normals=normals,
            progress=progress,
        )  # fmt: skip
