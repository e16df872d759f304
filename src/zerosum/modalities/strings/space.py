"""The space of texts: the columns of a table that a text goes with, and the pieces of the text.

In compact form a text is one row of float64: the values of its *attributes*, and then the codes of
its pieces, with NaN after the last. Attributes are all modelled columns of the user's table but the
text, and its number of pieces (`length`). So conditions on these are conditions on rows of a table.

Words of a text that repeat a cell of its row, such as a name or a number, are *slots*: one piece
stands for whatever the cell holds, so texts never contradict their rows there.
"""

from functools import cached_property
from typing import Literal

import torch
from pydantic import model_validator
from torch import Tensor

from zerosum.config import Size
from zerosum.errors import ConfigError, RecipeError
from zerosum.faces import verb
from zerosum.modalities.strings.canaries import Canary
from zerosum.modalities.strings.copies import OwnRuns
from zerosum.modalities.strings.vocabulary import Vocabulary
from zerosum.modalities.tables.space import TableSpace
from zerosum.rng import Noise
from zerosum.spaces import Space

LENGTH = "length"
"""The attribute that follows from the text."""

NOTHING = -1.0
"""What fills the places after the last piece, as networks see them."""

FIRST_SLOT = 0xE000
"""The character that stands for the first slot; the next ones follow."""


class TextSpace(Space):
    """Texts with the columns that they go with.

    Attributes:
        text: the column of texts.
        attributes: the other columns, and `length`.
        vocabulary: the pieces of texts.
        slots: columns whose cells stand in texts; the i-th is the character `FIRST_SLOT` + i.
        longest: pieces that a text has at most.
        own: what no text that is made may repeat; None where texts may be copies.
        purpose: what texts are for, if they imitate fraud: those that are made are marked, and no
            link in them can be followed.
        canaries: secrets that were planted in the training texts, for an audit.
        order: names of the user's columns in their order.
    """

    kind = "string"
    unit = "texts"
    discrete = True
    holds_records = True
    precisions = ("fp32",)
    text: str
    attributes: TableSpace
    vocabulary: Vocabulary
    slots: tuple[str, ...] = ()
    longest: Size
    own: OwnRuns | None = None
    purpose: Literal["training"] | None = None
    canaries: tuple[Canary, ...] = ()
    order: tuple[str, ...]

    @model_validator(mode="after")
    def _parts_fit(self) -> "TextSpace":
        names = {field.name for field in self.attributes.fields}
        if self.attributes.names[-1] != LENGTH or self.text in names:
            raise ConfigError(f"the attributes of texts end with {LENGTH}, and hold no text.")
        if not set(self.slots) <= names or set(self.order) != (names - {LENGTH}) | {self.text}:
            raise ConfigError("columns of texts are named that there are not.")
        return self

    @property
    def shape(self) -> tuple[int]:
        """`(attributes + pieces,)`."""
        return (len(self.attributes.codecs) + self.longest,)

    @property
    def description(self) -> str:
        """How long texts are, and what stands beside them."""
        others = [name for name in self.order if name != self.text]
        beside = f", beside {', '.join(others)}" if others else ""
        return f"{self.unit} of {self.longest:,} pieces at most{beside}"

    def parts(self, compact: Tensor) -> tuple[Tensor, Tensor]:
        """Attributes `[N, A]` and codes of pieces `[N, longest]` of compact texts."""
        width = len(self.attributes.names)
        return compact[:, :width], compact[:, width:]

    def lengths(self, attributes: Tensor) -> Tensor:
        """Pieces of each text, int64 `[N]`, by attributes in compact form."""
        return attributes[:, -1].round().long().clamp(0, self.longest)

    def valid(self, lengths: Tensor) -> Tensor:
        """Which places hold a piece, bool `[N, longest]`."""
        return torch.arange(self.longest, device=lengths.device) < lengths[:, None]

    def to_model(self, compact: Tensor) -> Tensor:
        """Code + place of attributes, then codes of pieces, float32 `[N, *shape]`."""
        attributes, pieces = self.parts(compact.cpu())
        codes = pieces.nan_to_num(NOTHING).float()
        return torch.cat([self.attributes.to_model(attributes), codes], dim=1)

    def model_parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Attributes `[N, C]` and pieces `[N, longest]` of texts in model units."""
        width = len(self.attributes.codecs)
        return x[:, :width], x[:, width:]

    def to_data(self, x: Tensor) -> Tensor:
        """Compact texts `[N, W]` of what networks see, `[N, *shape]`, as long as attributes say."""
        coded, pieces = self.model_parts(x.float().cpu())
        return self.with_pieces(self.attributes.to_data(coded), pieces)

    def with_pieces(self, attributes: Tensor, pieces: Tensor) -> Tensor:
        """Compact texts of attributes `[N, A]` in compact form and pieces `[N, longest]`."""
        lengths = self.lengths(attributes)
        attributes = torch.cat([attributes[:, :-1], lengths.double()[:, None]], dim=1)
        codes = pieces.double().round().clamp(0, len(self.vocabulary.pieces) - 1)
        return torch.cat([attributes, codes.where(self.valid(lengths), torch.nan)], dim=1)

    def templates(self, compact: Tensor) -> list[str]:
        """The texts of compact ones `[N, W]`, with a private character for each slot."""
        attributes, pieces = self.parts(compact)
        lengths = self.lengths(attributes).tolist()
        rows = pieces.nan_to_num(0).long().tolist()
        return [self.vocabulary.decode(row[:n]) for row, n in zip(rows, lengths, strict=True)]

    def packed(self, count: int) -> "TextSpace":
        """Texts side by side have no space of their own.

        Raises:
            ConfigError: always.
        """
        raise ConfigError("texts are not packed by their space; set game.pack=1.")

    def independent(self, real: Tensor, n: int, noise: Noise) -> Tensor:
        """`[n, W]`: columns are drawn one by one, and pieces as often as in reals `[M, W]`."""
        attributes, pieces = self.parts(real)
        made = super().independent(attributes, n, noise)
        known = pieces[~pieces.isnan()]
        if not len(known):
            known = torch.zeros(1, dtype=torch.float64)
        drawn = known[noise.integers(n * self.longest, high=len(known))].view(n, -1)
        return self.with_pieces(made, drawn)

    @cached_property
    def shares(self) -> "PieceShares":
        """What pieces are to `embed`."""
        return PieceShares(len(self.vocabulary.pieces))

    def embed(self, x: Tensor) -> Tensor:
        """Features `[N, F]` in which distances make sense: attributes, and shares of pieces."""
        coded, pieces = self.model_parts(x)
        return torch.cat([self.attributes.embed(coded), self.shares.of(pieces)], dim=1)


class PieceShares:
    """How often pieces and pairs of pieces are in a text, in 64 fixed random directions.

    Args:
        count: number of pieces.
    """

    width = 64

    def __init__(self, count: int) -> None:
        noise = Noise(0)
        self._one = noise.normal(count, self.width // 2)
        self._pair = noise.normal(4_096, self.width // 2)

    def of(self, pieces: Tensor) -> Tensor:
        """Features `[N, 64]`, float32, of codes `[N, L]` with `NOTHING` after the last."""
        codes = pieces.long()
        there = codes >= 0
        many = there.sum(1, keepdim=True).clamp_min(1).float().sqrt()
        one = self._one.to(pieces.device)[codes.clamp_min(0)] * there[:, :, None]
        pairs = (codes[:, :-1] * 40_503 + codes[:, 1:] * 2_654_435).remainder(len(self._pair))
        both = there[:, 1:, None]
        two = self._pair.to(pieces.device)[pairs.clamp_min(0)] * both
        return torch.cat([one.sum(1), two.sum(1)], dim=1) / many


def require_texts(space: Space, *, network: str) -> TextSpace:
    """`space`, known to hold texts.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, TextSpace):
        raise RecipeError(
            f"{network} takes texts, and the data is of kind {space.kind!r}. Take a recipe that "
            f"lists {space.kind!r} under {verb('recipes')}."
        )
    return space
