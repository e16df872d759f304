"""Values that are missing inside series, as channels that say where."""

import torch
from pydantic import Field
from torch import Tensor

from zerosum.modalities.series.steps import Channels, Step

MARK = "missing"
"""What follows the name of a channel in that of its marks."""


class Gaps(Step):
    """`channel` is missing in places; `mark` is 1 there and 0 elsewhere, and is modelled with it.

    Networks see a straight line across a gap. Whatever they make under a mark is taken out again.

    Attributes:
        channel: the channel.
        mark: the name of its marks.
        share: of all places that are missing.
        fill: stands in series of which nothing is known.
        places: decimal places that the line is rounded to, as values are.
    """

    kind = "series_gaps"
    channel: str
    mark: str
    share: float = Field(gt=0, lt=1)
    fill: float
    places: int | None = Field(default=None, ge=0, le=6)

    @property
    def statement(self) -> str:
        """See `Step.statement`."""
        return f"{self.channel} is missing in {_percent(self.share)} of places, and so in samples"

    def forward(self, x: Channels) -> Channels:
        """The marks first, and the channel without gaps."""
        own = x[self.channel]
        line = bridged(own, self.fill)
        if self.places is not None:
            line = torch.where(own.isnan(), line.round(decimals=self.places), line)
        return {self.mark: own.isnan().to(own.dtype), **x, self.channel: line}

    def backward(self, x: Channels) -> Channels:
        """The channel, NaN where it is marked."""
        own = torch.where(x[self.mark] >= 0.5, torch.nan, x[self.channel])
        return {name: one for name, one in x.items() if name != self.mark} | {self.channel: own}


def bridged(x: Tensor, fill: float) -> Tensor:
    """Series `[N, L]` with straight lines where values are NaN; ends are as what is next to them.

    Args:
        x: the series.
        fill: stands in series of which nothing is known.

    >>> bridged(torch.tensor([[torch.nan, 1.0, torch.nan, 3.0]]), 0.0)
    tensor([[1., 1., 2., 3.]])
    """
    known, length = ~x.isnan(), x.shape[1]
    at = torch.arange(length, device=x.device).expand_as(x)
    before = torch.where(known, at, -1).cummax(1).values
    after = torch.where(known, at, length).flip(1).cummin(1).values.flip(1)
    left, right = before.clamp_min(0), after.clamp_max(length - 1)
    first = torch.where(before < 0, x.gather(1, right), x.gather(1, left))
    last = torch.where(after >= length, first, x.gather(1, right))
    share = (at - left).to(x.dtype) / (right - left).clamp_min(1)
    line = torch.lerp(first, last, share).nan_to_num(nan=fill)
    return torch.where(known, x, line)


def _percent(share: float) -> str:
    return "under 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"
