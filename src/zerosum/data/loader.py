"""Batches from a data set: one order for resident and streamed data, and no hidden state.

The order is a pure function of the seed and a position, so a single number resumes it. Data that
fits is moved to the device once and batched there; the rest is read ahead by threads.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import DataError
from zerosum.rng import SecretNoise, derive_seed
from zerosum.runtime import Runtime
from zerosum.spaces import Batch

_READ_AHEAD = 4


class Order:
    """An endless sequence of row numbers: one shuffle of all rows after another.

    >>> order = Order(5, seed=0)
    >>> sorted(order.rows(0, 5).tolist())
    [0, 1, 2, 3, 4]
    >>> order.rows(3, 4).tolist() == order.rows(0, 7).tolist()[3:]
    True
    """

    def __init__(self, length: int, *, seed: int, device: torch.device | str = "cpu") -> None:
        self._length, self._seed, self._device = length, seed, device
        self._epoch, self._shuffle = -1, torch.empty(0)

    def rows(self, start: int, count: int) -> Tensor:
        """The row numbers at positions `start` to `start + count`, int64 `[count]`."""
        pieces = []
        while count:
            epoch, offset = divmod(start, self._length)
            pieces.append(self._shuffled(epoch)[offset : offset + count])
            start, count = start + len(pieces[-1]), count - len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces)

    def _shuffled(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(derive_seed(self._seed, "epoch", epoch))
            shuffle = torch.randperm(self._length, generator=generator)
            if torch.device(self._device).type == "cuda":
                shuffle = shuffle.pin_memory()  # so that the copy does not hold up the host
            self._epoch, self._shuffle = epoch, shuffle.to(self._device, non_blocking=True)
        return self._shuffle


class Loader:
    """Draws batches for one process.

    Args:
        dataset: where the rows come from.
        seed: decides the order.
        runtime: the device, and which rows of a global batch are this process's.
        channels_last: lay images out as NHWC.

    Attributes:
        position: rows drawn so far by all processes; set it to resume.
        listener: called with every batch that is drawn; it must not change it.
    """

    def __init__(
        self, dataset: Dataset, *, seed: int, runtime: Runtime, channels_last: bool = False
    ) -> None:
        self.position = 0
        self.listener: Callable[[Batch], None] | None = None
        self._dataset, self._runtime = dataset, runtime
        self._keeps_compact = dataset.space.keeps_compact
        last = channels_last and "channels_last" in dataset.space.layouts
        self._format = torch.channels_last if last else torch.contiguous_format
        held = dataset.resident
        self._order = Order(
            len(dataset), seed=derive_seed(seed, "order"), device=runtime.device if held else "cpu"
        )
        self._sources: Loader | None = None
        if dataset.sources is not None:  # where aligned, the same seed and length: the same rows
            self._sources = Loader(
                dataset.sources,
                seed=seed if dataset.aligned else derive_seed(seed, "sources"),
                runtime=runtime,
                channels_last=channels_last,
            )
        self._pool: ThreadPoolExecutor | None = None
        self._ahead: dict[tuple[int, int], Future[tuple[Tensor, Tensor | None]]] = {}
        if held is None:
            self._fetch: Callable[[int, int], tuple[Tensor, Tensor | None]] = self._streamed
            return
        x, y = held
        if not self._keeps_compact:
            x = dataset.space.to_model(x)
        self._x = x.to(runtime.device)
        self._y = None if y is None else y.to(runtime.device)
        self._fetch = self._held

    def next(self, size: int) -> Batch:
        """This process's next `size` samples in model units, on the device.

        Raises:
            DataError: a streamed file cannot be read any more.
        """
        source = None
        if self._sources is not None:
            self._sources.position = self.position
            source = self._sources.next(size).x
        start = self.position + self._runtime.rank * size
        self.position += self._runtime.world * size
        x, y = self._fetch(start, size)
        if self._keeps_compact:
            x = self._dataset.space.to_model(x).contiguous(memory_format=self._format)
        parts = self._parts(self._order.rows(start, size)) if self._dataset.in_parts else None
        batch = Batch(x, y, source, parts)
        if self.listener is not None:
            self.listener(batch)
        return batch

    def sampled(self, rate: float, secret: SecretNoise) -> Batch:
        """Each sample with probability `rate`; any number of them may come.

        Which ones is decided by `secret` chance, and neither saved nor repeated: this is for
        private training, where it must not be known.

        Raises:
            DataError: the data is not held in memory.
        """
        if self._dataset.resident is None:
            raise DataError("private training needs data that fits into memory.")
        chance = secret.uniform(len(self._dataset))
        taken = torch.nonzero(chance < rate).flatten()
        rows = taken.to(self._x.device)
        y = None if self._y is None else self._y[rows]
        return Batch(self._x[rows], y, None, self._parts(taken))

    def close(self) -> None:
        """Stop reading ahead."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        self._ahead.clear()
        if self._sources is not None:
            self._sources.close()

    def _parts(self, rows: Tensor) -> Tensor | None:
        parts = self._dataset.parts_of(rows.cpu())
        return None if parts is None else parts.to(self._runtime.device)

    def _held(self, start: int, size: int) -> tuple[Tensor, Tensor | None]:
        rows = self._order.rows(start, size)
        return self._x[rows], None if self._y is None else self._y[rows]

    def _streamed(self, start: int, size: int) -> tuple[Tensor, Tensor | None]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_READ_AHEAD, thread_name_prefix="zerosum-read")
        stride = self._runtime.world * size
        for later in range(start, start + _READ_AHEAD * stride, stride):
            if (later, size) not in self._ahead:
                rows = self._order.rows(later, size)
                self._ahead[later, size] = self._pool.submit(self._dataset.take, rows)
        x, y = self._ahead.pop((start, size)).result()
        for stale in [key for key in self._ahead if key[0] < start]:
            self._ahead.pop(stale).cancel()
        x = x.to(self._runtime.device, non_blocking=True)
        if not self._keeps_compact:
            x = self._dataset.space.to_model(x)
        return x, None if y is None else y.to(self._runtime.device, non_blocking=True)


def require_batch_fits(dataset: Dataset, batch_size: int) -> None:
    """Refuse a batch that is larger than the data.

    Raises:
        DataError: it is.
    """
    size = dataset.stated_size
    if batch_size > size:
        raise DataError(
            f"a batch of {batch_size} is larger than {dataset.name}, which has {size} "
            f"sample{'s' if size != 1 else ''}. "
            f"Set optimisation.batch_size to {size} or less."
        )
