"""The network of one table: a masked network whose context is what a row hangs below.

That is the rows above it, up to the main table, each read by vectors of its own; the row before it
among those of its parent, the mean of all before it, and how many these are.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, silu

from zerosum.config import Config, Size
from zerosum.modalities.relational.sides import Side
from zerosum.modalities.tables.codecs import NumberCodec
from zerosum.networks.clipping import OwnedRows
from zerosum.networks.masked import MaskedNetwork, MaskedNetworkConfig

_PLACES = 7
"""Numbers that say where a row stands among those of its parent."""


class RowsNetworkConfig(Config):
    """Describes the networks of a database, one for each table.

    Attributes:
        rows: the masked network.
        context: numbers that sum up what a row hangs below.
        vector: length of the vector that a code is read as.
    """

    kind = "rows_network"
    rows: MaskedNetworkConfig = MaskedNetworkConfig(width=320)
    context: Size = 96
    vector: Size = 64

    def build(self, side: Side, above: Sequence[Side]) -> "RowsNetwork":
        """The network of one table.

        Args:
            side: the table.
            above: the tables above it, its parent first.
        """
        return RowsNetwork(self, side, above)


class RowsNetwork(nn.Module):
    """See the module.

    Attributes:
        above: names of the tables above, the parent first; empty where rows have no context.
    """

    def __init__(self, config: RowsNetworkConfig, side: Side, above: Sequence[Side]) -> None:
        super().__init__()
        self.above = tuple(one.name for one in above)
        ordered = [i for i, one in enumerate(side.rows.codecs) if isinstance(one, NumberCodec)]
        self.row = config.rows.build(
            side.rows.sizes, ordered=ordered, context=config.context if above else 0
        )
        self.row.set_marginals([codec.counts for codec in side.rows.codecs])
        if not above:
            return
        v, c = config.vector, config.context
        self.readers = nn.ModuleList(CodeReader(one.rows.sizes, v) for one in above)
        self.last, self.before = CodeReader(side.rows.sizes, v), CodeReader(side.rows.sizes, v)
        self.none = nn.Parameter(torch.zeros(v))
        self.hidden = nn.Linear(3 * v + _PLACES, 2 * c)
        self.out = nn.Linear(2 * c, c)

    def said_above(self, codes: Sequence[Tensor], rows: Sequence[Tensor]) -> Tensor:
        """What the rows above say, `[B, V]`.

        Args:
            codes: of all rows of each table above, int64 `[N, C]`.
            rows: which of them are above each row, int64 `[B]` for each table; -1 for none.
        """
        said = self.none.expand(len(rows[0]), -1)
        for reader, every, at in zip(self.readers, codes, rows, strict=True):
            if not len(every):
                continue
            known = (at >= 0)[:, None]
            said = said + torch.where(known, reader(every)[at.clamp_min(0)], 0.0)
        return silu(said)

    def context(self, above: Tensor, last: Tensor, before: Tensor, places: Tensor) -> Tensor:
        """The context of rows, `[B, context]`.

        Args:
            above: see `said_above`.
            last: what the row before says, `[B, V]`; 0 for first rows.
            before: the mean of what all before say, `[B, V]`.
            places: see `places_of`.
        """
        return self.out(silu(self.hidden(torch.cat([above, last, before, places], dim=1))))

    def log_prob(self, codes: Tensor, above: Tensor, position: Tensor, family: Tensor) -> Tensor:
        """Log-probability of rows that come parent by parent, `[B, C]`.

        Args:
            codes: int64 `[B, C]`.
            above: see `said_above`.
            position: how many rows of the same parent come before each, int64 `[B]`.
            family: how many there are of each parent, int64 `[B]`.
        """
        first = (position == 0)[:, None]
        last = torch.where(first, 0.0, self.last(codes).roll(1, dims=0))
        said = self.before(codes).double()
        total = nn.functional.pad(said.cumsum(0), (0, 0, 1, 0))
        rows = torch.arange(len(codes), device=codes.device)
        mean = (total[rows] - total[rows - position]) / position.clamp_min(1)[:, None]
        context = self.context(above, last, mean.to(last.dtype), places_of(position, family))
        return self.row.log_prob(codes, context)

    @property
    def network(self) -> MaskedNetwork:
        """The masked network."""
        return self.row


class CodeReader(nn.Module):
    """The sum of a vector for each code."""

    def __init__(self, sizes: Sequence[int], vector: int) -> None:
        super().__init__()
        starts = torch.tensor([0, *sizes]).cumsum(0)
        self.register_buffer("starts", starts[:-1], persistent=False)
        self.vectors = nn.Parameter(torch.randn(int(starts[-1]), vector) * len(sizes) ** -0.5)

    starts: Tensor

    def forward(self, codes: Tensor) -> Tensor:
        """What codes say, `[B, V]` of int64 `[B, C]`."""
        return embedding_bag(codes + self.starts, self.vectors, mode="sum")

    def scattered(self, codes: Tensor, back: Tensor, by: OwnedRows) -> Tensor:
        """Each owner's gradient of the vectors, `[B, F, V]`, from what comes back `[T, V]`."""
        return by.scattered(codes + self.starts, back, len(self.vectors))


def places_of(position: Tensor, family: Tensor) -> Tensor:
    """Where rows stand among those of their parents, float32 `[B, 7]`.

    Args:
        position: how many come before, int64 `[B]`.
        family: how many there are, int64 `[B]`.

    >>> places_of(torch.tensor([0, 2]), torch.tensor([3, 3]))[:, :2].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    at, of = position.float(), family.float()
    return torch.stack(
        [
            (at == 0).float(), (at == of - 1).float(), at.log1p(), of.log1p(),
            (of - at).log1p(), at / of, 1 / of,
        ],
        dim=1,
    )  # fmt: skip
