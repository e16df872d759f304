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
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, silu

from zerosum.config import Config, Depth, Size

_NEVER = -1e4
"""Log-odds of a code that does not exist; finite, so that weights can be averaged."""


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

    def build(self, sizes: Sequence[int], *, ordered: Sequence[int] = ()) -> "MaskedNetwork":
        """The network for columns of so many codes, in that order.

        Args:
            sizes: number of codes of each column.
            ordered: the columns whose neighbouring codes are alike.
        """
        return MaskedNetwork(self, sizes, ordered)


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
        self, config: MaskedNetworkConfig, sizes: Sequence[int], ordered: Sequence[int]
    ) -> None:
        super().__init__()
        self.config, self.sizes = config, tuple(sizes)
        columns, depth = len(sizes), config.depth
        width = max(config.width, columns - 1)
        self.wide = tuple(i for i, size in enumerate(sizes) if size > config.wide)
        self.runs = nn.ModuleList(Runs(sizes[i], config.rank) for i in self.wide)
        spans = [config.rank if i in self.wide else size for i, size in enumerate(sizes)]
        heads = [self.runs_at(i).head if i in self.wide else sizes[i] for i in range(columns)]
        self.features, self.heads = _edges(spans), _edges(heads)
        degree = _degrees(width, columns)
        self.cuts = tuple(int((degree <= i).sum()) for i in range(columns + 1))
        feature, head = _owners(spans), _owners(heads)
        self._mask("into_mask", feature[:, None] < degree)
        self._mask("hidden_mask", degree[:, None] <= degree)
        self._mask("out_mask", degree[:, None] <= head)
        pyramid = {i: sizes[i] for i in ordered if i not in self.wide}
        table, num_runs = _pyramid(pyramid, self.features)
        self.register_buffer("runs_of", table, persistent=False)
        self.into = _normal(len(feature), width, deviation=columns**-0.5)
        self.into_runs = nn.Parameter(torch.zeros(num_runs, width)) if num_runs else None
        self.into_bias = nn.Parameter(torch.zeros(width))
        layers = range(depth - 1)
        self.hidden = nn.ParameterList(_normal(width, width, deviation=width**-0.5) for _ in layers)
        self.hidden_bias = nn.ParameterList(nn.Parameter(torch.zeros(width)) for _ in layers)
        self.out = _normal(width, len(head), deviation=0.3 * width**-0.5)
        self.out_bias = nn.Parameter(torch.zeros(len(head)))
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

    def runs_at(self, column: int) -> "Runs":
        """The runs of a wide column."""
        runs = self.runs[self.wide.index(column)]
        assert isinstance(runs, Runs)
        return runs

    def forward(self, codes: Tensor) -> list[Tensor]:
        """Each column's head given the columns before it, `[B, K]`.

        Args:
            codes: int64 `[B, C]`.
        """
        table = self.readings() * self.into_mask
        a = silu(self.read(codes, table) + self.into_bias)
        for weight, bias in zip(self.hidden, self.hidden_bias, strict=True):
            a = a + silu(a @ (weight * self.hidden_mask) + bias)
        every = a @ (self.out * self.out_mask) + (self.out_bias + self.log_marginals)
        return list(every.split([b - a for a, b in pairwise(self.heads)], dim=1))

    def log_prob(self, codes: Tensor) -> Tensor:
        """Log-probability of each code given the columns before it, float32 `[B, C]`."""
        return torch.stack(
            [
                self.runs_at(i).log_prob(head.float(), codes[:, i])
                if i in self.wide
                else -nn.functional.cross_entropy(head.float(), codes[:, i], reduction="none")
                for i, head in enumerate(self(codes))
            ],
            dim=1,
        )

    def log_probs(self, column: int, head: Tensor) -> Tensor:
        """Log-probabilities of all codes, `[B, sizes[column]]`, by a column's head `[B, K]`."""
        if column in self.wide:
            return self.runs_at(column).log_probs(head)
        return head.log_softmax(dim=1)

    def rollout(self, n: int, *, dtype: torch.dtype = torch.float32) -> "MaskedState":
        """`n` rows that are made column by column; hidden units are computed in `dtype`."""
        return MaskedState(self, n, dtype)

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


class Runs(nn.Module):
    """A column of very many codes, predicted as a run of codes and then the code in that run.

    A head is the logits of the runs, and `rank` numbers that are multiplied with a vector of each
    code. Learning costs about twice the root of the number of codes.

    Attributes:
        count: number of runs.
        head: length of a head.
        vectors: what each code is read as, `[size, rank]`.
    """

    inner: Tensor

    def __init__(self, size: int, rank: int) -> None:
        super().__init__()
        self.size, self.length = size, int((size - 1) ** 0.5) + 1
        self.count = -(-size // self.length)
        self.head = self.count + rank
        self.vectors = _normal(size, rank, deviation=rank**-0.5)
        self.predict = nn.Parameter(torch.randn(self.count, self.length, rank) * rank**-0.5)
        inner = torch.zeros(self.count * self.length)
        inner[size:] = _NEVER
        self.register_buffer("inner", inner.view(self.count, self.length))

    def set_marginals(self, logs: Tensor) -> Tensor:
        """Take log-probabilities of the codes, `[size]`; return those of the runs, `[count]`."""
        padded = torch.full((self.count * self.length,), _NEVER, dtype=logs.dtype)
        padded[: self.size] = logs
        self.inner.copy_(padded.view_as(self.inner).log_softmax(dim=1))
        return padded.view_as(self.inner).logsumexp(dim=1)

    def log_prob(self, head: Tensor, codes: Tensor) -> Tensor:
        """Log-probability of each code, `[B]`, by heads `[B, head]`."""
        run, place = codes // self.length, codes % self.length
        of_run = head[:, : self.count].log_softmax(dim=1).gather(1, run[:, None])[:, 0]
        logits = torch.einsum("blr,br->bl", self.predict[run], head[:, self.count :])
        inside = (logits + self.inner[run]).log_softmax(dim=1)
        return of_run + inside.gather(1, place[:, None])[:, 0]

    def log_probs(self, head: Tensor) -> Tensor:
        """Log-probabilities of all codes, `[B, size]`, by heads `[B, head]`."""
        of_runs = head[:, : self.count].log_softmax(dim=1)
        logits = torch.einsum("clr,br->bcl", self.predict, head[:, self.count :])
        inside = (logits + self.inner).log_softmax(dim=2)
        return (of_runs[:, :, None] + inside).flatten(1)[:, : self.size]


class _Blocks:
    """A network's weights cut by column, as a rollout needs them.

    Attributes:
        units: of each column, the first and the last of the units that its code completes.
        into: what codes up to it say to these units.
        hidden: by layer, these units' bias, and their weights from all units up to them.
        out: bias of each column's head, and its weights.
    """

    @torch.no_grad()
    def __init__(self, network: MaskedNetwork, dtype: torch.dtype) -> None:
        cuts, heads = network.cuts, network.heads
        into = network.readings() * network.into_mask
        hidden = [(weight * network.hidden_mask).to(dtype) for weight in network.hidden]
        out = (network.out * network.out_mask).to(dtype)
        bias = network.out_bias + network.log_marginals
        self.units = list(pairwise((0, *cuts[1:])))
        self.into = [into[:, a:b].contiguous() for a, b in self.units]
        self.hidden = [
            [(bias[a:b].to(dtype), weight[:b, a:b].contiguous()) for a, b in self.units]
            for bias, weight in zip(network.hidden_bias, hidden, strict=True)
        ]
        self.out = [
            (bias[a:b].to(dtype), out[: cuts[i], a:b].contiguous())
            for i, (a, b) in enumerate(pairwise(heads))
        ]


class MaskedState:
    """Rows in the making, without gradients; see `modalities.tables.game.Rollout`.

    Args:
        network: whose weights are taken as they are now.
        n: number of rows.
        dtype: what hidden units are computed in; probabilities are float32.

    Attributes:
        column: the column whose turn it is.
        codes: what was put so far, int64 `[n, C]`.
    """

    def __init__(self, network: MaskedNetwork, n: int, dtype: torch.dtype) -> None:
        self._network, self._blocks = network, _Blocks(network, dtype)
        device, shape = network.into.device, (n, network.into.shape[1])
        self.column = 0
        self.codes = torch.zeros(n, len(network.sizes), dtype=torch.int64, device=device)
        self._layers = [
            torch.empty(shape, dtype=dtype, device=device) for _ in range(network.config.depth)
        ]

    @torch.no_grad()
    def log_probs(self) -> Tensor:
        """Log-probabilities of the codes of the column whose turn it is, `[n, sizes[column]]`."""
        network, i = self._network, self.column
        bias, weight = self._blocks.out[i]
        head = torch.addmm(bias, self._layers[-1][:, : network.cuts[i]], weight)
        return network.log_probs(i, head.float())

    @torch.no_grad()
    def put(self, codes: Tensor) -> None:
        """Set that column, int64 `[n]`, and compute the units that its code completes."""
        network, i = self._network, self.column
        self.codes[:, i] = codes
        self.column += 1
        low, high = self._blocks.units[i]
        if self.column == len(network.sizes) or high == low:
            return
        a = network.read(self.codes[:, : i + 1], self._blocks.into[i])
        a = silu(a.add_(network.into_bias[low:high]), inplace=True).to(self._layers[0].dtype)
        self._layers[0][:, low:high] = a
        for k, blocks in enumerate(self._blocks.hidden):
            bias, weight = blocks[i]
            a = a + silu(torch.addmm(bias, self._layers[k][:, :high], weight), inplace=True)
            self._layers[k + 1][:, low:high] = a

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows, int64 `[m]`, in place of the `n` there are."""
        self.codes = self.codes[rows]
        self._layers = [layer[rows] for layer in self._layers]


def _pyramid(sizes: dict[int, int], starts: Sequence[int]) -> tuple[Tensor, int]:
    """The runs of 2, 4, 8, ... neighbouring codes that each feature lies in.

    Args:
        sizes: number of codes of each ordered column.
        starts: the first feature of each column, and the number of features.

    Returns:
        int64 `[F, levels]`, filled up with the number of runs, and that number.
    """
    levels = max((size - 1).bit_length() - 1 for size in sizes.values()) if sizes else 0
    table = torch.full((starts[-1], max(levels, 0)), -1)
    count = 0
    for column, size in sizes.items():
        for level in range((size - 1).bit_length() - 1):
            run = torch.arange(size) // 2 ** (level + 1)
            table[starts[column] : starts[column] + size, level] = run + count
            count += int(run[-1]) + 1
    return table.where(table >= 0, count), count


def _degrees(width: int, columns: int) -> Tensor:
    """Degrees 1 to `columns` - 1 of hidden units, evenly and in order, `[width]`.

    Units share a degree in groups of up to 16, where there are enough: processors multiply such
    blocks up to half as fast again.
    """
    group = 16
    while group > 1 and width < group * (columns - 1):
        group //= 2
    first = torch.arange(width) // group * group
    return first * max(columns - 1, 1) // width + 1


def _edges(spans: Sequence[int]) -> tuple[int, ...]:
    return (0, *torch.tensor(spans).cumsum(0).tolist())


def _owners(spans: Sequence[int]) -> Tensor:
    return torch.repeat_interleave(torch.arange(len(spans)), torch.tensor(spans))


def _normal(*shape: int, deviation: float) -> nn.Parameter:
    return nn.Parameter(torch.randn(*shape) * deviation)
