"""From the name of an extractor to the extractor, and to the rows it never saw."""

from dataclasses import dataclass

import torch
from torch import Tensor

from zerosum.catalogue import modality_of
from zerosum.data.base import Dataset, Progress
from zerosum.errors import EvaluationError, did_you_mean
from zerosum.evaluation.features.base import Extractor
from zerosum.evaluation.features.self_features import unseen_rows


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
        EvaluationError: the name is unknown, or it does not suit the data.
        MissingExtraError: it needs a library that is not installed.
    """
    kit = modality_of(dataset.space).judge
    name = name or kit.default
    if name not in kit.extractors:
        raise EvaluationError(
            f"no features {name!r} for {dataset.space.unit}.{did_you_mean(name, kit.extractors)}"
        )
    extractor = kit.extractors[name](dataset, progress)
    unseen = unseen_rows(dataset) if name == "self" else torch.arange(len(dataset))
    return Features(name, extractor, unseen)
