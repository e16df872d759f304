"""Private training: codes from noisy histograms, noisy gradients, and one account of both."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from zerosum.catalogue import find_recipe
from zerosum.data.base import Dataset
from zerosum.engine.accountant import PrivacySpent, histogram_noise_for, step_noise_for
from zerosum.errors import ConfigError, PrivacyError
from zerosum.faces import option
from zerosum.modalities.tables.privacy.histograms import as_private, fit_private_space, stand_in
from zerosum.modalities.tables.reading.dataset import TableDataset
from zerosum.modalities.tables.reading.disclosed import SECRET
from zerosum.modalities.tables.schema import schema_form
from zerosum.modalities.tables.space import TableSpace, require_table
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

_UNDER_NOISE = {"optimisation.optimizers.generator.decay": 0.0}
"""Noise holds weights back enough: with decay too, less is learned."""


@dataclass(frozen=True)
class PrivacyBudget:
    """What is to be kept: (ε, δ)-differential privacy of each row.

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

    def fit(self, dataset: Dataset) -> tuple[TableDataset, "PrivacyBudget"]:
        """The data with codes that are fitted privately, and the promise with what that spent.

        Raises:
            PrivacyError: the data is no table, has constraints, or was opened so that its fields
                hold values of rows.
        """
        if not isinstance(dataset, TableDataset):
            raise PrivacyError(
                f"{option('epsilon')} is for tables, and this data is of kind "
                f"{dataset.space.kind!r}."
            )
        table = require_table(dataset.space, network="private training")
        if table.constraints:
            raise PrivacyError(
                f"constraints are fitted to the rows, which {option('epsilon')} does not count. "
                "Leave them "
                "out, and give them when you sample: model.sample(n, constraints=[...])."
            )
        found = dataset.read_from_rows
        telling = [name for name, attributes in found.items() if set(attributes) & set(SECRET)]
        if telling:
            raise PrivacyError(
                f"the columns {', '.join(map(repr, telling))} were opened for another training, "
                "with values of the rows such as the largest key. Give the file or frame itself as "
                "data, or open it with private=True."
            )
        noise = histogram_noise_for(_FOR_HISTOGRAMS * self.epsilon, self._steps_delta)
        values, _ = dataset.resident
        told = fit_private_space(
            table.fields, values, noise_multiplier=noise, delta=_FOR_NAMES * self.delta,
            secret=self.secret,
        )  # fmt: skip
        space = _without_withheld(told)
        kept = replace(self, histogram_noise=noise, read_from_rows=found)
        return as_private(dataset, space), kept

    def settle(self, recipe: Recipe, space: Space, processes: int) -> tuple[Recipe, dict[str, Any]]:
        """The recipe with the noise that keeps the promise, and what the manifest says of it.

        Raises:
            PrivacyError: the recipe cannot be trained privately.
        """
        rows = require_table(space, network="private training").num_rows
        optimisation = recipe.optimisation
        if optimisation.accumulate * processes > 1:
            raise PrivacyError(
                "private training takes a batch whole and in one process: leave out torchrun, and "
                "set optimisation.accumulate=1."
            )
        steps = -(-optimisation.total_samples // optimisation.batch_size)
        rate = min(optimisation.batch_size / rows, 1.0)
        noise = step_noise_for(
            self.epsilon, self._steps_delta,
            histogram_noise=self.histogram_noise, sample_rate=rate, steps=steps,
        )  # fmt: skip
        spending = PrivacySpent(self.histogram_noise, noise, rate, steps)
        facts = {
            "epsilon": round(spending.epsilon(self._steps_delta), 4),
            "delta": self.delta,
            "accountant": "Rényi, opacus",
            "neighbours": "one row more or less",
            **spending.to_json(),
            "noise": self.secret.source,
            "taken_for_public": "names and kinds of columns, decimals, steps of time, and what the "
            "schema says",
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
        PrivacyError: the data is no table, or the recipe cannot be trained privately.
    """
    promise.check()
    _with_noise(plan.recipe, 1.0)
    dataset, promise = promise.fit(plan.dataset)
    _warn_of(promise.read_from_rows)
    resolved = recipe if isinstance(recipe, Recipe) else find_recipe(recipe).resolve(dataset.space)
    resolved = _with_noise(resolved.with_values(_UNDER_NOISE | dict(changes or {})), 1.0)
    return replace(plan, dataset=dataset, recipe=resolved), promise


def stand_in_for(plan: Plan, seed: int) -> Dataset:
    """Made-up rows to try a private plan on: no step is played on real ones that is not counted."""
    return stand_in(require_table(plan.dataset.space, network="private training"), seed=seed)


def _warn_of(found: Mapping[str, Sequence[str]]) -> None:
    """Say what was found by looking at rows, which is in no account."""
    if found:
        listed = "; ".join(f"{name}: {', '.join(what)}" for name, what in found.items())
        warnings.warn(
            f"what columns are was found by looking at rows, which {option('epsilon')} does not "
            "count "
            f"({listed}). If a row could decide it, give it with {option('schema')}: "
            f"{schema_form()} writes a form; take out of it what rows alone know.",
            stacklevel=2,
        )


def _without_withheld(space: TableSpace) -> TableSpace:
    """The space with the revealed names alone, counted anew."""
    fields, codecs = [], {codec.name: codec for codec in space.codecs}
    for one in space.fields:
        codec = codecs.get(one.name)
        if codec is None or not one.categories or "names" not in type(one).model_fields:
            fields.append(one)
            continue
        kept: list[int] = list(getattr(codec, "values"))  # noqa: B009 - of category codecs alone
        order = sorted(kept)
        names = tuple(one.categories[i] for i in order)
        fields.append(one.model_copy(update={"names": names}))
        moved = tuple(order.index(i) for i in kept)
        codecs[one.name] = codec.model_copy(update={"values": moved})
    return space.model_copy(
        update={"fields": tuple(fields), "codecs": tuple(codecs[c.name] for c in space.codecs)}
    )


def _with_noise(recipe: Recipe, noise: float) -> Recipe:
    try:
        return recipe.with_values({"game.private": {"kind": "private", "noise_multiplier": noise}})
    except ConfigError as error:
        raise PrivacyError(
            f"the recipe {recipe.name!r} cannot be trained privately. Take the recipe `table`."
        ) from error
