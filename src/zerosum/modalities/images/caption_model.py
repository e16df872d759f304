"""A model of images with captions: samples keep the captions that they were made from."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.forms.csv_cells import Cells
from zerosum.games.base import Inputs
from zerosum.modalities.images.caption_game import CaptionGame
from zerosum.models.model import Model
from zerosum.models.provenance import Provenance
from zerosum.models.samples import Samples


class CaptionedSamples(Samples):
    """Images that a model made, and what each was made from.

    In a folder the captions stand in `captions.csv`, so that it can be trained on; in a `.npz` file
    they are the array `captions`.

    Attributes:
        captions: of each image, in lower case and without punctuation.
    """

    captions: Sequence[str] = ()

    def _write(self, path: Path, form: str, cells: Cells) -> None:
        if form == ".npz":
            arrays: Any = {"x": self.x, "captions": np.array(self.captions)}
            with path.open("wb") as handle:
                np.savez_compressed(handle, **arrays)
            return
        super()._write(path, form, cells)
        if form == "folder":
            (path / "labels.csv").unlink()  # without labels it would say nothing
            names = sorted(one.name for one in path.iterdir())
            with (path / "captions.csv").open("w", newline="", encoding="utf-8") as handle:
                said = cells.texts("caption", list(self.captions))
                csv.writer(handle).writerows([("file", "caption"), *zip(names, said, strict=True)])


class CaptionModel(Model):
    """Makes images from captions, such as `where={"text": "a small red ring"}`.

    Where no caption is asked for, samples have captions of the training data. `captions` of the
    samples says which.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> zs.load("runs/scenes").sample(16, where={"text": "two red rings"})  # doctest: +SKIP
    """

    def make(
        self, inputs: Inputs, *, batch_size: int, progress: Progress | None = None,
        made: Callable[[], Provenance] | None = None,
    ) -> CaptionedSamples:  # fmt: skip
        """See `Model.make`."""
        plain = super().make(inputs, batch_size=batch_size, progress=progress)
        samples = CaptionedSamples(
            plain.tensor, None, self.space, preview=self.preview, writer=self.writer,
            real=self.shown_on, made=made, remark=self.remark,
        )  # fmt: skip
        assert isinstance(self.game, CaptionGame)
        samples.captions = self.game.captions_in(inputs)
        return samples

    def inputs_like(
        self, reals: Tensor, y: Tensor | None, sources: Tensor | None, seed: int
    ) -> Inputs:
        """What `drawn_like` makes samples from: the captions of the reals, `sources` `[N, L]`."""
        inputs = self.draw(len(reals), seed=seed)
        assert isinstance(self.game, CaptionGame)
        return inputs if sources is None else self.game.told(inputs, sources)
