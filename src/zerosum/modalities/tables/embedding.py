"""Embedded rows and the way back: from ranks and marks to codes, and what lies out of sight."""

from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from zerosum.modalities.tables.codecs import CategoryCodec, Codec, NumberCodec
from zerosum.modalities.tables.space import EMBEDDED_CATEGORIES, TableSpace, ranks, shares

_LAST_PLACE = 1 - 2**-12
_FAR = 10.0
"""Ranges beyond the ends of a column that count at most."""


class RowEmbedding:
    """Rows of `space` as `TableSpace.embed` has them: ranks of numbers, and marks.

    >>> from zerosum.testing import small_dataset
    >>> rows = small_dataset("table")
    >>> x = rows.space.to_model(rows.take(torch.arange(4))[0])
    >>> same = RowEmbedding(rows.space).codes(rows.space.embed(x))
    >>> bool(((same - x).abs() < 1e-3).all())
    True
    """

    def __init__(self, space: TableSpace) -> None:
        self.space = space

    @cached_property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """Coded columns by name, and how many numbers embed each."""
        return tuple((codec.name, _width(codec)) for codec in self.space.codecs)

    @property
    def width(self) -> int:
        """Numbers that embed a row."""
        return sum(width for _, width in self.parts)

    def odds(self, x: Tensor) -> Tensor:
        """What a network says `[B, F]`, with odds for marks: of a column's categories, or none."""
        made = []
        for codec, part in zip(self.space.codecs, self._split(x), strict=True):
            if isinstance(codec, NumberCodec):
                made.append(torch.cat([part[:, :1], part[:, 1:].sigmoid()], dim=1))
            else:
                made.append(part.softmax(dim=1))
        return torch.cat(made, dim=1)

    def decided(self, odds: Tensor) -> Tensor:
        """Odds `[B, F]` with a mark at the likeliest category and 0 elsewhere, no gradient."""
        made = []
        for codec, part in zip(self.space.codecs, self._split(odds.detach()), strict=True):
            if isinstance(codec, NumberCodec):
                gone = (part[:, 1:] > 0.5).to(part)
                known = part[:, :1] if not gone.shape[1] else part[:, :1] * (1 - gone)
                made.append(torch.cat([known, gone], dim=1))
            else:
                made.append(one_hot(part.argmax(dim=1), part.shape[1]).to(part))
        return torch.cat(made, dim=1)

    def codes(self, x: Tensor) -> Tensor:
        """Code + place `[B, C]` of embedded rows `[B, F]`, or of odds."""
        parts = zip(self.space.codecs, self._split(x.detach()), strict=True)
        return torch.stack([_coded(codec, part) for codec, part in parts], dim=1)

    def beyond(self, compact: Tensor) -> Tensor:
        """What no code shows of values `[B, D]`, for each coded column, `[B, C]`.

        Of numbers, by how many of its ranges one lies beyond the column's ends, at most 10; of
        categories, 10 where the training had none of that name. Columns that are made from others
        have 0.
        """
        columns = self.space.columns(compact)
        found = [
            _beyond(codec, columns[codec.name])
            if codec.name in columns
            else torch.zeros(len(compact))
            for codec in self.space.codecs
        ]
        return torch.stack(found, dim=1).float()

    def _split(self, x: Tensor) -> tuple[Tensor, ...]:
        return x.split([width for _, width in self.parts], dim=1)


def _width(codec: Codec) -> int:
    if isinstance(codec, NumberCodec):
        return 1 + (codec.missing is not None)
    return min(codec.size, EMBEDDED_CATEGORIES)


def _coded(codec: Codec, part: Tensor) -> Tensor:
    if not isinstance(codec, NumberCodec):
        common = torch.tensor(codec.counts).argsort(descending=True, stable=True)
        return common.to(part.device)[part.argmax(dim=1)] + 0.5
    share = shares(codec).to(part)
    middle = ranks(codec).to(part)
    starts = middle - share / 2
    rank = (part[:, 0] / 12**0.5 + 0.5).clamp(0, 1)
    code = torch.searchsorted(starts.contiguous(), rank.contiguous(), right=True) - 1
    known = codec.size - (codec.missing is not None)
    code = code.clamp(0, max(known - 1, 0))
    place = ((rank - starts[code]) / share[code].clamp_min(1e-9)).clamp(0, _LAST_PLACE)
    found = code + place
    if codec.missing is None:
        return found
    return torch.where(part[:, 1] > 0.5, codec.missing + 0.5, found)


def _beyond(codec: Codec, values: Tensor) -> Tensor:
    if isinstance(codec, CategoryCodec):
        known = torch.tensor(codec.values, dtype=values.dtype)
        strange = ~values.isnan() & ~torch.isin(values, known)
        return _FAR * (strange & (codec.rare is None)).double()
    if not isinstance(codec, NumberCodec) or not codec.knots:
        return torch.zeros_like(values)
    low, high = min(map(min, codec.knots)), max(map(max, codec.knots))
    wide = (high - low) or max(abs(high), 1.0)
    apart = torch.maximum(values - high, low - values).clamp_min(0) / wide
    return apart.clamp_max(_FAR).nan_to_num(nan=0.0)
