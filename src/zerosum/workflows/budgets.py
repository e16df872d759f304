"""What is settled before training: how it is executed, and how many samples fit its time."""

from zerosum.engine.choose import (
    Trial,
    Wishes,
    can_compile,
    candidates,
    choose_execution,
    measure,
)
from zerosum.engine.execution import Execution
from zerosum.errors import RunError
from zerosum.faces import option
from zerosum.recipe_registry import Recipe
from zerosum.runtime import Runtime, can_bfloat16
from zerosum.workflows.prepare import Plan, make_trainer

_PLANNED_SHARE = 0.85
"""Share of a time budget that is planned to be spent in steps; the rest draws and saves."""


def check_budget(minutes: float | None, samples: int | None) -> None:
    """Refuse a budget of nothing.

    Raises:
        RunError: `minutes` or `samples` is not above 0.
    """
    if minutes is not None and not minutes > 0:
        raise RunError(f"{option('minutes', minutes)}: give a number above 0.")
    if samples is not None and samples < 1:
        raise RunError(f"{option('samples', samples)}: give a whole number above 0.")


def choose(
    recipe: Recipe, plan: Plan, seed: int, runtime: Runtime, wishes: Wishes, minutes: float | None
) -> tuple[Execution, list[Trial]]:
    """The quickest way to execute `recipe` on this machine, and what was tried.

    Raises:
        ZerosumError: no way works.
    """
    ways = candidates(
        wishes,
        space=plan.dataset.space,
        device=runtime.device,
        compilable=can_compile(runtime.device),
        bfloat16=can_bfloat16(runtime.device),
    )
    return choose_execution(
        ways,
        lambda way: make_trainer(recipe, plan.dataset, seed=seed, runtime=runtime, execution=way),
        runtime=runtime,
        num_steps=recipe.optimisation.total_samples / recipe.optimisation.batch_size,
        budget_seconds=None if minutes is None else minutes * 60,
    )


def planned(
    recipe: Recipe, plan: Plan, seed: int, runtime: Runtime, execution: Execution,
    trials: list[Trial], minutes: float,
) -> Recipe:  # fmt: skip
    """The recipe with as many samples as fit into the time."""
    mine = [trial for trial in trials if trial.execution == execution] or measure(
        [execution],
        lambda way: make_trainer(recipe, plan.dataset, seed=seed, runtime=runtime, execution=way),
        runtime,
    )
    seconds = mine[0].mean_seconds
    steps = max(1, int(_PLANNED_SHARE * minutes * 60 / seconds))
    return recipe.with_values(
        {"optimisation.total_samples": steps * recipe.optimisation.batch_size}
    )
