"""The game of a vocoder: waves from levels, first by their spectra alone, then before judges."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar

import torch
from pydantic import Field, NonNegativeFloat
from torch import Tensor

from zerosum.config import Size
from zerosum.games.base import Game, GameConfig, Inputs, Move, StepContext, Terms
from zerosum.games.two_player import observed
from zerosum.modalities.sound.spectra import (
    found_spectra,
    inverse_stft,
    spread_over_bins,
    stft,
)
from zerosum.modalities.speech.space import SpeechSpace, require_speech
from zerosum.modalities.speech.spectral import mel_distance
from zerosum.networks.vocos import VocosConfig
from zerosum.networks.wave_judges import Heard, WaveJudgesConfig
from zerosum.objectives.adversarial import AdversarialLoss, LeastSquares
from zerosum.rng import Noise
from zerosum.spaces import Space

GALLERY = 64
"""Levels of windows that are kept, so that samples can be asked for without any sound at hand."""

_AGAIN = 512
"""Frames after which the phases that Griffin-Lim begins from come again."""


class VocoderConfig(GameConfig):
    """A generator from levels to waves, and discriminators of waves.

    Attributes:
        generator: from levels to waves.
        discriminator: several discriminators.
        adversarial: the loss of both sides.
        iterations: of Griffin-Lim, whose spectra the generator begins from; in use, as many follow
            on what it made.
        segment: frames of each window that are made in a step, cut out at random.
        heard: windows of a batch that discriminators hear in a step, each of which takes them four
            times as long as the generator.
        begin: share of the budget from which on there are discriminators.
        mel_weight: of the distance of mel levels.
        adversarial_weight: of the generator's adversarial loss.
        matching_weight: of the mean difference of what discriminators hear on the way.
    """

    kind = "vocoder"
    generator: VocosConfig = VocosConfig()
    discriminator: WaveJudgesConfig = WaveJudgesConfig()
    adversarial: AdversarialLoss = LeastSquares()
    iterations: Annotated[int, Field(ge=0, le=64)] = 16
    segment: Size = 33
    heard: Size = 4
    begin: float = Field(default=0.75, ge=0, le=1)
    mel_weight: NonNegativeFloat = 45.0
    adversarial_weight: NonNegativeFloat = 1.0
    matching_weight: NonNegativeFloat = 2.0

    def build(self, space: Space) -> "Vocoder":
        """The game for windows of speech.

        Raises:
            RecipeError: the space holds something else.
        """
        return Vocoder(self, require_speech(space, recipe="vocoder"))


class Vocoder(Game):
    """See `VocoderConfig`. What latents are elsewhere, levels `[B, mels, frames]` are here."""

    bounds: ClassVar[Mapping[str, tuple[int, int]]] = {"filled": (0, GALLERY)}
    no_graph: ClassVar[str] = (
        "A vocoder ends in an inverse Fourier transform of complex numbers, which a graph of real "
        "ones does not hold."
    )

    phases: Tensor
    gallery: Tensor
    filled: Tensor

    def __init__(self, config: VocoderConfig, space: SpeechSpace) -> None:
        super().__init__()
        self.config, self.space, self.speech = config, space, space
        frames = space.sounds.frames
        self.generator = config.generator.build(
            bands=frames.mels, n_fft=frames.n_fft, hop=frames.hop
        )
        self.discriminator = config.discriminator.build(n_fft=frames.n_fft)
        phases = 2 * math.pi * Noise(0).uniform(frames.n_fft // 2 + 1, _AGAIN)
        self.register_buffer("phases", phases, persistent=False)
        self.register_buffer("gallery", torch.zeros(GALLERY, *space.sounds.shape[1:]))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    def moves(self) -> Sequence[Move]:
        """The discriminators, once it is their time, then the generator."""
        return [
            Move("discriminator", self.discriminator_loss, begin=self.config.begin),
            Move("generator", self.generator_loss),
        ]

    def waves(self, levels: Tensor, *, place: int = 0) -> Tensor:
        """Waves, float32 `[B, (T - 1) * hop]`, of levels `[B, mels, T]`, brought near to these.

        Args:
            levels: of at least 2 frames.
            place: of the first frame in the whole sound, which says what phases it begins from.
        """
        frames, levels = self.speech.sounds.frames, levels.float()
        made = stft(self._made(levels, place), frames)
        samples = (levels.shape[2] - 1) * frames.hop
        found = found_spectra(levels, made, frames, samples, self.config.iterations)
        return inverse_stft(found, frames, samples)

    def _made(self, levels: Tensor, place: int) -> Tensor:
        """Waves that the generator makes of levels; see `waves`."""
        frames, levels = self.speech.sounds.frames, levels.float()
        samples = (levels.shape[2] - 1) * frames.hop
        phases = self.phases[:, (place + torch.arange(levels.shape[2])) % _AGAIN]
        with torch.no_grad():
            sizes = spread_over_bins(levels, frames)
            begun = torch.polar(sizes, phases.expand_as(sizes))
            begun = found_spectra(levels, begun, frames, samples, self.config.iterations)
        return self.generator(levels, begun, sizes)

    @property
    def context(self) -> int:
        """Frames on either side that a sample depends on."""
        frames = self.speech.sounds.frames
        beside = frames.n_fft // frames.hop - 1
        return self.generator.context + 2 * self.config.iterations * beside

    def generate(self, inputs: Inputs) -> Tensor:
        """Waves `[B, 1, samples]` of the levels `inputs.z` of whole windows."""
        return self.waves(inputs.z)[:, None]

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Levels of the gallery, in a random order, over and over."""
        count = max(int(self.filled), 1)
        order = noise.uniform(GALLERY).argsort().cpu()
        order = order[order < count]
        rows = order[torch.arange(n) % count].to(self.gallery.device)
        return Inputs(self.gallery[rows].to(noise.device))

    def interpolate(self, a: Inputs, b: Inputs, t: float) -> Inputs:
        """Levels on the straight line from `a` to `b`."""
        return replace(a, z=torch.lerp(a.z, b.z, t))

    def discriminator_loss(self, context: StepContext) -> Terms:
        """Adversarial terms, averaged over the discriminators."""
        x = context.next_batch().x[: self.config.heard]
        levels, real = self._segments(x, context.noise)
        with torch.no_grad():
            fake = self._made(levels, _anywhere(context.noise))
        heard = list(zip(self.discriminator(real), self.discriminator(fake), strict=True))
        terms: Terms = {}
        for (real_logits, _), (fake_logits, _) in heard:
            found = self.config.adversarial.discriminator(
                real_logits.flatten(), fake_logits.flatten()
            )
            for name, value in found.items():
                terms[name] = terms.get(name, 0) + value / len(heard)
        _note_duel(context, self.config.adversarial, heard, (real, fake))
        return terms

    def generator_loss(self, context: StepContext) -> Terms:
        """The distance of mel levels; later on the adversarial term and what judges hear, too."""
        config = self.config
        batch = context.next_batch()
        self._remember(batch.x, context)
        levels, real = self._segments(batch.x, context.noise)
        fake = self._made(levels, _anywhere(context.noise))
        frames = self.speech.sounds.frames
        with torch.autocast(fake.device.type, enabled=False):
            terms = {"mel": config.mel_weight * mel_distance(fake, real, frames)}
        if context.progress < config.begin:
            return terms
        with torch.no_grad():
            of_real = self.discriminator(real[: config.heard])
        of_fake = self.discriminator(fake[: config.heard])
        losses, apart = [], []
        for (real_logits, wanted), (fake_logits, found) in zip(of_real, of_fake, strict=True):
            losses.append(
                config.adversarial.generator(real_logits.flatten(), fake_logits.flatten())
            )
            apart += [(a - b).abs().mean() for a, b in zip(found, wanted, strict=True)]
        terms["adversarial"] = config.adversarial_weight * torch.stack(losses).mean()
        terms["matching"] = config.matching_weight * torch.stack(apart).float().mean()
        return terms

    def _segments(self, x: Tensor, noise: Noise) -> tuple[Tensor, Tensor]:
        """Levels `[B, mels, T]` of random pieces of windows, and their waves `[B, samples]`."""
        hop, frames = self.speech.sounds.hop, self.speech.sounds.shape[2]
        length = min(self.config.segment, frames)
        with torch.autocast(x.device.type, enabled=False):
            levels = self.speech.levels(x)
        starts = noise.integers(len(x), high=frames - length + 1)
        places = starts[:, None] + torch.arange(length, device=x.device)
        cut = levels.gather(2, places[:, None].expand(-1, levels.shape[1], -1))
        samples = hop * starts[:, None] + torch.arange(hop * (length - 1), device=x.device)
        return cut, x[:, 0].gather(1, samples)

    @torch.no_grad()
    def _remember(self, x: Tensor, context: StepContext) -> None:
        """Keep the levels of the windows of the first plays of a move."""
        start = context.index * context.batch_size
        if start >= GALLERY:
            return
        with torch.autocast(x.device.type, enabled=False):
            rows = self.speech.levels(x[: GALLERY - start])
        self.gallery[start : start + len(rows)] = rows
        self.filled.fill_(start + len(rows))


def _anywhere(noise: Noise) -> int:
    """A frame, so that the generator does not learn the phases that it begins from by heart."""
    return int(noise.integers(1, high=_AGAIN))


def _note_duel(
    context: StepContext,
    adversarial: AdversarialLoss,
    heard: list[tuple[Heard, Heard]],
    waves: tuple[Tensor, Tensor],
) -> None:
    """Record signals of the adversarial game, from what was heard of reals and of fakes."""
    real, fake = (torch.cat([pair[i][0].detach().flatten() for pair in heard]) for i in (0, 1))
    context.signals["accuracy"] = (real > fake).float().mean()
    if context.observe:
        context.signals |= observed(real, fake, *waves)
        context.signals["real_sign"] = adversarial.sign_statistic(real, fake)
