"""Arguments of another type are refused by name, before anything is trained or made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerosum as zs
from zerosum.arguments import checked
from zerosum.errors import ArgumentError


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"set": ["game.gamma=1"]}, r"set=\['game.gamma=1'\] cannot be used: give a dict"),
        ({"set": "game.gamma=1"}, "set='game.gamma=1' cannot be used: give a dict"),
        ({"options": ["size=3"]}, "give a dict"),
        ({"minutes": "2"}, "minutes='2' cannot be used: give a number"),
        ({"samples": 64.0}, "samples=64.0 cannot be used: give a whole number"),
        ({"samples": True}, "samples=True cannot be used: give a whole number"),
        ({"seed": None}, "seed=None cannot be used: give a whole number"),
        ({"mirror": "yes"}, "mirror='yes' cannot be used: give True or False"),
        ({"drop": "name"}, "drop='name' cannot be used: give a list"),
        ({"out": 3}, "out=3 cannot be used: give a path or text"),
        ({"size": "32"}, "size='32' cannot be used: give a whole number or a list"),
    ],
)
def test_training_names_the_argument_and_what_it_may_be(
    given: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ArgumentError, match=words):
        zs.train("r3gan", data="ring", root=tmp_path / "runs", quiet=True, **given)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "call",
    [
        lambda: zs.evaluate("runs/none", n="10"),  # pyright: ignore
        lambda: zs.audit("runs/none", attacks="many"),  # pyright: ignore
        lambda: zs.compare("runs/none"),
        lambda: zs.load("runs/none", step="last"),  # pyright: ignore
        lambda: zs.list_runs(3),  # pyright: ignore
    ],
)
def test_every_verb_does(call: Callable[[], Any]) -> None:
    with pytest.raises(ArgumentError, match="cannot be used"):
        call()


def test_numbers_of_numpy_pass_and_long_values_are_named_by_their_type() -> None:
    @checked
    def make(n: int, share: float = 0.5, names: list[str] | None = None, other: Any = None) -> int:
        return n

    assert make(np.int64(3), np.float32(0.1)) == 3  # pyright: ignore
    assert make(3, 1, other=object()) == 3
    with pytest.raises(ArgumentError, match="n=list cannot be used: give a whole number"):
        make([*range(100)])  # pyright: ignore
    with pytest.raises(TypeError, match=r"missing (a|1) required"):
        make()  # pyright: ignore
