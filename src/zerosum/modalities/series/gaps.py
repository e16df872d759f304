"""Values that are missing inside series, and series that end early, as channels that say where."""

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


class Ends(Step):
    """Series end before the last place; `mark` is 1 from there on and 0 before, and is modelled.

    Networks see a series go back and forth after its end, so that its values and steps are still
    those of series. Whatever they make there is taken out again.

    Attributes:
        mark: the name of the marks.
        least: places of the shortest series.
        most: places of the longest.
    """

    kind = "series_ends"
    mark: str
    least: int = Field(ge=1)
    most: int = Field(ge=2)

    @property
    def statement(self) -> str:
        """See `Step.statement`."""
        return f"series end after {self.least} to {self.most} steps, and so do samples"

    def forward(self, x: Channels) -> Channels:
        """The marks first, and the channels without ends."""
        ended = after_end(torch.stack([*x.values()], dim=1).isnan())
        known = (~ended).sum(1, keepdim=True)
        there = torch.arange(ended.shape[1], device=ended.device) % (2 * (known - 1)).clamp_min(1)
        back = torch.where(there < known, there, 2 * (known - 1) - there)
        marks = ended.to(next(iter(x.values())).dtype)
        return {self.mark: marks} | {name: own.gather(1, back) for name, own in x.items()}

    def backward(self, x: Channels) -> Channels:
        """The channels, NaN from the first mark on; none ends before the shortest."""
        ended = self.ended(x[self.mark])
        return {
            name: torch.where(ended, torch.nan, own) for name, own in x.items() if name != self.mark
        }

    def ended(self, marks: Tensor) -> Tensor:
        """Whether places are after the end of their series, bool `[N, L]`, of marks `[N, L]`.

        >>> Ends(mark="end", least=2, most=4).ended(torch.tensor([[1.0, 0.0, 1.0, 0.0]]))
        tensor([[False, False,  True,  True]])
        """
        found = marks >= 0.5
        found[:, : self.least] = False
        return found.cummax(dim=1).values


def after_end(gone: Tensor) -> Tensor:
    """Places from which on all channels are missing, bool `[N, L]`, of what is missing `[N, C, L]`.

    >>> after_end(torch.tensor([[[True, False, True], [False, False, True]]]))
    tensor([[False, False,  True]])
    """
    return gone.all(1).flip(1).cummin(dim=1).values.flip(1)


def find_ends(gone: Tensor) -> Tensor | None:
    """Where series are over, bool `[N, L]`; None unless that is why all that is missing is.

    Args:
        gone: what is missing, bool `[N, C, L]`.
    """
    ended = after_end(gone)
    is_all = torch.equal(gone, ended[:, None].expand_as(gone))
    return ended if is_all and bool(ended.any()) and not bool(ended[:, 0].any()) else None


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
