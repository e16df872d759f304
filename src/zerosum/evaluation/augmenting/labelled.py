"""Classes that are labels, and a small convolutional classifier of them."""

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import EvaluationError
from zerosum.evaluation.augmenting.kit import OVERSAMPLING, Chances, ClassKit, Course
from zerosum.evaluation.features.self_network import (
    NUM_FEATURES,
    Classifier,
    convolutional_body,
    learn,
    shrink,
)
from zerosum.faces import option
from zerosum.rng import Noise, derive_seed, seeded_initialisation
from zerosum.spaces import Space

Alteration = Callable[[Tensor, Noise], Tensor]
"""What is done to a batch in model units, `[B, C, H, W]`."""

_SAMPLES = 12_000
"""Samples that a classifier is shown."""

_LAST = 0.4
"""Share of a training for which the weights of a course's last part hold."""


class LabelClasses(ClassKit):
    """Labels of what is seen as an image; the classifier is the network of `self` features."""

    in_turn: ClassVar[bool] = True

    def control(self, space: Space, target: str | None) -> str:
        """Always `label`."""
        if target is not None:
            raise EvaluationError(
                f"{option('target', target)} names a column of a table. {space.unit.capitalize()} "
                "have their label: leave it out."
            )
        return "label"

    def classes(self, space: Space, control: str) -> tuple[str, ...]:
        """Names of the labels."""
        return space.labels

    def codes(self, dataset: Dataset, control: str) -> Tensor:
        """The labels of all samples, int64 `[N]`."""
        y = dataset.labels_of(torch.arange(len(dataset)))
        assert y is not None
        return y

    def learn(
        self, space: Space, control: str, course: Course, *, num_classes: int, usual: str, seed: int
    ) -> Chances:
        """A network that has seen 12,000 samples; see `ClassKit.learn`.

        What counts more is shown more often.
        """
        with seeded_initialisation(derive_seed(seed, "classifier")):
            network = Classifier(convolutional_body(space), NUM_FEATURES, num_classes)
        alter = {"": None, OVERSAMPLING: None, **self.alterations(space)}[usual]
        learn(
            network, space, shrink(space, course.x), course.y, seed=seed, samples=_SAMPLES,
            alter=alter, pick=None if course.weights is None else partial(_picked, course),
        )  # fmt: skip
        return lambda asked: network.logits(space, asked).softmax(dim=1)

    @abstractmethod
    def alterations(self, space: Space) -> dict[str, Alteration]:
        """What each of the `usual` ways but `oversampling` does."""


def _picked(course: Course, size: int, done: float, noise: Noise) -> Tensor:
    """Rows of a batch, by their weights, int64 `[size]`; `done` is the share of the training."""
    weights = course.weights if course.last is None or done < 1 - _LAST else course.last
    assert weights is not None
    sums = weights.cumsum(0)
    drawn = noise.uniform(size).double() * sums[-1]
    return torch.searchsorted(sums, drawn, right=True).clamp_max(int(weights.nonzero()[-1]))
