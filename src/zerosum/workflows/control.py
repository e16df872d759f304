"""Learn a direction: read an attribute off samples, and find along which styles it changes."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zerosum.data.base import Dataset, Progress
from zerosum.errors import DataError
from zerosum.faces import option
from zerosum.modalities.images.attributes import AttributeReader, Reader, learn_attribute
from zerosum.modalities.images.directions import (
    Direction,
    from_steps,
    keep_directions,
    named,
    random_steps,
)
from zerosum.modalities.images.forms import as_pillow, open_image
from zerosum.modalities.images.inversion import FILE as ENCODER
from zerosum.modalities.images.inversion import Inverted, invert
from zerosum.modalities.images.labelled import open_labelled
from zerosum.modalities.images.pixels import fit_image
from zerosum.modalities.images.styled import StyledModel
from zerosum.models.model import Model
from zerosum.models.samples import Samples
from zerosum.rng import Noise, derive_seed
from zerosum.runs.store import Run
from zerosum.workflows.data import open_like
from zerosum.workflows.load import load

_BATCH = 256


def styled_model(
    run_or_model: Run | Model | Path | str,
    *,
    device: str = "auto",
    step: int | None = None,
    code: Path | str | None = None,
) -> StyledModel:
    """A model that takes styles.

    Raises:
        ConditionError: the model takes none.
    """
    model = (
        run_or_model
        if isinstance(run_or_model, Model)
        else load(run_or_model, device=device, step=step, code=code)
    )
    return model.with_styles()


def learn_direction(
    run_or_model: Run | Model | Path | str,
    attribute: str,
    *,
    labels: Any,
    images: Path | str | None = None,
    value: str | None = None,
    keep: Sequence[str] = (),
    n: int = 4_000,
    seed: int = 0,
    device: str = "auto",
    code: Path | str | None = None,
    progress: Progress | None = None,
) -> Direction:
    """Learn a direction from labels, and keep it in the run.

    Args:
        run_or_model: a run of a recipe with styles, its folder, or its model.
        attribute: what the direction will be called.
        labels: what says how much of the attribute images have: data with labels that are
            numbers, or of two classes (a folder of two subfolders, a folder with `labels.csv`, an
            `.npz`, or a `.csv` with a column of files and one of values, which is called as the
            attribute where there are more), from which a network learns to read it; or a function
            from images uint8 `[N, C, H, W]` to numbers `[N]`.
        images: the folder that files in a `.csv` are named from; if not given, the one it lies in.
        value: where there are more classes, the one that has the attribute.
        keep: directions learned before whose attributes shall stay as they are.
        n: samples that are read.
        seed: of samples and networks.
        device: where to sample.
        code: the user's own recipe file, where the run came from one.
        progress: called during work that takes long.

    Raises:
        ConditionError: the model takes no styles, or nothing changes.
        DataError: the labels cannot be read.
        EvaluationError: there are too few of them, or only one kind.
        RunError: another process plays the run.
    """
    model = styled_model(run_or_model, device=device, code=code)
    with nullcontext() if model.run is None else Run.open(model.run).held():
        found = _learn(model, attribute, labels, images, value, keep, n, seed, progress)
        if model.run is not None:
            keep_directions(model.run, [found])
    return found


def _learn(
    model: StyledModel, attribute: str, labels: Any, images: Path | str | None, value: str | None,
    keep: Sequence[str], n: int, seed: int, progress: Progress | None,
) -> Direction:  # fmt: skip
    known = model.directions()
    fixed = [named(known, name) for name in keep]
    reader = _reader(model, attribute, labels, images, value, seed, progress)
    inputs, styles = model.draw(n, seed=seed), model.style_rows(n, seed=seed)
    steps = random_steps(styles, Noise(derive_seed(seed, "directions", attribute)))
    before, after = [], []
    for start in range(0, n, _BATCH):
        rows = inputs.rows(start, start + _BATCH)
        for read, shift in ((before, None), (after, steps[start : start + _BATCH])):
            said = torch.as_tensor(reader(model.moved(rows, shift).tensor))
            read.append(said.detach().cpu().float().flatten())
        if progress is not None:
            progress("reading samples", min(start + _BATCH, n), n)
    found = from_steps(attribute, styles, steps, torch.cat(before), torch.cat(after), fixed)
    if isinstance(reader, AttributeReader):
        found = replace(found, about={**found.about, "rank_correlation": reader.rank_correlation})
    return found


def edit_images(
    model: StyledModel,
    paths: Sequence[Path],
    strengths: Mapping[str, float],
    *,
    how: str | None = None,
    progress: Progress | None = None,
) -> tuple[Samples, Inverted]:
    """Images from files, moved along directions, and what was found of their styles.

    Args:
        model: of a run.
        paths: the images; they are brought to the model's size, cut at the longer sides.
        strengths: of each direction, by name.
        how: as for `invert`; if not given, `both` where the run has an encoder, else `optimise`.
        progress: called with how far the optimisation is.

    Raises:
        DataError: a file is no image.
        ConditionError: no such direction, or another `how`.
    """
    space = model.image_space
    for name in strengths:
        named(model.directions(), name)
    pixels = []
    for path in paths:
        picture = as_pillow(open_image(path))
        pixels.append(fit_image(picture, (space.height, space.width), "cover", space.channels))
    if how is None:
        known = model.run is not None and (model.run / ENCODER).is_file()
        how = "both" if known else "optimise"
    found = invert(model, torch.stack(pixels), how=how, progress=progress)  # pyright: ignore[reportArgumentType]
    return model.edit_styles(found.styles, strengths), found


def values_of(dataset: Dataset, value: str | None) -> Tensor:
    """A number for each row from its label.

    Labels that are numbers are these; of two classes the second has the attribute; of more, the one
    called `value`.

    Raises:
        DataError: there are no labels, or nothing says which class has the attribute.
    """
    labels = dataset.space.labels
    codes = dataset.labels_of(torch.arange(len(dataset)))
    if codes is None:
        raise DataError(
            f"{dataset.name} has no labels. Sort it into two subfolders, or put a labels.csv "
            "(file, label) beside the images."
        )
    if value is not None:
        if value not in labels:
            raise DataError(f"{dataset.name} has no class {value!r}. It has: {', '.join(labels)}.")
        return (codes == labels.index(value)).float()
    numbers = [_number(label) for label in labels]
    if all(number is not None for number in numbers):
        return torch.tensor(numbers)[codes]
    if len(labels) <= 2:  # of one, all are alike, which is told further on
        return codes.float()
    raise DataError(
        f"{dataset.name} has {len(labels)} classes: {', '.join(labels[:8])}. Say which one has the "
        "attribute (value), or give labels that are numbers."
    )


def _reader(
    model: StyledModel, attribute: str, labels: Any, images: Path | str | None,
    value: str | None, seed: int, progress: Progress | None,
) -> Reader:  # fmt: skip
    listed = isinstance(labels, str | Path) and Path(labels).suffix.lower() == ".csv"
    if images is not None and not listed:
        raise DataError(
            f"{option('images')} is the folder of files that a .csv lists, and these labels are "
            "not a .csv. Leave it out."
        )
    if callable(labels):
        reader: Any = labels
        return reader
    space = model.image_space
    if listed:
        folder = None if images is None else Path(images)
        dataset = open_labelled(
            Path(labels), attribute, images=folder, size=(space.height, space.width),
            channels=space.channels, progress=progress,
        )  # fmt: skip
    else:
        dataset, _ = open_like(labels, space, progress=progress)
    if dataset.space.shape != space.shape:
        raise DataError(
            f"the labelled data {dataset.name} has shape {dataset.space.shape}, and the model "
            f"makes {space.shape}. Bring the images to that size."
        )
    if progress is not None:
        progress("learning to read images", 0, 1)
    values = values_of(dataset, value)
    return learn_attribute(space, dataset.take(torch.arange(len(dataset)))[0], values, seed=seed)


def _number(label: str) -> float | None:
    try:
        return float(label)
    except ValueError:
        return None
