"""A masked network: the probability of every column of a row given the columns before it.

Germain, Gregor, Murray and Larochelle, "MADE: Masked autoencoder for distribution estimation", ICML
2015, arXiv:1502.03509. Hidden units are sorted by degree: a unit of degree d sees the first d
columns, and logits of column d see units up to degree d. So one pass gives all conditionals, and a
row is made column by column with every hidden unit computed once (`MaskedState`).

We deviate in four ways. Layers are residual. Logits are what the network adds to the logarithm of a
column's own distribution, so that weight decay pulls towards independent columns and not towards
equal odds. Codes of an ordered column are also read in runs of 2, 4, 8, ..., each with a vector of
its own: neighbours share what they have in common, and a threshold is one weight. And a column of
very many codes is read through a short vector for each, and predicted as a run of codes and then a
code in that run (Morin and Bengio, 2005), so that neither costs a matrix of their number.

A network may be given a *context*: numbers that every column depends on, such as what is known of
the rows before this one, or of the row that this one belongs to. Units of degree 0 see it alone,
and logits see it directly, so that the first columns, of few units, know as much of it as the last.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, silu

from zerosum.config import Config, Depth, Size
from zerosum.networks.masked_layout import degrees, edges, normal, owners, pyramid
from zerosum.networks.wide_columns import Runs

Added = Mapping[int, Tensor]
"""What is added to the heads of some columns, `[B, K]` each, by the column."""


class MaskedNetworkConfig(Config):
    """Describes a masked network.

    Attributes:
        width: hidden units of a layer, and at least one for each column.
        depth: hidden layers.
        wide: codes up to which a column is read and predicted code by code.
        rank: length of the vectors for columns of more codes.
    """

    kind = "masked_network"
    width: Size = 480
    depth: Depth = 3
    wide: Size = 256
    rank: Size = 48

    def build(
        self, sizes: Sequence[int], *, ordered: Sequence[int] = (), context: int = 0
    ) -> "MaskedNetwork":
        """The network for columns of so many codes, in that order.

        Args:
            sizes: number of codes of each column.
            ordered: the columns whose neighbouring codes are alike.
            context: how many numbers every column depends on.
        """
        return MaskedNetwork(self, sizes, ordered, context)


class MaskedNetwork(nn.Module):
    """See the module.

    *Features* are what a code is read as: one-hot for a narrow column, `rank` numbers for a wide
    one. *Heads* are what a column is predicted by: its logits, or for a wide one the logits of its
    runs and `rank` numbers. Both stand in the order of columns.

    Attributes:
        sizes: number of codes of each column.
        wide: the columns of very many codes; each has a `Runs` in `runs`, in this order.
    """

    into_mask: Tensor
    hidden_mask: Tensor
    out_mask: Tensor
    runs_of: Tensor
    log_marginals: Tensor

    def __init__(
        self,
        config: MaskedNetworkConfig,
        sizes: Sequence[int],
        ordered: Sequence[int],
        context: int = 0,
    ) -> None:
        super().__init__()
        self.config, self.sizes, self.context = config, tuple(sizes), context
        columns, depth = len(sizes), config.depth
        lowest = 0 if context else 1
        width = max(config.width, columns - lowest)
        self.wide = tuple(i for i, size in enumerate(sizes) if size > config.wide)
        self.runs = nn.ModuleList(Runs(sizes[i], config.rank) for i in self.wide)
        spans = [config.rank if i in self.wide else size for i, size in enumerate(sizes)]
        heads = [self.runs_at(i).head if i in self.wide else sizes[i] for i in range(columns)]
        self.features, self.heads = edges(spans), edges(heads)
        degree = degrees(width, columns, lowest)
        self.cuts = tuple(int((degree <= i).sum()) for i in range(columns + 1))
        feature, head = owners(spans), owners(heads)
        self._mask("into_mask", feature[:, None] < degree)
        self._mask("hidden_mask", degree[:, None] <= degree)
        self._mask("out_mask", degree[:, None] <= head)
        narrow = {i: sizes[i] for i in ordered if i not in self.wide}
        table, num_runs = pyramid(narrow, self.features)
        self.register_buffer("runs_of", table, persistent=False)
        self.into = normal(len(feature), width, deviation=columns**-0.5)
        self.into_runs = nn.Parameter(torch.zeros(num_runs, width)) if num_runs else None
        self.into_bias = nn.Parameter(torch.zeros(width))
        self.into_context = normal(context, width, deviation=context**-0.5) if context else None
        layers = range(depth - 1)
        self.hidden = nn.ParameterList(normal(width, width, deviation=width**-0.5) for _ in layers)
        self.hidden_bias = nn.ParameterList(nn.Parameter(torch.zeros(width)) for _ in layers)
        self.out = normal(width, len(head), deviation=0.3 * width**-0.5)
        self.out_bias = nn.Parameter(torch.zeros(len(head)))
        self.out_context = nn.Parameter(torch.zeros(context, len(head))) if context else None
        self.register_buffer("log_marginals", torch.zeros(len(head)))

    def masked_parameters(self) -> Iterator[tuple[nn.Parameter, Tensor | None]]:
        """Every parameter `[...]`, and the mask `[...]` that it is multiplied by, or None."""
        masks = {id(self.into): self.into_mask, id(self.out): self.out_mask}
        masks |= {id(weight): self.hidden_mask for weight in self.hidden}
        for parameter in self.parameters():
            mask = masks.get(id(parameter))
            yield parameter, None if mask is None else mask.expand_as(parameter)

    def set_marginals(self, counts: Sequence[Sequence[int]]) -> None:
        """Take the distribution of each column by itself from counts of its codes."""
        for i, times in enumerate(counts):
            shares = torch.tensor(times, dtype=torch.float64) + 0.5
            logs = (shares / shares.sum()).log()
            first, last = self.heads[i], self.heads[i + 1]
            if i in self.wide:
                runs = self.runs_at(i)
                self.log_marginals[first : first + runs.count] = runs.set_marginals(logs)
            else:
                self.log_marginals[first:last] = logs

    def runs_at(self, column: int) -> Runs:
        """The runs of a wide column."""
        runs = self.runs[self.wide.index(column)]
        assert isinstance(runs, Runs)
        return runs

    def forward(self, codes: Tensor, context: Tensor | None = None) -> list[Tensor]:
        """Each column's head given the columns before it, `[B, K]`.

        Args:
            codes: int64 `[B, C]`.
            context: `[B, context]`, if the network was built for one.
        """
        table = self.readings() * self.into_mask
        a = silu(self.read(codes, table) + self.start(context))
        for weight, bias in zip(self.hidden, self.hidden_bias, strict=True):
            a = a + silu(a @ (weight * self.hidden_mask) + bias)
        every = a @ (self.out * self.out_mask) + (self.out_bias + self.log_marginals)
        if context is not None and self.out_context is not None:
            every = every + context @ self.out_context
        return list(every.split([b - a for a, b in pairwise(self.heads)], dim=1))

    def start(self, context: Tensor | None) -> Tensor:
        """What the first layer's units hold before any column is read, `[B, width]` or `[width]`.

        Raises:
            TypeError: a context is given and the network was built for none, or the reverse.
        """
        if (context is None) != (self.into_context is None):
            raise TypeError(f"the network was built for a context of {self.context} numbers.")
        if context is None or self.into_context is None:
            return self.into_bias
        return self.into_bias + context @ self.into_context

    def log_prob(
        self, codes: Tensor, context: Tensor | None = None, added: Added | None = None
    ) -> Tensor:
        """Log-probability of each code given the columns before it, float32 `[B, C]`.

        Args:
            codes: int64 `[B, C]`.
            context: `[B, context]`, if the network was built for one.
            added: to heads, by column, `[B, K]` each.
        """
        heads = self(codes, context)
        for i, more in (added or {}).items():
            heads[i] = heads[i] + more
        return torch.stack(
            [
                self.runs_at(i).log_prob(head.float(), codes[:, i])
                if i in self.wide
                else -nn.functional.cross_entropy(head.float(), codes[:, i], reduction="none")
                for i, head in enumerate(heads)
            ],
            dim=1,
        )

    def log_probs(self, column: int, head: Tensor) -> Tensor:
        """Log-probabilities of all codes, `[B, sizes[column]]`, by a column's head `[B, K]`."""
        if column in self.wide:
            return self.runs_at(column).log_probs(head)
        return head.log_softmax(dim=1)

    def blocks(self, dtype: torch.dtype = torch.float32) -> "MaskedBlocks":
        """The weights as they are now, cut by column: what rollouts share."""
        return MaskedBlocks(self, dtype)

    def rollout(
        self,
        n: int,
        *,
        dtype: torch.dtype = torch.float32,
        context: Tensor | None = None,
        added: Added | None = None,
        blocks: "MaskedBlocks | None" = None,
    ) -> "MaskedState":
        """`n` rows that are made column by column.

        Args:
            n: number of rows.
            dtype: what hidden units are computed in.
            context: `[n, context]`, if the network was built for one.
            added: to heads, by column, `[n, K]` each.
            blocks: those of this network, where several rollouts follow each other; cut anew if
                not given.
        """
        return MaskedState(self, n, blocks or self.blocks(dtype), context, added)

    def readings(self) -> Tensor:
        """What each feature says to the first layer, `[F, width]`: itself, and its runs."""
        if self.into_runs is None:
            return self.into
        last = self.into_runs.shape[0]  # stands for no run
        runs = nn.functional.pad(self.into_runs, (0, 0, 0, 1))
        return self.into + embedding_bag(self.runs_of, runs, mode="sum", padding_idx=last)

    def read(self, codes: Tensor, table: Tensor) -> Tensor:
        """What the codes of the first columns say, `[B, K]`.

        Args:
            codes: int64 `[B, c]`.
            table: what each feature says, `[F, K]`.
        """
        before = codes.shape[1]
        narrow = [i for i in range(before) if i not in self.wide]
        starts = torch.tensor([self.features[i] for i in narrow], device=codes.device)
        chosen = codes if len(narrow) == before else codes[:, narrow]
        if narrow:
            said = embedding_bag(chosen + starts, table, mode="sum")
        else:
            said = table.new_zeros(len(codes), table.shape[1])
        for i in self.wide:
            if i < before:
                vectors = self.runs_at(i).vectors[codes[:, i]]
                said = said + vectors @ table[self.features[i] : self.features[i + 1]]
        return said

    def _mask(self, name: str, mask: Tensor) -> None:
        self.register_buffer(name, mask.float(), persistent=False)


class MaskedBlocks:
    """A network's weights cut by column, as a rollout needs them.

    Attributes:
        dtype: what hidden units are computed in.
        units: the first and the last of the units that see the context alone, and then of those
            that each column's code completes.
        into: what codes up to that column say to these units.
        hidden: by layer, these units' bias, and their weights from all units up to them.
        out: bias of each column's head, and its weights.
        out_context: what the context says to each column's head; empty without one.
    """

    @torch.no_grad()
    def __init__(self, network: MaskedNetwork, dtype: torch.dtype) -> None:
        cuts, heads = network.cuts, network.heads
        into = network.readings() * network.into_mask
        hidden = [(weight * network.hidden_mask).to(dtype) for weight in network.hidden]
        out = (network.out * network.out_mask).to(dtype)
        bias = network.out_bias + network.log_marginals
        self.dtype = dtype
        self.units = list(pairwise((0, *cuts)))
        self.into = [into[:, a:b].contiguous() for a, b in self.units]
        self.hidden = [
            [(bias[a:b].to(dtype), weight[:b, a:b].contiguous()) for a, b in self.units]
            for bias, weight in zip(network.hidden_bias, hidden, strict=True)
        ]
        self.out = [
            (bias[a:b].to(dtype), out[: cuts[i], a:b].contiguous())
            for i, (a, b) in enumerate(pairwise(heads))
        ]
        said = network.out_context
        self.out_context = [] if said is None else [
            said[:, a:b].to(dtype).contiguous() for a, b in pairwise(heads)
        ]  # fmt: skip


class MaskedState:
    """Rows in the making, without gradients; see `modalities.tables.game.AutoregressiveState`.

    Args:
        network: whose weights they are.
        n: number of rows.
        blocks: the weights.
        context: `[n, context]`, or None.
        added: to heads, by column, `[n, K]` each, or None.

    Attributes:
        column: the column whose turn it is.
        codes: what was put so far, int64 `[n, C]`.
    """

    @torch.no_grad()
    def __init__(
        self, network: MaskedNetwork, n: int, blocks: MaskedBlocks, context: Tensor | None,
        added: Added | None = None,
    ) -> None:  # fmt: skip
        self._network, self._blocks = network, blocks
        device, shape = network.into.device, (n, network.into.shape[1])
        self.column = 0
        self.codes = torch.zeros(n, len(network.sizes), dtype=torch.int64, device=device)
        self._start, self._added = network.start(context), added or {}
        self._context = None if context is None else context.to(blocks.dtype)
        self._layers = [
            torch.empty(shape, dtype=blocks.dtype, device=device)
            for _ in range(network.config.depth)
        ]
        self._complete(0)

    @torch.no_grad()
    def log_probs(self) -> Tensor:
        """Log-probabilities of the codes of the column whose turn it is, `[n, sizes[column]]`."""
        return self._network.log_probs(self.column, self._head())

    @torch.no_grad()
    def pick_wide(self, chance: Tensor, forbidden: Sequence[int] = ()) -> Tensor | None:
        """The code at a share `chance` `[n]` of all odds, int64 `[n]`, if the column has very many.

        None if it has few, whose `log_probs` cost little.
        """
        network, i = self._network, self.column
        if i not in network.wide:
            return None
        return network.runs_at(i).pick(self._head(), chance, forbidden)

    def _head(self) -> Tensor:
        i = self.column
        bias, weight = self._blocks.out[i]
        head = torch.addmm(bias, self._layers[-1][:, : self._network.cuts[i]], weight)
        if self._context is not None:
            head = torch.addmm(head, self._context, self._blocks.out_context[i])
        if i in self._added:
            head = head + self._added[i]
        return head.float()

    @torch.no_grad()
    def put(self, codes: Tensor) -> None:
        """Set that column, int64 `[n]`, and compute the units that its code completes."""
        self.codes[:, self.column] = codes
        self.column += 1
        if self.column < len(self._network.sizes):
            self._complete(self.column)

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows, int64 `[m]`, in place of the `n` there are."""
        self.codes = self.codes[rows]
        self._layers = [layer[rows] for layer in self._layers]
        self._added = {i: more[rows] for i, more in self._added.items()}
        if self._context is not None:
            self._start, self._context = self._start[rows], self._context[rows]

    def _complete(self, columns: int) -> None:
        """Compute the units that see the first `columns` columns and no fewer."""
        low, high = self._blocks.units[columns]
        if high == low:
            return
        start = self._start[..., low:high]
        if columns:
            a = self._network.read(self.codes[:, :columns], self._blocks.into[columns])
            a = a.add_(start)
        else:
            a = start.clone()
        a = silu(a, inplace=True).to(self._blocks.dtype)
        self._layers[0][:, low:high] = a
        for k, blocks in enumerate(self._blocks.hidden):
            bias, weight = blocks[columns]
            a = a + silu(torch.addmm(bias, self._layers[k][:, :high], weight), inplace=True)
            self._layers[k + 1][:, low:high] = a
