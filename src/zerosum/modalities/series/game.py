"""Games of series that may have attributes: these first, and then the series, given them."""

from collections.abc import Mapping

import torch
from torch import Tensor

from zerosum.games.base import Game, Inputs
from zerosum.games.controls import ChoiceControl, RangeControl, label_controls
from zerosum.modalities.series.attributes import label_of
from zerosum.modalities.series.space import SeriesSpace
from zerosum.modalities.tables.game import MaskedRows
from zerosum.modalities.tables.sampling.controls import controls_of
from zerosum.networks.masked import MaskedNetwork
from zerosum.rng import Noise


class AttributedSeries(Game):
    """A game whose `attributes` make a row for each series, where series have attributes.

    Latents are, with attributes, two normal numbers for the code of each, its code + place if that
    is given (else NaN), and two normal numbers for each number of a series.

    Attributes:
        attributes: a masked network; None without attributes.
        told: whether the generator is told the label.
    """

    attributes: MaskedNetwork | None
    told: bool
    label_weights: Tensor

    @property
    def series(self) -> SeriesSpace:
        """The space, which is one of series."""
        assert isinstance(self.space, SeriesSpace)
        return self.space

    def of_attributes(self) -> MaskedRows:
        """The game of attributes alone, by the same network."""
        assert self.attributes is not None
        assert self.series.attributes is not None
        return MaskedRows(self.attributes, self.series.attributes)

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Latents of `n` series; labels as frequent as in the data, where there is nothing else."""
        z = noise.normal(n, 2 * len(self.series.coded) * self.series.length)
        if self.series.attributes is not None:
            many = len(self.series.attributes.codecs)
            free = torch.full((n, many), torch.nan)
            return Inputs(torch.cat([noise.normal(n, 2 * many), free, z], dim=1))
        return Inputs(z, noise.choice(n, self.label_weights) if self.told else None)

    def attributes_of(self, inputs: Inputs) -> tuple[Tensor | None, Tensor]:
        """Code + place of attributes `[B, K]`, or None; and the latents that are left."""
        if self.series.attributes is None:
            return None, inputs.z
        many = len(self.series.attributes.codecs)
        chance, given, z = inputs.z.split([2 * many, many, inputs.z.shape[1] - 3 * many], dim=1)
        if not bool(given.isnan().any()):
            return given, z
        made = self.of_attributes().generate(Inputs(torch.special.ndtr(chance)))
        return torch.where(given.isnan(), made.to(given), given), z

    def given(self, inputs: Inputs, values: Tensor) -> Inputs:
        """Inputs with attributes of these values, float64 `[B, A]`, and the labels among them."""
        table = self.series.attributes
        assert table is not None
        many = len(table.codecs)
        z = inputs.z.clone()
        z[:, 2 * many : 3 * many] = table.to_model(values).to(z)
        return Inputs(z, label_of(values, table, self.series.labels))

    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """`label`, or all attributes."""
        if self.series.attributes is not None:
            return controls_of(self.series.attributes)
        return label_controls(self.space) if self.told else {}

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        """Inputs with a label, or an attribute, of `values` `[B]`."""
        table = self.series.attributes
        if table is None:
            return Inputs(inputs.z, values)
        at = [codec.name for codec in table.codecs].index(name)
        z = inputs.z.clone()
        z[:, 2 * len(table.codecs) + at] = table.codecs[at].encode(values.double().cpu()).to(z)
        return Inputs(z, values.long() if name == "label" else inputs.y)
