"""Tables as banks, clinics, loggers and spreadsheets export them: read as meant, or refused."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from openpyxl import Workbook

import zerosum as zs
from zerosum.errors import DataError
from zerosum.forms.csv_cells import Cells
from zerosum.modalities.tables.model import tables_of
from zerosum.modalities.tables.reading.dataset import TableDataset
from zerosum.modalities.tables.reading.readers import TableFileConfig, schema_of
from zerosum.modalities.tables.schema import Schema
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.writing import write_csv
from zerosum.workflows.data import open_data, open_holdout

N = 120

BANK = [
    f"{1 + k % 28:02d}.{1 + k % 12:02d}.2024;{('Miete', 'Lohn')[k % 2]};{k * 7 % 900},{k % 90 + 10}"
    for k in range(N)
]
PREAMBLE = 'Kontonummer:;"DE123 / Giro"\n\nVon:;01.01.2024\n'


def put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def table(path: Path, cells: Callable[[int], str], *, separator: str = ",") -> Path:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerows([["x", "k"], *([cells(k), str(k % 7)] for k in range(N))])
    return put(path, text.getvalue())


def opened(path: Path, **options: Any) -> tuple[TableDataset, TableSpace]:
    dataset, _ = open_data(str(path), **options)
    assert isinstance(dataset, TableDataset)
    assert isinstance(dataset.space, TableSpace)
    return dataset, dataset.space


@pytest.mark.parametrize(
    ("cells", "kind", "first"),
    [
        (lambda k: f"{3 + k % 7}:{k * 7 % 60:02d}", "duration", None),
        (lambda k: f"{3 + k % 7}:{k * 7 % 60:02d} PM", "duration", None),
        (lambda k: f"{k % 4}:{k * 7 % 60:02d}:{k * 11 % 60:02d}", "duration", None),
        (lambda k: f"{20 + k % 30}:{k * 7 % 60:02d}:{k * 11 % 60:02d}", "duration", None),
        (lambda k: f"{10 + k % 9}:00:{k % 60:02d},{k * 7 % 1000:03d}", "duration", None),
        (lambda k: f"{'-' if k % 2 else ''}0:{k % 60:02d}:{k * 7 % 50 + 1:02d}", "duration", None),
        (lambda k: f"{1 + k % 28:02d}/Oct/2023:1{k % 9}:00:07 +0200", "datetime", None),
        (lambda k: f"2023-05-{1 + k % 28:02d} 1{k % 9}:30:00 UTC", "datetime", None),
        (lambda k: f"{1 + k % 28:02d} May 2023 1{k % 9}:30 GMT", "datetime", None),
        (lambda k: f"2023年{1 + k % 12}月{1 + k % 28}日", "date", None),
        (
            lambda k: f"{10 + k % 80},{k % 90 + 10},{k * 7 % 1000:03d}.{k % 90 + 10}",
            "float",
            1010000.1,
        ),
        (lambda k: f"₹{1 + k % 9},{k % 90 + 10},{k * 7 % 1000:03d}", "integer", 110000),
        (lambda k: f"{10 + k % 80}\u202f{k * 7 % 1000:03d},{k % 90 + 10}", "float", 10000.1),
        (lambda k: f"{10 + k % 80}\u00a0{k * 7 % 1000:03d},{k % 90 + 10} €", "float", 10000.1),
    ],
)
def test_cells_come_back_in_their_form(
    cells: Callable[[int], str], kind: str, first: float | None, tmp_path: Path
) -> None:
    dataset, space = opened(table(tmp_path / "t.csv", cells, separator=";"))
    assert space.fields[0].kind == kind
    if first is not None:
        assert dataset.resident[0][0, 0].item() == first
    write_csv(tmp_path / "again.csv", tables_of(space, [dataset.resident[0]]), Cells(safe=False))
    text = (tmp_path / "again.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text else ",")
    assert [row["x"] for row in rows] == [cells(k) for k in range(N)]


def test_lengths_of_time_may_be_longer_than_a_day(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", lambda k: f"{20 + k % 30}:{k * 7 % 60:02d}:00")
    found = schema_of(path)
    assert found.fields[0].dtype == "duration[us]"
    assert found.guesses["x"] == "lengths of time as %H:%M:%S"
    told = schema_of(path, schema={"x": {"kind": "duration", "format": "%H:%M:%S"}})
    assert told.fields[0].to_json()["format"] == "%H:%M:%S"
    with pytest.raises(DataError, match="it says a time, such as %H:%M"):
        schema_of(path, schema={"x": {"kind": "duration", "format": "%d days"}})


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_moment_that_never_changes_keeps_its_form(ending: str, tmp_path: Path) -> None:
    cells = [{"when": "2024-01-02T03:04:05Z", "b": k % 7} for k in range(N)]
    path = tmp_path / f"t.{ending}"
    frame = pd.DataFrame(cells)
    path.write_text(json.dumps(cells) if ending == "json" else frame.to_csv(index=False))
    dataset, space = opened(path)
    assert space.fields[0].kind == "fixed"
    write_csv(tmp_path / "o.csv", tables_of(space, [dataset.resident[0]]), Cells(safe=False))
    assert (tmp_path / "o.csv").read_text().splitlines()[1] == '"2024-01-02T03:04:05Z",0'


def test_lines_above_the_names_are_passed_over_when_it_is_said(tmp_path: Path) -> None:
    body = "Tag;Vorgang;Betrag\n" + "\n".join(BANK) + "\n"
    path = put(tmp_path / "konto.csv", PREAMBLE + body)
    with pytest.raises(DataError, match=r"line 4 has 3 .*If it names .* options=\{'header': 4\}"):
        opened(path)
    dataset, space = opened(path, header=4)
    assert [field.kind for field in space.fields] == ["date", "category", "float"]
    plain, _ = opened(put(tmp_path / "plain.csv", body))
    assert dataset.fingerprint == plain.fingerprint
    _, config = open_data(str(path), header=4)
    assert isinstance(config, TableFileConfig)
    assert TableFileConfig.from_json(config.to_json()) == config
    held, _ = open_holdout(str(path), space=space, like=config)
    assert len(held) == N
    put(path, PREAMBLE + body + "oops;Miete;3,50\n")
    with pytest.raises(DataError, match=f"line {N + 5}, column 'Tag' holds 'oops'"):
        opened(path, header=4)
    with pytest.raises(DataError, match=f"has {N + 5} lines"):
        opened(path, header=1_000)


def test_a_title_above_does_not_hide_the_separator(tmp_path: Path) -> None:
    path = put(tmp_path / "t.csv", "Umsatz 2024\nTag;Vorgang;Betrag\n" + "\n".join(BANK))
    with pytest.raises(DataError, match=r"line 2 has 3 columns.*options=\{'header': 2\}"):
        opened(path)
    assert len(opened(path, header=2)[0]) == N


def test_a_line_below_the_rows_is_refused_by_its_number(tmp_path: Path) -> None:
    text = "Tag;Vorgang;Betrag\n" + "\n".join(BANK)
    with pytest.raises(DataError, match=f"line {N + 2} has 1 column.*remove it if it is no row"):
        opened(put(tmp_path / "t.csv", f"{text}\nAnzahl: {N}\n"))
    with pytest.raises(DataError, match=f"line {N + 2}, .*'Summe'.* Remove the line if it is no"):
        opened(put(tmp_path / "t.csv", f"{text}\nSumme;;99,00\n"))


@pytest.mark.parametrize("mark", ["^", " ", "~"])
def test_other_separators_are_asked_for_and_can_be_said(mark: str, tmp_path: Path) -> None:
    rows = [["mrn", "visits", "los"]]
    rows += [[str(900 + k % 40), str(k % 5), str(k % 9 + 1)] for k in range(N)]
    path = put(tmp_path / "clinic.csv", "\n".join(mark.join(row) for row in rows))
    with pytest.raises(DataError, match=r"If '.' stands between cells, say so: options="):
        opened(path)
    _, space = opened(path, separator=mark)
    assert [field.kind for field in space.fields] == ["key", "integer", "integer"]


def test_a_column_of_names_in_several_words_is_one(tmp_path: Path) -> None:
    names = [f"{'Ann' if k % 2 else 'Bo'} {'Lee' if k % 3 else 'Ray'}" for k in range(N)]
    path = put(tmp_path / "t.csv", "\n".join(["full name", *names]))
    assert opened(path)[1].names == ("full name",)


@pytest.mark.parametrize("codes", [["<5"], ["n.v.", "k.A."]])
def test_codes_among_numbers_make_no_category_of_these(codes: list[str], tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", lambda k: codes[k // 3 % len(codes)] if k % 3 == 0 else str(k))
    with pytest.raises(DataError, match="one of 40 such cells; the other 80 are numbers") as raised:
        opened(path)
    assert f"missing={codes!r}" in str(raised.value)
    dataset, space = opened(path, missing=codes)
    assert space.fields[0].kind == "integer"
    assert dataset.resident[0][:, 0].isnan().sum() == 40
    told = zs.schema(str(path), missing=codes)
    assert isinstance(told, Schema)
    assert told.fields[0].kind == "integer"
    said = zs.schema(str(path), schema={"x": "category"})
    assert isinstance(said, Schema)
    assert said.fields[0].kind == "category"


@pytest.mark.parametrize("held_as", ["csv", "parquet", "frame"])
@pytest.mark.parametrize("nines", [-9999, 999])
def test_numbers_that_may_stand_for_nothing_are_told(
    nines: int, held_as: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(20, 90, N)
    x[:10] = nines
    frame = pd.DataFrame(
        {"x": x, "y": rng.normal(size=N).round(2), "z": rng.integers(900, 1000, N)}
    )
    data: Any = frame
    if held_as != "frame":
        data = str(tmp_path / f"t.{held_as}")
        frame.to_csv(data, index=False) if held_as == "csv" else frame.to_parquet(data)
    found = schema_of(data)
    assert f"10 are {nines}, far from the others (20 to 89)" in found.guesses["x"]
    assert set(found.guesses) == {"x"}
    told = schema_of(data, missing=[str(nines)])
    assert not told.guesses
    dataset, _ = open_data(data, missing=[str(nines)])
    assert isinstance(dataset, TableDataset)
    assert dataset.resident[0][:, 0].isnan().sum() == 10


def test_rows_of_nothing_but_separators_are_told(tmp_path: Path) -> None:
    text = "a,b\n" + "\n".join(f"{k % 9},{k}.5" for k in range(N))
    found = schema_of(put(tmp_path / "t.csv", f"{text}\n,\n,\n\n"))
    assert found.remarks == (
        "2 rows hold nothing but separators, and all of it is taken for missing. Remove what is no "
        "row of data.",
    )
    assert not schema_of(put(tmp_path / "t.csv", f"{text}\n1,\n\n")).remarks


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "a pointer of Git LFS"),
        ("\n<!DOCTYPE html>\n<html><body>Log in</body></html>\n", "a web page"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"t.csv is no table: it is {words}"):
        opened(put(tmp_path / "t.csv", text))


def workbook(path: Path) -> Path:
    book = Workbook()
    first = book.active
    assert first is not None
    first.title = "Sales"
    first.append(["Sales of 2024"])
    first.merge_cells("A1:C1")
    first.append([])
    first.append(["day", "shop", "sum"])
    for k in range(N):
        first.append([k % 28, "NS"[k % 2], k % 50])
    other = book.create_sheet("2023")
    other.append(["a", "b"])
    for k in range(N):
        other.append([k % 7, "xy"[k % 2]])
    book.save(path)
    return path


def test_sheets_and_titles_of_workbooks(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx")
    with pytest.raises(
        DataError, match=r"If row 3 names .*day, shop, sum.*options=\{'header': 3\}"
    ):
        opened(path)
    dataset, space = opened(path, header=3)
    assert (space.names, len(dataset)) == (("day", "shop", "sum"), N)
    assert dataset.notes[0] == (
        "Of its 2 sheets the first, 'Sales', is read (options={'sheet': '2023'})."
    )
    other, space = opened(path, sheet=2023)
    assert space.names == ("a", "b")
    assert not any("sheets" in note for note in other.notes)
    with pytest.raises(DataError, match=r"has no sheet 'sales'\. Did you mean 'Sales'"):
        opened(path, sheet="sales")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"header": 2}, "for CSV and Excel"),
        ({"sheet": "a"}, "for Excel"),
        ({"separator": ";"}, "CSV"),
    ],
)
def test_layouts_that_a_form_does_not_have(
    options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=words):
        opened(put(tmp_path / "t.jsonl", '{"a": 1}\n{"a": 2}\n'), **options)


def test_a_frame_of_numbers_may_have_marks_too() -> None:
    table = pa.table({"x": pa.array([1, 2, -99] * 20, pa.int8()), "y": [0.5, -99.0, 2.0] * 20})
    dataset, _ = open_data(table, missing=["-99", "unknown", "1e9"])
    assert isinstance(dataset, TableDataset)
    assert dataset.resident[0].isnan().sum(0).tolist() == [20, 20]


@pytest.mark.parametrize("mark", ["|", "\t", ";"])
@pytest.mark.parametrize("ending", ["txt", "dat", "data"])
def test_rows_in_plain_text_are_a_table(mark: str, ending: str, tmp_path: Path) -> None:
    rows = [["age", "sex"], *([str(20 + k % 60), "fm"[k % 2]] for k in range(N))]
    path = put(tmp_path / f"clinic.{ending}", "\n".join(mark.join(row) for row in rows))
    dataset, space = opened(path, spaces=("table", "string"))
    assert space.names == ("age", "sex")
    assert len(dataset) == N
    assert isinstance(zs.schema(str(path)), Schema)


def test_sentences_are_no_rows(tmp_path: Path) -> None:
    lines = [f"Well, it was {k} o'clock, or so." for k in range(N)]
    lines[3] = "No comma here."
    dataset, _ = open_data(str(put(tmp_path / "notes.txt", "\n".join(lines))))
    assert dataset.space.kind == "string"
    with pytest.raises(DataError, match="no table at"):
        schema_of(tmp_path / "notes.txt")
