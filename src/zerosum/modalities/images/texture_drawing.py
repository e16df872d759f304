"""Photos drawn in a texture: a tile whose light and shade are those of a photo.

The texture's own generator makes the picture, so it is of that texture at every place. What is
looked for are its latents: those whose tile has the shades of the photo, averaged over the places
of the lattice, while they stay as spread as latents of samples are. Gatys, Ecker and Bethge, "Image
Style Transfer Using Convolutional Neural Networks", CVPR 2016, look for pixels in this way; here
latents are looked for, so that whatever is found is a texture that the critic has been shown.
"""

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from zerosum.data.base import Progress
from zerosum.games.base import Inputs
from zerosum.modalities.images.texture_game import TextureGame
from zerosum.modalities.images.torus import MOVES, lattice_of
from zerosum.pictures import luma

_STEPS, _RATE = 120, 0.15


def drawn_in(
    game: TextureGame, inputs: Inputs, photo: Tensor, shades: Tensor, *, strength: float,
    progress: Progress | None = None,
) -> Tensor:  # fmt: skip
    """A texture `[C, H, W]` in [-1, 1] with the light and shade of a photo.

    Args:
        game: of the texture, at the size of the photo.
        inputs: of one texture, where the search begins.
        photo: float `[C, H, W]`, in any units.
        shades: textures averaged over places of the lattice, `[N, C, h, w]`; see `shades_of`.
        strength: how far shades go, relative to how far they do in the texture.
        progress: called with how many steps are done.
    """
    size = (game.space.height, game.space.width)
    mean, std = shades.mean((0, 2, 3)), shades.std((0, 2, 3)).clamp_min(1e-3)
    light = shades_of(photo[None] if len(photo) == 1 else luma(photo[None]), game)[0]
    light = (light - light.mean()) / light.std(correction=0).clamp_min(1e-6)
    wanted = mean[:, None, None] + strength * std[:, None, None] * light
    z = inputs.z.clone().requires_grad_()
    optimizer = torch.optim.Adam([z], lr=_RATE)
    for step in range(_STEPS):
        if progress is not None:
            progress("drawing", step, _STEPS)
        x = game.generator(z, inputs.y, size)
        away = ((shades_of(x, game)[0] - wanted) / std[:, None, None]).square().mean()
        spread = (z[:, MOVES:].square().mean() - 1).clamp_min(0)
        (z.grad,) = torch.autograd.grad(away + spread, z)
        optimizer.step()
    with torch.no_grad():
        return game.generator(z, inputs.y, size)[0]


def shades_of(x: Tensor, game: TextureGame) -> Tensor:
    """Images `[B, C, H, W]` averaged over places of the lattice, `[B, C, h, w]`."""
    height, width = x.shape[2:]
    return adaptive_avg_pool2d(x, lattice_of((height, width), game.generator.stride))
