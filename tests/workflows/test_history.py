"""A run's history as an image, and the extra that a TensorBoard log needs."""

import sys
from math import isfinite
from pathlib import Path

import pytest
from PIL import Image

from zerosum.errors import MissingExtraError, RunError
from zerosum.runs.store import Run
from zerosum.workflows.history import curves_of, draw_history, export_tensorboard

BLUE, RED = (37, 99, 235), (220, 38, 38)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.create(tmp_path / "run", {})
    for step in range(1, 4):
        run.add_history({"step": step, "samples": 8 * step, "seconds": 0.1, "g/loss": 1 / step})
    return run


def test_a_frame_for_each_curve_or_one_for_some(run: Run, tmp_path: Path) -> None:
    run.add_event("measured", step=2, samples=16, distance=3.0)
    run.add_event("measured", step=3, samples=24, distance=2.0)
    path = draw_history(run, tmp_path / "new" / "c.png")
    with Image.open(path) as picture:
        assert picture.size == (600, 220)
        assert _pixels(picture, BLUE) > 100, "no curve is drawn"
        assert not _pixels(picture, RED)
    assert draw_history(run, path, names=("g/loss",)) == path
    with Image.open(path) as picture:
        assert picture.size == (720, 480)


def test_marks_of_the_referee(run: Run, tmp_path: Path) -> None:
    run.add_event("remedy", step=2, samples=16, name="roll-back", words="…")
    with Image.open(draw_history(run, tmp_path / "c.png")) as picture:
        assert _pixels(picture, RED) > 100


def _pixels(picture: Image.Image, colour: tuple[int, int, int]) -> int:
    return sum(n for n, found in picture.getcolors(1 << 16) or () if found == colour)


def test_curves_of_history_and_looks(run: Run) -> None:
    run.add_event("measured", step=2, samples=16, distance=3.0, words="no number")
    run.add_event("other", step=2, samples=16, distance=4.0)
    assert curves_of(run) == {
        "g/loss": [(8, 1.0), (16, 0.5), (24, 0.333333)],
        "distance": [(16, 3.0)],
    }


def test_long_histories_are_thinned(run: Run) -> None:
    for step in range(4, 1_000):
        run.add_history({"step": step, "samples": 8 * step, "seconds": 1.0, "g/loss": step / 7})
    run.add_history({"step": 1_000, "samples": 8_000, "seconds": 1.0, "g/loss": float("nan")})
    curve = curves_of(run)["g/loss"]
    assert 300 < len(curve) <= 400
    assert all(isfinite(value) for _, value in curve)


def test_one_row_is_enough(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    run.add_history({"step": 1, "samples": 8, "seconds": 0.1, "g/loss": 1.0})
    assert draw_history(run, tmp_path / "c.png").is_file()


def test_what_cannot_be_drawn(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no curve 'loss' in .*It has: g/loss"):
        draw_history(run, tmp_path / "c.png", names=("loss",))
    with pytest.raises(RunError, match=r"Allowed: \.png"):
        draw_history(run, tmp_path / "c.svg")
    with pytest.raises(RunError, match="has no history yet"):
        draw_history(Run.create(tmp_path / "empty", {}), tmp_path / "c.png")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot make"):
        draw_history(run, tmp_path / "file" / "c.png")


def test_tensorboard_names_its_extra(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # as if the extra were missing
    with pytest.raises(MissingExtraError, match=r"pip install 'zerosum\[tensorboard\]'"):
        export_tensorboard(run, tmp_path / "log")
    assert not (tmp_path / "log").exists()
