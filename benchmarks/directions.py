"""Do directions change what they are called after, and nothing else? `stylegan` on `sprites`.

    python benchmarks/directions.py --run runs/shapes        # a run on the data set sprites

For each factor a direction is learned from what is read off samples, all other factors kept. Then
other samples go along it, from -2 to 2. Factors are in standard deviations over samples: *slope* is
how many of them a strength of 1 changes, divided by what the direction promises; *in range* is what
the slope would be if all samples went as promised and stopped where the factor's range ends, since
nobody can have learned what is beyond it; *within* is the slope of the steps whose promised end
lies in that range; *rank* is the correlation of factor and strength by ranks, within each sample,
in the mean; *leakage* is the mean change of the other factors over that of the factor itself. The
same is told of random directions of the same length, whose factor is the one that changes most.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import torch
from scipy.stats import spearmanr
from torch import Tensor

from zerosum.modalities.images.directions import Direction
from zerosum.modalities.images.sprites import RANGES, measure_factors
from zerosum.modalities.images.styled import StyledModel
from zerosum.rng import Noise
from zerosum.workflows.control import learn_direction, styled_model

FACTORS = ("x", "y", "size", "hue", "stroke")
STRENGTHS = (-2.0, -1.0, 0.0, 1.0, 2.0)
LEARNED, SHOWN, RANDOM = 4_000, 300, 10


def factors_of(pictures: Tensor) -> Tensor:
    """Of images `[N, 3, H, W]`, `[N, F]`; NaN where an image shows no shape."""
    found = measure_factors(pictures)
    return torch.stack([found[name].float() for name in FACTORS], dim=1)


def along(model: StyledModel, way: Tensor, spread: Tensor) -> Tensor:
    """Factors of samples at each strength, in standard deviations, `[strengths, N, F]`."""
    inputs = model.draw(SHOWN, seed=7)
    seen = [factors_of(model.moved(inputs, way * strength).tensor) for strength in STRENGTHS]
    return torch.stack(seen) / spread


def read(seen: Tensor, factor: int) -> tuple[float, float, float]:
    """Slope, rank correlation and leakage of what `along` gave."""
    seen = seen[:, ~seen.isnan().any(0).any(1)]
    strengths = torch.tensor(STRENGTHS)
    slopes = (strengths[:, None, None] * seen).sum(0) / strengths.square().sum()
    ranks = [
        float(spearmanr(strengths.numpy(), seen[:, i, factor].numpy())[0])  # pyright: ignore[reportArgumentType]
        for i in range(seen.shape[1])
        if float(seen[:, i, factor].std()) > 0
    ]
    means = slopes.mean(0)
    others = [abs(float(means[i])) for i in range(len(FACTORS)) if i != factor]
    return float(means[factor]), mean(ranks), mean(others) / max(abs(float(means[factor])), 1e-9)


def within(seen: Tensor, factor: int, gain: float, spread: Tensor) -> float:
    """Slope over the promise, of steps from a sample that should end in the factor's range."""
    seen = seen[:, ~seen.isnan().any(0).any(1), factor]
    low, high = (end / float(spread[factor]) for end in RANGES[FACTORS[factor]])
    start = seen[STRENGTHS.index(0.0)]
    promised = gain * torch.tensor(STRENGTHS)[:, None]
    inside = ((start + promised >= low) & (start + promised <= high)).float()
    change = (inside * promised * (seen - start)).sum()
    return float(change / (inside * promised.square()).sum())


def reachable(seen: Tensor, factor: int, gain: float, spread: Tensor) -> float:
    """Slope over the promise, of samples that go as promised and stop at the end of the range."""
    start = seen[:, ~seen.isnan().any(0).any(1), factor][STRENGTHS.index(0.0)]
    low, high = (end / float(spread[factor]) for end in RANGES[FACTORS[factor]])
    promised = gain * torch.tensor(STRENGTHS)[:, None]
    ends = (start + promised).clamp(start.clamp_max(low), start.clamp_min(high))
    return float((promised * (ends - start)).sum() / (promised.square().sum() * len(start)))


def learned(model: StyledModel) -> dict[str, Direction]:
    """A direction for each factor that keeps the others."""

    def reader(factor: int):
        def read_one(pictures: Tensor) -> Tensor:
            values = factors_of(pictures)[:, factor]
            return values.nan_to_num(float(values.nanmean()))

        return read_one

    for i, name in enumerate(FACTORS):
        learn_direction(model, name, labels=reader(i), n=LEARNED)
    found = {}
    for i, name in enumerate(FACTORS):
        others = [other for other in FACTORS if other != name]
        found[name] = learn_direction(model, name, labels=reader(i), keep=others, n=LEARNED)
    return found


def report(rows: Sequence[Sequence[object]]) -> None:
    """A table in Markdown."""
    print("| direction | promised | slope | in range | within | rank correlation | leakage |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        print("| " + " | ".join(f"{c:.2f}" if isinstance(c, float) else str(c) for c in row) + " |")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--run", type=Path, required=True)
    model = styled_model(parser.parse_args().run)
    everything = factors_of(model.moved(model.draw(2_000, seed=5)).tensor)
    seen = everything[~everything.isnan().any(1)]
    print(f"{len(seen)} of {len(everything)} samples show a shape")
    spread, rows, directions = seen.std(0), [], learned(model)
    for i, (name, direction) in enumerate(directions.items()):
        steps, gain = along(model, direction.way, spread), direction.about["gain"]
        slope, rank, leakage = read(steps, i)
        ends = reachable(steps, i, gain, spread), within(steps, i, gain, spread)
        rows.append([name, gain, slope / gain, *ends, rank, leakage])
    lengths = mean(float(one.way.norm()) for one in directions.values())
    noise = Noise(0)
    found = []
    for _ in range(RANDOM):
        way = noise.normal(model.style_rows(1).shape[1])
        steps = along(model, way / way.norm() * lengths, spread)
        each = [read(steps, i) for i in range(len(FACTORS))]
        found.append(max(each, key=lambda one: abs(one[0])))
    slope, rank, leakage = (mean(abs(one[i]) for one in found) for i in range(3))
    rows.append(["random, its largest factor", "", slope, "", "", rank, leakage])
    report(rows)


if __name__ == "__main__":
    main()
