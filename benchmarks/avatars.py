"""Faces from words: `text2image` on drawn avatars, and which of the words a classifier sees.

    mkdir avatars; cd avatars; npm install @dicebear/core @dicebear/pixel-art    # designs are CC0
    pip install resvg-py
    python benchmarks/avatars.py --packages avatars --samples 100000 --grid faces.png

12,000 faces of 32 x 32 with a caption each are learned: long or short hair in one of five colours,
three skins, glasses, sunglasses or none, six colours of shirt, happy or sad. Three pairs of hair
and shirt never occur. For each attribute a small network learns from reals to name it; its accuracy
on reals that it did not see is the ceiling, and that on faces of other captions the floor.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

import zerosum as zs
from zerosum.pictures import draw_grid
from zerosum.rng import Noise

SIDE, TRAIN, JUDGED = 32, 12_000, 500
WORDS = {
    "length": ["long", "short"],
    "hair": {"black": "28150a", "brown": "83623b", "blond": "e6c86e", "red": "bd1700",
             "blue": "009bbd"},
    "skin": {"light": "ffdbac", "brown": "b68655", "dark": "8d5524"},
    "eyes": ["glasses", "sunglasses", "no glasses"],
    "shirt": {"blue": "428bca", "green": "00b159", "red": "d11141", "yellow": "ffd969",
              "pink": "f7a1c4", "white": "f2f2f2"},
    "mood": ["happy", "sad"],
}  # fmt: skip
HELD_OUT = {("blond", "green"), ("red", "blue"), ("black", "yellow")}
"""Pairs of hair and shirt that training lacks."""

SCRIPT = """
import { createAvatar } from '@dicebear/core';
import * as style from '@dicebear/pixel-art';
import { readFileSync } from 'node:fs';
for (const options of JSON.parse(readFileSync(0, 'utf8')))
  console.log(JSON.stringify(createAvatar(style, options).toString()));
"""

Face = dict[str, str]


def faces(n: int, seed: int, *, held_out: bool = False) -> list[Face]:
    """Attributes of `n` faces."""
    rng, found = np.random.default_rng(seed), []
    while len(found) < n:
        face = {name: str(rng.choice([*some])) for name, some in WORDS.items()}
        if ((face["hair"], face["shirt"]) in HELD_OUT) == held_out:
            found.append(face)
    return found


def caption(face: Face) -> str:
    """What is said of a face."""
    return (
        f"a {face['mood']} {face['skin']} face with {face['length']} {face['hair']} hair, "
        f"{face['eyes']} and a {face['shirt']} shirt"
    )


def drawn(some: list[Face], packages: Path, seed: int) -> np.ndarray:
    """Pictures of faces, uint8 `[N, 32, 32, 3]`."""
    import resvg_py  # pyright: ignore[reportMissingImports]

    rng, wishes = np.random.default_rng(seed), []
    for face in some:
        dark = {"glasses": "light", "sunglasses": "dark"}.get(face["eyes"], "light")
        longest = {"long": 21, "short": 24}[face["length"]]
        mouths = {"happy": 13, "sad": 10}[face["mood"]]
        wishes.append({
            "seed": str(rng.integers(1 << 30)), "size": SIDE, "hatProbability": 0,
            "beardProbability": 0, "accessoriesProbability": 0, "backgroundColor": ["c8d2dc"],
            "hair": [f"{face['length']}{1 + rng.integers(longest):02d}"],
            "mouth": [f"{face['mood']}{1 + rng.integers(mouths):02d}"],
            "glasses": [f"{dark}{1 + rng.integers(7):02d}"], "glassesColor": ["323232"],
            "glassesProbability": 0 if face["eyes"] == "no glasses" else 100,
            "hairColor": [WORDS["hair"][face["hair"]]], "skinColor": [WORDS["skin"][face["skin"]]],
            "clothingColor": [WORDS["shirt"][face["shirt"]]],
        })  # fmt: skip
    lines = subprocess.run(
        ["node", "--input-type=module", "-e", SCRIPT], cwd=packages, input=json.dumps(wishes),
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for line in lines:
            path = Path(folder) / "one.png"
            path.write_bytes(bytes(resvg_py.svg_to_bytes(svg_string=json.loads(line))))
            found.append(np.asarray(Image.open(path).convert("RGB")))
    return np.stack(found)


def codes(some: list[Face], name: str) -> Tensor:
    """Which value of an attribute each face has."""
    values = [*WORDS[name]]
    return torch.tensor([values.index(face[name]) for face in some])


def judge(x: Tensor, y: Tensor, values: int) -> nn.Module:
    """A small network that names an attribute."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 32, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64 * (SIDE // 4) ** 2, 64), nn.ReLU(), nn.Linear(64, values),
    )  # fmt: skip
    adam = torch.optim.Adam(network.parameters(), 1e-3)
    noise = Noise(0)
    for _ in range(600):
        rows = noise.integers(64, high=len(x))
        loss = nn.functional.cross_entropy(network(x[rows]), y[rows])
        adam.zero_grad()
        loss.backward()
        adam.step()
    return network.eval()


def seen(x: np.ndarray) -> Tensor:
    """Pictures as networks see them."""
    return torch.from_numpy(x).permute(0, 3, 1, 2).float() / 127.5 - 1


def main() -> None:
    """Train, draw, ask the judges."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--grid", type=Path)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    known = faces(TRAIN, 0)
    x = drawn(known, args.packages, 0)
    begin = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        model = zs.train(
            "text2image", (x, [caption(face) for face in known]), out=args.keep or f"{folder}/run",
            samples=args.samples, seed=args.seed, threads=1, compile=False, quiet=True,
        )  # fmt: skip
    print(f"{(time.process_time() - begin) / 60:.1f} CPU-minutes")
    asked = {"seen": faces(JUDGED, 1), "held out": faces(JUDGED, 2, held_out=True)}
    rows: dict[str, tuple[np.ndarray, list[Face]]] = {}
    for name, some in asked.items():
        made = np.concatenate([
            model.sample(1, where={"text": caption(face).replace(",", "")}, seed=i).x
            for i, face in enumerate(some)
        ])  # fmt: skip
        rows[name] = (made, some)
        rows[f"{name}, floor"] = (made, [*some[1:], some[0]])
        rows[f"{name}, drawn"] = (drawn(some, args.packages, 3), some)
    print(f"| captions | {' | '.join(WORDS)} | words |\n|{' --- |' * (len(WORDS) + 2)}")
    judges = {name: judge(seen(x), codes(known, name), len(some)) for name, some in WORDS.items()}
    for name, (made, some) in rows.items():
        with torch.no_grad():
            right = [
                float((network(seen(made)).argmax(1) == codes(some, key)).float().mean())
                for key, network in judges.items()
            ]
        cells = " | ".join(f"{100 * one:.0f} %" for one in [*right, float(np.mean(right))])
        print(f"| {name} | {cells} |")
    if args.grid:
        pictures = np.concatenate([rows[name][0][:8] for name in ("seen", "held out")])
        shown = torch.from_numpy(pictures).permute(0, 3, 1, 2)
        draw_grid(shown, columns=8).save(args.grid)
        for name in ("seen", "held out"):
            print(*[caption(face) for face in rows[name][1][:8]], sep="\n")


if __name__ == "__main__":
    main()
