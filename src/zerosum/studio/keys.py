"""Keys in files of their own, which their owner alone may read."""

import os
from collections.abc import Callable
from pathlib import Path


def kept_key(path: Path, make: Callable[[], str]) -> str:
    """The key in a file, made on first use.

    Raises:
        OSError: the file cannot be read or made.
    """
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("ascii").strip()
    with os.fdopen(number, "w") as handle:
        key = make()
        handle.write(key)
    return key
