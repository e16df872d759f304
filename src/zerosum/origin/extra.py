"""The libraries of the extra `origin`, imported when they are first needed."""

from importlib import import_module
from typing import Any

from zerosum.errors import MissingExtraError


def require(module: str) -> Any:
    """A module of the extra `origin`.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{module.partition('.')[0]} is not installed, which signing and reading origins need. "
            "Install the extra: pip install 'zerosum[origin]'."
        ) from error
