"""The examples run as they stand, and an outside file gets the same guarantees as the zoo."""

import subprocess
import sys
from pathlib import Path

import pytest

from zerosum.recipes import find_recipe
from zerosum.testing import LAWS, check_recipe

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("law", LAWS)
def test_began_obeys(law: str) -> None:
    check_recipe(EXAMPLES / "began.py", laws=(law,))


def test_nothing_in_the_package_knows_of_began() -> None:
    package = EXAMPLES.parent / "src" / "zerosum"
    assert find_recipe(EXAMPLES / "began.py").source == EXAMPLES / "began.py"
    assert not [path for path in package.rglob("*.py") if "began" in path.read_text("utf-8")]


def test_the_demo_runs(tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "demo.py"), "--minutes", "0.03"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (run,) = (tmp_path / "runs").iterdir()
    assert {"manifest.json", "grid.png", "walk.gif"} <= {path.name for path in run.iterdir()}
    assert "real digits recognised" in done.stdout
