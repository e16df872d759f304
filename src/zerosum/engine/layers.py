"""The layers of a player that looks at images, found by watching it look."""

from collections.abc import Callable
from math import prod
from typing import Any

from torch import Tensor, nn

from zerosum.engine.trainer import Trainer


def layers_of(player: str, trainer: Trainer) -> list[list[str]]:
    """Names of a player's parameters, layer by layer from the image up.

    A layer is all that makes feature maps of one size; the largest size comes first, so layers of
    networks of any kind count alike. What makes no maps, such as the decision, is the last layer.
    One step is played to see it: give a trainer that is not needed any more.
    """
    network = trainer.game.get_submodule(player)
    owners: dict[str, list[str]] = {}
    for name, _ in network.named_parameters():
        owner = name.rpartition(".")[0].partition(".parametrizations")[0]
        owners.setdefault(owner, []).append(f"{player}.{name}")
    areas = dict.fromkeys(owners, 0)
    for owner in owners:
        network.get_submodule(owner).register_forward_hook(_noting(areas, owner))
    trainer.play()
    trainer.loader.close()
    return [
        [name for owner, names in owners.items() if areas[owner] == area for name in names]
        for area in sorted(set(areas.values()), reverse=True)
    ]


def _noting(areas: dict[str, int], owner: str) -> Callable[[nn.Module, Any, Any], None]:
    def note(_module: nn.Module, _shown: Any, made: Any) -> None:
        if isinstance(made, Tensor) and made.ndim == 4:
            areas[owner] = max(areas[owner], prod(made.shape[2:]))

    return note
