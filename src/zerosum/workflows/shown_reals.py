"""Reals that pictures of samples are drawn on, where the kind of data has such pictures."""

import warnings

import torch

from zerosum.errors import ZerosumError
from zerosum.models.model import Model
from zerosum.runs.store import Run
from zerosum.workflows.prepare import data_of

_SHOWN = 2_000


def show_on_reals(model: Model, *, warn: bool = False) -> None:
    """Let pictures of the model's samples be drawn on data of its run, if they are of that kind.

    Args:
        model: of a run, or nothing is done.
        warn: say so where the data is no longer there.
    """
    if not model.preview.draws_reals or model.space.holds_records or model.run is None:
        return
    try:
        dataset, _ = data_of(Run.open(model.run))
    except ZerosumError as error:
        if warn:
            warnings.warn(f"reals are not drawn beneath the samples: {error}", stacklevel=2)
        return
    model.shown_on = dataset.take(torch.arange(min(_SHOWN, len(dataset))))[0]
