"""One round of a game after the training: keep rows of a run that a discriminator takes for real.

    python refine.py RUN --train train.csv --by trees --rows 26048 --seed 0 --out synthetic.csv

Discriminator rejection sampling (Azadi et al., ICLR 2019, arXiv:1810.06758): a discriminator learns
to tell training rows from rows of the run, and new rows are kept in proportion to its odds ratio,
clipped at its 99th percentile. `trees` are 300 boosted ones over the values. `neural` is a
perceptron over embeddings of the codes and ranks of the numbers, with dropout, stopped when a tenth
of its rows that it does not learn from say so.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import cpu_seconds, write_json
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor, nn

import zerosum as zs
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.writing import write_tables
from zerosum.workflows.data import open_data

_CLIP = 0.99
_EPOCHS, _PATIENCE, _BATCH = 30, 3, 512

Odds = Callable[[Tensor], np.ndarray]
"""From values `[N, D]` to log-odds of being real, `[N]`."""


def trees(space: TableSpace, real: Tensor, made: Tensor, seed: int) -> Odds:
    """Boosted trees over the values."""
    categories: Any = [0 < len(field.categories) <= 254 for field in space.modelled]
    model = HistGradientBoostingClassifier(
        max_iter=300, learning_rate=0.05, categorical_features=categories, random_state=seed
    )
    model.fit(torch.cat([real, made]).numpy(), np.repeat([1, 0], [len(real), len(made)]))
    return lambda rows: model.decision_function(rows.numpy())


class Perceptron(nn.Module):
    """Embeddings of codes beside the features in which the judge measures distances."""

    def __init__(self, space: TableSpace, features: int) -> None:
        super().__init__()
        widths = [min(16, size) for size in space.sizes]
        self.tables = nn.ModuleList(
            nn.Embedding(size, width) for size, width in zip(space.sizes, widths, strict=True)
        )
        size = sum(widths) + features
        self.body = nn.Sequential(
            nn.Linear(size, 256), nn.SiLU(), nn.Dropout(0.2),
            nn.Linear(256, 256), nn.SiLU(), nn.Dropout(0.2), nn.Linear(256, 1),
        )  # fmt: skip

    def forward(self, codes: Tensor, features: Tensor) -> Tensor:
        """Logits `[B]`."""
        parts = [table(codes[:, i]) for i, table in enumerate(self.tables)]
        return self.body(torch.cat([*parts, features], dim=1))[:, 0]


def neural(space: TableSpace, real: Tensor, made: Tensor, seed: int) -> Odds:
    """A perceptron, at its best on rows that it does not learn from."""
    torch.manual_seed(seed)

    def inputs(rows: Tensor) -> tuple[Tensor, Tensor]:
        x = space.to_model(rows)
        return x.floor().long(), space.embed(x)

    codes, features = inputs(torch.cat([real, made]))
    y = torch.cat([torch.ones(len(real)), torch.zeros(len(made))])
    order = torch.randperm(len(y))
    held, learned = order[: len(y) // 10], order[len(y) // 10 :]
    network = Perceptron(space, features.shape[1])
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=1e-2)
    cost, best, kept, waited = nn.BCEWithLogitsLoss(), float("inf"), None, 0
    for _ in range(_EPOCHS):
        network.train()
        for rows in learned[torch.randperm(len(learned))].split(_BATCH):
            optimizer.zero_grad()
            cost(network(codes[rows], features[rows]), y[rows]).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            now = float(cost(network(codes[held], features[held]), y[held]))
        waited += 1
        if now < best:
            best, waited = now, 0
            kept = {name: value.clone() for name, value in network.state_dict().items()}
        if waited == _PATIENCE:
            break
    assert kept is not None
    network.load_state_dict(kept)

    def odds(rows: Tensor) -> np.ndarray:
        with torch.no_grad():
            return network.eval()(*inputs(rows)).numpy()

    return odds


def refined(model: zs.TableModel, odds: Odds, n: int, seed: int) -> tuple[Tensor, float]:
    """`n` rows that were kept, and the share of rows that are."""
    random = np.random.default_rng(seed)
    limit, kept, drawn = None, [], 0
    blocks = iter(range(10**6))
    while sum(map(len, kept)) < n:
        rows = model.values(max(n, 10_000), seed=1_000 * (seed + 1) + next(blocks))
        ratio = np.exp(odds(rows))
        limit = limit or np.quantile(ratio, _CLIP)
        kept.append(rows[torch.from_numpy(random.random(len(rows)) < ratio / limit)])
        drawn += len(rows)
    share = sum(map(len, kept)) / drawn
    return torch.cat(kept)[:n], share


def main() -> None:
    """Refine, and write the rows."""
    parser = argparse.ArgumentParser(description=f"{__doc__}".partition("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--by", choices=["trees", "neural"], required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    from zerosum.modalities.tables.reading.frames import to_table

    torch.set_num_threads(1)
    model = zs.load(args.run)
    assert isinstance(model, zs.TableModel)
    dataset, _ = open_data(str(args.train))
    real = dataset.take(torch.arange(len(dataset)))[0]
    start = cpu_seconds()
    made = model.values(2 * len(real), seed=1_000 * (args.seed + 1) - 1)
    odds = {"trees": trees, "neural": neural}[args.by](model.table, real, made, args.seed)
    rows, share = refined(model, odds, args.rows, args.seed)
    write_tables(args.out, iter([to_table(rows, model.table)]))
    write_json(args.out.with_name("refined.json"), {"kept": share, "cpu": cpu_seconds() - start})


if __name__ == "__main__":
    main()
