"""Games of sequences: an entity's attributes first, and then its rows, one after another.

Attributes are made as rows of a table are, so whatever can be asked of these can be asked of them.
The number of rows and the day of the last are attributes: rows obey them by construction.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from zerosum.modalities.sequences.columns import phase_of
from zerosum.modalities.sequences.given import Given
from zerosum.modalities.sequences.space import NOTHING, SequenceSpace
from zerosum.modalities.sequences.time_axis import CLOCK, GAP, PAUSE, Moments
from zerosum.modalities.tables.codecs import Codec, NumberCodec
from zerosum.modalities.tables.game import MaskedRows, pick
from zerosum.modalities.tables.record_game import RecordGame
from zerosum.modalities.tables.sampling.conditioning import CodeShares
from zerosum.networks.masked import Added, MaskedNetwork
from zerosum.networks.recurrent_rows import RecurrentRows

_LAST_PLACE = 1 - 2**-12


class SequenceGame(RecordGame):
    """A game whose generator makes rows of sequences, and whose `entities` make attributes.

    Attributes:
        entities: a masked network of attributes.
        generator: a network of rows.
    """

    averaged = ("entities", "generator")
    no_graph = (
        "sequences are made row by row, and each row column by column: that is a program and no "
        "graph of one network."
    )
    entities: MaskedNetwork
    generator: RecurrentRows

    @property
    def sequences(self) -> SequenceSpace:
        """The space, which is one of sequences."""
        assert isinstance(self.space, SequenceSpace)
        return self.space

    def of_attributes(self) -> MaskedRows:
        """The game of attributes alone, by the same network."""
        return MaskedRows(self.entities, self.sequences.attributes)

    @property
    def num_chances(self) -> int:
        """Uniform numbers that the rows of a sequence take."""
        return self.sequences.longest * 2 * len(self.sequences.learned)

    def rest_of(self, attributes: Tensor, chance: Tensor) -> Tensor:
        """Rows `[n, longest, row_width]`; see `rows_of`."""
        return self.rows_of(attributes, chance)

    @torch.no_grad()
    def rows_of(
        self, attributes: Tensor, chance: Tensor, parts: Mapping[int, CodeShares] | None = None,
        history: Given | None = None,
    ) -> Tensor:  # fmt: skip
        """Rows as networks see them, float32 `[n, longest, row_width]`, on the CPU.

        Args:
            attributes: in compact form, `[n, A]`.
            chance: uniform numbers, `[n, num_chances]`.
            parts: what is allowed in each row, for each column of `rows` with a condition.
            history: rows that there are already; others follow.
        """
        maker = RowMaker(self, attributes, parts or {})
        chance = chance.cpu().unflatten(1, (self.sequences.longest, -1, 2))
        for place in range(int(maker.lengths.max())):
            maker.step(place, chance[:, place], history)
        return maker.x


class RowMaker:
    """Rows of `n` sequences in the making, one place after another.

    Args:
        game: whose networks make them.
        attributes: in compact form, `[n, A]`.
        parts: what is allowed in each row.

    Attributes:
        x: the rows so far, `[n, longest, row_width]`.
        lengths: how many rows there will be of each, int64 `[n]`.
    """

    def __init__(
        self, game: SequenceGame, attributes: Tensor, parts: Mapping[int, CodeShares]
    ) -> None:
        self._space, self._network, self._parts = game.sequences, game.generator, parts
        self._blocks = self._network.row.blocks()
        device, n = self._network.before.device, len(attributes)
        self.lengths = self._space.lengths(attributes)
        self._now, self._end = self._space.begin(attributes)
        codes = self._space.attributes.to_model(attributes).floor().long().to(device)
        self._entity = self._network.entities(codes)
        self._before = torch.zeros_like(self._entity)
        self._memory = torch.zeros(n, self._network.width, device=device)
        self._codes = torch.full((n, len(self._space.columns)), -1, device=device)
        self._left = self._space.left(attributes)
        self._again = torch.zeros(n, len(self._space.bursts), dtype=torch.bool)
        self._counted = _counted(self._space, parts)
        self.x = torch.full((n, self._space.longest, self._space.row_width), NOTHING)
        self._lows = {
            name: _lows(codec)
            for name, codec in zip(
                [c.name for c in self._space.rows.codecs], self._space.rows.codecs, strict=True
            )
            if isinstance(codec, NumberCodec) and name in (GAP, PAUSE)
        }

    def step(self, place: int, chance: Tensor, history: Given | None = None) -> None:
        """Make the rows at one place of the sequences that are so long.

        Args:
            place: from 0.
            chance: uniform numbers `[n, learned columns, 2]`.
            history: rows that there are already.
        """
        alive = (self.lengths > place).nonzero()[:, 0]
        now = Moments(*(one[alive] for one in self._now))
        end, lengths = self._end[alive], self.lengths[alive]
        places = torch.full_like(lengths, place)
        numbers = self._space.progress(
            places, lengths, now, end, self._left[alive], self._again[alive]
        )
        device = self._memory.device
        told = torch.cat([self._before[alive], self._entity[alive], numbers.to(device)], dim=1)
        context, memory = self._network.step(told, self._memory[alive])
        added = self._network.added(
            context, self._space.marks(self._codes[alive]), numbers.to(device)
        )
        row = _Row(
            self, alive, context, added, chance[alive], now, end, lengths - place, place == 0
        )
        known = None
        if history is not None:
            known = history.rows[alive, place], history.lengths[alive] > place
        made, moments = row.made(known)
        if history is not None:
            moments = history.moments_at(place, moments, self._space.axis, alive)
        self.x[alive, place] = torch.cat([made, numbers], dim=1)
        for mine, new in zip(self._now, moments, strict=True):
            mine[alive] = new
        codes = made.floor().long().to(device)
        self._codes[alive] = codes
        for burst, (_, at, code) in self._counted.items():
            self._again[alive, burst] = hit = (codes[:, at] == code).cpu()
            self._left[alive, burst] -= hit.double()
        self._left.clamp_(min=0)
        self._before[alive] = self._network.rows(codes)
        self._memory[alive] = memory


class _Row:
    """One row of each of `n` sequences, column by column."""

    def __init__(
        self, maker: RowMaker, alive: Tensor, context: Tensor, added: Added,
        chance: Tensor, now: Moments, end: Tensor, rows: Tensor, first: bool,
    ) -> None:  # fmt: skip
        self._maker, self._space = maker, maker._space
        self._state = maker._network.row.rollout(
            len(alive), context=context, added=added, blocks=maker._blocks
        )
        self._chance, self._now, self._end, self._last = chance, now, end, rows == 1
        self._first, self._rows, self._left = first, rows, maker._left[alive]
        self._before = maker._codes[alive]
        self._told: dict[str, Tensor] = {}
        self._moments = now

    def made(self, given: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Moments]:
        """Code + place of each column `[n, columns]`, and the rows' moments."""
        made, nth = [], 0
        for i, column in enumerate(self._space.columns):
            if column.name in self._space.flags:
                value = self._phase(column.name, made)
            elif column.codec is None:
                value = self._space.derived(self._moments)[column.name].float()
            else:
                value = self._drawn(column.codec, nth)
                nth += 1
            if given is not None:
                value = torch.where(given[1], given[0][:, i], value)
            self._state.put(value.floor().long().to(self._chance.device))
            made.append(value)
            if column.codec is not None and self._space.axis is not None:
                self._tell(column.codec, value)
        return torch.stack(made, dim=1), self._moments

    def _phase(self, name: str, made: Sequence[Tensor]) -> Tensor:
        """How a burst goes on: `Phase` of the column that was made last, float32 `[n]`."""
        flag, before = self._space.flags[name], self._before[:, len(made) - 1]
        return phase_of(flag.hits(made[-1].floor().long()), flag.hits(before.cpu())).float()

    def _tell(self, index: int, value: Tensor) -> None:
        """Keep what stands for time, and the moment when all of it is there."""
        axis, codec = self._space.axis, self._space.rows.codecs[index]
        if axis is None or index >= self._space.num_stood:
            return
        self._told[codec.name] = codec.decode(value)
        told = {name: torch.full_like(self._end, torch.nan) for name in (GAP, PAUSE, CLOCK)}
        self._moments = axis.after(self._now, told | self._told, end=self._end, last=self._last)

    def _drawn(self, index: int, nth: int) -> Tensor:
        """Code + place of one column, float32 `[n]`."""
        codec = self._space.rows.codecs[index]
        odds = self._state.log_probs().exp().cpu()
        part = self._maker._parts.get(index)
        allowed = None if part is None else part.weights.to(odds).expand_as(odds)
        stands = self._standing(codec, index)
        stands = self._counting(codec, index) if stands is None else stands
        allowed = stands if stands is not None else allowed
        if codec.forbidden:
            odds[:, list(codec.forbidden)] = 0.0
        if allowed is not None:
            held = odds * allowed
            odds = torch.where(held.sum(1, keepdim=True) > 0, held, allowed.to(odds))
        code = pick(odds, self._chance[:, nth, 0])
        place = self._chance[:, nth, 1].clamp(max=_LAST_PLACE)
        if part is not None:
            place = part.place(code, place.double()).float()
        return code + place

    def _counting(self, codec: Codec, index: int) -> Tensor | None:
        """Which codes suit how many rows of each are left, `[n, size]`; None of other columns."""
        mine = {b: code for b, (own, _, code) in self._maker._counted.items() if own == index}
        if not mine:
            return None
        left = self._left[:, list(mine)]
        suits = (left.sum(1) < self._rows)[:, None].expand(-1, codec.size).clone()
        suits[:, list(mine.values())] = left > 0
        return suits.float()

    def _standing(self, codec: Codec, index: int) -> Tensor | None:
        """Which codes of a column that stands for time suit, `[n, size]`; None of another."""
        if self._space.axis is None or index >= self._space.num_stood:
            return None
        n = len(self._end)
        suits = torch.ones(n, codec.size, dtype=torch.bool)
        left = (self._end - self._now.day).clamp_min(0)
        gone = codec.missing
        match codec.name:
            case "(gap)":
                none = torch.full((n,), self._first)
                low, high = self._maker._lows[GAP]
                suits = (low <= left[:, None]) & (~self._last[:, None] | (high >= left[:, None]))
            case "(pause)":
                none = self._now.day != self._moments.day
                none |= self._first
                room = self._space.axis.per_day - 1 - self._now.clock
                suits = self._maker._lows[PAUSE][0] <= room[:, None]
            case _:
                same = (self._now.day == self._moments.day) & ~torch.tensor(self._first)
                none = same if self._space.axis.has_pauses else torch.zeros(n, dtype=torch.bool)
        some = torch.ones(codec.size, dtype=torch.bool)
        if gone is not None and codec.size > 1:
            some[gone] = False
            suits = torch.where(none[:, None], ~some, suits & some)
        return torch.where(suits.any(dim=1, keepdim=True), suits, some).float()


def _counted(
    space: SequenceSpace, parts: Mapping[int, CodeShares]
) -> dict[int, tuple[int, int, int]]:
    """Codec, column and code of each value that is counted, but for those under a condition."""
    found = {}
    columns = {one.codec: at for at, one in enumerate(space.columns) if one.codec is not None}
    for b, burst in enumerate(space.bursts):
        for index, codec in enumerate(space.rows.codecs):
            if codec.name != burst.column or index in parts:
                continue
            own = codec.decode(torch.arange(codec.size) + 0.5) == burst.value
            if int(own.sum()) == 1:
                found[b] = index, columns[index], int(own.nonzero())
    return found


def _lows(codec: NumberCodec) -> tuple[Tensor, Tensor]:
    """The least and the greatest value of each code, float64 `[size]`; NaN where it is missing."""
    ends = [(knots[0], knots[-1]) for knots in codec.knots]
    ends += [(float("nan"), float("nan"))] if codec.has_missing else []
    low, high = torch.tensor(ends, dtype=torch.float64).T
    return low, high
