"""A modality: everything that depends on the kind of data, in one value that registers itself.

A space says what a sample is, in facts that networks, losses and the engine read. Everything else
that differs between images, tables or sound stands in a `Modality`: how samples are drawn, written,
judged and modelled. Readers of data are `DataConfig`s and register themselves by their kind.

Workflows look a modality up and hand its parts down. Nothing below asks which one it has.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import ConfigError, did_you_mean
from zerosum.evaluation.augmenting.kit import ClassKit
from zerosum.evaluation.features.base import Extractor
from zerosum.evaluation.metrics.base import Ticker
from zerosum.evaluation.reports.parts import Part, Shown
from zerosum.forms.base import Preview, Writer
from zerosum.games.base import Game
from zerosum.models.model import Model
from zerosum.spaces import Space

MakeExtractor = Callable[[Dataset, Ticker | None], Extractor]
"""From the training data to a feature extractor."""


@dataclass(frozen=True)
class JudgeKit:
    """How samples of one kind are judged.

    Attributes:
        extractors: what makes each feature extractor, by the name that users give.
        default: the name of the one that is taken where none is named.
        parts: sections of a report between the figures and the curves.
        warnings: from the numbers of training rows and of holdout rows (None without one) to what
            a reader must know.
        require_target: refuses a column that cannot be predicted; None where samples have none.
        target_warnings: what a reader must know of a target, such as classes of few rows.
        inputs: from compact samples to what a judge of `refine` sees of them, numbers `[N, K]`, and
            which of these hold categories, bool `[K]`; None where `Space.embed` says it all.
    """

    extractors: Mapping[str, MakeExtractor]
    default: str
    parts: Callable[[Shown], Iterable[Part]]
    warnings: Callable[[int, int | None], Iterable[str]] = lambda _train, _held: ()
    require_target: Callable[[Space, str], None] | None = None
    target_warnings: Callable[[Space, str], Iterable[str]] = lambda _space, _target: ()
    inputs: Callable[[Space, Tensor], tuple[np.ndarray, np.ndarray]] | None = None


def too_few(
    many: str, *, train: int, held: int = 200
) -> Callable[[int, int | None], Iterator[str]]:
    """`JudgeKit.warnings` of small data.

    Args:
        many: what samples are called.
        train: as many to train on are few.
        held: as many of a holdout are few.

    >>> (said,) = too_few("texts", train=1_000)(2_000, 80)
    >>> said.rpartition(":")[2]
    ' 80 texts of the holdout, where 1,000 and 200 are few.'
    """

    def warnings(trained: int, kept: int | None) -> Iterator[str]:
        few = [f"{trained:,} {many} to train on"] if trained < train else []
        few += [f"{kept:,} {many} of the holdout"] if kept is not None and kept < held else []
        if few:
            yield (
                f"There are too few {many} to trust single figures: {' and '.join(few)}, where "
                f"{train:,} and {held} are few."
            )

    return warnings


@dataclass(frozen=True)
class PrivateKit:
    """How samples of one kind are learned with differential privacy.

    Attributes:
        unit: whom the promise is made to, as a manifest calls it: `row`.
        fit: the data in codes that are made from noisy counts. It takes `noise_multiplier`, `delta`
            (with which a name may be revealed) and `secret`.
        known_again: data that was opened anew, in the codes of a space that was fitted so.
        stand_in: made-up samples of such a space, from a `seed`.
        count: how many units there are in such a space, as it was released.
        neighbours: in what two data sets differ that nobody can tell apart.
        public: what is taken for known to everybody.
        said_by: how a user says what columns are, so that it is not found by looking at rows.
        changes: of the recipe for such a space, since noise asks for other settings.
    """

    unit: str
    fit: Callable[..., Dataset]
    known_again: Callable[[Dataset, Space], Dataset]
    stand_in: Callable[..., Dataset]
    count: Callable[[Space], int]
    neighbours: Callable[[Space], str]
    public: str
    said_by: Callable[[], str]
    changes: Callable[[Space], Mapping[str, Any]]


@dataclass(frozen=True)
class Modality:
    """What is done with samples of one kind of space.

    Attributes:
        kind: of the space: `image`, `table`.
        preview: draws them.
        writer: writes them.
        judge: how they are judged.
        model: from a game to the class of models that offer what the game can do.
        small_dataset: 64 samples, the same each time, which the laws play with. It takes the
            keywords `num_labels` and `needs` (what a recipe needs), and others for the shape.
        shapes: keywords of `small_dataset` for other shapes that recipes must take.
        classes: how samples are known by their class; None where `augment` does not suit the kind.
        private: how they are learned privately; None where no promise can be kept.
    """

    kind: str
    preview: Preview
    writer: Writer
    judge: JudgeKit
    small_dataset: Callable[..., Dataset]
    model: Callable[[Game], type[Model]] = lambda _game: Model
    shapes: tuple[Mapping[str, Any], ...] = ()
    classes: ClassKit | None = None
    private: PrivateKit | None = None


_REGISTERED: dict[str, tuple[str, Modality]] = {}
"""The module that registered each modality, and the modality, by kind."""


def register(modality: Modality, *, module: str) -> Modality:
    """Make a modality known under its kind.

    Args:
        modality: what is done with samples of its kind.
        module: `__name__` of the module that registers it.

    Raises:
        ConfigError: another module has registered the kind.
    """
    taken = _REGISTERED.get(modality.kind)
    if taken is not None and taken[0] != module:
        raise ConfigError(
            f"modality {modality.kind!r} of {module} is taken by {taken[0]}. Kinds are unique: "
            "choose another name."
        )
    _REGISTERED[modality.kind] = module, modality
    return modality


def modality_called(kind: str) -> Modality:
    """The modality registered under `kind`.

    Raises:
        ConfigError: it is unknown; the nearest name is suggested.
    """
    if kind not in _REGISTERED:
        raise ConfigError(
            f"no modality for samples of kind {kind!r}.{did_you_mean(kind, _REGISTERED)} The file "
            "or package that defines the space registers one: see docs/own-modality.md."
        )
    return _REGISTERED[kind][1]


def forget_modalities(module: str) -> None:
    """Drop what `module` registered, when its file failed or has changed."""
    for kind in [kind for kind, (home, _) in _REGISTERED.items() if home == module]:
        del _REGISTERED[kind]
