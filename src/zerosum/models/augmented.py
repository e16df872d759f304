"""Reals with samples beside them, as training data for a classifier: which are which is kept."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zerosum.errors import ConditionError, RunError
from zerosum.faces import option
from zerosum.forms.base import Writer
from zerosum.forms.csv_cells import Cells
from zerosum.models.provenance import Provenance
from zerosum.runs.files import make_folder, require_unicode, write_folder, write_json, write_whole
from zerosum.spaces import Space

MANIFEST = "augmented.json"


@dataclass(frozen=True)
class ClassCount:
    """What was made for one class.

    Attributes:
        label: its name.
        real: reals of it.
        asked: samples that were asked for.
        kept: samples that were kept.
        made: samples that were made.
        copies: of these, near copies of a real.
        implausible: of these, those that a classifier of reals did not take for the class.
    """

    label: str
    real: int
    asked: int
    kept: int = 0
    made: int = 0
    copies: int = 0
    implausible: int = 0

    def __str__(self) -> str:
        if not self.asked:
            return f"{self.label}: nothing asked for"
        return (
            f"{self.label}: {self.kept} of {self.asked} kept; of {self.made} made, {self.copies} "
            f"were near copies and {self.implausible} implausible"
        )


@dataclass(frozen=True)
class Origin:
    """Where one synthetic sample is from: `model.sample` with this label and seed makes it again.

    Attributes:
        label: the class that it was asked for.
        seed: of the samples that it was among.
        index: its number among these.
    """

    label: str
    seed: int
    index: int


class Augmented:
    """Reals, then the samples that were kept; made by `Model.augment`.

    Attributes:
        tensor: compact samples `[N, ...]`.
        labels: the class of each.
        synthetic: whether a model made it.
        counts: what was made for each class.
        origins: of the synthetic ones, in their order.
        made_by: the model, as a provenance.
        control: what the classes are the values of: `label`, or a column.
        data: name and fingerprint of the reals.
        space: what a sample is.
    """

    def __init__(
        self, tensor: Tensor, labels: Sequence[str], *, counts: Sequence[ClassCount],
        origins: Sequence[Origin], made_by: Provenance, control: str, data: Mapping[str, str],
        space: Space, writer: Writer,
    ) -> None:  # fmt: skip
        self.tensor, self.labels = tensor, list(labels)
        self.counts, self.origins = tuple(counts), tuple(origins)
        self.made_by, self.control, self.data = made_by, control, dict(data)
        self.space, self._writer = space, writer
        real = len(tensor) - len(self.origins)
        self.synthetic = [False] * real + [True] * len(self.origins)

    def __len__(self) -> int:
        return len(self.tensor)

    def weights(self, share: float = 0.5) -> Tensor:
        """How much each item should count to a classifier, float64 `[N]`.

        Classes keep the sizes to which they were filled. In each that was filled, samples make up
        `share` of it and reals the rest, however few they are.

        Args:
            share: what samples make up, in [0, 1]; all of a class without reals. With 0 rare reals
                count more and samples nothing, which is oversampling.

        Raises:
            ConditionError: the share is not in [0, 1].
        """
        if not isinstance(share, Real) or not 0 <= share <= 1:
            raise ConditionError(f"share is {share}; it must be in [0, 1].")
        made, found = torch.tensor(self.synthetic), torch.ones(len(self), dtype=torch.float64)
        for label in {one.label for one in self.origins}:
            mine = torch.tensor([one == label for one in self.labels])
            reals, samples = mine & ~made, mine & made
            part = share if reals.any() else 1.0
            found[reals] = (1 - part) * mine.sum() / reals.sum()
            found[samples] = part * mine.sum() / samples.sum()
        return found

    def to_json(self, names: Sequence[str] = ()) -> dict[str, Any]:
        """Model, data, what was made for each class, and the origin of each synthetic item.

        Args:
            names: of the synthetic items in the file or folder; if not given, their numbers.
        """
        start = len(self) - len(self.origins)
        names = names or [str(start + i) for i in range(len(self.origins))]
        return {
            "made_by": self.made_by.to_json(),
            "control": self.control,
            "data": self.data,
            "classes": [vars(one) for one in self.counts],
            "items": [
                {"item": name, **vars(one)} for name, one in zip(names, self.origins, strict=True)
            ],
        }

    def save(self, path: Path | str, *, safe_csv: bool = False) -> Path:
        """Write everything to `path`, in a form that training data has; `zerosum` reads it again.

        Images become a folder with a subfolder for each class, and `labels.csv` with a column
        `synthetic`; or a `.npz` file with `x`, `y` and `synthetic`. Rows become a `.csv` or
        `.parquet` file with a column `synthetic`. What was made, and from which seed, stands in
        `augmented.json` in the folder, or in `NAME.augmented.json` beside the file.

        Raises:
            RunError: the form does not suit these samples, something is at `path` already, or it
                cannot be written.
        """
        path, form = free_place(path, self.space, self._writer)
        make_folder(path.parent)
        cells, names = Cells(safe=safe_csv), []

        def write(place: Path) -> None:
            names.extend(
                self._writer.write_labelled(
                    place, form, self.space, self.tensor, self.labels, self.synthetic, cells
                )
            )
            if form == "folder":
                write_json(place / MANIFEST, self.to_json(names))

        if form == "folder":
            write_folder(path, write)
        else:
            write_whole(path, write)
            write_json(manifest_beside(path), self.to_json())
        cells.warn()
        return path


def free_place(path: Path | str, space: Space, writer: Writer) -> tuple[Path, str]:
    """Where labelled samples are to be written, and in which form.

    Raises:
        RunError: the form does not suit these samples, or something is there already.
    """
    as_folder = str(path).endswith(("/", os.sep))
    path = Path(path)
    require_unicode(path)
    form = "folder" if as_folder or path.is_dir() else path.suffix.lower() or "folder"
    if form not in writer.labelled_forms:
        allowed = ", ".join(writer.labelled_forms) or "none for this kind of data"
        raise RunError(f"cannot save {space.unit} with classes as {form}. Allowed: {allowed}.")
    taken = [path] if form == "folder" else [path, manifest_beside(path)]
    for one in taken:
        if one.is_file() or (one.is_dir() and any(one.iterdir())):
            raise RunError(
                f"{one} is there already and is left as it is. Choose another {option('out')}."
            )
    return path, form


def manifest_beside(path: Path) -> Path:
    """The file beside `path` that says what is synthetic in it.

    >>> manifest_beside(Path("out/more.csv")).name
    'more.augmented.json'
    """
    return path.with_name(f"{path.stem}.{MANIFEST}")
