"""Build a game that a file describes, which may be a stranger's, within what its weights allow."""

from collections.abc import Iterable, Sequence
from math import isfinite, prod
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from zerosum.errors import RunError, ZerosumError
from zerosum.games.base import Game, GameConfig
from zerosum.spaces import Space

_TIMES, _BESIDE = 16, 2**25
"""Numbers that building may make for each number that was saved, and as many besides: masks,
tables, first weights and what they are drawn from."""
_FOR_A_SAMPLE = 2**30
"""Numbers that one sample may take on its way to data, such as while phases are looked for."""
_EACH = 64
"""What an operation counts at least, so that not even empty layers go on for ever."""


def build_game(config: GameConfig, space: Space, saved: Iterable[Tensor]) -> Game:
    """The game that `config` describes, into which `saved` is to be loaded.

    Args:
        config: of the game.
        space: of its samples.
        saved: the tensors `[...]` of its state, which bound how large the game may be.

    Raises:
        RunError: it would be far larger than what was saved, or cannot be built.
        RecipeError: the method cannot handle that space.
    """
    allowance = _TIMES * sum(tensor.numel() for tensor in saved) + _BESIDE
    try:
        with _Allowance(allowance):
            game = config.build(space)
        with _Allowance(max(allowance, _FOR_A_SAMPLE), each=allowance):
            space.to_data(torch.zeros(1, *space.shape))  # what a sample would go through
        return game
    except ZerosumError:
        raise
    except Exception as error:  # networks may trust what they are given, and this is a stranger's
        raise RunError(
            f"the recorded recipe and space do not fit each other: {type(error).__name__}: {error}."
        ) from error


_BY_COUNT = ("arange", "eye", "linspace", "randperm")
"""Operations that take counts where others take sizes."""


class _Allowance(TorchDispatchMode):
    """Ends in an error before more numbers are made than are allowed, in all or at once."""

    def __init__(self, numbers: int, *, each: int | None = None) -> None:
        super().__init__()
        self._left, self._most = numbers, numbers if each is None else each

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        wanted = max(_wanted(func.overloadpacket.__name__, args), _EACH)
        self._left -= wanted
        if self._left < 0 or wanted > self._most:
            raise RunError(
                "the game that is described is far larger than the weights beside it. It is "
                "damaged, or made to fill the memory."
            )
        return func(*args, **(kwargs or {}))


def _wanted(name: str, args: Sequence[Any]) -> int:
    """How many numbers the operation `name` makes, at most."""
    shapes = [arg.shape for arg in args if isinstance(arg, Tensor)]
    if shapes:
        try:
            return prod(torch.broadcast_shapes(*shapes))
        except RuntimeError:
            return max(prod(shape) for shape in shapes)
    sizes = [prod(arg) for arg in args if isinstance(arg, list | tuple) and _whole(arg)]
    if sizes or name not in _BY_COUNT:
        return max(sizes, default=0)
    return max(int(arg) for arg in args if isinstance(arg, int | float) and isfinite(arg))


def _whole(arg: Sequence[Any]) -> bool:
    return all(isinstance(one, int) for one in arg)
