"""Everything that is found by name: recipes, modalities, measures, and the readers of data.

It stands above what it finds. The files of the zoo, of modalities and of metrics are found by
themselves; other packages add theirs through the entry-point groups `zerosum.recipes`,
`zerosum.modalities` and `zerosum.metrics`, and users name a file of their own.
"""

import hashlib
import importlib.util
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from zerosum.config import forget_kinds
from zerosum.errors import RecipeError, did_you_mean
from zerosum.evaluation.metrics.base import REGISTRY, Metric
from zerosum.modality import Modality, forget_modalities, modality_called
from zerosum.recipe_registry import Entry, forget_recipes, name_file, registered_recipes
from zerosum.spaces import Space

_MODALITIES = "zerosum.modalities"
_PACKAGES = ("zerosum.evaluation.metrics", "zerosum.zoo")
_GROUPS = ("zerosum.modalities", "zerosum.recipes", "zerosum.metrics")


def all_recipes() -> dict[str, Entry]:
    """Every recipe of the zoo and of installed packages, by name."""
    load_installed()
    return dict(sorted(registered_recipes().items()))


def find_recipe(name: str | Path) -> Entry:
    """The recipe called `name`, or the one in the Python file `name`.

    Raises:
        RecipeError: it is unknown; the nearest name is suggested.
    """
    if isinstance(name, Path) or name.endswith(".py"):
        return load_recipe_file(Path(name))
    known = all_recipes()
    if name not in known:
        raise RecipeError(f"no recipe {name!r}.{did_you_mean(name, known)}")
    return known[name]


def load_recipe_file(path: Path) -> Entry:
    """Import a user's own file and return the last recipe that it registers.

    A file that has changed since it was last loaded is loaded anew in place of its old self, as is
    another version of it: a file of the same name, such as the copy that a run keeps.

    Raises:
        RecipeError: the file is missing, or registers none.
    """
    path = path.resolve()
    if not path.is_file():
        raise RecipeError(f"no recipe file at {path}. Give the path of a .py file.")
    load_installed()
    module_name = _FILE_PREFIX + hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    if module_name not in sys.modules:
        loader = _SourceLoader(module_name, str(path)) if path.suffix == ".py" else None
        spec = importlib.util.spec_from_file_location(module_name, path, loader=loader)
        if spec is None or spec.loader is None:
            raise RecipeError(f"{path} is not a Python file.")
        for stale in [name for name, file in _FILES.items() if file.name == path.name]:
            _forget(stale)
        module = importlib.util.module_from_spec(spec)
        _FILES[module_name] = path
        name_file(module_name, path)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            _forget(module_name)
            raise
    mine = [one for one in registered_recipes().values() if one.build.__module__ == module_name]
    if not mine:
        raise RecipeError(f"{path} registers no recipe. Decorate a function with @zs.recipe(...).")
    return mine[-1]


class _SourceLoader(SourceFileLoader):
    """Compiles each time: bytecode that is kept is stale after two changes within a second."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        """No age that bytecode could be compared with."""
        raise OSError


def modality_of(space: Space) -> Modality:
    """The modality of samples of `space`.

    Raises:
        ConfigError: none is registered for its kind.
    """
    return modality_of_kind(space.kind)


def modality_of_kind(kind: str) -> Modality:
    """The modality of a kind of space.

    Raises:
        ConfigError: it is unknown; the nearest name is suggested.
    """
    load_installed()
    return modality_called(kind)


def all_measures() -> tuple[Metric, ...]:
    """Every metric, in the order of the modules' names."""
    load_installed()
    return tuple(sorted(REGISTRY.metrics, key=lambda one: type(one).__module__))


def metrics_for(space: Space) -> tuple[Metric, ...]:
    """Every metric that suits samples of `space`."""
    return tuple(one for one in all_measures() if one.suits(space))


@cache
def load_installed() -> None:
    """Import everything that registers itself, once.

    Raises:
        RecipeError: an installed package that adds something cannot be loaded.
    """
    for info in iter_modules(import_module(_MODALITIES).__path__):
        home = f"{_MODALITIES}.{info.name}"
        import_module(f"{home}.modality")
        if importlib.util.find_spec(f"{home}.metrics"):
            _import_files(f"{home}.metrics")
    for name in _PACKAGES:
        _import_files(name)
    for group in _GROUPS:
        for point in entry_points(group=group):
            try:
                point.load()
            except Exception as error:
                raise RecipeError(
                    f"the installed package {point.dist.name if point.dist else point.value!r} "
                    f"adds to {group} and cannot be loaded: {type(error).__name__}: {error}. "
                    "Update it, or uninstall it."
                ) from error


def _import_files(package: str) -> None:
    for info in iter_modules(import_module(package).__path__):
        import_module(f"{package}.{info.name}")


_FILE_PREFIX = "zerosum_file_"
_FILES: dict[str, Path] = {}


def _forget(module: str) -> None:
    """Undo the import of a user's file: its recipes, modality, measures, kinds and module."""
    forget_recipes(module)
    forget_modalities(module)
    forget_kinds(module)
    REGISTRY.forget(module)
    sys.modules.pop(module, None)
    del _FILES[module]
