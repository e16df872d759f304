"""What an adversary adds to L1: `pix2pix`, `upscale` and `inpaint` beside their twins without one.

    python benchmarks/translations.py run upscale --minutes 10 --seeds 0
    python benchmarks/translations.py run cyclegan --minutes 30
    python benchmarks/translations.py run upscale --minutes 10 --set game.adversarial_weight=0.1
    python benchmarks/translations.py table

Every recipe is trained as it comes for `--minutes`, and its twin with `game.adversarial_weight=0`
for as many images. Images that were set apart are translated: emoji, Twemoji to Noto, every tenth
of 64 x 64 (`pix2pix`, `cyclegan`), and the test part of CIFAR-10 (`upscale` four times, `inpaint`).
*Fréchet* is in `self` features of the training targets; *fine* is the energy above half of the
highest frequency, over that of the true images; the *C2ST* is how often a strong
classifier tells translations from other true images, and *partner* the mean distance to the true
image, in the same features. `cyclegan` is shown the two sides shuffled, and told by its distances
to the true partner, over those of the image left alone. `--set` changes a recipe, under a name
that says so. What is in `benchmarks/results/translations` is not trained again.
"""

import argparse
import json
import math
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from time_to_quality import SHARED
from torch import Tensor
from torch.nn.functional import conv2d, interpolate

import zerosum as zs
from zerosum.data.base import ArrayDataset, Dataset
from zerosum.evaluation.features.base import Extractor
from zerosum.evaluation.features.self_features import self_features
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.evaluation.metrics.frechet import FrechetDistance
from zerosum.evaluation.metrics.two_sample import strong_judge, told_apart
from zerosum.modalities.images.translation_game import TranslationGame
from zerosum.models.model import Model
from zerosum.networks.resample import binomial
from zerosum.rng import Noise
from zerosum.runs.files import write_json
from zerosum.runs.store import Run
from zerosum.spaces import Batch, ImageSpace
from zerosum.workflows.data import open_data

RESULTS = Path(__file__).parent / "results" / "translations"
TASKS = ("pix2pix", "cyclegan", "upscale", "inpaint")
_BATCH, _JUDGED = 128, 2_000


def emoji() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Sources and targets to train on, and those set apart, uint8 `[N, 3, 64, 64]` on white."""
    sides: dict[str, list[Tensor]] = {"twitter": [], "google": []}
    with zipfile.ZipFile(SHARED / "emoji_pairs" / "emoji64_pairs.zip") as archive:
        inside = sorted(name for name in archive.namelist() if name.endswith(".png"))
        for name in inside:
            with archive.open(name) as file:
                picture = Image.open(file).convert("RGBA")
            white = Image.new("RGBA", picture.size, "white")
            pixels = bytearray(Image.alpha_composite(white, picture).convert("RGB").tobytes())
            found = torch.frombuffer(pixels, dtype=torch.uint8).view(64, 64, 3).permute(2, 0, 1)
            sides[next(side for side in sides if f"{side}/" in name)].append(found)
    a, b = (torch.stack(side) for side in sides.values())
    apart = torch.arange(len(a)) % 10 == 0
    return (a[~apart], b[~apart]), (a[apart], b[apart])


def cifar() -> tuple[Tensor, Tensor]:
    """Training and test images, uint8 `[N, 3, 32, 32]`."""
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(SHARED / "cifar10" / "cifar10_25k_jpg.zip") as archive:
            archive.extractall(scratch)
        parts = [open_data(Path(scratch) / part, labels="none")[0] for part in ("train", "test")]
        train, test = (part.take(torch.arange(len(part)))[0] for part in parts)
    return train, test


def translated(model: Model, x: Tensor, source: Tensor | None) -> tuple[Tensor, Tensor]:
    """Translations of a test set, and what they were made from, both compact."""
    game, space = model.game, model.space
    assert isinstance(game, TranslationGame)
    assert isinstance(space, ImageSpace)
    noise, made, shown = Noise(0), [], []
    with torch.no_grad():
        for rows in torch.arange(len(x)).split(_BATCH):
            given = None if source is None else game.source.to_model(source[rows])
            sources = game.sources(Batch(space.to_model(x[rows]), source=given), noise)
            made.append(space.to_data(game.make(sources)))
            shown.append(game.source.to_data(sources))
    return torch.cat(made), torch.cat(shown)


def decibels(made: Tensor, true: Tensor) -> float:
    """PSNR, of all pixels together in each image, in the mean."""
    error = (made.float() - true.float()).square().flatten(1).mean(1).clamp_min(1e-3)
    return float((10 * (255**2 / error).log10()).mean())


def fine(made: Tensor, true: Tensor) -> float:
    """Energy of what a [1, 2, 1] filter takes away, over that of the true images."""

    def energy(x: Tensor) -> Tensor:
        kernel = binomial().expand(x.shape[1], -1, -1, -1)
        wide = x.float()
        return (wide - conv2d(wide, kernel, padding=1, groups=x.shape[1])).square().mean()

    return float(energy(made) / energy(true))


class Yardstick:
    """What is told of translations `made` beside the true images."""

    def __init__(self, targets: Dataset, true: Tensor) -> None:
        self.extract: Extractor = self_features(targets)
        self.context = MetricContext(targets.space, self.extract.name, "holdout", replicates=0)
        self.true, self.exhibit = true, SampleSet(true, self.extract(true))

    def read(self, made: Tensor) -> dict[str, float]:
        """PSNR, Fréchet distance, fine detail, L1, distance to the partner and C2ST."""
        shown = SampleSet(made, self.extract(made))
        found = FrechetDistance().read(shown, self.exhibit, self.context)
        half = min(len(made) // 2, _JUDGED)
        a, b = self.extract(made[:half]), self.extract(self.true[-half:])
        return {
            "psnr": decibels(made, self.true),
            "frechet": found["frechet_distance"].value,
            "fine": fine(made, self.true),
            "l1": float((made.float() - self.true.float()).abs().mean()),
            "partner": float((shown.features - self.exhibit.features).norm(dim=1).mean()),
            "c2st": float(told_apart(a, b, strong_judge, seed=0).mean()),
        }


def run(args: argparse.Namespace) -> None:
    """A recipe and its twin, judged; and what needs no training."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    changes: dict[str, Any] = dict(one.split("=", 1) for one in args.set)
    alike = [one for one in args.set if not one.startswith("game.adversarial")]
    names = {
        "adversarial": ",".join([args.task, *args.set]),
        "alone": ",".join([args.task, *alike]),
    }
    source: Tensor | None = None
    if args.task in ("pix2pix", "cyclegan"):
        (a, b), (source, true) = emoji()
        data: Any = (a, b)
        if args.task == "cyclegan":
            data = (a, b[torch.randperm(len(b), generator=torch.Generator().manual_seed(0))])
        targets = ArrayDataset(b, name="targets")
    else:
        train, true = cifar()
        targets = data = ArrayDataset(train, name="targets")
        changes |= {"game.factor": 4} if args.task == "upscale" else {}
    yardstick = Yardstick(targets, true)
    for seed in map(int, args.seeds.split(",")):
        images = args.samples
        for way in ("adversarial", "alone"):
            path = RESULTS / f"{names[way]}-{way}-{seed}.json"
            if path.exists() or (args.task == "cyclegan" and way == "alone"):
                images = json.loads(path.read_text())["samples"] if path.exists() else None
                continue
            twin = {} if way == "adversarial" else {"game.adversarial_weight": 0.0}
            budget: dict[str, Any] = (
                {"minutes": args.minutes} if images is None else {"samples": images}
            )
            with tempfile.TemporaryDirectory() as folder:
                model = zs.train(
                    args.task, data=data, out=Path(folder) / "run", seed=seed, compile=False,
                    threads=args.threads, set=changes | twin, quiet=True, **budget,
                )  # fmt: skip
                done = Run.open(Path(folder) / "run")
                last = done.history()[-1]
                images = int(last["samples"])
                if done.manifest["state"] == "interrupted":
                    raise SystemExit(f"stopped after {images:,} images; nothing is kept")
            made, shown = translated(model, true, source)
            found = yardstick.read(made) | {"samples": images, "seconds": last["seconds"]}
            plain = untrained(shown, true)
            found["untrained"] = None if plain is None else yardstick.read(plain)
            write_json(path, found)
            print(path.stem, json.dumps(found))
            sheet(shown, made, true).save(RESULTS / f"{path.stem}.png")


def untrained(shown: Tensor, true: Tensor) -> Tensor | None:
    """What one has without training: the image itself, enlarged where it is small."""
    if shown.shape[1] != true.shape[1]:
        return None
    if shown.shape == true.shape:
        return shown
    large = interpolate(shown.float(), size=true.shape[2:], mode="bicubic")
    return large.round().clamp(0, 255).to(torch.uint8)


def sheet(shown: Tensor, made: Tensor, true: Tensor, n: int = 12) -> Image.Image:
    """Columns of source, translation and true image."""
    rows = torch.linspace(0, len(true) - 1, n).long()
    large = interpolate(shown[rows, :3].float(), size=true.shape[2:]).to(torch.uint8)
    strips = [torch.cat([*one], dim=2) for one in (large, made[rows], true[rows])]
    grid = torch.cat(strips, dim=1).permute(1, 2, 0).contiguous().numpy()
    picture = Image.fromarray(grid)
    return picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.NEAREST)


def table() -> None:
    """A row for each training."""
    print("| training | images | seconds | Fréchet | PSNR | fine | L1 | partner | C2ST |")
    print("| --- " * 9 + "|")
    for path in sorted(RESULTS.glob("*.json")):
        found = json.loads(path.read_text())
        rows = {path.stem: found}
        if "adversarial" in path.stem and found["untrained"]:
            rows[f"{path.stem.partition('-')[0].partition(',')[0]}, untrained"] = found["untrained"]
        for name, one in rows.items():
            spent = f"{one.get('samples', 0):,} | {one.get('seconds', 0):.0f}"
            print(
                f"| {name} | {spent} | {one['frechet']:.2f} | {one['psnr']:.2f} | {one['fine']:.2f}"
                f" | {one['l1']:.2f} | {one.get('partner', math.nan):.2f} | {one['c2st']:.3f} |"
            )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("task", nargs="?", choices=TASKS)
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE, as in zerosum train")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--samples", type=int, help="instead of --minutes")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    if args.what == "run" and args.task is None:
        parser.error(f"run takes a task: {', '.join(TASKS)}")
    table() if args.what == "table" else run(args)


if __name__ == "__main__":
    main()
