"""Parts of a trainer's state: what players learn, what is averaged, and how it is put back."""

from collections.abc import Sequence

from torch import Tensor, empty_like, nn

from zerosum.engine.optimisation import Optimisation
from zerosum.errors import ConfigError, did_you_mean
from zerosum.games.base import Game, Move


def players_of(
    game: Game, moves: Sequence[Move], optimisation: Optimisation
) -> dict[str, list[nn.Parameter]]:
    """The parameters that every player learns, by its name; one that has no moves sits out.

    Raises:
        ConfigError: players and optimizers do not match, a frozen part does not exist, or all of a
            player is frozen.
    """
    names, known = {move.player: None for move in moves}, optimisation.optimizers
    if not names.keys() <= known.keys() or not all(hasattr(game, name) for name in known):
        raise ConfigError(
            f"optimisation.optimizers names {sorted(optimisation.optimizers)}, and the players are "
            f"{sorted(names)}. Give one optimizer for each player."
        )
    frozen = _frozen(game, optimisation)
    players = {
        name: [one for one in game.get_submodule(name).parameters() if one not in frozen]
        for name in names
    }
    for name, parameters in players.items():
        if not parameters:
            raise ConfigError(
                f"optimisation.frozen holds all of the {name}, so it has nothing to learn. Leave "
                "some of it out."
            )
    return players


def _frozen(game: Game, optimisation: Optimisation) -> set[nn.Parameter]:
    frozen: set[nn.Parameter] = set()
    every = dict(game.named_parameters(remove_duplicate=False))
    for part in optimisation.frozen:
        found = {one for name, one in every.items() if f"{name}.".startswith(f"{part}.")}
        if not found:
            parts = {".".join(name.split(".")[:n]) for name in every for n in (2, 3)}
            raise ConfigError(
                f"optimisation.frozen names {part!r}, and the game has no such part."
                f"{did_you_mean(part, parts | every.keys())}"
            )
        frozen |= found
    return frozen


def averaged_tensors(game: Game) -> dict[str, Tensor]:
    """Parameters and floating-point buffers `[...]` of averaged players, by dotted name."""
    state = game.state_dict(keep_vars=True)
    return {
        name: tensor
        for name, tensor in state.items()
        if name.split(".")[0] in game.averaged and tensor.is_floating_point()
    }


def swap(pairs: list[tuple[Tensor, Tensor]]) -> None:
    """Exchange the values of each pair of tensors `[...]`, in place.

    >>> from torch import ones, zeros
    >>> a, b = zeros(1), ones(1)
    >>> swap([(a, b)])
    >>> a, b
    (tensor([1.]), tensor([0.]))
    """
    for tensor, average in pairs:
        tensor.data, average.data = average.data, tensor.data


def below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors `[...]` whose names begin with `prefix`, by the rest of the name.

    >>> from torch import ones
    >>> below("game.", {"game.k": ones(1), "noise": ones(1)})
    {'k': tensor([1.])}
    """
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def like(saved: Tensor, parameter: nn.Parameter) -> Tensor:
    """`saved` `[...]` on the parameter's device, and in its memory layout if the shapes agree.

    >>> from torch import ones
    >>> like(ones(2, 2), nn.Parameter(ones(2, 2))).requires_grad
    False
    """
    if saved.shape != parameter.shape:
        return saved.to(parameter.device)
    return empty_like(parameter, dtype=saved.dtype, requires_grad=False).copy_(saved)
