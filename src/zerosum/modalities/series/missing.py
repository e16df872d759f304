"""What is done about values of series that are missing, before anything is learned."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from zerosum.errors import DataError
from zerosum.faces import reading
from zerosum.modalities.series.gaps import find_ends

Missing = Literal["keep", "refuse", "interpolate", "drop"]


def without_missing(
    x: np.ndarray, y: Tensor | None, labels: Sequence[str], names: Sequence[str],
    *, how: Missing, name: str,
) -> tuple[Tensor | None, np.ndarray, Sequence[str]]:  # fmt: skip
    """Labels, series `[N, L, C]` of which NaN were taken care of, and names of labels.

    What follows the end of a series is not missing.

    Raises:
        DataError: values are infinite; or NaN, and shall be refused or cannot be interpolated; or
            a channel has nothing else.
    """
    if np.isinf(x).any():
        where = names[int(np.isinf(x).any(axis=(0, 1)).argmax())]
        raise DataError(f"channel {where!r} of {name} has infinite values. Repair or drop them.")
    gone = missing_in(x)
    if not gone.any():
        return y, x, labels
    for i, one in enumerate(names):
        if gone[:, :, i].all():
            raise DataError(f"channel {one!r} of {name} is missing everywhere. Leave it out.")
    if how == "keep":
        return y, x, labels
    if how == "refuse":
        many = {one: int(gone[:, :, i].sum()) for i, one in enumerate(names)}
        shown = ", ".join(f"{count:,} in {one!r}" for one, count in many.items() if count)
        raise DataError(
            f"{name} has missing values: {shown}, in {int(gone.any(axis=(1, 2)).sum()):,} of "
            f"{len(x):,} series. Give {reading(missing='keep')} to model where they are, "
            "`interpolate` in place of `keep` to fill them in time, or `drop` to drop these series."
        )
    if how == "interpolate":
        return y, _interpolated(x, gone, names, name=name), labels
    kept = ~gone.any(axis=(1, 2))
    if y is not None:
        y = y[torch.from_numpy(kept)]
        codes = y.unique()
        labels = [labels[int(code)] for code in codes]
        y = torch.searchsorted(codes, y)
    return y, x[kept], labels


def missing_in(x: np.ndarray) -> np.ndarray:
    """Where values of series are missing, bool `[N, L, C]`; nowhere, if series only end early."""
    gone = np.isnan(x)
    ended = find_ends(torch.from_numpy(gone).transpose(1, 2))
    return gone if ended is None else np.zeros_like(gone)


def _interpolated(
    x: np.ndarray, gone: np.ndarray, names: Sequence[str], *, name: str
) -> np.ndarray:
    """Straight lines over what is missing; the ends as what is next to them."""
    x = x.copy()
    steps = np.arange(x.shape[1])
    for i, channel in zip(*np.nonzero(gone.any(axis=1)), strict=True):
        lost = gone[i, :, channel]
        if lost.all():
            raise DataError(
                f"channel {names[channel]!r} is missing in all of series {i} of {name}, so there "
                f"is nothing to interpolate. Give {reading(missing='drop')}, or drop the channel."
            )
        x[i, lost, channel] = np.interp(steps[lost], steps[~lost], x[i, ~lost, channel])
    return x
