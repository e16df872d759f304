"""`import zerosum` is quick and gives what it promises."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import zerosum as zs
from tests.forks import Forks

HEAVY = ("torch", "typer", "rich", "sklearn", "pyarrow", "numpy", "PIL", "pydantic")


def python(*words: str) -> str:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", zs.__all__)
def test_every_promised_name_is_there(name: str) -> None:
    assert getattr(zs, name) is not None


def test_dir_agrees() -> None:
    assert dir(zs) == sorted(zs.__all__)
    assert len(set(zs.__all__)) == len(zs.__all__)


def test_nothing_public_is_missing_and_no_module_hides_a_name(forks: Forks, tmp_path: Path) -> None:
    program = tmp_path / "names.py"
    program.write_text(
        "import zerosum, types\n"
        "from tests.modules import all_modules\n"
        "[__import__(name) for name in all_modules()]\n"
        "[getattr(zerosum, name) for name in zerosum.__all__]\n"
        "own = {n: v for n, v in vars(zerosum).items() if not n.startswith('_')}\n"
        "names = {n for n, v in own.items() if not isinstance(v, types.ModuleType)}\n"
        "print(*sorted(names - {'Any', 'TYPE_CHECKING', 'import_module'}))"
    )
    assert forks.run(program).stdout.split() == sorted(set(zs.__all__) - {"__version__"})


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'zerosum' has no attribute 'trains'"):
        zs.trains  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue]


def test_the_version_is_the_packages() -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    assert f'version = "{zs.__version__}"' in project.read_text(encoding="utf-8")


def test_importing_loads_nothing_heavy() -> None:
    loaded = python("-c", "import zerosum, sys; print(*sys.modules)").split()
    assert "zerosum" in loaded
    assert not set(HEAVY) & set(loaded)


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["evaluate", "--help"]])
def test_help_answers_without_torch(words: list[str]) -> None:
    shown = python("-X", "importtime", "-m", "zerosum", *words)
    imported = {line.rpartition("|")[2].strip() for line in shown.splitlines() if "|" in line}
    assert "typer" in imported
    assert not {"torch", "sklearn", "pyarrow", "numpy", "PIL"} & imported


def test_the_core_knows_no_face() -> None:
    core = (
        "config",
        "engine.trainer",
        "games.two_player",
        "recipe_registry",
        "runs.store",
        "workflows.train",
    )
    code = f"import sys, {', '.join(f'zerosum.{name}' for name in core)}; print(*sys.modules)"
    assert not {"typer", "rich", "click"} & set(python("-c", code).split())
