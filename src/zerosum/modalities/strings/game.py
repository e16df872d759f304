"""Games of texts: a row's columns first, and then the text, piece by piece."""

import torch
from torch import Tensor

from zerosum.modalities.strings.space import NOTHING, TextSpace
from zerosum.modalities.tables.game import MaskedRows, pick
from zerosum.modalities.tables.record_game import RecordGame
from zerosum.networks.masked import MaskedNetwork
from zerosum.networks.recurrent_text import RecurrentText


class TextGame(RecordGame):
    """A game whose generator makes texts, and whose `attributes` make what they go with.

    Attributes:
        attributes: a masked network of columns.
        generator: a network of pieces.
    """

    averaged = ("attributes", "generator")
    no_graph = (
        "texts are made piece by piece, each drawn given those before it: that is a program and no "
        "graph of one network."
    )
    attributes: MaskedNetwork
    generator: RecurrentText

    @property
    def texts(self) -> TextSpace:
        """The space, which is one of texts."""
        assert isinstance(self.space, TextSpace)
        return self.space

    def of_attributes(self) -> MaskedRows:
        """The game of attributes alone, by the same network."""
        return MaskedRows(self.attributes, self.texts.attributes)

    @property
    def num_chances(self) -> int:
        """One for each piece."""
        return self.texts.longest

    def rest_of(self, attributes: Tensor, chance: Tensor) -> Tensor:
        """See `pieces_of`."""
        return self.pieces_of(attributes, chance)

    @torch.no_grad()
    def pieces_of(self, attributes: Tensor, chance: Tensor, prefix: Tensor | None = None) -> Tensor:
        """Codes of pieces, float32 `[n, longest]`, with `NOTHING` after the last, on the CPU.

        Args:
            attributes: in compact form, `[n, A]`.
            chance: uniform numbers, `[n, longest]`.
            prefix: codes that texts begin with, `[n, P]`, or `[1, P]` for all alike, with `NOTHING`
                after the last.
        """
        network, device = self.generator, self.generator.bias.device
        lengths = self.texts.lengths(attributes).to(device)
        codes = self.texts.attributes.to_model(attributes).floor().long().to(device)
        about, chance = network.about(codes), chance.to(device)
        made = torch.full((len(attributes), self.texts.longest), NOTHING, device=device)
        before = torch.full((len(attributes),), network.bias.shape[0], device=device)
        memory = None
        for place in range(int(lengths.max()) if len(lengths) else 0):
            logits, memory = network.step(before, about, place, lengths, memory)
            odds = logits.softmax(dim=1)
            odds[:, 0] = 0.0  # what is unknown is never made
            before = pick(odds, chance[:, place])
            if prefix is not None and place < prefix.shape[1]:
                given = prefix[:, place].to(before)
                before = torch.where(given == NOTHING, before, given)
            made[:, place] = before.float()
        return made.where(self.texts.valid(lengths), NOTHING).cpu()
