"""Feature extractors by name."""

from collections.abc import Callable

from zerosum.data.base import Dataset
from zerosum.errors import EvaluationError, did_you_mean
from zerosum.evaluation.extractors import Extractor, PixelFeatures
from zerosum.evaluation.measure import Ticker
from zerosum.evaluation.pretrained import EfficientNetFeatures, InceptionFeatures
from zerosum.evaluation.self_features import self_features
from zerosum.spaces import Space

EXTRACTORS: dict[str, Callable[[Dataset, Ticker | None], Extractor]] = {
    "columns": lambda dataset, _: PixelFeatures(dataset.space),
    "pixels": lambda dataset, _: PixelFeatures(dataset.space),
    "self": lambda dataset, tick: self_features(dataset, tick=tick),
    "efficientnet": lambda dataset, _: EfficientNetFeatures(dataset.space),
    "inception": lambda dataset, _: InceptionFeatures(dataset.space),
}
"""What makes each extractor for a data set, which is the training split."""

_OF_TABLES = "columns"
"""The one extractor for rows of tables, and for nothing else."""


def default_extractor(space: Space) -> str:
    """The features that samples of a space are judged in where none are named."""
    return _OF_TABLES if space.kind == "table" else "self"


def choose_extractor(name: str, dataset: Dataset, *, tick: Ticker | None = None) -> Extractor:
    """The extractor that users call `name`: columns, pixels, self, efficientnet or inception.

    Args:
        name: as asked for. The extractor's own name says more, such as `self-64`.
        dataset: the training split; `self` learns from one half of it.
        tick: told about anything that takes long.

    Raises:
        EvaluationError: there is no such extractor, or it does not suit the data.
        MissingExtraError: it needs a library that is not installed; the message names the extra.
    """
    if name not in EXTRACTORS:
        raise EvaluationError(f"no features {name!r}.{did_you_mean(name, EXTRACTORS)}")
    if (name == _OF_TABLES) != (dataset.space.kind == "table"):
        allowed = [one for one in EXTRACTORS if one != _OF_TABLES]
        if dataset.space.kind == "table":
            allowed = [_OF_TABLES]
        raise EvaluationError(
            f"features {name!r} are not for this data, whose samples are of kind "
            f"{dataset.space.kind}. Allowed: {', '.join(allowed)}."
        )
    return EXTRACTORS[name](dataset, tick)
