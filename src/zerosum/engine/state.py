"""Parts of a trainer's state: which tensors are averaged, and how they are put back."""

from torch import Tensor, empty_like, nn

from zerosum.games.base import Game


def averaged_tensors(game: Game) -> dict[str, Tensor]:
    """Parameters and floating-point buffers of the players that are averaged, by dotted name."""
    state = game.state_dict(keep_vars=True)
    return {
        name: tensor
        for name, tensor in state.items()
        if name.split(".")[0] in game.averaged and tensor.is_floating_point()
    }


def swap(pairs: list[tuple[Tensor, Tensor]]) -> None:
    """Exchange the values of each pair."""
    for tensor, average in pairs:
        tensor.data, average.data = average.data, tensor.data


def below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors whose names begin with `prefix`, without it."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def like(saved: Tensor, parameter: nn.Parameter) -> Tensor:
    """`saved` on the parameter's device, and in its memory layout where the shapes agree."""
    if saved.shape != parameter.shape:
        return saved.to(parameter.device)
    return empty_like(parameter, dtype=saved.dtype, requires_grad=False).copy_(saved)
