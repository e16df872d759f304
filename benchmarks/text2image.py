"""How many words of a caption are right in what is made of it, on seen and held-out combinations.

    python benchmarks/text2image.py run --samples 80000 --keep runs
    python benchmarks/text2image.py table

`text2image` as it comes on the built-in scenes, of which four pairs of colour and shape are never
drawn for training. 1,000 captions with seen pairs, and 1,000 with a held-out pair each, are made
once and read back: a word is right if the picture obeys it. Drawn scenes read back are the ceiling;
the floor are pictures of other captions of the same kind. What is in
`benchmarks/results/text2image` is not trained again.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor

import zerosum as zs
from zerosum.modalities.images.caption_game import CaptionGame
from zerosum.modalities.images.scenes import Combinations, Scene, draw_scenes, read_scenes
from zerosum.runs.files import write_json

RESULTS = Path(__file__).parent / "results" / "text2image"
N = 1_000
ABOUT = ("colour", "shape", "size", "count", "place", "relation")
COMBINATIONS: tuple[Combinations, ...] = ("seen", "held_out")


def right(pictures: Tensor, scenes: Sequence[Scene]) -> dict[str, float]:
    """Shares of words that are right, by what they are about, of all words, and of whole scenes."""
    good: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    whole = []
    for scene, found in zip(scenes, read_scenes(pictures), strict=True):
        words = scene.agrees(found)
        good.update({name: sum(each) for name, each in words.items()})
        asked.update({name: len(each) for name, each in words.items()})
        whole.append(all(map(all, words.values())))
    shares = {name: good[name] / asked[name] for name in ABOUT}
    return shares | {"words": good.total() / asked.total(), "scenes": mean(whole)}


def drawn(model: zs.CaptionModel, scenes: Sequence[Scene]) -> Tensor:
    """A picture of each scene by its caption."""
    game = model.game
    assert isinstance(game, CaptionGame)
    codes = torch.stack([game.space.source.understood(scene.caption) for scene in scenes])
    inputs = game.told(model.draw(len(scenes), seed=1), codes)
    return model.make(inputs, batch_size=250).tensor


def run(args: argparse.Namespace) -> None:
    """Every training that is not there yet."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for seed in map(int, args.seeds.split(",")):
        path = RESULTS / f"{seed}.json"
        if path.exists():
            continue
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder if args.keep is None else args.keep) / f"scenes-{seed}"
            start = time.process_time()
            zs.train(
                "text2image", data="scenes", out=out, samples=args.samples, seed=seed, threads=1,
                compile=False, precision="fp32", layout="contiguous", referee="off", quiet=True,
            )  # fmt: skip
            spent = time.process_time() - start
            model = zs.load(out, recipe="text2image")
        found: dict[str, object] = {"minutes": spent / 60, "samples": args.samples}
        for combinations in COMBINATIONS:
            pictures, scenes = draw_scenes(N, seed=1_000 + seed, combinations=combinations)
            found[combinations] = {
                "text2image": right(drawn(model, scenes), scenes),
                "ceiling": right(pictures, scenes),
                "floor": right(pictures.roll(1, 0), scenes),
            }
        write_json(path, found)
        print(seed, json.dumps(found), flush=True)


def table() -> None:
    """A row for each kind of captions, and for floor and ceiling."""
    each = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    names = (*ABOUT, "words", "scenes")
    print(f"| pictures | captions | {' | '.join(names)} |")
    print("| --- " * (len(names) + 2) + "|")
    for who in ("floor", "text2image", "ceiling"):
        for combinations in COMBINATIONS:
            shares = [mean(one[combinations][who][name] for one in each) for name in names]
            cells = " | ".join(f"{share:.1%}" for share in shares)
            print(f"| {who} | {combinations} | {cells} |")
    spent = mean(one["minutes"] for one in each)
    print(f"{each[0]['samples']:,} scenes, {spent:.1f} CPU-minutes, {len(each)} seeds")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--samples", type=int, default=80_000)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    table() if args.what == "table" else run(args)


if __name__ == "__main__":
    main()
