"""Is `auto` right? Every fixed choice of precision, layout and threads against what it chose.

    python benchmarks/auto_choice.py            # three sizes
    python benchmarks/auto_choice.py --compile  # with compiled losses too; minutes longer

All choices take turns in rounds, and a fresh `auto` decides before. The table gives milliseconds a
step, the choice, and its cost relative to the best and to the worst fixed choice.
"""

import argparse
import json
import statistics
import time

import torch

from zerosum.catalogue import find_recipe
from zerosum.engine.choose import Wishes, candidates, choose_execution
from zerosum.engine.execution import Execution
from zerosum.engine.trainer import Trainer
from zerosum.runtime import Runtime, can_bfloat16, resolve_device
from zerosum.workflows.data import open_data
from zerosum.workflows.prepare import make_trainer

CASES = (
    ("small: cgan, 8 x 8", "cgan", (8, 8, 1), {}),
    ("middle: dcgan width 32, 28 x 28", "dcgan", (28, 28, 1), {"width": 32}),
    ("large: dcgan width 64, 32 x 32", "dcgan", (32, 32, 3), {"width": 64}),
)


def measure(case: str, name: str, shape: tuple[int, int, int], widths: dict[str, int],
            rounds: int, compiled: bool) -> dict[str, object]:  # fmt: skip
    """One row of the table."""
    runtime = Runtime(resolve_device("auto"))
    noise = torch.Generator().manual_seed(0)
    x = torch.randint(256, (512, *shape), generator=noise, dtype=torch.uint8).numpy()
    dataset, _ = open_data((x, [i % 10 for i in range(512)]))
    changes: dict[str, object] = {"optimisation.total_samples": 10**9}
    for player in ("generator", "discriminator"):
        changes |= {f"game.{player}.{key}": value for key, value in widths.items()}
    recipe = find_recipe(name).resolve(dataset.space).with_values(changes)

    def trainer(way: Execution) -> Trainer:
        return make_trainer(recipe, dataset, seed=0, runtime=runtime, execution=way)

    ways = candidates(
        Wishes(), space=dataset.space, device=runtime.device,
        compilable=compiled, bfloat16=can_bfloat16(runtime.device),
    )  # fmt: skip
    chosen, _ = choose_execution(ways, trainer, runtime=runtime, num_steps=10**9 if compiled else 1)
    playing = [(way, trainer(way)) for way in ways]
    times: dict[Execution, list[float]] = {way: [] for way in ways}
    for round_number in range(rounds + 1):
        for way, player in playing:
            with way.applied():
                start = time.perf_counter()
                steps = 4 if len(ways) > 8 or shape[0] > 8 else 32
                for _ in range(steps):
                    player.play()
                if runtime.device.type == "cuda":
                    torch.cuda.synchronize()
                if round_number:  # the first one warms up
                    times[way].append((time.perf_counter() - start) / steps)
    seconds = {way: statistics.median(values) for way, values in times.items()}
    best, worst = min(seconds.values()), max(seconds.values())
    return {
        "case": case,
        "milliseconds": {str(way): round(1e3 * s, 2) for way, s in seconds.items()},
        "chosen": str(chosen),
        "chosen_over_best": round(seconds[chosen] / best, 3),
        "chosen_over_worst": round(seconds[chosen] / worst, 3),
        "plain_over_chosen": round(seconds[ways[0]] / seconds[chosen], 2),
    }


def main() -> None:
    """Print one JSON row for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    for case in CASES:
        print(json.dumps(measure(*case, options.rounds, options.compile), indent=2), flush=True)


if __name__ == "__main__":
    main()
