"""What the discriminator says of items, and real counterparts to set beside them."""

from typing import Any

import torch
from torch import Tensor

from zerosum.games.two_player import TwoPlayer
from zerosum.models.model import Model
from zerosum.rng import derive_seed
from zerosum.studio.jobs.screening import CopyScreen

_REALS = 512
MOST_COUNTERPARTS = 200
"""Items of a batch that get a real counterpart, for blind tests."""


class Opinion:
    """The discriminator of a run, held against training samples that are alike.

    Logits of different games have different scales, so an item's is given as the share of training
    samples whose logit is lower: 0.5 is as convincing as the usual real, 0 less than any.

    Args:
        model: of the run.
        screen: its training data; where that is not looked at there is no opinion.
    """

    def __init__(self, model: Model, screen: CopyScreen) -> None:
        self._game: Any = model.game
        self._device, self._reals = model.device, None
        game, dataset = model.game, screen.dataset
        if dataset is None or not isinstance(game, TwoPlayer) or game.config.pack != 1:
            return
        if game.seen_space is not game.space:
            return  # what the discriminator sees is no sample
        if dataset.sources is not None:
            return  # it sees a sample beside what that was made from, which is not kept
        rows = torch.arange(min(_REALS, len(dataset)))
        x, y = dataset.take(rows)
        self._reals = self._logits(x, y).sort().values

    def of(self, x: Tensor, y: Tensor | None) -> float | None:
        """The mean opinion of compact samples `[N, ...]` with labels `[N]`, 0 to 1."""
        if self._reals is None:
            return None
        found = torch.searchsorted(self._reals, self._logits(x, y))
        return round(float(found.float().mean()) / len(self._reals), 4)

    def _logits(self, x: Tensor, y: Tensor | None) -> Tensor:
        labels = y.to(self._device) if self._game.config.conditional and y is not None else None
        with torch.no_grad():
            return self._game.score(self._game.space.to_model(x.to(self._device)), labels).cpu()


class Counterparts:
    """Training samples of the same label, each taken once."""

    def __init__(self, screen: CopyScreen, *, seed: int) -> None:
        dataset = screen.dataset
        self._dataset = None if dataset is None or dataset.space.holds_records else dataset
        if self._dataset is None:
            return
        generator = torch.Generator().manual_seed(derive_seed(seed, "counterparts"))
        self._order = torch.randperm(len(self._dataset), generator=generator)
        self._y = self._dataset.labels_of(self._order) if self._dataset.space.labels else None

    def of(self, index: int, y: Tensor | None) -> Tensor | None:
        """A compact real for item `index`, the same whatever else is asked for; None without.

        Of several items with one label each gets another real, as long as there are enough.
        """
        if self._dataset is None or index >= MOST_COUNTERPARTS:
            return None
        where = self._order
        if y is not None and self._y is not None:
            where = where[self._y == int(y[0])]
        if not len(where):
            return None
        return self._dataset.take(where[index % len(where)][None])[0][0]
