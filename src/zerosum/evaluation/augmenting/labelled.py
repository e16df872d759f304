"""Classes that are labels, and a small convolutional classifier of them."""

from abc import abstractmethod
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import EvaluationError
from zerosum.evaluation.augmenting.kit import Chances, ClassKit
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

_BATCH = 256


class LabelClasses(ClassKit):
    """Labels of what is seen as an image; the classifier is the network of `self` features."""

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
        self, space: Space, control: str, x: Tensor, y: Tensor, *, num_classes: int, usual: str,
        seed: int,
    ) -> Chances:  # fmt: skip
        """A network that has seen 12,000 samples; see `ClassKit.learn`."""
        with seeded_initialisation(derive_seed(seed, "classifier")):
            network = Classifier(convolutional_body(space), NUM_FEATURES, num_classes)
        alter = {"": None, **self.alterations(space)}[usual]
        learn(network, space, shrink(space, x), y, seed=seed, samples=_SAMPLES, alter=alter)
        return partial(_chances, network, space)

    @abstractmethod
    def alterations(self, space: Space) -> dict[str, Alteration]:
        """What each of the `usual` ways does."""


@torch.no_grad()
def _chances(network: Classifier, space: Space, x: Tensor) -> Tensor:
    pieces = [
        network.classes(network.body(space.to_model(shrink(space, some)))).softmax(dim=1)
        for some in x.split(_BATCH)
    ]
    return torch.cat(pieces)
