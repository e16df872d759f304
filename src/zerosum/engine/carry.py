"""Carry the state of one trainer over to another whose recipe differs."""

from torch import Tensor

from zerosum.engine.trainer import Trainer
from zerosum.networks.base import adopt


def carry_over(tensors: dict[str, Tensor], trainer: Trainer) -> dict[str, Tensor]:
    """`tensors`, as `Trainer.state` gives them, in the form that `trainer` can load.

    What is not there, or has another shape that does not fit (see `adopt`), starts as it is in
    `trainer`; so do the moments of an optimizer whose parameter has another shape. Between equal
    recipes nothing changes.
    """
    fresh, _ = trainer.state()
    carried = {}
    for name, new in fresh.items():
        saved = tensors.get(name)
        grown = None if saved is None else adopt(saved, new)
        carried[name] = new if grown is None else grown
    for player, parameters in trainer.players.items():
        for i, parameter in enumerate(parameters):
            start = f"optimizer.{player}.{i}."
            moments = {name: t for name, t in tensors.items() if name.startswith(start)}
            if all(t.ndim == 0 or t.shape == parameter.shape for t in moments.values()):
                carried |= moments
    return carried
