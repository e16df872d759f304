"""The space of what discriminators of series see."""

from torch import Tensor

from zerosum.config import Size
from zerosum.spaces import Space


class ScoreSpace(Space):
    """Channels over time that are not scaled, float32 `[N, channels, length]`: what players see."""

    kind = "series_scores_seen"
    unit = "series"
    axes = 1
    precisions = ("fp32",)
    channels: Size
    length: Size

    @property
    def shape(self) -> tuple[int, int]:
        """`(channels, length)`."""
        return self.channels, self.length

    def packed(self, count: int) -> "ScoreSpace":
        """Series of `count` times as many channels."""
        return self.model_copy(update={"channels": count * self.channels})

    def to_model(self, compact: Tensor) -> Tensor:
        """As they are."""
        return compact

    def to_data(self, x: Tensor) -> Tensor:
        """As they are."""
        return x
