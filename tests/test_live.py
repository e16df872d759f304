"""The live view: a dashboard on a terminal, plain lines elsewhere, and the terminal given back."""

import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest
import torch
from rich.console import Console

from zerosum.catalogue import find_recipe, modality_of, modality_of_kind
from zerosum.engine.execution import Execution
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.live import (
    Dashboard,
    PlainLines,
    duration,
    progress_printer,
    sparkline,
    watch,
)
from zerosum.runs.hooks import SampleHook
from zerosum.runs.store import Run
from zerosum.runtime import Runtime
from zerosum.testing import small_dataset
from zerosum.workflows.prepare import make_trainer

SHOW_CURSOR = "\x1b[?25h"
HIDE_CURSOR = "\x1b[?25l"


def _trainer(space: str = "image") -> Trainer:
    dataset = small_dataset(space)
    changes = {
        "optimisation.batch_size": 8,
        "optimisation.total_samples": 80,
        "optimisation.record_every": 2,
    }
    recipe = find_recipe("cgan").resolve(dataset.space).with_values(changes)
    return make_trainer(
        recipe, dataset, seed=0, runtime=Runtime(torch.device("cpu")), execution=Execution()
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", {"recipe": {"name": "cgan"}})


def _terminal(height: int = 60, width: int = 100) -> tuple[Console, StringIO]:
    screen = StringIO()
    return Console(force_terminal=True, file=screen, width=width, height=height), screen


def _last_view(screen: StringIO) -> str:
    """The text of the last panel, without colours and cursor movements."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    return text[text.rindex("╭") :]


def _play(run: Run, trainer: Trainer, console: Console, *more: Hook) -> None:
    preview = modality_of(trainer.dataset.space).preview
    samples = SampleHook(run, preview=preview, seed=0)
    hooks: Sequence[Hook] = [samples, Dashboard(console, run, samples), *more]
    trainer.run(hooks)


@pytest.mark.parametrize("space", ["image", "point"])
def test_dashboard(run: Run, space: str) -> None:
    console, screen = _terminal()
    _play(run, _trainer(space), console)
    view = _last_view(screen)
    for name in ("discriminator/real", "generator/adversarial", "discriminator/accuracy"):
        (line,) = [line for line in view.splitlines() if name in line]
        assert re.search(r"-?\d+\.\d{4}\s+[▁▂▃▄▅▆▇█]{5}", line), line
    unit = {"image": "samples", "point": "points"}[space]
    assert f"80 of 80 {unit}" in view
    assert re.search(rf"[\d,]+ {unit}/s", view)
    assert "0 s left" in view
    assert "cpu, fp32, contiguous" in view
    assert "cgan on small" in view
    assert view.count("▀") > 500
    assert f"finished at 80 {unit} after" in view
    assert f"zerosum sample {run.folder}".replace("\n", "") in view.replace("\n", "")
    assert screen.getvalue().count(HIDE_CURSOR) == screen.getvalue().count(SHOW_CURSOR) == 1


def test_dashboard_fits_a_small_screen(run: Run) -> None:
    console, screen = _terminal(height=24, width=80)
    _play(run, _trainer(), console)
    lines = _last_view(screen).splitlines()
    panel = lines[: 1 + next(i for i, line in enumerate(lines) if line.startswith("╰"))]
    assert len(panel) <= 24
    assert any("▀" in line for line in panel)


class _Broken(Hook):
    def stepped(self, trainer: Trainer) -> None:
        raise RuntimeError("broken")


def test_dashboard_gives_the_terminal_back_after_an_error(run: Run) -> None:
    console, screen = _terminal()
    samples = SampleHook(run, preview=modality_of_kind("image").preview, seed=0)
    dashboard = Dashboard(console, run, samples)
    trainer = _trainer()
    with pytest.raises(RuntimeError, match="broken"):
        trainer.run([samples, dashboard, _Broken()])
    dashboard.failed(trainer)
    assert screen.getvalue().endswith(SHOW_CURSOR)


def test_plain_lines(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    _trainer().run([PlainLines(run)])
    printed = capsys.readouterr()
    assert printed.out == ""
    start, record, end = printed.err.splitlines()
    assert start.startswith("training cgan on small (64 images) to 80 samples seen; cpu, fp32")
    assert re.match(r" 20\.0 %  16 images  …  … left  discriminator/real \d", record)
    assert end.startswith("finished at 80 images after 0 s. Sample: zerosum sample")
    assert "\x1b" not in printed.err


def test_plain_lines_say_how_to_continue(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    trainer = _trainer()
    hook = PlainLines(run)
    hook.ended(trainer, "interrupted")
    assert f"interrupted at 0 images after 0 s. Continue: zerosum resume {run.folder}" in (
        capsys.readouterr().err
    )


def test_where_there_is_no_terminal_lines_are_plain(run: Run) -> None:
    (hook,) = watch(
        run, _trainer(), SampleHook(run, preview=modality_of_kind("image").preview, seed=0)
    )
    assert isinstance(hook, PlainLines)


def test_a_terminal_gets_the_dashboard(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    (hook,) = watch(
        run, _trainer(), SampleHook(run, preview=modality_of_kind("image").preview, seed=0)
    )
    assert isinstance(hook, Dashboard)


def test_preparations_of_less_than_two_seconds_are_silent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = progress_printer()
    for done in range(100):
        report("scanning images", done, 100)
    assert capsys.readouterr().err == ""


def test_long_preparations_say_how_far_they_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 0.0, 0.0, 3.0, 4.0, 6.0])
    monkeypatch.setattr("zerosum.live.time.monotonic", lambda: next(clock))
    report = progress_printer()
    for done in (1, 100, 150, 200):
        report("scanning images", done, 400)
    assert capsys.readouterr().err.splitlines() == [
        "scanning images: 100 of 400, 9 s left",
        "scanning images: 200 of 400, 6 s left",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (59.6, "1 min 0 s"), (3599, "59 min 59 s"), (7260, "2 h 1 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_level_curve_is_a_low_line() -> None:
    assert sparkline([2.0, 2.0]) == "▁▁"


class _Telling(Hook):
    """Writes events as the referee does."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def stepped(self, trainer: Trainer) -> None:
        if trainer.step == 3:
            self._run.add_event("diagnosis", step=3, name="mode collapse", words="no spread left")
            self._run.add_event("measured", step=3, distance=1.0)
            self._run.add_event("remedy", step=3, name="add-r2", words="add the penalty R2")


def test_the_dashboard_shows_what_the_referee_says(run: Run) -> None:
    console, screen = _terminal()
    _play(run, _trainer(), console, _Telling(run))
    view = _last_view(screen)
    assert "step 3: diagnosis mode collapse: no spread left" in view
    assert "step 3: remedy add-r2: add the penalty R2" in view


def test_plain_lines_say_what_the_referee_says(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    _trainer().run([PlainLines(run), _Telling(run)])
    printed = capsys.readouterr().err
    assert "step 3: diagnosis mode collapse: no spread left\n" in printed
    assert "distance" not in printed


def test_names_that_look_like_markup_or_move_the_cursor(tmp_path: Path) -> None:
    """They are a stranger's, as a run is, or a file's."""
    run = Run.create(tmp_path / "a[/b]\x1b[2J", {"recipe": {"name": "[red]cgan[/x]"}})
    console, screen = _terminal()
    _play(run, _trainer("point"), console)
    assert "[red]cgan[/x] on " in _last_view(screen)
    assert "\x1b[2J" not in screen.getvalue()
    assert "a[/b]\\x1b[2J" in screen.getvalue().replace("\n", "")
