"""CycleGAN: from one domain of images to another and back, without pairs.

Zhu, Park, Isola and Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks", ICCV 2017, arXiv:1703.10593.

Networks are a quarter as wide as the paper's, with 3 residual blocks for 6 or 9, and learn in
batches of 4 (the paper: 1) at five times the rate: with those of the paper a CPU comes nowhere in
half an hour. Generators say what is to change in an image, once they have zoomed and shifted it by
numbers that they learn: so colours and places begin where they were, and no identity term has to
keep them. The paper's are `game.generator.width=64`, `game.generator.num_blocks=9`,
`game.discriminator.width=64`, `game.residual=false`, `game.framing=false` and, for colours,
`game.identity_weight=5`, and want `lr=2e-4` of both optimizers. Samples come from averaged weights.

The pool keeps fakes as bytes; with several processes each has its own, and a resume takes the first
one's. The identity term is left out where the domains have other channels.
"""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import torch
from pydantic import NonNegativeFloat
from torch import Tensor, nn

from zerosum.config import Size, SizeOrZero
from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.games.base import GameConfig, Move, StepContext, Terms
from zerosum.modalities.images.pair_space import PairSpace
from zerosum.modalities.images.translation_game import (
    TranslationGame,
    note_duel,
    patch_logits,
    require_pairs,
)
from zerosum.networks.base import DiscriminatorConfig
from zerosum.networks.framing import Framing
from zerosum.networks.patch import PatchDiscriminator, PatchDiscriminatorConfig
from zerosum.networks.resnet_translator import ResnetTranslatorConfig
from zerosum.networks.translator import Translator, TranslatorConfig
from zerosum.objectives.adversarial import AdversarialLoss, LeastSquares
from zerosum.objectives.matching import Matching
from zerosum.recipes import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import ImageSpace, Space


class CycleganConfig(GameConfig):
    """Two generators and two discriminators, one of each for each direction.

    Attributes:
        generator: from either domain to the other.
        discriminator: of either domain.
        adversarial: the loss of both sides, for each domain.
        adversarial_weight: of the generators' adversarial losses; 2 is the paper's, since the
            least-squares loss here has a factor ½ that the paper's has not.
        cycle_weight: of the mean absolute difference between an image and what comes back.
        identity_weight: of that between an image and its translation into its own domain.
        pool: earlier fakes that discriminators are shown half of the time; 0 for none.
        residual: generators say what is to change, so that colours and places begin where they
            were; not where the domains have other channels.
        framing: each generator learns how far to zoom and shift all images before it translates
            them.
        match_weight: of the mean absolute difference between a translation and its partner, as far
            as one is found; for domains that show the same things. See `Matching`.
        match_memory: images of each domain among which partners are looked for.
    """

    kind = "cyclegan"
    generator: TranslatorConfig
    discriminator: DiscriminatorConfig
    adversarial: AdversarialLoss = LeastSquares()
    adversarial_weight: NonNegativeFloat = 2.0
    cycle_weight: NonNegativeFloat = 10.0
    identity_weight: NonNegativeFloat = 5.0
    pool: SizeOrZero = 50
    residual: bool = False
    framing: bool = False
    match_weight: NonNegativeFloat = 0.0
    match_memory: Size = 4096

    def build(self, space: Space) -> "Cyclegan":
        """The game for two domains of images."""
        return Cyclegan(self, require_pairs(space, aligned=False, recipe=self.kind))


class Cyclegan(TranslationGame):
    """See `CycleganConfig`. A is the domain of sources, B that of targets."""

    directions: ClassVar[tuple[str, ...]] = ("A2B", "B2A")
    training_only: ClassVar[tuple[str, ...]] = ("matching",)

    def __init__(self, config: CycleganConfig, space: PairSpace) -> None:
        super().__init__(space, space.source)
        self.config = config
        self.generator = nn.ModuleDict()
        self.discriminator = nn.ModuleDict()
        for direction in self.directions:
            taken, made = self.pictures(direction)
            self.generator[direction] = config.generator.build(taken, made)
            if config.framing:
                self.generator[f"framing_{direction}"] = Framing()
            self.discriminator[direction] = config.discriminator.build(made)
            pool = torch.zeros(config.pool, *made.shape, dtype=torch.uint8)
            self.register_buffer(f"pool_{direction}", pool)
        self.matching: Matching | None = None
        if config.match_weight:
            self.matching = Matching(self.pictures("A2B"), config.match_memory)
        self._translates_each = _takes_each(self.generator)
        judges = self.discriminator.children()
        patches = all(isinstance(judge, PatchDiscriminator) for judge in judges)
        self._judges_each = patches and _takes_each(self.discriminator)

    def pictures(self, direction: str) -> tuple[ImageSpace, ImageSpace]:
        """What is handed in to be translated in a direction, and what comes out."""
        taken, made = super().pictures(direction)
        return (taken, made) if direction == "A2B" else (made, taken)

    def network(self, direction: str) -> Translator:
        """The generator that translates in a direction."""
        network = self.get_submodule(f"generator.{direction}")
        assert isinstance(network, Translator)
        return network

    def framed(self, source: Tensor, direction: str = "A2B") -> Tensor:
        """Sources, zoomed and shifted as the direction's generator has learned."""
        if not self.config.framing:
            return source
        return self.get_submodule(f"generator.framing_{direction}")(source)

    def finish(self, raw: Tensor, source: Tensor) -> Tensor:
        """The source, changed by what the network says, or what it says alone."""
        residual = self.config.residual and raw.shape[1] == source.shape[1]
        return source + raw if residual else raw.tanh()

    def moves(self) -> Sequence[Move]:
        """Both discriminators, then both generators."""
        return [
            Move("discriminator", self.discriminator_loss),
            Move("generator", self.generator_loss),
        ]

    def logits(self, x: Tensor, direction: str) -> Tensor:
        """Logits `[B * P]` of all patches of images that a direction makes."""
        return patch_logits(self.get_submodule(f"discriminator.{direction}"), x)

    def discriminator_loss(self, context: StepContext) -> Terms:
        """The adversarial terms of both directions."""
        a, b = self._both(context)
        terms: Terms = {}
        heard: list[tuple[Tensor, Tensor]] = []
        fakes: list[Tensor] = []
        for direction, source, real in (("A2B", a, b), ("B2A", b, a)):
            with torch.no_grad():
                fake = self.translate(source, noise=context.noise, direction=direction)
                fakes.append(fake)
                shown = self.from_pool(fake, direction, context)
            heard.append(self._logits_of_both(real, shown, direction))
            found = self.config.adversarial.discriminator(*heard[-1])
            terms |= {f"{name}_{direction}": value for name, value in found.items()}
        real, fake = (torch.cat(one) for one in zip(*heard, strict=True))
        note_duel(context, self.config.adversarial, (real, fake), (b, fakes[0]))
        return terms

    def generator_loss(self, context: StepContext) -> Terms:
        """The adversarial, cycle, identity and match terms of both directions, added."""
        a, b = self._both(context)
        self.remember(a, context)
        config = self.config
        names = ["adversarial", "cycle"]
        if config.identity_weight and a.shape == b.shape:
            names.append("identity")
        if self.matching is not None:
            names.append("match")
        terms: Terms = dict.fromkeys(names, a.new_zeros(()))
        for there, back, x, other in (("A2B", "B2A", a, b), ("B2A", "A2B", b, a)):
            fake, same = self._translated(x, other if "identity" in names else None, there, context)
            again = self.translate(fake, noise=context.noise, direction=back)
            real_logits = None
            if config.adversarial.pairs_reals:
                with torch.no_grad():
                    real_logits = self.logits(other, there)
            loss = config.adversarial.generator(real_logits, self.logits(fake, there))
            terms["adversarial"] = terms["adversarial"] + config.adversarial_weight * loss
            terms["cycle"] = terms["cycle"] + config.cycle_weight * (again - x).abs().mean()
            if same is not None:
                distance = (same - other).abs().mean()
                terms["identity"] = terms["identity"] + config.identity_weight * distance
            if self.matching is not None:
                start = context.index * context.batch_size
                partners = self.matching.partners(x, fake, there[0], start=start)
                context.signals[f"matched_{there}"] = partners.found.float().mean()
                terms["match"] = terms["match"] + config.match_weight * partners.distance(fake)
        return terms

    @torch.no_grad()
    def from_pool(self, fake: Tensor, direction: str, context: StepContext) -> Tensor:
        """Fakes to show to a discriminator, about half of them from earlier (section 4).

        As long as the pool has room, fakes are put in and shown. Then each is shown, or, as often,
        put in the place of one that is shown instead.
        """
        pool = self.get_buffer(f"pool_{direction}")
        size = len(pool)
        if not size:
            return fake
        _, space = self.pictures(direction)
        start = min(context.index * context.batch_size, size)
        new = min(len(fake), size - start)
        compact = space.to_data(fake)
        pool[start : start + new] = compact[:new]
        places = context.noise.uniform(size).argsort()[: len(fake) - new]
        chosen = context.noise.uniform(len(fake))[:, None, None, None] < 0.5
        shown = fake.clone()
        if start < size or not len(places):
            return shown  # what is new is not exchanged at once
        rows = slice(0, len(places))
        kept, swap = pool[places], chosen[rows]
        shown[rows] = torch.where(swap, space.to_model(kept), fake[rows])
        pool[places] = torch.where(swap, compact[rows], kept)
        return shown

    def _translated(
        self, x: Tensor, other: Tensor | None, direction: str, context: StepContext
    ) -> tuple[Tensor, Tensor | None]:
        """Translations of both; in one batch, which is faster, where that changes nothing."""
        if other is not None and self._translates_each:
            joined = torch.cat([x, other])
            fake, same = self.translate(joined, noise=context.noise, direction=direction).chunk(2)
            return fake, same
        translate = partial(self.translate, noise=context.noise, direction=direction)
        return translate(x), None if other is None else translate(other)

    def _logits_of_both(self, real: Tensor, fake: Tensor, direction: str) -> tuple[Tensor, Tensor]:
        """Logits of reals and fakes, in one batch likewise."""
        if not self._judges_each:
            return self.logits(real, direction), self.logits(fake, direction)
        first, second = self.logits(torch.cat([real, fake]), direction).chunk(2)
        return first, second

    def _both(self, context: StepContext) -> tuple[Tensor, Tensor]:
        batch = context.next_batch()
        return self.sources(batch, context.noise), batch.x


def _takes_each(network: nn.Module) -> bool:
    """Whether what is made of an image does not depend on the others of its batch."""
    return not any(isinstance(part, nn.BatchNorm2d) for part in network.modules())


@recipe(paper="Zhu et al. 2017, arXiv:1703.10593", spaces=("pair",))
def cyclegan(space: Space) -> Recipe:
    """Translates between two kinds of images, both ways, without pairs.

    The data is a folder with the subfolders A and B, or two folders; any images of each kind do.
    """
    adam = Adam(lr=1e-3, schedule=Linear(begin=0.5))
    return Recipe(
        name="cyclegan",
        game=CycleganConfig(
            generator=ResnetTranslatorConfig(width=16, num_blocks=3),
            discriminator=PatchDiscriminatorConfig(width=16, normalisation="instance"),
            identity_weight=0.0,
            residual=True,
            framing=True,
        ),
        optimisation=Optimisation(
            batch_size=4,
            total_samples=200_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=1_000),
        ),
    )
