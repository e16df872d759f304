"""Rows one after another: each given the rows before it and what they belong to.

A recurrent network (Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP
2014, arXiv:1406.1078) reads the rows before; a masked network makes the columns of a row from what
it remembers.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, silu

from zerosum.config import Config, Size
from zerosum.networks.masked import MaskedNetworkConfig


class RecurrentRowsConfig(Config):
    """Describes the network.

    Attributes:
        width: recurrent units, and numbers of the context of a row.
        rank: length of the vectors that rows and entities are read as.
        row: the network of a row's columns.
    """

    kind = "recurrent_rows"
    width: Size = 128
    rank: Size = 64
    row: MaskedNetworkConfig = MaskedNetworkConfig(width=256, depth=2)

    def build(
        self, entity: Sequence[int], sizes: Sequence[int], *, numbers: int,
        ordered: Sequence[int] = (), marks: int = 0, marked: int = 0,
        hits: Mapping[int, Sequence[int]] | None = None,
    ) -> "RecurrentRows":  # fmt: skip
        """The network.

        Args:
            entity: number of codes of each attribute of an entity.
            sizes: number of codes of each column of a row.
            numbers: how many numbers are known before a row.
            ordered: columns whose neighbouring codes are alike.
            marks: how many marks there are that codes of a column are told by.
            marked: which column.
            hits: columns of which some codes depend on the numbers above all, and these codes.
        """
        return RecurrentRows(self, entity, sizes, numbers, ordered, marks, marked, hits or {})


class RecurrentRows(nn.Module):
    """See the module.

    Attributes:
        row: the masked network of a row's columns.
    """

    entity_starts: Tensor
    row_starts: Tensor

    def __init__(
        self, config: RecurrentRowsConfig, entity: Sequence[int], sizes: Sequence[int],
        numbers: int, ordered: Sequence[int], marks: int, marked: int,
        hits: Mapping[int, Sequence[int]],
    ) -> None:  # fmt: skip
        super().__init__()
        self.width = config.width
        for name, some in (("entity_starts", entity), ("row_starts", sizes)):
            starts = torch.tensor([0, *some]).cumsum(0)[:-1]
            self.register_buffer(name, starts, persistent=False)
        self.entity = nn.Parameter(torch.randn(sum(entity), config.rank) * len(entity) ** -0.5)
        self.before = nn.Parameter(torch.randn(sum(sizes), config.rank) * len(sizes) ** -0.5)
        told = 2 * config.rank + numbers
        self.recurrent = nn.GRU(told, config.width, batch_first=True)
        self.context = nn.Linear(config.width + told, config.width)
        self.row = config.row.build(sizes, ordered=ordered, context=config.width)
        self.marks = nn.Parameter(torch.zeros(config.width, marks)) if marks else None
        self.marked, self.hits = marked, {i: tuple(codes) for i, codes in hits.items()}
        self.odds = nn.ParameterList(torch.zeros(numbers) for _ in hits)  # vectors do not decay

    def entities(self, codes: Tensor) -> Tensor:
        """Vectors `[B, rank]` of entities with these codes of attributes, int64 `[B, A]`."""
        return embedding_bag(codes + self.entity_starts, self.entity, mode="sum")

    def rows(self, codes: Tensor) -> Tensor:
        """Vectors `[B, rank]` of rows with these codes, int64 `[B, C]`."""
        return embedding_bag(codes + self.row_starts, self.before, mode="sum")

    def log_prob(
        self, entity: Tensor, codes: Tensor, numbers: Tensor, valid: Tensor,
        marks: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Log-probability of the codes of each row given all before it, `[T, C]`.

        Args:
            entity: codes of attributes, int64 `[B, A]`.
            codes: of rows, int64 `[B, L, C]`; anything where there is no row.
            numbers: known before each row, `[B, L, F]`.
            valid: which places hold a row, bool `[B, L]`; there are T.
            marks: of each code of the marked column in these rows, int64 `[T, K, M]`.
        """
        codes = codes.clamp_min(0)
        read = self.rows(codes.flatten(0, 1)).unflatten(0, codes.shape[:2])
        past = torch.cat([torch.zeros_like(read[:, :1]), read[:, :-1]], dim=1)
        known = self.entities(entity)[:, None].expand_as(past)
        told = torch.cat([past, known, numbers], dim=2)
        remembered, _ = self.recurrent(told)
        context = self._context(remembered[valid], told[valid])
        return self.row.log_prob(codes[valid], context, self.added(context, marks, numbers[valid]))

    def added(self, context: Tensor, marks: Tensor | None, numbers: Tensor) -> dict[int, Tensor]:
        """What marks and numbers add to the heads of columns, `[B, K]` each, by column.

        Args:
            context: of rows, `[B, width]`.
            marks: of each code of the marked column, int64 `[B, K, M]`; their number is no mark.
            numbers: known before each row, `[B, F]`.
        """
        found = {}
        if self.marks is not None and marks is not None:
            said = nn.functional.pad(context @ self.marks, (0, 1))
            every = said.gather(1, marks.flatten(1)).unflatten(1, marks.shape[1:])
            found[self.marked] = every.sum(2)
        for weights, (column, codes) in zip(self.odds, self.hits.items(), strict=True):
            odds = numbers @ weights
            hit = torch.zeros(self.row.sizes[column], device=odds.device)
            hit[list(codes)] = 1
            found[column] = odds[:, None] * hit
        return found

    def step(self, told: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """The context of a row `[B, width]`, and what is remembered then, `[B, width]`.

        Args:
            told: the vectors of the row before and of the entity, and numbers, `[B, told]`.
            memory: what was remembered before, `[B, width]`.
        """
        out, memory = self.recurrent(told[:, None], memory[None].contiguous())
        return self._context(out[:, 0], told), memory[0]

    def _context(self, remembered: Tensor, told: Tensor) -> Tensor:
        return silu(self.context(torch.cat([remembered, told], dim=-1)))
