"""How many clips of a bouncing ball are right, and what a judge says of them.

    python benchmarks/video.py run --seeds 0
    python benchmarks/video.py table

`video` as it comes on the built-in `bouncing`, for `--samples` clips (0: as the recipe says). 1,000
samples are read by the program that knows how balls bounce, beside fresh clips (the ceiling) and
clips whose frames are in random order (the floor); loops too. The judge's figures are those of
`zerosum evaluate` on 1,000 clips of another seed. What is in `benchmarks/results/video` is not
trained again.
"""

import argparse
import json
import time
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor

import zerosum as zs
from zerosum.modalities.clips.bouncing import read_motion
from zerosum.rng import Noise
from zerosum.runs.files import write_json
from zerosum.workflows.data import open_data, open_holdout

RESULTS = Path(__file__).parent / "results" / "video"
N = 1_000
FIGURES = ("frechet_distance", "c2st_strong", "flicker", "intended_class", "coverage")


def motion(x: Tensor, y: Tensor | None) -> dict[str, float]:
    """Shares of clips that show one ball, keep to walls, have a speed, are right."""
    found = read_motion(x)
    asked = found.right if y is None else found.label == y
    shares = {
        "ball": found.seen, "walls": found.keeps_to_walls, "speed": found.has_speed,
        "right": found.right, "asked": asked,
    }  # fmt: skip
    return {name: float(each.double().mean()) for name, each in shares.items()}


def run(args: argparse.Namespace) -> None:
    """Every training that is not there yet."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    data, config = open_data("bouncing")
    train = data.take(torch.arange(len(data)))[0]
    held, _ = open_holdout("bouncing", space=data.space, like=config)
    fresh, y = held.take(torch.arange(N))
    for seed in map(int, args.seeds.split(",")):
        path = RESULTS / f"{seed}.json"
        if path.exists():
            continue
        start = time.process_time()
        model = zs.train(
            "video", data="bouncing", out=Path(args.keep) / str(seed), seed=seed, threads=1,
            samples=args.samples or None, compile=False, quiet=True,
        )  # fmt: skip
        spent = time.process_time() - start
        made, labels = model.drawn_like(fresh, y, seed=1)
        loops = model.sample(N, where={"loop": "yes"}, seed=2).tensor
        judged = zs.evaluate(model, holdout="bouncing", n=N, quiet=True)
        known = {
            name: [judged[name].floor, judged[name].value, judged[name].ceiling]
            for name in FIGURES
        }  # fmt: skip
        found = {
            "minutes": spent / 60,
            "floor": motion(data.space.independent(train, N, Noise(0)), None),
            "made": motion(made, labels), "ceiling": motion(fresh, y),
            "closes": float((loops[:, 0].float() - loops[:, -1].float()).abs().mean()),
            "figures": known,
        }  # fmt: skip
        write_json(path, found)
        print(seed, json.dumps(found))


def table() -> None:
    """What the program says, then what the judge says."""
    each = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    print("| clips | one ball | straight, turns at walls | a right speed | right | as asked |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in ("floor", "made", "ceiling"):
        cells = [
            f"{100 * mean(one[name][fact] for one in each):.1f} %"
            for fact in ("ball", "walls", "speed", "right", "asked")
        ]
        print(f"| {name} | {' | '.join(cells)} |")
    print("\n| figure | floor | `video` | reals |")
    print("| --- | --- | --- | --- |")
    for name in FIGURES:
        rows = zip(*(one["figures"][name] for one in each), strict=True)
        cells = [
            "" if None in row else f"{mean(value for value in row if value is not None):.3f}"
            for row in rows
        ]
        print(f"| `{name}` | {' | '.join(cells)} |")
    print(f"\n{mean(one['minutes'] for one in each):.1f} CPU-minutes, {len(each)} seeds")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--samples", type=int, default=0)
    parser.add_argument("--keep", default="runs/video", help="folder that runs are kept in")
    args = parser.parse_args()
    table() if args.what == "table" else run(args)


if __name__ == "__main__":
    main()
