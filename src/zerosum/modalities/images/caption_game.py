"""A two-player game of images that are made from captions.

Reed et al., "Generative adversarial text to image synthesis", ICML 2016, arXiv:1605.05396: the
generator is told a caption, and the discriminator sees images beside captions, right and wrong
ones. Here all other captions of a batch are the wrong ones, in one softmax, as in Zhang et al.,
"Cross-modal contrastive learning for text-to-image generation", CVPR 2021, arXiv:2101.04702.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from pydantic import NonNegativeFloat
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from zerosum.conditions import AnyOf, Condition, Value
from zerosum.config import Size
from zerosum.errors import ConditionError, RecipeError
from zerosum.faces import verb
from zerosum.games.base import Inputs, StepContext, Terms, slerp
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.modalities.images.captions import PADDING, CaptionedSpace, CaptionSpace
from zerosum.objectives.penalties import logits_and_gradient
from zerosum.rng import Noise
from zerosum.spaces import Batch, Space

TEXT = "text"
"""Name of the control."""

_SHOWN = 8


class CaptionGameConfig(TwoPlayerConfig):
    """Two players that read captions, each with an encoder of its own.

    Attributes:
        word_dim: length of what stands for a word.
        text_dim: length of what stands for a caption.
        features: width of what the discriminator says of an image before it is held against words.
        matching_weight: of the term that asks which caption of the batch an image belongs to.
    """

    kind = "caption_game"
    word_dim: Size = 48
    text_dim: Size = 96
    features: Size = 128
    matching_weight: NonNegativeFloat = 1.0

    def build(self, space: Space) -> "CaptionGame":
        """The game for images with captions.

        Raises:
            RecipeError: the space holds no captions, or images are to be judged in packs.
        """
        if self.pack > 1:
            raise RecipeError("images are judged beside captions one by one. Set game.pack=1.")
        return CaptionGame(self, require_captions(space))


@dataclass(frozen=True)
class CaptionControl(ChoiceControl):
    """A control that takes a caption; `names` are some of the training data's.

    Attributes:
        source: what knows its words.
    """

    source: CaptionSpace | None = None

    def pick(self, name: str, condition: Condition, chance: Tensor) -> Tensor:
        """Codes of a caption for each sample, int64 `[n, length]`; of several any is as likely.

        Raises:
            ConditionError: a word is unknown, or it is no caption.
        """
        assert self.source is not None
        parts = condition.parts if isinstance(condition, AnyOf) else (condition,)
        codes = []
        for part in parts:
            if not isinstance(part, Value):
                raise ConditionError(
                    f"{name} takes captions, not {part}. Write words: {name}={self.names[0]}."
                )
            codes.append(self.source.understood(str(part.value)))
        return torch.stack(codes)[(chance.double() * len(codes)).long()]

    def to_json(self) -> dict[str, Any]:
        """Kind, a few captions, and the words."""
        assert self.source is not None
        return {"kind": "text", "names": self.names[:_SHOWN], "words": list(self.source.words)}


class CaptionGame(TwoPlayer):
    """Latents are `[noise, codes of a caption]`."""

    config: CaptionGameConfig
    space: CaptionedSpace
    discriminator: "CaptionDiscriminator"
    captions: Tensor

    def __init__(self, config: CaptionGameConfig, space: CaptionedSpace) -> None:
        super().__init__(config, space)
        codes = torch.stack([space.source.encode(caption) for caption in space.captions])
        self.register_buffer("captions", codes, persistent=False)

    def build_generator(self, num_labels: int) -> nn.Module:
        """An encoder of captions, and a generator that is told what it says."""
        return CaptionGenerator(self.config, self.space)

    def build_discriminator(self, num_labels: int) -> nn.Module:
        """A discriminator of images beside captions."""
        return CaptionDiscriminator(self.config, self.space)

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Random latents, with captions of the data."""
        rows = noise.integers(n, high=len(self.captions))
        return self.told(Inputs(self.draw_latents(n, noise)), self.captions[rows])

    def told(self, inputs: Inputs, codes: Tensor) -> Inputs:
        """Inputs with captions, int64 `[B, length]`, in place of those they have, if any."""
        z = inputs.z[:, : self.latent_size]
        return replace(inputs, z=torch.cat([z, codes.to(z)], dim=1))

    def captions_in(self, inputs: Inputs) -> list[str]:
        """The caption that each of some inputs has."""
        return [self.space.source.decode(one) for one in inputs.z[:, self.latent_size :].long()]

    def draw_beside(self, batch: Batch, noise: Noise) -> tuple[Inputs, Tensor | None]:
        """Inputs with the captions of the reals, and these captions, int64 `[B, length]`."""
        assert batch.source is not None
        return self.told(Inputs(self.draw_latents(batch.size, noise)), batch.source), batch.source

    def draw_for_generator(
        self, context: StepContext
    ) -> tuple[Inputs, Tensor | None, Tensor | None]:
        """Inputs, reals `[B, ...]` and their captions."""
        batch = context.next_batch()
        inputs, codes = self.draw_beside(batch, context.noise)
        return inputs, batch.x, codes

    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """`text`."""
        return {TEXT: CaptionControl(self._names, source=self.space.source)}

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        """Inputs with captions: their codes, int64 `[B, length]`, or numbers of names, `[B]`."""
        if values.ndim == 1:
            source, names = self.space.source, self._names
            values = torch.stack([source.encode(names[int(value)]) for value in values])
        return self.told(inputs, values)

    @property
    def _names(self) -> tuple[str, ...]:
        """Different captions of the data."""
        return tuple(dict.fromkeys(self.space.captions))

    def interpolate(self, a: Inputs, b: Inputs, t: float) -> Inputs:
        """See `Game.interpolate`; captions stay those of `a`."""
        size = self.latent_size
        z = slerp(a.z[:, :size], b.z[:, :size], t)
        return replace(a, z=torch.cat([z, a.z[:, size:]], dim=1))

    def _judge(
        self, x_real: Tensor, x_fake: Tensor, y: Tensor | None, real_slope: bool, fake_slope: bool
    ) -> tuple[Terms, dict[str, Tensor], tuple[Tensor, Tensor], Tensor]:
        """See `TwoPlayer._judge`; also which captions the reals belong to."""
        found: dict[str, Tensor] = {}
        gradients: dict[str, Tensor] = {}
        sides = {"real": (x_real, real_slope), "fake": (x_fake, fake_slope)}
        for side, (x, steep) in sides.items():
            if steep:
                found[side], gradients[side] = logits_and_gradient(lambda p: self.outputs(p, y), x)
            else:
                found[side] = self.outputs(x, y)
        real, fake = found["real"][:, 0], found["fake"][:, 0]
        terms = self.config.adversarial.discriminator(real, fake)
        terms["matching"] = self._matching(found["real"], y)
        terms["accuracy"] = (real > fake).float().mean().detach()
        return terms, gradients, (real.detach(), fake.detach()), found["fake"][:, 1:1]

    def _please(
        self, inputs: Inputs, x_real: Tensor | None, y: Tensor | None, draws: Tensor | None = None
    ) -> Terms:
        """See `TwoPlayer._please`; also which captions the fakes belong to."""
        real_logits = None
        if x_real is not None:
            with torch.no_grad():
                real_logits = self.outputs(x_real, y)[:, 0]
        outputs = self.outputs(self.shown(self.make(inputs), draws), y)
        loss = self.config.adversarial.generator(real_logits, outputs[:, 0])
        return {"adversarial": loss, "matching": self._matching(outputs, y)}

    def _matching(self, outputs: Tensor, codes: Tensor | None) -> Tensor:
        """-log of the share of an image's own caption in a softmax over those of the batch."""
        assert codes is not None
        same = (codes[:, None] == codes[None]).all(2)
        scores = outputs[:, 1:]
        own = scores.masked_fill(~same, -torch.inf).logsumexp(1)
        return self.config.matching_weight * (scores.logsumexp(1) - own).mean()

    def _is_affine(self, due: Any) -> bool:
        """Never: an image is held against all captions of the batch."""
        return False


class CaptionEncoder(nn.Module):
    """Codes `[B, length]` to what a caption says, `[B, text_dim]`, word by word."""

    def __init__(self, config: CaptionGameConfig, space: CaptionSpace) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(space.words) + 2, config.word_dim)
        self.read = nn.GRUCell(config.word_dim, config.text_dim)

    def forward(self, codes: Tensor) -> Tensor:
        """What is known after the last word."""
        words, there = self.embed(codes), (codes != PADDING)[..., None]
        known = words.new_zeros(codes.shape[0], self.read.hidden_size)
        for i in range(codes.shape[1]):
            known = torch.where(there[:, i], self.read(words[:, i], known), known)
        return known


class CaptionGenerator(nn.Module):
    """`[B, latent_dim + length]` to images."""

    def __init__(self, config: CaptionGameConfig, space: CaptionedSpace) -> None:
        super().__init__()
        self.latent_dim = config.latent_dim
        self.encode = CaptionEncoder(config, space.source)
        self.make = config.generator.build(config.latent_dim + config.text_dim, space.judged)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Images `[B, C, H, W]`; captions are the last columns of `z`."""
        said = self.encode(z[:, self.latent_dim :].long())
        return self.make(torch.cat([z[:, : self.latent_dim], said], dim=1), None)


class CaptionDiscriminator(nn.Module):
    """How real an image is beside its caption, and how well it fits all captions of a batch."""

    def __init__(self, config: CaptionGameConfig, space: CaptionedSpace) -> None:
        super().__init__()
        self.encode = CaptionEncoder(config, space.source)
        self.trunk = config.discriminator.build(space.judged, num_outputs=config.features)
        self.head = nn.Linear(config.features, 1, bias=False)
        self.seen = nn.Linear(config.features, config.text_dim)
        self.said = nn.Linear(config.text_dim, config.text_dim)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """`[B, 1 + B]`: the logit beside its own caption, and the fit of each caption `y`."""
        features = leaky_relu(self.trunk(x, None), 0.2)
        said = self.said(self.encode(y))
        fits = self.seen(features) @ said.T / said.shape[1] ** 0.5
        return torch.cat([self.head(features) + fits.diagonal()[:, None], fits], dim=1)


def require_captions(space: Space) -> CaptionedSpace:
    """`space`, known to hold images with captions.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, CaptionedSpace):
        raise RecipeError(
            f"text2image takes images with captions, and the data is of kind {space.kind!r}. Take "
            f"a recipe that lists {space.kind!r} under {verb('recipes')}."
        )
    return space
