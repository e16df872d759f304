"""Samples in the user's units, and the forms they are saved in."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from zerosum.cards import Described, InfoCard
from zerosum.errors import EvaluationError, OriginError, RunError
from zerosum.faces import option
from zerosum.forms.base import Preview, Writer
from zerosum.forms.csv_cells import Cells
from zerosum.models.provenance import Provenance, Signer
from zerosum.runs.files import make_folder, require_unicode, write_folder, write_whole
from zerosum.spaces import Space

_OF_ALL = (".png", ".npz")
"""Forms that samples of every kind are saved in."""

_NAMED = 12
"""Labels that are listed."""


class Samples(Described):
    """What a model made.

    Attributes:
        x: samples as users hold them: uint8 `[N, H, W, C]` for images, float32 `[N, D]` for points.
        y: int64 label codes `[N]`, or None.
        labels: name of each sample's label; empty without labels.
        space: what a sample is.
        seed: that gives the same samples again, where it is known.
        remark: what there is to say of how they were made; None for most.
    """

    seed: int | None = None

    def __init__(
        self, x: Tensor, y: Tensor | None, space: Space, *, preview: Preview, writer: Writer,
        real: Tensor | None = None, made: Callable[[], Provenance] | None = None,
        remark: str | None = None,
    ) -> None:  # fmt: skip
        self._x, self.space, self._real, self._made = x, space, real, made
        self.remark = remark
        self._preview, self._writer = preview, writer
        self.y = None if y is None else y.numpy()
        self.labels = [] if y is None else [space.labels[int(code)] for code in y]

    def __len__(self) -> int:
        return len(self._x)

    @property
    def x(self) -> np.ndarray:
        """The samples in the user's units; see `Space.to_numpy`."""
        return self.space.to_numpy(self._x)

    @property
    def tensor(self) -> Tensor:
        """Compact samples: uint8 `[N, C, H, W]` of images, float32 `[N, D]` of points."""
        return self._x

    @property
    def forms(self) -> tuple[str, ...]:
        """Endings of files that these samples can be saved as; `folder` for a folder."""
        return forms_of(self._writer)

    def picture(self) -> Image.Image:
        """All samples in one picture: images as a grid, points as a plot."""
        return self._preview.draw(self.space, self._x, real=self._real)

    def media(self) -> Mapping[str, bytes]:
        """Files in which samples can be heard or watched, by name; empty for most kinds."""
        return self._preview.media(self.space, self._x)

    @property
    def provenance(self) -> Provenance | None:
        """How they were made; None where the model does not keep it, as after an edit."""
        return None if self._made is None else self._made()

    def save(self, path: Path | str, *, safe_csv: bool = False, sign: Signer | None = None) -> Path:
        """Write to `path`; its ending decides the form.

        `.png` is a picture of all samples, and `.npz` holds the arrays `x`, `y` and `labels`, the
        names of the numbers in `y`. The other `forms` depend on the samples: `.csv` and `.parquet`
        for points, and a folder with one file for each sample for images, for a path without an
        ending or one that ends in a slash. With `safe_csv`, texts in a .csv file that a
        spreadsheet would take for formulas begin with `'`.

        With `sign`, such as `zs.Identity.own()`, each file says by which model it was made, and
        is signed.

        Raises:
            RunError: the form does not suit these samples, the path is not UTF-8, or it cannot be
                written.
            OriginError: they are to be signed, and cannot be.
        """
        form = form_of(path, self.space, self._writer, safe_csv=safe_csv)
        path = Path(path)
        cells = Cells(safe=safe_csv)
        put = write_folder if form == "folder" else write_whole
        make_folder(path.parent)

        def write(place: Path) -> None:
            put(place, lambda aside: self._write(aside, form, cells))

        if sign is None:
            write(path)
        else:
            sign.write(path, write, _known(self.provenance))
        cells.warn()
        return path

    def _write(self, path: Path, form: str, cells: Cells) -> None:
        if form == ".png":
            self.picture().save(path, format="PNG")
        elif form == ".npz":
            arrays: Any = {"x": self.x}
            if self.y is not None:
                arrays |= {"y": self.y, "labels": np.array(self.space.labels)}
            with path.open("wb") as handle:  # given a name, numpy would add an ending of its own
                np.savez_compressed(handle, **arrays)
        else:
            self._writer.write(path, form, self.space, [self._x], self.labels, cells)

    def card(self, *, drawn: bool) -> InfoCard:
        """How many of what, and the first of them as a picture."""
        facts = {} if self.seed is None else {"seed": str(self.seed)}
        if self.labels:
            there = set(self.labels)
            names = [name for name in self.space.labels if name in there]
            facts["labels"] = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
        few, notes = self._preview.few, [self.remark] if self.remark else []
        if drawn and len(self) > few:
            notes.append(f"The first {few:,} are shown; picture() draws all.")
        pictures = []
        if drawn:
            pictures = [self._preview.draw(self.space, self._x[:few], real=self._real)]
        return InfoCard(
            f"{len(self):,} samples: {self.space.description}",
            facts,
            notes=notes,
            pictures=pictures,
        )


def _known(provenance: Provenance | None) -> Provenance:
    if provenance is None:
        raise OriginError(
            "these samples do not know how they were made, so there is nothing to sign. Sign what "
            "Model.sample makes, or use Identity.sign with a Provenance of your own."
        )
    return provenance


def forms_of(writer: Writer) -> tuple[str, ...]:
    """Endings of files that samples can be saved as; `folder` for a folder."""
    return *_OF_ALL, *writer.forms


def form_of(path: Path | str, space: Space, writer: Writer, *, safe_csv: bool = False) -> str:
    """The form that samples are saved in at `path`: an ending, or `folder`.

    Raises:
        RunError: it does not suit these samples, or is not UTF-8.
    """
    require_unicode(Path(path))
    as_folder = str(path).endswith(("/", os.sep))
    path = Path(path)
    form = "folder" if as_folder or path.is_dir() else path.suffix.lower() or "folder"
    if form not in forms_of(writer):
        what = "a folder" if form == "folder" else form
        raise RunError(
            f"cannot save {space.unit} as {what}. Allowed: {', '.join(forms_of(writer))}."
        )
    if safe_csv and form not in (".csv", "folder"):
        raise RunError(
            f"{option('safe_csv')} is for .csv files and folders, not for {path.name!r}. "
            "Leave it out."
        )
    return form


def require_finite(bad: int, n: int) -> None:
    """Refuse samples of which `bad` of `n` are not finite.

    Raises:
        EvaluationError: there are some.
    """
    if bad:
        raise EvaluationError(
            f"{bad:,} of {n:,} samples hold NaN or infinite values, so there is nothing to "
            "judge. The training has diverged: train again with lower rates, or resume an earlier "
            "checkpoint."
        )
