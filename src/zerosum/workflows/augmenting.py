"""Fill the classes of labelled data with samples of a model, and reject what is unfit."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zerosum.catalogue import modality_of
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.errors import ConditionError, DataError, EvaluationError, did_you_mean
from zerosum.evaluation.augmenting.kit import ClassKit
from zerosum.evaluation.augmenting.screening import Screening, screen_of
from zerosum.evaluation.judging.holdout import codes_of, require_same_kind
from zerosum.evaluation.reports.words import outside_the_account
from zerosum.faces import either, option
from zerosum.models.augmented import Augmented, ClassCount, Origin, free_place
from zerosum.models.model import Model
from zerosum.rng import derive_seed
from zerosum.runs.store import Run
from zerosum.workflows.data import open_like, reader_for
from zerosum.workflows.features import choose_features

_ROUNDS = 8
"""Rounds in which samples of a class are made, each as many as are still missing at first."""

_LEAST = 20
"""Reals that a screen needs."""


@dataclass(frozen=True)
class LabelledData:
    """Reals with the classes that a model knows.

    Attributes:
        dataset: the reals, those without a class too.
        kit: how the modality knows classes.
        control: what the classes are the values of.
        names: of all classes that the model makes.
        x: compact samples with a class `[N, ...]`.
        y: their classes, int64 `[N]`, as the model numbers them.
    """

    dataset: Dataset
    kit: ClassKit
    control: str
    names: tuple[str, ...]
    x: Tensor
    y: Tensor

    def rows(self, some: Tensor) -> "LabelledData":
        """The reals of these rows alone."""
        return LabelledData(
            self.dataset, self.kit, self.control, self.names, self.x[some], self.y[some]
        )

    @property
    def counts(self) -> list[int]:
        """Reals of each class."""
        return self.y.bincount(minlength=len(self.names)).tolist()


def augment_with(
    model: Model,
    data: Any,
    *,
    out: Path | str | None = None,
    balance: bool = False,
    per_class: int | None = None,
    amount: Mapping[Any, int] | None = None,
    target: str | None = None,
    features: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Augmented:
    """Reals, and samples of the same classes; see `Abilities.augment`, which calls it.

    Raises:
        ConditionError: the model does not control the class, or an amount is not one.
        DataError: the data cannot be read, or has no classes.
        EvaluationError: the data is of another kind, has classes that the model never saw, or fewer
            than two; or everything was rejected.
        RunError: `out` is there already, or cannot be written.
    """
    if out is not None:
        free_place(out, model.space, model.writer)
    reals = open_labelled(model, data, target=target, progress=progress)
    wanted = wanted_of(reals, balance=balance, per_class=per_class, amount=amount or {})
    made = fill(model, reals, wanted, features=features, seed=seed, progress=progress)
    if not made.origins:
        said = "; ".join(str(one) for one in made.counts if one.asked)
        raise EvaluationError(
            f"everything was rejected ({said}). Many copies mean that the model gives its training "
            "data back; many implausible samples, that it has not learned the class. Train longer, "
            "or on more data."
        )
    if out is not None:
        made.save(out)
    return made


def open_labelled(
    model: Model, data: Any, *, target: str | None = None, what: str = "the data",
    progress: Progress | None = None,
) -> LabelledData:  # fmt: skip
    """Reals in the form of a model's samples, with their classes.

    Args:
        model: what is to fill them.
        data: whatever `open_data` takes.
        target: the column of a table whose categories are the classes.
        what: how messages call it.
        progress: called during work that takes long.

    Raises:
        ConditionError: the model does not control the class.
        DataError: the data cannot be read, or has no classes.
        EvaluationError: it is of another kind, has classes that the model never saw, or fewer than
            two.
    """
    space = model.space
    kit = modality_of(space).classes
    if kit is None:
        raise EvaluationError(
            f"this model makes {space.unit} of kind {space.kind!r}. Only images, sounds and rows "
            "of tables can be augmented."
        )
    control = kit.control(space, target)
    if control not in model.controls:
        name = getattr(model.recipe, "name", "its recipe")
        conditional = either(
            python="set={'game.conditional': True}", shell="--set game.conditional=true"
        )
        raise ConditionError(
            f"this model was trained by {name} without conditions, so no class can be asked of it. "
            f"Train cgan, few, or r3gan, stylegan, dcgan or wgan_gp with {conditional}; or sound, "
            "from 20 sounds of each label on."
        )
    if not isinstance(data, Dataset | DataConfig):
        reader = reader_for(data, (space.kind,))
        if space.kind not in reader.spaces:
            raise EvaluationError(
                f"{what} is read as {' or '.join(reader.spaces)} ({reader.kind}), and the model "
                f"makes {space.unit}. Give data of the kind that it was trained on."
            )
    dataset, _ = open_like(data, space, like=_opened_as(model), progress=progress)
    require_same_kind(space, dataset.space, f"{what} {dataset.name}")
    if not kit.classes(dataset.space, control):
        raise DataError(
            f"{what} {dataset.name} has no labels. Put files into a subfolder for each class, "
            "write labels.csv with the columns file and label, or give y beside x in a .npz file."
        )
    y = kit.codes(dataset, control)
    names = kit.classes(space, control)
    own = codes_of(space, dataset.space, f"{what} {dataset.name}")
    y = y if own is None else torch.where(y < 0, y, own[y])
    if (y >= len(names)).any():
        raise EvaluationError(
            f"{what} {dataset.name} has values of {control} that the training data lacks, in "
            f"{int((y >= len(names)).sum())} rows. Known are {', '.join(names)}. Rename them, or "
            "leave these rows out."
        )
    rows = torch.nonzero(y >= 0).flatten()
    if len(rows) < len(y):
        warnings.warn(
            f"{len(y) - len(rows)} samples of {dataset.name} have no {control}, and are left out.",
            stacklevel=2,
        )
    found = LabelledData(dataset, kit, control, names, dataset.take(rows)[0], y[rows])
    if len(found.y.unique()) < 2:
        there = ", ".join(names[code] for code in found.y.unique().tolist()) or "none"
        raise EvaluationError(
            f"{what} {dataset.name} has fewer than two classes ({there}), so there is nothing to "
            "tell apart. Give data with two classes or more."
        )
    return found


def _opened_as(model: Model) -> DataConfig | None:
    """How the data of the model's run was opened, where it is known."""
    if model.run is None:
        return None
    recorded = Run.open(model.run).manifest["data"]["config"]
    return DataConfig.from_json(recorded) if recorded else None


def wanted_of(
    reals: LabelledData, *, balance: bool, per_class: int | None, amount: Mapping[Any, int]
) -> dict[int, int]:
    """How many samples are to be made of each class, by its code.

    Raises:
        ConditionError: an amount is below 1 or of a class that there is not, both are asked for, or
            nothing is to be made.
    """
    if balance and per_class is not None:
        raise ConditionError(
            f"{option('balance', True)} fills classes up to the largest, "
            f"{option('per_class', per_class)} up to {per_class}. Give one of them."
        )
    asked = {f"the class {str(name)!r}": many for name, many in amount.items()}
    asked |= {} if per_class is None else {option("per_class"): per_class}
    for name, many in asked.items():
        if not isinstance(many, Integral) or many < 1:
            raise ConditionError(
                f"{name} asks for {many} samples; ask for 1 or more, as a whole number."
            )
    counts, wanted = reals.counts, {}
    if per_class is not None or balance or not amount:
        goal = max(counts) if per_class is None else per_class
        wanted = {i: goal - have for i, have in enumerate(counts) if have and have < goal}
    for name, many in amount.items():
        if str(name) not in reals.names:
            raise ConditionError(
                f"{reals.control} has no value {str(name)!r}.{did_you_mean(str(name), reals.names)}"
            )
        wanted[reals.names.index(str(name))] = many
    if not wanted:
        held = sorted({have for have in counts if have})
        raise ConditionError(
            f"nothing is to be made: each class has {held[0]} reals or more. Give a larger "
            f"{option('per_class')}, or "
            f"{either(python='amount={LABEL: N}', shell='--amount LABEL=N')}."
        )
    return wanted


def fill(
    model: Model, reals: LabelledData, wanted: Mapping[int, int], *, features: str | None = None,
    seed: int = 0, progress: Progress | None = None,
) -> Augmented:  # fmt: skip
    """The reals, and for each class as many samples as are wanted and pass the screen, or none.

    Raises:
        EvaluationError: there are too few reals.
    """
    if len(reals.x) < _LEAST:
        raise EvaluationError(
            f"{reals.dataset.name} has {len(reals.x)} samples with a class, and {_LEAST} are the "
            "least from which copies and implausible samples are told."
        )
    if model.privacy:
        warnings.warn(outside_the_account(model.privacy), stacklevel=2)
    extractor = choose_features(features, reals.dataset, progress).extractor
    screen = screen_of(
        reals.kit, model.space, reals.control, reals.x, reals.y, num_classes=len(reals.names),
        extractor=extractor, seed=derive_seed(seed, "screen"),
    )  # fmt: skip
    counts, origins, pieces, done = [], [], [], 0
    for code, have in enumerate(reals.counts):
        count = ClassCount(reals.names[code], have, wanted.get(code, 0))
        if count.asked:
            count, some, from_ = _fill_one(model, reals.control, code, count, screen, seed)
            pieces.append(some)
            origins += from_
            done += count.asked
            if progress is not None:
                progress("making samples", done, sum(wanted.values()))
        if have or count.asked:
            counts.append(count)
    for one in counts:
        if origins and one.kept < one.asked:
            warnings.warn(f"Fewer samples than asked for of {one}.", stacklevel=2)
    labels = [reals.names[code] for code in reals.y.tolist()] + [one.label for one in origins]
    return Augmented(
        torch.cat([reals.x, *pieces]), labels, counts=counts, origins=origins,
        made_by=model.provenance(len(origins), seed=seed), control=reals.control,
        data={"name": reals.dataset.name, "fingerprint": reals.dataset.fingerprint},
        space=model.space, writer=model.writer,
    )  # fmt: skip


def _fill_one(
    model: Model, control: str, code: int, count: ClassCount, screen: Screening, seed: int
) -> tuple[ClassCount, Tensor, list[Origin]]:
    """What was kept of one class, with where each is from."""
    kept, origins, made, copies, odd = [], [], 0, 0, 0
    for i in range(_ROUNDS):
        if len(origins) == count.asked:
            break
        one = derive_seed(seed, "augment", count.label, i)
        x = model.values(count.asked, where={control: count.label}, seed=one)
        copied = screen.copies(x)
        implausible = ~copied & screen.implausible(x, code)
        made, copies = made + len(x), copies + int(copied.sum())
        odd += int(implausible.sum())
        fit = torch.nonzero(~copied & ~implausible).flatten()[: count.asked - len(origins)]
        kept.append(x[fit])
        origins += [Origin(count.label, one, row) for row in fit.tolist()]
    found = ClassCount(count.label, count.real, count.asked, len(origins), made, copies, odd)
    return found, torch.cat(kept), origins
