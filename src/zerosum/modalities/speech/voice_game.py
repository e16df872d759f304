"""The game of voices: windows of one speaker made windows of another, without pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import torch
from pydantic import NonNegativeFloat
from torch import Tensor

from zerosum.games.base import Game, GameConfig, Inputs, Move, StepContext, Terms
from zerosum.games.controls import ChoiceControl, RangeControl, label_controls
from zerosum.games.two_player import observed
from zerosum.modalities.speech.voices_space import VoicesSpace, require_voices
from zerosum.modalities.speech.warping import coloured, moved, moves_between
from zerosum.networks.base import DiscriminatorConfig
from zerosum.networks.dcgan import DcganDiscriminatorConfig
from zerosum.networks.voice_translator import VoiceTranslatorConfig
from zerosum.objectives.adversarial import AdversarialLoss, Hinge
from zerosum.rng import Noise
from zerosum.spaces import Space

GALLERY = 64
"""Windows that are kept, so that samples can be asked for without any sound at hand."""


class VoiceConversionConfig(GameConfig):
    """A generator from any speaker to any other, and a discriminator that knows all of them.

    Attributes:
        generator: says how the moved levels are to change.
        discriminator: of levels, which is told whose they are to be.
        adversarial: the loss of both sides.
        adversarial_weight: of the generator's adversarial loss.
        cycle_weight: of the mean difference between levels and what comes back.
        identity_weight: of that between levels and their conversion to their own speaker.
        content_weight: of the mean change that the generator makes; it keeps words.
    """

    kind = "voice_conversion"
    generator: VoiceTranslatorConfig = VoiceTranslatorConfig()
    discriminator: DiscriminatorConfig = DcganDiscriminatorConfig(
        width=16, normalisation="spectral"
    )
    adversarial: AdversarialLoss = Hinge()
    adversarial_weight: NonNegativeFloat = 1.0
    cycle_weight: NonNegativeFloat = 10.0
    identity_weight: NonNegativeFloat = 5.0
    content_weight: NonNegativeFloat = 100.0

    def build(self, space: Space) -> "VoiceConversion":
        """The game for voices.

        Raises:
            RecipeError: the space holds something else, or one voice alone.
        """
        return VoiceConversion(self, require_voices(space, recipe="voice"))


class VoiceConversion(Game):
    """See `VoiceConversionConfig`.

    What latents are elsewhere, levels are here with their speaker: `[B, mels + 1, frames]`, of
    which the last row holds the speaker's number.
    """

    bounds: ClassVar[Mapping[str, tuple[int, int]]] = {"filled": (0, GALLERY)}

    gallery: Tensor
    filled: Tensor
    matrix: Tensor
    colour: Tensor

    def __init__(self, config: VoiceConversionConfig, space: VoicesSpace) -> None:
        super().__init__()
        self.config, self.space, self.voices = config, space, space
        count = max(space.num_labels, 1)
        self.generator = config.generator.build(bands=space.mels, speakers=count)
        self.discriminator = config.discriminator.build(space.pictured, num_labels=count)
        means = torch.tensor([one.levels for one in space.speakers]).reshape(-1, space.mels)
        pitches = [one.pitch for one in space.speakers]
        self.moved = moves_between(pitches, means, space.frames)
        self.register_buffer("matrix", self.moved.matrix)
        self.register_buffer("colour", self.moved.colour)
        frames = space.shape[2]
        self.register_buffer("gallery", torch.zeros(GALLERY, space.mels + 1, frames))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    def moves(self) -> Sequence[Move]:
        """The discriminator, then the generator."""
        return [
            Move("discriminator", self.discriminator_loss),
            Move("generator", self.generator_loss),
        ]

    def convert(self, levels: Tensor, source: Tensor, target: Tensor) -> Tensor:
        """Levels of target speakers.

        Args:
            levels: of any number of frames, `[B, mels, T]`.
            source: who speaks, `[B]`.
            target: who is to speak, `[B]`.

        Returns:
            float32 `[B, mels, T]` in [-1, 1].
        """
        return self._converted(levels, source, target)[0]

    def finished(self, levels: Tensor, source: int, target: int) -> Tensor:
        """Levels of the target speaker, of waves whose pitch and throat were moved already.

        Args:
            levels: of any number of frames, `[B, mels, T]`.
            source: who speaks.
            target: who is to speak.
        """
        count, rest = len(levels), self.moved.rest[source, target].to(levels.device)
        first = coloured(levels.float(), rest.expand(count, -1))
        who = (torch.full((count,), one, device=levels.device) for one in (source, target))
        return (first + self.generator(first, *who).float()).clamp(-1, 1)

    def generate(self, inputs: Inputs) -> Tensor:
        """Levels `[B, 1, mels, frames]` of the target speakers `inputs.y`."""
        levels, source = inputs.z[:, :-1], inputs.z[:, -1, 0].round().long()
        target = source if inputs.y is None else inputs.y
        return self.convert(levels, source, target)[:, None]

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Windows of the gallery, in a random order, over and over, and any speakers."""
        count = max(int(self.filled), 1)
        order = noise.uniform(GALLERY).argsort().cpu()
        order = order[order < count]
        rows = order[torch.arange(n) % count].to(self.gallery.device)
        y = noise.integers(n, high=max(self.voices.num_labels, 1))
        return Inputs(self.gallery[rows].to(noise.device), y)

    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """`label`: who is to speak."""
        return label_controls(self.space)

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        """Inputs with speakers `values`, int64 `[B]`."""
        return Inputs(inputs.z, values)

    def interpolate(self, a: Inputs, b: Inputs, t: float) -> Inputs:
        """Levels on the straight line from `a` to `b`; who speaks stays that of `a`."""
        levels = torch.lerp(a.z[:, :-1], b.z[:, :-1], t)
        return replace(a, z=torch.cat([levels, a.z[:, -1:]], dim=1))

    def discriminator_loss(self, context: StepContext) -> Terms:
        """Adversarial terms: are these levels those of that speaker?"""
        batch = context.next_batch()
        source, real = _speakers(batch.y, batch.x), batch.x[:, 0]
        target = self._others(source, context.noise)
        with torch.no_grad():
            fake = self.convert(real, source, target)
        real_logits = self.discriminator(batch.x, source)[:, 0].float()
        fake_logits = self.discriminator(fake[:, None], target)[:, 0].float()
        context.signals["accuracy"] = (real_logits > fake_logits).float().mean()
        if context.observe:
            logits = real_logits.detach(), fake_logits.detach()
            context.signals |= observed(*logits, real, fake)
            context.signals["real_sign"] = self.config.adversarial.sign_statistic(*logits)
        return self.config.adversarial.discriminator(real_logits, fake_logits)

    def generator_loss(self, context: StepContext) -> Terms:
        """The adversarial, cycle, identity and content terms."""
        config, batch = self.config, context.next_batch()
        source, real = _speakers(batch.y, batch.x), batch.x[:, 0]
        self._remember(real, source, context)
        target = self._others(source, context.noise)
        fake, change = self._converted(real, source, target)
        again = self.convert(fake, target, source)
        same = self.convert(real, source, source)
        real_logits = None
        if config.adversarial.pairs_reals:
            with torch.no_grad():
                real_logits = self.discriminator(batch.x, source)[:, 0].float()
        fake_logits = self.discriminator(fake[:, None], target)[:, 0].float()
        loss = config.adversarial.generator(real_logits, fake_logits)
        return {
            "adversarial": config.adversarial_weight * loss,
            "cycle": config.cycle_weight * (again - real).abs().mean(),
            "identity": config.identity_weight * (same - real).abs().mean(),
            "content": config.content_weight * change.abs().mean(),
        }

    def _converted(self, levels: Tensor, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Levels `[B, mels, T]` of target speakers, and what the generator changed."""
        with torch.autocast(levels.device.type, enabled=False):
            first = moved(
                levels.float(), self.matrix[source, target], self.colour[source, target]
            )  # fmt: skip
        change = self.generator(first, source, target).float()
        return (first + change).clamp(-1, 1), change

    def _others(self, source: Tensor, noise: Noise) -> Tensor:
        """Another speaker for each, `[B]`."""
        count = max(self.voices.num_labels, 1)
        steps = 1 + noise.integers(len(source), high=max(count - 1, 1))
        return (source + steps) % count

    @torch.no_grad()
    def _remember(self, levels: Tensor, source: Tensor, context: StepContext) -> None:
        """Keep the windows of the first plays of a move."""
        start = context.index * context.batch_size
        if start >= GALLERY:
            return
        who = source.to(levels).reshape(-1, 1, 1).expand(-1, 1, levels.shape[2])
        rows = torch.cat([levels, who], dim=1)[: GALLERY - start]
        self.gallery[start : start + len(rows)] = rows
        self.filled.fill_(start + len(rows))


def _speakers(y: Tensor | None, x: Tensor) -> Tensor:
    """Who speaks, int64 `[B]`; of windows without labels the only one there is."""
    return y if y is not None else torch.zeros(len(x), dtype=torch.int64, device=x.device)
