"""Find odd samples by a run's model, and keep what it knows of normal ones in the run."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zerosum.catalogue import all_recipes
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.errors import ConditionError, DataError, EvaluationError
from zerosum.evaluation.anomalies.detector import PARTS, Detector, require_normals
from zerosum.evaluation.anomalies.found import (
    Anomalies,
    drift,
    free_folder,
    require_scores_form,
    threshold_at,
)
from zerosum.evaluation.judging.holdout import require_same_kind
from zerosum.faces import option
from zerosum.games.one_class import OneClassGame
from zerosum.models.model import Model
from zerosum.recipe_registry import Recipe
from zerosum.runs.files import DamageError, write_whole
from zerosum.runs.store import Run
from zerosum.runs.tensors import parse_tensors, read_body, write_tensors
from zerosum.spaces import ImageSpace, Space
from zerosum.workflows.data import open_like, reader_for
from zerosum.workflows.prepare import data_of

DETECTOR = "detector.safetensors"
"""The file of a run that holds what normals look like to its model."""

FALSE_ALARMS = 0.01


def find_anomalies(
    model: Model,
    data: Any,
    *,
    out: Path | str | None = None,
    heat: Path | str | None = None,
    false_alarms: float = FALSE_ALARMS,
    normals: Any = None,
    progress: Progress | None = None,
) -> Anomalies:
    """Scores of data by a model of normal samples; see `Abilities.anomalies`, which calls it.

    Raises:
        ConditionError: the model was trained by a recipe that knows no normals, or is a file.
        DataError: the data cannot be read, or is of another kind.
        EvaluationError: too few normals were kept apart, or `false_alarms` is not a share.
        RunError: something cannot be written.
    """
    require_detecting(model)
    threshold_at(torch.zeros(1), false_alarms)  # refuses what is not a share
    if out is not None:
        require_scores_form(out)
    if heat is not None:
        free_folder(Path(heat))
    dataset = _opened(model, data, progress)
    if not len(dataset):
        raise DataError(f"{dataset.name} has no {model.space.unit}.")
    detector = detector_of(model, normals, progress)
    threshold, doubt = threshold_at(detector.held_out, false_alarms)
    scores, parts, hot = detector.score(dataset, progress)
    said = [] if doubt is None else [doubt]
    said += drift(scores, detector.held_out, threshold, false_alarms)
    game = model.game
    assert isinstance(game, OneClassGame)
    found = Anomalies(
        scores=scores, threshold=threshold, false_alarms=false_alarms, held_out=detector.held_out,
        parts=parts, part_names=PARTS, heat=hot, places=[name for name, _ in game.parts],
        items=tuple(dataset.items), x=dataset.take(torch.arange(len(dataset)))[0],
        space=model.space, preview=model.preview, warnings=tuple(said),
        subject={
            "run": str(model.run), "recipe": model.recipe.name, "step": model.step,
            "model": model.fingerprint, "data": dataset.name, "count": len(dataset),
        },
    )  # fmt: skip
    if out is not None:
        found.save(out)
    if heat is not None:
        found.write_heat(heat)
    return found


def detector_of(model: Model, normals: Any = None, progress: Progress | None = None) -> Detector:
    """What the run kept of its normals; where it has nothing yet, it is found and kept.

    Args:
        model: of a run.
        normals: the data of the run, where it has moved and nothing was kept.
        progress: called during work that takes long.

    Raises:
        DataError: nothing was kept, and the data is not there.
        EvaluationError: too few normals are kept apart.
        RunError: it cannot be written.
    """
    game = model.game
    assert isinstance(game, OneClassGame)
    assert model.run is not None
    state = _kept(model)
    if state is not None:
        return Detector(game, state)
    run = Run.open(model.run)
    try:
        dataset, _ = data_of(run, normals, progress)
    except DataError as error:
        raise DataError(
            f"{model.run} keeps nothing of its normals for these weights, so its data is needed: "
            f"{error} Here that is named with {option('normals')}."
        ) from error
    detector = Detector.learn(game, dataset, _held_out(dataset), progress)
    path = model.run / DETECTOR
    older = model.step in run.checkpoints.steps()[:-1] and path.exists()
    if not older:  # what is kept of the newest state is not given up for it
        tensors = {name: one.contiguous() for name, one in detector.state.items()}
        write_whole(path, lambda aside: write_tensors(tensors | _mark(model), aside))
    return detector


def require_detecting(model: Model) -> None:
    """Refuse models that know no normals.

    Raises:
        ConditionError: it is one, or a file that holds no discriminator.
    """
    name = getattr(model.recipe, "name", "its recipe")
    if not isinstance(model.game, OneClassGame):
        can = ", ".join(one for one, entry in all_recipes().items() if entry.holdout is not None)
        raise ConditionError(
            f"this model was trained by {name}, which knows no normal samples to find odd ones by. "
            f"Train {can or 'anomaly'} on normal samples."
        )
    if model.run is None:
        raise ConditionError(
            "an exported file holds no discriminator and no normals. Name the run that it is from."
        )


def require_apart(recipe: Recipe, dataset: Dataset) -> None:
    """Before anything is trained: see that normals are kept apart where a recipe is for that.

    Raises:
        DataError: none are.
        EvaluationError: too few are.
    """
    entry = all_recipes().get(recipe.name)
    if entry is not None and entry.holdout is not None:
        require_normals(len(dataset), len(_held_out(dataset)))


def _held_out(dataset: Dataset) -> Dataset:
    if dataset.held_out is None:
        raise DataError(
            f"{dataset.name} has no samples that were kept apart, and the threshold is set with "
            f"some. Give a file, a folder or arrays with {option('holdout', 0.2)}, or set "
            "`held_out` of your Dataset."
        )
    return dataset.held_out


def _opened(model: Model, data: Any, progress: Progress | None) -> Dataset:
    """Data in the form of the model's samples.

    Raises:
        DataError: it cannot be read, or holds another kind.
    """
    space = model.space
    if isinstance(data, str | Path) and Path(data).is_dir() and not any(Path(data).iterdir()):
        raise DataError(f"the folder {data} is empty. Give one that holds {space.unit}.")
    if not isinstance(data, Dataset | DataConfig):
        reader = reader_for(data, (space.kind,))
        if space.kind not in reader.spaces:
            lone = isinstance(data, str | Path) and Path(data).is_file()
            raise DataError(
                f"the data is read as {' or '.join(reader.spaces)} ({reader.kind}), and the model "
                f"was trained on {space.unit}. Give data of that kind"
                f"{'; of single files, the folder that they lie in' if lone else ''}."
            )
    assert model.run is not None
    recorded = Run.open(model.run).manifest["data"]["config"]
    like = None
    if recorded:
        like = DataConfig.from_json(recorded).with_values({"holdout": None})
        like = _with(like, {"labels": "none"})
    try:
        return _in_the_form(model, data, like, progress)
    except DataError:
        brought = like and _with(like, _form_of(space))
        if brought in (None, like):
            raise
    dataset = _in_the_form(model, data, brought, progress)
    said = (f"{dataset.name} is brought to the form of the normals: {space.description}.",)
    for one in said + tuple(dataset.notes):
        warnings.warn(one, stacklevel=2)
    return dataset


def _in_the_form(
    model: Model, data: Any, like: DataConfig | None, progress: Progress | None
) -> Dataset:
    """Data as it is read, which is of the form of the model's samples.

    Raises:
        DataError: it cannot be read, or is of another form.
    """
    dataset, _ = open_like(data, model.space, like=like, progress=progress)
    try:
        require_same_kind(model.space, dataset.space, f"the data {dataset.name}")
    except EvaluationError as error:
        raise DataError(str(error)) from error
    return dataset


def _with(like: DataConfig, values: Mapping[str, Any]) -> DataConfig:
    """With those values that its reader has options for."""
    known = type(like).model_fields
    return like.with_values({name: one for name, one in values.items() if name in known})


def _form_of(space: Space) -> Mapping[str, Any]:
    """Options that bring images to a form, whatever theirs is, and leave out unreadable files."""
    if not isinstance(space, ImageSpace):
        return {}
    size = space.height, space.width
    return {"size": size, "channels": space.channels, "skip_bad": True}


def _mark(model: Model) -> dict[str, Tensor]:
    """The weights that a detector belongs to: digits of their digest, and their step."""
    digits = [int(one, 16) for one in model.fingerprint]
    return {"of": torch.tensor([*digits, model.step or 0], dtype=torch.int64)}


def _kept(model: Model) -> Mapping[str, Tensor] | None:
    """What the run keeps for these very weights; None if nothing."""
    assert model.run is not None
    path = model.run / DETECTOR
    if not path.is_file():
        return None
    try:
        state = parse_tensors(read_body(path), path)
    except DamageError as error:
        warnings.warn(f"{error} It is made anew.", stacklevel=2)
        return None
    own = state.pop("of", torch.zeros(0))
    return state if torch.equal(own, _mark(model)["of"]) else None
