"""Embedded rows come back as the codes they were, and what no code shows is counted."""

import torch

from zerosum.modalities.tables.embedding import RowEmbedding
from zerosum.modalities.tables.fields import CategoryField, FloatField
from zerosum.modalities.tables.reading.dataset import fit_space
from zerosum.modalities.tables.space import TableSpace
from zerosum.rng import Noise


def _space() -> tuple[TableSpace, torch.Tensor]:
    noise = Noise(0)
    number = noise.normal(400, 1).double().round(decimals=2)
    number[::9] = float("nan")
    spiked = torch.where(noise.uniform(400, 1) < 0.4, 7.0, noise.normal(400, 1)).double()
    kind = noise.integers(400, 1, high=3).double()
    rows = torch.cat([number, spiked, kind], dim=1)
    fields = [FloatField(name="x", places=2), FloatField(name="s"),
              CategoryField(name="k", names=("a", "b", "c"))]  # fmt: skip
    return fit_space(fields, rows), rows


def test_codes_come_back() -> None:
    space, rows = _space()
    x = space.to_model(rows)
    again = RowEmbedding(space).codes(space.embed(x))
    assert (again.floor() == x.floor()).float().mean() > 0.99  # ends of codes are rounded
    assert torch.allclose(again, x, atol=2e-3)


def test_parts_cover_what_is_embedded() -> None:
    space, rows = _space()
    own = RowEmbedding(space)
    assert own.parts == (("x", 2), ("s", 1), ("k", 3))
    assert own.width == space.embed(space.to_model(rows[:2])).shape[1]


def test_decided_rows_are_rows_that_data_has() -> None:
    space, rows = _space()
    own = RowEmbedding(space)
    odds = own.odds(Noise(1).normal(50, own.width))
    decided = own.decided(odds)
    assert torch.equal(decided[:, 3:].sum(1), torch.ones(50))
    assert set(decided[:, 1].tolist()) <= {0.0, 1.0}
    assert (decided[:, 0][decided[:, 1] == 1] == 0).all()
    real = space.embed(space.to_model(rows))
    assert torch.allclose(own.decided(real), real)


def test_what_lies_beyond() -> None:
    space, rows = _space()
    own = RowEmbedding(space)
    assert float(own.beyond(rows).max()) < 1
    odd = torch.tensor([[1e6, 7.0, 0.0], [float("nan"), -1e6, 1.0], [0.0, 7.0, 3.0]]).double()
    assert own.beyond(odd).tolist() == [[10.0, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 10.0]]
