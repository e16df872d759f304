"""What the recipe `table` learns of few rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import zerosum as zs
from zerosum.modalities.tables.space import TableSpace
from zerosum.workflows.data import open_holdout
from zerosum.zoo.table import TableGame


def measurements(n: int, seed: int) -> pd.DataFrame:
    """Ten numbers that tell of one thing, each with as much noise."""
    draws = np.random.default_rng(seed)
    cause = draws.normal(size=(n, 1))
    return pd.DataFrame(cause + draws.normal(size=(n, 10))).rename(columns="m{}".format)


@pytest.mark.slow
def test_few_rows_are_not_learned_by_heart(tmp_path: Path) -> None:
    """Held-out rows gain over independent columns, and nearly as much as training rows."""
    rows, others = measurements(300, 0), measurements(2_000, 1)
    model = zs.train("table", data=rows, out=tmp_path / "run", threads=1, quiet=True)
    game, space = model.game, model.space
    assert isinstance(game, TableGame)
    assert isinstance(space, TableSpace)
    told = {}
    for name, frame in (("train", rows), ("held", others)):
        values, _ = open_holdout(frame, space=space)[0].take(torch.arange(len(frame)))
        codes = space.to_model(values).floor().long()
        alone = [
            torch.tensor(codec.counts).double().add(0.5)[codes[:, i]].log()
            - np.log(sum(codec.counts) + 0.5 * codec.size)
            for i, codec in enumerate(space.codecs)
        ]
        with torch.no_grad():
            gained = game.generator.log_prob(codes).sum(1) - torch.stack(alone).sum(0)
        told[name] = float(gained.mean())
    assert told["held"] > 0.5
    assert told["train"] - told["held"] < 3.0, told
