"""How right people look in garments: pix2pix on built-in figures.

    python benchmarks/wardrobe.py run --keep runs
    python benchmarks/wardrobe.py table

`pix2pix` as it comes on `wardrobe` (person and garment, joined as channels, to what is worn), a
twin that knows L1 alone, and one without dropout. 500 people that were not trained on are dressed.
A garment is right if `read_worn` finds it, of all 96, nearest to the picture. The floor are the
average picture, the person left alone, and the same person in another garment; the ceiling is the
truth. What is in `benchmarks/results/wardrobe` is not trained again.
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
from zerosum.modalities.images.wardrobe import TryOn, draw_people, read_worn, simulate_wardrobe
from zerosum.runs.files import write_json

RESULTS = Path(__file__).parent / "results" / "wardrobe"
N = 500
ABOUT = ("kind", "colour", "pattern")
TWINS = {
    "pix2pix": {},
    "L1 alone": {"game.adversarial_weight": 0},
    "pix2pix without dropout": {"game.generator.dropout": 0},
}


def right(pictures: Tensor, truth: TryOn) -> dict[str, float]:
    """Mean absolute error of 255, and shares of garments whose parts are right."""
    found = read_worn(pictures, truth.figures)
    parts = {
        name: (getattr(found, name) == getattr(truth.garments, name)).float() for name in ABOUT
    }
    error = (pictures.float() - truth.worn.float()).abs().mean()
    whole = torch.stack([*parts.values()]).amin(0)
    return {"error": float(error), **{k: float(v.mean()) for k, v in parts.items()},
            "all": float(whole.mean())}  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Every training that is not there yet."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    truth = simulate_wardrobe(N, seed=1_000)
    people = [
        {"person": person, "garment": garment}
        for person, garment in zip(truth.person, truth.garment, strict=True)
    ]
    if not (RESULTS / "bounds.json").exists():
        average = truth.worn.float().mean(0).round().to(torch.uint8).expand_as(truth.worn)
        other = truth.garments.rows(torch.arange(N).roll(1))
        bounds = {
            "average picture": average,
            "person left alone": truth.person,
            "another garment": draw_people(truth.figures, other, size=48),
            "truth": truth.worn,
        }
        write_json(RESULTS / "bounds.json", {k: right(x, truth) for k, x in bounds.items()})
    for seed in map(int, args.seeds.split(",")):
        for name, changes in TWINS.items():
            path = RESULTS / f"{name} {seed}.json"
            if path.exists():
                continue
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder if args.keep is None else args.keep) / path.stem.replace(" ", "-")
                start = time.process_time()
                model = zs.train(
                    "pix2pix", data="wardrobe", out=out, samples=args.samples, seed=seed, threads=1,
                    compile=False, precision=args.precision, layout="contiguous", referee="off",
                    set=changes, quiet=True,
                )  # fmt: skip
                spent = time.process_time() - start
            found = right(torch.stack(model.translate(people)), truth)
            found |= {"minutes": spent / 60, "samples": args.samples}
            write_json(path, found)
            print(path.stem, json.dumps(found), flush=True)


def table() -> None:
    """A row for each bound and each twin, means over seeds."""
    names = ("error", *ABOUT, "all")
    print(f"| | {' | '.join(names)} | CPU-minutes |")
    print("| --- " * (len(names) + 2) + "|")
    rows = {
        name: [one]
        for name, one in json.loads((RESULTS / "bounds.json").read_text()).items()
    }  # fmt: skip
    for name in TWINS:
        rows[name] = [
            json.loads(path.read_text()) for path in sorted(RESULTS.glob(f"{name} [0-9].json"))
        ]
    for name, each in rows.items():
        if not each:
            continue
        cells = [f"{mean(one['error'] for one in each):.1f}"]
        cells += [f"{mean(one[key] for one in each):.1%}" for key in names[1:]]
        spent = f"{mean(one['minutes'] for one in each):.1f}" if "minutes" in each[0] else ""
        print(f"| {name} | {' | '.join(cells)} | {spent} |")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--samples", type=int, default=24_000)
    parser.add_argument("--precision", default="bf16", choices=("bf16", "fp32"))
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    table() if args.what == "table" else run(args)


if __name__ == "__main__":
    main()
