"""How many levels can be played, as they first come and after `sample`, and who copies.

    python benchmarks/levels.py run --seeds 0,1,2
    python benchmarks/levels.py table

`levels` as it comes on the built-in dungeons, for `--samples` levels. 1,000 levels are judged as
they come and 1,000 as `sample` gives them, beside fresh dungeons (the ceiling) and levels whose
tiles are drawn one by one from those at their place (the floor). A level is a copy if the training
data holds it. What is in `benchmarks/results/levels` is not trained again.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor

import zerosum as zs
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.modalities.levels.metrics.play import TilePatterns
from zerosum.modalities.levels.reading import levels_of
from zerosum.modalities.levels.space import LevelSpace
from zerosum.rng import Noise
from zerosum.runs.files import write_json
from zerosum.workflows.data import open_data, open_holdout

RESULTS = Path(__file__).parent / "results" / "levels"
N = 1_000


def judged(x: Tensor, real: Tensor, train: Tensor, space: LevelSpace) -> dict[str, float]:
    """Share that can be played, divergence of patterns from reals, shares of copies and doubles."""
    assert space.rules is not None
    context = MetricContext(space, extractor="", split="holdout")
    made, held = (SampleSet(one, one.flatten(1).float()) for one in (x, real))
    known = {level.numpy().tobytes() for level in train}
    texts = [level.numpy().tobytes() for level in x]
    return {
        "playable": mean(space.rules.playable(grid) for grid in levels_of(x, space)),
        "divergence": TilePatterns().read(made, held, context)["pattern_divergence"].value,
        "copies": mean(text in known for text in texts),
        "different": len(set(texts)) / len(texts),
    }


def run(args: argparse.Namespace) -> None:
    """Every training that is not there yet."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    data, config = open_data("dungeon")
    space, train = data.space, data.take(torch.arange(len(data)))[0]
    assert isinstance(space, LevelSpace)
    real = open_holdout("dungeon", space=space, like=config)[0].take(torch.arange(N))[0]
    fresh = train[:N]
    for seed in map(int, args.seeds.split(",")):
        path = RESULTS / f"{seed}.json"
        if path.exists():
            continue
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            model = zs.train(
                "levels", data=data, out=Path(folder) / "run", samples=args.samples, seed=seed,
                threads=1, compile=False, quiet=True,
            )  # fmt: skip
            spent = time.process_time() - start
            plain, _ = model.drawn_like(real, None, seed=1)
            made = model.sample(N, seed=1)
        found = {
            "minutes": spent / 60, "remark": made.remark,
            "at once": judged(plain, real, train, space),
            "sample": judged(made.tensor, real, train, space),
            "floor": judged(space.independent(train, N, Noise(0)), real, train, space),
            "ceiling": judged(fresh, real, torch.empty(0), space),
        }  # fmt: skip
        write_json(path, found)
        print(seed, json.dumps(found))


def table() -> None:
    """A row for each kind of level."""
    each = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    print("| levels | playable | pattern divergence | copies of training levels | different |")
    print("| --- | --- | --- | --- | --- |")
    for name in ("floor", "at once", "sample", "ceiling"):
        rows = [one[name] for one in each]
        cells = [
            f"{100 * mean(row['playable'] for row in rows):.1f} %",
            f"{mean(row['divergence'] for row in rows):.3f}",
            f"{100 * mean(row['copies'] for row in rows):.1f} %",
            f"{100 * mean(row['different'] for row in rows):.1f} %",
        ]
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"{mean(one['minutes'] for one in each):.1f} CPU-minutes, {len(each)} seeds")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--samples", type=int, default=200_000)
    args = parser.parse_args()
    table() if args.what == "table" else run(args)


if __name__ == "__main__":
    main()
