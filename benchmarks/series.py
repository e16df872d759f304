"""Series beside simple baselines: boosted trees, recurrent judges, and who copies.

python benchmarks/series.py run --data stock_data.csv --window 24 --seeds 0,1,2
python benchmarks/series.py run --data UCR/ItalyPowerDemand --recipes series --seeds 0
python benchmarks/series.py report

Data is a CSV file that is cut into windows, or the path of a UCR set without `_TRAIN.ts` and
`_TEST.ts`, which are pooled, since the parts of these sets are of very different sizes. A fifth of
the series, drawn at random, is held out. **Windows overlap**, as in the published protocol
(Yoon, Jarrett and van der Schaar, "Time-series generative adversarial networks", NeurIPS 2019), so
a held-out window shares values with training windows: figures compare methods under that protocol,
and the distance to the nearest training series beside that of held-out ones says who copies.

Discriminative and predictive scores are re-implemented after that paper: two layers of GRU on
min-max scaled series tell samples from reals (|accuracy - ½| on a fifth that was not learned from),
or forecast the last channel's next value from the others, trained on samples and tried on reals.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import zerosum as zs
from zerosum.data.base import Dataset
from zerosum.evaluation.metrics.c2st import area, boosted_odds
from zerosum.modalities.series.arrays import SeriesDataset
from zerosum.modalities.series.baselines import autoregressive, block_bootstrap, shuffled
from zerosum.modalities.series.metrics.boosted import tree_inputs_of
from zerosum.modalities.series.space import SeriesSpace, fit_space
from zerosum.rng import Noise, seeded_initialisation
from zerosum.workflows.data import open_data

RESULTS = Path(__file__).parent / "results" / "series"
_STEPS, _BATCH, _HIDDEN = 500, 128, 24

Loss = Callable[[nn.Module, Tensor], Tensor]
"""From a network and some rows to what is minimised."""


def read(data: str, window: int | None) -> tuple[Tensor, Tensor | None, SeriesSpace]:
    """All series `[N, C, L]`, their labels, and a space of them."""
    if data.endswith(".csv"):
        dataset, _ = open_data(data, spaces=("series",), window=window)
        parts: list[Dataset] = [dataset]
    else:
        parts = [
            open_data(f"{data}_{part}.ts", spaces=("series",))[0] for part in ("TRAIN", "TEST")
        ]
    space = parts[0].space
    assert isinstance(space, SeriesSpace)
    taken = [part.take(torch.arange(len(part))) for part in parts]
    labels = [y for _, y in taken if y is not None]
    length = max(x.shape[2] for x, _ in taken)
    whole = [
        nn.functional.pad(x, (0, length - x.shape[2]), value=torch.nan) for x, _ in taken
    ]  # some end early
    return torch.cat(whole), torch.cat(labels) if labels else None, space


def split(
    x: Tensor, y: Tensor | None, space: SeriesSpace, seed: int
) -> tuple[SeriesDataset, Tensor]:
    """Four fifths as a data set whose facts are found in them alone, and the rest."""
    rows = torch.from_numpy(np.random.default_rng(seed).permutation(len(x)))
    held, kept = rows[: len(x) // 5], rows[len(x) // 5 :]
    own = None if y is None else y[kept]
    counts = [] if own is None else torch.bincount(own, minlength=space.num_labels).tolist()
    fitted = fit_space(x[kept], space.names, labels=space.labels, label_counts=counts)
    return SeriesDataset(x[kept], own, fitted, name="train"), x[held]


def trees(real: Tensor, made: Tensor) -> float:
    """Area under the curve of boosted trees on values, differences and spectrum."""
    return area(*boosted_odds(tree_inputs_of(real), tree_inputs_of(made), seed=0))


class Recurrent(nn.Module):
    """Two layers of GRU, and a number for each step."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.layers = nn.GRU(inputs, _HIDDEN, num_layers=2, batch_first=True)
        self.out = nn.Linear(_HIDDEN, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, L, 1]` of `[B, L, C]`."""
        return self.out(self.layers(x)[0])


def discriminative(real: Tensor, made: Tensor, seed: int) -> float:
    """|accuracy - ½| of a GRU on series it did not learn from."""
    n = min(len(real), len(made))
    both = torch.cat([real[:n], made[:n]]).transpose(1, 2)
    side = torch.cat([torch.zeros(n), torch.ones(n)])
    noise = Noise(seed)
    rows = noise.uniform(2 * n).argsort()
    test, train = rows[: 2 * n // 5], rows[2 * n // 5 :]

    def loss(network: nn.Module, some: Tensor) -> Tensor:
        logits = network(both[train[some]])[:, -1, 0]
        return nn.functional.binary_cross_entropy_with_logits(logits, side[train[some]])

    network = _fitted(both.shape[2], loss, len(train), noise)
    with torch.no_grad():
        said = network(both[test])[:, -1, 0] > 0
    return abs(float((said == (side[test] > 0)).float().mean()) - 0.5)


def predictive(made: Tensor, real: Tensor, seed: int) -> float:
    """Mean absolute error of a GRU that learned from samples, on reals."""
    inputs, targets = _asked(made)

    def loss(network: nn.Module, some: Tensor) -> Tensor:
        return (network(inputs[some])[:, :, 0] - targets[some]).abs().mean()

    network = _fitted(inputs.shape[2], loss, len(inputs), Noise(seed))
    tried, truth = _asked(real)
    with torch.no_grad():
        return float((network(tried)[:, :, 0] - truth).abs().mean())


def _asked(x: Tensor) -> tuple[Tensor, Tensor]:
    """All channels but the last (the last itself where it is alone), and its next value."""
    inputs = x[:, :-1] if x.shape[1] > 1 else x
    return inputs[:, :, :-1].transpose(1, 2), x[:, -1, 1:]


def _fitted(inputs: int, loss: Loss, n: int, noise: Noise) -> Recurrent:
    with seeded_initialisation(0):
        network = Recurrent(inputs)
    adam = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(_STEPS):
        adam.zero_grad()
        loss(network, noise.integers(min(_BATCH, n), high=n)).backward()
        adam.step()
    return network


def figures(made: Tensor, real: Tensor, train: Tensor, space: SeriesSpace, seed: int) -> dict:
    """Everything that is said of series `made` beside held-out ones."""
    bridged, own, known = (space.bridged(x) for x in (made, real, train))
    low, high = (getattr(known, side)((0, 2)) for side in ("amin", "amax"))
    span, many = torch.where(high > low, high - low, 1), len(space.names)

    def scaled(x: Tensor) -> Tensor:
        return (x - low[:, None]) / span[:, None]

    def nearest(x: Tensor) -> float:
        own, other = (space.embed(space.to_model(one)) for one in (x, train))
        return float(torch.cdist(own, other).amin(1).median())

    return {
        "c2st": trees(own, bridged),
        "discriminative": discriminative(scaled(own), scaled(bridged), seed),
        "predictive": predictive(scaled(bridged)[:, :many], scaled(own)[:, :many], seed),
        "nearest": nearest(made) / nearest(real),
    }


def run(args: argparse.Namespace) -> None:
    """Baselines, then each recipe, one line of JSON each."""
    torch.set_num_threads(1)
    name = Path(args.data).stem
    RESULTS.mkdir(parents=True, exist_ok=True)
    for seed in map(int, args.seeds.split(",")):
        train, real = split(*read(args.data, args.window), seed)
        x, _ = train.resident
        space, n = train.space, len(real)
        makers = {one.__name__: one for one in (shuffled, autoregressive, block_bootstrap)}
        rows: dict[str, tuple[Tensor, float]] = {"fresh reals": (x[:n], 0.0)}
        if args.baselines:
            scores = space.to_model(x)
            for what, maker in makers.items():
                rows[what] = space.to_data(maker(scores, n, Noise(seed))), 0.0
        for what in [one for one in args.recipes.split(",") if one]:
            start = time.process_time()
            model = zs.train(
                what, data=train, seed=seed, out=RESULTS / "runs" / f"{name}-{what}-{seed}",
                samples=args.samples, threads=1, precision="fp32", compile=False, quiet=True,
            )  # fmt: skip
            seconds = time.process_time() - start
            rows[what] = model.sample(n, seed=seed).tensor, seconds
        for what, (made, seconds) in rows.items():
            found = figures(made, real, x, space, seed)
            line = {"data": name, "what": what, "seed": seed, "cpu_s": round(seconds), **found}
            print(json.dumps(line), flush=True)
            with (RESULTS / f"{name}.jsonl").open("a") as handle:
                handle.write(json.dumps(line) + "\n")


def report(_: argparse.Namespace) -> None:
    """A table of means over seeds for each data set."""
    for path in sorted(RESULTS.glob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        print(
            f"\n{path.stem}\n\n"
            "| series | seeds | C2ST | discriminative | predictive | nearest | CPU-s |"
        )
        print("|---|---|---|---|---|---|---|")
        for what in dict.fromkeys(line["what"] for line in lines):
            own = [line for line in lines if line["what"] == what]
            cells = [
                f"{np.mean([one[key] for one in own]):.3f}"
                for key in ("c2st", "discriminative", "predictive", "nearest")
            ]
            seconds = round(np.mean([one["cpu_s"] for one in own]))
            print(f"| {what} | {len(own)} | {' | '.join(cells)} | {seconds} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    running = commands.add_parser("run")
    running.add_argument("--data", required=True)
    running.add_argument("--window", type=int)
    running.add_argument("--recipes", default="series,series_gan")
    running.add_argument("--samples", type=int)
    running.add_argument("--seeds", default="0")
    running.add_argument("--baselines", action=argparse.BooleanOptionalAction, default=True)
    running.set_defaults(function=run)
    commands.add_parser("report").set_defaults(function=report)
    given = parser.parse_args()
    given.function(given)
