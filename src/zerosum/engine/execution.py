"""How arithmetic is done: precision, memory layout, compilation, threads.

None of it changes what is computed beyond rounding. It is chosen once, at the start of a run, then
recorded, and used again by a resume: results are repeatable only within one choice.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

import torch
from pydantic import Field

from zerosum.config import Config

Precision = Literal["fp32", "bf16"]
Layout = Literal["contiguous", "channels_last"]


class Execution(Config):
    """One way of doing the arithmetic.

    Attributes:
        precision: `fp32`, or `bf16` for autocast to bfloat16 with weights kept in float32.
        layout: memory order of images and convolutions.
        compile: whether the losses go through `torch.compile`.
        threads: CPU threads for one operation; 0 leaves torch's own number.
    """

    kind = "execution"
    precision: Precision = "fp32"
    layout: Layout = "contiguous"
    compile: bool = False
    threads: int = Field(default=0, ge=0, le=1_024)

    def autocast(self, device: torch.device) -> AbstractContextManager[object]:
        """The context in which losses are computed."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(device.type, torch.bfloat16)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Set torch's thread count and deterministic kernels, and put both back after."""
        threads = torch.get_num_threads()
        deterministic = torch.backends.cudnn.deterministic
        try:
            if self.threads:
                torch.set_num_threads(self.threads)
            torch.backends.cudnn.deterministic = True
            yield
        finally:
            torch.set_num_threads(threads)
            torch.backends.cudnn.deterministic = deterministic

    def __str__(self) -> str:
        compiled = ", compiled" if self.compile else ""
        threads = f", {self.threads} thread{'s' * (self.threads != 1)}" if self.threads else ""
        return f"{self.precision}, {self.layout.replace('_', ' ')}{compiled}{threads}"
