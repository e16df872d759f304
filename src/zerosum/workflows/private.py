"""Private training: codes from noisy histograms, noisy gradients, and one account of both."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from zerosum.catalogue import find_recipe, modality_of
from zerosum.data.base import Dataset
from zerosum.engine.accountant import PrivacySpent, histogram_noise_for, step_noise_for
from zerosum.errors import ConfigError, PrivacyError
from zerosum.faces import option
from zerosum.modalities.tables.reading.disclosed import SECRET
from zerosum.modality import PrivateKit
from zerosum.recipe_registry import Recipe
from zerosum.rng import SecretNoise
from zerosum.spaces import Space
from zerosum.workflows.prepare import Plan

_FOR_HISTOGRAMS = 0.15
"""Share of ε that codes are fitted with."""

_FOR_NAMES = 0.1
"""Share of δ with which the category of a single row may be revealed."""


_DELTA = 1e-6
"""δ where none is given."""


@dataclass(frozen=True)
class PrivacyBudget:
    """What is to be kept: (ε, δ)-differential privacy of each row, entity or unit.

    Attributes:
        epsilon: ε.
        delta: δ, which should be well below one over the number of rows.
        histogram_noise: noise multiplier of the histograms, once they are made.
        secret: where all noise comes from.
        read_from_rows: what of the columns was found by looking at rows, once they are opened.
    """

    epsilon: float
    delta: float
    histogram_noise: float | None = None
    secret: SecretNoise = field(default_factory=SecretNoise, compare=False)
    read_from_rows: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def _steps_delta(self) -> float:
        return (1 - _FOR_NAMES) * self.delta

    def check(self) -> None:
        """Refuse what is no promise.

        Raises:
            PrivacyError: ε is not above 0, or δ not between 0 and 1.
        """
        if not self.epsilon > 0:
            raise PrivacyError(
                f"{option('epsilon', self.epsilon)}: give a number above 0. 1 is strong, 3 "
                "usual, and "
                "above 10 hardly anything is promised."
            )
        if not 0 < self.delta < 1:
            raise PrivacyError(
                f"{option('delta', self.delta)}: give a number between 0 and 1, well below one "
                "over "
                "the number of rows."
            )

    def fit(self, dataset: Dataset) -> tuple[Dataset, "PrivacyBudget"]:
        """The data with codes that are fitted privately, and the promise with what that spent.

        Raises:
            PrivacyError: no promise can be kept for data of its kind, it has constraints, or it was
                opened so that its fields hold values of rows.
        """
        kit = _kit_of(dataset.space)
        found = dataset.read_from_rows
        telling = [name for name, attributes in found.items() if set(attributes) & set(SECRET)]
        if telling:
            raise PrivacyError(
                f"the columns {', '.join(map(repr, telling))} were opened for another training, "
                "with values of the rows such as the largest key. Give the file or frame itself as "
                "data, or open it with private=True."
            )
        noise = histogram_noise_for(_FOR_HISTOGRAMS * self.epsilon, self._steps_delta)
        private = kit.fit(
            dataset, noise_multiplier=noise, delta=_FOR_NAMES * self.delta, secret=self.secret
        )
        return private, replace(self, histogram_noise=noise, read_from_rows=found)

    def settle(self, recipe: Recipe, space: Space, processes: int) -> tuple[Recipe, dict[str, Any]]:
        """The recipe with the noise that keeps the promise, and what the manifest says of it.

        Raises:
            PrivacyError: the recipe cannot be trained privately.
        """
        kit, optimisation = _kit_of(space), recipe.optimisation
        units = kit.count(space)
        if optimisation.accumulate * processes > 1:
            raise PrivacyError(
                "private training takes a batch whole and in one process: leave out torchrun, and "
                "set optimisation.accumulate=1."
            )
        steps = -(-optimisation.total_samples // optimisation.batch_size)
        rate = min(optimisation.batch_size / units, 1.0)
        moves = recipe.game.build(space).moves()
        gradients = sum(one.repeats for one in moves if one.gradient is not None)
        noise = step_noise_for(
            self.epsilon, self._steps_delta, histogram_noise=self.histogram_noise,
            sample_rate=rate, steps=steps * gradients,
        )  # fmt: skip
        spending = PrivacySpent(self.histogram_noise, noise, rate, steps, gradients)
        facts = {
            "epsilon": round(spending.epsilon(self._steps_delta), 4),
            "delta": self.delta,
            "accountant": "Rényi, opacus",
            "unit": kit.unit,
            "neighbours": kit.neighbours(space),
            **spending.to_json(),
            "noise": self.secret.source,
            "taken_for_public": kit.public,
            "read_from_rows": {name: list(what) for name, what in self.read_from_rows.items()},
        }
        return _with_noise(recipe, noise), facts


def promise_of(epsilon: float | None, delta: float | None) -> PrivacyBudget | None:
    """What --epsilon and --delta ask for; None where neither is given.

    Raises:
        PrivacyError: δ without ε, or a number that is no promise.
    """
    if epsilon is None:
        if delta is not None:
            raise PrivacyError(
                f"{option('delta', delta)} needs {option('epsilon')} beside it: "
                f"{option('epsilon', 3)}."
            )
        return None
    promise = PrivacyBudget(epsilon, _DELTA if delta is None else delta)
    promise.check()
    return promise


def plan_private(
    plan: Plan,
    promise: PrivacyBudget,
    recipe: str | Path | Recipe,
    changes: Mapping[str, Any] | None,
) -> tuple[Plan, PrivacyBudget]:
    """The plan with data whose codes are private, and a recipe for them with private gradients.

    The noise of the gradients is still to be settled, once the number of steps is known.

    Raises:
        PrivacyError: no promise can be kept for data of its kind, or the recipe cannot be trained
            privately.
    """
    promise.check()
    _with_noise(plan.recipe, 1.0)
    dataset, promise = promise.fit(plan.dataset)
    _warn_of(promise.read_from_rows, _kit_of(dataset.space).said_by())
    resolved = recipe if isinstance(recipe, Recipe) else find_recipe(recipe).resolve(dataset.space)
    resolved = _with_noise(
        resolved.with_values({**_kit_of(dataset.space).changes(dataset.space), **(changes or {})}),
        1.0,
    )
    return replace(plan, dataset=dataset, recipe=resolved), promise


def stand_in_for(plan: Plan, seed: int) -> Dataset:
    """Made-up rows to try a private plan on: no step is played on real ones that is not counted."""
    space = plan.dataset.space
    return _kit_of(space).stand_in(space, seed=seed)


def _kit_of(space: Space) -> PrivateKit:
    """How samples of a space are learned privately.

    Raises:
        PrivacyError: they are not.
    """
    modality = modality_of(space)
    if modality.private is None:
        raise PrivacyError(
            f"{option('epsilon')} is for tables, sequences and databases, and this data is of kind "
            f"{space.kind!r}."
        )
    return modality.private


def _warn_of(found: Mapping[str, Sequence[str]], said_by: str) -> None:
    """Say what was found by looking at rows, which is in no account."""
    if found:
        listed = "; ".join(f"{name}: {', '.join(what)}" for name, what in found.items())
        warnings.warn(
            f"what columns are was found by looking at rows, which {option('epsilon')} does not "
            f"count ({listed}). If a row could decide it, {said_by}.",
            stacklevel=2,
        )


def _with_noise(recipe: Recipe, noise: float) -> Recipe:
    try:
        return recipe.with_values({"game.private": {"kind": "private", "noise_multiplier": noise}})
    except ConfigError as error:
        raise PrivacyError(
            f"the recipe {recipe.name!r} cannot be trained privately. Take the recipe `table`, "
            "`sequences` for rows of entities, or `relational` for databases."
        ) from error
