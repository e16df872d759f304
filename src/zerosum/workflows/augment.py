"""Augment data by a run's model, and find out whether that is worth anything."""

import time
from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.errors import ConditionError, EvaluationError
from zerosum.evaluation.augmenting.kit import Course
from zerosum.evaluation.augmenting.screening import dealt
from zerosum.evaluation.augmenting.trial import (
    GAN,
    IN_TURN,
    NONE,
    SHARES,
    Arm,
    AugmentationTrial,
    Score,
)
from zerosum.evaluation.judging.holdout import shared_rows
from zerosum.faces import either, option
from zerosum.models.augmented import Augmented
from zerosum.models.model import Model
from zerosum.rng import derive_seed
from zerosum.runs.store import Run
from zerosum.workflows.augmenting import (
    LabelledData,
    augment_with,
    fill,
    open_labelled,
    wanted_of,
)
from zerosum.workflows.evaluate import open_model
from zerosum.workflows.prepare import data_of

_FOLDS = 4
"""Without a holdout, one of so many parts of the data is set apart."""


def augment(
    run_or_model: Run | Model | Path | str,
    data: Any = None,
    *,
    out: Path | str | None = None,
    balance: bool = False,
    per_class: int | None = None,
    amount: Mapping[Any, int] | None = None,
    target: str | None = None,
    features: str | None = None,
    seed: int = 0,
    step: int | None = None,
    code: Path | str | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Augmented:
    """Labelled reals, and samples that fill their classes; which are synthetic is kept.

    Near copies of reals are rejected, and so are samples that classifiers of reals find
    implausible; others are made in their place. The same seed gives the same samples.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> zs.augment("runs/first", "train/", out="more/", per_class=500)  # doctest: +SKIP

    Args:
        run_or_model: a run, its folder, a model or an exported file.
        data: the reals, in any form that `train` takes: images or sounds with labels, or rows; if
            not given, what the run was trained on.
        out: where to write all of it: a folder or `.npz`, of rows `.csv` or `.parquet`.
        balance: fill classes up to the largest, as is done where nothing else is asked for.
        per_class: fill classes up to so many instead.
        amount: make so many samples of single classes, whatever they have: `{"cat": 300}`.
        target: the column of a table whose categories are the classes.
        features: what distances to reals are measured in; if not given, `columns` for tables, else
            `self`.
        seed: decides everything random.
        step: of a run, a checkpoint other than the newest.
        code: the user's own recipe file, where the run came from one.
        device: where to sample.
        progress: called during work that takes long.

    Raises:
        ConditionError: the model takes no conditions on the class, or an amount is not one.
        DataError: the data cannot be read, or has no classes.
        EvaluationError: the data is of another kind, has classes that the model never saw, or fewer
            than two; or everything was rejected.
        RunError: `out` is there already, or cannot be written.
    """
    model, run = open_model(run_or_model, step=step, code=code, device=device)
    return augment_with(
        model, _data(run, data, progress), out=out, balance=balance, per_class=per_class,
        amount=amount, target=target, features=features, seed=seed, progress=progress,
    )  # fmt: skip


def evaluate_augmentation(
    run_or_model: Run | Model | Path | str,
    data: Any = None,
    *,
    holdout: Any = None,
    balance: bool = False,
    per_class: int | None = None,
    amount: Mapping[Any, int] | None = None,
    target: str | None = None,
    features: str | None = None,
    num_seeds: int = 3,
    seed: int = 0,
    step: int | None = None,
    code: Path | str | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> AugmentationTrial:
    """Is a classifier better for the samples? By balanced accuracy on reals that were held out.

    It is trained on the reals alone; by each of the ways that people usually go; with samples as
    they come; and by the usual ways with samples that make up half or a quarter of each class that
    was filled, or half of it at first and nothing at last. All classifiers are trained equally
    long. The way with samples is chosen on one half of the holdout and judged on the other, so that
    many ways do not look better by chance.

    Args:
        run_or_model: a run, its folder, a model or an exported file.
        data: the reals to train on; if not given, what the run was trained on.
        holdout: reals that neither the model nor a classifier was trained on. If not given, a
            quarter of the data is set apart, and a gain is not believed.
        balance: see `augment`; the same for `per_class` and `amount`.
        per_class: fill classes up to so many.
        amount: make so many samples of single classes.
        target: the column of a table whose categories are the classes.
        features: what distances to reals are measured in.
        num_seeds: how often everything is repeated.
        seed: the first; each repetition takes the next.
        step: of a run, a checkpoint other than the newest.
        code: the user's own recipe file, where the run came from one.
        device: where to sample.
        progress: called during work that takes long.

    Raises:
        ConditionError: the model takes no conditions on the class, or an amount is not one.
        DataError: data or holdout cannot be read, or have no classes.
        EvaluationError: as for `augment`; or the holdout is training data.
    """
    if not isinstance(num_seeds, Integral) or num_seeds < 1:
        name = either(python="num_seeds", shell="--seeds")
        raise ConditionError(f"{name} is {num_seeds}; it must be a whole number, 1 or more.")
    start = time.monotonic()
    model, run = open_model(run_or_model, step=step, code=code, device=device)
    reals = open_labelled(model, _data(run, data, progress), target=target, progress=progress)
    held, warned = None, [_may_be_seen()]
    if holdout is not None:
        held = open_labelled(model, holdout, target=target, what="the holdout", progress=progress)
        complaint = shared_rows(reals.dataset, held.dataset, progress).complaint()
        warned = [complaint] if complaint else []
    scores: dict[str, list[Score]] = {}
    counts, test = [], reals
    for one in range(seed, seed + num_seeds):
        mine, test = (reals, held) if held is not None else _parted(reals, one)
        wanted = wanted_of(mine, balance=balance, per_class=per_class, amount=amount or {})
        made = fill(model, mine, wanted, features=features, seed=one, progress=progress)
        warned += _untested(made, test, warned)
        if not made.origins:
            warned.append(f"Everything was rejected with seed {one}, so no samples were added.")
        counts.append([vars(count) for count in made.counts])
        arms = _Arms(model, mine, test, made, one, progress)
        for name, score in arms.scores().items():
            scores.setdefault(name, []).append(score)
    return AugmentationTrial(
        arms=tuple(Arm(name, tuple(found)) for name, found in scores.items()),
        usual=reals.kit.usual,
        believed=held is not None,
        held_out=test.y.unique(return_counts=True)[1].tolist(),
        subject={
            "run": str(model.run) if model.run else None,
            "recipe": getattr(model.recipe, "name", None),
            "step": model.step,
            "model": model.fingerprint,
            "data": reals.dataset.name,
            "trained_on": len(reals.x),
            "holdout": held.dataset.name if held else None,
            "held_out": len(held.x) if held else None,
            "control": reals.control,
            "counts": counts,
            "seeds": list(range(seed, seed + num_seeds)),
        },
        warnings=tuple(warned),
        seconds=time.monotonic() - start,
    )


def _data(run: Run | None, data: Any, progress: Progress | None) -> Any:
    if data is not None:
        return data
    if run is None:
        raise ConditionError(f"this model belongs to no run. Name its data with {option('data')}.")
    return data_of(run, None, progress)[0]


def _may_be_seen() -> str:
    return (
        "No holdout was given. A quarter of the data was set apart from the classifiers, but the "
        "model may have been trained on it, which flatters it. Give reals that it never saw with "
        f"{option('holdout')}."
    )


def _untested(made: Augmented, test: LabelledData, before: Sequence[str]) -> list[str]:
    """A warning that names classes of which nothing is held out, unless it was given before."""
    tried = {test.names[code] for code in test.y.unique().tolist()}
    names = [one.label for one in made.counts if one.label not in tried]
    said = f"Nothing is held out of {', '.join(names)}: the scores say nothing of samples there."
    return [said] if names and said not in before else []


def _parted(reals: LabelledData, seed: int) -> tuple[LabelledData, LabelledData]:
    """Reals to train on, and others to try on; a class with a single real is not tried."""
    part = dealt(reals.y, _FOLDS, seed=derive_seed(seed, "set apart"))
    apart = part == 1  # part 0 holds the first of each class, which stays
    if not apart.any():
        raise EvaluationError(
            f"no class has two reals, so none can be held out. Give {option('holdout')}."
        )
    rows = torch.arange(len(reals.y))
    return reals.rows(rows[~apart]), reals.rows(rows[apart])


class _Arms:
    """The ways to train that are compared, for one seed."""

    def __init__(
        self, model: Model, reals: LabelledData, test: LabelledData, made: Augmented, seed: int,
        progress: Progress | None,
    ) -> None:  # fmt: skip
        self.space, self.reals, self.test, self.seed = model.space, reals, test, seed
        self.made, self.progress, self.step = made, progress, 0
        codes = [reals.names.index(one.label) for one in made.origins]
        self.y = torch.cat([reals.y, torch.tensor(codes, dtype=torch.int64)])
        half = dealt(test.y, 2, seed=0)  # the same for every seed
        self.halves = (half == 0, half == 1) if half.any() else (half == 0, half == 0)

    def scores(self) -> dict[str, Score]:
        """Balanced accuracy on the held-out reals, by the name of the way."""
        x, y, usual = self.made.tensor, self.y, self.reals.kit.usual
        real_x, real_y, balanced = self.reals.x, self.reals.y, self.made.weights(0.0)
        ways = {NONE: (Course(real_x, real_y), "")}
        ways |= {name: (Course(real_x, real_y, balanced[: len(real_x)]), name) for name in usual}
        ways[GAN] = (Course(x, y), "")
        for share, way in SHARES.items():
            weights = self.made.weights(share)
            ways |= {way.format(name): (Course(x, y, weights), name) for name in usual}
        if self.reals.kit.in_turn:
            weights = self.made.weights(0.5)
            ways |= {IN_TURN.format(n): (Course(x, y, weights, balanced), n) for n in usual}
        found = {}
        for step, (name, (course, altered)) in enumerate(ways.items()):
            if self.progress is not None:
                self.progress("training classifiers", step, len(ways))
            found[name] = self._score(course, altered)
        return found

    def _score(self, course: Course, usual: str) -> Score:
        classify = self.reals.kit.learn(
            self.space, self.reals.control, course, num_classes=len(self.reals.names), usual=usual,
            seed=derive_seed(self.seed, "classifier"),
        )  # fmt: skip
        said, y = classify(self.test.x).argmax(dim=1), self.test.y
        one, other = (balanced_accuracy(said[rows], y[rows]) for rows in self.halves)
        return Score(balanced_accuracy(said, y), (one, other))


def balanced_accuracy(said: Tensor, y: Tensor) -> float:
    """The mean over classes of the share that is named rightly, in [0, 1].

    >>> balanced_accuracy(torch.tensor([0, 0, 0, 0]), torch.tensor([0, 0, 0, 1]))
    0.5
    """
    return float(torch.stack([(said[y == c] == c).double().mean() for c in y.unique()]).mean())
