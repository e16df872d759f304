"""Does a saved state fit a trainer? Nothing is loaded before everything in it has been looked at.

A checkpoint may come from a stranger. A moment of the wrong shape would have an optimizer's kernel
write into memory that is not its own, and a position out of range would have the loader shuffle
without end. So names, types, shapes and ranges are compared with what the trainer would save.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from zerosum.engine.optimisation import OptimizerConfig
from zerosum.engine.state import averaged_tensors, below
from zerosum.errors import RunError
from zerosum.games.base import Game
from zerosum.rng import Noise

if TYPE_CHECKING:
    from zerosum.engine.trainer import Trainer

_MOST = 2**53
"""Counts above it are not exact in every program; no training gets there."""
_MOST_SECONDS = 1e12
_MOST_DRAWS = 16
"""Batches that a loss may draw, at most; one is usual."""


def require_state(trainer: "Trainer", tensors: Mapping[str, Tensor], scalars: Any) -> None:
    """Refuse a state that `trainer` could not have saved.

    Args:
        trainer: is to continue from the state.
        tensors: of the state, `[...]` each, by the names of `Trainer.state`; not on the device yet.
        scalars: the numbers of the state.

    Raises:
        RunError: a name, type, shape or range is another; the message names it.
    """
    _require_scalars(scalars)
    _require_position(trainer, scalars["step"], scalars["position"])
    tensors = dict(tensors)
    average = averaged_tensors(trainer.game)
    require_game_state(trainer.game, below("game.", tensors), prefix="game.")
    require_tensors(below("average.", tensors), average, prefix="average.")
    for player, parameters in trainer.players.items():
        start = f"optimizer.{player}."
        config = trainer.optimisation.optimizers[player]
        _require_moments(below(start, tensors), config, parameters, prefix=start)
    _require_window(tensors, scalars["window"], trainer)
    _require_noise(tensors.get("noise"), trainer.runtime.device)
    known = ("game.", "average.", "window.", *(f"optimizer.{one}." for one in trainer.players))
    strange = [name for name in tensors if name != "noise" and not name.startswith(known)]
    if strange:
        raise RunError(f"the state holds {strange[0]!r}, which this training has not.")


def require_game_state(game: Game, tensors: Mapping[str, Tensor], *, prefix: str = "") -> None:
    """Refuse tensors that are no state of `game`.

    Args:
        game: with its players and buffers.
        tensors: `[...]` each, by the names of the game's own state.
        prefix: put before a name in messages.

    Raises:
        RunError: a name, type or shape is another, or an index is out of range.
    """
    require_tensors(tensors, game.state_dict(), prefix=prefix)
    for name, (least, most) in game.bounds.items():
        if name in tensors and not least <= int(tensors[name]) <= most:
            raise RunError(f"{prefix}{name} is {int(tensors[name])}; it is from {least} to {most}.")


def require_tensors(
    given: Mapping[str, Tensor], expected: Mapping[str, Tensor], *, prefix: str = ""
) -> None:
    """Refuse tensors that have not the names, types and shapes `[...]` of `expected`.

    Raises:
        RunError: one is missing, is not expected, or has another type or shape; the message names
            it with `prefix`.

    >>> require_tensors({"k": torch.zeros(2)}, {"k": torch.zeros(3)})
    Traceback (most recent call last):
    ...
    zerosum.errors.RunError: k is float32 [2], and has to be float32 [3].
    """
    for name in [*expected, *given]:
        if name not in given:
            raise RunError(f"{prefix}{name} is missing.")
        if name not in expected:
            raise RunError(f"{prefix}{name} is not part of it.")
        _require_like(f"{prefix}{name}", given[name], expected[name])


def require_finite(tensors: Mapping[str, Tensor]) -> None:
    """Refuse weights and averages `[...]` that hold NaN or infinities, which are never saved.

    Raises:
        RunError: one does; the message names it.

    >>> require_finite({"game.k": torch.tensor([float("nan")])})
    Traceback (most recent call last):
    ...
    zerosum.errors.RunError: game.k holds numbers that are not finite.
    """
    for name, tensor in tensors.items():
        floats = tensor.is_floating_point() and not name.startswith(("optimizer.", "window."))
        if floats and not bool(tensor.isfinite().all()):
            raise RunError(f"{name} holds numbers that are not finite.")


def _require_like(name: str, given: Tensor, expected: Tensor) -> None:
    if given.shape != expected.shape or given.dtype != expected.dtype:
        raise RunError(f"{name} is {_form(given)}, and has to be {_form(expected)}.")


def _require_moments(
    given: Mapping[str, Tensor],
    config: OptimizerConfig,
    parameters: Sequence[nn.Parameter],
    *,
    prefix: str,
) -> None:
    """Of every parameter all that its optimizer remembers, or nothing, as before its first step."""
    found: dict[int, dict[str, Tensor]] = {}
    for name, tensor in given.items():
        number, _, key = name.partition(".")
        if not (
            number.isdecimal() and number == str(int(number)) and int(number) < len(parameters)
        ):
            raise RunError(f"{prefix}{name} belongs to no parameter.")
        found.setdefault(int(number), {})[key] = tensor
    forms: dict[tuple[torch.Size, torch.dtype], dict[str, Tensor]] = {}
    for number, moments in found.items():
        parameter = parameters[number]
        form = parameter.shape, parameter.dtype
        if form not in forms:
            forms[form] = _fresh_moments(config, parameter)
        require_tensors(moments, forms[form], prefix=f"{prefix}{number}.")
        played = float(moments.get("step", torch.zeros(())))
        if not 0 <= played <= _MOST:
            raise RunError(f"{prefix}{number}.step is {played}; it is a number from 0 up.")


def _fresh_moments(config: OptimizerConfig, parameter: nn.Parameter) -> dict[str, Tensor]:
    """What the optimizer remembers of such a parameter, after a step on one that is thrown away."""
    stand_in = nn.Parameter(torch.zeros_like(parameter))
    stand_in.grad = torch.zeros_like(stand_in)
    optimizer = config.build([stand_in])
    optimizer.step()
    return dict(optimizer.state[stand_in])


def _require_window(
    tensors: Mapping[str, Tensor], names: Sequence[str], trainer: "Trainer"
) -> None:
    """Terms and signals of the row of the history that is half filled."""
    plan = trainer.optimisation
    plays = max(move.repeats for move in trainer.moves) * plan.record_every * plan.accumulate
    for name in names:
        values = tensors.get(f"window.{name}")
        if name.partition("/")[0] not in trainer.players:
            raise RunError(f"the window names {name!r}, which belongs to no player.")
        if values is None or values.ndim != 1 or not 1 <= len(values) <= plays:
            form = "missing" if values is None else _form(values)
            raise RunError(f"window.{name} is {form}, and has to be 1 to {plays} numbers.")
        if values.is_complex():
            raise RunError(f"window.{name} is {_form(values)}, and has to be real numbers.")


def _require_noise(state: Tensor | None, device: torch.device) -> None:
    stream = Noise(0, device=device)
    if state is None:
        raise RunError("noise is missing.")
    _require_like("noise", state, stream.state())
    try:
        stream.set_state(state)
    except RuntimeError as error:
        raise RunError(f"noise is no state of a generator: {error}.") from error


def _require_scalars(scalars: Any) -> None:
    if not isinstance(scalars, dict):
        raise RunError("the numbers beside the tensors are no JSON object.")
    for name in ("step", "position"):
        value = scalars.get(name)
        if type(value) is not int or not 0 <= value <= _MOST:
            raise RunError(f"{name} is {value!r}; it is a whole number from 0 up.")
    seconds = scalars.get("seconds")
    if not isinstance(seconds, int | float) or not 0 <= seconds <= _MOST_SECONDS:
        raise RunError(f"seconds is {seconds!r}; it is a number from 0 up.")
    window = scalars.get("window")
    names = window if isinstance(window, list) else [None]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise RunError("window is no list of different names.")
    if not isinstance(scalars.get("notes", {}), dict):
        raise RunError("notes is no JSON object.")


def _require_position(trainer: "Trainer", step: int, position: int) -> None:
    """Whole batches were drawn, and not too many for so many steps.

    How many a game draws for a loss is its own affair, and may be none.
    """
    plan = trainer.optimisation
    size = plan.batch_size // plan.accumulate
    turns = sum(-(-step // m.every) * m.repeats for m in trainer.moves) * plan.accumulate
    most = size * turns * _MOST_DRAWS
    if position % size or position > most:
        raise RunError(
            f"position is {position} at step {step}; it is a multiple of {size}, the batch, up to "
            f"{most}."
        )


def _form(tensor: Tensor) -> str:
    shape = str(list(tensor.shape)) if tensor.ndim < 9 else f"of {tensor.ndim} dimensions"
    return f"{str(tensor.dtype).removeprefix('torch.')} {shape}"
