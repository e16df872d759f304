"""Templates: found in examples, kept as JSON, and filled with rows."""

from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import zerosum as zs
from zerosum.errors import ConfigError, DataError, RunError
from zerosum.modalities.strings.simulated import dialogues, logins, notes, phishing, quizzes
from zerosum.modalities.strings.templates.forms import forms_of, written
from zerosum.modalities.strings.templates.parts import parts_of, text_of

SIMULATED = {
    "notes": (notes, notes.simulate_notes, "note"),
    "quizzes": (quizzes, quizzes.simulate_quizzes, "item"),
    "dialogues": (dialogues, dialogues.simulate_dialogues, "dialogue"),
    "phishing": (phishing, phishing.simulate_phishing, "mail"),
    "logins": (logins, logins.simulate_logins, "line"),
}


def visits(n: int = 60) -> pd.DataFrame:
    """Rows whose texts have two templates: one for those with a phone, one for others."""
    rows = []
    for i in range(n):
        day, city = date(2026, 1 + i % 12, 1 + i % 27), ("Oslo", "Bonn", "Lyon")[i % 3]
        phone = None if i % 4 == 0 else 5_550_000 + 37 * i
        said = "No phone was given." if phone is None else f"Call {phone}."
        text = f"In {city.upper()} on {day.day} {day:%B} {day.year}. {said} Take 2 cards."
        rows.append({"city": city, "day": day, "phone": phone, "cards": 1 + i % 5, "text": text})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("name", SIMULATED)
def test_what_is_filled_is_true(name: str) -> None:
    module, simulate, text = SIMULATED[name]
    found = zs.templates(simulate(700), text=text, purpose=purpose_of(module))
    rows = simulate(200, seed=5).drop_columns([text])
    filled = found.filled(rows, seed=1)
    made = [row for row in filled.table.to_pylist() if row[text]]
    assert len(made) == 200 - filled.without > 170
    assert [module.contradictions(row) for row in made] == [[]] * len(made)
    assert len({row[text] for row in made}) > 130
    assert found.covered > 600


def purpose_of(module: ModuleType) -> Any:
    return "training" if module is phishing else None


def test_the_templates_of_notes_are_found() -> None:
    found = zs.templates(notes.simulate_notes(1_000), text="note")
    openings = {one.text.split(".")[0] for one in found.templates}
    assert openings == {
        "{sex} of {age} years comes for {diagnosis}", "{age}-year-old {sex} with {diagnosis}",
        "Patient is a {sex}, {age}, known {diagnosis}",
    }  # fmt: skip
    assert len(found.templates) == 9
    assert sum(one.count for one in found.templates) > 900
    better = next(one for one in found.sentences if one.text.startswith("Improving"))
    assert better.seen["better"] == ("yes",)


def test_forms_gaps_and_words_that_are_cells_by_chance() -> None:
    found = zs.templates(visits(), text="text")
    texts = {one.text for one in found.templates}
    assert any(one.startswith("In {city:upper} on {day:day month year}. ") for one in texts)
    assert "cards" not in found.slots
    rows = pd.DataFrame({
        "city": ["Lyon", "Lyon"], "day": [date(2027, 5, 3)] * 2, "phone": [123, None],
        "cards": [2, 3],
    })  # fmt: skip
    made = found.fill(rows)
    assert list(made["text"]) == [
        "In LYON on 3 May 2027. Call 123. Take 2 cards.",
        "In LYON on 3 May 2027. No phone was given. Take 2 cards.",
    ]
    assert list(made.columns) == ["city", "day", "phone", "cards", "text"]


def test_of_two_columns_with_the_same_cell_the_words_around_decide() -> None:
    frame = pd.DataFrame(
        {"age": [i % 9 + 1 for i in range(90)], "weeks": [i % 5 for i in range(90)]}
    )
    frame["text"] = [
        f"Aged {a}, back in {w}." for a, w in zip(frame["age"], frame["weeks"], strict=True)
    ]
    found = zs.templates(frame, text="text")
    assert [one.text for one in found.templates] == ["Aged {age}, back in {weeks}."]


def test_of_forms_that_write_a_cell_alike_the_one_of_most_texts_is_taken() -> None:
    frame = pd.DataFrame({"sum": [37.25 * i**2 for i in range(1, 61)]})
    for sign, form in (".", "thousands, two places"), (",", "comma, thousands, two places"):
        said = [f"{one:,.2f}" for one in frame["sum"]]
        texts = [one.translate({44: ".", 46: ","}) if sign == "," else one for one in said]
        found = zs.templates(frame.assign(text=[f"Total {one} EUR" for one in texts]))
        assert [one.text for one in found.templates] == [f"Total {{sum:{form}}} EUR"]


def test_lines_of_an_access_log_keep_their_dates() -> None:
    when = pd.date_range("2026-05-01 10:00:07", periods=40, freq="7h")
    frame = pd.DataFrame({"at": when, "size": range(100, 140)})
    frame["line"] = [
        f"[{at:%d/%b/%Y:%H:%M:%S} +0000] {n}" for at, n in zip(when, frame["size"], strict=True)
    ]
    found = zs.templates(frame, text="line")
    assert list(found.fill(frame.drop(columns="line"))["line"]) == list(frame["line"])


def test_numbers_that_are_no_cell_are_told() -> None:
    frame = pd.DataFrame({"n": range(60), "kind": ["a", "b", "c"] * 20})
    by_kind = [f"Page {'abc'.index(kind)} of 3." for kind in frame["kind"]]
    assert not zs.templates(frame.assign(text=by_kind)).odd_numbers()
    found = zs.templates(frame.assign(text=[f"Room {i % 7} is open." for i in range(60)]))
    assert len(found.odd_numbers()) == 7
    assert any("7 sentences differ in numbers that are no cell" in one for one in found.lines())


def test_words_need_no_spaces_between_them() -> None:
    frame = pd.DataFrame({"name": ["田中", "佐藤", "鈴木"] * 20, "age": range(20, 80)})
    frame["text"] = [
        f"{name}さんは{age}歳です。{'元気です。' if age % 2 else '疲れています！'}"
        for name, age in zip(frame["name"], frame["age"], strict=True)
    ]
    found = zs.templates(frame)
    assert [one.text for one in found.templates] == ["{name}さんは{age}歳です。…"]
    assert len(found.sentences) == 3


def test_what_few_rows_say_stays_theirs() -> None:
    frame = visits(100)
    frame.loc[7, "text"] = "In LYON he told me of his divorce."
    found = zs.templates(frame, text="text")
    assert (found.covered, found.num_rows) == (99, 100)
    assert "divorce" not in str(found.to_json())
    assert "The other 1 texts" in " ".join(found.lines())


def test_a_row_that_no_template_was_seen_with_has_no_text() -> None:
    found = zs.templates(visits(), text="text")
    rows = visits(6).drop(columns="text")
    rows.loc[2, "city"] = "Rome"
    filled = found.filled(rows)
    assert filled.without == 1
    assert filled.table["text"][2].as_py() is None
    assert filled.remark is not None
    assert "1 of 6 rows have no text" in filled.remark
    assert filled.remark.endswith("such as city: Rome.")
    rows["city"] = "Rome"
    with pytest.raises(DataError, match="no template fits any row"):
        found.fill(rows)


def test_they_come_back_from_a_file_and_fill_alike(tmp_path: Path) -> None:
    found = zs.templates(visits(), text="text")
    again = zs.Templates.load(found.save(tmp_path / "t.json"))
    assert again == found
    rows = visits(20).drop(columns="text")
    a, b = (one.fill(rows, seed=3) for one in (found, again))
    assert a.equals(b)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    filled = found.filled(tmp_path / "rows.csv", seed=3)
    assert filled.table["text"].to_pylist() == list(a["text"])


def test_braces_are_words() -> None:
    frame = pd.DataFrame({"n": [3 + i for i in range(20)], "odd{": ["x", "y"] * 10})
    frame["text"] = [f"{{{n}}} of {{a}}" for n in frame["n"]]
    found = zs.templates(frame, text="text")
    assert [one.text for one in found.templates] == ["{{{n}}} of {{a}}"]
    assert list(found.fill(frame.drop(columns="text"))["text"]) == list(frame["text"])


def test_bad_input(tmp_path: Path) -> None:
    odd = pd.DataFrame({"n": range(20), "text": [f"{i * 7} odd {i}." for i in range(20)]})
    with pytest.raises(DataError, match="share, slots aside"):
        zs.templates(odd, text="text")
    with pytest.raises(DataError, match=r"no column 'txt'.*text"):
        zs.templates(visits(), text="txt")
    with pytest.raises(DataError, match="too few texts in 'text', 6"):
        zs.templates(visits(6), text="text")
    found = zs.templates(visits(), text="text")
    with pytest.raises(DataError, match="lacks the columns 'phone'"):
        found.fill(visits(9).drop(columns=["text", "phone"]))
    (tmp_path / "x.json").write_text('{"kind": "templates"}')
    with pytest.raises(DataError, match="holds no templates"):
        zs.Templates.load(tmp_path / "x.json")
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"x\.csv holds no templates.*Give a file"):
        zs.Templates.load(tmp_path / "x.csv")
    with pytest.raises(RunError, match="No such file"):
        zs.Templates.load(tmp_path / "none.json")
    with pytest.raises(ConfigError, match="brace that is alone"):
        parts_of("a { b")
    changed = found.to_json()
    changed["sentences"][0]["text"] = "{salary}"
    with pytest.raises(ConfigError, match="'salary'"):
        zs.Templates.from_json(changed)


@pytest.mark.parametrize(
    ("cell", "form", "words"),
    [
        (1234.5, "thousands, two places", "1,234.50"), (4, "words", "four"), (13, "words", None),
        (date(2026, 3, 4), "month day, year", "March 4, 2026"),
        ("back-pain", "spaces", "back pain"), (date(2026, 3, 4), "dd/mon/yyyy", "04/Mar/2026"),
        (12, "thousands, two places", "12.00"), (1234.5, "comma, thousands", "1.234,5"),
        (date(2026, 3, 4), "day month year, german", "4. März 2026"),
        (date(2026, 8, 4), "day month year, french", "4 août 2026"),
        (date(2026, 8, 4), "day month year, spanish", "4 de agosto de 2026"),
        (date(2026, 3, 4), "year month day, japanese", "2026年3月4日"),
        (True, "plain", None), (None, "plain", None), (date(2026, 3, 4), "d.m.yyyy", "4.3.2026"),
    ],
)  # fmt: skip
def test_forms(cell: Any, form: str, words: str | None) -> None:
    assert written(cell, form) == words


def test_every_form_has_a_name_that_templates_can_hold() -> None:
    cells = ["x", 4, date(2026, 3, 4), pd.Timestamp("2026-03-04 10:00").to_pydatetime()]
    for form in (form for cell in cells for form in forms_of(cell)):
        assert parts_of(text_of([("a", form)])) == [("a", form)]


def test_arrow_tables_come_back_as_they_came() -> None:
    found = zs.templates(pa.Table.from_pandas(visits()), text="text")
    made = found.fill(pa.Table.from_pandas(visits(9)))
    assert isinstance(made, pa.Table)
    assert "9" not in found.lines()[0].split()
