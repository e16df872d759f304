"""Data that does not vary is refused before anything is trained, whatever its kind."""

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from zerosum.errors import DataError
from zerosum.workflows.prepare import plan_training


def texture(place: Path) -> Any:
    Image.new("RGB", (96, 96), (200, 40, 40)).save(place / "plain.png")
    return place / "plain.png"


def images(place: Path) -> Any:
    for i in range(20):
        Image.new("L", (16, 16), 90).save(place / f"{i}.png")
    return place


def tones(place: Path) -> Any:
    tone = (9_000 * np.sin(np.arange(2_000) / 3)).astype("<i2").tobytes()
    for i in range(10):
        with wave.open(str(place / f"{i}.wav"), "wb") as file:
            file.setparams((1, 2, 4_000, 0, "NONE", ""))
            file.writeframes(tone)
    return place


def levels(place: Path) -> Any:
    level = "########\n#..@...#\n#..#...#\n#......#\n########\n"
    (place / "levels.txt").write_text("\n".join([level] * 12))
    return place / "levels.txt"


def series(place: Path) -> Any:
    return np.repeat(np.sin(np.linspace(0, 6, 24))[None, :, None], 20, axis=0)


def with_gaps(place: Path) -> Any:
    x = series(place)
    x[:, 3] = np.nan
    return x


def points(place: Path) -> Any:
    return np.full((40, 2), 0.5)


def texts(place: Path) -> Any:
    return pd.DataFrame({"mood": ["good"] * 40, "text": ["the soup was cold"] * 40})


def rows(place: Path) -> Any:
    return pd.DataFrame({"a": [1.5] * 40, "b": ["x"] * 40})


@pytest.mark.parametrize(
    ("recipe", "make"),
    [
        ("texture", texture), ("r3gan", images), ("sound", tones), ("levels", levels),
        ("series", series), ("series", with_gaps), ("vanilla", points), ("text", texts),
        ("table", rows),
    ],
)  # fmt: skip
def test_there_is_nothing_to_learn(
    recipe: str, make: Callable[[Path], Any], tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="nothing to learn"):
        plan_training(recipe, make(tmp_path))


def test_one_that_differs_is_enough(tmp_path: Path) -> None:
    Image.new("L", (16, 16), 91).save(images(tmp_path) / "9.png")
    assert len(plan_training("r3gan", tmp_path).dataset) == 20
