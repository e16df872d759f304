"""zerosum: train, control, judge, audit and ship generative adversarial networks.

Importing this package is quick: each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zerosum.api import compare, evaluate, list_runs, load, resume, train
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
    "compare",
    "evaluate",
    "list_runs",
    "load",
    "recipe",
    "resume",
    "train",
]

_HOMES = {
    "Config": "zerosum.config",
    "Model": "zerosum.tasks.model",
    "Recipe": "zerosum.recipes",
    "Samples": "zerosum.tasks.samples",
    "ZerosumError": "zerosum.errors",
    "compare": "zerosum.api",
    "evaluate": "zerosum.api",
    "list_runs": "zerosum.api",
    "load": "zerosum.api",
    "recipe": "zerosum.recipes",
    "resume": "zerosum.api",
    "train": "zerosum.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'zerosum' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
