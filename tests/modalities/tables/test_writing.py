"""Rows into files of every form and into tables of databases, and back."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from zerosum.errors import DataError, RunError
from zerosum.modalities.tables.reading.places import source_of
from zerosum.modalities.tables.sql import TableName, recorded_place, table_name
from zerosum.modalities.tables.writing import FORMS, write_tables
from zerosum.workflows.data import open_data

ROWS = pa.table(
    {
        "when": pa.array([datetime(2024, 5, 1, 9, 30), None, datetime(2024, 5, 2, 17)]),
        "day": [date(2024, 5, 1), date(2024, 5, 2), None],
        "name": pa.array(["=1+1", "Åse", None]).dictionary_encode(),
        "count": [3, None, 5],
        "share": [0.5, 1.25, None],
    }
)


def written(place: Path | str) -> Path:
    return write_tables(place, iter([ROWS[:2], ROWS[2:]]))


@pytest.mark.filterwarnings("ignore:a spreadsheet would take cells")
@pytest.mark.parametrize("form", [*FORMS, ".sqlite#rows", "url"])
def test_what_is_written_is_read_again(form: str, tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/x.db#rows" if form == "url" else f"{tmp_path / 'x'}{form}"
    if form == "url":
        pytest.importorskip("sqlalchemy", reason="no SQLAlchemy is installed")
    if form == ".xlsx":
        pytest.importorskip("openpyxl", reason="no openpyxl is installed")
    written(place)
    source, _ = source_of(place, texts=["name"])
    again = pa.Table.from_batches(source.batches())
    assert again.column_names == ROWS.column_names
    for name in ("when", "name", "count", "share", "day"):
        assert again[name].to_pylist() == ROWS[name].to_pylist(), name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.png", "cannot save rows as 'x.png'. Allowed: .csv, .tsv"),
        ("x.sqlite", "x.sqlite#rows"),
        ("postgresql://ann:pa55word@host/shop", "postgresql://host/shop#rows"),
    ],
)
def test_forms_that_rows_have_not(name: str, words: str) -> None:
    with pytest.raises(RunError) as caught:
        write_tables(name, iter([ROWS]))
    assert words in str(caught.value)
    assert "pa55word" not in str(caught.value)


def test_a_database_keeps_what_it_holds(tmp_path: Path) -> None:
    place = tmp_path / "shop.sqlite"

    def broken() -> Iterator[pa.Table]:
        yield ROWS
        raise DataError("no more")

    with pytest.raises(DataError, match="no more"):
        write_tables(f"{place}#rows", broken())
    assert not place.exists()
    written(f"{place}#first")
    with pytest.raises(RunError, match="has the table 'first' already"):
        written(f"{place}#first")
    with pytest.raises(DataError, match="no more"):
        write_tables(f"{place}#rows", broken())
    written(f"{place}#second")
    with closing(sqlite3.connect(place)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
    assert names == [("first",), ("second",)]


def test_workbooks_hold_text_and_no_formula(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="no openpyxl is installed")
    moments = pa.array([datetime(2024, 5, 1, tzinfo=UTC)])
    write_tables(tmp_path / "x.xlsx", iter([pa.table({"=a": ["=1+1"], "at": moments})]))
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").worksheets[0]
    assert [cell.data_type for row in sheet.iter_rows() for cell in row] == ["s"] * 4
    with pytest.raises(RunError, match="cannot hold the text"):
        write_tables(tmp_path / "y.xlsx", iter([pa.table({"a": ["\x01"]})]))
    assert not (tmp_path / "y.xlsx").exists()


def test_a_table_of_a_database_is_a_source(tmp_path: Path) -> None:
    many = pa.table({"id": range(40), "kind": ["a", "b"] * 20})
    place = f"{tmp_path / 'shop.sqlite'}#orders"
    write_tables(place, iter([many]))
    dataset, config = open_data(place, spaces=("table",))
    assert len(dataset) == 40
    assert config is not None
    assert open_data(config)[0].fingerprint == dataset.fingerprint
    with pytest.raises(DataError, match=r"no table 'order'. Did you mean 'orders'"):
        open_data(place[:-1], spaces=("table",))
    with pytest.raises(DataError, match="is for CSV and Excel files, not for orders"):
        open_data(place, spaces=("table",), header=2)


def test_a_name_with_a_hash_is_a_table_in_databases_alone() -> None:
    assert table_name("x://ann@host/shop#orders") == TableName("x://ann@host/shop", "orders")
    assert table_name("shop.db#orders") == TableName("shop.db", "orders")
    for other in ("shop.csv#orders", "shop.db", "shop.db#", "x://ann:pa#55word@host/shop"):
        assert table_name(other) is None


def test_a_run_records_no_password_of_a_table() -> None:
    pytest.importorskip("sqlalchemy", reason="no SQLAlchemy is installed")
    place = recorded_place("postgresql://ann:pa55word@host:5/shop?password=pa55word#orders")
    assert place == "postgresql://ann@host:5/shop#orders"


def test_parts_of_objects_are_columns_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"user": {"age": 30, "home": {"city": "Oslo"}}, "paid": true}\n{"paid": false}\n'
        '{"user": {"age": 31, "home": null}, "paid": true}\n'
    )
    with pytest.raises(DataError, match=r"make a column of each part \(.*flatten"):
        open_data(path, spaces=("table",))
    dataset, _ = open_data(path, spaces=("table",), nested="flatten")
    assert [field.name for field in dataset.space.fields] == [  # pyright: ignore[reportAttributeAccessIssue]
        "user.age", "user.home.city", "paid",
    ]  # fmt: skip
