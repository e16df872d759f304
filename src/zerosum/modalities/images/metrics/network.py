"""Can a network that sees pixels tell images from reals?

Other judges see features, which a network has learned for something else: what it did not need to
know, such as the grain of a surface or a pattern of single pixels, they cannot see.
"""

from itertools import count
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from zerosum.evaluation.features.self_network import (
    NUM_FEATURES,
    Classifier,
    convolutional_body,
    learn,
    shrink,
)
from zerosum.evaluation.metrics.base import MetricContext, MetricSpec, metric
from zerosum.evaluation.metrics.c2st import C2st, c2st_spec, cross_fitted
from zerosum.rng import derive_seed, seeded_initialisation
from zerosum.spaces import ImageSpace, Space

MOST_IMAGES = 1_000
"""Images of each side that the network sees at most."""

SHOWN = 10_000
"""Images that it is shown in each fold while it learns."""


@metric
class C2stNetwork(C2st):
    """The judge that sees pixels."""

    most = MOST_IMAGES
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        c2st_spec(
            "c2st_network",
            "C2ST network",
            "How well a convolutional network that learned to do so tells samples from reals",
            judge=f"convolutional network, {SHOWN:,} images shown",
            most=f"{MOST_IMAGES:,} images",
            more="It sees what features miss, such as grain and patterns of single pixels, even "
            "where they matter to nobody.",
        ),
    )

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Images."""
        return isinstance(space, ImageSpace)

    def odds(self, reals: Tensor, samples: Tensor, context: MetricContext) -> np.ndarray:
        """By the pixels of images."""
        space, n = context.space, len(reals)
        seen = torch.cat([shrink(space, side) for side in (reals, samples)])
        seed, fold = derive_seed(context.seed, self.outputs[0].name), count()

        def judge(known: np.ndarray, sides: np.ndarray, asked: np.ndarray) -> np.ndarray:
            own = derive_seed(seed, "fold", next(fold))
            with seeded_initialisation(own):
                network = Classifier(convolutional_body(space), NUM_FEATURES, 2)
            with torch.enable_grad():
                learn(network, space, seen[known], torch.from_numpy(sides), seed=own, samples=SHOWN)
            said = network.logits(space, seen[asked]).double()
            return (said[:, 1] - said[:, 0]).numpy()

        return cross_fitted(np.arange(n), np.arange(n, 2 * n), judge)
