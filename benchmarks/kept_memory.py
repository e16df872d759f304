"""What it saves that freed memory is kept: steps of `stylegan` with and without `keep_memory`.

    python benchmarks/kept_memory.py [--sizes 64,128,256] [--steps 4]

Each side runs in a process of its own, and the sides take turns. Prints seconds of wall time and of
the processor in the program and in the kernel, for one step, and the largest memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import torch


def measured(size: int, steps: int, *, keep: bool) -> dict[str, float]:
    """Seconds for one step, after one that is not counted, and GiB."""
    from zerosum.catalogue import find_recipe
    from zerosum.engine.execution import Execution
    from zerosum.runtime import Runtime, keep_memory
    from zerosum.workflows.data import open_data
    from zerosum.workflows.prepare import make_trainer

    if keep and not keep_memory():
        raise SystemExit("this C library cannot keep memory")
    torch.set_num_threads(1)
    pixels = torch.randint(0, 256, (64, 3, size, size), dtype=torch.uint8)
    dataset, _ = open_data(pixels)
    recipe = find_recipe("stylegan").resolve(dataset.space)
    trainer = make_trainer(
        recipe, dataset, seed=0, runtime=Runtime(torch.device("cpu")), execution=Execution()
    )
    trainer.play()
    before, begin = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    for _ in range(steps):
        trainer.play()
    after, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - begin
    return {
        "wall": wall / steps,
        "program": (after.ru_utime - before.ru_utime) / steps,
        "kernel": (after.ru_stime - before.ru_stime) / steps,
        "GiB": after.ru_maxrss / 2**20,
    }


def main() -> None:
    """Both sides at every size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="64,128,256")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--one", choices=["kept", "given back"])
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measured(int(args.sizes), args.steps, keep=args.one == "kept")))
        return
    for size in args.sizes.split(","):
        for side in ("given back", "kept"):
            words = [sys.executable, __file__, "--sizes", size, "--steps", str(args.steps)]
            done = subprocess.run(
                [*words, "--one", side], capture_output=True, text=True, check=True
            )
            found = {name: round(value, 3) for name, value in json.loads(done.stdout).items()}
            print(size, side, found, flush=True)


if __name__ == "__main__":
    main()
