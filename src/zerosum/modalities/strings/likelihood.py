"""Texts by likelihood: a masked network of columns, and a recurrent one of what they say.

The recipes `text` and `molecules` train it, and `table` where the table has a column of texts.
"""

import torch
from torch import Tensor

from zerosum.engine.optimisation import AdamW, Averaging, Optimisation
from zerosum.games.base import GameConfig, Move, StepContext, Terms
from zerosum.modalities.strings.game import TextGame
from zerosum.modalities.strings.space import TextSpace, require_texts
from zerosum.modalities.tables.codecs import NumberCodec
from zerosum.networks.masked import MaskedNetworkConfig
from zerosum.networks.recurrent_text import RecurrentTextConfig
from zerosum.schedules import Linear
from zerosum.spaces import Space

_BATCH = 32
_EPOCHS = 12
_LEAST_STEPS = 1_000
_DECAY = 200
"""Weights of columns decay by this over the root of the rows, as those of `table` do."""


class TextConfig(GameConfig):
    """A masked network of columns, and a recurrent one of texts."""

    kind = "text_game"
    attributes: MaskedNetworkConfig = MaskedNetworkConfig(width=256, depth=3)
    generator: RecurrentTextConfig = RecurrentTextConfig()

    def build(self, space: Space) -> "LikelyTexts":
        """The game for texts of `space`.

        Raises:
            RecipeError: the space holds no texts.
        """
        return LikelyTexts(self, require_texts(space, network="text"))


class LikelyTexts(TextGame):
    """Both networks, and what they learn from."""

    def __init__(self, config: TextConfig, space: TextSpace) -> None:
        super().__init__()
        self.config, self.space = config, space
        codecs = space.attributes.codecs
        ordered = [i for i, one in enumerate(codecs) if isinstance(one, NumberCodec)]
        self.attributes = config.attributes.build(space.attributes.sizes, ordered=ordered)
        self.attributes.set_marginals([codec.counts for codec in codecs])
        self.generator = config.generator.build(
            space.attributes.sizes, len(space.vocabulary.pieces)
        )

    def moves(self) -> list[Move]:
        """Columns, and then texts, each by likelihood."""
        return [Move("attributes", self.of_columns), Move("generator", self.of_texts)]

    def of_columns(self, context: StepContext) -> Terms:
        """Negative log-likelihood of the columns of a batch, in nats a row."""
        coded, _ = self.texts.model_parts(context.next_batch().x)
        return {"columns": -self.attributes.log_prob(coded.floor().long()).sum(1).mean()}

    def of_texts(self, context: StepContext) -> Terms:
        """Negative log-likelihood of the texts of a batch, in nats a piece."""
        coded, pieces = self.texts.model_parts(context.next_batch().x)
        codes = pieces.long()
        lengths = (codes >= 0).sum(1)
        deepest = max(int(lengths.max()), 1)
        keep = context.noise.uniform(*pieces.shape)[:, :deepest].to(pieces.device)
        found = self.generator.log_prob(coded.floor().long(), codes[:, :deepest], lengths, keep)
        return {"likelihood": -found.sum() / max(len(found), 1)}

    def log_likelihood(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """See `LikelihoodGame`: of columns and text together, `[B]`."""
        coded, pieces = self.texts.model_parts(x)
        codes, pieces = coded.floor().long(), pieces.long()
        lengths = (pieces >= 0).sum(1)
        deepest = max(int(lengths.max()), 1)
        heard = torch.ones(len(x), deepest, device=x.device)
        each = self.generator.log_prob(codes, pieces[:, :deepest], lengths, heard)
        whose = torch.arange(len(x), device=x.device).repeat_interleave(lengths)
        texts = torch.zeros(len(x), device=x.device).index_add(0, whose, each)
        return self.attributes.log_prob(codes).sum(1) + texts


def text_optimisation(rows: int) -> Optimisation:
    """How both networks learn from so many texts."""
    batch = min(_BATCH, max(rows // 8, 1))
    return Optimisation(
        batch_size=batch,
        total_samples=max(_EPOCHS * rows, _LEAST_STEPS * batch),
        optimizers={
            "attributes": AdamW(
                lr=3e-3, beta2=0.95, decay=_DECAY / rows**0.5,
                schedule=Linear(start=1.0, end=0.0),
            ),
            "generator": AdamW(
                lr=3e-3, beta2=0.98, decay=0.1, schedule=Linear(start=1.0, end=0.0)
            ),
        },
        averaging=Averaging(half_life=34 * batch),
    )  # fmt: skip
