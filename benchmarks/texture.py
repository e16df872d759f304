"""How near made textures are to those they were learned from, patch by patch, and their seams.

    python benchmarks/texture.py run --patterns bricks,weave,wood --keep runs
    python benchmarks/texture.py run --pictures wall.jpg
    python benchmarks/texture.py table

`texture` as it comes, of one picture of 256 x 256 of each of the built-in surfaces, or of your own
pictures. A quarter of each picture is kept apart: 512 samples, of the size of crops, are judged
beside 512 crops of that part. The ceiling is crops of the part that was learned from, the floor the
same pixels at random places, and, of surfaces, there is another surface too. Seams are those of
tiles of 96 x 160; the correlation is that of such tiles with themselves one period on. What is in
`benchmarks/results/texture` is not trained again.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import Tensor

import zerosum as zs
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.modalities.images.metrics.textures import PatchDistance, Seam
from zerosum.modalities.images.surfaces import PATTERNS, PERIODS, again, draw_surface
from zerosum.rng import Noise
from zerosum.runs.files import write_json
from zerosum.workflows.data import open_data

RESULTS = Path(__file__).parent / "results" / "texture"
N, HELD, TILE = 512, 0.25, (96, 160)


def sampled(x: Tensor) -> SampleSet:
    """Textures as metrics see them."""
    return SampleSet(x, x.flatten(1).float())


def measured(data: Any, given: dict[str, Any], out: Path, seed: int, pattern: str) -> Any:
    """One training, and what there is to say of it."""
    train = open_data(data, spaces=("texture",), holdout=HELD, **given)[0]
    held = train.held_out
    assert held is not None
    start = time.process_time()
    options = {name: value for name, value in given.items() if name != "size"}
    model = zs.train(
        "texture", data=data, out=out, seed=seed, threads=1, compile=False, precision="fp32",
        layout="contiguous", referee="off", holdout=HELD, options=options, quiet=True,
    )  # fmt: skip
    spent = time.process_time() - start
    rows = torch.arange(N)
    real, fresh = held.take(rows % len(held))[0], train.take(rows)[0]
    context = MetricContext(train.space, extractor="", split="holdout")

    def distance(x: Tensor) -> float:
        return PatchDistance().read(sampled(x), sampled(real), context)["patch_distance"].value

    tiles = zs.load(out, recipe="texture").sized(TILE).sample(64, seed=1).tensor
    seam = Seam().read(sampled(tiles), sampled(tiles), context)["seam"].value
    found = {
        "minutes": spent / 60, "samples": distance(model.sample(N, seed=1).tensor),
        "ceiling": distance(fresh),
        "floor": distance(train.space.independent(fresh, N, Noise(0))), "seam": seam,
    }  # fmt: skip
    if pattern:
        following = PATTERNS[(PATTERNS.index(pattern) + 1) % len(PATTERNS)]
        other = open_data("surfaces", spaces=("texture",), pattern=following)[0]
        found["other"] = distance(other.take(rows)[0])
    period = PERIODS.get(pattern)
    if period is not None:
        found["again"] = again(tiles, period)
        found["again_real"] = again(draw_surface(pattern, TILE)[None], period)
    return found


def run(args: argparse.Namespace) -> None:
    """Every training that is not there yet."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    jobs: list[tuple[str, Any, dict[str, Any]]] = [
        (name, "surfaces", {"pattern": name}) for name in args.patterns.split(",") if name
    ]
    jobs += [(Path(path).stem, path, {}) for path in args.pictures]
    for name, data, given in jobs:
        for seed in map(int, args.seeds.split(",")):
            path = RESULTS / f"{name}-{seed}.json"
            if path.exists():
                continue
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder if args.keep is None else args.keep) / f"{name}-{seed}"
                found = measured(data, given, out, seed, name if "pattern" in given else "")
            write_json(path, found)
            print(name, seed, json.dumps(found), flush=True)


def table() -> None:
    """A row for each texture."""
    print("| texture | floor | another surface | `texture` | ceiling | seam | one period on |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    spent = []
    for name in sorted({path.stem.rpartition("-")[0] for path in RESULTS.glob("*.json")}):
        each = [json.loads(path.read_text()) for path in sorted(RESULTS.glob(f"{name}-*.json"))]
        spent += [one["minutes"] for one in each]
        cells = [
            f"{mean(one[key] for one in each):.3f}" if key in each[0] else ""
            for key in ("floor", "other", "samples", "ceiling", "seam")
        ]
        repeats = ""
        if "again" in each[0]:
            repeats = f"{mean(one['again'] for one in each):.2f} of {each[0]['again_real']:.2f}"
        print(f"| {name} | {' | '.join(cells)} | {repeats} |")
    print(f"{mean(spent):.1f} CPU-minutes a training")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--patterns", default=",".join(PATTERNS))
    parser.add_argument("--pictures", nargs="*", default=[])
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    table() if args.what == "table" else run(args)


if __name__ == "__main__":
    main()
