"""A recurrent network that says how each number of a series is distributed, given those before it.

Numbers come step by step, and within a step channel by channel. A recurrent network (Cho et al.,
"Learning phrase representations using RNN encoder-decoder", EMNLP 2014, arXiv:1406.1078) reads the
steps before, and a small perceptron for each channel turns what it remembers, the last few steps
and the channels before into a mixture of normal distributions (Bishop, "Mixture density networks",
1994).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, log_softmax, silu

from zerosum.config import Config, Size, SizeOrZero

_PLACE, _LABEL, _ATTRIBUTES = 8, 8, 16

Snap = Callable[[int, int, Tensor], Tensor]
"""From a channel, a place and its numbers `[n, 1]` to what these become."""


class CausalNetworkConfig(Config):
    """A recurrent network of `width` units, and a perceptron for each channel.

    Attributes:
        width: recurrent units.
        hidden: units of each channel's perceptron.
        components: normal distributions of a mixture.
        lags: steps before that the perceptrons see as they are.
    """

    kind = "causal_network"
    width: Size = 64
    hidden: Size = 48
    components: Size = 5
    lags: SizeOrZero = 3

    def build(
        self, channels: int, length: int, *, extras: int = 0, num_labels: int = 0,
        attributes: Sequence[int] = (),
    ) -> "CausalNetwork":  # fmt: skip
        """The network for series of `channels` channels and `length` steps.

        Args:
            channels: numbers of a step.
            length: steps.
            extras: further numbers of a step that are known once its channels are.
            num_labels: classes that can be asked for.
            attributes: number of codes of each attribute, in place of labels.
        """
        return CausalNetwork(self, channels, length, extras, num_labels, attributes)


@dataclass(frozen=True)
class Mixture:
    """Mixtures of normal distributions, `[..., M]` each: log weights, means, log deviations."""

    weights: Tensor
    means: Tensor
    deviations: Tensor

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density of numbers `[...]`."""
        away = (x[..., None] - self.means) * (-self.deviations).exp()
        each = self.weights - self.deviations - 0.5 * away.square() - 0.5 * math.log(2 * math.pi)
        return each.logsumexp(-1)

    def draw(self, choice: Tensor, place: Tensor) -> Tensor:
        """Numbers `[...]`: a component by its share, then a normal number.

        Args:
            choice: uniform in [0, 1), `[...]`.
            place: standard normal, `[...]`.

        >>> one = torch.zeros(1, 1)
        >>> Mixture(one, one + 3, one).draw(torch.tensor([0.5]), torch.tensor([1.0]))
        tensor([4.])
        """
        edges = self.weights.exp().cumsum(-1)
        taken = (choice[..., None] > edges[..., :-1]).sum(-1, keepdim=True)
        mean, deviation = (one.gather(-1, taken)[..., 0] for one in (self.means, self.deviations))
        return mean + deviation.exp() * place


class CodeSum(nn.Module):
    """The sum of a vector for each code."""

    starts: Tensor

    def __init__(self, sizes: Sequence[int], width: int) -> None:
        super().__init__()
        starts = torch.tensor([0, *sizes]).cumsum(0)
        self.register_buffer("starts", starts[:-1], persistent=False)
        self.vectors = nn.Parameter(torch.randn(int(starts[-1]), width) * len(sizes) ** -0.5)

    def forward(self, codes: Tensor) -> Tensor:
        """Vectors `[B, width]` of codes, int64 `[B, K]`."""
        return embedding_bag(codes + self.starts, self.vectors, mode="sum")


class CausalNetwork(nn.Module):
    """From the steps before to mixtures, for all steps at once or for one after another."""

    before: Tensor

    def __init__(
        self, config: CausalNetworkConfig, channels: int, length: int, extras: int,
        num_labels: int, attributes: Sequence[int],
    ) -> None:  # fmt: skip
        super().__init__()
        self.channels, self.length, self.lags = channels, length, config.lags
        own = channels + extras
        self.places = nn.Parameter(torch.zeros(length, _PLACE))
        self.embed = nn.Embedding(num_labels, _LABEL) if num_labels else None
        self.attributes = CodeSum(attributes, _ATTRIBUTES) if attributes else None
        told = _PLACE + (_LABEL if num_labels else 0) + (_ATTRIBUTES if attributes else 0)
        self.recurrent = nn.GRU(own + told, config.width, batch_first=True)
        known = config.width + max(config.lags, 1) * own + told
        self.known = nn.Parameter(torch.randn(channels, config.hidden, known) / known**0.5)
        self.others = nn.Parameter(torch.randn(channels, config.hidden, channels) / channels**0.5)
        self.bias = nn.Parameter(torch.zeros(channels, config.hidden))
        outputs = 3 * config.components
        self.out = nn.Parameter(
            0.1 * torch.randn(channels, outputs, config.hidden) / config.hidden**0.5
        )
        self.out_bias = nn.Parameter(torch.zeros(channels, outputs))
        with torch.no_grad():
            spread = torch.linspace(-1, 1, config.components)
            self.out_bias[:, config.components : 2 * config.components] = spread
        self.line = nn.Parameter(torch.zeros(channels, known))
        self.line_others = nn.Parameter(torch.zeros(channels, channels))
        self.register_buffer("before", torch.ones(channels, channels).tril(-1), persistent=False)

    def log_prob(self, x: Tensor, extras: Tensor, y: Tensor | None, target: Tensor) -> Tensor:
        """Log density of each number of `target`, `[B, L, C]`, given all of `x` before it.

        Args:
            x: series `[B, C, L]`.
            extras: further numbers of their steps `[B, E, L]`.
            y: labels `[B]`, or codes of attributes, int64 `[B, K]`, or None.
            target: series `[B, C, L]`, which may say more exactly what `x` is.
        """
        known = self._known(torch.cat([x, extras], dim=1).transpose(1, 2), y)
        within = x.transpose(1, 2)
        mixtures = self._mixtures(known, within, slice(None))
        return mixtures.log_prob(target.transpose(1, 2))

    def _known(self, steps: Tensor, y: Tensor | None) -> Tensor:
        """What is known before each step `[B, L, K]`, of steps `[B, L, C + E]`."""
        blank = torch.zeros_like(steps[:, :1])
        past = torch.cat([blank, steps[:, :-1]], dim=1)
        told = self._told(len(steps), y)
        remembered, _ = self.recurrent(torch.cat([past, told], dim=2))
        lagged = [past]
        for _ in range(self.lags - 1):
            lagged.append(torch.cat([blank, lagged[-1][:, :-1]], dim=1))
        return torch.cat([remembered, *lagged, told], dim=2)

    def _told(self, n: int, y: Tensor | None) -> Tensor:
        """Where in the series a step is, and the label or attributes, `[n, L, T]`."""
        told = self.places.expand(n, -1, -1)
        if self.attributes is not None and y is not None:
            own = self.attributes(y)[:, None].expand(-1, self.length, -1)
            return torch.cat([told, own], dim=2)
        if self.embed is None:
            return told
        return torch.cat([told, self.embed(y)[:, None].expand(-1, self.length, -1)], dim=2)

    def _mixtures(self, known: Tensor, within: Tensor, which: slice) -> Mixture:
        """Mixtures of the channels `which`, `[..., c, M]`, of what is known `[..., K]`.

        `within` `[..., C]` are the numbers of the same step; a channel sees those before it.
        """
        before = self.before[which]
        hidden = torch.einsum("...k,chk->...ch", known, self.known[which])
        own = self.others[which] * before[:, None]
        hidden = hidden + torch.einsum("...k,chk->...ch", within, own) + self.bias[which]
        raw = torch.einsum("...ch,coh->...co", silu(hidden), self.out[which]) + self.out_bias[which]
        weights, means, deviations = raw.float().chunk(3, dim=-1)
        line = known @ self.line[which].T + within @ (self.line_others[which] * before).T
        means = means + line[..., None]
        return Mixture(log_softmax(weights, -1), means, deviations.clamp(-6, 3))

    def rollout(self, n: int, y: Tensor | None) -> "Rollout":
        """`n` series that are made step by step."""
        return Rollout(self, n, y)


class Rollout:
    """Series in the making: `draw` a step, then `take` what it became.

    Args:
        network: says how numbers are distributed.
        n: how many series.
        y: their labels `[n]`, or None.
    """

    def __init__(self, network: CausalNetwork, n: int, y: Tensor | None) -> None:
        self._network, self._n = network, n
        self._told = network._told(n, y)
        self._lagged: list[Tensor] = []
        self._state: Tensor | None = None

    def draw(self, place: int, choice: Tensor, normal: Tensor, snap: Snap) -> Tensor:
        """Numbers of the next step, `[n, C]`.

        Args:
            place: the step.
            choice: uniform numbers `[n, C]`.
            normal: normal numbers `[n, C]`.
            snap: what is done to each channel's number before the next sees it.
        """
        network = self._network
        told = self._told[:, place]
        own = network.recurrent.input_size - told.shape[1]
        blank = told.new_zeros(self._n, own)
        lagged = (self._lagged + [blank] * max(network.lags, 1))[: max(network.lags, 1)]
        inputs = torch.cat([lagged[0], told], dim=1)[:, None]
        remembered, self._state = network.recurrent(inputs, self._state)
        known = torch.cat([remembered[:, 0], *lagged, told], dim=1)
        made = told.new_zeros(self._n, network.channels)
        for channel in range(network.channels):
            one = network._mixtures(known, made, slice(channel, channel + 1))
            number = one.draw(choice[:, channel : channel + 1], normal[:, channel : channel + 1])
            made = torch.cat(
                [made[:, :channel], snap(channel, place, number), made[:, channel + 1 :]], dim=1
            )
        return made

    def take(self, step: Tensor) -> None:
        """Go on after a step `[n, C + E]`."""
        self._lagged = [step, *self._lagged][: max(self._network.lags, 1)]
