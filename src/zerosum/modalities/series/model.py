"""A trained model of series: attributes are asked for as columns of a table are."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from zerosum.forms.csv_cells import Cells
from zerosum.games.base import Inputs
from zerosum.modalities.series.attributes import table_of
from zerosum.modalities.series.game import AttributedSeries
from zerosum.modalities.series.space import SeriesSpace
from zerosum.modalities.tables.model import TableModel
from zerosum.models.model import Model
from zerosum.models.provenance import Provenance
from zerosum.models.samples import Samples
from zerosum.models.steering import Weight, Where


class SeriesSamples(Samples):
    """Series that a model made, and what each has once."""

    @property
    def attributes(self) -> pa.Table:
        """A row for each series, without the label."""
        assert isinstance(self.space, SeriesSpace)
        assert self.space.attributes is not None
        return table_of(self.space.parts(self.tensor)[1], self.space.attributes)

    def _write(self, path: Path, form: str, cells: Cells) -> None:
        if form != ".npz":
            super()._write(path, form, cells)
            return
        arrays: dict[str, Any] = {"x": self.x, "names": np.array(_space_of(self).names)}
        if self.labels:
            arrays["y"] = np.array(self.labels)
        for name in self.attributes.column_names:
            column = self.attributes[name].to_numpy()
            arrays[name] = column.astype(str) if column.dtype == object else column
        with path.open("wb") as handle:
            np.savez_compressed(handle, **arrays)


class SeriesModel(Model):
    """A generator of series with attributes; conditions on these hold exactly and jointly."""

    @cached_property
    def of_attributes(self) -> TableModel:
        """The model of attributes, which are rows of a table."""
        assert isinstance(self.game, AttributedSeries)
        return TableModel(
            recipe=self.recipe, game=self.game.of_attributes(), preview=self.preview,
            writer=self.writer, run=self.run, step=self.step, device=self.device,
        )  # fmt: skip

    def samples_of(
        self, x: Tensor, y: Tensor | None = None, *, made: Callable[[], Provenance] | None = None
    ) -> SeriesSamples:
        """See `Model.samples_of`."""
        return SeriesSamples(
            x, y, self.space, preview=self.preview, writer=self.writer, real=self.shown_on,
            made=made, remark=self.remark,
        )  # fmt: skip

    def inputs_like(
        self, reals: Tensor, y: Tensor | None, sources: Tensor | None, seed: int
    ) -> Inputs:
        """As many inputs; attributes, and labels among them, are drawn as in samples."""
        return self._wanted(len(reals), 0, None, None, None, seed)

    def _wanted(
        self, n: int, start: int, where: Where | None, in_turn: Where | None,
        weight: Weight | None, seed: int,
    ) -> Inputs:  # fmt: skip
        """See `Model._wanted`; attributes are asked for together."""
        assert isinstance(self.game, AttributedSeries)
        pieces = self.of_attributes.pieces(start + n, where, in_turn, weight, (), seed, None)
        return self.game.given(
            self.draw(n, seed=seed, start=start), torch.cat([*pieces])[start : start + n]
        )


def _space_of(samples: Samples) -> SeriesSpace:
    assert isinstance(samples.space, SeriesSpace)
    return samples.space
