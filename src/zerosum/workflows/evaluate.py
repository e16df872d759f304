"""Judge a model: open it, set reals apart, draw samples, measure, and write down what was found."""

import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zerosum.catalogue import metrics_for, modality_of
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.engine.budget import Budget
from zerosum.errors import DataError, RunError
from zerosum.evaluation.judging.figures import Evaluation
from zerosum.evaluation.judging.judge import judge, too_few_for
from zerosum.evaluation.judging.verdict import verdict
from zerosum.evaluation.metrics.base import SampleSet
from zerosum.evaluation.metrics.blocks import nearest
from zerosum.evaluation.reports.parts import Neighbour, Shown
from zerosum.evaluation.reports.words import outside_the_account
from zerosum.faces import option
from zerosum.models.export import is_model_file
from zerosum.models.model import Model
from zerosum.rng import Noise, derive_seed
from zerosum.runs.files import write_json
from zerosum.runs.store import Run, versions
from zerosum.terminal import without_password
from zerosum.workflows.data import open_like
from zerosum.workflows.evaluation_setup import EvaluationSetup, open_case
from zerosum.workflows.history import curves_of
from zerosum.workflows.load import load
from zerosum.workflows.prepare import data_of

EVENTS = ("diagnosis", "remedy", "outcome")
"""Events of a run that a report shows."""

_LOOKED_AT = 2_000
_CLOSEST, _AT_RANDOM, _NEAREST = 6, 6, 3


@dataclass(frozen=True)
class Subject:
    """What is judged.

    Attributes:
        model: makes the samples.
        run: where it comes from, or None.
        dataset: what it was trained on.
        data: how that was opened, or None.
    """

    model: Model
    run: Run | None
    dataset: Dataset
    data: DataConfig | None

    @property
    def name(self) -> str:
        """How a report calls it."""
        return self.run.name if self.run else "a model"

    @property
    def privacy(self) -> dict[str, Any] | None:
        """What the training promises of the privacy of its rows; None where it promises nothing."""
        return self.run.manifest.get("privacy") if self.run else self.model.privacy


def evaluate(
    run_or_model: Run | Model | Path | str,
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
    progress: Progress | None = None,
) -> Evaluation:
    """Judge a run's model, and keep the result in the run as `report/evaluation.json`.

    In a private run nothing of it is kept, since figures are computed from real rows.

    The same seed gives the same figures.

    Args:
        run_or_model: a run, its folder, or a model.
        holdout: reals that the model was not trained on: whatever `open_data` takes. Without it
            parts of the training data are compared, and memorisation cannot be judged.
        data: the training data, where it has moved or was held in memory.
        n: samples, and as many reals; if not given, as many as there are reals, up to 10,000.
        features: what distances are measured in; if not given, `columns` for tables, else `self`.
        target: the column of a table whose prediction is measured.
        seed: of samples, rows and everything random in a metric.
        replicates: of the bootstrap for the intervals; 0 for none.
        step: of a run, a checkpoint other than the newest.
        code: the user's own recipe file, where the run came from one.
        device: where to sample.
        progress: called during work that takes long.

    Raises:
        RunError: no such run, or it has no checkpoints.
        DataError: training data or holdout cannot be read, or the former is not the run's.
        EvaluationError: the holdout is empty, there are too few reals, there is no such target, or
            samples are not finite.
    """
    start = time.monotonic()
    subject = open_subject(
        run_or_model, data=data, step=step, code=code, device=device, progress=progress
    )
    case = open_case(
        subject.dataset, subject.data, space=subject.model.space, holdout=holdout, n=n,
        features=features, target=target, seed=seed, progress=progress,
    )  # fmt: skip
    found = examine(subject, case, replicates=replicates, progress=progress)
    given = {"holdout": holdout, "data": data, "target": target, "step": step, "code": code}
    found = replace(
        found,
        subject=found.subject | {"command": command_for("evaluate", [subject], case, **given)},
        seconds=time.monotonic() - start,
    )
    return found if subject.run is None else _kept(subject.run, found)


def open_subject(
    run_or_model: Run | Model | Path | str,
    *,
    data: Any = None,
    step: int | None = None,
    code: Path | str | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Subject:
    """A model with the data it was trained on.

    Raises:
        RunError: no such run, or it has no checkpoints.
        DataError: the data is not there, or is not the run's.
    """
    model, run = open_model(run_or_model, step=step, code=code, device=device)
    if run is not None:
        dataset, config = data_of(run, data, progress)
    elif data is None:
        raise DataError(
            f"this model belongs to no run; give what it was trained on with {option('data')}."
        )
    else:
        dataset, config = open_like(data, model.space, progress=progress)
    return Subject(model, run, dataset, config)


def open_model(
    run_or_model: Run | Model | Path | str,
    *,
    step: int | None = None,
    code: Path | str | None = None,
    device: str = "auto",
) -> tuple[Model, Run | None]:
    """A model, and the run that it comes from.

    Raises:
        RunError: no such run, or it has no checkpoints, or none of `step`.
    """
    if isinstance(run_or_model, Model):
        if step is not None:
            raise RunError(f"{option('step')} is for runs; a model holds one step. Leave it out.")
        return run_or_model, Run.open(run_or_model.run) if run_or_model.run else None
    if isinstance(run_or_model, str | Path) and is_model_file(run_or_model):
        return load(run_or_model, device=device, step=step, code=code), None
    run = run_or_model if isinstance(run_or_model, Run) else Run.open(run_or_model)
    if not (run.healthy if run.manifest.get("model") else run.checkpoints).steps():
        raise RunError(
            f"{run.folder} has no checkpoints, so there is no model to judge. Copy its folder "
            "checkpoints/ here, or train again."
        )
    return load(run, device=device, step=step, code=code), run


def examine(
    subject: Subject, case: EvaluationSetup, *, replicates: int, progress: Progress | None = None
) -> Evaluation:
    """Draw samples and judge them against a case that is open.

    Where the case has other training data than the model, copies cannot be looked for.

    Raises:
        EvaluationError: samples are not finite, or too few for a metric.
    """
    start = time.monotonic()
    mine = subject.dataset.holds_what(case.dataset)
    case = case if mine else replace(case, train=None)
    made = subject.model.drawn_like(
        case.fresh.x, case.fresh.y, sources=case.sources, seed=case.seed, progress=progress
    )
    samples = case.exhibit(*made, progress)
    sets = case.sets(samples, replicates=replicates, progress=progress)
    metrics = metrics_for(case.space)
    figures = judge(sets, metrics)
    beside, private = (), subject.privacy
    if mine and not private:
        beside = find_neighbours(samples, case.pool, seed=case.seed, progress=progress)
    shown = Shown(
        model=subject.model, space=case.space, samples=samples, reference=case.reference,
        reals="holdout" if case.split == "holdout" else "training data", neighbours=beside,
        pool=len(case.pool), private=bool(private), seed=case.seed, target=case.target,
        dataset=subject.dataset, others=case.others, sources=case.sources,
        truth=case.fresh.x if case.sources is not None and case.dataset.aligned else None,
    )  # fmt: skip
    return Evaluation(
        subject=_facts(subject, case),
        figures=figures,
        verdict=f"{_collapse(subject)}{verdict(figures, split=case.split, count=len(samples))}",
        warnings=(
            *_unfinished(subject),
            *_uncounted(private),
            *_flattered(subject, case),
            *case.warnings,
            *too_few_for(sets, metrics),
        ),
        parts=tuple(modality_of(subject.model.space).judge.parts(shown)),
        curves=curves_of(subject.run) if subject.run else {},
        events=_diagnoses(subject.run) if subject.run else (),
        seconds=time.monotonic() - start,
    )


def find_neighbours(
    samples: SampleSet, pool: SampleSet, *, seed: int, progress: Progress | None = None
) -> tuple[Neighbour, ...]:
    """A dozen of the first 2,000 samples beside the training rows nearest to them in features.

    Half are the samples that lie closest to any training row, half are taken at random.
    """
    count = min(_LOOKED_AT, len(samples))
    k = min(_NEAREST, len(pool))
    far, which = nearest(samples.features[:count], pool.features, k, tick=progress)
    closest = far[:, 0].argsort(stable=True)[:_CLOSEST].tolist()
    others = Noise(derive_seed(seed, "neighbours")).uniform(count).argsort(stable=True).tolist()
    at_random = [row for row in others if row not in closest][:_AT_RANDOM]
    chosen = [(row, "closest") for row in closest] + [(row, "random") for row in at_random]
    return tuple(
        Neighbour(
            sample=samples.x[row],
            nearest=pool.x[which[row]],
            distances=tuple(far[row].tolist()),
            chosen=why,
        )
        for row, why in chosen
    )


def command_for(verb: str, subjects: Sequence[Subject], case: EvaluationSetup, **given: Any) -> str:
    """What to type to judge in the same way again; Python where data has no name to type."""
    folders = [str(subject.run.folder) for subject in subjects if subject.run]
    settings = {name: value for name, value in given.items() if value is not None}
    settings |= {"n": case.n, "features": case.features, "seed": case.seed}
    if len(folders) < len(subjects) or not all(map(_typed, settings.values())):
        what = "model" if len(folders) < len(subjects) else ", ".join(map(repr, folders))
        words = [f"[{what}]" if len(subjects) > 1 else what]
        words += [f"{k}={_in_python(v) if _typed(v) else '...'}" for k, v in settings.items()]
        return f"zs.{verb}({', '.join(words)})"
    words = ["zerosum", verb, *folders]
    for name, value in settings.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            words += ["-n" if name == "n" else f"--{name}", without_password(str(one))]
    return shlex.join(words)


def _typed(value: Any) -> bool:
    """Whether a value can be typed on a command line."""
    many = value if isinstance(value, list | tuple) else [value]
    return all(isinstance(one, str | int | Path) for one in many)


def _in_python(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_in_python, value))}]"
    return repr(without_password(str(value)) if isinstance(value, Path | str) else value)


def _facts(subject: Subject, case: EvaluationSetup) -> dict[str, Any]:
    """What was judged, and how."""
    manifest = subject.run.manifest if subject.run else {}
    recipe = manifest.get("recipe") or {}
    step = subject.model.step
    per_step = (recipe.get("optimisation") or {}).get("batch_size")
    used = {name: v for name, v in versions().items() if name in ("zerosum", "torch")}
    return {
        "name": subject.name,
        "run": str(subject.run.folder) if subject.run else None,
        "recipe": recipe.get("name"),
        "state": manifest.get("state"),
        "health": manifest.get("health"),
        "step": step,
        "healthiest": _is_healthiest(subject),
        "unit": case.space.unit,
        "privacy": subject.privacy,
        "samples": step * per_step if step is not None and per_step else None,
        "data": subject.dataset.name,
        "fingerprint": subject.dataset.fingerprint,
        "trained_on": len(subject.dataset),
        "target": case.target,
        "holdout": case.holdout.name if case.holdout else None,
        "holdout_fingerprint": case.holdout.fingerprint if case.holdout else None,
        "n": case.n,
        "split": case.split,
        "features": case.extractor.name,
        "ceiling_from": case.fresh_from,
        "compared_for_copies": 0 if case.train is None else len(case.train),
        "shown_beside": len(case.pool),
        "seed": case.seed,
        "command": None,
        "judged": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": used,
    }


def _uncounted(private: dict[str, Any] | None) -> Iterator[str]:
    if private:
        yield outside_the_account(private)


def _flattered(subject: Subject, case: EvaluationSetup) -> Iterator[str]:
    """That samples are judged in features which they were trained to look right in."""
    features = case.extractor.name
    if subject.model.game.looks_through == features:
        yield (
            f"The discriminator of {subject.name} saw images through the features {features} "
            "themselves, so figures in these features flatter it. Judge in others: "
            f"{option('features', 'self')}."
        )


def _unfinished(subject: Subject) -> Iterator[str]:
    """What is to be known of a training that did not end as planned."""
    run, step = subject.run, subject.model.step
    if run is None:
        return
    state, seen = run.manifest.get("state"), run.manifest.get("samples", 0)
    total = run.manifest["recipe"]["optimisation"]["total_samples"]
    if run.manifest.get("budget"):
        total = Budget.read(run.manifest["budget"]).total
    unit = subject.model.space.unit
    if state == "diverged":
        yield f"The training diverged; what is judged is its last healthy state, {seen:,} {unit}."
    elif state != "finished":
        yield f"The training is not finished ({state}): {seen:,} of {total:,} {unit}."
    steps = run.checkpoints.steps()
    if step is not None and steps and step != steps[-1] and not _is_healthiest(subject):
        yield f"What is judged is step {step:,}, not the newest checkpoint, step {steps[-1]:,}."


def _collapse(subject: Subject) -> str:
    """What a verdict begins with where the model is one that the referee called collapsed."""
    run, step = subject.run, subject.model.step
    if run is None or run.manifest.get("health") != "collapsed":
        return ""
    steps = run.checkpoints.steps()
    called = _is_healthiest(subject) if run.manifest.get("model") else step in steps[-1:]
    return "The training collapsed. " if called else ""


def _is_healthiest(subject: Subject) -> bool:
    """Whether the model is the state that the run's referee chose."""
    chosen = subject.run.manifest.get("model") if subject.run else None
    return bool(chosen) and chosen["step"] == subject.model.step


def _diagnoses(run: Run) -> tuple[dict[str, Any], ...]:
    return tuple(row for row in run.events() if row.get("event") in EVENTS)


def _kept(run: Run, found: Evaluation) -> Evaluation:
    """Write the result into the run; where that cannot be done, the result says so.

    Into a private run only that it was judged: all else reveals real rows.
    """
    try:
        if run.manifest.get("privacy"):
            run.add_event("evaluated", step=found.subject["step"])
            return found
        # Without its images, which may show rows of the data: a run is passed on more freely.
        kept = replace(found, parts=()).to_json()
        write_json(run.subfolder("report") / "evaluation.json", kept)
        facts = {name: found.subject[name] for name in ("n", "split", "features")}
        run.add_event(
            "evaluated", step=found.subject["step"], **facts, verdict=found.verdict,
        )  # fmt: skip
    except RunError as error:
        return replace(found, warnings=(*found.warnings, f"Not kept in the run: {error}"))
    return found
