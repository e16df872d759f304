"""A model of textures: any size out."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from pydantic import TypeAdapter
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.errors import ConditionError, DataError
from zerosum.faces import option
from zerosum.modalities.images.forms import taken_in, with_alpha, with_channels
from zerosum.modalities.images.pixels import MAX_PIXELS, as_sides
from zerosum.modalities.images.rewriting import Translated, rewrite
from zerosum.modalities.images.texture_drawing import drawn_in, shades_of
from zerosum.modalities.images.texture_game import TextureGame
from zerosum.models.model import Model

LEAST_SIDE = 16
"""Pixels a side of a texture, at least."""

_AT_ONCE = 1 << 20
"""Pixels that are made at once if nothing else is asked for, and the most that are drawn in."""

_MOST_STRENGTH = 4.0

_LOOKED_AT = 8
"""Textures whose shades are looked at."""


class TextureModel(Model):
    """Makes textures that can be tiled, of the size of its crops if no other is asked for.

    >>> import zerosum as zs  # doctest: +SKIP
    >>> zs.load("runs/wall").sized("512x256").sample(1).save("tile.png")  # doctest: +SKIP
    """

    translation_wishes: ClassVar[tuple[str, ...]] = ("strength", "where", "seed")

    def sized(self, size: Any) -> Self:
        """The same model, whose samples have another size.

        Args:
            size: one number for both sides, `(height, width)`, or text: `512x256`.

        Raises:
            ConditionError: it is no size, or too small or too large.
        """
        wanted = option("size", "512x256")
        try:
            height, width = TypeAdapter(tuple[int, int]).validate_python(as_sides(size))
        except ValueError as error:
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

    def translate(
        self,
        pictures: Any,
        *,
        strength: float = 1.0,
        where: Mapping[str, Any] | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Any:
        """Draw one image or several in the texture, and return them in the form they came in.

        What is made is a tile of the texture whose light and shade are those of the image.

        Args:
            pictures: a path, a Pillow image, a uint8 array `[H, W, C]` or `[H, W]`, a uint8 tensor
                `[C, H, W]`, or a list of these. A path comes back as a Pillow image.
            strength: how far light and shade go, above 0 and up to 4; with 1, as far as they do in
                the texture itself.
            where: conditions, such as which texture by `label`.
            seed: decides what is left to chance.
            progress: called with how many steps, or images of a list, are done.

        Raises:
            DataError: an image cannot be used, or is too small or too large.
            ConditionError: the strength is out of range, or there is no such condition.
        """
        shades = self._shades(strength, where, seed)

        def one(picture: Any, tick: Progress | None) -> Any:
            pixels, give_back = taken_in(picture)
            return give_back(self._drawn(pixels, shades, strength, where, seed, tick))

        if not isinstance(pictures, list | tuple):
            return one(pictures, progress)
        made = []
        for picture in pictures:
            made.append(one(picture, None))
            if progress is not None:
                progress("translating images", len(made), len(pictures))
        return made

    def translate_files(
        self,
        source: Path | str,
        out: Path | str,
        *,
        strength: float = 1.0,
        where: Mapping[str, Any] | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Translated:
        """Draw an image, or all images below a folder or in a zip, into files.

        Names and subfolders are kept; what is written is PNG. Files that cannot be read, or
        are too small or too large, are skipped, and named in the result.

        Args:
            source: the image, folder or zip.
            out: an empty or new folder; for a single image also the name of a file.
            strength: as for `translate`.
            where: as for `translate`.
            seed: as for `translate`.
            progress: called with how many images, or steps of the only one, are done.

        Raises:
            DataError: there are no images, or none that can be read and drawn.
            ConditionError: as for `translate`.
            RunError: `out` is not empty, or cannot be written.
        """
        shades = self._shades(strength, where, seed)

        def make(pixels: Tensor, _name: str, tick: Progress | None) -> Tensor:
            return self._drawn(pixels, shades, strength, where, seed, tick)

        return rewrite(source, out, make, progress=progress)

    def _shades(self, strength: float, where: Mapping[str, Any] | None, seed: int) -> Tensor:
        """How light and dark places of the texture are."""
        if not 0 < strength <= _MOST_STRENGTH:
            raise ConditionError(
                f"{option('strength', strength)}: it is above 0 and at most {_MOST_STRENGTH:g}. "
                f"With {option('strength', 1)} light and shade go as far as in the texture itself."
            )
        assert isinstance(self.game, TextureGame)
        inputs = self.steer(self.draw(_LOOKED_AT, seed=seed), where or {}, seed=seed)
        with torch.no_grad():
            return shades_of(self.game.generate(inputs.to(self.device)), self.game)

    def _drawn(
        self, pixels: Tensor, shades: Tensor, strength: float, where: Mapping[str, Any] | None,
        seed: int, progress: Progress | None,
    ) -> Tensor:  # fmt: skip
        height, width = pixels.shape[1:]
        if min(height, width) < LEAST_SIDE or height * width > _AT_ONCE:
            raise DataError(
                f"an image of {height} x {width} cannot be drawn in a texture: sides have "
                f"{LEAST_SIDE} pixels or more, and the whole {_AT_ONCE:,} at most, such as 1024 x "
                "1024. Enlarge or shrink it."
            )
        made = self.sized((height, width))
        assert isinstance(made.game, TextureGame)
        seen, alpha = with_channels(pixels, self.space.shape[0])
        inputs = self.steer(made.draw(1, seed=seed), where or {}, seed=seed)
        x = drawn_in(
            made.game, inputs.to(self.device), seen.to(self.device), shades, strength=strength,
            progress=progress,
        )  # fmt: skip
        if alpha is None:
            return made.space.to_data(x[None])[0].cpu()
        colour = ((x + 1) * 127.5).clamp(0, 255).cpu()
        return with_alpha(colour, alpha, 1).round().to(torch.uint8)

    def _batch(self, n: int | None, batch_size: int | None) -> int:
        """As many at once as a memory holds."""
        _, height, width = self.space.shape
        usual = min(self.usual_batch, max(1, _AT_ONCE // (height * width)))
        return super()._batch(n, usual if batch_size is None else batch_size)
