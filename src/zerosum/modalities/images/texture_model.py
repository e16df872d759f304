"""A model of textures: any size out."""

import copy
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from zerosum.errors import ConditionError
from zerosum.faces import option
from zerosum.modalities.images.pixels import MAX_PIXELS, Sides
from zerosum.modalities.images.texture_game import TextureGame
from zerosum.models.model import Model

LEAST_SIDE = 16
"""Pixels a side of a texture, at least."""

_AT_ONCE = 1 << 20
"""Pixels that are made at once if nothing else is asked for."""


class TextureModel(Model):
    """Makes textures that can be tiled, of the size of its crops if no other is asked for.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> zs.load("runs/wall").sized("512x256").sample(1).save("tile.png")  # doctest: +SKIP
    """

    def sized(self, size: Any) -> Self:
        """The same model, whose samples have another size.

        Args:
            size: one number for both sides, `(height, width)`, or text: `512x256`.

        Raises:
            ConditionError: it is no size, or too small or too large.
        """
        wanted = option("size", "512x256")
        try:
            height, width = TypeAdapter(Sides).validate_python(size)
        except ValidationError as error:
            raise ConditionError(
                f"{size!r} is no size. Give one number, or HEIGHTxWIDTH: {wanted}."
            ) from error
        if min(height, width) < LEAST_SIDE or height * width > MAX_PIXELS:
            raise ConditionError(
                f"a texture of {height} x {width} cannot be made: sides have {LEAST_SIDE} pixels "
                f"or more, and the whole {MAX_PIXELS:,} at most, such as {wanted}."
            )
        assert isinstance(self.game, TextureGame)
        made = copy.copy(self)
        made.game = self.game.sized(height, width)
        made.space = made.game.space
        return made

    def _batch(self, n: int | None, batch_size: int | None) -> int:
        """As many at once as a memory holds."""
        _, height, width = self.space.shape
        usual = min(self.usual_batch, max(1, _AT_ONCE // (height * width)))
        return super()._batch(n, usual if batch_size is None else batch_size)
