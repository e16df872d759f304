"""Songs of several voices, each step given those before it.

Boulanger-Lewandowski, Bengio and Vincent, "Modeling temporal dependencies in high-dimensional
sequences: application to polyphonic music generation and transcription", ICML 2012,
arXiv:1206.6392: a recurrent network along time, and within a step one note after another.

We deviate in that a step has a code for each voice and not for each pitch, with one for a held
note, as in DeepBach (Hadjeres, Pachet and Nielsen, ICML 2017, arXiv:1612.01010); in that songs are
learned in C and moved to their key; in that the network knows how many bars are left; and in that
it may copy what a voice did some bars before. The adversarial phase after it is `zerosum refine`,
in which a judge of notes weights samples.
"""

import torch
from pydantic import Field
from torch import Tensor

from zerosum.engine.optimisation import AdamW, Averaging, Optimisation
from zerosum.games.base import GameConfig, Move, StepContext, Terms
from zerosum.modalities.music.codes import CODES
from zerosum.modalities.music.game import MusicGame, model_parts
from zerosum.modalities.music.space import MusicSpace, require_music
from zerosum.networks.recurrent_roll import RecurrentRollConfig
from zerosum.recipe_registry import Recipe, recipe
from zerosum.schedules import Linear
from zerosum.spaces import Space

_SONGS_PER_LABEL = 10  # from here on labels are shown
_BATCH, _STEPS = 16, 1_500


class MusicConfig(GameConfig):
    """A recurrent network of steps."""

    kind = "music_game"
    generator: RecurrentRollConfig = RecurrentRollConfig()
    conditional: bool = Field(default=False)

    def build(self, space: Space) -> "LikelyMusic":
        """The game for songs of `space`.

        Raises:
            RecipeError: the space holds no songs.
        """
        return LikelyMusic(self, require_music(space, network="music"))


class LikelyMusic(MusicGame):
    """The network, and what it learns from."""

    def __init__(self, config: MusicConfig, space: MusicSpace) -> None:
        super().__init__()
        self.config, self.space = config, space
        self.conditional = config.conditional and space.num_labels > 0
        self.generator = config.generator.build(len(space.voices), CODES, self.contexts())

    def moves(self) -> list[Move]:
        """Likelihood alone."""
        return [Move("generator", self.of_songs)]

    def of_songs(self, context: StepContext) -> Terms:
        """Negative log-likelihood of the songs of a batch, in nats a step."""
        batch = context.next_batch()
        head, codes = model_parts(self.music, batch.x)
        keep = context.noise.uniform(len(codes), self.music.most_steps)
        keep = keep[:, : codes.shape[1]].to(codes.device)
        steps = (codes[..., 0] >= 0).sum().clamp_min(1)
        return {"likelihood": -self._log_prob(head, codes, batch.y, keep).sum() / steps}

    def log_likelihood(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """See `LikelihoodGame`: of songs `[B]`, given their form and label."""
        head, codes = model_parts(self.music, x)
        heard = torch.ones(codes.shape[:2], device=codes.device)
        return self._log_prob(head, codes, y, heard).flatten(1).sum(1)

    def _log_prob(self, head: Tensor, codes: Tensor, y: Tensor | None, keep: Tensor) -> Tensor:
        plain = self.in_c(head, codes)
        return self.generator.log_prob(self.heard(head, y, plain), plain, keep)


@recipe(
    paper="after Boulanger-Lewandowski et al. 2012, arXiv:1206.6392, and Hadjeres et al. 2017, "
    "arXiv:1612.01010",
    spaces=("music",),
)
def music(space: Space) -> Recipe:
    """Songs from MIDI files, by likelihood: in any key, meter, length, range and style."""
    own = require_music(space, network="music")
    batch = min(_BATCH, max(sum(form[-1] for form in own.forms) // 8, 1))
    return Recipe(
        name="music",
        game=MusicConfig(conditional=min(own.label_counts, default=0) >= _SONGS_PER_LABEL),
        optimisation=Optimisation(
            batch_size=batch,
            total_samples=_STEPS * batch,
            optimizers={
                "generator": AdamW(
                    lr=3e-3, beta2=0.98, decay=0.1, schedule=Linear(start=1.0, end=0.0)
                ),
            },
            averaging=Averaging(half_life=50 * batch),
        ),
    )
