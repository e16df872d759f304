"""The one tree of exceptions: each message says what was given, what is allowed, what to do."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "ArgumentError",
    "ConditionError",
    "ConfigError",
    "ConstraintError",
    "DataError",
    "DeviceError",
    "DivergenceError",
    "EvaluationError",
    "ExportError",
    "MissingExtraError",
    "OriginError",
    "PrivacyError",
    "RecipeError",
    "RunError",
    "StudioError",
    "ZerosumError",
    "did_you_mean",
]


class ZerosumError(Exception):
    """Base of every error that zerosum raises on purpose."""


class ConfigError(ZerosumError):
    """A configuration names an unknown key or kind, or holds a value that is not allowed."""


class ArgumentError(ZerosumError, TypeError):
    """An argument of a type that the function does not take."""


class DataError(ZerosumError):
    """The data cannot be read, or is not what the recipe needs."""


class ConstraintError(ZerosumError):
    """A constraint on rows does not fit the table, or rows or other constraints break it."""


class RecipeError(ZerosumError):
    """There is no such recipe, or it does not fit the data."""


class RunError(ZerosumError):
    """A run folder cannot be created, read or continued."""


class ConditionError(ZerosumError):
    """`where` names something that the model does not control."""


class DeviceError(ZerosumError):
    """The device or the process group asked for is not there."""


class DivergenceError(ZerosumError):
    """A loss or a weight became NaN or infinite; the last healthy checkpoint is kept."""


class EvaluationError(ZerosumError):
    """A judgement cannot be made: too few samples, or a holdout that is no holdout."""


class ExportError(ZerosumError):
    """A model cannot be exported in that form, or an exported file cannot be opened."""


class PrivacyError(ZerosumError):
    """A promise of privacy cannot be kept or makes no sense."""


class OriginError(ZerosumError):
    """A file cannot be signed, an identity cannot be used, or a bundle cannot be made or sent."""


class StudioError(ZerosumError):
    """The studio cannot be started, or cannot do what somebody asked of it."""


class MissingExtraError(ZerosumError):
    """An optional library is needed; the message names the extra that brings it."""


_MANY_NAMES = 10_000
"""More are not compared with what was given: it would take minutes."""


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """The tail of an error message: the nearest allowed name, and all of them when few.

    >>> did_you_mean("gama", ["gamma", "width"])
    " Did you mean 'gamma'? Allowed: gamma, width."
    """
    names = sorted(map(str, allowed))
    bare = {name.strip().casefold(): name for name in reversed(names)}
    few = len(names) <= _MANY_NAMES
    near = get_close_matches(given.strip().casefold(), bare, n=1, cutoff=0.5) if few else []
    near = [bare[one] for one in near]
    hint = f" Did you mean {near[0]!r}?" if near else ""
    if not names:
        return hint
    names = [repr(name) if name != name.strip() else name for name in names[:20]] + names[20:]
    shown = ", ".join(names[:20]) + (f", and {len(names) - 20} more" if len(names) > 20 else "")
    return f"{hint} Allowed: {shown}."
