"""Text that is foreign cannot harm a terminal, and JSON stays JSON."""

import json

import pytest

from zerosum.terminal import printable, printable_json

FOREIGN = [
    "\x1b[2J",
    "\x9b31m",
    "a\r\nb",
    "\x07",
    "\u202egnp",
    "\u2066",
    "\udcff",
    "\x7f",
    "\u2028",
]


@pytest.mark.parametrize("text", FOREIGN)
def test_control_characters_are_written_out(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert shown != text
    shown.encode()
    printed = printable_json({text: [text]})
    assert json.loads(printed) == {text: [text]}
    assert printed.replace("\n", "").isprintable()
    printed.encode()


@pytest.mark.parametrize("text", ["plain [/b] text", "größer", "日本", "🙂", "नमस्ते", "a\u200cb"])
def test_other_text_stays(text: str) -> None:
    assert printable(text) == text
    assert text in printable_json([text])


def test_json_has_no_numbers_that_are_not_finite() -> None:
    assert json.loads(printable_json({"a": [float("inf"), float("nan"), 1.5]})) == {
        "a": [None, None, 1.5]
    }
