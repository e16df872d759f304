"""The Python face: the verbs of `import zerosum as zs`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zerosum.engine.choose import Auto, Wishes
from zerosum.engine.execution import Layout, Precision
from zerosum.errors import ExportError
from zerosum.evaluation.judging.comparison import Comparison
from zerosum.evaluation.judging.figures import Evaluation
from zerosum.live import watch
from zerosum.modalities.tables.privacy.audit import Audit
from zerosum.models.model import Model
from zerosum.progress import Reporter
from zerosum.recipes import Recipe
from zerosum.referee.hook import Guard
from zerosum.runs.store import Run
from zerosum.runs.store import list_runs as list_runs_below
from zerosum.workflows.audit import audit as audit_run
from zerosum.workflows.augment import augment, evaluate_augmentation
from zerosum.workflows.compare import compare as compare_runs
from zerosum.workflows.control import learn_direction
from zerosum.workflows.data import together
from zerosum.workflows.evaluate import evaluate as evaluate_run
from zerosum.workflows.load import load
from zerosum.workflows.private import promise_of
from zerosum.workflows.train import resume as resume_run
from zerosum.workflows.train import train as train_run

__all__ = [
    "audit",
    "augment",
    "compare",
    "evaluate",
    "evaluate_augmentation",
    "export",
    "learn_direction",
    "list_runs",
    "load",
    "resume",
    "train",
]


def train(
    recipe: str | Path | Recipe,
    data: Any,
    *,
    out: Path | str | None = None,
    root: Path | str = "runs",
    minutes: float | None = None,
    samples: int | None = None,
    seed: int = 0,
    set: Mapping[str, Any] | None = None,
    size: int | tuple[int, int] | None = None,
    fit: str | None = None,
    channels: int | None = None,
    labels: str | None = None,
    skip_bad: bool = False,
    limit: int | None = None,
    schema: Any = None,
    drop: Sequence[str] | None = None,
    constraints: Any = None,
    protect: int | None = None,
    options: Mapping[str, Any] | None = None,
    from_run: Model | Run | Path | str | None = None,
    freeze: int = 0,
    device: str = "auto",
    precision: Precision | Auto = "auto",
    layout: Layout | Auto = "auto",
    compile: bool | Auto = "auto",
    threads: int | Auto = "auto",
    referee: Guard = "act",
    epsilon: float | None = None,
    delta: float | None = None,
    show_reals: bool = False,
    quiet: bool = False,
) -> Model:
    """Train a recipe on data and return the model.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> model = zs.train("cgan", data="digits", minutes=1)  # doctest: +SKIP

    Args:
        recipe: a name from `zerosum recipes`, a Python file, or a `Recipe`.
        data: a folder, .zip, .npz, idx file, .csv, .tsv, .parquet or built-in name; an array or
            tensor `[N, H, W]`, `[N, H, W, C]` or `[N, D]`; a pair `(x, y)`; a data frame of
            pandas, polars or pyarrow; or a `Dataset`. For recipes that translate from one domain
            of images to another, a folder with two subfolders, or a pair of folders or arrays.
        out: the run folder; if not given, a new one below `root`.
        root: where new run folders go.
        minutes: budget in minutes.
        samples: budget in samples seen.
        seed: decides weights, order and noise.
        set: dotted keys of the recipe and their values: `{"game.gamma": 0.5}`.
        size: pixels a side, or `(height, width)`.
        fit: `cover`, `contain`, `stretch` or `crop`.
        channels: 1, 3 or 4.
        labels: `auto` or `none`.
        skip_bad: go on without unreadable files.
        limit: take this many samples only.
        schema: what columns of a table are, where that is known better than it can be found:
            `{"zip": "category"}`, a `Schema`, or the JSON file that `zerosum schema` writes.
        drop: columns of a table to leave out.
        constraints: what holds in every row of a table, or a JSON file that lists it.
        protect: rows of a table that must share a value before it is learned as one of its own;
            5 by default, and 1 for all.
        options: more options of the reader of the data, by name; `zerosum readers` lists them.
        from_run: a model, a run or its folder, whose weights it starts with where they fit.
        freeze: layers of the discriminator, from the image up, that stay as they are there.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        precision: `fp32`, `bf16`, or `auto` for the faster.
        layout: `contiguous`, `channels_last`, or `auto`.
        compile: whether to use `torch.compile`, or `auto`.
        threads: CPU threads for one operation, or `auto`.
        referee: `off`, `watch` to report what goes wrong, `act` to mend it too.
        epsilon: train a table with (ε, δ)-differential privacy for each row; needs the extra
            `privacy`. The referee is off then.
        delta: δ, 1e-6 by default; it should be well below one over the number of rows.
        show_reals: draw rows of a table in grey beneath samples, in the run folder; not with
            `epsilon`.
        quiet: print nothing.

    Raises:
        ZerosumError: see its subclasses; the message says what to do.
    """
    short = {
        "size": size, "fit": fit, "channels": channels, "labels": labels, "skip_bad": skip_bad,
        "limit": limit, "schema": schema, "drop": drop, "constraints": constraints,
        "protect": protect,
    }  # fmt: skip
    with Reporter(quiet=quiet) as progress:
        run = train_run(
            recipe, data, out=out, root=root, minutes=minutes, samples=samples, seed=seed,
            changes=set, data_options=together(short, options or {}), from_run=from_run,
            freeze=freeze, device=device, referee=referee,
            wishes=Wishes(precision, layout, compile, threads),
            promise=promise_of(epsilon, delta), show_reals=show_reals,
            listener=None if quiet else watch(progress), progress=progress,
        )  # fmt: skip
    return load(run, device=device)


def resume(
    run: Run | Path | str,
    *,
    data: Any = None,
    minutes: float | None = None,
    samples: int | None = None,
    device: str | None = None,
    code: Path | str | None = None,
    referee: Guard | None = None,
    quiet: bool = False,
) -> Model:
    """Continue a run bit for bit, and return the model.

    Args:
        run: the run or its folder.
        data: the run's data, where it has moved or was held in memory.
        minutes: stop after so long.
        samples: a new, larger budget in samples seen.
        device: by default the one that the run was trained on.
        code: the user's own recipe file, where the run came from one.
        referee: by default as the run was started.
        quiet: print nothing.

    Raises:
        RunError: no such run, no usable checkpoint, or nothing left to do.
        DataError: the data is not there, or is not the data of the run.
    """
    folder = run.folder if isinstance(run, Run) else run
    with Reporter(quiet=quiet) as progress:
        done = resume_run(
            folder, data=data, minutes=minutes, samples=samples, device=device, code=code,
            referee=referee, listener=None if quiet else watch(progress),
            progress=progress,
        )  # fmt: skip
    return load(done, device=device or "auto", code=code)


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
        code: the user's own recipe file, where the run came from one.
        device: where to sample.
        quiet: print nothing.

    Raises:
        RunError: no such run, or it has no checkpoints.
        DataError: training data or holdout cannot be read, or the former is not the run's.
        EvaluationError: the holdout is not one, or there are too few reals or samples.
    """
    with Reporter(quiet=quiet) as progress:
        return evaluate_run(
            model, holdout=holdout, data=data, n=n, features=features, target=target, seed=seed,
            replicates=replicates, code=code, device=device,
            progress=progress,
        )  # fmt: skip


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
    code: Path | str | None = None,
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
        code: the user's own recipe file, where the runs came from one.
        device: where to sample.
        quiet: print nothing.

    Raises:
        RunError: no such run, or it has no checkpoints.
        DataError: training data or holdout cannot be read.
        EvaluationError: the models cannot be compared, or what `evaluate` refuses.
    """
    with Reporter(quiet=quiet) as progress:
        return compare_runs(
            models, holdout=holdout, data=data, n=n, features=features, target=target, seed=seed,
            replicates=replicates, code=code, device=device,
            progress=progress,
        )  # fmt: skip


def audit(
    model: Model | Run | Path | str,
    *,
    holdout: Any = None,
    data: Any = None,
    attacks: int = 1_000,
    n: int | None = None,
    seed: int = 0,
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
        code: the user's own recipe file, where the run came from one.
        device: where to sample.
        quiet: print nothing.

    Raises:
        RunError: no such run, or it has no checkpoints.
        DataError: training data or holdout cannot be read, or the former is not the run's.
        EvaluationError: the holdout is missing or is not one, or the model makes no table rows.
    """
    with Reporter(quiet=quiet) as progress:
        return audit_run(
            model, holdout=holdout, data=data, attacks=attacks, n=n, seed=seed, code=code,
            device=device, progress=progress,
        )  # fmt: skip


def export(
    model: Model | Run | Path | str,
    path: Path | str,
    *,
    format: str | None = None,
    step: int | None = None,
    code: Path | str | None = None,
    quiet: bool = False,
) -> Path:
    """Write a model into one file: what is needed to sample, and no discriminator.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> zs.export("runs/first", "digits.safetensors")  # doctest: +SKIP
    >>> zs.load("digits.safetensors").sample(64).save("grid.png")  # doctest: +SKIP

    Args:
        model: a model, a run or its folder.
        path: a `.safetensors` file, which `load` opens, or an `.onnx` file for other programs.
        format: `safetensors` or `onnx`; by default that of the ending of `path`.
        step: of a run, a checkpoint other than the newest.
        code: the user's own recipe file, where the run came from one.
        quiet: print nothing.

    Raises:
        RunError: no such run, or the file cannot be written.
        ExportError: the form is another, or does not suit the model; no file is left then.
        MissingExtraError: ONNX is not installed.
    """
    if isinstance(model, Model):
        if step is not None:
            raise ExportError("step is for runs; a model holds one step. Leave it out.")
    else:
        model = load(model, device="cpu", step=step, code=code)
    with Reporter(quiet=quiet) as progress:
        return model.save(path, format=format, progress=progress)


def list_runs(root: Path | str = "runs") -> list[Run]:
    """Every run below `root`, newest first."""
    return list_runs_below(Path(root))
