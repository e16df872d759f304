"""Feature extractors by name."""

from collections.abc import Callable

from zerosum.data.base import Dataset
from zerosum.errors import EvaluationError, did_you_mean
from zerosum.evaluation.extractors import Extractor, PixelFeatures
from zerosum.evaluation.measure import Ticker
from zerosum.evaluation.pretrained import EfficientNetFeatures, InceptionFeatures
from zerosum.evaluation.self_features import self_features

EXTRACTORS: dict[str, Callable[[Dataset, Ticker | None], Extractor]] = {
    "pixels": lambda dataset, _: PixelFeatures(dataset.space),
    "self": lambda dataset, tick: self_features(dataset, tick=tick),
    "efficientnet": lambda dataset, _: EfficientNetFeatures(dataset.space),
    "inception": lambda dataset, _: InceptionFeatures(dataset.space),
}
"""What makes each extractor for a data set, which is the training split."""


def choose_extractor(name: str, dataset: Dataset, *, tick: Ticker | None = None) -> Extractor:
    """The extractor that users call `name`: pixels, self, efficientnet or inception.

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
    return EXTRACTORS[name](dataset, tick)
