"""Tensors in safetensors files: read from their bytes, so that any path that opens will do."""

import errno
import os
import re
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor

from zerosum.errors import RunError
from zerosum.runs.files import DamageError, open_plain, parse_json

_NUMBER = re.compile(r"os error (\d+)")
_LENGTH = 8
"""Bytes in front of a file's header that say how long it is."""


def read_body(path: Path) -> bytes:
    """Everything in a regular file.

    Raises:
        RunError: it is a link or no file, cannot be read, or does not fit into memory.
    """
    try:
        with open_plain(path) as handle:
            return handle.read()
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}.") from error
    except MemoryError as error:
        raise RunError(f"cannot read {path}: there is not enough memory for it.") from error


def parse_tensors(body: bytes, path: Path) -> dict[str, Tensor]:
    """The tensors in the bytes of a safetensors file.

    Raises:
        RunError: they do not fit into memory.
        DamageError: the bytes are no such file; the message names `path`.
    """
    try:
        return load(body)
    except MemoryError as error:
        raise RunError(f"cannot read {path}: there is not enough memory for it.") from error
    except (
        SafetensorError, OSError, RuntimeError, TypeError, ValueError, LookupError, AssertionError,
    ) as error:  # fmt: skip
        # The library leaves shapes that nothing can have to torch, whose errors are of any kind.
        reason = str(error).partition("\n")[0]
        raise DamageError(f"{path} cannot be read as safetensors: {reason}.") from error


def parse_metadata(body: bytes) -> dict[str, str]:
    """What the bytes of a safetensors file, known to be one, say beside tensors.

    Raises:
        ValueError: it is not text.
    """
    length = int.from_bytes(body[:_LENGTH], "little")
    return parse_json(body[_LENGTH : _LENGTH + length]).get("__metadata__") or {}


def write_tensors(tensors: dict[str, Tensor], path: Path) -> None:
    """Write a safetensors file; its library reports a full disk by an error of its own.

    Raises:
        OSError: it cannot be written.
    """
    try:
        save_file(tensors, path)
    except SafetensorError as error:
        found = _NUMBER.search(str(error))
        number = int(found[1]) if found else errno.EIO
        raise OSError(number, os.strerror(number)) from error
