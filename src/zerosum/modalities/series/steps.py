"""What is known of the channels of series, as changes that can be undone.

A *step* takes channels by name, float64 `[N, L]`, to others that are easier to model, and back.
Forward, series become what networks see; backward, the facts hold by construction: equal channels
are equal, a high is never below a low, a count is whole. `forward(backward(forward(x)))` equals
`forward(x)`, and `backward(forward(x))` equals `x`, up to rounding.

Steps are plain tensor functions, so a discriminator can look at what was undone, with a gradient.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from zerosum.config import Config
from zerosum.modalities.series.curves import Curve

Channels = dict[str, Tensor]
"""Channels by name, float64 `[N, L]`."""

_LARGEST = 3e38
"""The end of float32, which series are stored in."""


class Step(Config):
    """A change of some channels that can be undone."""

    @property
    def statement(self) -> str:
        """What holds in the data, in a clause; empty where there is nothing to say."""
        return ""

    def forward(self, x: Channels) -> Channels:
        """Channels that are easier to model."""
        raise TypeError(f"{type(self).__name__} must define forward()")

    def backward(self, x: Channels) -> Channels:
        """The channels that `forward` was given."""
        raise TypeError(f"{type(self).__name__} must define backward()")


class EqualChannels(Step):
    """`channel` is always what `source` is."""

    kind = "equal_channels"
    channel: str
    source: str

    @property
    def statement(self) -> str:
        """See `Step.statement`."""
        return f"{self.channel} equals {self.source}"

    def forward(self, x: Channels) -> Channels:
        """Without `channel`."""
        return _without(x, self.channel)

    def backward(self, x: Channels) -> Channels:
        """With a copy of `source`."""
        return x | {self.channel: x[self.source]}


class FixedChannel(Step):
    """`channel` has the same `values` in every series: it is constant, or a clock."""

    kind = "fixed_channel"
    channel: str
    values: tuple[float, ...]

    @property
    def statement(self) -> str:
        """See `Step.statement`."""
        if len(set(self.values)) == 1:
            return f"{self.channel} is always {self.values[0]:g}"
        return f"{self.channel} is the same in every series"

    def forward(self, x: Channels) -> Channels:
        """Without `channel`."""
        return _without(x, self.channel)

    def backward(self, x: Channels) -> Channels:
        """With the values."""
        like = next(iter(x.values()))
        return x | {self.channel: like.new_tensor(self.values).expand_as(like)}


class ChannelLimits(Step):
    """`channel` stays between two ends, and on a grid of `places` decimal places.

    Ends are those that the data keeps meeting, or 0 of what is never negative.
    """

    kind = "channel_limits"
    channel: str
    low: float | None = None
    high: float | None = None
    places: int | None = Field(default=None, ge=0, le=6)

    @property
    def statement(self) -> str:
        """See `Step.statement`."""
        ends = []
        if self.places is not None:
            ends.append("whole" if self.places == 0 else f"of {self.places} decimal places")
        if self.low is not None:
            ends.append(f"at least {self.low:g}")
        if self.high is not None:
            ends.append(f"at most {self.high:g}")
        return f"{self.channel} is {' and '.join(ends)}" if ends else ""

    def forward(self, x: Channels) -> Channels:
        """On the grid, which float32 misses by a little."""
        return x | {self.channel: self.applied(x[self.channel])}

    def backward(self, x: Channels) -> Channels:
        """Rounded and clamped."""
        return x | {self.channel: self.applied(x[self.channel])}

    def applied(self, x: Tensor) -> Tensor:
        """Values `[N, L]` brought between the ends and onto the grid.

        >>> ends = ChannelLimits(channel="a", low=0, places=0)
        >>> ends.applied(torch.tensor([-0.7, 1.4]))
        tensor([0., 1.])
        """
        if self.places is not None:
            x = x + (x.round(decimals=self.places) - x).detach() + 0.0
        return x.clamp(
            -_LARGEST if self.low is None else self.low,
            _LARGEST if self.high is None else self.high,
        )


class Envelope(Step):
    """`channel` is never below (or above) any of `among`; its distance from these is modelled.

    Attributes:
        channel: such as `high`, modelled as its distance above the largest of `among`.
        among: such as `open` and `close`.
        side: whether it is `upper` or `lower`.
        scale: `ratio` measures the distance as a difference of logarithms.
        limits: what holds of the channel itself.
    """

    kind = "envelope"
    channel: str
    among: tuple[str, ...] = Field(min_length=1)
    side: Literal["upper", "lower"]
    scale: Literal["ratio", "difference"]
    limits: ChannelLimits

    @property
    def statement(self) -> str:
        """See `Step.statement`."""
        way = "below" if self.side == "upper" else "above"
        others = self.among[0] if len(self.among) == 1 else f"any of {', '.join(self.among)}"
        return f"{self.channel} is never {way} {others}"

    def forward(self, x: Channels) -> Channels:
        """The distance, 0 or more, under the channel's name."""
        edge, own = self._edge(x), x[self.channel]
        upper = self.side == "upper"
        if self.scale == "ratio":
            distance = (own / edge).log() if upper else (edge / own).log()
        else:
            distance = own - edge if upper else edge - own
        return x | {self.channel: distance.clamp_min(0)}

    def backward(self, x: Channels) -> Channels:
        """The channel from its distance."""
        edge, distance = self._edge(x), x[self.channel].clamp_min(0)
        sign = 1 if self.side == "upper" else -1
        if self.scale == "ratio":
            own = edge * (sign * distance).clamp(-80, 80).exp()
        else:
            own = edge + sign * distance
        own = self.limits.applied(own)
        own = own.maximum(edge) if self.side == "upper" else own.minimum(edge)
        return x | {self.channel: own}

    def _edge(self, x: Channels) -> Tensor:
        others = torch.stack([x[name] for name in self.among])
        return others.amax(0) if self.side == "upper" else others.amin(0)


class LogScale(Step):
    """`channel` is positive and modelled by its logarithm."""

    kind = "log_scale"
    channel: str

    @property
    def statement(self) -> str:
        """See `Step.statement`."""
        return f"{self.channel} is positive and modelled on a log scale"

    def forward(self, x: Channels) -> Channels:
        """The natural logarithm."""
        return x | {self.channel: x[self.channel].log()}

    def backward(self, x: Channels) -> Channels:
        """The exponential, which float32 can hold."""
        return x | {self.channel: x[self.channel].clamp(-87, 88).exp()}


class Spread(Step):
    """`channel` moves with `source` and is modelled by its distance from it."""

    kind = "spread"
    channel: str
    source: str

    @property
    def statement(self) -> str:
        """See `Step.statement`."""
        return f"{self.channel} moves with {self.source} and is modelled beside it"

    def forward(self, x: Channels) -> Channels:
        """The difference."""
        return x | {self.channel: x[self.channel] - x[self.source]}

    def backward(self, x: Channels) -> Channels:
        """The sum."""
        return x | {self.channel: x[self.channel] + x[self.source]}


class Increments(Step):
    """`channel` wanders like a sum of steps and is modelled by these, after its first value."""

    kind = "increments"
    channel: str

    @property
    def statement(self) -> str:
        """See `Step.statement`."""
        return f"{self.channel} wanders and is modelled by its increments"

    def forward(self, x: Channels) -> Channels:
        """The first value, then differences."""
        own = x[self.channel]
        return x | {self.channel: torch.cat([own[:, :1], own.diff(dim=1)], dim=1)}

    def backward(self, x: Channels) -> Channels:
        """Sums."""
        return x | {self.channel: x[self.channel].cumsum(dim=1)}


class Scores(Step):
    """`channel` on the scale that networks see, by a curve; its first place has one of its own.

    Attributes:
        channel: the channel.
        curve: of all places.
        first: of the first place, where that is a level and the others are increments.
    """

    kind = "series_scores"
    channel: str
    curve: Curve
    first: Curve | None = None

    def forward(self, x: Channels) -> Channels:
        """Scores."""
        own = x[self.channel]
        if self.first is None:
            return x | {self.channel: self.curve.to_scores(own)}
        parts = [self.first.to_scores(own[:, :1]), self.curve.to_scores(own[:, 1:])]
        return x | {self.channel: torch.cat(parts, dim=1)}

    def backward(self, x: Channels) -> Channels:
        """Values."""
        own = x[self.channel]
        if self.first is None:
            return x | {self.channel: self.curve.to_values(own)}
        parts = [self.first.to_values(own[:, :1]), self.curve.to_values(own[:, 1:])]
        return x | {self.channel: torch.cat(parts, dim=1)}

    def snapped(self, own: Tensor) -> Tensor:
        """Scores `[N, L]` with those of atoms at their middles; see `Curve.snapped`."""
        if self.first is None:
            return self.curve.snapped(own)
        parts = [self.first.snapped(own[:, :1]), self.curve.snapped(own[:, 1:])]
        return torch.cat(parts, dim=1)

    def widened(self, own: Tensor, chance: Tensor) -> Tensor:
        """Scores `[N, L]` with those of atoms anywhere in their ranges; see `Curve.widened`."""
        if self.first is None:
            return self.curve.widened(own, chance)
        parts = [
            self.first.widened(own[:, :1], chance[:, :1]),
            self.curve.widened(own[:, 1:], chance[:, 1:]),
        ]
        return torch.cat(parts, dim=1)

    def snapped_at(self, place: int, numbers: Tensor) -> Tensor:
        """Scores of any shape, all of one place, with those of atoms at their middles."""
        curve = self.curve if place or self.first is None else self.first
        return curve.snapped(numbers)


def _without(x: Channels, name: str) -> Channels:
    return {key: value for key, value in x.items() if key != name}
