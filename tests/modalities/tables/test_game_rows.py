"""Rows that are made column by column."""

import torch

from tests.modalities.tables.chain import ChainGame, people, table_model


def test_rows_follow_the_chain_they_are_drawn_from() -> None:
    data = people()
    model = table_model(ChainGame(data))
    made, real = model.values(4_000, seed=1), data.take(torch.arange(4_000))[0]
    assert made.shape == real.shape
    few = model.values(10, seed=1, batch_size=3)
    assert torch.allclose(few, made[:10], rtol=0, atol=0, equal_nan=True)
    for column in (0, 3):
        shares = [torch.bincount(x[:, column].long()) / 4_000 for x in (made, real)]
        assert float((shares[0] - shares[1]).abs().max()) < 0.03
    older = [float(x[x[:, 0] == 2, 1].mean() - x[x[:, 0] == 0, 1].mean()) for x in (made, real)]
    assert abs(older[0] - older[1]) < 1.5
