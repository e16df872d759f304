"""A trained model that translates images: any size, in tiles, with alpha carried along."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from zerosum.data.archives import Archive, Folder
from zerosum.data.base import Progress
from zerosum.errors import ConditionError, DataError
from zerosum.faces import option
from zerosum.games.base import Inputs
from zerosum.modalities.images.forms import (
    read_image,
    taken_in,
    with_alpha,
    with_channels,
)
from zerosum.modalities.images.rewriting import Translated, rewrite
from zerosum.modalities.images.several import seen_as, single
from zerosum.modalities.images.tiles import cut, in_tiles
from zerosum.modalities.images.translation_game import TranslationGame
from zerosum.models.model import Model
from zerosum.networks.translator import up_to
from zerosum.rng import Noise, derive_seed
from zerosum.spaces import Batch

_TILE = 256
"""Side of a tile where none is asked for and the training images are smaller."""

_PIECE = 256
"""Sources that are prepared at once for a judge."""

_HOLE = 128
"""Shade of a mask from which on a pixel is to be filled."""


@dataclass(frozen=True)
class _Wishes:
    direction: str
    tile: int
    overlap: int


class TranslationModel(Model):
    """A generator from images to images."""

    translation_wishes: ClassVar[tuple[str, ...]] = ("mask", "direction", "tile", "overlap")

    @property
    def translation(self) -> TranslationGame:
        """The game, which is one that translates."""
        assert isinstance(self.game, TranslationGame)
        return self.game

    def inputs_like(
        self, reals: Tensor, y: Tensor | None, sources: Tensor | None, seed: int
    ) -> Inputs:
        """Sources of reals `[N, C, H, W]`: the given ones `[N, ...]`, or made from the reals."""
        game, noise, pieces = self.translation, Noise(derive_seed(seed, "sources")), []
        for start in range(0, len(reals), _PIECE):
            x = game.space.to_model(reals[start : start + _PIECE])
            given = None if sources is None else sources[start : start + _PIECE]
            source = None if given is None else game.source.to_model(given)
            pieces.append(game.sources(Batch(x, None, source), noise))
        return self.labelled(Inputs(torch.cat(pieces)), y)

    @property
    def directions(self) -> tuple[str, ...]:
        """Ways in which it translates; the first is the default."""
        return self.translation.directions

    def translate(
        self,
        pictures: Any,
        *,
        mask: Any = None,
        direction: str | None = None,
        tile: int | None = None,
        overlap: int | None = None,
        progress: Progress | None = None,
    ) -> Any:
        """Translate one image or several, of any size, and return them in the form they came in.

        Args:
            pictures: a path, a Pillow image, a uint8 array `[H, W, C]` or `[H, W]`, a uint8 tensor
                `[C, H, W]`, or a list of these. A path comes back as a Pillow image. Where the
                model makes an image from several, these by name: `{"person": ..., "garment": ...}`;
                what is made has the form of the first.
            mask: of a model that fills holes: which pixels to fill, white (128 or more) or true,
                in any of these forms.
            direction: one of `directions`.
            tile: side of the tiles that larger images are translated in; if not given, 256 or the
                side of the training images, whichever is more.
            overlap: by how much tiles overlap; a quarter of a tile if not given.
            progress: called with how many tiles, or images of a list, are done.

        Raises:
            DataError: an image or the mask cannot be used.
            ConditionError: there is no such direction, the model takes no mask or needs one, or
                tiles are too small.
        """
        wishes = self._wishes(direction, tile, overlap, masked=mask is not None)
        hole = None if mask is None else _hole(mask)
        if isinstance(pictures, list | tuple):
            made = []
            for picture in pictures:
                made.append(self._translated(picture, hole, wishes, None))
                if progress is not None:
                    progress("translating images", len(made), len(pictures))
            return made
        return self._translated(pictures, hole, wishes, progress)

    def translate_files(
        self,
        source: Path | str | Mapping[str, Path | str],
        out: Path | str,
        *,
        mask: Path | str | None = None,
        direction: str | None = None,
        tile: int | None = None,
        overlap: int | None = None,
        progress: Progress | None = None,
    ) -> Translated:
        """An image, or all images below a folder or in a zip, into files.

        Names and subfolders are kept; what is written is PNG, which loses nothing. Files that
        cannot be read are skipped, and named in the result.

        Args:
            source: the image, folder or zip. Where the model makes an image from several, a folder
                or zip with a subfolder of each name, or an image or folder by name.
            out: an empty or new folder; for a single image also the name of a .png file.
            mask: one for all, or a folder of masks with the images' names.
            direction: as for `translate`.
            tile: as for `translate`.
            overlap: as for `translate`.
            progress: called with how many images, or tiles of the only one, are done.

        Raises:
            DataError: there are no images, none can be read, or a mask does not fit.
            ConditionError: as for `translate`.
            RunError: `out` is not empty, or cannot be written.
        """
        wishes = self._wishes(direction, tile, overlap, masked=mask is not None)
        taken = self.translation.pictures(wishes.direction)[0]
        mask = None if mask is None else Path(mask)
        one = single(source, taken) is not None
        hole_of = (lambda _: None if mask is None else _hole(mask)) if one else _holes(mask)

        def make(pixels: Tensor, name: str, tick: Progress | None) -> Tensor:
            return self._pixels(pixels, hole_of(name), wishes, tick)

        return rewrite(source, out, make, space=taken, progress=progress)

    def _translated(
        self, picture: Any, hole: Tensor | None, wishes: _Wishes, progress: Progress | None
    ) -> Any:
        pixels, give_back = seen_as(picture, self.translation.pictures(wishes.direction)[0])
        return give_back(self._pixels(pixels, hole, wishes, progress))

    @torch.no_grad()
    def _pixels(
        self, pixels: Tensor, hole: Tensor | None, wishes: _Wishes, progress: Progress | None
    ) -> Tensor:
        """An image `[C, H, W]` in 0 to 255, translated: uint8 `[C', factor * H, factor * W]`."""
        game = self.translation
        taken, made = game.pictures(wishes.direction)
        _require_size(pixels, hole)
        seen, alpha = with_channels(pixels, taken.channels)
        x = seen[None].to(self.device) / 127.5 - 1
        given = None if hole is None else hole[None, None].to(x)
        source = game.framed(game.prepare(x, given), wishes.direction)
        stride = game.network(wishes.direction).stride
        rows, columns = (
            cut(side, tile=wishes.tile, overlap=wishes.overlap, stride=stride)
            for side in pixels.shape[1:]
        )
        y = in_tiles(
            lambda tile: game.translate_framed(tile, direction=wishes.direction),
            source, factor=game.factor, rows=rows, columns=columns,
            tick=lambda done, total: progress("translating tiles", done, total)
            if progress is not None
            else None,
        )  # fmt: skip
        colour = (y[0] + 1) * 127.5
        if alpha is not None and made.channels != 4 and game.keeps_alpha:
            alpha = game.framed(alpha[None].to(self.device), wishes.direction)[0].to(alpha)
            if hole is not None:  # what is filled can be seen
                alpha = torch.where(hole, 255.0, alpha)
            colour = with_alpha(colour.clamp(0, 255), alpha, game.factor)
        whole = colour.round().clamp(0, 255).to(torch.uint8)
        if hole is not None:
            whole = _with_known(whole, pixels, seen, hole)
        return whole

    def _wishes(
        self, direction: str | None, tile: int | None, overlap: int | None, *, masked: bool
    ) -> _Wishes:
        game = self.translation
        direction = direction or self.directions[0]
        if direction not in self.directions:
            raise ConditionError(
                f"direction is {direction!r}, and this model translates "
                f"{' and '.join(self.directions)} alone."
            )
        if masked and not game.takes_mask:
            raise ConditionError("this model fills no holes, so it takes no mask. Leave it out.")
        if game.takes_mask and not masked:
            raise ConditionError(
                "this model fills holes, and needs to know where they are: give a mask, an image "
                f"of the same size that is white where to fill ({option('mask', 'mask.png')})."
            )
        stride = game.network(direction).stride
        least = up_to(16, 2 * stride)
        tile = max(_TILE, *self.space.shape[1:]) if tile is None else tile
        overlap = tile // 4 if overlap is None else overlap
        if tile < least or not 0 <= overlap <= tile // 2:
            raise ConditionError(
                f"tile={tile}, overlap={overlap}: a tile has {least} pixels a side or more, and "
                "tiles overlap by half of that at most."
            )
        tile = up_to(tile, 2 * stride)
        return _Wishes(direction, tile, min(up_to(overlap, stride), tile // 2))


def _require_size(pixels: Tensor, hole: Tensor | None) -> None:
    height, width = pixels.shape[1:]
    if not height or not width:
        raise DataError(f"an image of {height} x {width} has no pixels.")
    if hole is not None and hole.shape != (height, width):
        raise DataError(
            f"the mask is {hole.shape[0]} x {hole.shape[1]} and the image {height} x {width} "
            "(height x width). Give a mask of the image's size."
        )


def _with_known(made: Tensor, pixels: Tensor, seen: Tensor, hole: Tensor) -> Tensor:
    """What was made, but pixels outside of holes as they were given."""
    known = pixels if len(pixels) == len(made) else seen.round().to(torch.uint8)
    return torch.where(hole, made[: len(known)], known)


def _hole(mask: Any) -> Tensor:
    """Which pixels to fill, bool `[H, W]`, from a mask in any form."""
    if isinstance(mask, Tensor | np.ndarray) and mask.dtype in (torch.bool, np.bool_):
        mask = (torch.as_tensor(mask) * 255).to(torch.uint8).numpy()
    if isinstance(mask, Tensor) and mask.ndim == 2:
        mask = mask[None]
    pixels, _ = taken_in(mask)
    return with_channels(pixels, 1)[0][0] >= _HOLE


def _holes(mask: Path | None) -> Callable[[str], Tensor | None]:
    """From the name of an image to its hole."""
    if mask is None:
        return lambda _: None
    if not mask.is_dir():
        one = _hole(mask)
        return lambda _: one
    archive: Archive = Folder(mask)
    known = {PurePosixPath(name).with_suffix("").as_posix(): name for name in archive.names}

    def find(name: str) -> Tensor:
        stem = PurePosixPath(name).with_suffix("").as_posix()
        if stem not in known:
            raise DataError(f"there is no mask called {stem} in {mask}. Add one for each image.")
        return with_channels(read_image(archive, known[stem]), 1)[0][0] >= _HOLE

    return find
