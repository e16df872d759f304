"""Classes of images: their labels, flips and shifts, and a small convolutional classifier."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

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
from zerosum.objectives.augment import Augmenter, DiffAugment
from zerosum.rng import Noise, derive_seed, seeded_initialisation
from zerosum.spaces import Space

_SAMPLES = 12_000
"""Images that a classifier is shown."""

_BATCH = 256


class ImageClasses(ClassKit):
    """Labels of images; the classifier is the network of `self` features."""

    usual: ClassVar[tuple[str, ...]] = ("shifts", "flips and shifts")

    def control(self, space: Space, target: str | None) -> str:
        """Always `label`."""
        if target is not None:
            raise EvaluationError(
                f"{option('target', target)} names a column of a table. Images have their label: "
                "leave it out."
            )
        return "label"

    def classes(self, space: Space, control: str) -> tuple[str, ...]:
        """Names of the labels."""
        return space.labels

    def codes(self, dataset: Dataset, control: str) -> Tensor:
        """The labels of all images, int64 `[N]`."""
        y = dataset.labels_of(torch.arange(len(dataset)))
        assert y is not None
        return y

    def learn(
        self, space: Space, control: str, x: Tensor, y: Tensor, *, num_classes: int, usual: str,
        seed: int,
    ) -> Chances:  # fmt: skip
        """A network that has seen 12,000 images; see `ClassKit.learn`."""
        with seeded_initialisation(derive_seed(seed, "classifier")):
            network = Classifier(convolutional_body(space), NUM_FEATURES, num_classes)
        alter = self._alterations(space)[usual]
        learn(network, space, shrink(space, x), y, seed=seed, samples=_SAMPLES, alter=alter)
        return partial(_chances, network, space)

    def _alterations(self, space: Space) -> dict[str, Callable[[Tensor, Noise], Tensor] | None]:
        """What is done to a batch `[B, C, H, W]`, by the name of the usual way.

        Shifts are of up to an eighth of the side; what comes in is the image's own reflection.
        """
        config = DiffAugment(brightness=0, contrast=0, saturation=0, cutout=0)
        augmenter = Augmenter(config, space)

        def shifted(x: Tensor, noise: Noise) -> Tensor:
            return augmenter(x, augmenter.draw(len(x), noise))

        def flipped(x: Tensor, noise: Noise) -> Tensor:
            turn = noise.uniform(len(x), 1, 1, 1) < 0.5
            return shifted(torch.where(turn, x.flip(-1), x), noise)

        return {"": None, "shifts": shifted, "flips and shifts": flipped}


@torch.no_grad()
def _chances(network: Classifier, space: Space, x: Tensor) -> Tensor:
    pieces = [
        network.classes(network.body(space.to_model(shrink(space, some)))).softmax(dim=1)
        for some in x.split(_BATCH)
    ]
    return torch.cat(pieces)
