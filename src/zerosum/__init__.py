"""zerosum: train, control, judge, audit and ship generative adversarial networks.

Importing this package is quick: each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zerosum.api import (
        audit,
        compare,
        evaluate,
        export,
        learn_direction,
        list_runs,
        load,
        resume,
        train,
    )
    from zerosum.config import Config
    from zerosum.errors import ZerosumError
    from zerosum.recipes import Recipe, recipe
    from zerosum.tables.constraint_bounds import Positive, Range, Rounded
    from zerosum.tables.constraint_groups import FixedCombinations, OneHot, Unique
    from zerosum.tables.constraint_inequality import Inequality
    from zerosum.tables.constraint_sums import Formula, Sum
    from zerosum.tasks.conditions import Between
    from zerosum.tasks.model import Model
    from zerosum.tasks.samples import Samples
    from zerosum.tasks.styled import StyledModel
    from zerosum.tasks.table import TableModel
    from zerosum.tasks.translation import TranslationModel

__version__ = "0.1.0"

__all__ = [
    "Between",
    "Config",
    "FixedCombinations",
    "Formula",
    "Inequality",
    "Model",
    "OneHot",
    "Positive",
    "Range",
    "Recipe",
    "Rounded",
    "Samples",
    "StyledModel",
    "Sum",
    "TableModel",
    "TranslationModel",
    "Unique",
    "ZerosumError",
    "__version__",
    "audit",
    "compare",
    "evaluate",
    "export",
    "learn_direction",
    "list_runs",
    "load",
    "recipe",
    "resume",
    "train",
]

_HOMES = {
    "Between": "zerosum.tasks.conditions",
    "Config": "zerosum.config",
    "FixedCombinations": "zerosum.tables.constraint_groups",
    "Formula": "zerosum.tables.constraint_sums",
    "Inequality": "zerosum.tables.constraint_inequality",
    "Model": "zerosum.tasks.model",
    "OneHot": "zerosum.tables.constraint_groups",
    "Positive": "zerosum.tables.constraint_bounds",
    "Range": "zerosum.tables.constraint_bounds",
    "Recipe": "zerosum.recipes",
    "Rounded": "zerosum.tables.constraint_bounds",
    "Samples": "zerosum.tasks.samples",
    "StyledModel": "zerosum.tasks.styled",
    "Sum": "zerosum.tables.constraint_sums",
    "TableModel": "zerosum.tasks.table",
    "TranslationModel": "zerosum.tasks.translation",
    "Unique": "zerosum.tables.constraint_groups",
    "ZerosumError": "zerosum.errors",
    "audit": "zerosum.api",
    "compare": "zerosum.api",
    "evaluate": "zerosum.api",
    "export": "zerosum.api",
    "learn_direction": "zerosum.api",
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
