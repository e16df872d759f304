"""Moments and days that programs count: seconds since 1970, days of Excel."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest
import torch

import zerosum as zs
from zerosum.data.base import Dataset
from zerosum.errors import DataError
from zerosum.modalities.tables.reading.frames import to_table
from zerosum.modalities.tables.reading.readers import schema_of
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.time_fields import DateField, DatetimeField
from zerosum.modalities.tables.written.counted import CountedMoments
from zerosum.workflows.data import open_data

START = 1_700_000_000
STEPS = np.random.default_rng(0).integers(0, 90 * 86_400, 60)


def csv(path: Path, name: str, cells: Any) -> str:
    rows = "\n".join(f"{cell},{i % 7}" for i, cell in enumerate(cells))
    path.write_text(f"{name},x\n{rows}\n", "utf-8")
    return str(path)


def moments(field: Any, cells: Any) -> list[Any]:
    """What cells mean, by the field that was found."""
    return field.read(pa.array(cells), field.moment_type).to_pylist()


def rows_of(dataset: Dataset) -> pa.Table:
    """The rows of a table as they are given out."""
    assert isinstance(dataset.space, TableSpace)
    return to_table(dataset.take(torch.arange(len(dataset)))[0], dataset.space)


@pytest.mark.parametrize(
    ("name", "per", "form", "resolution"),
    [
        ("timestamp", 1, "unix s", "second"), ("ts_ms", 10**3, "unix ms", "ms"),
        ("createdAt", 10**6, "unix us", "us"), ("event time", 10**9, "unix ns", "ns"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("frame", [False, True])
def test_counts_since_1970(
    name: str, per: int, form: str, resolution: str, frame: bool, tmp_path: Path
) -> None:
    cells = [int(START + step) * per + int(step % per) for step in STEPS]
    data: Any = csv(tmp_path / "a.csv", name, cells)
    if frame or form == "unix ns":  # 19 digits are text in a CSV file
        data = pd.DataFrame({name: cells, "x": range(60)})
    found = schema_of(data)
    field = found.fields[0]
    assert isinstance(field, DatetimeField)
    assert (field.format, field.resolution, field.dtype) == (form, resolution, "int64")
    assert found.guesses[name] == f"moments that are counted ({form})"
    assert moments(field, cells[:1])[0].timestamp() == pytest.approx(cells[0] / per)
    dataset, _ = open_data(data)
    back = rows_of(dataset)
    assert back[name].to_pylist() == cells


def test_midnights_are_days_and_minutes_are_minutes(tmp_path: Path) -> None:
    days = [START // 86_400 * 86_400 + 86_400 * int(k) for k in STEPS % 50]
    minutes = [START // 60 * 60 + 60 * int(k) for k in STEPS]
    for cells, resolution in ((days, "day"), (minutes, "minute")):
        field = schema_of(csv(tmp_path / "a.csv", "time", cells)).fields[0]
        assert isinstance(field, DatetimeField)
        assert field.resolution == resolution


def test_days_of_excel(tmp_path: Path) -> None:
    cells = [45_000 + int(k) for k in STEPS % 300]
    data = csv(tmp_path / "a.csv", "Order Date", cells)
    found = schema_of(data)
    field = found.fields[0]
    assert isinstance(field, DateField)
    assert found.guesses["Order Date"] == "days that are counted (excel)"
    first = date(2023, 3, 15) + timedelta(days=cells[0] - 45_000)
    assert moments(field, cells[:1]) == [first]
    assert field.value_of("2023-03-15") == (date(2023, 3, 15) - date(1970, 1, 1)).days
    dataset, _ = open_data(data)
    back = rows_of(dataset)
    assert back["Order Date"].to_pylist() == cells


def test_moments_of_excel(tmp_path: Path) -> None:
    seconds = [int(k) for k in STEPS]
    cells = [round(45_000 + k / 86_400, 10) for k in seconds]
    data = csv(tmp_path / "a.csv", "date", cells)
    field = schema_of(data).fields[0]
    assert isinstance(field, DatetimeField)
    assert (field.format, field.resolution, field.dtype) == ("excel", "second", "double")
    assert moments(field, cells[:1]) == [datetime(2023, 3, 15) + timedelta(seconds=seconds[0])]
    dataset, _ = open_data(data)
    back = rows_of(dataset)
    assert back["date"].to_pylist() == pytest.approx(cells, abs=1e-9)


def test_seconds_with_a_fraction(tmp_path: Path) -> None:
    cells = [int(START + k) + (int(k) % 1000) / 1000 for k in STEPS]
    field = schema_of(csv(tmp_path / "a.csv", "time", cells)).fields[0]
    assert isinstance(field, DatetimeField)
    assert (field.format, field.resolution) == ("unix s", "ms")
    made = field.to_arrow(field.to_values(pa.array(cells)))
    assert made.to_pylist() == pytest.approx(cells, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("amount", START + STEPS), ("zip", 45_000 + STEPS % 300), ("date_id", START + STEPS),
        ("time", STEPS), ("year", 1950 + STEPS % 70), ("date", STEPS % 31 + 1),
    ],
)  # fmt: skip
def test_other_numbers_stay_numbers(name: str, cells: Any, tmp_path: Path) -> None:
    field = schema_of(csv(tmp_path / "a.csv", name, cells)).fields[0]
    assert field.kind in ("integer", "key")


def test_what_is_counted_can_be_said(tmp_path: Path) -> None:
    data = csv(tmp_path / "a.csv", "logged", START * 1000 + STEPS * 1000)
    assert schema_of(data).fields[0].kind == "integer"
    told = {"logged": {"kind": "datetime", "format": "unix ms"}}
    field = schema_of(data, schema=told).fields[0]
    assert isinstance(field, DatetimeField)
    assert field.format == "unix ms"
    assert moments(field, [str(START * 1000)])[0].year == 2023
    fine = csv(tmp_path / "ns.csv", "logged", (START + STEPS) * 10**9)
    told = {"logged": {"kind": "datetime", "format": "unix ns"}}
    assert schema_of(fine, schema=told).fields[0].kind == "datetime"
    days = {"logged": {"kind": "date", "format": "excel"}}
    frame = pd.DataFrame({"logged": 45_000 + STEPS % 100, "x": range(60)})
    assert isinstance(schema_of(frame, schema=days).fields[0], DateField)
    assert schema_of(data, schema={"logged": "integer"}).fields
    with pytest.raises(DataError, match="unix s, unix ms, unix us, unix ns, excel"):
        schema_of(pd.DataFrame({"logged": STEPS * 1.5}), schema={"logged": "datetime"})


def test_a_guess_can_be_declined(tmp_path: Path) -> None:
    data = csv(tmp_path / "a.csv", "timestamp", START + STEPS)
    assert schema_of(data, schema={"timestamp": "integer"}).fields[0].kind == "integer"


def test_rows_are_asked_for_by_the_calendar_and_written_as_they_were(tmp_path: Path) -> None:
    cells = START + STEPS
    data = csv(tmp_path / "a.csv", "timestamp", cells)
    model = zs.train(
        "table", data, samples=640, out=tmp_path / "run", quiet=True,
        set={"optimisation.batch_size": 32},
    )  # fmt: skip
    made = model.sample(40, where={"timestamp": zs.Between("2023-12-01", "2023-12-31")}, seed=1)
    low = datetime(2023, 12, 1, tzinfo=UTC).timestamp()
    assert made["timestamp"].between(low, low + 31 * 86_400).all()
    model.write(tmp_path / "b.csv", 10, seed=1)
    written = pyarrow.csv.read_csv(tmp_path / "b.csv")
    assert written["timestamp"].type == pa.int64()
    assert min(written["timestamp"].to_pylist()) >= int(cells.min())


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        ("unix s", ["1700000000", "1700000000.25"]), ("unix ms", ["1700000000250"]),
        ("excel", ["45000", "45000.5", "45000.0416666667"]),
    ],
)  # fmt: skip
def test_what_was_read_is_written_alike(form: str, texts: list[str]) -> None:
    kind = pa.timestamp("us")
    written = CountedMoments(form)
    assert written.write(written.read(pa.array(texts), kind)).to_pylist() == texts
