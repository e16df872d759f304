"""Levels as people have them: XSB, the Video Game Level Corpus, folders of texts."""

from pathlib import Path
from typing import Any

import pytest
import torch

import zerosum as zs
from zerosum.errors import ConfigError, DataError
from zerosum.modalities.levels.space import LevelSpace
from zerosum.workflows.data import open_data

XSB = """; 1
    #####
    #   #
    #$  #
  ###  $##
  #  $ $ #
### # ## #   ######
#   # ## #####  ..#
# $  $          ..#
##### ### #@##  ..#
    #     #########
    #######

; 2
##########
#@ $    .#
#        #
#        #
#        #
#        #
##########
"""
"""The first level of the original game, and one of our own."""


def levels(path: Path, **options: Any) -> tuple[LevelSpace, list[str], tuple[str, ...]]:
    data, _ = open_data(path, **options)
    assert isinstance(data.space, LevelSpace)
    x, _ = data.take(torch.arange(len(data)))
    return data.space, [data.space.text(one) for one in x], data.notes


def test_an_xsb_file(tmp_path: Path) -> None:
    path = tmp_path / "original.xsb"
    path.write_text(XSB)
    space, texts, notes = levels(path)
    assert space.tiles == (" ", "#", "$", ".", "@")
    assert (space.height, space.width, len(texts)) == (11, 19, 2)
    assert space.rules is not None
    assert space.rules.kind == "sokoban"
    assert "#   # ## #####  ..#" in texts[0]
    assert "##########" in texts[1]
    assert any("1 of 2 levels are smaller than 11 x 19" in note for note in notes)
    assert any("rules `sokoban`" in note for note in notes)


def test_levels_of_a_platform_game_are_cut_into_windows(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    rows = ["-" * 60] * 12 + ["--o-" * 15, "X" * 60]
    (tmp_path / "corpus" / "mario-1-1.txt").write_text("\n".join(rows))
    with pytest.raises(DataError, match=r"up to 14 x 60 tiles.*'window'"):
        open_data(tmp_path / "corpus")
    space, texts, notes = levels(tmp_path / "corpus", window="14,16")
    assert levels(tmp_path / "corpus", window=(14, 16))[0] == space
    with pytest.raises(ConfigError, match="write HEIGHT,WIDTH such as 14,16"):
        levels(tmp_path / "corpus", window="14;16")
    assert (space.height, space.width, len(texts)) == (14, 16, 45)
    assert space.tiles == ("-", "X", "o")
    assert space.rules is not None
    assert space.rules.kind == "jump"
    assert any("cut into 45 pieces" in note for note in notes)


def test_words_above_and_below_levels_are_titles(tmp_path: Path) -> None:
    one = "####\n#@ ###\n#. $ #\n######"
    path = tmp_path / "collection.txt"
    path.write_text(f"My levels\nfor friends\n\nLevel 1\n{one}\nTitle: One\n\n2\n\n{one}\nby me\n")
    space, texts, _ = levels(path, spaces=("level",), window=(4, 6))
    assert texts == ["####  \n#@ ###\n#. $ #\n######"] * 2
    assert space.rules is not None
    assert space.rules.kind == "sokoban"


def test_floors_that_are_cut_off_at_the_right(tmp_path: Path) -> None:
    path = tmp_path / "dashes.xsb"
    path.write_text("--####\n###--####\n#@$-.---#\n#########\n" + "\n" * 2)
    _, texts, _ = levels(path)
    assert texts[0].splitlines()[2:4] == ["  ####   ", "###  ####"]


def test_a_text_with_another_name_before_the_levels_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "LICENSE.txt").write_text("; Do what you like.\n")
    (tmp_path / "one.txt").write_text("\n".join(["#" * 9] * 9))
    assert levels(tmp_path)[1] == ["\n".join(["#" * 9] * 9)]


def test_subfolders_are_labels(tmp_path: Path) -> None:
    for label in ("cave", "town"):
        (tmp_path / label).mkdir()
        for i in range(3):
            (tmp_path / label / f"{i}.txt").write_text("\n".join(["#" * 9] * 9))
    data, _ = open_data(tmp_path)
    assert data.space.labels == ("cave", "town")
    assert data.space.label_counts == (3, 3)


def test_prose_is_no_level(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear all,\nthis is no level.\nBest\n")
    with pytest.raises(DataError) as error:
        open_data(path)
    assert "level" not in str(error.value) or "notes.txt" in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@.....>.\n@.....>\n" + "........\n" * 8, "have 7 to 8 characters"),
        ("#\t#.....\n" * 9, "has tabs"),
        ("", "holds no levels"),
    ],
)
def test_bad_levels(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.lvl"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        open_data(path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "bad.lvl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        open_data(path)


def test_a_model_of_other_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(zs.ZerosumError, match="levels takes level data"):
        zs.train("levels", data="digits", out=tmp_path / "run", samples=64, quiet=True)
