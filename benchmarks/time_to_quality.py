"""How good images are after so many seconds: the default recipe beside the textbook DCGAN.

    python benchmarks/time_to_quality.py run --data mnist --seeds 0,1,2 --threads 1
    python benchmarks/time_to_quality.py run --data mnist --seeds 0 --threads auto --clock
    python benchmarks/time_to_quality.py table

`dcgan` is trained as textbooks do it, in fp32 with batch 64 and rates of 2e-4, for `--seconds`;
`r3gan` as it comes, for `--short` and for `--seconds`. All trainings are 32 x 32. Seconds are those
of all threads together, whatever else the machine does: two short trainings, after one that warms
up, tell what an image takes, and the budget is given in images. With `--clock` they are the
clock's, as `zerosum train --minutes` counts them; then nothing else should run. 10,000 samples, and
as many training images from which the features did not learn, are held against 10,000 test
images (CIFAR: 5,000) in `self` features. What is in `benchmarks/results/time_to_quality` is not
trained again, so it can be stopped and started again.
"""

import argparse
import json
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import Tensor

import zerosum as zs
from zerosum.data.base import Dataset
from zerosum.evaluation.features.self_features import self_features, unseen_rows
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.evaluation.metrics.frechet import FrechetDistance
from zerosum.evaluation.metrics.neighbours import Neighbourhoods
from zerosum.models.model import Model
from zerosum.recipes import Recipe
from zerosum.runs.files import write_json
from zerosum.runs.store import Run
from zerosum.workflows.data import open_data, open_holdout

SHARED = Path(__file__).parents[2] / "shared" / "data"
RESULTS = Path(__file__).parent / "results" / "time_to_quality"
MOST = 10_000
PROBES = (256, 1_024, 9_216)


def opened(name: str, scratch: Path) -> tuple[Dataset, Dataset]:
    """Training and test images."""
    if name == "cifar":
        with zipfile.ZipFile(SHARED / "cifar10" / "cifar10_25k_jpg.zip") as archive:
            archive.extractall(scratch)
        return open_data(scratch / "train")[0], open_data(scratch / "test")[0]
    if name == "fashion":
        folder = SHARED / "fashion_mnist"
        train, like = open_data(folder / "train-images-idx3-ubyte.gz", size=(32, 32))
        test = folder / "t10k-images-idx3-ubyte.gz"
    else:
        test = SHARED / "mnist" / "mnist.npz"
        train, like = open_data(test, size=(32, 32))
    return train, open_holdout(test, space=train.space, like=like)[0]


class Yardstick:
    """Distance and coverage beside the test images."""

    def __init__(self, train: Dataset, test: Dataset) -> None:
        self.extract = self_features(train)
        self.context = MetricContext(train.space, self.extract.name, "holdout", replicates=0)
        self.test = self.exhibit(test.take(torch.arange(min(MOST, len(test))))[0])
        self.fresh = self.read(train.take(unseen_rows(train)[: len(self.test)])[0])

    def exhibit(self, x: Tensor) -> SampleSet:
        """Images with their features."""
        return SampleSet(x, self.extract(x))

    def read(self, x: Tensor) -> dict[str, float]:
        """Both numbers."""
        made = self.exhibit(x)
        found = FrechetDistance().read(made, self.test, self.context)
        found = {**found, **Neighbourhoods().read(made, self.test, self.context)}
        return {name: found[name].value for name in ("frechet_distance", "coverage")}


def trained(name: str, seed: int, train: Dataset, wishes: Any) -> tuple[Model, dict[str, Any]]:
    """A model; its CPU-seconds and images, and how the arithmetic was done."""
    with tempfile.TemporaryDirectory() as folder:
        start, out = time.process_time(), Path(folder) / "run"
        model = zs.train(name, data=train, out=out, seed=seed, quiet=True, **wishes)
        spent, run = time.process_time() - start, Run.open(out)
        assert isinstance(model.recipe, Recipe)
        images = (model.step or 0) * model.recipe.optimisation.batch_size
        return model, {
            "seconds": spent, "samples": images, "execution": run.manifest["execution"],
        }  # fmt: skip


def measure(
    name: str,
    seconds: float,
    seed: int,
    train: Dataset,
    yardstick: Yardstick,
    wishes: Any,
    *,
    clock: bool,
) -> dict[str, Any]:
    """One training, judged."""
    if clock:
        budget: dict[str, Any] = {"minutes": seconds / 60}
    else:
        probes = [trained(name, seed, train, wishes | {"samples": n})[1] for n in PROBES]
        few, more = (probe["seconds"] for probe in probes[1:])
        budget = {"samples": int(seconds * (PROBES[2] - PROBES[1]) / (more - few))}
    model, told = trained(name, seed, train, wishes | budget)
    made = model.sample(len(yardstick.test), seed=1).tensor
    return {
        "recipe": name, "asked": seconds, "seed": seed, **told,
        **yardstick.read(made), "fresh": yardstick.fresh,
    }  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Every training that is not there yet."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    textbook = {"precision": "fp32", "layout": "contiguous", "referee": "off"}
    plans = [("r3gan", args.short, {}), ("dcgan", args.seconds, textbook)]
    plans.append(("r3gan", args.seconds, {}))
    with tempfile.TemporaryDirectory() as scratch:
        train, test = opened(args.data, Path(scratch))
        yardstick = Yardstick(train, test)
        for seed in map(int, args.seeds.split(",")):
            for name, seconds, wishes in plans:
                on = "-clock" if args.clock else ""
                path = RESULTS / f"{args.data}-{name}-{seconds:g}{on}-{seed}.json"
                if path.exists():
                    continue
                threads = args.threads if args.threads == "auto" else int(args.threads)
                wishes = {"compile": False, "threads": threads} | wishes
                found = measure(name, seconds, seed, train, yardstick, wishes, clock=args.clock)
                write_json(path, found)
                print(path.stem, f"{found['frechet_distance']:.3f} {found['coverage']:.3f}")


def table() -> None:
    """A row for each data set, recipe and budget: means over the seeds, and each seed."""
    groups: dict[tuple[str, str, float, bool], list[Mapping[str, Any]]] = {}
    for path in sorted(RESULTS.glob("*.json")):
        one = json.loads(path.read_text())
        key = (path.stem.split("-")[0], one["recipe"], one["asked"], "-clock-" in path.stem)
        groups.setdefault(key, []).append(one)
    print("| data | recipe | CPU-seconds | images | Fréchet distance | coverage | fresh reals |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for (data, recipe, asked, clock), found in sorted(groups.items()):
        each = {
            name: ", ".join(f"{one[name]:.{digits}f}" for one in found)
            for name, digits in (("frechet_distance", 2), ("coverage", 3))
        }
        fresh = found[0]["fresh"]
        spent, images = (mean(one[name] for one in found) for name in ("seconds", "samples"))
        print(
            f"| {data} | {recipe} | {spent:.0f}{f' in {asked:.0f}' if clock else ''} "
            f"| {images:,.0f} "
            f"| {mean(one['frechet_distance'] for one in found):.2f} ({each['frechet_distance']}) "
            f"| {mean(one['coverage'] for one in found):.3f} ({each['coverage']}) "
            f"| {fresh['frechet_distance']:.2f}, {fresh['coverage']:.3f} |"
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--data", choices=("mnist", "fashion", "cifar"), default="mnist")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--short", type=float, default=40.0)
    parser.add_argument("--threads", default="1", help="a number, or auto")
    parser.add_argument("--clock", action="store_true", help="seconds are those of the clock")
    args = parser.parse_args()
    table() if args.what == "table" else run(args)


if __name__ == "__main__":
    main()
