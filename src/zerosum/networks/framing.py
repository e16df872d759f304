"""A frame that is learned: images zoomed and shifted as a whole.

Jaderberg, Simonyan, Zisserman and Kavukcuoglu, "Spatial Transformer Networks", NIPS 2015,
arXiv:1506.02025, with one transformation for all images, without rotation.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample

_PACE = 10.0
"""How many times as fast as a weight a number of the frame moves."""


class Framing(nn.Module):
    """`[B, C, H, W]` to the same, seen through the frame; it begins as the whole image."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = nn.Parameter(torch.zeros(4))

    @property
    def frame(self) -> Tensor:
        """Log zooms across and down (above 0 the image shrinks), and shifts to the left and up.

        `[4]`; shifts are in halves of a side.
        """
        return _PACE * self.numbers

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, H, W]` to the same, float32; beyond its rim an image continues as it ends."""
        across, down, left, up = self.frame.float().unbind()
        columns = across.exp() * _centres(x.shape[3], x.device) + left
        rows = down.exp() * _centres(x.shape[2], x.device) + up
        grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)
        grid = grid.expand(x.shape[0], -1, -1, -1)  # len() would be a constant in a graph
        return grid_sample(x.float(), grid, padding_mode="border", align_corners=False)


def _centres(side: int, device: torch.device) -> Tensor:
    """Where the pixels of a side of length 2 lie, counted from its middle."""
    return (2 * torch.arange(side, device=device) + 1) / side - 1
