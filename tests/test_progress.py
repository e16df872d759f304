"""How far long work is: one bar on a terminal, plain lines elsewhere, nothing where it is quiet."""

import re
from io import StringIO

import pytest
from rich.console import Console

from zerosum.progress import Bar, Reporter

SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "90")


def work(reporter: Reporter, *, steps: int = 5, total: int = 10) -> None:
    for done in range(1, steps + 1):
        reporter("reading\x1b[2J rows", done, total)


class Ticking:
    """A clock that goes on by a second whenever it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_long_work_is_told_in_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    with Reporter(clock=lambda: now[0]) as report:
        for second, done in ((0.0, 1), (1.0, 100), (3.0, 150), (4.0, 200), (5.0, 250)):
            now[0] = second
            report("scanning images", done, 400)
    assert capsys.readouterr().err.splitlines() == [
        "scanning images: 150 of 400, 50/s, 0:00:06 left",
        "scanning images: 250 of 400, 50/s, 0:00:04 left",
    ]


def test_short_work_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with Reporter() as report:
        for done in range(100):
            report("scanning images", done, 100)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("terminal")
def test_a_terminal_has_one_bar_that_goes(capfd: pytest.CaptureFixture[str]) -> None:
    with Reporter(clock=Ticking()) as report:
        work(report)
    shown = capfd.readouterr().err
    assert shown.count(HIDE_CURSOR) == shown.count(SHOW_CURSOR) == 1
    assert re.search(r"reading\\x1b\[2J rows.*━.*5 of 10 .*\d/s .*0:0", _plain(shown))
    assert shown.rstrip().endswith("\x1b[2K"), "the line of the bar is wiped"


@pytest.mark.usefixtures("terminal")
def test_an_interruption_gives_the_terminal_back(capfd: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        with Reporter(clock=Ticking()) as report:
            work(report)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    shown = capfd.readouterr().err
    assert shown.count(HIDE_CURSOR) == shown.count(SHOW_CURSOR) == 1


@pytest.mark.usefixtures("terminal")
def test_the_bar_goes_when_its_work_is_done(capfd: pytest.CaptureFixture[str]) -> None:
    with Reporter(clock=Ticking()) as report:
        work(report, steps=10)
        assert SHOW_CURSOR in capfd.readouterr().err
        report("judging", 1, 3)
        report("judging", 2, 3)
        shown = capfd.readouterr().err
        assert "judging" in shown
        assert "reading" not in shown


def test_a_dumb_terminal_gets_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    with Reporter(clock=Ticking()) as report:
        work(report)
    shown = capsys.readouterr().err
    assert "\x1b" not in shown
    assert "of 10" in shown


@pytest.mark.usefixtures("terminal")
def test_without_colour(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with Reporter(clock=Ticking()) as report:
        work(report)
    shown = capfd.readouterr().err
    assert "━" in shown
    assert not re.search(r"\x1b\[(3|38;|9)\d", shown)


@pytest.mark.usefixtures("terminal")
def test_quiet_work_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with Reporter(quiet=True, clock=Ticking()) as report:
        work(report)
    assert capfd.readouterr().err == ""


def test_a_bar_fits_whatever_the_width_becomes() -> None:
    console = Console(file=StringIO(), force_terminal=True, width=90, color_system=None)
    bar = Bar(console, clock=Ticking())
    task = bar.add_task("training", total=600_000, unit="samples")
    for done in (100_000, 300_000):
        bar.update(task, completed=done)

    def drawn(width: int) -> str:
        console.width = width
        with console.capture() as held:
            console.print(bar)
        lines = held.get().splitlines()
        assert len(lines) == 1
        assert len(lines[0]) <= width
        return lines[0]

    assert re.match(
        r"training ━.* 300,000 of 600,000 samples [\d,]+ samples/s \d:\d\d:\d\d", drawn(90)
    )
    assert "samples/s" not in drawn(60)
    assert "━" in drawn(60)
    assert "━" not in drawn(50)
    assert "300,000 of 600,000 samples" in drawn(50)
    assert "300,000 of" in drawn(28)
    assert drawn(20).split() == ["training"]
    assert "samples/s" in drawn(90)
    drawn(1)


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
