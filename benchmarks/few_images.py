"""What augmentation is worth where images are few: 500 of Fashion-MNIST.

    python benchmarks/few_images.py run --seeds 0,1,2
    python benchmarks/few_images.py table

`r3gan` as it comes, on a fixed 500 training images of 32 x 32, for `--samples` images, without
augmentation, with `diff_augment` and with `adaptive`. The referee is off: it would stop what goes
wrong, and this shows how wrong it goes. 10,000 samples are held against the 10,000 test images,
in `self` features of the whole training set. What is in `benchmarks/results/few_images` is not
trained again.
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from time_to_quality import Yardstick, opened

import zerosum as zs
from zerosum.data.base import ArrayDataset, Dataset
from zerosum.runs.files import write_json

RESULTS = Path(__file__).parent / "results" / "few_images"
FEW = 500
WAYS: dict[str, dict[str, Any]] = {
    "none": {"game.augmentation": "none"},
    "diff_augment": {"game.augmentation": "diff_augment"},
    "adaptive": {"game.augmentation": "adaptive", "game.augmentation.ramp_samples": 50_000},
}


def few_of(train: Dataset) -> Dataset:
    """The same 500 for every training."""
    rows = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))[:FEW]
    x, _ = train.take(rows)
    return ArrayDataset(x, name="few")


def run(args: argparse.Namespace) -> None:
    """Every training that is not there yet."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        train, test = opened("fashion", Path(scratch))
    yardstick, few = Yardstick(train, test), few_of(train)
    for seed in map(int, args.seeds.split(",")):
        for name, changes in WAYS.items():
            path = RESULTS / f"{name}-{seed}.json"
            if path.exists():
                continue
            with tempfile.TemporaryDirectory() as folder:
                model = zs.train(
                    "r3gan", data=few, out=Path(folder) / "run", samples=args.samples, seed=seed,
                    set=changes, threads=args.threads, compile=False, referee="off", quiet=True,
                )  # fmt: skip
            made = model.sample(len(yardstick.test), seed=1).tensor
            found = yardstick.read(made) | {"fresh": yardstick.fresh, "samples": args.samples}
            write_json(path, found)
            print(path.stem, f"{found['frechet_distance']:.3f} {found['coverage']:.3f}")


def table() -> None:
    """A row for each way."""
    print("| augmentation | Fréchet distance | of `none` | coverage |")
    print("| --- | --- | --- | --- |")
    base = None
    for name in WAYS:
        each = [json.loads(path.read_text()) for path in sorted(RESULTS.glob(f"{name}-*.json"))]
        distance = mean(one["frechet_distance"] for one in each)
        base = base or distance
        listed = ", ".join(f"{one['frechet_distance']:.2f}" for one in each)
        print(
            f"| `{name}` | {distance:.2f} ({listed}) | {distance / base:.2f} "
            f"| {mean(one['coverage'] for one in each):.3f} |"
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    table() if args.what == "table" else run(args)


if __name__ == "__main__":
    main()
