"""What came in goes out: frames of pandas, polars and pyarrow."""

import datetime as dt
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from pandas.testing import assert_frame_equal
from polars.testing import assert_frame_equal as assert_polars_equal

from zerosum.errors import DataError
from zerosum.modalities.tables.reading.dataset import TableDataset
from zerosum.modalities.tables.reading.frames import is_frame, to_native, to_table
from zerosum.modalities.tables.reading.readers import TableMemoryConfig
from zerosum.modalities.tables.space import TableSpace
from zerosum.workflows.data import open_data

N = 300


def opened(data: Any, **options: Any) -> tuple[TableDataset, TableSpace, TableMemoryConfig]:
    dataset, config = open_data(data, **options)
    assert isinstance(dataset, TableDataset)
    assert isinstance(dataset.space, TableSpace)
    assert isinstance(config, TableMemoryConfig)
    return dataset, dataset.space, config


def back(data: Any, library: str | None = None, **options: Any) -> Any:
    dataset, space, config = opened(data, **options)
    return to_native(to_table(dataset.resident[0], space), library or config.library)


def pandas_frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, N), unit="D")
    hours = pd.Timestamp("2020-01-01 00:30") + pd.to_timedelta(rng.integers(0, 9_000, N), unit="h")
    some = rng.random(N)
    return pd.DataFrame(
        {
            "int8": rng.integers(0, 5, N).astype("int8"),
            "nullable": pd.array([None if x < 0.1 else int(99 * x) for x in some], "Int64"),
            "float": rng.normal(size=N).round(2),
            "float32": rng.normal(size=N).round(1).astype("float32"),
            "with gaps": np.where(some < 0.1, np.nan, rng.integers(0, 9, N)),
            "text": rng.choice(["a", "b", ""], N),
            "object": pd.Series(rng.choice(["x", "y", None], N), dtype=object),  # pyright: ignore[reportArgumentType,reportCallIssue]
            "ordered": pd.Categorical(
                rng.choice(["lo", "hi"], N), ["lo", "hi", "no"], ordered=True
            ),
            "of numbers": pd.Categorical(rng.choice([3, 1], N), [3, 1]),
            "day": days,
            "day of a zone": days.tz_localize("Europe/Berlin"),  # pyright: ignore[reportAttributeAccessIssue]
            "hour": hours.tz_localize("UTC").tz_convert("Asia/Kolkata"),  # pyright: ignore[reportAttributeAccessIssue]
            "ns": days.as_unit("ns"),
            "date": pd.Series([t.date() for t in days], dtype=object),
            "length": pd.to_timedelta(rng.integers(0, 99, N), unit="m"),
            "flag": rng.random(N) < 0.5,
            "flag or not": pd.array([None if x < 0.1 else bool(x > 0.5) for x in some], "boolean"),
            "same": "always",
            "nothing": pd.Series([None] * N, dtype=object),
            "nan": np.nan,
            "string": pd.array(rng.choice(["p", "q", None], N), "string"),  # pyright: ignore[reportArgumentType,reportCallIssue]
            "decimal": pd.Series([Decimal(f"{x:.2f}") for x in some * 9], dtype=object),
            "time": pd.Series([dt.time(int(24 * x), 30) for x in some], dtype=object),
            "arrow": pd.array(rng.integers(0, 5, N), "int64[pyarrow]"),
            "arrow zone": pd.Series(days).astype(pd.ArrowDtype(pa.timestamp("us", "UTC"))),
        }
    )


def polars_frame() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    numbers = pl.Series(rng.integers(0, 200, N))
    return pl.DataFrame(
        {
            "enum": pl.Series(rng.choice(["a", "b"], N), dtype=pl.Enum(["b", "a", "c"])),
            "categorical": pl.Series(rng.choice(["a", "b"], N), dtype=pl.Categorical),
            "moment": (numbers * 60_000).cast(pl.Datetime("ms", "Europe/Berlin")),
            "length": numbers.cast(pl.Duration("ms")),
            "time": (numbers * 10**9).cast(pl.Time),
            "day": numbers.cast(pl.Date),
            "u8": numbers.cast(pl.UInt8).set(numbers > 150, None),
            "f32": pl.Series(rng.normal(size=N)).cast(pl.Float32),
            "decimal": numbers.cast(pl.Decimal(10, 2)),
            "nothing": pl.Series([None] * N),
            "flag": rng.random(N) < 0.5,
            "text": rng.choice(["x", "y"], N),
        }
    )


def test_pandas_comes_back() -> None:
    frame = pandas_frame()
    assert_frame_equal(back(frame), frame, check_exact=True)


def test_polars_comes_back() -> None:
    frame = polars_frame()
    assert_polars_equal(back(frame), frame, check_exact=True)


def test_arrow_comes_back() -> None:
    rng = np.random.default_rng(0)
    names = pa.array(rng.choice(["q", "w"], N)).dictionary_encode()
    table = pa.table({"x": rng.normal(size=N), "d": pa.chunked_array([names[:100], names[100:]])})
    made = back(table)
    assert made.schema.equals(table.schema, check_metadata=True)
    assert made.combine_chunks().equals(table.combine_chunks())
    batch = table.to_batches()[0]
    assert back(batch).column("x").equals(table.column("x").slice(0, len(batch)))


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_libraries_can_be_changed(library: str) -> None:
    made = back(pandas_frame().drop(columns="decimal"), library)
    assert type(made).__module__.startswith(library)
    assert list(getattr(made, "column_names", made.columns)) == [
        name for name in pandas_frame() if name != "decimal"
    ]


def test_files_come_out_as_pandas_and_gaps_leave_numbers_whole(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,true\n,\n3,false\n", "utf-8")
    dataset, _ = open_data(tmp_path / "t.csv")
    assert isinstance(dataset, TableDataset)
    assert isinstance(dataset.space, TableSpace)
    assert dataset.source is None
    made = to_native(to_table(dataset.resident[0], dataset.space))
    assert made.dtypes.astype(str).tolist() == ["Int64", "boolean"]


def test_mixed_objects_become_text() -> None:
    frame = pd.DataFrame({"x": pd.Series([1, "a", None] * 10, dtype=object), "y": range(30)})
    made = back(frame, drop=["y"])
    assert made["x"].tolist() == ["1", "a", None] * 10


def test_keys_are_made_by_row_and_nothing_else() -> None:
    ids = [str(uuid.UUID(int=i * 7919**8 + 2**90)) for i in range(N)]
    frame = pd.DataFrame(
        {"customer_id": range(1, N + 1), "code": [f"C{i:04}" for i in range(N)], "uuid": ids,
         "x": np.random.default_rng(0).integers(0, 9, N)}
    )  # fmt: skip
    dataset, space, config = opened(frame)
    assert space.names == ("x",)
    made = to_native(to_table(dataset.resident[0], space, start=10), config.library)
    assert made["customer_id"].tolist() == list(range(N + 11, 2 * N + 11))
    assert made["code"][0] == "C0310"
    assert made["uuid"].map(len).eq(36).all()
    assert made["uuid"].is_unique
    assert not set(made["uuid"]) & set(ids)
    whole = to_table(dataset.resident[0], space, start=0)
    part = to_table(dataset.resident[0][5:9], space, start=5)
    assert whole.slice(5, 4).equals(part.select(whole.column_names))


def test_what_is_no_frame() -> None:
    assert not is_frame(np.zeros((3, 2)))
    assert not is_frame(torch.zeros(3, 2))
    assert is_frame(pl.DataFrame({"a": [1]}).lazy())
    with pytest.raises(DataError, match="collect"):
        open_data(pl.DataFrame({"a": [1, 2]}).lazy())
    with pytest.raises(DataError, match="names are text"):
        open_data(pd.DataFrame({0: [1, 2]}))
    with pytest.raises(DataError, match="no frames of 'dask'"):
        to_native(pa.table({"a": [1]}), "dask")


@pytest.mark.parametrize("column", [[[1], [2]], [{"a": 1}, {"a": 2}], [b"x", b"y"]])
def test_nested_columns_are_refused_unless_dropped(column: list[Any]) -> None:
    table = pa.table({"deep": column, "x": [1, 2]})
    with pytest.raises(DataError, match="column 'deep' of the data frame holds"):
        open_data(table)
    assert opened(table, drop=["deep"])[1].names == ("x",)


def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    table = polars_frame().drop("f32").to_arrow()
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=70)
    dataset, config = open_data(tmp_path / "t.parquet")
    assert isinstance(dataset, TableDataset)
    assert isinstance(dataset.space, TableSpace)
    assert config is not None
    assert config.build().fingerprint == dataset.fingerprint
    made = to_table(dataset.resident[0], dataset.space)
    for name in table.column_names:
        assert made.column(name).to_pylist() == table.column(name).to_pylist()
