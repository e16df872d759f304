"""What a kind of data offers so that its classes can be filled with samples."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.spaces import Space

OVERSAMPLING = "oversampling"
"""Reals of small classes count more, and nothing else is done."""

Chances = Callable[[Tensor], Tensor]
"""From compact samples `[N, ...]` to the chance of each class, `[N, K]`, as a classifier says."""


@dataclass(frozen=True)
class Course:
    """What a classifier learns from.

    Attributes:
        x: compact samples `[N, ...]`.
        y: their classes, int64 `[N]`.
        weights: how much each counts, float64 `[N]`; if not given, all count the same.
        last: the same for the last part of the training, where only a `ClassKit` that is `in_turn`
            can use it; if not given, `weights` hold throughout.
    """

    x: Tensor
    y: Tensor
    weights: Tensor | None = None
    last: Tensor | None = None


class ClassKit(ABC):
    """How samples of one kind are known by their class.

    Attributes:
        usual: what people do where they have no GAN, from the mildest. All let reals of small
            classes count more; `oversampling` does nothing else.
        in_turn: whether a classifier can learn from one thing after another.
    """

    usual: ClassVar[tuple[str, ...]]
    in_turn: ClassVar[bool]

    @abstractmethod
    def control(self, space: Space, target: str | None) -> str:
        """The control whose values are the classes.

        Args:
            space: what the model makes.
            target: what the user named, or None.

        Raises:
            EvaluationError: there is no such control, or `target` has to be given, or must not be.
        """

    @abstractmethod
    def classes(self, space: Space, control: str) -> tuple[str, ...]:
        """Names of the classes of data of `space`; empty if it has no labels."""

    @abstractmethod
    def codes(self, dataset: Dataset, control: str) -> Tensor:
        """The class of each sample, int64 `[N]`; -1 where it is not known."""

    @abstractmethod
    def learn(
        self, space: Space, control: str, course: Course, *, num_classes: int, usual: str, seed: int
    ) -> Chances:
        """A classifier of compact samples.

        It is trained equally long whatever the data is.

        Args:
            space: what a sample is.
            control: what the classes are the values of.
            course: what it learns from.
            num_classes: how many classes there are.
            usual: one of `usual`, by which samples are altered meanwhile; empty for none.
            seed: of weights and order.
        """
