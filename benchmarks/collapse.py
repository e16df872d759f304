"""Does the referee call collapsed what never was good, and nothing else?

    python benchmarks/collapse.py                       # all forty, about four minutes of one core
    python benchmarks/collapse.py --only "dead ReLUs"
    python benchmarks/collapse.py --shift 100           # on other seeds

Twenty trainings that are spoilt from their first step, and twenty sound ones. Each is watched and
not mended, so that what is called is the training itself. A row says what the manifest calls the
run, after which share of the budget a collapse was first told, and the last look.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from zerosum.engine.choose import Wishes
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.errors import DivergenceError
from zerosum.runs.store import Run
from zerosum.workflows.train import train

BEGAN = str(Path(__file__).parents[1] / "examples" / "began.py")


@dataclass(frozen=True)
class Case:
    """A short training."""

    name: str
    recipe: str
    data: Any
    samples: int
    changes: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    sick: bool = False
    dead: bool = False
    """Whether every hidden unit of the generator starts far below zero."""


def _rates(lr: float) -> dict[str, Any]:
    return {f"optimisation.optimizers.{player}.lr": lr for player in ("generator", "discriminator")}


def _one_image(seed: int) -> np.ndarray:
    image = np.random.default_rng(seed).integers(0, 256, (1, 8, 8, 1), dtype=np.uint8)
    return np.repeat(image, 64, axis=0)


_NARROW = {"game.generator.width": 32, "game.discriminator.width": 32}
_BARE = {"game.generator.batch_norm": False}
_MLP = {"game.generator": "mlp_generator", "game.discriminator": "mlp_discriminator"}
_LATENT = {"game.latent_dim": 32}

SICK = (
    ("few modes", "vanilla", "grid", 60_000, {}, 0),
    ("few modes", "vanilla", "grid", 60_000, {}, 1),
    ("few modes", "vanilla", "grid", 60_000, {}, 2),
    ("few modes", "vanilla", "grid", 60_000, _rates(3e-4), 3),
    ("too high rates", "vanilla", "digits", 30_000, _rates(0.05), 0),
    ("too high rates", "vanilla", "digits", 30_000, _rates(0.1), 1),
    ("too high rates", "vanilla", "ring", 30_000, _rates(0.05), 2),
    ("too high rates", "cgan", "digits", 20_000, _rates(0.1), 0),
    ("too high rates", "wgan_gp", "digits", 12_000, _MLP | _rates(0.1), 0),
    ("too high rates", "r3gan", "digits", 12_000, _MLP | _rates(0.1), 0),
    ("no normalisation", BEGAN, "digits", 30_000, _BARE, 0),
    ("no normalisation", BEGAN, "digits", 30_000, _BARE, 1),
    ("no normalisation", BEGAN, "digits", 30_000, _BARE, 2),
    ("dead ReLUs", "vanilla", "digits", 20_000, _LATENT | _rates(1e-3), 0),
    ("dead ReLUs", "vanilla", "ring", 20_000, _rates(1e-3), 1),
    ("dead ReLUs", "wgan_gp", "digits", 12_000, _MLP | _rates(1e-3), 2),
    ("one image", "vanilla", _one_image(0), 15_000, {}, 0),
    ("one image", "vanilla", _one_image(1), 15_000, _rates(1e-3), 1),
    ("one image", "dcgan", _one_image(2), 10_000, _NARROW, 2),
    ("one image", "wgan_gp", _one_image(3), 10_000, _MLP, 3),
)
SOUND = (
    *(("vanilla", "digits", 60_000, _LATENT | _rates(1e-3), seed) for seed in range(4)),
    *(("dcgan", "digits", 24_000, _NARROW | _rates(1e-3), seed) for seed in range(3)),
    *(("cgan", "digits", 60_000, {"game.generator.width": 128, "game.discriminator.width": 128}, s)
      for s in range(3)),
    *(("wgan_gp", "digits", 24_000, _MLP | _rates(1e-3) | {"game.discriminator_repeats": 2}, seed)
      for seed in range(3)),
    *(("r3gan", "ring", 60_000, {}, seed) for seed in range(2)),
    *(("r3gan", "grid", 100_000, {}, seed) for seed in range(2)),
    *(("r3gan", "moons", 40_000, {}, seed) for seed in range(2)),
    ("table_gan", "reviews", 30_000, {}, 0),
)  # fmt: skip
CASES = [
    *(Case(*row, sick=True, dead=row[0] == "dead ReLUs") for row in SICK),
    *(Case("sound", *row) for row in SOUND),
]


class Dead(Hook):
    """Moves the biases of the generator's hidden layers so far down that no ReLU ever opens."""

    def started(self, trainer: Trainer) -> None:
        """Before the first step."""
        generator = trainer.game.get_submodule("generator")
        layers = [one for one in generator.modules() if isinstance(one, nn.Linear)]
        for layer in layers[:-1]:
            nn.init.constant_(layer.bias, -100.0)


def play(case: Case) -> dict[str, Any]:
    """One training, and what was said of it."""
    begin = time.process_time()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        with suppress(DivergenceError):
            train(
                case.recipe, case.data, out=folder, samples=case.samples, seed=case.seed,
                changes=dict(case.changes), device="cpu", referee="watch",
                wishes=Wishes("fp32", "contiguous", False, 1), checkpoint_seconds=1e9,
                listener=lambda *_: [Dead()] if case.dead else [],
            )  # fmt: skip
        run = Run.open(folder)
        events = run.events()
    told = [one for one in events if one["event"] == "diagnosis" and one["name"] == "mode collapse"]
    looks = [one for one in events if one["event"] == "measured" and "spread" in one]
    return {
        "sick": case.sick, "name": case.name, "recipe": Path(case.recipe).stem, "seed": case.seed,
        "state": run.manifest["state"], "health": run.manifest.get("health"),
        "told": told[0]["samples"] / case.samples if told else None,
        "looks": [
            [one["samples"] / case.samples, one["coverage"], one["lost"], one["spread"]]
            for one in looks
        ],
        "cpu": time.process_time() - begin,
    }  # fmt: skip


def main() -> None:
    """Play and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", help="a group: sound, few modes, too high rates, …")
    parser.add_argument("--shift", type=int, default=0, help="added to every seed")
    parser.add_argument("--looks", type=Path, help="add every look to this file, as JSON lines")
    given = parser.parse_args()
    torch.set_num_threads(1)
    found = []
    print(
        "case              recipe     seed  health     told     last look: coverage, lost, spread"
    )
    for case in CASES:
        if given.only not in (None, case.name):
            continue
        one = play(replace(case, seed=case.seed + given.shift))
        found.append(one)
        _, coverage, lost, spread = one["looks"][-1] if one["looks"] else [0.0] * 4
        told = "-" if one["told"] is None else f"{one['told']:.0%}"
        print(
            f"{one['name']:18}{one['recipe']:11}{one['seed']:4}  {one['health'] or '-':11}"
            f"{told:9}{coverage:.2f} {lost:.2f} {spread:.2f}  {one['state']}  {one['cpu']:.1f} s",
            flush=True,
        )
        if given.looks is not None:
            with given.looks.open("a") as handle:
                handle.write(json.dumps(one) + "\n")
    for sick in (True, False):
        group = [one for one in found if one["sick"] == sick]
        called = sum(one["health"] == "collapsed" for one in group)
        alarms = sum(one["told"] is not None for one in group)
        print(f"{'sick' if sick else 'sound'}: {called} of {len(group)} collapsed, {alarms} told")
    print(f"{sum(one['cpu'] for one in found):.0f} CPU-seconds")


if __name__ == "__main__":
    main()
