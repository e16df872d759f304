"""Files of tables: what columns are found to hold, and what cannot be read."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from zerosum.data import csv_text
from zerosum.errors import DataError
from zerosum.modalities.tables.reading import csv_source, parquet_source
from zerosum.modalities.tables.reading.csv_source import CsvSource
from zerosum.modalities.tables.reading.dataset import read_values
from zerosum.modalities.tables.reading.files import open_file
from zerosum.modalities.tables.reading.infer import infer_schema
from zerosum.modalities.tables.reading.readers import schema_of


def csv(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", ""], "int64"), (["1", "2.5"], "double"), (["1e3", "NaN", "4"], "double"),
        (["true", "FALSE"], "bool"), (["2020-01-31", "1999-12-01"], "date32[day]"),
        (["2020-01-31", "2020-01-31 10:30"], "timestamp[us]"),
        (["2020-01-31 10:30:00.123456789", "2020-01-31"], "timestamp[ns]"),
        (["2020-01-31T10:30+02:00", "2020-01-31T10:30Z"], "timestamp[us, tz=UTC]"),
        (["10:30", "23:59:59"], "time64[us]"), (["NA", "7"], "int64"), (["", ""], "null"),
        (["00123", "456"], "string"), (["12345678901234567890", "1"], "string"),
        (["0.5", "007.25"], "double"), (["a", "1"], "string"), (["yes", "no"], "string"),
        (["0", "1"], "int64"), (["true", "2020-01-31"], "string"), ([" 5 ", "6"], "int64"),
    ],
)  # fmt: skip
def test_what_cells_are_taken_for(cells: list[str], kind: str, tmp_path: Path) -> None:
    path = csv(tmp_path, "k,x\n" + "".join(f"k,{cell}\n" for cell in cells))
    source = CsvSource(path)
    assert str(source.types["x"]) == kind
    (batch,) = source.read()
    assert batch.schema.field("x").type == source.types["x"]
    blank = [cell in ("", "NA", "NaN") for cell in cells]
    missing = batch.column("x").is_null().to_pylist()
    given = batch.column("x").to_pylist()
    assert [m or v != v for m, v in zip(missing, given, strict=True)] == blank


@pytest.mark.parametrize("late", ["2.5", "x", "2020-01-01", "", "?"])
def test_a_late_row_is_no_surprise(
    late: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_source, "_BLOCK_BYTES", 256)
    rows = [*map(str, range(500)), late, "7"]
    path = csv(tmp_path, "k,x\n" + "".join(f"k,{cell}\n" for cell in rows))
    kinds = {"2.5": "double", "": "int64", "?": "int64"}
    if late not in kinds:
        with pytest.raises(DataError, match=rf"line 502, column 'x' holds '{late}'"):
            CsvSource(path)
    source = CsvSource(path, missing=[late])
    found = [value for batch in source.read() for value in batch.column("x").to_pylist()]
    assert str(source.types["x"]) == "int64"
    source = CsvSource(path, texts=() if late in kinds else ["x"])
    found = [value for batch in source.read() for value in batch.column("x").to_pylist()]
    assert str(source.types["x"]) == kinds.get(late, "string")
    assert source.num_rows == len(found) == 502
    assert found[1] == (1 if late in kinds else "1")
    assert len(list(source.read())) > 3


def test_empty_texts_and_missing_ones_differ(tmp_path: Path) -> None:
    source = CsvSource(csv(tmp_path, 'a,b\n1,""\n2,\n3,NA\n4,x\n'))
    assert next(source.read()).column("b").to_pylist() == ["", None, "NA", "x"]


def test_a_column_alone_may_be_missing(tmp_path: Path) -> None:
    source = CsvSource(csv(tmp_path, "a\n1\n\n2\n"))
    assert next(source.read()).column("a").to_pylist() == [1, None, 2]


def test_separators_marks_and_lines_in_cells(tmp_path: Path) -> None:
    for separator in ",;\t|":
        text = f'\ufeffa{separator}"b, c"\r\n1{separator}"x\n{separator}""y"""\r\n'
        source = CsvSource(csv(tmp_path, text))
        assert list(source.types) == ["a", "b, c"]
        assert next(source.read()).column(1).to_pylist() == [f'x\n{separator}"y"']
    tabbed = CsvSource(csv(tmp_path, "a,b\tc\n1,2\t3\n", "t.tsv"))
    assert list(tabbed.types) == ["a,b", "c"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n3,4,5\n", "line 3 has 3 columns, and line 1, which names them, has 2"),
        ('a,b\n"1\n2",2\n3\n', "line 4 has 1 column, and line 1"),
        (b"a,b\n1,2\n\n3,\xe9\n", r"line 4, column 2 \('b'\) holds the byte 0xe9"),
        (b"\xe9,b\n1,2\n", "line 1, column 1 holds the byte 0xe9"),
        ('a,b\n1,2\n1,"x\n3,4\n', "a quote in line 3 is never closed"),
        ("", "is empty"),
        ("a,b\n", "has no rows"),
        ("a,a\n1,2\n", "several columns called 'a'"),
        ("a,,b\n1,2,3\n", "column 2 of t.csv has no name"),
        ("a, \n1,2\n", "column 2 of t.csv has no name"),
    ],
)
def test_what_is_broken_is_located(text: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        schema_of(csv(tmp_path, text))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        schema_of(csv(tmp_path, "PAR1", "t.parquet"))
    with pytest.raises(DataError, match=r"no table at .* ends in \.csv"):
        schema_of(tmp_path / "none.csv")
    with pytest.raises(DataError, match="ends in"):
        schema_of(csv(tmp_path, "a,b\n1,2\n", "t.ods"))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_streams_and_limits_give_the_same_rows(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_source, "_BLOCK_BYTES", 512)
    monkeypatch.setattr(parquet_source, "BATCH_ROWS", 64)
    rng = np.random.default_rng(0)
    table = pa.table(
        {"x": rng.integers(0, 99, 1_000), "c": rng.choice(["a", "b", None], 1_000).tolist(),  # pyright: ignore[reportArgumentType,reportCallIssue]
         "y": rng.normal(size=1_000).round(3)}
    )  # fmt: skip
    path = tmp_path / f"t.{suffix}"
    (arrow_csv.write_csv if suffix == "csv" else pq.write_table)(table, path)
    source = open_file(path)
    assert len(list(source.read())) > 5
    fields = infer_schema(source).fields
    whole = read_values(source, fields)
    np.testing.assert_array_equal(whole[:, 0], table["x"].to_numpy())
    np.testing.assert_array_equal(whole[:, 2], table["y"].to_numpy())
    for limit in (1, 7, 999, 1_000, 5_000):
        rows = np.arange(min(limit, 1_000)) * 1_000 // min(limit, 1_000)
        np.testing.assert_array_equal(read_values(source, fields, limit=limit), whole[rows])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a\0,b\n1,2\n3,4\n", "line 1, column 1 .*holds the byte 0x00"),
        ("a,b\n1,2\n".encode("utf-16-le"), "holds the byte 0x00.*if it is UTF-16"),
        ("a,b\n1,2\n".encode("utf-16"), "holds the byte 0xff, which is not UTF-8"),
        (b"\na,b\n1,2\n", "line 1 is empty"),
        (b"\na\n1\n", "line 1 is empty"),
        (b"a,b", "has no rows"),
        (b"a,b\n", "has no rows"),
        (b"a,b\n" + b'1,"' + b"x\n" * 100_000 + b"\n", "a quote in line 2 is never closed"),
        (b",".join(b"%d" % i for i in range(10_001)) + b"\n", "10,001 columns.*at most 10,000"),
    ],
)
def test_hostile_text(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        schema_of(tmp_path / "t.csv")


@pytest.mark.parametrize("before", ["", "a,b\n1,"])
def test_a_line_that_would_fill_the_memory(
    before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_text, "_MOST", 1_000)
    monkeypatch.setattr(csv_source, "_BLOCK_BYTES", 500)
    (tmp_path / "t.csv").write_text(f"{before}{'x' * 5_000}\n", encoding="utf-8")
    line = before.count("\n") + 1
    with pytest.raises(DataError, match=f"line {line} is longer than 1,000 characters"):
        schema_of(tmp_path / "t.csv")


def test_a_long_cell_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"a,b\n1,{'x' * 200_000}\n2,y\n", encoding="utf-8")
    assert open_file(tmp_path / "t.csv").num_rows == 2


def parquet_file(path: Path, **columns: pa.Array) -> Path:
    pq.write_table(pa.table(columns), path, compression="none")
    return path


def test_damaged_pages(tmp_path: Path) -> None:
    path = parquet_file(tmp_path / "t.parquet", a=pa.array([f"text {i}" for i in range(99)]))
    content = bytearray(path.read_bytes())
    content[4:40] = b"\xff" * 36
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"t\.parquet cannot be read as Parquet: .*Write it again"):
        schema_of(path)


def test_text_in_parquet_that_is_not_utf8(tmp_path: Path) -> None:
    path = parquet_file(tmp_path / "t.parquet", a=pa.array(["abcd", "efgh"] * 20))
    path.write_bytes(path.read_bytes().replace(b"abcd", b"ab\xffd"))
    with pytest.raises(DataError, match=r"cannot be read as Parquet: .*UTF8"):
        schema_of(path)


def test_a_parquet_file_that_expands_without_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = parquet_file(tmp_path / "t.parquet", a=pa.array([1] * 1_000_000))
    assert open_file(path).num_rows == 1_000_000
    monkeypatch.setattr(parquet_source, "MAX_SMALL", 1_000_000)
    with pytest.raises(DataError, match=r"to 8,000,000 bytes, more than 200 times"):
        open_file(path)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([2**62, 0], pa.timestamp("us")),
        pa.array([2**50, 0], pa.timestamp("ms", "UTC")),
        pa.array([2**31 - 1, 0], pa.date32()),
        pa.array([1, 0], pa.timestamp("us", "No/Where")),
    ],
)
def test_moments_that_no_calendar_has(column: pa.Array, tmp_path: Path) -> None:
    path = parquet_file(tmp_path / "t.parquet", a=column)
    with pytest.raises(DataError, match=r"column 'a' holds .* that no calendar has"):
        schema_of(path)


def test_a_nul_in_a_cell_loses_nothing(tmp_path: Path) -> None:
    source = CsvSource(csv(tmp_path, b"a,b\n1,x\0\n3,\0\n"))
    assert [row for batch in source.read() for row in batch.to_pylist()] == [
        {"a": 1, "b": "x\0"}, {"a": 3, "b": "\0"},
    ]  # fmt: skip


@pytest.mark.parametrize("kept", [False, True], ids=["text", "categories"])
def test_texts_that_expand_without_bound(
    kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = pa.DictionaryArray.from_arrays(pa.array([0, 1] * 5_000, pa.int32()), ["x" * 999, "y"])
    pq.write_table(pa.table({"a": texts}), tmp_path / "t.parquet", store_schema=kept)
    whole = [*open_file(tmp_path / "t.parquet").read()]
    assert whole[0].column("a").cast("string").equals(texts.dictionary_decode())
    monkeypatch.setattr(parquet_source, "MAX_SMALL", 4_999_999)
    with pytest.raises(
        DataError, match="5,000,000 bytes of text in 10,000 rows, and the limit is 4,999,999"
    ):
        schema_of(tmp_path / "t.parquet")


def test_damage_in_a_page_of_parquet_is_noticed_by_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    numbers = np.arange(5_000) * 7919
    pq.write_table(
        pa.table({"x": numbers}), path, write_page_checksum=True, compression="none",
        use_dictionary=False,
    )  # fmt: skip
    body = bytearray(path.read_bytes())
    at = body.index(numbers[2_500].tobytes())
    body[at] ^= 0x40
    path.write_bytes(body)
    with pytest.raises(DataError, match=r"cannot be read as Parquet: .*(CRC|checksum)"):
        list(open_file(path).read())
