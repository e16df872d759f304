"""Rows that there are already."""

from typing import NamedTuple

import torch
from torch import Tensor

from zerosum.modalities.sequences.time_axis import Moments, TimeAxis


class Given(NamedTuple):
    """Rows of `n` sequences that there are already.

    Attributes:
        rows: as networks see them, `[n, longest, row_width]`.
        lengths: how many there are of each, int64 `[n]`.
        when: their values of time, float64 `[n, longest]`; None where rows have no time.
    """

    rows: Tensor
    lengths: Tensor
    when: Tensor | None

    def moments_at(self, place: int, made: Moments, axis: TimeAxis | None, some: Tensor) -> Moments:
        """The moments of rows at one place: those given, else those `made` `[m]`.

        Args:
            place: from 0.
            made: moments of some of the sequences.
            axis: of time.
            some: which these are, int64 `[m]`.
        """
        if axis is None or self.when is None:
            return made
        known = axis.split(self.when[some, place].nan_to_num())
        there = self.lengths[some] > place
        return Moments(*(torch.where(there, a, b) for a, b in zip(known, made, strict=True)))
