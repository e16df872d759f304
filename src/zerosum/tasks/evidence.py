"""Conditions and given cells as a game of rows sees them: shares of codes, and a look ahead.

Rows are made column by column, and what is asked of a late column concerns the early ones. How
likely a later condition comes true after each code is estimated on a pool of the game's own rows.
The estimate only says where to look: `particles` divides it out again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from zerosum.errors import ConditionError
from zerosum.tables.codecs import MIDDLE, CategoryCodec, Codec, NumberCodec
from zerosum.tables.space import TableSpace
from zerosum.tasks.conditions import Allowed, Conditions, field_of, shown

_SMALLEST = 1e-6
_LAST_PLACE = 1 - 2**-12
_CAP = 1e3
"""The look ahead makes no code more, or less, likely by more than this."""

_DOUBT = 2.0
"""Rows of the pool that must agree before the look ahead believes them by half."""

_VARIANTS = 512
"""Given codes of one column that are looked ahead to; rarer ones are not."""

_LARGEST_TABLE = 4_000_000


@dataclass(frozen=True)
class Part:
    """What a condition leaves of the codes of one column.

    Attributes:
        codec: of the column.
        code: of each piece, int64 `[S]`, in order; a code has one piece or more.
        first: the place at which each piece begins, float64 `[S]`.
        width: how much of its code each piece is, `[S]`.
        exact: whether all pieces are single real numbers, whose densities stand for widths.
    """

    codec: Codec
    code: Tensor
    first: Tensor
    width: Tensor
    exact: bool

    @classmethod
    def of(cls, codec: Codec, allowed: Allowed) -> "Part":
        """The part of the codes that is allowed."""
        pieces = (
            [(codec.missing, 0.0, 1.0)] if allowed.missing and codec.missing is not None else []
        )
        for low, high in allowed.ranges:
            hair = 0.0 if allowed.step else 1e-9 * max(1.0, abs(low) + abs(high))
            first, last = codec.within(low - hair, high + hair)
            inside = (last > first).nonzero()[:, 0]
            begins, widths = first[inside].tolist(), (last - first)[inside].tolist()
            pieces += zip(inside.tolist(), begins, widths, strict=True)
        table = torch.tensor(sorted(pieces), dtype=torch.float64).view(-1, 3)
        width = table[:, 2]
        exact = bool(len(width)) and bool(width.max() < _SMALLEST)
        return cls(
            codec, table[:, 0].long(), table[:, 1], width / width.max() if exact else width, exact
        )

    @cached_property
    def weights(self) -> Tensor:
        """Share of each code that is allowed, float64 `[size]`; 0 for codes never drawn."""
        weights = torch.zeros(self.codec.size, dtype=torch.float64)
        weights.index_add_(0, self.code, self.width)
        weights[list(self.codec.forbidden)] = 0.0
        return weights

    @property
    def num_rows(self) -> float:
        """Training rows that obey, as far as the codes tell."""
        return float((self.weights * torch.tensor(self.codec.counts)).sum())

    def place(self, code: Tensor, chance: Tensor) -> Tensor:
        """Places `[N]` that are allowed in codes `[N]`, uniform for uniform `chance` `[N]`."""
        ends = self.width.cumsum(0)
        codes = torch.arange(self.codec.size)
        begins = torch.cat([torch.zeros(1, dtype=torch.float64), ends])
        before = begins[torch.searchsorted(self.code, codes)]
        whole = begins[torch.searchsorted(self.code, codes, right=True)] - before
        at = before[code] + chance * whole[code]
        piece = torch.searchsorted(ends, at, right=True).clamp_(max=len(ends) - 1)
        if self.exact:
            return self.first[piece].clamp(max=_LAST_PLACE)
        inside = (at - (ends - self.width)[piece]).clamp_min(0).minimum(self.width[piece])
        return (self.first[piece] + inside).clamp_(max=_LAST_PLACE)


def parts_of(space: TableSpace, conditions: Conditions) -> dict[int, Part]:
    """For each condition the coded column and the part of it that is allowed.

    Raises:
        ConditionError: no training row obeys one of the conditions.
    """
    index = {codec.name: i for i, codec in enumerate(space.codecs)}
    parts = {}
    for name, allowed in conditions.items():
        codec = space.codecs[index[name]]
        part = Part.of(codec, allowed)
        if not part.num_rows:
            raise ConditionError(
                f"no row has {shown(field_of(space, name), allowed)}. {_there_is(space, codec)}"
            )
        parts[index[name]] = part
    return parts


def coded_as_is(space: TableSpace) -> set[str]:
    """Columns whose codes stand for their own values: no constraint changes them."""
    changed = {
        name
        for one in space.constraints
        if one.constructed
        for name in getattr(one, "changes", one.columns)
    }
    return {codec.name for codec in space.codecs if codec.name in space.names} - changed


def _there_is(space: TableSpace, codec: Codec) -> str:
    """What a column holds, as a hint."""
    field = field_of(space, codec.name)
    missing = "" if codec.missing is None else f"; {codec.counts[codec.missing]:,} rows are missing"
    if isinstance(codec, NumberCodec) and codec.knots:
        low = min(k[0] for k in codec.knots)
        high = max(k[-1] for k in codec.knots)
        held = Allowed(((low, high),), False, 0.0)
        return f"Rows have {shown(field, held)}, beyond which values are protected{missing}."
    assert isinstance(codec, CategoryCodec)
    most = [
        f"{field.categories[value]} ({codec.counts[code]:,} rows)"
        for code, value in enumerate(codec.values[:8])
    ]
    more = len(codec.values) - len(most)
    rare = " Rare values are protected, and never made." if codec.forbidden else ""
    return f"There are: {', '.join(most)}{f', and {more} more' if more else ''}{missing}.{rare}"


class Ahead:
    """How likely what is asked of one column becomes with each code of the columns before it.

    Attributes:
        tables: for each earlier column the logarithm of the factor, `[variants + 1, size]`; the
            last variant stands for rows of which nothing is known, and changes nothing.
    """

    def __init__(self, tables: dict[int, Tensor], variant_of: Tensor | None) -> None:
        self.tables, self._variant_of = tables, variant_of

    @classmethod
    def to_part(
        cls, pool: Tensor, before: Sequence[int], sizes: Sequence[int], column: int, part: Part
    ) -> "Ahead":
        """The look ahead to a condition that is the same in all rows.

        Args:
            pool: codes of rows of the game's own, int64 `[P, C]`.
            before: the columns that are made before, in order.
            sizes: number of codes of every column.
            column: the column that the condition is on.
            part: what is allowed.
        """
        hit = part.weights[pool[:, column]].float()[:, None]
        return cls(_factors(pool, before, sizes, hit), None)

    @classmethod
    def to_codes(
        cls, pool: Tensor, before: Sequence[int], sizes: Sequence[int], column: int, given: Tensor
    ) -> "Ahead":
        """The look ahead to a code of the column that is given row by row, int64 `[G]` or -1."""
        asked, times = given[given >= 0].unique(return_counts=True)
        asked = asked[times.argsort(descending=True, stable=True)[:_VARIANTS]]
        variant_of = torch.full((sizes[column] + 1,), len(asked))
        variant_of[asked] = torch.arange(len(asked))
        hit = (pool[:, column, None] == asked).float()
        return cls(_factors(pool, before, sizes, hit), variant_of)

    def factor(self, column: int, given: Tensor | None) -> Tensor | None:
        """Logarithms `[1 or G, size]` for the codes of an earlier column; None: all alike."""
        table = self.tables.get(column)
        if table is None or self._variant_of is None or given is None:
            return None if table is None else table[:1]
        return table[self._variant_of[given]]


def _factors(
    pool: Tensor, before: Sequence[int], sizes: Sequence[int], hit: Tensor
) -> dict[int, Tensor]:
    """For each column the factor by which its codes change the odds of a hit, `[m + 1, size]`.

    Column after column: what the columns before it have foretold is taken into account, so that
    two that say the same are not counted twice.
    """
    tables: dict[int, Tensor] = {}
    told = hit.mean(0).expand_as(hit)
    for column in before:
        if sizes[column] * hit.shape[1] > _LARGEST_TABLE:
            continue
        code, empty = pool[:, column], torch.zeros(sizes[column], hit.shape[1])
        seen = empty.index_add(0, code, hit)
        foretold = empty.index_add(0, code, told)
        factor = ((seen + _DOUBT) / (foretold + _DOUBT)).clamp(1 / _CAP, _CAP)
        told = (told * factor[code]).clamp(max=1.0)
        tables[column] = torch.cat([factor.log(), torch.zeros(sizes[column], 1)], dim=1).T
    return tables


@dataclass(frozen=True)
class Question:
    """What is asked of rows that are made together.

    Attributes:
        parts: for each column with a condition the part of it that is allowed.
        given: code + place of given cells, float32 `[G, C]`, NaN where a cell is to be made; None
            where nothing is given.
        ahead: for each column that something is asked of, the look ahead to it.
    """

    parts: Mapping[int, Part]
    given: Tensor | None
    ahead: Mapping[int, Ahead]

    def some(self, rows: Tensor) -> "Question":
        """The same for some of the given rows, int64 `[n]`."""
        assert self.given is not None
        return Question(self.parts, self.given[rows], self.ahead)


def ask(
    space: TableSpace, order: Sequence[int], pool: Callable[[], Tensor],
    parts: Mapping[int, Part], given: Tensor | None = None,
) -> Question:  # fmt: skip
    """A question, with the look ahead to everything that it asks.

    Args:
        space: of the rows.
        order: the columns in the order in which they are made.
        pool: makes codes of rows of the game's own, int64 `[P, C]`.
        parts: what is allowed, for each column with a condition.
        given: code + place of given cells, float32 `[G, C]`, NaN elsewhere.
    """
    ahead = {}
    for position, column in enumerate(order):
        before = order[:position]
        told = given is not None and not given[:, column].isnan().all()
        if not told and column not in parts:
            continue
        if not before:
            ahead[column] = Ahead({}, None)
        elif told:
            assert given is not None
            code = given[:, column].nan_to_num(nan=-1.0).floor().long()
            ahead[column] = Ahead.to_codes(pool(), before, space.sizes, column, code)
        else:
            ahead[column] = Ahead.to_part(pool(), before, space.sizes, column, parts[column])
    return Question(parts, given, ahead)


def place_of(codes: Tensor, chance: Tensor, question: Question) -> Tensor:
    """Code + place, float32 `[N, C]`: places are uniform in what is allowed, or those given."""
    x = codes + chance.clamp(max=1 - MIDDLE * 2**-11)
    for column, part in question.parts.items():
        code = codes[:, column]
        x[:, column] = (code + part.place(code, chance[:, column].double())).float()
    if question.given is not None:
        x = torch.where(question.given.isnan(), x, question.given)
    return x
