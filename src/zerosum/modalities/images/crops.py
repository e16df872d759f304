"""Crops of pictures as a data set of textures, and the directions in which pictures repeat."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor

from zerosum.data.base import Dataset, encode_labels
from zerosum.errors import DataError
from zerosum.faces import option
from zerosum.modalities.images.texture_space import MOST_WAVES, TextureSpace
from zerosum.pictures import luma
from zerosum.rng import Noise, derive_seed

LEAST_CROP, USUAL_CROP = 16, 48
"""Pixels a side of crops."""

_FEWEST = 3
"""How often a wave comes in a picture, at least, to be one."""
_SHORTEST = 4.0
"""Pixels of the shortest wave that is looked for."""
_EACH = 4
_LOOKS = 16
"""Waves of one texture at most."""
_STANDS_OUT, _SHARE = 60.0, 0.004
"""A wave has so many times the power of those around it, and this share of all."""


@dataclass(frozen=True)
class Picture:
    """A picture of a texture.

    Attributes:
        pixels: uint8 `[C, H, W]`.
        name: how messages call it.
        label: which texture it shows; None where there is one.
    """

    pixels: Tensor
    name: str
    label: str | None = None


class TextureCrops(Dataset):
    """Crops of pictures at random places, which are the same each time.

    Args:
        pictures: all of the same channels, none smaller than a crop.
        size: `(height, width)` of crops.
        count: how many.
        name: how messages call the data.
        space: what a crop is; if not given, it follows from the pictures.

    Attributes:
        crop: the space.
    """

    def __init__(
        self, pictures: Sequence[Picture], size: tuple[int, int], count: int, *, name: str,
        space: TextureSpace | None = None,
    ) -> None:  # fmt: skip
        self._pictures, self._size, self.name = pictures, size, name
        noise = Noise(derive_seed(0, "crops"))
        places = torch.tensor([_room(picture, size) for picture in pictures])
        self._which = noise.choice(count, places.prod(1).float())
        chance = noise.uniform(count, 2)
        self._corner = (chance * places[self._which]).long()
        labels, self._y = (), None
        if all(picture.label is not None for picture in pictures):
            codes, labels = encode_labels([picture.label for picture in pictures])
            self._y = codes[self._which]
        self.crop = space or _space_of(pictures, size, labels, self._y)
        self.space = self.crop
        digest = hashlib.sha256(repr((size, count, labels)).encode())
        for picture in pictures:
            digest.update(repr(tuple(picture.pixels.shape)).encode())
            digest.update(picture.pixels.contiguous().numpy().data)
        self.fingerprint = digest.hexdigest()[:32]

    def __len__(self) -> int:
        return len(self._which)

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """See `Dataset.take`."""
        height, width = self._size
        crops = []
        for i in indices.tolist():
            top, left = self._corner[i].tolist()
            pixels = self._pictures[int(self._which[i])].pixels
            crops.append(pixels[:, top : top + height, left : left + width])
        return torch.stack(crops), self.labels_of(indices)

    def labels_of(self, indices: Tensor) -> Tensor | None:
        """See `Dataset.labels_of`."""
        return None if self._y is None else self._y[indices]


def crops_of(
    pictures: Sequence[Picture],
    *,
    size: tuple[int, int] | None,
    count: int,
    holdout: float | None,
    name: str,
) -> TextureCrops:
    """Crops of pictures; with a `holdout` those of one end of each picture are kept apart.

    Args:
        pictures: all of the same channels.
        size: of crops; if not given, 48 x 48, or half of the smallest picture's shorter side.
        count: how many crops.
        holdout: share of each picture that is kept apart.
        name: how messages call the data.

    Raises:
        DataError: a picture is smaller than a crop, or a part that is kept apart.
    """
    sides = [min(picture.pixels.shape[1:]) for picture in pictures]
    if size is None:
        side = min(USUAL_CROP, max(LEAST_CROP, min(sides) // 2))
        size = side, side
    if min(size) < LEAST_CROP:
        raise DataError(
            f"crops of {size[0]} x {size[1]} are too small; a side has {LEAST_CROP} pixels or "
            f"more ({option('size', USUAL_CROP)})."
        )
    for picture in pictures:
        _require_holds(picture, size, "")
    if holdout is None:
        return TextureCrops(pictures, size, count, name=name)
    parts = [_cut(picture, holdout) for picture in pictures]
    for kept, held in parts:
        _require_holds(kept, size, f" of which {holdout:g} are kept apart")
        _require_holds(held, size, f", the {holdout:g} of it that are kept apart,")
    train = TextureCrops([kept for kept, _ in parts], size, count, name=name)
    apart = [held for _, held in parts]
    few = max(2, round(holdout * count))
    train.held_out = TextureCrops(apart, size, few, name=f"{name} (held out)", space=train.crop)
    train.notes = (f"{holdout:.0%} of each picture is kept apart; `evaluate` judges with it.",)
    return train


def waves_of(picture: Tensor) -> list[tuple[float, float]]:
    """Directions in which a picture repeats, the strongest first; none where it does not.

    These are peaks of its spectrum, as cycles for each pixel downwards and to the right.

    Args:
        picture: uint8 `[C, H, W]`.

    >>> stripes = (torch.arange(96) % 12 < 6).float().mul(200).expand(1, 96, 96)
    >>> [(round(1 / down) if down else 0, round(1 / right)) for down, right in waves_of(stripes)]
    [(0, 12)]
    """
    x = picture.float()
    grey = luma(x[None, :3])[0, 0] if len(x) >= 3 else x[0]
    height, width = grey.shape
    window = torch.hann_window(height, False)[:, None] * torch.hann_window(width, False)
    padded = 2 * height, 2 * width
    power = torch.fft.rfft2((grey - grey.mean()) * window, s=padded).abs().square()
    down = torch.fft.fftfreq(padded[0])[:, None].expand_as(power)
    right = torch.fft.rfftfreq(padded[1]).expand_as(power)
    length = (down.square() + right.square()).sqrt()
    times = ((down * height).square() + (right * width).square()).sqrt()
    left = power * ((times >= _FEWEST) & (length <= 1 / _SHORTEST))
    left = left * ((right > 0) | (down > 0))  # the other half says the same
    total, found = float(power.sum()), []
    rows, columns = torch.arange(padded[0])[:, None], torch.arange(power.shape[1])
    for _ in range(_LOOKS):
        if not float(left.max()) > 0:
            break  # so small, or so flat, that nothing could repeat
        row, column = divmod(int(left.argmax()), power.shape[1])
        near = _near(rows - row, columns - column, height)
        left = left * (near > 5) * (_near(rows + row, columns + column, height) > 5)
        around = power[(near > 5) & (near <= 14)]
        stands_out = float(power[row, column]) > _STANDS_OUT * float(around.median())
        if not stands_out or float(power[near <= 3].sum()) < _SHARE * total:
            continue
        wave = float(down[row, column]), float(right[row, column])
        if len(found) < _EACH and not any(_is_multiple(wave, one, 1 / height) for one in found):
            found.append(wave)
    return found


def _near(rows: Tensor, columns: Tensor, half: int) -> Tensor:
    """How far places of a spectrum of `2 * half` rows are, of which the last is beside the first.

    `rows` `[R, 1]` and `columns` `[C]` are differences; the result is `[R, C]`.
    """
    return ((rows + half) % (2 * half) - half).abs().maximum(columns.abs())


def _is_multiple(wave: tuple[float, float], of: tuple[float, float], blur: float) -> bool:
    """Whether a wave only gives another one its form: its cycles are 2, 3 or more times as many."""
    times = round(max(abs(a) for a in wave) / max(abs(b) for b in of))
    return times > 1 and all(abs(a - times * b) < blur for a, b in zip(wave, of, strict=True))


def _space_of(
    pictures: Sequence[Picture], size: tuple[int, int], labels: tuple[str, ...], y: Tensor | None
) -> TextureSpace:
    largest: dict[str | None, Tensor] = {}
    for picture in pictures:
        known = largest.get(picture.label)
        if known is None or picture.pixels[0].numel() > known[0].numel():
            largest[picture.label] = picture.pixels
    waves = [wave for pixels in largest.values() for wave in waves_of(pixels)]
    return TextureSpace(
        channels=len(pictures[0].pixels), height=size[0], width=size[1], labels=labels,
        label_counts=() if y is None else tuple(torch.bincount(y, minlength=len(labels)).tolist()),
        waves=tuple(waves[:MOST_WAVES]),
    )  # fmt: skip


def _room(picture: Picture, size: tuple[int, int]) -> tuple[int, int]:
    """How many places crops have in a picture, downwards and to the right."""
    height, width = picture.pixels.shape[1:]
    return height - size[0] + 1, width - size[1] + 1


def _cut(picture: Picture, share: float) -> tuple[Picture, Picture]:
    """What is left of a picture, and the end of its longer side."""
    dim = 1 if picture.pixels.shape[1] > picture.pixels.shape[2] else 2
    length = picture.pixels.shape[dim]
    held = ceil(share * length)
    kept, apart = picture.pixels.split([length - held, held], dim=dim)
    label = picture.label
    return Picture(kept, picture.name, label), Picture(apart, picture.name, label)


def _require_holds(picture: Picture, size: tuple[int, int], what: str) -> None:
    height, width = picture.pixels.shape[1:]
    if height < size[0] or width < size[1]:
        raise DataError(
            f"{picture.name}{what} has {height} x {width} pixels, fewer than a crop of "
            f"{size[0]} x {size[1]}. Give a larger picture, or smaller crops "
            f"({option('size', LEAST_CROP)} at least)."
        )
