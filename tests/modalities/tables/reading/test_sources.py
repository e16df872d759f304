"""Tables from Excel, JSON lines, Feather and packed CSV are those of the CSV that says the same."""

import gzip
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.feather as feather
import pytest

from zerosum.errors import DataError
from zerosum.modalities.tables.reading.dataset import TableDataset
from zerosum.modalities.tables.reading.readers import schema_of
from zerosum.modalities.tables.space import TableSpace
from zerosum.workflows.data import open_data

N = 60


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, N),
            "price": rng.gamma(2, 3, N).round(2),
            "city": np.where(np.arange(N) % 3, "Oslo", "Wien"),
            "seen": pd.date_range("2023-01-01 08:00", periods=N, freq="37min", unit="us"),
        }
    )


def opened(path: Path) -> TableDataset:
    dataset, _ = open_data(str(path))
    assert isinstance(dataset, TableDataset)
    return dataset


def csv_of(folder: Path) -> Path:
    frame().to_csv(folder / "t.csv", index=False)
    return folder / "t.csv"


def excel_of(folder: Path) -> Path:
    frame().to_excel(folder / "t.xlsx", index=False)
    return folder / "t.xlsx"


def excel_with_index_of(folder: Path) -> Path:
    frame().to_excel(folder / "t.xlsx")
    return folder / "t.xlsx"


def lines_of(folder: Path) -> Path:
    frame().to_json(folder / "t.jsonl", orient="records", lines=True, date_format="iso")
    return folder / "t.jsonl"


def list_of(folder: Path) -> Path:
    frame().to_json(folder / "t.json", orient="records", date_format="iso")
    return folder / "t.json"


def packed_of(folder: Path) -> Path:
    (folder / "t.csv.gz").write_bytes(gzip.compress(csv_of(folder).read_bytes()))
    return folder / "t.csv.gz"


def feather_of(folder: Path) -> Path:
    feather.write_feather(frame(), folder / "t.feather")
    return folder / "t.feather"


def indexed_of(folder: Path) -> Path:
    frame().reindex(np.random.default_rng(0).permutation(N)).to_parquet(folder / "t.parquet")
    return folder / "t.parquet"


@pytest.mark.parametrize(
    "make",
    [excel_of, excel_with_index_of, lines_of, list_of, packed_of, feather_of],
)
def test_other_files_hold_the_same_rows(make, tmp_path: Path) -> None:
    if "excel" in make.__name__:
        pytest.importorskip("openpyxl")
    path = make(tmp_path)
    dataset, wanted = opened(path), opened(csv_of(tmp_path))
    assert isinstance(dataset.space, TableSpace)
    kinds = [(field.name, field.kind) for field in dataset.space.fields]
    assert kinds == [
        ("age", "integer"), ("price", "float"), ("city", "category"), ("seen", "datetime"),
    ]  # fmt: skip
    assert dataset.resident[0].equal(wanted.resident[0])


def test_the_index_that_pandas_writes_is_left_out_aloud(tmp_path: Path) -> None:
    dataset = opened(indexed_of(tmp_path))
    assert len(dataset.space.names) == 4  # pyright: ignore[reportAttributeAccessIssue]
    assert any("'__index_level_0__' is left out" in note for note in dataset.notes)
    frame().to_csv(tmp_path / "i.csv")
    indexed = opened(tmp_path / "i.csv")
    assert len(indexed.space.names) == 4  # pyright: ignore[reportAttributeAccessIssue]
    assert "'Unnamed: 0' is left out: its first column only counts the rows." in indexed.notes


def test_a_workbook_of_mixed_cells(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["day", "amount", "note", None])
    for k in range(40):
        amount = "n/a" if k == 7 else k * 1.25
        sheet.append([datetime(2023, 1, 1 + k % 28), amount, "x" if k % 2 else "y", None])
    book.save(tmp_path / "t.xlsx")
    found = schema_of(tmp_path / "t.xlsx")
    assert [field.kind for field in found.fields] == ["date", "float", "category"]


def test_label_studio_lists(tmp_path: Path) -> None:
    rows = [
        {"id": k, "sentiment": ["good", "bad"][k % 2], "lead_time": k * 0.125, "tags": ["a"],
         "created_at": f"2023-05-{1 + k % 28:02d}T08:00:{k:02d}.123456Z"}
        for k in range(50)
    ]  # fmt: skip
    (tmp_path / "t.json").write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(DataError, match=r"column 'tags' of t\.json holds list"):
        schema_of(tmp_path / "t.json")
    found = schema_of(tmp_path / "t.json", drop=["tags"])
    assert [one.kind for one in found.fields] == ["key", "category", "float", "datetime"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.jsonl", b'{"a": 1}\n{"a": \n', "line 2 cannot be read as JSON"),
        ("t.jsonl", b"[1, 2]\n", "holds no rows"),
        ("t.json", b'{"a": 1}', "holds no rows"),
        ("t.csv.gz", b"a,b\n1,2\n", "cannot be unpacked: Not a gzipped file"),
        ("t.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-20], "cannot be unpacked"),
        ("t.feather", b"FEA1", "cannot be read as Feather"),
        ("t.feather", b"ARROW1" + b"\0" * 60, "cannot be read as Feather"),
    ],
)
def test_damaged_files(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        schema_of(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no workbook"])
def test_a_damaged_workbook(content: bytes, tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as an Excel file"):
        schema_of(tmp_path / "t.xlsx")


def test_text_of_a_frame_is_read_where_it_would_be_a_key() -> None:
    rows = np.arange(80)
    texts = pd.DataFrame(
        {
            "price": [f"${one * 31.25:,.2f}" for one in rows],
            "day": [f"{1 + one % 28:02d}.03.2023" for one in rows],
            "stamp": [20230101 + one % 28 for one in rows],
            "code": [f"C{one:04d}" for one in rows],
        }
    )
    dataset, _ = open_data(texts)
    assert isinstance(dataset, TableDataset)
    space = dataset.space
    assert isinstance(space, TableSpace)
    kinds = {field.name: field.kind for field in space.fields}
    assert kinds == {"price": "float", "day": "category", "stamp": "date", "code": "key"}
    price, stamp = space.fields[0], space.fields[2]
    assert price.to_arrow(np.array([1234.5])).to_pylist() == ["$1,234.50"]
    assert stamp.to_arrow(stamp.to_values(_column(texts, "stamp"))).to_pylist()[:2] == [
        20230101, 20230102,
    ]  # fmt: skip


def _column(frame: pd.DataFrame, name: str):
    import pyarrow as pa

    return pa.array(frame[name])
