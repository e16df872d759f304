"""Classes of images: their labels, flips and shifts."""

from typing import ClassVar

import torch
from torch import Tensor

from zerosum.evaluation.augmenting.kit import OVERSAMPLING
from zerosum.evaluation.augmenting.labelled import Alteration, LabelClasses
from zerosum.objectives.augment import Augmenter, DiffAugment
from zerosum.rng import Noise
from zerosum.spaces import Space


class ImageClasses(LabelClasses):
    """Labels of images, which are shifted and mirrored."""

    usual: ClassVar[tuple[str, ...]] = (OVERSAMPLING, "shifts", "flips and shifts")

    def alterations(self, space: Space) -> dict[str, Alteration]:
        """Shifts of up to an eighth of the side, and flips.

        What comes in is the image's own reflection.
        """
        config = DiffAugment(brightness=0, contrast=0, saturation=0, cutout=0)
        augmenter = Augmenter(config, space)

        def shifted(x: Tensor, noise: Noise) -> Tensor:
            return augmenter(x, augmenter.draw(len(x), noise))

        def flipped(x: Tensor, noise: Noise) -> Tensor:
            turn = noise.uniform(len(x), 1, 1, 1) < 0.5
            return shifted(torch.where(turn, x.flip(-1), x), noise)

        return {"shifts": shifted, "flips and shifts": flipped}
