"""What a level is: a grid of tiles, each one of a few characters."""

import torch
from pydantic import Field, model_validator
from torch import Tensor

from zerosum.config import Size
from zerosum.errors import ConfigError, RecipeError
from zerosum.faces import verb
from zerosum.modalities.levels.rules import Rules
from zerosum.rng import Noise
from zerosum.spaces import ImageSpace, Space

MOST_SIDE = 64
"""Tiles of a side at most; longer levels are cut into windows."""


class LevelSpace(Space):
    """Levels: stored as uint8 `[N, H, W]`, seen by networks as a plane of 0 and 1 for each tile.

    Attributes:
        tiles: the character of each code.
        height: rows of tiles.
        width: columns of tiles.
        rules: what makes a level playable; None if nobody knows.
        fixed: tiles of which every level of the training data has as many, and how many.

    >>> LevelSpace(tiles=("#", "."), height=8, width=10).shape
    (2, 8, 10)
    """

    kind = "level"
    unit = "levels"
    axes = 2
    keeps_compact = True
    layouts = ("contiguous", "channels_last")
    tiles: tuple[str, ...] = Field(min_length=1, max_length=256)
    height: Size
    width: Size
    rules: Rules | None = None
    fixed: tuple[tuple[str, Size], ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> "LevelSpace":
        if len(set(self.tiles)) < len(self.tiles) or any(len(one) != 1 for one in self.tiles):
            raise ConfigError(f"tiles {self.tiles!r} are not different single characters.")
        fixed = dict(self.fixed)
        if not fixed.keys() < set(self.tiles) or sum(fixed.values()) >= self.height * self.width:
            raise ConfigError(
                f"fixed={self.fixed!r} names tiles that there are not, all of them, or more than "
                f"{self.height} x {self.width}."
            )
        if max(self.height, self.width) > MOST_SIDE:
            raise ConfigError(
                f"levels of {self.height} x {self.width} tiles are too large; a side has at most "
                f"{MOST_SIDE}."
            )
        return self

    @property
    def shape(self) -> tuple[int, int, int]:
        """`(tiles, height, width)`."""
        return len(self.tiles), self.height, self.width

    @property
    def description(self) -> str:
        """`levels of 8 x 10 tiles`."""
        return f"levels of {self.height} x {self.width} tiles"

    @property
    def as_images(self) -> ImageSpace:
        """Images of the same shape, for networks that take those."""
        return ImageSpace(
            channels=len(self.tiles), height=self.height, width=self.width, labels=self.labels,
            label_counts=self.label_counts,
        )  # fmt: skip

    @property
    def units(self) -> str:
        """The character of each plane."""
        return f"a plane for each of the tiles {''.join(self.tiles)!r}; the largest is the tile"

    def packed(self, count: int) -> Space:
        """Levels side by side have no space of their own.

        Raises:
            ConfigError: always.
        """
        raise ConfigError("levels are not packed by their space; set game.pack=1.")

    def to_model(self, compact: Tensor) -> Tensor:
        """float32 `[N, T, H, W]` of codes, uint8 `[N, H, W]`.

        >>> space = LevelSpace(tiles=("#", "."), height=1, width=2)
        >>> space.to_model(torch.tensor([[[0, 1]]], dtype=torch.uint8)).tolist()
        [[[[1.0, 0.0]], [[0.0, 1.0]]]]
        """
        planes = torch.nn.functional.one_hot(compact.long(), len(self.tiles))
        return planes.movedim(-1, 1).float()

    def to_data(self, x: Tensor) -> Tensor:
        """Codes, uint8 `[N, H, W]`, of planes `[N, T, H, W]`: the tile of the largest plane."""
        return x.argmax(dim=1).to(torch.uint8)

    def independent(self, real: Tensor, n: int, noise: Noise) -> Tensor:
        """uint8 `[n, H, W]`: each tile from those at its place in the reals."""
        return super().independent(real, n, noise).to(torch.uint8)

    def mismatch(self, other: Space, what: str) -> str | None:
        """See `Space.mismatch`; the tiles must be the same characters."""
        if isinstance(other, LevelSpace) and other.tiles != self.tiles:
            mine, theirs = ("".join(one.tiles) for one in (self, other))
            return (
                f"{what} has the tiles {theirs!r}, and the model makes {mine!r}. Give levels of "
                "the same tiles."
            )
        return super().mismatch(other, what)

    def text(self, level: Tensor) -> str:
        """One level, uint8 `[H, W]`, as lines of characters.

        >>> LevelSpace(tiles=("#", "."), height=1, width=2).text(torch.tensor([[0, 1]]))
        '#.'
        """
        return "\n".join("".join(self.tiles[code] for code in row) for row in level.tolist())


def require_levels(space: Space, *, network: str) -> LevelSpace:
    """`space`, known to hold levels of at least 8 x 8.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(space, LevelSpace):
        raise RecipeError(
            f"{network} takes levels, and the data is of kind {space.kind!r}. Take a recipe that "
            f"lists {space.kind!r} under {verb('recipes')}."
        )
    if min(space.height, space.width) < 8:
        raise RecipeError(
            f"{network} needs levels of at least 8 x 8 tiles; these are {space.height} x "
            f"{space.width}."
        )
    return space
