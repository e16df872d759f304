"""Reading an attribute off images: a small network that learned it from labelled ones."""

from collections.abc import Callable

import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn import functional

from zerosum.errors import EvaluationError
from zerosum.evaluation.features.self_network import NUM_FEATURES, convolutional_body, shrink
from zerosum.rng import Noise, derive_seed, seeded_initialisation
from zerosum.spaces import ImageSpace

Reader = Callable[[Tensor], Tensor]
"""From images uint8 `[N, C, H, W]` to numbers `[N]`."""

LEAST_LABELLED = 50
_SAMPLES_SEEN, _BATCH, _HELD = 60_000, 64, 0.2


class AttributeReader:
    """What a network reads off images; made by `learn_attribute`.

    Attributes:
        rank_correlation: Spearman's, with the labels of images it did not learn from.
    """

    def __init__(self, space: ImageSpace, network: nn.Module, rank_correlation: float) -> None:
        self._space, self._network = space, network
        self.rank_correlation = rank_correlation

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """Numbers `[N]` on the scale of the labels, standardised."""
        pieces = [_read(self._network, self._space, part) for part in x.split(256)]
        return torch.cat(pieces)


def learn_attribute(
    space: ImageSpace, x: Tensor, values: Tensor, *, seed: int = 0
) -> AttributeReader:
    """Learn to read a number off images, in seconds to a minute.

    Args:
        space: what the images are.
        x: uint8 `[N, C, H, W]`.
        values: the attribute of each, `[N]`.
        seed: of weights and order; a fifth of the images is held out by it.

    Raises:
        EvaluationError: there are too few images, or all have the same value.
    """
    if len(x) < LEAST_LABELLED:
        raise EvaluationError(
            f"there are {len(x)} labelled images; reading an attribute takes at least "
            f"{LEAST_LABELLED}."
        )
    spread = float(values.double().std())
    if spread <= 0:
        raise EvaluationError(
            f"every image has the value {float(values[0]):g}. Give images with and without "
            "the attribute, or more and less of it."
        )
    target = ((values - values.double().mean()) / spread).float()
    noise = Noise(derive_seed(seed, "attribute", "order"))
    order = noise.uniform(len(x)).argsort()
    held, learned = order[: int(len(x) * _HELD)], order[int(len(x) * _HELD) :]
    with seeded_initialisation(derive_seed(seed, "attribute", "weights")):
        network = nn.Sequential(convolutional_body(space), nn.Linear(NUM_FEATURES, 1))
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
    steps = max(_SAMPLES_SEEN // _BATCH, 3 * len(learned) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for _ in range(steps):
        rows = learned[noise.integers(_BATCH, high=len(learned))]
        loss = functional.mse_loss(_read(network, space, x[rows]), target[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval().requires_grad_(False)
    reader = AttributeReader(space, network, 0.0)
    found = spearmanr(reader(x[held]).numpy(), values[held].numpy())
    reader.rank_correlation = float(found[0])  # pyright: ignore[reportArgumentType]
    return reader


def _read(network: nn.Module, space: ImageSpace, x: Tensor) -> Tensor:
    return network(space.to_model(shrink(space, x)))[:, 0].float()
