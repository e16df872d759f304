"""Short clips: what is seen stays, what moves is moved, and two critics look.

After MoCoGAN (Tulyakov, Liu, Yang and Kautz, "MoCoGAN: decomposing motion and content for video
generation", CVPR 2018, arXiv:1707.04993): latents for what is seen and for its motion, a generator
of pictures that makes each frame from both, a critic of single frames and one of clips by
convolutions over time and both sides.

We deviate in the duel, which is R3GAN's (arXiv:2501.05441): the relativistic loss with R1 and R2,
over the sum of both critics' logits, and in a layer that is drawn once for a clip and moved. The
latents of all frames are made at once; see `networks/clips.py`. So clips have one length, and their
motion can be played there and back, which closes them.
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from zerosum.engine.optimisation import Adam, Averaging, Optimisation
from zerosum.errors import RecipeError
from zerosum.games.base import Inputs
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.games.two_player import TwoPlayer, TwoPlayerConfig
from zerosum.modalities.clips.space import ClipSpace, require_clips
from zerosum.networks.clips import ClipDiscriminatorConfig, ClipGenerator, ClipGeneratorConfig
from zerosum.objectives.adversarial import RelativisticPaired
from zerosum.objectives.penalties import R1, R2
from zerosum.recipe_registry import Recipe, recipe
from zerosum.rng import Noise
from zerosum.schedules import Linear
from zerosum.spaces import Space

_CLIPS_PER_LABEL = 50  # from here on labels are shown
_LOOP = ChoiceControl(("no", "yes"))


class VideoConfig(TwoPlayerConfig):
    """Two players of clips."""

    kind = "video"

    def build(self, space: Space) -> "Video":
        """The game for clips of `space`.

        Raises:
            RecipeError: the space holds no clips, or the generator makes no motion.
        """
        return Video(self, require_clips(space, network="video"))


class Video(TwoPlayer):
    """Clips that can be asked to close.

    A row of `Inputs.z` holds the latents, and last whether the clip is a loop, 0 or 1.
    """

    generator: ClipGenerator
    forth: Tensor
    and_back: Tensor

    def __init__(self, config: VideoConfig, space: ClipSpace) -> None:
        super().__init__(config, space)
        if not isinstance(self.generator, ClipGenerator):
            raise RecipeError(
                f"game.generator is {config.generator.kind!r}, which makes no motion. Take "
                "clip_generator."
            )
        moments = torch.arange(space.frames)
        self.register_buffer("forth", moments, persistent=False)
        self.register_buffer(
            "and_back", torch.minimum(moments, space.frames - moments), persistent=False
        )

    def draw_latents(self, n: int, noise: Noise) -> Tensor:
        """Latents `[n, latent_dim + 1]` of clips that are no loops."""
        z = noise.normal(n, self.config.latent_dim)
        return torch.cat([z, torch.zeros_like(z[:, :1])], dim=1)

    def generate(self, inputs: Inputs) -> Tensor:
        """Clips `[B, C, T, H, W]` in [-1, 1]."""
        loop = inputs.z[:, -1:] > 0.5
        order = torch.where(loop, self.and_back, self.forth)
        return self.generator(inputs.z[:, :-1], inputs.y, order)

    def make(self, inputs: Inputs) -> Tensor:
        """Clips `[B, C, T, H, W]` in [-1, 1], none of which is a loop."""
        return self.generator(inputs.z[:, :-1], inputs.y)

    def controls(self) -> Mapping[str, ChoiceControl | RangeControl]:
        """`loop`; and `label`, if the game is conditional."""
        return {**super().controls(), "loop": _LOOP}

    def control(self, inputs: Inputs, name: str, values: Tensor) -> Inputs:
        """Inputs with labels or loops as `values`, int64 `[B]`, say."""
        if name != "loop":
            return super().control(inputs, name, values)
        return replace(inputs, z=torch.cat([inputs.z[:, :-1], values[:, None].to(inputs.z)], 1))


@recipe(
    paper="after Tulyakov et al. 2018, arXiv:1707.04993, and Huang et al. 2024, arXiv:2501.05441",
    spaces=("clip",),
)
def video(space: Space) -> Recipe:
    """Short clips; `where={"loop": "yes"}` makes clips that close.

    On labelled clips both players see the label, where each has 50 clips or more.
    """
    require_clips(space, network="video")
    adam = Adam(lr=2e-3, beta1=0.0, beta2=0.99, schedule=Linear(begin=0.5))
    return Recipe(
        name="video",
        game=VideoConfig(
            latent_dim=32,
            generator=ClipGeneratorConfig(),
            discriminator=ClipDiscriminatorConfig(),
            adversarial=RelativisticPaired(),
            penalties=(R1(weight=0.4, every=4), R2(weight=0.4, every=4)),
            conditional=min(space.label_counts, default=0) >= _CLIPS_PER_LABEL,
        ),
        optimisation=Optimisation(
            batch_size=8,
            total_samples=100_000,
            optimizers={"generator": adam, "discriminator": adam},
            averaging=Averaging(half_life=2_000),
        ),
    )
