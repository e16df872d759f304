"""Trainings: what developers order, and what is refused before anything begins."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from zerosum.errors import StudioError, did_you_mean
from zerosum.studio import pipeline
from zerosum.studio.acts.log import Actor, record
from zerosum.studio.catalogue import offers_of
from zerosum.studio.fields import require_options
from zerosum.studio.models import DataSource, Training
from zerosum.studio.models.work import DONE, GUARDS
from zerosum.studio.run_folders import why_no_model
from zerosum.studio.values import require_keepable

MOST_MINUTES = 14 * 24 * 60.0
_MOST_SEED = 2**63 - 1
_MOST_FREEZE = 1_024


@dataclass(frozen=True)
class TrainingOrder:
    """What the command line's `train` takes too, by the same names.

    Attributes:
        recipe: its name.
        minutes: budget in minutes.
        samples: budget in samples seen; without both the recipe's own.
        seed: of weights, order and noise.
        capacity: how much the networks hold.
        referee: `act`, `watch` or `off`.
        epsilon: of a promise of privacy; then there is no referee.
        delta: with it.
        begins_with: number of a training whose weights it starts with.
        freeze: layers of the discriminator that stay as they are there.
        options: of the reader of the data, such as `holdout`.
        changes: dotted keys of the recipe and their values.
    """

    recipe: str
    minutes: float | None = None
    samples: int | None = None
    seed: int = 0
    capacity: str = "small"
    referee: str = "act"
    epsilon: float | None = None
    delta: float | None = None
    begins_with: int | None = None
    freeze: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)


def train(actor: Actor, data: DataSource, order: TrainingOrder) -> Training:
    """Order a training.

    Raises:
        StudioError: there is no such recipe for the data, the data is not checked, or a value is
            not allowed.
    """
    if data.state != DONE:
        raise StudioError(
            f"{data.name!r} is not ready: {data.state}. Wait for its check, or choose other data."
        )
    offer = _offer(data, order)
    _require_budget(order)
    require_seed(order.seed)
    if order.capacity not in offer["capacities"]:
        raise StudioError(
            f"{order.recipe} has no “capacity: {order.capacity}” for this data. Allowed: "
            f"{', '.join(offer['capacities'])}."
        )
    if order.referee not in dict(GUARDS):
        raise StudioError(f"“referee: {order.referee}”.{did_you_mean(order.referee, dict(GUARDS))}")
    _require_promise(order, offer)
    require_options(offer["options"], order.options, of=f"{order.recipe} on this data")
    require_keepable([dict(order.options), dict(order.changes)])
    source = _source(data, order)
    referee = order.referee if order.epsilon is None else "off"
    with transaction.atomic():
        made = Training.objects.create(
            project=data.project, by=actor.user, data=data, recipe=order.recipe,
            minutes=order.minutes, samples=order.samples, seed=order.seed,
            changes=dict(order.changes), capacity=order.capacity, referee=referee,
            epsilon=order.epsilon, delta=order.delta, options=dict(order.options),
            begins_with=source, freeze=order.freeze,
        )  # fmt: skip
        after = {"recipe": order.recipe, "data": data.name, "seed": order.seed}
        if order.epsilon is not None:
            after["epsilon"] = order.epsilon
        record(actor, "training.ordered", f"training:{made.pk}", project=data.project, after=after)
        pipeline.start(made)
    return made


def _offer(data: DataSource, order: TrainingOrder) -> dict[str, Any]:
    known = {one["name"]: one for one in offers_of(data)}
    if order.recipe not in known:
        raise StudioError(
            f"no recipe {order.recipe!r} takes this data.{did_you_mean(order.recipe, known)}"
        )
    offer = known[order.recipe]
    if offer["why_not"]:
        raise StudioError(offer["why_not"])
    return offer


def _require_budget(order: TrainingOrder) -> None:
    minutes, samples = order.minutes, order.samples
    if minutes is not None and not 0 < minutes <= MOST_MINUTES:
        raise StudioError(
            f"{minutes:g} minutes are not allowed: more than 0, up to {MOST_MINUTES:g}."
        )
    if samples is not None and not 1 <= samples <= 2**53:
        raise StudioError(f"a budget of {samples} samples is not allowed: 1 or more.")
    if minutes is not None and samples is not None:
        raise StudioError("minutes and samples both say how long; give one of them.")


def _require_promise(order: TrainingOrder, offer: Mapping[str, Any]) -> None:
    if order.epsilon is None:
        if order.delta is not None:
            raise StudioError("“delta” goes with “epsilon”. Give both, or leave out delta.")
        return
    if not offer["private"]:
        raise StudioError(
            f"{order.recipe} cannot promise privacy for this data. Take `table` for rows or "
            "`sequences` for rows of entities, or leave out “epsilon”."
        )
    if not order.epsilon > 0:
        raise StudioError(
            f"“epsilon: {order.epsilon:g}”: give a number above 0. 1 is strong, 3 usual, and above "
            "10 hardly anything is promised."
        )
    if order.delta is not None and not 0 < order.delta < 1:
        raise StudioError(
            f"“delta: {order.delta:g}”: give a number between 0 and 1, well below one over the "
            "number of rows."
        )
    if order.begins_with is not None:
        raise StudioError(
            "“epsilon” counts what is learned of rows from first weights on, and those of another "
            "training may have been learned from them. Leave out one of the two."
        )


def _source(data: DataSource, order: TrainingOrder) -> Training | None:
    """The training whose weights it begins with."""
    if not 0 <= order.freeze <= _MOST_FREEZE:
        raise StudioError(f"“freeze: {order.freeze}”: give a number of layers, 0 or more.")
    if order.begins_with is None:
        if order.freeze:
            raise StudioError(
                "“freeze” keeps layers of the training that it begins with. Name one, or leave it "
                "out."
            )
        return None
    found = Training.objects.filter(pk=order.begins_with, project=data.project_id).first()
    if found is None:
        raise StudioError(
            f"this project has no training {order.begins_with} to begin with. Choose one of its "
            "own."
        )
    why = why_no_model(found)
    if why:
        raise StudioError(why)
    return found


def require_seed(seed: int) -> None:
    """Refuse a number that cannot be a seed.

    Raises:
        StudioError: it is below 0, or has more than 63 bits.
    """
    if not 0 <= seed <= _MOST_SEED or math.isnan(seed):
        raise StudioError(f"seed {seed} is not allowed: a whole number from 0 to {_MOST_SEED}.")
