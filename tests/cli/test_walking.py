"""`zerosum walk` into videos: how long, how fast, and what is refused before anything is made."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

Zerosum = Callable[..., Any]


def length(path: Path) -> tuple[int, float]:
    """Frames, and frames in a second."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate is not None
        return len(list(container.decode(stream))), float(stream.average_rate)


@pytest.mark.parametrize("run", ["digits_run", "ring_run"])
def test_seconds_and_speed(
    zerosum: Zerosum, run: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    out = tmp_path / "w.mp4"
    words = ("--seconds", 0.5, "--fps", 24, "-n", 4, "--seed", 0, "--out", out, "--json")
    done = zerosum("walk", request.getfixturevalue(run), *words)
    assert json.loads(done.out) == {"path": str(out), "frames": 12, "fps": 24, "seed": 0}
    assert length(out) == (12, 24)


def test_frames_and_the_default_speed(zerosum: Zerosum, ring_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.mp4"
    assert zerosum("walk", ring_run, "--frames", 3, "--out", out).out == f"{out}\n"
    assert length(out) == (3, 20)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--frames", 3, "--seconds", 2), "both say how long; leave one out"),
        (("--seconds", 0.01), "it must come to 1 frame or more"),
        (("--seconds", "nan"), "it must come to 1 frame or more"),
        (("--seconds", "inf"), "fewer than 1,000,000"),
        (("--fps", 200), "200 frames per second; a .mp4 takes 1 to 120"),
        (("--fps", 0), "0 frames per second"),
    ],
)
def test_refusals(
    zerosum: Zerosum, ring_run: Path, words: tuple[object, ...], message: str, tmp_path: Path
) -> None:
    done = zerosum("walk", ring_run, "--out", tmp_path / "w.mp4", *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert not list(tmp_path.iterdir())


def test_without_the_extra_nothing_is_made(
    zerosum: Zerosum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)  # as if it were missing
    done = zerosum("walk", tmp_path / "no-run", "--out", tmp_path / "w.mp4")
    assert (done.code, "pip install 'zerosum[video]'" in done.err) == (2, True)
