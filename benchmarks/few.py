"""What `few` makes of 100 to 500 images, beside `stylegan` with adaptive augmentation.

    python benchmarks/few.py run --minutes 2.5 --sets faces,emoji --ways few,stylegan
    python benchmarks/few.py table

Both get the same processor time on one thread, each in the precision and layout that is fastest for
it, without labels, and with the referee off. Samples are held against images
that nobody trained on, in `self` features that were learned from others of these; no judge knows
EfficientNet. `projected` needs the extra `efficientnet`. What is in `benchmarks/results/few` is not
trained again.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from untuned import SETS

from zerosum.data.base import Dataset
from zerosum.engine.choose import Wishes
from zerosum.engine.execution import Execution
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.evaluation.features.self_features import self_features, unseen_rows
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.evaluation.metrics.kernels import KernelDistance
from zerosum.evaluation.metrics.memory import CloserToTrain, NearCopies
from zerosum.evaluation.metrics.neighbours import Neighbourhoods
from zerosum.pictures import draw_grid
from zerosum.runs.files import write_json
from zerosum.workflows.data import open_data
from zerosum.workflows.load import load
from zerosum.workflows.train import train

RESULTS = Path(__file__).parent / "results" / "few"
SAMPLES = 1_500
OTHERS = 6_000
FEW: dict[str, tuple[str, int]] = {
    "faces": ("faces", 300),
    "fashion-100": ("fashion", 100),
    "fashion-500": ("fashion", 500),
    "emoji": ("emoji", 300),
}
"""The set of `untuned.py` that the first images are of, and how many."""
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "few": ("few", {}),
    "equal": ("few", {"optimisation.optimizers.discriminator.lr": 2e-3}),
    "projected": (
        "few",
        {"game": "projected", "optimisation.optimizers.discriminator.lr": 2e-3},
    ),
    "stylegan": ("stylegan", {"game.augmentation": "adaptive"}),
}
_FROM, _TO = 10, 50


class Pace(Hook):
    """Processor seconds of a step, between the 10th and the 50th."""

    def __init__(self) -> None:
        self.at: dict[int, float] = {}
        self.execution = Execution()

    def stepped(self, trainer: Trainer) -> None:
        """Note the time at both steps."""
        if trainer.step in {_FROM, _TO}:
            self.at[trainer.step] = time.process_time()
            self.execution = trainer.execution

    @property
    def seconds(self) -> float:
        """Of a step."""
        return (self.at[_TO] - self.at[_FROM]) / (_TO - _FROM)


class Yardstick:
    """Figures beside images that were not trained on, in features of others of these."""

    def __init__(self, few: Dataset, others: Dataset) -> None:
        self.extract = self_features(others)
        rows = unseen_rows(others)[: 2 * SAMPLES]
        some, rest = rows[:SAMPLES], rows[SAMPLES:]
        self.train = self.seen(few.take(torch.arange(len(few)))[0])
        self.reals = self.seen(others.take(some)[0])
        self.fresh = self.seen(others.take(rest)[0]) if len(rest) > 1 else None
        self.context = MetricContext(
            few.space, self.extract.name, "holdout", train=self.train, replicates=0
        )

    def seen(self, x: Tensor) -> SampleSet:
        """Images with their features."""
        return SampleSet(x, self.extract(x))

    def read(self, samples: SampleSet) -> dict[str, float]:
        """Every figure, by name."""
        found: dict[str, float] = {}
        for metric in (KernelDistance(), Neighbourhoods(), NearCopies(), CloserToTrain()):
            for name, value in metric.read(samples, self.reals, self.context).items():
                found[name] = value.value
        return found


def run(args: argparse.Namespace) -> None:
    """Every training that is not there yet."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in args.sets.split(","):
        kind, count = FEW[name]
        x = SETS[kind]()
        few, others = open_data(x[:count])[0], open_data(x[count : count + OTHERS])[0]
        yardstick = None
        for way in args.ways.split(","):
            path = RESULTS / f"{name}-{way}{args.note}-{args.seed}.json"
            if path.exists():
                continue
            yardstick = yardstick or Yardstick(few, others)
            found = trained(way, few, yardstick, args, path.with_suffix(".png"))
            if yardstick.fresh is not None:
                found["fresh"] = yardstick.read(yardstick.fresh)
            write_json(path, found)
            short = {k: round(v, 4) for k, v in found.items() if isinstance(v, float)}
            print(path.stem, short, flush=True)


def trained(
    way: str, few: Dataset, yardstick: Yardstick, args: argparse.Namespace, picture: Path
) -> dict[str, Any]:
    """One training, judged."""
    recipe, changes = WAYS[way]
    changes = changes | json.loads(args.set)
    pace = Pace()
    with tempfile.TemporaryDirectory() as folder:
        train(
            recipe, few, out=Path(folder) / "pace", samples=16 * (_TO + 2), changes=changes,
            wishes=Wishes("auto", "auto", False, 1), referee="off", listener=lambda *_: [pace],
        )  # fmt: skip
        how = pace.execution
        samples = max(16, 16 * int(60 * args.minutes / pace.seconds))
        start = time.process_time()
        made = train(
            recipe, few, out=Path(folder) / "run", samples=samples, seed=args.seed, changes=changes,
            wishes=Wishes(how.precision, how.layout, False, 1), referee="off",
            checkpoint_seconds=600,
        )  # fmt: skip
        spent = time.process_time() - start
        model = load(made, device="cpu")
        x = model.sample(SAMPLES, seed=1).tensor
    draw_grid(x[:64], columns=16).save(picture)
    return {
        **yardstick.read(yardstick.seen(x)),
        "samples": float(samples),
        "minutes": spent / 60,
        "precision": how.precision,
        "layout": how.layout,
    }


def table() -> None:
    """A row for each training."""
    keys = ("kernel_distance", "coverage", "near_copies", "closer_to_train", "samples", "minutes")
    print("| images | | " + " | ".join(keys) + " |")
    print("| --- " * (len(keys) + 2) + "|")
    for path in sorted(RESULTS.glob("*.json")):
        found = json.loads(path.read_text())
        print(f"| {path.stem} | | " + " | ".join(f"{found[key]:.4g}" for key in keys) + " |")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--sets", default=",".join(FEW))
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=2.5)
    parser.add_argument("--set", default="{}", help="further settings, as JSON")
    parser.add_argument("--note", default="", help="what files of such settings are called by")
    args = parser.parse_args()
    table() if args.what == "table" else run(args)


if __name__ == "__main__":
    main()
