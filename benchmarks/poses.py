"""A figure that dances: pix2pix learns from single poses, and key points drive it.

    python benchmarks/poses.py --gif dance.gif

`pix2pix` as it comes on `poses`; then five dances of 48 frames, whose poses it was not trained on,
are drawn and translated one by one. Printed are the mean absolute error beside the true frames, and
flicker, the mean absolute difference from one frame to the next, beside that of the true frames.
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import mean

import torch
from PIL import Image

import zerosum as zs
from zerosum.modalities.images.poses import draw_dancer, draw_poses, flicker, simulate_dance
from zerosum.pictures import draw_grid

FRAMES, DANCES = 48, 5


def main() -> None:
    """Train, translate, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--samples", type=int, default=16_000)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gif", type=Path)
    args = parser.parse_args()
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        model = zs.train(
            "pix2pix", data="poses", out=Path(folder) / "poses", samples=args.samples,
            seed=args.seed, threads=1, compile=False, precision="bf16", layout="contiguous",
            referee="off", set=dict(one.split("=") for one in args.set), quiet=True,
        )  # fmt: skip
    minutes = (time.process_time() - start) / 60
    rows, shown = [], []
    for seed in range(1, 1 + DANCES):
        points = simulate_dance(FRAMES, seed=seed)
        poses, truth = draw_poses(points, size=48), draw_dancer(points, size=48)
        made = torch.stack(model.translate([*poses]))
        error = float((made.float() - truth.float()).abs().mean())
        rows.append((error, flicker(made), flicker(truth), flicker(made.float() - truth.float())))
        shown.append(torch.stack([poses, made, truth], 1))
    error, own, true, rest = (mean(column) for column in zip(*rows, strict=True))
    print(
        f"{args.samples:,} pairs, {minutes:.1f} CPU-minutes: error {error:.2f} of 255; flicker "
        f"{own:.2f}, of the truth {true:.2f}; of the difference of both {rest:.2f}"
    )
    if args.gif is not None:
        save_gif(args.gif, shown[0])


def save_gif(path: Path, frames: torch.Tensor) -> None:
    """Pose, frame and truth side by side, `[T, 3, 3, H, W]`, as an animation."""
    sheets = [draw_grid(one, columns=3) for one in frames]
    larger = [
        one.resize((2 * one.width, 2 * one.height), Image.Resampling.NEAREST) for one in sheets
    ]
    larger[0].save(path, save_all=True, append_images=larger[1:], duration=80, loop=0)


if __name__ == "__main__":
    main()
