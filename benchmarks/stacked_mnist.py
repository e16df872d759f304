"""How many of a thousand modes are kept: MNIST digits stacked three at a time as colour channels.

    python benchmarks/stacked_mnist.py run --minutes 60 --seeds 0
    python benchmarks/stacked_mnist.py table

`r3gan` as it comes is trained on 60,000 stacks of 32 x 32 of training digits. All through the
training, 26,000 samples are read by a digit classifier (that of `self` features, which never saw
the test digits), channel by channel: three digits are one of 1,000 modes. Told are the modes that
were found and the divergence KL(samples || data), in nats, from what the shares of the digits say;
samples of the data itself would have .019, since there are 26,000 of them. Stacks of test digits
are read beside. What is in `benchmarks/results/stacked_mnist` is not trained again.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from time_to_quality import opened
from torch import Tensor

from zerosum.data.base import ArrayDataset, Dataset
from zerosum.engine.choose import Wishes
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.evaluation.features.self_features import SelfFeatures, self_features
from zerosum.pictures import draw_grid
from zerosum.rng import Noise
from zerosum.runs.files import write_json
from zerosum.runs.store import Run
from zerosum.workflows.load import load
from zerosum.workflows.train import train

RESULTS = Path(__file__).parent / "results" / "stacked_mnist"
STACKS, SAMPLES, _BATCH = 60_000, 26_000, 500


def stacked(digits: Dataset, n: int, seed: int) -> Tensor:
    """Stacks of three digits drawn at random, uint8 `[n, 3, 32, 32]`."""
    drawn = torch.Generator().manual_seed(seed)
    rows = torch.randint(len(digits), (n, 3), generator=drawn)
    return torch.cat([digits.take(rows[:, channel])[0] for channel in range(3)], dim=1)


class Reader:
    """Tells modes and divergence of stacks."""

    def __init__(self, digits: Dataset) -> None:
        self.extract = self_features(digits)
        assert isinstance(self.extract, SelfFeatures)
        _, labels = digits.take(torch.arange(len(digits)))
        assert labels is not None
        one = labels.bincount(minlength=10).double() / len(labels)
        self.shares = torch.einsum("i,j,k->ijk", one, one, one).flatten()

    def digits(self, x: Tensor) -> Tensor:
        """Digits of one channel `[N, 1, 32, 32]`, int64 `[N]`."""
        logits = self.extract.classify(x)
        assert logits is not None
        return logits.argmax(1)

    def read(self, x: Tensor) -> tuple[int, float]:
        """How many modes stacks show, and their divergence in nats."""
        a, b, c = (self.digits(channel) for channel in x.split(1, dim=1))
        found = (100 * a + 10 * b + c).bincount(minlength=1_000).double() / len(x)
        seen = found > 0
        return int(seen.sum()), float((found * (found / self.shares).log())[seen].sum())


class Looks(Hook):
    """Reads samples again and again during a training."""

    def __init__(self, reader: Reader, every: int) -> None:
        self._reader, self._every = reader, every
        self.curve: list[dict[str, float]] = []

    def stepped(self, trainer: Trainer) -> None:
        """When it is time."""
        steps = max(1, self._every // trainer.optimisation.batch_size)
        if trainer.step % steps == 0:
            noise = Noise(trainer.step)
            draws = (trainer.game.draw(_BATCH, noise) for _ in range(SAMPLES // _BATCH))
            modes, divergence = self._reader.read(torch.cat([trainer.sample(d) for d in draws]))
            spent = {"samples": trainer.samples_seen, "seconds": trainer.seconds}
            self.curve.append(spent | {"modes": modes, "kl": divergence})
            print({name: round(value, 3) for name, value in self.curve[-1].items()}, flush=True)


def run(args: argparse.Namespace) -> None:
    """Every training that is not there yet."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        digits, test = opened("mnist", Path(scratch))
    reader = Reader(digits)
    data = ArrayDataset(stacked(digits, STACKS, seed=0), name="stacked MNIST")
    real = reader.read(stacked(test, SAMPLES, seed=1))
    print(f"test digits: {real[0]} modes, KL {real[1]:.3f}")
    changes: dict[str, Any] = dict(one.split("=", 1) for one in args.set)
    for seed in map(int, args.seeds.split(",")):
        path = RESULTS / f"{args.name}-{seed}.json"
        if path.exists():
            continue
        looks = Looks(reader, args.every)
        with tempfile.TemporaryDirectory() as folder:
            done = train(
                "r3gan", data, out=Path(folder) / "run", seed=seed, minutes=args.minutes,
                samples=args.samples, changes=changes, listener=lambda *_, looks=looks: [looks],
                wishes=Wishes(compile=False, threads=args.threads),
            )  # fmt: skip
            x = load(done.folder).sample(SAMPLES, seed=1).tensor
            last = Run.open(done.folder).history()[-1]
        modes, divergence = reader.read(x)
        spent = {"samples": last["samples"], "seconds": last["seconds"], "threads": args.threads}
        found = spent | {"modes": modes, "kl": divergence, "real": real, "curve": looks.curve}
        write_json(path, found)
        draw_grid(x[:100], columns=20).save(path.with_suffix(".png"))
        print(path.stem, modes, round(divergence, 3))


def table() -> None:
    """A row for each training."""
    print("| training | images | seconds | threads | modes | KL | test digits |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for path in sorted(RESULTS.glob("*.json")):
        found = json.loads(path.read_text())
        print(
            f"| {path.stem} | {found['samples']:,} | {found['seconds']:.0f} | {found['threads']} "
            f"| {found['modes']} | {found['kl']:.3f} | {found['real'][0]}, {found['real'][1]:.3f} |"
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--name", default="r3gan", help="of the results, where --set is used")
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE, as in zerosum train")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--samples", type=int, help="instead of --minutes")
    parser.add_argument("--every", type=int, default=100_000, help="images between two looks")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    table() if args.what == "table" else run(args)


if __name__ == "__main__":
    main()
