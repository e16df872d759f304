"""Devices and processes: one process or many look the same to everything above.

Under `torchrun` the environment names the processes; elsewhere there is one. Gradients are
averaged player by player; files are written by rank 0 alone.

Batch normalisation takes its statistics from each process's own rows, so a recipe that has it
learns a little differently in two processes than in one. Its running averages, like every
floating-point buffer, are averaged after each step: all processes hold the same.
"""

import ctypes
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

import torch
import torch.distributed as dist
from torch import Tensor

from zerosum.errors import DeviceError

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_MOST_KEPT = 2**31 - 1
"""Options of glibc's `mallopt`, and the largest number that it takes."""

_SLOW_AT_BFLOAT16 = ("DEFAULT", "NO AVX", "AVX2")


def resolve_device(name: str = "auto") -> torch.device:
    """The device called `name`: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.

    Raises:
        DeviceError: there is no such device here.
    """
    present, local = ["cpu"], int(os.environ.get("LOCAL_RANK", "0"))
    if torch.cuda.is_available():
        present = [f"cuda:{i}" for i in range(torch.cuda.device_count())] + present
    elif torch.backends.mps.is_available():
        present = ["mps", *present]
    if name == "auto":
        return torch.device(present[local % max(len(present) - 1, 1)])
    wanted = f"cuda:{local % max(len(present) - 1, 1)}" if name == "cuda" else name
    if wanted not in present:
        raise DeviceError(
            f"no device {name!r} on this machine. Present: {', '.join(present)}. "
            "Leave it out, or say 'auto', to take the best."
        )
    return torch.device(wanted)


def can_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 can be quick on a device.

    On a CPU without wide vectors it takes 8 to 20 times as long as float32, so that even to try it
    would take minutes for a large network.
    """
    if device.type == "cpu":
        return torch.backends.cpu.get_cpu_capability() not in _SLOW_AT_BFLOAT16
    return device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)


@dataclass(frozen=True)
class Runtime:
    """Where a training runs: its device, and its place among the processes."""

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and talks to the user."""
        return self.rank == 0

    def average_(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor `[...]` by its mean over the processes, in place.

        Tensors of one type go in one message. With one process nothing happens.
        """
        if self.world == 1:
            return
        by_type: dict[torch.dtype, list[Tensor]] = {}
        for tensor in tensors:
            by_type.setdefault(tensor.dtype, []).append(tensor)
        for group in by_type.values():
            flat = torch.cat([tensor.reshape(-1) for tensor in group])
            dist.all_reduce(flat)
            flat /= self.world
            pieces = flat.split([tensor.numel() for tensor in group])
            for tensor, piece in zip(group, pieces, strict=True):
                tensor.copy_(piece.view_as(tensor))

    def agree(self, value: float) -> float:
        """Rank 0's value of `value`, in every process."""
        if self.world == 1:
            return value
        box = torch.tensor([value], dtype=torch.float64, device=self._box_device)
        dist.broadcast(box, 0)
        return float(box.item())

    def agree_text(self, text: str) -> str:
        """Rank 0's `text`, in every process."""
        if self.world == 1:
            return text
        letters = text.encode()
        size = int(self.agree(len(letters)))
        if not size:
            return ""
        box = torch.zeros(size, dtype=torch.uint8)
        if self.is_main:
            box = torch.tensor(list(letters), dtype=torch.uint8)
        box = box.to(self._box_device)
        dist.broadcast(box, 0)
        return bytes(box.tolist()).decode()

    def wait(self) -> None:
        """Return when every process is here."""
        if self.world > 1:
            dist.barrier()

    @property
    def _box_device(self) -> torch.device:
        return self.device if dist.get_backend() == "nccl" else torch.device("cpu")


def is_main_process() -> bool:
    """Whether this process talks to the user; known before `open_runtime` joins the others."""
    return os.environ.get("RANK", "0") == "0"


def keep_memory() -> bool:
    """Let glibc keep the memory that is freed, and say whether it does.

    Every step frees large tensors and allocates them again. By default each is mapped anew, and the
    kernel clears its pages again and again, which at 256 x 256 pixels takes longer than the step
    itself. Environment variables of glibc's own (`MALLOC_…_`) are left in charge, and other C
    libraries are left alone.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return False
    try:
        set_option = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return all([set_option(_M_MMAP_MAX, 0), set_option(_M_TRIM_THRESHOLD, _MOST_KEPT)])


@contextmanager
def open_runtime(device: str = "auto") -> Iterator[Runtime]:
    """This process's runtime; joins the group that `torchrun` describes, and leaves it after."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    place = resolve_device(device)
    if place.type == "cpu":
        keep_memory()
    if world == 1:
        yield Runtime(place)
        return
    owner = not dist.is_initialized()
    if owner:
        if place.type == "cuda":
            torch.cuda.set_device(place)
        # This module keeps the group that exists when it is first imported, as default arguments.
        # Adam imports it in passing; then the group outlives its end, and its threads abort the
        # process at exit, now and then. Imported here it finds no group to keep.
        import_module("torch.distributed.nn.functional")
        dist.init_process_group("nccl" if place.type == "cuda" else "gloo")
    try:
        yield Runtime(place, rank=dist.get_rank(), world=world)
    finally:
        if owner:
            dist.destroy_process_group()
