"""Several pictures of each thing as one source, joined as channels by name."""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import DataError
from zerosum.modalities.images.pair_space import JoinedSpace
from zerosum.spaces import ImageSpace


class JoinedImages(Dataset):
    """Pictures by name, row *i* of each joined as channels in the order of the names.

    Args:
        parts: pictures of equal number and size, by name; two or more.
        name: how messages call this data.

    Raises:
        DataError: one of them holds no images, or they differ in number or size.
    """

    def __init__(self, parts: Mapping[str, Dataset], *, name: str) -> None:
        spaces: dict[str, ImageSpace] = {}
        for key, part in parts.items():
            if not isinstance(part.space, ImageSpace):
                raise DataError(f"{name}: {key} holds {part.space.unit}, and images are needed.")
            spaces[key] = part.space
        forms = {
            key: (len(part), space.height, space.width)
            for (key, part), space in zip(parts.items(), spaces.values(), strict=True)
        }
        if len(set(forms.values())) > 1:
            listed = ", ".join(f"{n} of {h} x {w} in {key}" for key, (n, h, w) in forms.items())
            raise DataError(
                f"{name}: {listed}. Give as many pictures of each name, all of one size."
            )
        (_, height, width), self._parts, self.name = next(iter(forms.values())), parts, name
        depths = tuple(space.channels for space in spaces.values())
        self.space = JoinedSpace(
            channels=sum(depths), height=height, width=width, names=tuple(parts), depths=depths
        )
        text = " ".join(f"{key!r} {part.fingerprint}" for key, part in parts.items())
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()[:32]
        self._held = self._joined()

    def __len__(self) -> int:
        return len(next(iter(self._parts.values())))

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """uint8 `[B, C, H, W]`, without labels."""
        if self._held is not None:
            return self._held[indices], None
        return torch.cat([part.take(indices)[0] for part in self._parts.values()], 1), None

    @property
    def resident(self) -> tuple[Tensor, Tensor | None] | None:
        """All of them, uint8 `[N, C, H, W]`, if every part is held in memory."""
        return None if self._held is None else (self._held, None)

    def _joined(self) -> Tensor | None:
        """All pictures, if they are held."""
        held = [part.resident for part in self._parts.values()]
        known = [one[0] for one in held if one is not None]
        return torch.cat(known, 1) if len(known) == len(held) else None
