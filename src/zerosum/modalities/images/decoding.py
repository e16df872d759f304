"""Images of an archive decoded by several threads, all at once or as they are needed."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

from zerosum.data.archives import Archive
from zerosum.data.base import Dataset, Progress
from zerosum.errors import DataError
from zerosum.faces import option
from zerosum.modalities.images.pixels import Fit, Half, Range, read_pixels
from zerosum.spaces import ImageSpace

_T = TypeVar("_T")
_R = TypeVar("_R")
_CHUNK = 1024


class StreamedImages(Dataset):
    """Images that are decoded when they are needed."""

    def __init__(
        self,
        decode: "Decoder",
        y: Tensor | None,
        labels: tuple[str, ...],
        *,
        name: str,
        fingerprint: str,
    ) -> None:
        self._decode, self._y = decode, y
        self.name, self.fingerprint = name, fingerprint
        counts = () if y is None else tuple(torch.bincount(y, minlength=len(labels)).tolist())
        height, width = decode.size
        self.space = ImageSpace(
            channels=decode.channels, height=height, width=width,
            labels=labels, label_counts=counts,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self._decode.names)

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Decode images.

        Args:
            indices: of the images, int64 `[B]`.

        Returns:
            uint8 `[B, C, H, W]`, and labels, int64 `[B]`, or None without labels.

        Raises:
            DataError: a file cannot be read any more.
        """
        x = torch.stack([self._read(int(i)) for i in indices])
        return x, None if self._y is None else self._y[indices]

    def labels_of(self, indices: Tensor) -> Tensor | None:
        """The labels, int64 `[B]`, without decoding images; None without labels."""
        return None if self._y is None else self._y[indices]

    def _read(self, index: int) -> Tensor:
        try:
            return self._decode(index)
        except DataError as error:
            raise DataError(
                f"{self.name}: {self._decode.names[index]}: {error}. Mend or remove it and start "
                f"again, or say {option('skip_bad', True)} to have all images checked first."
            ) from error


class Decoder:
    """Reads image *i* of an archive as uint8 `[C, H, W]`."""

    def __init__(
        self,
        archive: Archive,
        names: list[str],
        size: tuple[int, int],
        fit: Fit,
        channels: int,
        *,
        pixel_range: Range | None = None,
        half: Half | None = None,
    ) -> None:
        self.archive, self.names, self.size = archive, names, size
        self.fit: Fit = fit
        self.channels = channels
        self.pixel_range = pixel_range
        self.half: Half | None = half

    def __call__(self, index: int) -> Tensor:
        """The image, or a `DataError` that says why it cannot be read."""
        return read_pixels(
            self.archive, self.names[index], self.size, self.fit, self.channels,
            pixel_range=self.pixel_range, half=self.half,
        )  # fmt: skip

    def all(self, progress: Progress | None) -> tuple[list[int], Tensor, list[tuple[str, str]]]:
        """Indices that could be decoded, their pixels `[N, C, H, W]`, and names that could not."""
        pixels = torch.empty((len(self.names), self.channels, *self.size), dtype=torch.uint8)
        kept: list[int] = []
        bad: list[tuple[str, str]] = []
        done = in_threads(self._try, range(len(self.names)), progress, "decoding images")
        for index, result in enumerate(done):
            if isinstance(result, str):
                bad.append((self.names[index], result))
                continue
            pixels[len(kept)] = result
            kept.append(index)
        return kept, pixels[: len(kept)], bad

    def check(self, progress: Progress | None) -> tuple[list[int], list[tuple[str, str]]]:
        """Indices that can be decoded, and names that cannot; no pixels are kept."""

        def problem(index: int) -> str | None:
            result = self._try(index)
            return result if isinstance(result, str) else None

        everything = range(len(self.names))
        problems = list(in_threads(problem, everything, progress, "checking images"))
        kept = [index for index in everything if problems[index] is None]
        return kept, [(n, p) for n, p in zip(self.names, problems, strict=True) if p is not None]

    def _try(self, index: int) -> Tensor | str:
        try:
            return self(index)
        except DataError as error:
            return str(error)


def fingerprint_of_files(decode: Decoder, labels: list[str] | None) -> str:
    """Names, lengths and labels of all files, and how they are brought to size."""
    told = [decode.size, decode.fit, decode.channels]
    told += [one for one in (decode.pixel_range, decode.half) if one is not None]
    digest = hashlib.sha256(repr(tuple(told)).encode())
    values = labels or [None] * len(decode.names)
    for name, label in zip(decode.names, values, strict=True):
        digest.update(repr((name, decode.archive.size(name), label)).encode())
    return digest.hexdigest()[:32]


def in_threads(
    work: Callable[[_T], _R], items: Sequence[_T], progress: Progress | None, what: str
) -> Iterator[_R]:
    """Results in order; `progress` is told every hundredth."""
    done = 0
    with ThreadPoolExecutor(4, thread_name_prefix="zerosum-read") as pool:
        for start in range(0, len(items), _CHUNK):  # a million waiting tasks would fill the memory
            for result in pool.map(work, items[start : start + _CHUNK]):
                done += 1
                if progress is not None and (done % 100 == 0 or done == len(items)):
                    progress(what, done, len(items))
                yield result
