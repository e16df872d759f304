"""A game of rows without anything to learn, for tests: each column depends on the one before."""

import numpy as np
import torch
from torch import Tensor

from zerosum.catalogue import find_recipe, modality_of
from zerosum.games.base import Game
from zerosum.modalities.tables.fields import CategoryField, FloatField
from zerosum.modalities.tables.game import RowGame
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.reading.dataset import TableDataset, fit_space
from zerosum.modalities.tables.space import TableSpace


class ChainGame(RowGame):
    """Counts of pairs of neighbouring columns, so that every probability is known."""

    def __init__(self, dataset: TableDataset) -> None:
        super().__init__()
        assert isinstance(dataset.space, TableSpace)
        self.space = dataset.space
        codes = dataset.space.to_model(dataset.take(torch.arange(len(dataset)))[0]).floor().long()
        self.first = torch.bincount(codes[:, 0], minlength=self.table.sizes[0]).double()
        self.first /= self.first.sum()
        self.steps: list[Tensor] = []
        for i in range(1, codes.shape[1]):
            rows, columns = self.table.sizes[i - 1], self.table.sizes[i]
            pair = codes[:, i - 1] * columns + codes[:, i]
            counts = torch.bincount(pair, minlength=rows * columns).view(rows, columns).double()
            self.steps.append((counts + 1e-9) / (counts + 1e-9).sum(1, keepdim=True))

    @property
    def order(self) -> tuple[int, ...]:
        return tuple(range(len(self.table.codecs)))

    def rollout(self, n: int, *, dtype: torch.dtype = torch.float32) -> "ChainRollout":
        return ChainRollout(self, n)


class ChainRollout:
    def __init__(self, game: ChainGame, n: int) -> None:
        self._game, self.column = game, 0
        self.codes = torch.zeros(n, len(game.order), dtype=torch.int64)

    def log_probs(self) -> Tensor:
        if not self.column:
            return self._game.first.log().float().expand(len(self.codes), -1).clone()
        before = self.codes[:, self.column - 1]
        return self._game.steps[self.column - 1].log().float()[before]

    def put(self, codes: Tensor) -> None:
        self.codes[:, self.column] = codes
        self.column += 1

    def keep(self, rows: Tensor) -> None:
        self.codes = self.codes[rows]


def people(n: int = 4_000, seed: int = 0) -> TableDataset:
    """A table in which city, age, income and a flag hang together, with gaps."""
    rng = np.random.default_rng(seed)
    city = rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])
    age = np.clip(rng.normal(35 + 8 * city, 9, n), 18, 90).round()
    income = np.exp(rng.normal(7 + age / 60, 0.4, n)).round(2)
    income[rng.random(n) < 0.1] = np.nan
    vip = (rng.random(n) < 1 / (1 + np.exp(-(np.nan_to_num(income) - 2_500) / 400))).astype(float)
    values = torch.from_numpy(np.stack([city.astype(float), age, income, vip], 1))
    fields = [
        CategoryField(name="city", names=("Oslo", "Bergen", "Bodø", "Å")),
        FloatField(name="age", places=0),
        FloatField(name="income", places=2),
        CategoryField(name="vip", names=("no", "yes")),
    ]
    return TableDataset(values, fit_space(fields, values), name="people")


def table_model(game: Game, cls: type[TableModel] = TableModel) -> TableModel:
    """An untrained model of a game of rows."""
    modality, recipe = modality_of(game.space), find_recipe("table").resolve(game.space)
    return cls(recipe=recipe, game=game, preview=modality.preview, writer=modality.writer)
