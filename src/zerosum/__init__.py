"""zerosum: train, control, judge, audit and ship generative adversarial networks.

Importing this package is quick: each name is loaded when it is first used.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zerosum.api import load, resume, runs, train
    from zerosum.config import Config
    from zerosum.errors import ZerosumError
    from zerosum.recipes import Recipe, recipe
    from zerosum.tasks.model import Model
    from zerosum.tasks.samples import Samples

__version__ = "0.1.0"

__all__ = [
    "Config",
    "Model",
    "Recipe",
    "Samples",
    "ZerosumError",
    "__version__",
    "load",
    "recipe",
    "resume",
    "runs",
    "train",
]

_HOMES = {
    "Config": "zerosum.config",
    "Model": "zerosum.tasks.model",
    "Recipe": "zerosum.recipes",
    "Samples": "zerosum.tasks.samples",
    "ZerosumError": "zerosum.errors",
    "load": "zerosum.api",
    "recipe": "zerosum.recipes",
    "resume": "zerosum.api",
    "runs": "zerosum.api",
    "train": "zerosum.api",
}


class _Package(ModuleType):
    """Keeps `zs.runs` the verb, whose name the subpackage `zerosum.runs` would take on import."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _HOMES and isinstance(value, ModuleType):
            return
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'zerosum' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
