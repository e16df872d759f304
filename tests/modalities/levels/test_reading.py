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
    assert texts[0].startswith("####" + "#####" + "#" * 10), "what nobody reaches is wall"
    assert any("1 of 2 levels are smaller than 11 x 19" in note for note in notes)
    assert any(
        "in 1 of 2 levels blanks outside of the walls become walls" in note for note in notes
    )
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
    assert texts == ["######\n#@ ###\n#. $ #\n######"] * 2
    assert space.rules is not None
    assert space.rules.kind == "sokoban"


def test_floors_that_are_cut_off_at_the_right(tmp_path: Path) -> None:
    path = tmp_path / "dashes.xsb"
    path.write_text("--####\n###--####\n#@$-.---#\n#########\n" + "\n" * 2)
    _, texts, _ = levels(path)
    assert texts[0].splitlines()[2:4] == ["#########", "###  ####"]


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
        ("@.....>.\n@.....>\n" + "........\n" * 8, "most have 8, and line 2 of the level not"),
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
    path.write_bytes(b"####\0\xff")
    with pytest.raises(DataError, match="is not text: it holds zero bytes"):
        open_data(path)


SQUARE = "########\n#@ $  .#\n" + "#      #\n" * 5 + "########"


@pytest.mark.parametrize(
    "text",
    [
        SQUARE.replace("\n", "\r\n").encode(),
        SQUARE.replace("\n", "\r").encode(),
        b"\xef\xbb\xbf" + SQUARE.encode(),
        ("; für Émile\n" + SQUARE).encode("utf-16"),
        SQUARE.replace(" ", "_").encode(),
        b"8#\n#@-$--.#\n" + b"#6-#\n" * 5 + b"8#\n",
        b"8#|#@-$2-.#|#6-#|#6-#|#6-#|#6-#|#6-#|8#\n",
        f"{SQUARE}\nAuthor: me\nComment:\nthe walls # hurt\nComment-End:\nrrRdl\n".encode(),
        f"Level #3\n{SQUARE}\n".encode(),
    ],
    ids=["crlf", "cr", "mark", "utf-16", "underscores", "runs", "one-line", "comment", "number"],
)
def test_levels_are_written_in_many_ways(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "one.xsb"
    path.write_bytes(text)
    space, texts, _ = levels(path)
    assert texts == [SQUARE]
    assert space.fixed == (("$", 1), (".", 1), ("@", 1))


def test_another_encoding_is_told(tmp_path: Path) -> None:
    path = tmp_path / "one.xsb"
    path.write_bytes(f"; für Émile\n{SQUARE}\n".encode("latin-1"))
    _, texts, notes = levels(path)
    assert texts == [SQUARE]
    assert "one.xsb are not UTF-8 text, and are read as Latin-1." in notes


def test_puzzles_that_are_too_large_are_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "many.xsb"
    path.write_text(f"{SQUARE}\n\n" * 40 + XSB)
    _, texts, notes = levels(path)
    assert texts == [SQUARE] * 40
    assert any("2 of 42 levels are larger than 8 x 8 and are not used" in note for note in notes)
    assert len(levels(path, window=(11, 19))[1]) == 42
    (tmp_path / "large.xsb").write_text(XSB)
    with pytest.raises(DataError, match=r"fits into 8 x 8 tiles.*cannot be cut.*'11,19'"):
        open_data(tmp_path / "large.xsb", window=(8, 8))


def test_rooms_lie_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "zelda").mkdir()
    room = ["W" * 10, *["WF" + i * "M" + (7 - i) * "F" + "W" for i in range(7)], "W" * 10]
    both = ["-" * 10 + row for row in room] + [row + "-" * 10 for row in room]
    (tmp_path / "zelda" / "one.txt").write_text("\n".join(both))
    (tmp_path / "zelda" / "README.txt").write_text("F = FLOOR\nW = WALL\n- = VOID (NOTHING)\n")
    (tmp_path / "zelda" / "about.txt").write_text("This is what I found.\nHave fun with it all!\n")
    _, texts, notes = levels(tmp_path / "zelda", window="9,10", stride="9,10")
    assert texts == ["\n".join(room)] * 2
    assert "2 pieces of a single tile are left out." in notes
    assert "about.txt hold no levels: skipped." in notes


def test_a_damaged_file_is_named_and_can_be_skipped(tmp_path: Path) -> None:
    for name in ("1.txt", "2.txt"):
        (tmp_path / name).write_text("\n".join(["." * 9] * 9))
    (tmp_path / "2.txt").write_text("\n".join(["." * 9] * 8 + ["." * 10]))
    with pytest.raises(DataError, match=r"1 unreadable file: 2\.txt: .*line 9 .*skip_bad"):
        open_data(tmp_path)
    _, texts, notes = levels(tmp_path, skip_bad=True)
    assert len(texts) == 1
    assert "2.txt cannot be read: skipped." in notes


def test_a_map_seen_from_above_is_no_platform_game(tmp_path: Path) -> None:
    rows = ["-" * 12] * 4 + ["-XXXXXXXXXX-", *["-X........X-"] * 3, "-XXXXXXXXXX-", "-" * 12]
    (tmp_path / "doom.txt").write_text("\n".join(rows))
    assert levels(tmp_path / "doom.txt")[0].rules is None


def test_a_model_of_other_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(zs.ZerosumError, match="levels takes level data"):
        zs.train("levels", data="digits", out=tmp_path / "run", samples=64, quiet=True)
