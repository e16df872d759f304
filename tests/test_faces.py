"""Messages speak the language of the face that they reach."""

import pytest

import zerosum as zs
from zerosum.errors import RunError
from zerosum.faces import command_line, option, verb


def test_python_is_spelled_as_python() -> None:
    with pytest.raises(RunError, match=r"^samples=0: give a whole number above 0\.$"):
        zs.train("vanilla", "ring", samples=0)


def test_the_command_line_is_spelled_as_that() -> None:
    with command_line(), pytest.raises(RunError, match=r"^--samples 0: give a whole number"):
        zs.train("vanilla", "ring", samples=0)
    assert option("samples") == "samples="


def test_words_that_a_shell_would_split_are_quoted() -> None:
    with command_line():
        assert verb("sample", "my run", n=4, out="a b.png") == (
            "zerosum sample 'my run' -n 4 --out 'a b.png'"
        )
