"""From the name of an extractor to the extractor, and to the rows it never saw."""

from dataclasses import dataclass

import torch
from torch import Tensor

from zerosum.data.base import Dataset, Progress
from zerosum.evaluation.choose import choose_extractor, default_extractor
from zerosum.evaluation.extractors import Extractor
from zerosum.evaluation.self_features import unseen_rows


@dataclass(frozen=True)
class Features:
    """An extractor with the training rows that it was not fitted on.

    Attributes:
        name: what the extractor was asked for by.
        extractor: from samples to features.
        unseen: rows of the training data, int64 `[M]`; figures may be read on these alone.
    """

    name: str
    extractor: Extractor
    unseen: Tensor


def choose_features(
    name: str | None, dataset: Dataset, progress: Progress | None = None
) -> Features:
    """The extractor called `name` for the samples of `dataset`; None for what suits these best.

    Raises:
        EvaluationError: there is none of that name, or it does not suit the data.
        MissingExtraError: it needs a library that is not installed.
    """
    name = name or default_extractor(dataset.space)
    extractor = choose_extractor(name, dataset, tick=progress)
    unseen = unseen_rows(dataset) if name == "self" else torch.arange(len(dataset))
    return Features(name, extractor, unseen)
