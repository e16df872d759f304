"""Arguments of public functions: of the types that are annotated, or an error that says so."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import signature
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

import numpy as np

from zerosum.errors import ArgumentError
from zerosum.faces import option

P = ParamSpec("P")
R = TypeVar("R")

_KINDS: dict[Any, tuple[tuple[type, ...], str]] = {
    bool: ((bool, np.bool_), "True or False"),
    int: ((Integral,), "a whole number"),
    float: ((Real,), "a number"),
    str: ((str,), "text"),
    Path: ((Path, PathLike), "a path"),
    Mapping: ((Mapping,), "a dict"),
    Sequence: ((list, tuple, np.ndarray), "a list"),
    NoneType: ((NoneType,), ""),
}
"""What is checked: which classes an annotation stands for, and what it is called."""


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Refuse arguments of other types than those annotated, before anything is done.

    Parameters are checked whose annotation names `bool`, `int`, `float`, `str`, `Path`, `Mapping`,
    `Sequence`, literal text or None, or a union of these.

    Raises:
        ArgumentError: by the function that is returned, which argument it is, and what it may be.

    >>> @checked
    ... def make(n: int, where: Mapping[str, int] | None = None) -> int:
    ...     return n
    >>> make(3, {})
    3
    >>> make(3, where=["label=3"])
    Traceback (most recent call last):
    ...
    zerosum.errors.ArgumentError: where=['label=3'] cannot be used: give a dict.
    """
    parameters = signature(function)
    kinds = {name: _kinds(one.annotation) for name, one in parameters.parameters.items()}

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            given = parameters.bind(*args, **kwargs).arguments
        except TypeError:
            return function(*args, **kwargs)  # Python's own words for a wrong call
        for name, value in given.items():
            allowed = kinds[name]
            if allowed and not any(_is(value, kind) for kind in allowed):
                words = " or ".join(_KINDS[kind][1] for kind in allowed if kind is not NoneType)
                raise ArgumentError(f"{_spelled(name, value)} cannot be used: give {words}.")
        return function(*args, **kwargs)

    return call


def _is(value: Any, kind: Any) -> bool:
    if isinstance(value, bool | np.bool_) and kind in (int, float):
        return False
    return isinstance(value, _KINDS[kind][0])


def _spelled(name: str, value: Any) -> str:
    words = repr(value)
    return f"{option(name)}{words if len(words) <= 60 else type(value).__name__}"


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """What an annotation allows; empty if any part of it is not checked."""
    origin = get_origin(annotation)
    parts = get_args(annotation) if origin in (Union, UnionType) else (annotation,)
    found = []
    for part in parts:
        kind = get_origin(part) or part
        if kind is Literal and all(isinstance(one, str) for one in get_args(part)):
            kind = str
        if kind in (list, tuple):
            kind = Sequence
        if kind not in _KINDS:
            return ()
        if kind not in found:
            found.append(kind)
    return tuple(found)
