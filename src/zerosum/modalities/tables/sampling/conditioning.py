"""Conditions and given cells as a game of rows sees them: shares of codes, and a look ahead.

Rows are made column by column, and what is asked of a late column concerns the early ones. How
likely a later condition comes true after each code is estimated on a pool of the game's own rows.
The estimate only says where to look: `particles` divides it out again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zerosum.conditions import MISSING
from zerosum.errors import ConditionError
from zerosum.modalities.tables.codecs import MIDDLE, Codec, NumberCodec
from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.sampling.boxes import boxes_of
from zerosum.modalities.tables.sampling.conditions import Allowed, Conditions, field_of, shown
from zerosum.modalities.tables.space import TableSpace

if TYPE_CHECKING:
    from zerosum.modalities.tables.sampling.following import Follower

_SMALLEST = 1e-6
_LAST_PLACE = 1 - 2**-12
_CAP = 1e3
"""The look ahead makes no code more, or less, likely by more than this."""

_DOUBT = 2.0
"""Rows of the pool that must agree before the look ahead believes them by half."""

_VARIANTS = 512
"""Given codes of one column that are looked ahead to; rarer ones are not."""

_LARGEST_TABLE = 4_000_000

_TRUST = 0.8
"""Power of the estimated factors: columns that overlap predict less than their product."""


@dataclass(frozen=True)
class CodeShares:
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
    def of(cls, codec: Codec, allowed: Allowed) -> "CodeShares":
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

    @classmethod
    def of_codes(cls, codec: Codec, allowed: Tensor) -> "CodeShares":
        """Whole codes, those that are `allowed`, bool `[size]`."""
        code = allowed.nonzero()[:, 0]
        ends = torch.zeros(2, len(code), dtype=torch.float64)
        return cls(codec, code, ends[0], ends[1] + 1, False)

    @cached_property
    def weights(self) -> Tensor:
        """Share of each code that is allowed, float64 `[size]`; 0 for codes never drawn."""
        weights = torch.zeros(self.codec.size, dtype=torch.float64)
        weights.index_add_(0, self.code, self.width)
        weights[list(self.codec.forbidden)] = 0.0
        return weights

    @property
    def num_rows(self) -> float:
        """Training rows that obey, estimated from the codes."""
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


def parts_of(space: TableSpace, conditions: Conditions) -> dict[int, CodeShares]:
    """For each coded column that conditions are on the part of it that is allowed.

    Raises:
        ConditionError: no training row obeys one of the conditions.
    """
    readings = readings_of(space)
    parts: dict[int, CodeShares] = {}
    wanted = [(name, *readings[name], one) for name, one in conditions.items() if name in readings]
    for name, allowed in conditions.items():
        boxes = () if name in readings else boxes_of(space, name, allowed)
        wanted += [(name, index, None, box) for index, box in boxes]
    for name, index, read, allowed in wanted:
        codec = space.codecs[index]
        part = CodeShares.of(codec, allowed)
        if read is not None:
            part = CodeShares.of_codes(codec, allowed.holds(read))
        asked = shown(field_of(space, name), conditions[name])
        if not part.num_rows:
            raise ConditionError(f"no row has {asked}. {_there_is(space, name)}")
        if index in parts:
            part = CodeShares.of_codes(codec, (part.weights > 0) & (parts[index].weights > 0))
            if not part.num_rows:
                raise ConditionError(
                    f"no row has {asked} together with what else is asked of {codec.name}, which "
                    "go together in fixed combinations. Leave out a condition, or widen it."
                )
        parts[index] = part
    return parts


def readings_of(space: TableSpace) -> dict[str, tuple[int, Tensor | None]]:
    """Columns whose value one code decides: the coded column, and values of its codes `[size]`.

    A column that is coded as it is has no such values: its codec has them. The others belong to
    a group of columns in place of which a constraint has one of categories.
    """
    index = {codec.name: i for i, codec in enumerate(space.codecs)}
    built = [one for one in space.constraints if one.constructed]
    changed = [name for one in built for name in one.changes]
    found: dict[str, tuple[int, Tensor | None]] = {
        name: (index[name], None) for name in space.names if name in index and name not in changed
    }
    for one in built:
        made = one.makes
        if len(made) != 1 or not made[0].categories or made[0].name not in index:
            continue
        at = index[made[0].name]
        codec = space.codecs[at]
        read = one.backward({made[0].name: codec.decode(torch.arange(codec.size) + MIDDLE)})
        found |= {
            name: (at, read[name])
            for name in one.changes
            if changed.count(name) == 1 and name in space.names
        }
    return found


def _there_is(space: TableSpace, name: str) -> str:
    """What a column holds, as a hint."""
    field = field_of(space, name)
    for one in space.calendars:
        if one.name == name:
            held = Allowed(((one.low, one.high),), False, 0.0)
            return f"Rows have {shown(field, held)}, beyond which values are protected."
    index, read = readings_of(space)[name]
    codec = space.codecs[index]
    if read is None and isinstance(codec, NumberCodec) and codec.knots:
        low = min(k[0] for k in codec.knots)
        high = max(k[-1] for k in codec.knots)
        held = Allowed(((low, high),), False, 0.0)
        gone = 0 if codec.missing is None else codec.counts[codec.missing]
        missing = f"; {gone:,} rows are missing" if gone else ""
        return f"Rows have {shown(field, held)}, beyond which values are protected{missing}."
    values = codec.decode(torch.arange(codec.size) + MIDDLE) if read is None else read
    known, at = values.nan_to_num(nan=torch.inf).unique(return_inverse=True)
    made = torch.tensor(codec.counts)
    made[list(codec.forbidden)] = 0
    counts = torch.zeros(len(known), dtype=torch.int64).index_add_(0, at, made)
    most = [
        f"{_name_of(field, float(known[i]))} ({int(counts[i]):,} rows)"
        for i in counts.argsort(descending=True, stable=True)[:8].tolist()
        if counts[i]
    ]
    more = int((counts > 0).sum()) - len(most)
    rare = " Rare values are protected, and never made." if codec.forbidden else ""
    return f"There are: {', '.join(most)}{f', and {more} more' if more else ''}.{rare}"


def _name_of(field: Field, value: float) -> str:
    if value == torch.inf:
        return MISSING
    return shown(field, Allowed(((value, value),), False, 0.0)).removeprefix(f"{field.name} ")


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
        cls,
        pool: Tensor,
        before: Sequence[int],
        sizes: Sequence[int],
        column: int,
        part: CodeShares,
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

    Column after column: what the columns before it predict is taken into account, so that
    two that say the same are not counted twice.
    """
    tables: dict[int, Tensor] = {}
    predicted = hit.mean(0).expand_as(hit)
    for column in before:
        if sizes[column] * hit.shape[1] > _LARGEST_TABLE:
            continue
        code, empty = pool[:, column], torch.zeros(sizes[column], hit.shape[1])
        seen = empty.index_add(0, code, hit)
        expected = empty.index_add(0, code, predicted)
        factor = ((seen + _DOUBT) / (expected + _DOUBT)).clamp(1 / _CAP, _CAP)
        predicted = (predicted * factor[code]).clamp(max=1.0)
        tables[column] = torch.cat([_TRUST * factor.log(), torch.zeros(sizes[column], 1)], dim=1).T
    return tables


@dataclass(frozen=True)
class Question:
    """What is asked of rows that are made together.

    Attributes:
        parts: for each column with a condition the part of it that is allowed.
        given: code + place of given cells, float32 `[G, C]`, NaN where a cell is to be made; None
            where nothing is given.
        ahead: for each column that something is asked of, the look ahead to it.
        masks: for columns that are given in part, which codes each row may
            have, bool `[G, size]`.
        followers: for columns of days between two moments, the given ones that follow one to be
            made.
    """

    parts: Mapping[int, CodeShares]
    given: Tensor | None
    ahead: Mapping[int, Ahead]
    masks: Mapping[int, Tensor] = field(default_factory=dict)
    followers: "Mapping[int, Follower]" = field(default_factory=dict)

    def some(self, rows: Tensor) -> "Question":
        """The same for some of the given rows, int64 `[n]`."""
        assert self.given is not None
        masks = {column: mask[rows] for column, mask in self.masks.items()}
        followers = {column: one.some(rows) for column, one in self.followers.items()}
        return Question(self.parts, self.given[rows], self.ahead, masks, followers)

    def codes_given(self, column: int) -> Tensor | None:
        """Codes of given cells `[G]`, -1 where none is; None where nothing is given."""
        if self.given is None:
            return None
        return self.given[:, column].nan_to_num(nan=-1.0).floor().long()

    def asks(self, column: int) -> bool:
        """Whether something is asked of a column."""
        return column in self.ahead or column in self.masks or column in self.followers


def reaching(codec: Codec, reached: Tensor) -> Tensor:
    """Which codes hold a value from `reached` `[n]` on, bool `[n, size]`."""
    assert isinstance(codec, NumberCodec)
    high = torch.tensor([knots[-1] for knots in codec.knots], dtype=torch.float64)
    suits = high >= reached[:, None]
    if codec.has_missing:
        suits = torch.cat([suits, torch.zeros(len(suits), 1, dtype=torch.bool)], dim=1)
    return suits


def ask(
    space: TableSpace, order: Sequence[int], pool: Callable[[], Tensor],
    parts: Mapping[int, CodeShares], given: Tensor | None = None,
    masks: Mapping[int, Tensor] | None = None,
    followers: "Mapping[int, Follower] | None" = None,
) -> Question:  # fmt: skip
    """A question, with the look ahead to everything that it asks.

    Args:
        space: of the rows.
        order: the columns in the order in which they are made.
        pool: makes codes of rows of the game's own, int64 `[P, C]`.
        parts: what is allowed, for each column with a condition.
        given: code + place of given cells, float32 `[G, C]`, NaN elsewhere.
        masks: see `Question`.
        followers: see `Question`.
    """
    ahead = {}
    for position, column in enumerate(order):
        before = order[:position]
        has_cells = given is not None and not given[:, column].isnan().all()
        if not has_cells and column not in parts:
            continue
        if not before:
            ahead[column] = Ahead({}, None)
        elif has_cells:
            assert given is not None
            code = given[:, column].nan_to_num(nan=-1.0).floor().long()
            ahead[column] = Ahead.to_codes(pool(), before, space.sizes, column, code)
        else:
            ahead[column] = Ahead.to_part(pool(), before, space.sizes, column, parts[column])
    return Question(parts, given, ahead, masks or {}, followers or {})


def place_of(codes: Tensor, chance: Tensor, question: Question) -> Tensor:
    """Code + place, float32 `[N, C]`: places are uniform in what is allowed, or those given."""
    x = codes + chance.clamp(max=1 - MIDDLE * 2**-11)
    for column, part in question.parts.items():
        code = codes[:, column]
        x[:, column] = (code + part.place(code, chance[:, column].double())).float()
    if question.given is not None:
        x = torch.where(question.given.isnan(), x, question.given)
    return x
