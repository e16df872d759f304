"""From the name of an extractor to the extractor, and to the rows it never saw."""

from dataclasses import dataclass

import torch
from torch import Tensor

from zerosum.data.base import Dataset, Progress
from zerosum.errors import EvaluationError, did_you_mean
from zerosum.evaluation.extractors import Extractor, PixelFeatures

NAMES = ("pixels",)
"""What `--features` takes."""

DEFAULT = "pixels"


@dataclass(frozen=True)
class Features:
    """An extractor with the training rows that it was not fitted on.

    Attributes:
        extractor: from samples to features.
        unseen: rows of the training data, int64 `[M]`; figures may be read on these alone.
    """

    extractor: Extractor
    unseen: Tensor


def choose_features(
    name: str,
    dataset: Dataset,
    progress: Progress | None = None,  # noqa: ARG001
) -> Features:
    """The extractor called `name` for the samples of `dataset`.

    Raises:
        EvaluationError: there is none of that name.
    """
    if name != "pixels":
        raise EvaluationError(f"no features {name!r}.{did_you_mean(name, NAMES)}")
    return Features(PixelFeatures(dataset.space), torch.arange(len(dataset)))
