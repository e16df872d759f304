"""The names of `import zerosum as zs` are what they say, whatever was imported before."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import zerosum as zs

SRC = Path(zs.__file__).parents[1]


def test_no_public_name_is_a_module() -> None:
    """A name that is also a subpackage would turn into it with the first import from there."""
    modules = {info.name for info in walk_packages(zs.__path__)}
    assert not modules & set(zs.__all__)


def test_every_name_comes_from_its_home() -> None:
    for name, home in zs._HOMES.items():
        assert getattr(zs, name) is getattr(import_module(home), name)
    assert set(zs.__all__) == set(zs._HOMES) | {"__version__"}


def test_import_is_quick() -> None:
    """Nothing heavy is loaded until a name is used."""
    code = "import sys, zerosum; print('torch' in sys.modules, 'pydantic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SRC, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]
