"""What `make demo` runs: train a conditional GAN on handwritten digits, then look and score.

The digits ship with scikit-learn. Training takes 50 seconds; the scores come from a support vector
machine that has seen real digits only, and from one that has seen samples only.
"""

import argparse

import torch

import zerosum as zs
from zerosum.evaluation.metrics.utility import train_on_real, train_on_synthetic
from zerosum.live import print_picture
from zerosum.workflows.data import open_data

NUM_SAMPLES = 2_000


def main() -> None:
    """Train, sample, save a grid, print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=50 / 60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    model = zs.train("cgan", data="digits", minutes=options.minutes, seed=options.seed)
    assert model.run is not None

    grid = model.sample(100, in_turn={"label": range(10)}, seed=1)
    grid_path = grid.save(model.run / "grid.png")
    model.walk(n=16, frames=48).save(model.run / "walk.gif")

    digits, _ = open_data("digits")
    x, y = digits.take(torch.arange(len(digits)))
    assert y is not None
    fakes = model.sample(NUM_SAMPLES, seed=2)
    assert fakes.y is not None
    sets = x, y, fakes.tensor, torch.as_tensor(fakes.y)
    agreement, usefulness = train_on_real(*sets), train_on_synthetic(*sets)

    print_picture(grid.picture())
    print(f"run      {model.run}")
    print(f"samples  {grid_path}")
    print(f"asked-for digit recognised by a classifier of real digits: {agreement:.1%}")
    print(f"real digits recognised by a classifier of {NUM_SAMPLES:,} samples: {usefulness:.1%}")
    print(f"next: zerosum sample {model.run} -n 64 --where label=3 --out threes.png")


if __name__ == "__main__":
    main()
