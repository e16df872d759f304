"""Games whose samples are images made from other images.

What latents are elsewhere, images that are to be translated are here: `Inputs.z` is
`[B, C, H, W]`. So that samples can be asked for without any at hand, the first 64 sources of the
training are kept in a buffer, the gallery.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import torch
from pydantic import NonNegativeFloat, model_validator
from torch import Tensor, nn

from zerosum.errors import ConfigError, RecipeError
from zerosum.games.base import Game, GameConfig, Inputs, Move, StepContext, Terms
from zerosum.games.two_player import observed
from zerosum.modalities.images.pair_space import JoinedSpace, PairSpace
from zerosum.networks.base import DiscriminatorConfig, require_images
from zerosum.networks.translator import Translator, TranslatorConfig
from zerosum.objectives.adversarial import AdversarialLoss, NonSaturating
from zerosum.rng import Noise
from zerosum.spaces import Batch, ImageSpace, Space

GALLERY = 64
"""Sources that are kept."""


class TranslationGame(Game):
    """A game with a generator from images to images.

    A subclass builds the players and defines `moves`; one whose sources follow from the images
    themselves defines `sources` and `prepare` too.

    Attributes:
        source: the space of what is translated.
        factor: how many times larger the sides of what is made are.
    """

    directions: ClassVar[tuple[str, ...]] = ("A2B",)
    """Ways in which it translates; the first is that of `generate`."""

    takes_mask: ClassVar[bool] = False
    """Whether `prepare` wants to know which pixels are to be filled."""

    keeps_alpha: ClassVar[bool] = True
    """Whether what is transparent in a source is so in what is made from it."""

    bounds: ClassVar[Mapping[str, tuple[int, int]]] = {"filled": (0, GALLERY)}

    generator: nn.Module
    gallery: Tensor
    filled: Tensor

    def __init__(self, space: ImageSpace, source: ImageSpace, *, factor: int = 1) -> None:
        super().__init__()
        self.space, self.source, self.factor = space, source, factor
        gallery = torch.zeros(GALLERY, *source.shape, dtype=torch.uint8)
        self.register_buffer("gallery", gallery)
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    def sources(self, batch: Batch, noise: Noise) -> Tensor:
        """What the images of a batch are to be made from, `[B, *source.shape]`."""
        if batch.source is None:
            raise RuntimeError("this batch has no sources")
        return batch.source

    def pictures(self, direction: str) -> tuple[ImageSpace, ImageSpace]:
        """The spaces of what is translated in a direction, and of the result."""
        assert isinstance(self.space, ImageSpace)
        return self.source, self.space

    def prepare(self, x: Tensor, hole: Tensor | None) -> Tensor:
        """Sources from images in model units; `hole` `[B, 1, H, W]` is 1 where to fill them."""
        return x

    def network(self, direction: str) -> Translator:
        """The generator that translates in a direction."""
        assert isinstance(self.generator, Translator)
        return self.generator

    def framed(self, source: Tensor, direction: str = "A2B") -> Tensor:
        """Prepare whole sources `[B, C, H, W]` before they are cut into tiles; here unchanged."""
        return source

    def translate(
        self, source: Tensor, *, noise: Noise | None = None, direction: str = "A2B"
    ) -> Tensor:
        """Translate images of any size.

        Args:
            source: `[B, C, H, W]` in [-1, 1].
            noise: randomness of the network; only given in training.
            direction: `A2B` or `B2A`.

        Returns:
            float32 `[B, C, factor * H, factor * W]` in [-1, 1].
        """
        return self.translate_framed(
            self.framed(source, direction), noise=noise, direction=direction
        )

    def translate_framed(
        self, source: Tensor, *, noise: Noise | None = None, direction: str = "A2B"
    ) -> Tensor:
        """`translate` of sources `[B, C, H, W]` that are `framed` already, or of tiles of them."""
        return self.finish(self.network(direction)(source, noise).float(), source.float())

    def finish(self, raw: Tensor, source: Tensor) -> Tensor:
        """Images in [-1, 1] from outputs of the network `[B, C, H, W]` and sources; here tanh."""
        return raw.tanh()

    def make(self, source: Tensor, noise: Noise | None = None) -> Tensor:
        """Samples `[B, C, H, W]` in [-1, 1], cropped to the size of the space."""
        _, height, width = self.space.shape
        return self.translate(source, noise=noise)[:, :, :height, :width]

    def generate(self, inputs: Inputs) -> Tensor:
        """Translations `[B, C, H, W]` of the sources `inputs.z`."""
        return self.make(inputs.z)

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Sources from the gallery, in a random order, over and over."""
        count = max(int(self.filled), 1)
        order = noise.uniform(GALLERY).argsort().cpu()
        order = order[order < count]
        rows = order[torch.arange(n) % count].to(self.gallery.device)
        return Inputs(self.source.to_model(self.gallery[rows]).to(noise.device))

    def sources_in(self, inputs: Inputs) -> Tensor:
        """The sources `inputs.z` as data, uint8 `[B, C, H, W]`."""
        return self.source.to_data(inputs.z).cpu()

    def interpolate(self, a: Inputs, b: Inputs, t: float) -> Inputs:
        """Sources on the straight line from `a` to `b`: one is blended into the other."""
        return replace(a, z=torch.lerp(a.z, b.z, t))

    @torch.no_grad()
    def remember(self, source: Tensor, context: StepContext) -> None:
        """Keep the sources `[B, C, H, W]` of the first plays of a move in the gallery."""
        start = context.index * context.batch_size
        if start >= GALLERY:
            return
        rows = self.source.to_data(source)[: GALLERY - start]
        self.gallery[start : start + len(rows)] = rows
        self.filled.fill_(start + len(rows))


class TranslationConfig(GameConfig):
    """A generator trained with a distance to true images and a discriminator.

    Attributes:
        adversarial: the loss of both sides.
        adversarial_weight: of the generator's adversarial loss; at 0 there is no discriminator.
        l1_weight: of the mean absolute difference from the true image, in model units.
    """

    generator: TranslatorConfig
    discriminator: DiscriminatorConfig
    adversarial: AdversarialLoss = NonSaturating()
    adversarial_weight: NonNegativeFloat = 1.0
    l1_weight: NonNegativeFloat = 100.0

    @model_validator(mode="after")
    def _has_an_aim(self) -> "TranslationConfig":
        if self.adversarial_weight == self.l1_weight == 0:
            raise ConfigError(
                "game.adversarial_weight and game.l1_weight are both 0, so there is nothing to "
                "learn. Set one of them above 0."
            )
        return self


class Translation(TranslationGame):
    """Alternates discriminator and generator moves on images whose true result is known."""

    judges_source: ClassVar[bool] = False
    """Whether the discriminator also sees what an image was made from."""

    def __init__(
        self, config: TranslationConfig, space: ImageSpace, source: ImageSpace, *, factor: int = 1
    ) -> None:
        super().__init__(space, source, factor=factor)
        self.config = config
        self.generator = self.build_generator()
        self.discriminator: nn.Module | None = None
        if config.adversarial_weight:
            self.discriminator = config.discriminator.build(self.judged_space)

    def build_generator(self) -> Translator:
        """The generator; overridden by games whose network does not return an image."""
        assert isinstance(self.space, ImageSpace)
        return self.config.generator.build(self.source, self.space, factor=self.factor)

    @property
    def judged_space(self) -> ImageSpace:
        """The space of what the discriminator sees."""
        assert isinstance(self.space, ImageSpace)
        if not self.judges_source:
            return self.space
        return with_num_channels(self.space, self.space.channels + self.source.channels)

    def judged(self, x: Tensor, source: Tensor) -> Tensor:
        """What the discriminator sees, `[B, C, H, W]`: images, with sources if conditional."""
        return torch.cat([source.to(x), x], dim=1) if self.judges_source else x

    def moves(self) -> Sequence[Move]:
        """The discriminator, if there is one, then the generator."""
        generator = Move("generator", self.generator_loss)
        if self.discriminator is None:
            return [generator]
        return [Move("discriminator", self.discriminator_loss), generator]

    def logits(self, x: Tensor, source: Tensor) -> Tensor:
        """Logits `[B * P]` of all patches, or `[B]` if images are judged whole."""
        assert self.discriminator is not None
        return patch_logits(self.discriminator, self.judged(x, source))

    def discriminator_loss(self, context: StepContext) -> Terms:
        """Adversarial terms."""
        batch = context.next_batch()
        with torch.no_grad():
            source = self.sources(batch, context.noise)
            fake = self.make(source, context.noise)
        real_logits, fake_logits = self.logits(batch.x, source), self.logits(fake, source)
        note_duel(context, self.config.adversarial, (real_logits, fake_logits), (batch.x, fake))
        return self.config.adversarial.discriminator(real_logits, fake_logits)

    def generator_loss(self, context: StepContext) -> Terms:
        """The adversarial term, and the distance from the true images."""
        batch = context.next_batch()
        with torch.no_grad():
            source = self.sources(batch, context.noise)
        self.remember(source, context)
        fake = self.make(source, context.noise)
        terms: Terms = {}
        if self.discriminator is not None:
            real_logits = None
            if self.config.adversarial.pairs_reals:
                with torch.no_grad():
                    real_logits = self.logits(batch.x, source)
            loss = self.config.adversarial.generator(real_logits, self.logits(fake, source))
            terms["adversarial"] = self.config.adversarial_weight * loss
        if self.config.l1_weight:
            terms["l1"] = self.config.l1_weight * (fake - batch.x).abs().mean()
        return terms


class Degradation(Translation):
    """A game that learns to undo what it does to images itself."""

    def degrade(self, x: Tensor, noise: Noise) -> Tensor:
        """Sources `[B, *source.shape]` of images in model units, float32."""
        raise TypeError(f"{type(self).__name__} must define degrade()")

    def sources(self, batch: Batch, noise: Noise) -> Tensor:
        """The images of a batch, degraded, float32 `[B, C, H, W]`, as users will give them."""
        with torch.autocast(batch.x.device.type, enabled=False):
            return self.degrade(batch.x.float(), noise)


def with_num_channels(space: ImageSpace, channels: int) -> ImageSpace:
    """Images of the same size with other channels, and without labels."""
    return ImageSpace(channels=channels, height=space.height, width=space.width)


def require_plain_images(space: Space, *, recipe: str) -> ImageSpace:
    """`space`, known to hold images.

    Raises:
        RecipeError: it does not.
    """
    return require_images(space, least=8, network=recipe)


def patch_logits(discriminator: nn.Module, x: Tensor) -> Tensor:
    """A discriminator's logits `[B * P]` of all patches of images, or `[B]` of whole ones.

    The loss of the mean of all patches would let good ones make up for bad ones.

    >>> patch_logits(nn.Conv2d(3, 1, 4, stride=4), torch.zeros(2, 3, 8, 8)).shape
    torch.Size([8])
    """
    read = getattr(discriminator, "patches", discriminator)
    return read(x).flatten().float()


def note_duel(
    context: StepContext,
    adversarial: AdversarialLoss,
    logits: tuple[Tensor, Tensor],
    pictures: tuple[Tensor, Tensor],
) -> None:
    """Record signals of the adversarial game.

    Args:
        context: of the move.
        adversarial: the loss, which says what signs of logits mean.
        logits: of reals and of fakes, `[B, ...]`.
        pictures: reals and fakes, `[B, C, H, W]`.
    """
    real, fake = (one.detach() for one in logits)
    context.signals["accuracy"] = (real > fake).float().mean()
    if context.observe:
        context.signals |= observed(real, fake, *pictures)
        context.signals["real_sign"] = adversarial.sign_statistic(real, fake)


def require_pairs(space: Space, *, aligned: bool, recipe: str) -> PairSpace:
    """`space`, known to hold two domains of images.

    Raises:
        RecipeError: it does not, they are not aligned and have to be, or sources are joined where
            none can be.
    """
    if not isinstance(space, PairSpace) or (aligned and not space.aligned):
        what = "aligned pairs of images" if aligned else "two domains of images"
        raise RecipeError(
            f"{recipe} takes {what}, and the data is of kind {space.kind!r}. Give a folder with "
            "the subfolders A and B, or two folders."
        )
    if not aligned and isinstance(space.source, JoinedSpace):
        raise RecipeError(
            f"{recipe} takes one image at a time, and each source here is several: "
            f"{' and '.join(space.source.names)}. Train pix2pix, which takes them together."
        )
    return space
