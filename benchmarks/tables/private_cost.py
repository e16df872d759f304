"""What a private step costs beside a plain one, in the same run.

    python benchmarks/tables/private_cost.py ../shared/data/adult/train.csv

Both steps are the engine's own, whole: batch, gradient, clipping and noise where they are private,
optimiser and averaging. They alternate in short rounds on one thread; CPU time counts, and medians.
The private space has other codes, so that plain steps are measured on it too.
"""

import argparse
import time
from statistics import median

import torch

from zerosum.engine.execution import Execution
from zerosum.engine.trainer import Trainer
from zerosum.runtime import Runtime
from zerosum.workflows.prepare import make_trainer, plan_training
from zerosum.workflows.private import PrivacyBudget, plan_private

_ROUNDS, _STEPS = 20, 20


def trainer_of(data: str, *, private: bool, plain_on_private: bool = False) -> Trainer:
    """A trainer of `table`; `plain_on_private` has the private codes and plain steps."""
    plan = plan_training("table", data)
    recipe = plan.recipe
    if private or plain_on_private:
        plan, promise = plan_private(plan, PrivacyBudget(3.0, 1e-6), "table", None)
        recipe, _ = promise.settle(plan.recipe, plan.dataset.space, 1)
        if plain_on_private:
            recipe = recipe.with_values({"game.private": None})
    return make_trainer(
        recipe, plan.dataset, seed=0, runtime=Runtime(torch.device("cpu")),
        execution=Execution(threads=1),
    )  # fmt: skip


def seconds(trainer: Trainer) -> float:
    """CPU-seconds of some steps."""
    start = time.process_time()
    for _ in range(_STEPS):
        trainer.play()
    trainer._window.clear()
    return time.process_time() - start


def main() -> None:
    """Print the ratio."""
    parser = argparse.ArgumentParser(description=f"{__doc__}".partition("\n")[0])
    parser.add_argument("data")
    args = parser.parse_args()
    torch.set_num_threads(1)
    trainers = {
        "plain": trainer_of(args.data, private=False),
        "plain, private codes": trainer_of(args.data, private=False, plain_on_private=True),
        "private": trainer_of(args.data, private=True),
    }
    for trainer in trainers.values():
        seconds(trainer)
    rounds = [{name: seconds(one) for name, one in trainers.items()} for _ in range(_ROUNDS)]
    step = {name: 1000 * median(r[name] for r in rounds) / _STEPS for name in trainers}
    for name, ms in step.items():
        size = trainers[name].optimisation.batch_size
        print(f"{name:<22}{ms:7.2f} ms a step of {size}, {ms / step['plain, private codes']:.2f}x")


if __name__ == "__main__":
    main()
