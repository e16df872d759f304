"""What `r3gan` chooses by itself, beside fixed rates, on sets of other kinds.

    python benchmarks/untuned.py run --sets faces,mnist --rates 2e-3,3e-4 --seeds 0
    python benchmarks/untuned.py table

Each training has the same number of images. `chosen` is the recipe as it comes. Samples are held
against images that were not trained on, in `self` features of the training images. What is in
`--results` is not trained again. The referee is off: it would stop what goes wrong, and this shows
how wrong it goes.
"""

import argparse
import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits

import zerosum as zs
from zerosum.data.base import Dataset
from zerosum.evaluation.features.self_features import self_features
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.evaluation.metrics.frechet import FrechetDistance
from zerosum.evaluation.metrics.neighbours import Neighbourhoods
from zerosum.runs.files import write_json
from zerosum.workflows.data import open_data

SHARED = Path(__file__).parents[2] / "shared" / "data"
HELD_OUT = 1_000


def _zipped(path: Path, part: str, size: int, mode: str) -> np.ndarray:
    """Images of an archive whose names start with `part`, in an order that is always the same."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith(part))
        names = [name for name in names if name.endswith((".jpg", ".png"))]
        images = [Image.open(io.BytesIO(archive.read(name))) for name in names]
    small = [one.convert("RGBA").resize((size, size), Image.Resampling.BOX) for one in images]
    flat = [Image.alpha_composite(Image.new("RGBA", one.size, "white"), one) for one in small]
    return _shuffled(np.stack([np.asarray(one.convert(mode)) for one in flat]))


def _shuffled(x: np.ndarray) -> np.ndarray:
    return x[np.random.default_rng(0).permutation(len(x))]


def _fashion(count: int) -> np.ndarray:
    path = SHARED / "fashion_mnist" / "train-images-idx3-ubyte.gz"
    raw = np.frombuffer(gzip.decompress(path.read_bytes())[16:], np.uint8)
    return _shuffled(raw.reshape(-1, 28, 28))[:count]


def _faces(size: int, mode: str) -> np.ndarray:
    return _zipped(SHARED / "faces" / "utkface_agegroup_gender.zip", "", size, mode)


def _faint(x: np.ndarray) -> np.ndarray:
    """The same images with their differences from the mean image halved, as X-rays are alike."""
    middle = x.mean(0, keepdims=True)
    return np.clip(np.round(middle + (x - middle) * 0.5), 0, 255).astype(np.uint8)


def _sprites() -> np.ndarray:
    data = open_data("sprites")[0]
    x = data.take(torch.randperm(len(data), generator=torch.Generator().manual_seed(0))[:7_000])[0]
    return x.numpy()


def _digits() -> np.ndarray:
    pixels: Any = load_digits(return_X_y=True)[0]
    return _shuffled((pixels.reshape(-1, 8, 8) * 15.9).astype(np.uint8))


def _rays(count: int = 4_708) -> np.ndarray:
    """Drawn chests, as X-rays of 28 x 28: all alike, smooth, with small differences that matter."""
    rng = np.random.default_rng(0)
    height, width = np.mgrid[0:28, 0:28] / 27 - 0.5

    def soft(distance: np.ndarray, steep: float) -> np.ndarray:
        return 1 / (1 + np.exp((distance - 1) * steep))

    def chest() -> np.ndarray:
        zoom, stretch, (left, up) = rng.normal(1, 0.08), rng.normal(1, 0.08), rng.normal(0, 0.02, 2)
        x, y = (width - left) / zoom / stretch, (height - up) / zoom
        image = 0.75 * soft((x / 0.52) ** 4 + (y / 0.7) ** 4, 6)
        for side in (-1, 1):
            wide, high = rng.normal((0.17, 0.33), (0.01, 0.02))
            lung = soft(((x - side * 0.2) / wide) ** 2 + (y / high) ** 2, 5)
            ribs = np.sin(2 * np.pi * (rng.normal(9, 0.5) * y + rng.random()))
            image += lung * (0.06 * ribs - rng.normal(0.45, 0.04))
            spot = ((x - side * 0.2) ** 2 + (y - rng.normal(0.05, 0.13)) ** 2) / 0.005
            image += rng.random() * 0.3 * np.exp(-spot)
        image += 0.3 * soft(
            ((x - 0.06) / 0.13) ** 2 + ((y - 0.14) / rng.normal(0.15, 0.02)) ** 2, 5
        )
        image += 0.15 * np.exp(-((x / 0.035) ** 2)) + rng.normal(0, 0.01, x.shape)
        return image * rng.normal(1, 0.1) + rng.normal(0, 0.04)

    return np.clip([chest() * 255 for _ in range(count)], 0, 255).astype(np.uint8)


SETS: dict[str, Callable[[], np.ndarray]] = {
    "digits": _digits,
    "mnist": lambda: _shuffled(np.load(SHARED / "mnist" / "mnist.npz")["x_train"])[:21_000],
    "fashion": lambda: _fashion(21_000),
    "few": lambda: _fashion(1_500),
    "faces": lambda: _faces(32, "RGB"),
    "grey": lambda: _faces(28, "L"),
    "faint": lambda: _faint(_faces(28, "L")),
    "rays": _rays,
    "emoji": lambda: _zipped(SHARED / "emoji_pairs" / "emoji64_pairs.zip", "twitter", 32, "RGB"),
    "cifar": lambda: _zipped(SHARED / "cifar10" / "cifar10_25k_jpg.zip", "train", 32, "RGB"),
    "sprites": _sprites,
}


class Yardstick:
    """Fréchet distance and coverage beside images that were not trained on."""

    def __init__(self, train: Dataset, held_out: Dataset) -> None:
        self.extract = self_features(train)
        self.context = MetricContext(train.space, self.extract.name, "holdout", replicates=0)
        self.reals = self._seen(held_out.take(torch.arange(len(held_out)))[0])

    def read(self, x: torch.Tensor) -> dict[str, float]:
        """Both, of samples."""
        made = self._seen(x)
        found = FrechetDistance().read(made, self.reals, self.context)
        found = {**found, **Neighbourhoods().read(made, self.reals, self.context)}
        return {name: found[name].value for name in ("frechet_distance", "coverage")}

    def _seen(self, x: torch.Tensor) -> SampleSet:
        return SampleSet(x, self.extract(x))


def run(args: argparse.Namespace) -> None:
    """Every training that is not there yet."""
    args.results.mkdir(parents=True, exist_ok=True)
    for name in args.sets.split(","):
        x = SETS[name]()
        kept = min(HELD_OUT, len(x) // 3)
        train, held_out = open_data(x[kept:])[0], open_data(x[:kept])[0]
        yardstick = None
        for rate in args.rates.split(","):
            for seed in map(int, args.seeds.split(",")):
                path = args.results / f"{name}-{rate}-{seed}.json"
                if path.exists():
                    continue
                yardstick = yardstick or Yardstick(train, held_out)
                write_json(path, measured(train, yardstick, rate, seed, args))
                print(path.stem, json.loads(path.read_text()), flush=True)


def measured(
    train: Dataset, yardstick: Yardstick, rate: str, seed: int, args: argparse.Namespace
) -> dict[str, Any]:
    """One training, judged."""
    change: dict[str, Any] = json.loads(args.set)
    if rate != "chosen":
        change |= {
            f"optimisation.optimizers.{player}.lr": float(rate)
            for player in ("generator", "discriminator")
        }
    with tempfile.TemporaryDirectory() as folder:
        model = zs.train(
            "r3gan", data=train, out=Path(folder) / "run", samples=args.samples, seed=seed,
            set=change, threads=1, compile=False, referee=args.referee, quiet=True,
        )  # fmt: skip
        made = model.sample(HELD_OUT, seed=1).tensor
    return yardstick.read(made) | {"samples": args.samples}


def table(args: argparse.Namespace) -> None:
    """A row for each set: the Fréchet distance of each rate, and of `chosen` over the best."""
    found: dict[str, dict[str, list[float]]] = {}
    for path in sorted(args.results.glob("*.json")):
        name, rest = path.stem.split("-", 1)
        rate = rest.rpartition("-")[0]
        distance = json.loads(path.read_text())["frechet_distance"]
        found.setdefault(name, {}).setdefault(rate, []).append(distance)
    rates = sorted({rate for row in found.values() for rate in row}, key=lambda r: (r[0] == "c", r))
    print("| images | " + " | ".join(rates) + " | last over best |")
    print("| --- " * (len(rates) + 2) + "|")
    for name, row in found.items():
        means = [mean(row[rate]) if rate in row else float("nan") for rate in rates]
        best = min(m for m in means if m == m)
        cells = " | ".join(f"{m:.3f}" for m in means)
        print(f"| {name} | {cells} | {means[-1] / best:.2f} |")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--rates", default="2e-3,3e-4,chosen")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--samples", type=int, default=120_000)
    parser.add_argument("--referee", choices=("off", "watch", "act"), default="off")
    parser.add_argument("--set", default="{}", help="further settings, as JSON")
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results/untuned"))
    args = parser.parse_args()
    table(args) if args.what == "table" else run(args)


if __name__ == "__main__":
    main()
