"""A run's history as a picture, and the extra that a TensorBoard log needs."""

import sys
from pathlib import Path

import pytest
from PIL import Image

from zerosum.errors import MissingExtraError, RunError
from zerosum.runs.store import Run
from zerosum.workflows.history import draw_history, export_tensorboard


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.create(tmp_path / "run", {})
    for step in range(1, 4):
        run.add_history({"step": step, "images": 8 * step, "seconds": 0.1, "g/loss": 1 / step})
    return run


def test_curves(run: Run, tmp_path: Path) -> None:
    path = draw_history(run, tmp_path / "new" / "c.png")
    with Image.open(path) as picture:
        colours = picture.getcolors(1 << 16)
    assert any(colour == (37, 99, 235) for _, colour in colours or ()), "no curve is drawn"
    assert draw_history(run, path, names=("g/loss",)) == path


def test_one_row_is_enough(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    run.add_history({"step": 1, "images": 8, "seconds": 0.1, "g/loss": 1.0})
    assert draw_history(run, tmp_path / "c.png").is_file()


def test_what_cannot_be_drawn(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no term 'loss' in .*It has: g/loss"):
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
