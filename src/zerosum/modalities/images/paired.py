"""Pairs of images as a data set, and pairs of arrays that the caller holds."""

import hashlib
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from zerosum.data.arrays import samples_and_labels, shape_and_type
from zerosum.data.base import DataConfig, Dataset, Progress, other_kind
from zerosum.errors import DataError
from zerosum.modalities.images.arrays import HeldImages, ImageArrays
from zerosum.modalities.images.joined import JoinedImages
from zerosum.modalities.images.pair_space import PairSpace
from zerosum.spaces import ImageSpace, Space


class PairDataset(Dataset):
    """Targets, with the sources that they are made from.

    `take` gives targets alone, so that whoever judges or shows samples sees ordinary images.

    Args:
        sources: what is translated.
        targets: what it is translated into.
        aligned: whether row *i* of one belongs to row *i* of the other.

    Raises:
        DataError: one of them holds no images, or aligned ones are not of one size and number.
    """

    def __init__(self, sources: Dataset, targets: Dataset, *, aligned: bool, name: str) -> None:
        source, target = sources.space, targets.space
        if not isinstance(source, ImageSpace) or not isinstance(target, ImageSpace):
            raise DataError(
                f"sources and targets must be images; these are of the kinds {source.kind!r} and "
                f"{target.kind!r}."
            )
        if aligned and len(sources) != len(targets):
            raise DataError(
                f"{name}: {len(sources)} sources and {len(targets)} targets; aligned pairs need as "
                "many of one as of the other."
            )
        if source.shape[1:] != target.shape[1:]:
            raise DataError(
                f"{name}: sources of {source.height} x {source.width} and targets of "
                f"{target.height} x {target.width}. Bring both to one size."
            )
        self.sources, self.targets, self.aligned, self.name = sources, targets, aligned, name
        self.space = PairSpace(
            channels=target.channels, height=target.height, width=target.width,
            source=source.model_copy(update={"labels": (), "label_counts": ()}), aligned=aligned,
        )  # fmt: skip
        text = f"{sources.fingerprint} {targets.fingerprint} {aligned}"
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()[:32]

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Targets of rows `[B]`, uint8 `[B, C, H, W]`; pairs have no labels."""
        return self.targets.take(indices)[0], None

    def sources_of(self, indices: Tensor) -> Tensor:
        """Sources of these rows, uint8 `[B, C, H, W]`; as many others if data is unpaired."""
        assert self.sources is not None
        return self.sources.take(indices if self.aligned else indices % len(self.sources))[0]

    @property
    def resident(self) -> tuple[Tensor, Tensor | None] | None:
        """All targets, uint8 `[N, C, H, W]`, if they are held in memory; else None."""
        held = self.targets.resident
        return None if held is None else (held[0], None)


class PairArrays(ImageArrays):
    """Two arrays that the caller holds: sources, and targets.

    In place of sources, a mapping holds several arrays by name, which are joined as channels.
    """

    kind = "pair_arrays"
    spaces = ("pair",)
    aligned: bool = False

    @classmethod
    def claims(cls, data: Any) -> float:
        """A pair of arrays, or of arrays with labels; the first may be several by name."""
        if not isinstance(data, tuple | list) or len(data) != 2:
            return 0.0
        sources = [*data[0].values()] if isinstance(data[0], Mapping) else [data[0]]
        arrays = [shape_and_type(one) is not None for one in (*sources, data[1])]
        return 0.8 if sources and all(arrays) else 0.0

    def build(self, progress: Progress | None = None) -> Dataset:
        """Always an error: the arrays are gone.

        Raises:
            DataError: say which data to use.
        """
        return HeldImages().build()

    def open(self, data: Any, progress: Progress | None = None) -> tuple[Dataset, DataConfig]:
        """Pair the two arrays.

        Raises:
            DataError: one of them cannot be used, or they do not belong together.
        """
        given, target = data
        targets = self.dataset(*samples_and_labels(target), name="array")
        if not isinstance(given, Mapping):
            sources = self.dataset(*samples_and_labels(given), name="array")
            return PairDataset(sources, targets, aligned=self.aligned, name="two arrays"), self
        if not self.aligned:
            raise DataError(
                f"{' and '.join(map(str, given))} are several sources, which belong together; "
                "cyclegan takes one that belongs to nothing. Train pix2pix, or give one array."
            )
        parts = {
            str(name): self.dataset(*samples_and_labels(one), name=str(name))
            for name, one in given.items()
        }
        joined = JoinedImages(parts, name="arrays")
        return PairDataset(joined, targets, aligned=True, name="arrays"), self

    @classmethod
    def options_like(cls, space: Space, like: DataConfig | None) -> dict[str, Any]:
        """See `DataConfig.options_like`."""
        if not isinstance(space, PairSpace):
            raise other_kind("pairs of images", space)
        size = {"size": (space.height, space.width), "aligned": space.aligned}
        return super().options_like(space, like) | size
