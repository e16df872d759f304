"""The game most papers play: one generator, one discriminator, any loss, any penalties."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from zerosum.config import Depth, Size
from zerosum.errors import RecipeError
from zerosum.games.base import Game, GameConfig, Inputs, Move, StepContext, Terms
from zerosum.games.controls import ChoiceControl, RangeControl, label_controls
from zerosum.networks.base import DiscriminatorConfig, GeneratorConfig
from zerosum.objectives.adversarial import AdversarialLoss, NonSaturating
from zerosum.objectives.augment import Augmentation, NoAugmentation
from zerosum.objectives.penalties import R1, R2, Penalty, gradient_norm, logits_and_gradient
from zerosum.objectives.piecewise import logits_and_bends, logits_kept_bent, moved
from zerosum.rng import Noise
from zerosum.schedules import Constant, Schedule
from zerosum.spaces import Batch, Space

Charges = Sequence[tuple[Penalty, float]]
"""Penalties that are due, and what each one's mean cost is multiplied by."""


class TwoPlayerConfig(GameConfig):
    """A generator against a discriminator.

    Attributes:
        latent_dim: length of the latent vector.
        adversarial: the loss of both sides.
        penalties: what the discriminator pays for steep slopes.
        penalty_schedule: factor on all penalties over the training.
        discriminator_repeats: discriminator moves for each generator move.
        conditional: both players see the label; needs labelled data.
        augmentation: what reals and fakes go through before the discriminator sees them.
        pack: samples that the discriminator judges together (Lin et al., "PacGAN", 2018,
            arXiv:1712.04086), since fakes that are all alike are easy to recognise in a pack.
    """

    kind = "two_player"
    latent_dim: Size = 64
    generator: GeneratorConfig
    discriminator: DiscriminatorConfig
    adversarial: AdversarialLoss = NonSaturating()
    penalties: tuple[Penalty, ...] = ()
    penalty_schedule: Schedule = Constant()
    discriminator_repeats: Depth = 1
    conditional: bool = False
    augmentation: Augmentation = NoAugmentation()
    pack: Depth = 1

    weights_of_penalties: ClassVar[tuple[str, ...]] = ()
    """Fields with the weights of a paper's own penalties."""

    def all_penalties(self) -> tuple[Penalty, ...]:
        """What the discriminator pays; a paper's own penalties come before `penalties`.

        One of weight 0 is not computed.
        """
        return self.penalties

    def build(self, space: Space) -> "TwoPlayer":
        """The game for `space`."""
        return TwoPlayer(self, space)


class TwoPlayer(Game):
    """Alternates discriminator and generator moves."""

    compiled: ClassVar[tuple[str, ...]] = ("_judge", "_slope", "_please")
    label_weights: Tensor

    def __init__(self, config: TwoPlayerConfig, space: Space) -> None:
        super().__init__()
        if config.conditional and not space.labels:
            raise RecipeError(
                "this recipe is conditional and the data has no labels. Sort a folder into one "
                "subfolder for each class, give `y` beside `x`, or set game.conditional=false."
            )
        if config.conditional:
            _require_samples(space)
        if config.pack > 1:
            reads = type(self).extra_terms is not TwoPlayer.extra_terms
            _require_packable(config, reads=reads)
        self.config, self.space = config, space
        self.penalties = tuple(one for one in config.all_penalties() if one.weight)
        num_labels = space.num_labels if config.conditional else 0
        self.generator = self.build_generator(num_labels)
        self.augment = config.augmentation.build(self.seen_space)
        self.discriminator = self.build_discriminator(num_labels)
        self.register_buffer("label_weights", torch.tensor(space.label_counts, dtype=torch.float))

    @property
    def seen_space(self) -> Space:
        """The space of what the discriminator sees: that of samples, unless `make` says else."""
        return self.space

    def build_generator(self, num_labels: int) -> nn.Module:
        """The generator; a paper whose samples are not its outputs replaces this."""
        return self.config.generator.build(self.latent_size, self.space, num_labels=num_labels)

    def build_discriminator(self, num_labels: int) -> nn.Module:
        """The discriminator; a paper with more heads replaces this."""
        space = self.seen_space
        space = space if self.config.pack == 1 else space.packed(self.config.pack)
        return self.config.discriminator.build(space, num_labels=num_labels)

    def moves(self) -> Sequence[Move]:
        """The discriminator, as often as configured, then the generator."""
        repeats = self.config.discriminator_repeats
        return [
            Move("discriminator", self.discriminator_loss, repeats=repeats),
            Move("generator", self.generator_loss),
        ]

    @property
    def latent_size(self) -> int:
        """Length of what `draw_latents` returns."""
        return self.config.latent_dim

    def draw_latents(self, n: int, noise: Noise) -> Tensor:
        """Standard normal latents, `[n, latent_size]`."""
        return noise.normal(n, self.latent_size)

    def extra_terms(self, readings: Tensor, inputs: Inputs) -> Terms:
        """Terms that a paper adds to both players' losses on fakes; none here.

        `readings` `[B, K]` are what the discriminator says of the fakes beside the logit.
        """
        return {}

    def draw(self, n: int, noise: Noise) -> Inputs:
        """Random latents; labels as frequent as in the data."""
        z = self.draw_latents(n, noise)
        return Inputs(z, noise.choice(n, self.label_weights) if self.config.conditional else None)

    def generate(self, inputs: Inputs) -> Tensor:
        """Samples `[B, *space.shape]` in model units."""
        return self.generator(inputs.z, inputs.y)

    def make(self, inputs: Inputs) -> Tensor:
        """Fakes `[B, *seen_space.shape]` as the discriminator sees them, with a gradient.

        These are the samples of `generate`, unless a paper shows something else; then `seen` does
        the same to reals.
        """
        return self.generate(inputs)

    def seen(self, x: Tensor) -> Tensor:
        """Reals `[B, *space.shape]` as the discriminator sees them, `[B, *seen_space.shape]`."""
        return x

    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """`label`, if the game is conditional."""
        return label_controls(self.space) if self.config.conditional else {}

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        """Inputs with labels `values`, int64 `[B]`."""
        return Inputs(inputs.z, values)

    def augmentation_draws(self, n: int, noise: Noise) -> Tensor | None:
        """Random numbers `[n, K]` for `shown`; without augmentation None, and nothing is drawn."""
        return None if self.augment is None else self.augment.draw(n, noise)

    def shown(self, x: Tensor, draws: Tensor | None) -> Tensor:
        """Samples `[B, C, ...]` altered by `draws` `[B, K]`, in packs `[B / pack, pack * C, ...]`.

        Raises:
            RecipeError: the samples cannot be split into packs.
        """
        return self._packed(x if self.augment is None else self.augment(x, draws))

    def outputs(self, x: Tensor, y: Tensor | None) -> Tensor:
        """The logit, then readings, `[B / pack, 1 + K]`, of what `shown` returned.

        `y` are labels, int64 `[B]`, if the game is conditional.
        """
        return self.discriminator(x, y).float()

    def score(self, x: Tensor, y: Tensor | None) -> Tensor:
        """Logits `[B / pack]` of samples `[B, *space.shape]`, not augmented.

        Raises:
            RecipeError: the samples cannot be split into packs.
        """
        return self.outputs(self._packed(self.seen(x)), y)[:, 0]

    def discriminator_loss(self, context: StepContext) -> Terms:
        """Adversarial terms, and the penalties that are due."""
        batch = context.next_batch()
        inputs, y = self.draw_beside(batch, context.noise)
        with torch.no_grad():
            x_real, x_fake = self.seen(batch.x), self.make(inputs)
        shown_real = self.shown(x_real, self.augmentation_draws(batch.size, context.noise))
        shown_fake = self.shown(x_fake, self.augmentation_draws(batch.size, context.noise))
        strength = self.config.penalty_schedule.at(context.progress)
        due = [
            (penalty, strength * penalty.weight * penalty.every)
            for penalty in self.penalties
            if context.due(penalty.every)
        ]
        if due and self._is_affine([penalty for penalty, _ in due]):
            terms, logits = self._judge_moved(shown_real, shown_fake, y, due)
        else:
            terms, logits, readings = self._judge_and_charge(
                shown_real, shown_fake, y, due, context
            )
            terms |= self.extra_terms(readings, inputs)
        context.signals["accuracy"] = terms.pop("accuracy")
        sign = self.config.adversarial.sign_statistic(*logits)
        if context.observe:
            context.signals |= observed(*logits, x_real, x_fake) | {"real_sign": sign}
        if self.augment is not None:
            context.signals |= self.augment.observe(sign, batch.size * context.noise.world)
        return terms

    def generator_loss(self, context: StepContext) -> Terms:
        """The adversarial term."""
        inputs, x_real, y = self.draw_for_generator(context)
        if x_real is not None:
            x_real = self.shown(x_real, self.augmentation_draws(len(x_real), context.noise))
        draws = self.augmentation_draws(inputs.size, context.noise)
        return self._please(inputs, x_real, y, draws)

    def draw_beside(self, batch: Batch, noise: Noise) -> tuple[Inputs, Tensor | None]:
        """Inputs for as many fakes as there are reals, and the labels `[B]` of both, or None."""
        y = batch.y if self.config.conditional else None
        return Inputs(self.draw_latents(batch.size, noise), y), y

    def draw_for_generator(
        self, context: StepContext
    ) -> tuple[Inputs, Tensor | None, Tensor | None]:
        """Inputs; reals `[B, ...]` and labels `[B]` if the loss or the condition needs them."""
        if not (self.config.adversarial.pairs_reals or self.config.conditional):
            return Inputs(self.draw_latents(context.batch_size, context.noise)), None, None
        batch = context.next_batch()
        inputs, y = self.draw_beside(batch, context.noise)
        return inputs, self.seen(batch.x) if self.config.adversarial.pairs_reals else None, y

    def _judge(
        self, x_real: Tensor, x_fake: Tensor, y: Tensor | None, real_slope: bool, fake_slope: bool
    ) -> tuple[Terms, dict[str, Tensor], tuple[Tensor, Tensor], Tensor]:
        """Adversarial terms with the accuracy, gradients that are asked for, logits, readings."""
        gradients = {}
        if real_slope:
            real, gradients["real"] = logits_and_gradient(lambda x: self.outputs(x, y), x_real)
        else:
            real = self.outputs(x_real, y)
        if fake_slope:
            fake, gradients["fake"] = logits_and_gradient(lambda x: self.outputs(x, y), x_fake)
        else:
            fake = self.outputs(x_fake, y)
        terms = self.config.adversarial.discriminator(real[:, 0], fake[:, 0])
        ranked = (real[:, 0] > fake[:, 0]).float().mean().detach()
        logits = real[:, 0].detach(), fake[:, 0].detach()
        return terms | {"accuracy": ranked}, gradients, logits, fake[:, 1:]

    def _judge_and_charge(
        self, x_real: Tensor, x_fake: Tensor, y: Tensor | None, due: Charges, context: StepContext
    ) -> tuple[Terms, tuple[Tensor, Tensor], Tensor]:
        """Adversarial terms with the accuracy and penalties, logits, readings."""
        sites = {penalty.site for penalty, _ in due}
        terms, gradients, logits, readings = self._judge(
            x_real, x_fake, y, "real" in sites, "fake" in sites
        )
        for penalty, factor in due:
            gradient = gradients.get(penalty.site)
            if gradient is None:
                gradient = self._slope(penalty.points(x_real, x_fake, context.noise), y)
                context.signals["gradient_norm"] = gradient_norm(gradient.detach()).mean()
            cost = factor * penalty.cost(gradient).mean()
            terms[penalty.kind] = terms.get(penalty.kind, 0) + cost
        return terms, logits, readings

    def _is_affine(self, due: Sequence[Penalty]) -> bool:
        """Whether the penalties that are due need no second derivative; see `piecewise`."""
        return (
            getattr(self.discriminator, "piecewise_linear", False)
            and type(self).extra_terms is TwoPlayer.extra_terms
            and all(type(penalty) in (R1, R2) for penalty in due)
        )

    def _judge_moved(
        self, x_real: Tensor, x_fake: Tensor, y: Tensor | None, due: Charges
    ) -> tuple[Terms, tuple[Tensor, Tensor]]:
        """The same without readings; the sum of the terms has the gradient of all of them."""

        def score(points: Tensor) -> Tensor:
            return self.outputs(points, y)[:, 0]

        # One side after the other: so what cancels between them cancels without a rest.
        sides = {"real": x_real, "fake": x_fake}
        found = {site: logits_and_bends(score, x) for site, x in sides.items()}
        with torch.enable_grad():
            leaves = {site: logits.requires_grad_() for site, (logits, _, _) in found.items()}
            adversarial = self.config.adversarial.discriminator(leaves["real"], leaves["fake"])
            loss = torch.stack([*adversarial.values()]).sum()
            slopes = dict(zip(leaves, torch.autograd.grad(loss, [*leaves.values()]), strict=True))
        terms = {name: term.detach() for name, term in adversarial.items()}
        real, fake = (leaf.detach() for leaf in leaves.values())
        weights = {site: torch.zeros_like(slope) for site, slope in slopes.items()}
        for penalty, factor in due:
            _, gradient, _ = found[penalty.site]
            cost = factor * penalty.cost(gradient).mean()
            terms[penalty.kind] = terms.get(penalty.kind, 0) + cost
            weights[penalty.site] += factor / len(gradient)
        taught = x_real.new_zeros((), dtype=torch.float32)
        for site, x in sides.items():
            _, gradient, bends = found[site]
            points, weighed = moved(x, gradient, slopes[site], weights[site])
            taught = taught + (weighed * logits_kept_bent(score, points, bends)).sum()
        first = next(iter(terms))
        terms[first] = terms[first] + (taught - taught.detach())
        return terms | {"accuracy": (real > fake).float().mean()}, (real, fake)

    def _slope(self, points: Tensor, y: Tensor | None) -> Tensor:
        """The input gradient at `points`."""
        return logits_and_gradient(lambda x: self.outputs(x, y), points)[1]

    def _please(
        self,
        inputs: Inputs,
        x_real: Tensor | None,
        y: Tensor | None,
        draws: Tensor | None = None,
    ) -> Terms:
        """The generator's terms on fresh fakes; `x_real` as it is shown."""
        real_logits = None
        if x_real is not None:
            with torch.no_grad():
                real_logits = self.outputs(x_real, y)[:, 0]
        outputs = self.outputs(self.shown(self.make(inputs), draws), y)
        loss = self.config.adversarial.generator(real_logits, outputs[:, 0])
        return {"adversarial": loss} | self.extra_terms(outputs[:, 1:], inputs)

    def _packed(self, x: Tensor) -> Tensor:
        """Each `pack` samples that follow each other as one, joined along dimension 1."""
        pack = self.config.pack
        if pack == 1:
            return x
        if len(x) % pack:
            raise RecipeError(
                f"{len(x)} samples cannot be split into packs of {pack}. Make what one process "
                "draws at a time (optimisation.batch_size over optimisation.accumulate and "
                f"processes) a multiple of {pack}, or set game.pack=1."
            )
        return x.unflatten(0, (-1, pack)).flatten(1, 2)


def observed(
    real_logits: Tensor, fake_logits: Tensor, x_real: Tensor, x_fake: Tensor
) -> dict[str, Tensor]:
    """Signals of a duel's health, from one batch: logits `[B]` and samples `[B, ...]`.

    Returns:
        `logit_gap`: how far the discriminator puts reals above fakes.
        `spread`: the fakes' standard deviation over the batch, relative to the reals'.

    >>> logits, x = torch.tensor([2.0, 4.0]), torch.tensor([[-1.0], [1.0]])
    >>> {name: value.item() for name, value in observed(logits, logits - 1, x, x / 2).items()}
    {'logit_gap': 1.0, 'spread': 0.5}
    """
    apart = [x - x.mean(0) for x in (x_fake.float(), x_real.float())]
    spread = [torch.linalg.vector_norm(x).square() / x.numel() for x in apart]
    return {
        "logit_gap": real_logits.mean() - fake_logits.mean(),
        "spread": (spread[0] / spread[1].clamp_min(1e-12)).sqrt(),
    }


def _require_packable(config: TwoPlayerConfig, *, reads: bool) -> None:
    """Refuse games whose discriminator has something to do with each sample by itself."""
    if reads:
        why, way = "reads something from each sample beside the logit", ""
    elif config.conditional:
        why, way = "is shown the label of each sample", " or game.conditional=false"
    else:
        return
    raise RecipeError(
        f"game.pack={config.pack} lets the discriminator judge samples together, but in this game "
        f"it {why}. Set game.pack=1{way}."
    )


def _require_samples(space: Space) -> None:
    """Refuse classes that a conditional game cannot learn."""
    counts = zip(space.labels, space.label_counts, strict=True)
    small = [f"{label!r} has {count}" for label, count in counts if count < 2]
    if small:
        more = f" and {len(small) - 5} more" if len(small) > 5 else ""
        raise RecipeError(
            "a conditional recipe needs 2 samples of each class or more, and the class "
            f"{', '.join(small[:5])}{more}. Add samples, remove the class, or set "
            "game.conditional=false."
        )
