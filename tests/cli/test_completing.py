"""What shells offer is what there is."""

import os
import subprocess
import sys

import pytest

from zerosum.catalogue import all_recipes, load_installed
from zerosum.cli.completing import BUILT_IN, REMEDIES, recipe_names
from zerosum.config import family_of
from zerosum.data.base import DataConfig
from zerosum.referee import remedies


def test_all_names_are_known() -> None:
    load_installed()
    own = {
        name: one
        for name, one in all_recipes().items()
        if one.build.__module__.startswith("zerosum.")
    }
    assert recipe_names() == sorted(own)
    built_in = [
        kind
        for kind, config in family_of(DataConfig).items()
        if issubclass(config, DataConfig) and config.built_in and _is_ours(config)
    ]
    assert list(BUILT_IN) == sorted(built_in)
    assert list(REMEDIES) == list(remedies.REMEDIES)


def _is_ours(config: type) -> bool:
    return config.__module__.startswith("zerosum.")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("zerosum trai", ["train"]),
        ("zerosum train r3", ["r3gan"]),
        ("zerosum train cgan --data dig", ["digits"]),
        ("zerosum train cgan --data digits --capacity m", ["medium"]),
        ("zerosum remedy runs/a add-r", ["add-r1", "add-r2"]),
    ],
)
def test_tab_in_bash(typed: str, offered: list[str]) -> None:
    asked = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    program = "import sys; sys.argv = ['zerosum']; from zerosum.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | asked | {"_ZEROSUM_COMPLETE": "complete_bash"},
    )  # fmt: skip
    assert done.stdout.split() == offered
