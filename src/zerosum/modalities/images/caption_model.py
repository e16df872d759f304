"""A model of images with captions: what a judge draws has the captions of the reals."""

from torch import Tensor

from zerosum.games.base import Inputs
from zerosum.modalities.images.caption_game import CaptionGame
from zerosum.models.model import Model


class CaptionModel(Model):
    """Makes images from captions, such as `where={"text": "a small red ring"}`.

    Where no caption is asked for, samples have captions of the training data.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> zs.load("runs/scenes").sample(16, where={"text": "two red rings"})  # doctest: +SKIP
    """

    def inputs_like(
        self, reals: Tensor, y: Tensor | None, sources: Tensor | None, seed: int
    ) -> Inputs:
        """What `drawn_like` makes samples from: the captions of the reals, `sources` `[N, L]`."""
        inputs = self.draw(len(reals), seed=seed)
        assert isinstance(self.game, CaptionGame)
        return inputs if sources is None else self.game.told(inputs, sources)
