"""Whether `table` overfits few rows: the likelihood of held-out rows all through its training.

    python overfitting.py --shared ../../../shared/data --seeds 0,1,2
    python overfitting.py --shared ../../../shared/data --decay 20

Small tables, and 100, 300 and 1,000 rows of adult. *Lost* is how many nats a row held-out rows are
less likely at the end than at the best of 20 looks, which is what stopping there would give;
*gap* is how much likelier training rows are at the end. `marginals` is the likelihood of
independent columns. `--decay` takes the place of the 200 that the recipe has.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch
from frames import read_table
from public_tables import TABLES, split
from torch import Tensor

from zerosum.engine.choose import Wishes
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.modalities.tables.space import TableSpace
from zerosum.workflows.data import open_data, open_holdout
from zerosum.workflows.train import train
from zerosum.zoo.table import TableGame

LOOKS, HELD = 20, 5_000
SMALL = ("insurance", "breast_cancer", "diabetes", "alexa")
PARTS = (100, 300, 1_000)


class Likelihood(Hook):
    """Looks at rows, in nats a row."""

    def __init__(self, rows: Mapping[str, Tensor]) -> None:
        self._rows = rows
        self.curve: list[dict[str, float]] = []

    def started(self, trainer: Trainer) -> None:
        """Independent columns."""
        self._look(trainer)

    def stepped(self, trainer: Trainer) -> None:
        """When it is time."""
        steps = trainer.optimisation.total_samples // trainer.optimisation.batch_size
        if trainer.step % max(1, steps // LOOKS) == 0:
            self._look(trainer)

    @torch.no_grad()
    def _look(self, trainer: Trainer) -> None:
        with trainer.averaged_weights() as game:
            assert isinstance(game, TableGame)
            found = {
                name: float(game.generator.log_prob(codes).sum(1).mean())
                for name, codes in self._rows.items()
            }
        self.curve.append(found)


def measure(name: str, parts: tuple[object, object], seed: int, decay: float | None) -> str:
    """A row of the table."""
    dataset, config = open_data(parts[0])
    space = dataset.space
    assert isinstance(space, TableSpace)
    held, _ = open_holdout(parts[1], space=space, like=config)
    hook = Likelihood(
        {
            side: space.to_model(rows.take(torch.arange(len(rows)))[0]).floor().long()
            for side, rows in (("train", dataset), ("held", held))
        }
    )
    changes = {}
    if decay is not None:
        changes = {"optimisation.optimizers.generator.decay": decay / space.num_rows**0.5}
    with tempfile.TemporaryDirectory() as folder:
        train(
            "table", parts[0], out=Path(folder) / "run", seed=seed, changes=changes,
            listener=lambda *_: [hook], wishes=Wishes(compile=False, threads=1),
        )  # fmt: skip
    curve = [look["held"] for look in hook.curve]
    best, last = max(curve), curve[-1]
    at = curve.index(best) / (len(curve) - 1)
    gap = hook.curve[-1]["train"] - last
    return (
        f"| {name} | {seed} | {space.num_rows:,} × {len(space.sizes)} | {curve[0]:.2f} "
        f"| {best:.2f} | {at:.2f} | {last:.2f} | {best - last:.3f} | {gap:.2f} |"
    )


def main() -> None:
    """A row for each table and seed."""
    parser = argparse.ArgumentParser(description=f"{__doc__}".partition("\n")[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--decay", type=float)
    args = parser.parse_args()
    names = ("table", "seed", "rows", "marginals", "best", "at", "end", "lost", "gap")
    print("| " + " | ".join(names) + " |\n|" + " --- |" * len(names))
    adult, test = (read_table(args.shared / "adult" / f"{part}.csv") for part in ("train", "test"))
    for seed in map(int, args.seeds.split(",")):
        for name in SMALL:
            table = TABLES[name]
            parts = split(table.read(args.shared), table.target)
            print(measure(name, parts, seed, args.decay), flush=True)
        for count in PARTS:
            rows = adult.sample(count, random_state=seed)
            parts = (rows, test[:HELD])
            print(measure("adult", parts, seed, args.decay), flush=True)


if __name__ == "__main__":
    main()
