"""Inputs of samples with controls set: by conditions, and by values that are taken in turn."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from zerosum.conditions import read_condition, read_turns, require_apart
from zerosum.errors import ConditionError, did_you_mean
from zerosum.games.base import Game, Inputs
from zerosum.games.controls import ChoiceControl, RangeControl
from zerosum.rng import Noise, derive_seed

BLOCK = 64
"""Samples that are drawn from one seed, so that none depends on how many there are."""

Where = Mapping[str, Any]
"""Conditions by the name of what they are on; see `zerosum.conditions`."""

Weight = Mapping[str, Mapping[Any, float]]
"""Shares of the values of a column, by its name."""


def drawn(game: Game, n: int, *, seed: int, start: int = 0) -> Inputs:
    """Inputs of `n` samples of `seed`, from number `start` on, on the CPU."""
    blocks = [game.draw(BLOCK, Noise(derive_seed(seed, "sample", i))) for i in _blocks(n, start)]
    y = [block.y for block in blocks if block.y is not None]
    z = torch.cat([block.z for block in blocks])
    begin = start % BLOCK
    return Inputs(z, torch.cat(y) if y else None).rows(begin, begin + n)


def steered(
    game: Game, inputs: Inputs, where: Where, in_turn: Where, *, seed: int, start: int = 0
) -> Inputs:
    """`inputs` with controls set.

    Args:
        game: what makes samples of them.
        inputs: of samples of `seed`, from number `start` on.
        where: conditions on controls.
        in_turn: controls whose values are taken in turn.
        seed: what chooses where several values will do.
        start: number of the first sample.

    Raises:
        ConditionError: there is no such control, or it takes no such value.
    """
    require_apart(where, in_turn)
    controls = game.controls()
    for name, wanted in where.items():
        control = _control(controls, name, wanted)
        condition = read_condition(name, wanted, control.names)
        values = control.pick(name, condition, _chance(name, inputs.size, seed, start))
        inputs = game.control(inputs, name, values)
    for name, wanted in in_turn.items():
        control = _control(controls, name, wanted)
        conditions = read_turns(name, wanted, control.names)
        chance, many = _chance(name, inputs.size, seed, start), len(conditions)
        rows = [slice((i - start) % many, None, many) for i in range(many)]
        picked = [
            control.pick(name, condition, chance[mine])
            for condition, mine in zip(conditions, rows, strict=True)
        ]
        values = picked[0].new_empty(inputs.size, *picked[0].shape[1:])
        for some, mine in zip(picked, rows, strict=True):
            values[mine] = some
        inputs = game.control(inputs, name, values)
    return inputs


def _control(
    controls: Mapping[str, ChoiceControl | RangeControl], name: str, wanted: Any
) -> ChoiceControl | RangeControl:
    if name in controls:
        return controls[name]
    if controls:
        homes = [one for one, known in controls.items() if str(wanted) in known.names]
        home = f" {wanted!r} is a value of {homes[0]!r}." if homes else ""
        raise ConditionError(
            f"this model does not control {name!r}.{did_you_mean(name, controls)}{home}"
        )
    raise ConditionError(
        f"this model controls nothing, so it cannot take {name!r}. Train a conditional recipe, "
        "such as cgan, or set game.conditional=true."
    )


def _chance(name: str, n: int, seed: int, start: int) -> Tensor:
    """What decides a control of samples of a seed, from number `start` on, in [0, 1), `[n]`."""
    seeds = [derive_seed(seed, "where", name, i) for i in _blocks(n, start)]
    begin = start % BLOCK
    return torch.cat([Noise(one).uniform(BLOCK) for one in seeds])[begin : begin + n]


def _blocks(n: int, start: int) -> range:
    return range(start // BLOCK, -(-(start + n) // BLOCK))
