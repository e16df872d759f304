"""Augmentations: what reals and fakes alike go through before the discriminator reads them.

A discriminator that meets few reals learns them by heart. If it only reads altered samples, and
fakes are altered as reals are, it has more to learn, and the generator is still asked for samples
that are not altered (Zhao et al., 2020; Karras et al., 2020). So this is a part of what players
minimise, like a penalty, and not of the data: the data stay as they are.
"""

from typing import Annotated

import torch
from pydantic import Field, NonNegativeFloat, PositiveInt
from torch import Tensor, nn

from zerosum.config import Config
from zerosum.rng import Noise
from zerosum.spaces import Space

Share = Annotated[float, Field(ge=0, le=1)]

_MEMORY = 256
"""Images over which the sign statistic is averaged: four batches of 64, as in ADA's code."""

_GATES, _PARAMETERS = 5, 7


class Augmentation(Config):
    """What the discriminator's input goes through, in both players' moves."""

    def build(self, space: Space) -> "Augmenter | None":
        """The module that alters samples of `space`; None if nothing is altered."""
        raise TypeError(f"{type(self).__name__} must define build()")


class NoAugmentation(Augmentation):
    """Samples are read as they are."""

    kind = "none"

    def build(self, space: Space) -> None:
        """Nothing to build."""
        return


class DiffAugment(Augmentation):
    """Every sample by every transform, each time.

    Zhao, Liu, Lin, Zhu and Han, "Differentiable Augmentation for Data-Efficient GAN Training",
    NeurIPS 2020, arXiv:2006.10738, with its colour, translation and cutout for images. There is
    no flip: digits, letters and many other things have a left and a right. Points get Gaussian
    noise and nothing else. 0 turns a transform off.

    Attributes:
        brightness: largest shift of all values, in model units.
        contrast: largest change of the distances to the image's mean, as a share of them.
        saturation: the same to each pixel's mean over three channels; others are left alone.
        translation: largest shift, as a share of the side. What comes in is the image's own
            reflection (the paper: grey), which looks right on any background.
        cutout: side of the rectangle that is made grey, as a share of the image's side. Grey
            and not black, so that a hole is no missing stroke.
        jitter: standard deviation of the noise on points, where the data's is 1.
    """

    kind = "diff_augment"
    brightness: Share = 0.5
    contrast: Share = 0.5
    saturation: Share = 1.0
    translation: Annotated[float, Field(ge=0, le=0.5)] = 0.125
    cutout: Share = 0.5
    jitter: NonNegativeFloat = 0.1

    def build(self, space: Space) -> "Augmenter":
        """A module without memory."""
        return Augmenter(self, space)


class AdaptiveAugmentation(DiffAugment):
    """Each transform with a probability p, which grows while the discriminator overfits.

    Karras, Aittala, Hellsten, Laine, Lehtinen and Aila, "Training Generative Adversarial Networks
    with Limited Data", NeurIPS 2020, arXiv:2006.06676, with the transforms of `DiffAugment`. After
    each discriminator move p rises if the sign statistic r_t is above `target`, and else falls.

    Attributes:
        target: value of r_t that is held; above it the discriminator is thought to overfit.
        ramp_samples: reals on which p goes all the way from 0 to 1.
        limit: largest p; while some samples pass unaltered, the generator can separate what belongs
            to the data from what was done to it.
    """

    kind = "adaptive"
    target: Annotated[float, Field(ge=-1, le=1)] = 0.6
    ramp_samples: PositiveInt = 500_000
    limit: Share = 0.8

    def build(self, space: Space) -> "AdaptiveAugmenter":
        """A module that remembers p and r_t."""
        return AdaptiveAugmenter(self, space)


class Augmenter(nn.Module):
    """Alters samples of one space, each by its own row of random numbers."""

    def __init__(self, config: DiffAugment, space: Space) -> None:
        super().__init__()
        self.config, self._shape = config, space.shape
        self._images = space.axes == 2

    def draw(self, n: int, noise: Noise) -> Tensor:
        """Random numbers for `n` samples, `[n, K]`; K depends neither on p nor on what is used."""
        if self._images:
            return noise.uniform(n, _GATES + _PARAMETERS)
        return torch.cat([noise.uniform(n, 1), noise.normal(n, *self._shape).flatten(1)], dim=1)

    def forward(self, x: Tensor, draws: Tensor) -> Tensor:
        """Samples `[B, ...]` altered by their rows of `draw`, `[B, K]`."""
        alter = alter_images if self._images else alter_points
        return alter(x, draws, self.current_probability(), self.config)

    def current_probability(self) -> Tensor | float:
        """Probability with which each transform is used on a sample, in [0, 1], `[]`; here 1."""
        return 1.0

    def observe(self, sign_statistic: Tensor, images: int) -> dict[str, Tensor]:
        """Take note of r_t, and return signals to record; here there are none.

        Args:
            sign_statistic: r_t, a scalar `[]` in [-1, 1].
            images: reals that it was taken on.
        """
        return {}


class AdaptiveAugmenter(Augmenter):
    """An augmenter whose p and r_t are buffers, and so part of every checkpoint."""

    config: AdaptiveAugmentation
    probability: Tensor
    sign: Tensor

    def __init__(self, config: AdaptiveAugmentation, space: Space) -> None:
        super().__init__(config, space)
        self.register_buffer("probability", torch.zeros(()))
        self.register_buffer("sign", torch.zeros(()))

    def current_probability(self) -> Tensor:
        """p, a scalar `[]` in [0, `limit`]."""
        return self.probability

    @torch.no_grad()
    def observe(self, sign_statistic: Tensor, images: int) -> dict[str, Tensor]:
        """Move p by `images / ramp_samples`: up if r_t, a scalar `[]`, is above the target."""
        # By the r_t of earlier moves: several processes have agreed on that one.
        step = images / self.config.ramp_samples
        direction = (self.sign - self.config.target).sign()
        self.probability.add_(step * direction).clamp_(0, self.config.limit)
        self.sign.lerp_(sign_statistic, min(images / _MEMORY, 1.0))
        return {"augmentation": self.probability}


def alter_points(
    x: Tensor, draws: Tensor, probability: Tensor | float, config: DiffAugment
) -> Tensor:
    """Points `[B, ...]` with noise.

    Args:
        x: points in model units.
        draws: `[B, 1 + D]`, a number uniform in [0, 1), which decides whether noise is used, and
            D normal ones.
        probability: that noise is used on a point, in [0, 1].
        config: `jitter` is the noise's standard deviation.

    >>> alter_points(torch.zeros(1, 1), torch.tensor([[0.5, 2.0]]), 1.0, DiffAugment(jitter=0.5))
    tensor([[1.]])
    """
    chosen = draws[:, :1] < probability
    return x + (config.jitter * chosen * draws[:, 1:]).view_as(x)


def alter_images(
    x: Tensor, draws: Tensor, probability: Tensor | float, config: DiffAugment
) -> Tensor:
    """Images `[B, C, H, W]` after colour, translation and cutout, not clamped to any range.

    A transform that is not used leaves every value exactly as it is.

    Args:
        x: images in [-1, 1].
        draws: `[B, 12]`, uniform in [0, 1): for each transform whether it is used, then by how
            much.
        probability: that a transform is used on an image, in [0, 1].
        config: how strong each transform is.

    >>> x = torch.ones(2, 3, 8, 8)
    >>> alter_images(x, torch.zeros(2, 12), 0.0, DiffAugment()).equal(x)
    True
    """
    x = x.to(torch.promote_types(x.dtype, draws.dtype))  # a mean in bfloat16 is too coarse
    chosen = draws[:, :_GATES] < probability
    u = draws[:, _GATES:]
    amounts = chosen[:, :3] * (2 * u[:, :3] - 1)
    brightness, contrast, saturation = amounts[:, :, None, None, None].unbind(1)
    x = x + config.brightness * brightness
    x = x + config.contrast * contrast * (x - x.mean((1, 2, 3), keepdim=True))
    if x.shape[1] == 3:
        x = x + config.saturation * saturation * (x - x.mean(1, keepdim=True))
    if config.translation:
        down, right = (
            chosen[:, 3] * _whole_shift(u[:, 3 + i], x.shape[2 + i], config.translation)
            for i in range(2)
        )
        x = translate(x, down, right)
    if config.cutout:
        x = cut_out(x, chosen[:, 4], u[:, 5], u[:, 6], config.cutout)
    return x


def translate(x: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Images `[B, C, H, W]` moved by whole pixels `[B]`, continued by reflection.

    >>> x = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    >>> translate(x, torch.tensor([0]), torch.tensor([1])).tolist()
    [[[[2.0, 1.0, 2.0]]]]
    """
    rows = _reflected(down, x.shape[2])[:, None, :, None]
    columns = _reflected(right, x.shape[3])[:, None, None, :]
    return x.take_along_dim(rows, dim=2).take_along_dim(columns, dim=3)


def cut_out(x: Tensor, chosen: Tensor, row: Tensor, column: Tensor, share: float) -> Tensor:
    """Images `[B, C, H, W]`, a rectangle of the `chosen` ones set to 0, the middle of the range.

    Args:
        x: images.
        chosen: which of them, bool `[B]`.
        row: the rectangle's centre, `[B]`, in [0, 1) of the image's height.
        column: the same across, `[B]`.
        share: its sides, in [0, 1] of the image's; what lies outside the image is lost.

    >>> middle = torch.tensor([0.5])
    >>> cut_out(torch.ones(1, 1, 2, 4), torch.tensor([True]), middle, middle, 0.5).tolist()
    [[[[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]]]]
    """
    inside = [
        _near(at, side, round(share * side))
        for at, side in ((row, x.shape[2]), (column, x.shape[3]))
    ]
    hole = inside[0][:, :, None] & inside[1][:, None, :] & chosen[:, None, None]
    return x.masked_fill(hole[:, None], 0.0)


def _whole_shift(u: Tensor, side: int, share: float) -> Tensor:
    """Whole pixels from `u` `[B]` in [0, 1), each from -most to most equally often."""
    most = min(round(share * side), side - 1)
    return ((2 * most + 1) * u).long().clamp_(max=2 * most) - most


def _reflected(shift: Tensor, side: int) -> Tensor:
    """Which pixel of a line comes to each place after a shift `[B]`, `[B, side]`."""
    index = (torch.arange(side, device=shift.device) - shift[:, None]).abs()
    return side - 1 - (side - 1 - index).abs()


def _near(at: Tensor, side: int, length: int) -> Tensor:
    """Which pixels of a line lie within `length / 2` of the place `at` `[B]`, `[B, side]`."""
    places = torch.arange(side, device=at.device) + 0.5 - side * at[:, None]
    return (places >= -length / 2) & (places < length / 2)
