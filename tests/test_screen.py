"""Progress is written where anybody reads it, and holds up nobody where nobody does."""

import io
import os
import sys
from pathlib import Path

import pytest

from zerosum import screen as module
from zerosum.screen import Screen, screen


def _screen(number: int, monkeypatch: pytest.MonkeyPatch) -> Screen:
    """The screen of a program whose standard error is this descriptor."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", os.fdopen(number, "w", encoding="utf-8", closefd=False))
        return Screen()


def test_lines_come_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    one = _screen(writing, monkeypatch)
    for i in range(50):
        one.say(f"line {i} é")
    one.drain()
    assert os.read(reading, 10_000).decode().splitlines() == [f"line {i} é" for i in range(50)]


def test_a_pipe_that_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    one = _screen(writing, monkeypatch)
    one.say("to nobody")
    one.say("again")
    one.drain()


def test_a_pipe_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    reading, writing = os.pipe()
    one = _screen(writing, monkeypatch)
    for _ in range(1_000):  # a pipe holds 64 KiB of it
        one.say("x" * 4_999)
    one.drain()
    got = b""
    while len(got) < 70 * 5_000 and b"last" not in got:
        got += os.read(reading, 65_536)
        one.say("last")
    assert set(got.decode()) <= set("x\nlast")


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    number = os.open("/dev/full", os.O_WRONLY)
    one = _screen(number, monkeypatch)
    one.say("x")
    one.drain()


def test_no_standard_error_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    one = Screen()
    one.say("x")
    one.drain()
    assert not one.isatty()
    assert one.encoding == "utf-8"


@pytest.mark.parametrize("stream", [io.StringIO(), open(os.devnull, "w")])  # noqa: PTH123, SIM115
def test_a_stream_that_was_closed(stream: io.TextIOBase, monkeypatch: pytest.MonkeyPatch) -> None:
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    one = Screen()
    one.say("x")
    assert not one.isatty()
    with pytest.raises(OSError, match="fileno"):
        one.fileno()


def test_other_streams_are_written_to_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    assert screen() is screen()
    screen().say("x")
    assert stream.getvalue() == "x\n"
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    screen().say("y")
    assert stream.getvalue() == "x\n"


def test_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("w") as handle:
        one = _screen(handle.fileno(), monkeypatch)
        one.say("x")
        one.drain()
    assert (tmp_path / "log").read_text() == "x\n"
