"""Texts as people have them: columns of tables, lines of files, with their slots."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import zerosum as zs
from zerosum.errors import DataError, PrivacyError
from zerosum.modalities.strings.frames import texts_of
from zerosum.modalities.strings.simulated.notes import contradictions, simulate_notes
from zerosum.modalities.strings.space import FIRST_SLOT, TextSpace
from zerosum.modalities.tables.reading.frames import to_table
from zerosum.workflows.data import open_data, open_holdout


def reviews(n: int = 40) -> pd.DataFrame:
    return pd.DataFrame({
        "rating": [1 + i % 5 for i in range(n)],
        "variation": [("black", "white")[i % 2] for i in range(n)],
        "review": [f"I bought the {('black', 'white')[i % 2]} one, number {i}." for i in range(n)],
    })  # fmt: skip


def texts(data: Any, **options: Any) -> tuple[TextSpace, list[str], tuple[str, ...]]:
    found, _ = open_data(data, spaces=("string",), **options)
    assert isinstance(found.space, TextSpace)
    return found.space, texts_of(found.space, found.take(torch.arange(len(found)))[0]), found.notes


@pytest.mark.parametrize("pieces", ["characters", "subwords"])
def test_texts_and_columns_come_back(pieces: str, tmp_path: Path) -> None:
    if pieces == "subwords":
        pytest.importorskip("tokenizers")
    frame, path = reviews(), tmp_path / "reviews.csv"
    frame.to_csv(path, index=False)
    for data in (frame, path):
        space, found, notes = texts(data, pieces=pieces)
        assert found == list(frame["review"])
        assert space.order == ("rating", "variation", "review")
        assert space.slots == ("variation",)
        assert any("'review' is taken for the column of texts" in note for note in notes)
        assert any("cells of 'variation'" in note for note in notes)


def test_a_cell_is_a_slot_of_its_own_word() -> None:
    space, _, _ = texts(reviews(), pieces="characters")
    compact, _ = open_data(reviews(), spaces=("string",), pieces="characters")
    first = space.templates(compact.take(torch.arange(1))[0])[0]
    assert first == f"I bought the {chr(FIRST_SLOT)} one, number 0."


def test_moments_are_slots_as_they_are_written() -> None:
    when = pd.date_range("2026-03-04 09:12:33", periods=40, freq="37min")
    frame = pd.DataFrame({"at": when, "text": [f"[{one}] signed in" for one in when]})
    assert texts(frame, pieces="characters")[0].slots == ("at",)


def test_a_slot_is_no_part_of_a_number_and_needs_no_space() -> None:
    frame = pd.DataFrame({"n": [1 + i % 4 for i in range(40)]})
    frame["text"] = [f"{n}個、計{n},050円、{n}.5" for n in frame["n"]]
    compact, _ = open_data(frame, spaces=("string",), pieces="characters")
    assert isinstance(compact.space, TextSpace)
    first = compact.space.templates(compact.take(torch.arange(1))[0])[0]
    assert first == f"{chr(FIRST_SLOT)}個、計1,050円、1.5"


def test_constraints_hold_of_columns() -> None:
    frame = reviews().assign(shade=["dark", "light"] * 20)
    together = [zs.FixedCombinations(["variation", "shade"])]
    space, found, _ = texts(frame, pieces="characters", text="review", constraints=together)
    assert [one.columns for one in space.attributes.constraints] == [("variation", "shade")]
    made = to_table(space.attributes.to_data(torch.rand(30, len(space.attributes.codecs))),
                    space.attributes).to_pylist()  # fmt: skip
    assert {(row["variation"], row["shade"]) for row in made} <= {
        ("black", "dark"), ("white", "light"),
    }  # fmt: skip
    assert found == list(frame["review"])


def test_slots_can_be_left_out() -> None:
    assert texts(reviews(), pieces="characters", slots="none")[0].slots == ()


def test_columns_can_be_chosen() -> None:
    space, _, _ = texts(reviews(), pieces="characters", text="review", given="rating")
    assert space.order == ("rating", "review")


def test_lines_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("\n".join([f"Name {i}" for i in range(20)] + ["", "  "]))
    space, found, _ = texts(path, pieces="characters")
    assert found[:2] == ["Name 0", "Name 1"]
    assert len(found) == 20
    assert space.order == ("text",)


def test_rows_without_text_are_left_out_and_told() -> None:
    frame = reviews()
    frame.loc[[3, 5], "review"] = ["", None]
    _, found, notes = texts(frame, pieces="characters")
    assert len(found) == 38
    assert any("2 rows have no text" in note for note in notes)


def test_signs_of_all_kinds_are_kept() -> None:
    odd = ["smile 🙂 ok", "tab\there", "שלום עולם", "naïve café", "a\x07b", "line\nbreak"] * 3
    assert texts(pd.DataFrame({"text": odd}), pieces="characters")[1] == odd


def test_long_texts_end_and_it_is_told() -> None:
    frame = pd.DataFrame({"text": ["short one"] * 999 + ["x" * 5_000]})
    _, found, notes = texts(frame, pieces="characters")
    assert max(map(len, found)) == 9
    assert any("1 texts have more than 9 pieces" in note for note in notes)


@pytest.mark.parametrize(
    ("frame", "options", "words"),
    [
        (reviews(4), {}, "too few texts in 'review', 4"),
        (reviews().assign(review=None), {"text": "review"}, "too few texts in 'review', 0"),
        (reviews()[["rating"]], {}, "none does"),
        (reviews().assign(more="some more words in every cell"), {}, "2 do: review, more"),
        (reviews(), {"text": "reviewx"}, "no column 'reviewx'.*review"),
        (reviews(), {"text": "rating"}, "holds int64, and texts are wanted"),
        (reviews(), {"given": "raiting"}, "given names 'raiting'.*rating"),
        (
            pd.DataFrame({"text": ["a"] * 9 + ["y" * 30_000] * 3}),
            {},
            "30,000 characters in row 10, and in 2 more",
        ),
        (reviews().rename(columns={"rating": "length"}), {}, "Rename it"),
    ],
)
def test_bad_tables(frame: pd.DataFrame, options: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        texts(frame, **{"pieces": "characters", **options})


def test_no_privacy_is_promised(tmp_path: Path) -> None:
    with pytest.raises(PrivacyError, match="texts are not trained with epsilon="):
        zs.train("text", reviews(), out=tmp_path / "run", epsilon=3, samples=64, quiet=True)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"\xff\xfe\x00\n" * 20)
    with pytest.raises(DataError, match="is not UTF-8 text"):
        texts(path)


def test_a_holdout_is_read_as_the_training_data_was() -> None:
    train, config = open_data("notes", pieces="characters", num_rows=200)
    held, _ = open_holdout("notes", space=train.space, like=config)
    assert held.space == train.space
    assert isinstance(train.space, TextSpace)
    assert set(train.space.slots) == {"age", "sex", "diagnosis", "drug", "weeks"}
    mine, theirs = (texts_of(train.space, one.take(torch.arange(50))[0]) for one in (train, held))
    assert mine != theirs


def test_simulated_notes_are_true() -> None:
    rows = simulate_notes(300, seed=3).to_pylist()
    assert not any(contradictions(row) for row in rows)
    wrong = [{**row, "better": {"yes": "no", "no": "yes"}[row["better"]]} for row in rows]
    assert all(contradictions(row) == ["better"] for row in wrong)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (["hello there", "b"] * 20, r"40 paths .*and 37 more.* a column of a data frame"),
        (["reviews.csv", "given=day"], r"NAME=VALUE follows a --with of its own"),
    ],
)
def test_what_is_no_path_names_the_way(data: list[str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        texts(data)
