"""Carry the state of one trainer over to another whose recipe, or whose data, differs."""

from dataclasses import dataclass

from torch import Tensor

from zerosum.engine.state import below
from zerosum.engine.trainer import Trainer
from zerosum.networks.base import adopt


def carry_over(tensors: dict[str, Tensor], trainer: Trainer) -> dict[str, Tensor]:
    """`tensors`, as `Trainer.state` gives them, in the form that `trainer` can load.

    What is not there, or has a shape that does not fit (see `adopt`), starts as it is in
    `trainer`; so do the moments of an optimizer whose parameter has another shape. Between equal
    recipes nothing changes.

    Args:
        tensors: of another trainer, `[...]` each, by dotted name.
        trainer: they are to be loaded into it.

    Returns:
        Tensors with the names and shapes `[...]` of the trainer's own state.
    """
    fresh, _ = trainer.state()
    carried = {}
    for name, new in fresh.items():
        saved = tensors.get(name)
        grown = None if saved is None else adopt(saved, new)
        carried[name] = new if grown is None else grown
    carried |= {name: t for name, t in tensors.items() if name.startswith("window.")}
    for player, parameters in trainer.players.items():
        for i, parameter in enumerate(parameters):
            start = f"optimizer.{player}.{i}."
            moments = {name: t for name, t in tensors.items() if name.startswith(start)}
            if all(t.ndim == 0 or t.shape == parameter.shape for t in moments.values()):
                carried |= moments
    return carried


@dataclass(frozen=True)
class Inheritance:
    """What players took over of another training's weights.

    Attributes:
        taken: names of parameters and buffers that are the other's, or have grown from them.
        fresh: names of those that start as they were drawn.
        shares: of each player's numbers, how many are taken, 0 to 1.
    """

    taken: tuple[str, ...]
    fresh: tuple[str, ...]
    shares: dict[str, float]


def inherit(tensors: dict[str, Tensor], trainer: Trainer) -> Inheritance:
    """Start a fresh trainer with the players of another, whose `Trainer.state` had `tensors`.

    Players that were averaged are taken as their average. What a game remembers apart from its
    players (pools of fakes, counts of labels, how strong an augmentation is), optimizers, noise and
    clock are the trainer's own. What is not there, or has a shape that does not fit (see `adopt`),
    starts as it is.

    Args:
        tensors: of the other trainer, `[...]` each, by dotted name.
        trainer: fresh; changed in place.
    """
    given = {name: t for name, t in below("game.", tensors).items() if _player(name, trainer)}
    given |= {name: t for name, t in below("average.", tensors).items() if name in given}
    whole = {f"{part}.{name}": t for name, t in given.items() for part in ("game", "average")}
    fresh, scalars = trainer.state()
    trainer.load_state(carry_over(whole, trainer), scalars)
    mine = {name: t for name, t in below("game.", fresh).items() if _player(name, trainer)}
    taken = {n: t for n, t in mine.items() if n in given and adopt(given[n], t) is not None}
    shares = {
        player: _numbers(below(f"{player}.", taken)) / _numbers(below(f"{player}.", mine))
        for player in trainer.players
    }
    return Inheritance(tuple(taken), tuple(name for name in mine if name not in taken), shares)


def _player(name: str, trainer: Trainer) -> bool:
    return name.partition(".")[0] in trainer.players


def _numbers(tensors: dict[str, Tensor]) -> int:
    return sum(tensor.numel() for tensor in tensors.values())
