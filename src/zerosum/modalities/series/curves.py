"""Rising curves from values to scores, with steps for values that the data has often."""

from itertools import pairwise

import torch
from pydantic import Field, model_validator
from torch import Tensor

from zerosum.config import Config
from zerosum.errors import ConfigError

_FAR = 8.0
"""Scores beyond this, which no data has, are brought back to it."""
_SPECK = 1e-4
"""Scores nearer to each other than this are one score."""
_SAME = 1e-9
"""Values nearer to each other than this share of a curve's range are one value."""


class Curve(Config):
    """A rising curve from values to scores, straight between knots and beyond them.

    Three knots of one value are an *atom*, a value that the data has often: its score is that of
    the middle one, and all scores between the outer two stand for it.
    """

    kind = "series_curve"
    values: tuple[float, ...] = Field(min_length=2, max_length=1_024)
    scores: tuple[float, ...] = Field(min_length=2, max_length=1_024)

    @model_validator(mode="after")
    def _rising(self) -> "Curve":
        values, scores = self.values, self.scores
        if len(values) != len(scores):
            raise ConfigError(f"{len(values)} values and {len(scores)} scores; give as many.")
        strict = all(a < b for a, b in pairwise(scores))
        if not strict or any(a > b for a, b in pairwise(values)):
            raise ConfigError("the knots of a curve must rise.")
        return self

    def to_scores(self, x: Tensor) -> Tensor:
        """Scores of values, of any shape.

        >>> curve = Curve(values=(0, 0, 0, 2), scores=(-1, 0.5, 1, 2))
        >>> curve.to_scores(torch.tensor([0.0, 1.0, 4.0], dtype=torch.float64))
        tensor([0.5000, 1.5000, 3.0000], dtype=torch.float64)
        """
        values, scores = self._knots(x)
        near = _SAME * (values[-1] - values[0]).maximum(values.abs().amax())
        left = torch.searchsorted(values, (x - near).contiguous(), right=False)
        right = torch.searchsorted(values, (x + near).contiguous(), right=True)
        middle = scores[((left + right) // 2).clamp(max=len(values) - 1)]
        straight = _interpolated(x, values, scores)
        return torch.where(right - left >= 3, middle, straight)

    def to_values(self, scores: Tensor) -> Tensor:
        """Values of scores, of any shape, with a gradient.

        >>> curve = Curve(values=(0, 0, 0, 2), scores=(-1, 0.5, 1, 2))
        >>> curve.to_values(torch.tensor([-0.5, 0.5, 1.5], dtype=torch.float64))
        tensor([0., 0., 1.], dtype=torch.float64)
        """
        values, knots = self._knots(scores)
        return _interpolated(scores.clamp(-_FAR, _FAR), knots, values)

    def snapped(self, scores: Tensor) -> Tensor:
        """Scores of any shape; those within an atom become its own, with the gradient kept.

        >>> curve = Curve(values=(0, 0, 0, 2), scores=(-1, 0.5, 1, 2))
        >>> curve.snapped(torch.tensor([0.0, 1.5]))
        tensor([0.5000, 1.5000])
        """
        for low, middle, high in self.atoms:
            inside = (scores >= low) & (scores <= high)
            scores = scores + torch.where(inside, middle - scores, 0).detach()
        return scores

    def widened(self, scores: Tensor, chance: Tensor) -> Tensor:
        """Scores of any shape; in place of an atom's own one anywhere in its range.

        Args:
            scores: of data.
            chance: uniform in [0, 1), of the same shape; a normal number that is in the range has
                the same distribution.

        >>> curve = Curve(values=(0, 0, 0, 2), scores=(-9, 0, 9, 10))
        >>> curve.widened(torch.tensor([0.0, 9.5]), torch.tensor([0.5, 0.5]))
        tensor([0.0000, 9.5000])
        """
        for ends in self.atoms:
            low, middle, high = (scores.new_tensor(end) for end in ends)
            share = torch.lerp(torch.special.ndtr(low), torch.special.ndtr(high), chance)
            anywhere = torch.special.ndtri(share.clamp(1e-6, 1 - 1e-6))
            scores = torch.where((scores - middle).abs() < _SPECK, anywhere, scores)
        return scores

    @property
    def atoms(self) -> tuple[tuple[float, float, float], ...]:
        """Least, own and largest score of each value that stands for a range of them."""
        found: dict[float, list[float]] = {}
        for value, score in zip(self.values, self.scores, strict=True):
            found.setdefault(value, []).append(score)
        return tuple((s[0], s[len(s) // 2], s[-1]) for s in found.values() if len(s) > 2)

    def _knots(self, like: Tensor) -> tuple[Tensor, Tensor]:
        kind = {"dtype": like.dtype, "device": like.device}
        return torch.tensor(self.values, **kind), torch.tensor(self.scores, **kind)


def _interpolated(x: Tensor, at: Tensor, values: Tensor) -> Tensor:
    """Straight lines through `(at, values)`, and on beyond the first and the last."""
    # Beyond an atom at an end, the line goes on as it does between the knots next to it.
    right = torch.searchsorted(at, x.detach().contiguous(), right=True).clamp(1, len(at) - 1)
    left = right - 1
    run = at[right] - at[left]
    slope = (values[right] - values[left]) / torch.where(run > 0, run, 1)
    return values[left] + torch.where(run > 0, slope, 0) * (x - at[left])
