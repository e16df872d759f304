"""Long tables as sequences, and what cannot be one, answered in words."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from zerosum.data.base import Dataset
from zerosum.errors import ConfigError, ConstraintError, DataError
from zerosum.modalities.sequences.frames import to_long
from zerosum.modalities.sequences.space import SequenceSpace
from zerosum.modalities.tables.constraints.inequality import Inequality
from zerosum.modalities.tables.writing import write_tables
from zerosum.workflows.data import open_data, open_holdout

START = datetime(2024, 1, 1)


def visits(entities: int = 30, **changes: Any) -> Any:
    """One to five visits of each patient, the last patient first."""
    noise = np.random.default_rng(0)
    rows = []
    for i in reversed(range(entities)):
        when = START + timedelta(days=int(noise.integers(200)))
        rows += [
            {
                "patient": f"p{i:03}",
                "when": when + timedelta(minutes=int(k * noise.integers(2_000))),
                "sex": "fm"[i % 2],
                "ward": "abc"[int(noise.integers(3))],
                "cost": round(float(noise.gamma(2, 50)), 2),
            }
            for k in range(1 + i % 5)
        ]
    return pd.DataFrame(rows).assign(**changes)


ROWS: dict[str, Any] = {"entity": "patient", "time": "when"}


def opened(data: Any, **options: Any) -> Dataset:
    return open_data(data, spaces=("sequences",), **(ROWS | options))[0]


def space_of(dataset: Dataset) -> SequenceSpace:
    assert isinstance(dataset.space, SequenceSpace)
    return dataset.space


def all_of(dataset: Dataset) -> torch.Tensor:
    return dataset.take(torch.arange(len(dataset)))[0]


def rows_of(dataset: Dataset) -> Any:
    return to_long(space_of(dataset), all_of(dataset)).to_pandas()


def refusal(data: Any, kind: type[Exception] = DataError, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        opened(data, **options)
    return str(caught.value)


def test_rows_are_grouped_and_come_back_as_they_were() -> None:
    frame = visits()
    dataset = opened(frame)
    assert len(dataset) == 30
    space = space_of(dataset)
    assert space.longest == 5
    assert space.attributes.names == ("sex", "length", "start", "span")
    assert space.names == ("ward", "cost")
    made = rows_of(dataset)
    assert made.columns.tolist() == frame.columns.tolist()
    told = frame.sort_values(["patient", "when"], ascending=[False, True], kind="stable")
    for name in ("when", "sex", "ward", "cost"):
        assert made[name].tolist() == told[name].tolist(), name
    assert made["patient"].nunique() == 30
    assert not set(made["patient"]) & set(frame["patient"])  # new keys of the same form
    assert all(re.fullmatch(r"p\d{3}", one) for one in made["patient"])


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl", "polars", "arrow", "categories"])
def test_every_source_of_tables_is_one_of_sequences(tmp_path: Path, form: str) -> None:
    frame, data = visits(), None
    match form:
        case "csv":
            frame.to_csv(data := tmp_path / "v.csv", index=False)
        case "parquet":
            frame.to_parquet(data := tmp_path / "v.parquet")
        case "jsonl":
            frame.to_json(data := tmp_path / "v.jsonl", orient="records", lines=True,
                          date_format="iso")  # fmt: skip
        case "polars":
            data = pl.DataFrame(frame)
        case "arrow":
            data = pa.Table.from_pandas(frame)
        case "categories":
            data = frame.astype({"patient": "category", "sex": "category"})
    made = rows_of(opened(data))
    whole = rows_of(opened(frame))
    assert made["cost"].tolist() == whole["cost"].tolist()
    assert made["patient"].tolist() == whole["patient"].tolist()


def test_what_is_the_same_within_entities_is_told_and_may_be_named() -> None:
    dataset = opened(visits())
    assert any("'sex': the same in all rows" in note for note in dataset.notes)
    none = space_of(opened(visits(), static=()))
    assert none.attributes.names == ("length", "start", "span")
    assert none.names == ("sex", "ward", "cost")
    assert space_of(opened(visits(), static="sex")).names == ("ward", "cost")
    assert "varies within" in refusal(visits(), static="sex,ward")
    assert "no column" in refusal(visits(), static="sexx")
    assert "did you mean 'sex'" in refusal(visits(), static="sexx").lower()


def test_unsorted_rows_are_sorted_and_that_is_told() -> None:
    frame = visits().sample(frac=1, random_state=0)
    dataset = opened(frame)
    assert any("not in the order of 'when', and are sorted" in note for note in dataset.notes)
    when = rows_of(dataset).groupby("patient")["when"]
    assert all(one.is_monotonic_increasing for _, one in when)


def test_times_may_be_days_or_numbers_or_absent() -> None:
    frame = visits()
    days = frame.assign(when=frame["when"].dt.date)
    assert {type(one) for one in rows_of(opened(days))["when"]} == {date}
    numbers = frame.assign(when=range(len(frame)))
    space = space_of(opened(numbers))
    assert [one.name for one in space.columns] == ["(gap)", "ward", "cost"]
    assert rows_of(opened(numbers))["when"].tolist() == numbers["when"].tolist()
    bare = opened(frame.drop(columns="when"), time=None)
    assert space_of(bare).attributes.names == ("sex", "length")
    assert rows_of(bare)["cost"].tolist() == frame["cost"].tolist()


def test_keys_of_rows_are_made_anew() -> None:
    dataset = opened(visits().assign(visit_id=lambda one: range(1_000, 1_000 + len(one))))
    made = rows_of(dataset)
    assert made["visit_id"].tolist() == list(range(1_000 + len(made), 1_000 + 2 * len(made)))


def test_constraints_hold_among_attributes_or_among_rows() -> None:
    frame = visits().assign(paid=lambda one: one["cost"] / 2)
    space = space_of(opened(frame, constraints=[Inequality("paid", "<=", "cost")]))
    assert [one.statement for one in space.rows.constraints] == ["paid <= cost"]
    known = frame.assign(born=1_990, died=2_000)
    both = [Inequality("born", "<=", "cost")]
    assert "which an entity has once" in refusal(known, ConstraintError, constraints=both)


def test_holdouts_are_read_by_the_fields_of_the_run() -> None:
    dataset, config = open_data(visits(), spaces=("sequences",), **ROWS)
    held, _ = open_holdout(visits(12), space=dataset.space, like=config)
    assert len(held) == 12
    assert space_of(held) == dataset.space
    with pytest.raises(DataError, match="lacks the columns 'ward'"):
        open_holdout(visits().drop(columns="ward"), space=dataset.space, like=config)


def test_some_entities_are_kept_apart_or_taken() -> None:
    dataset = opened(visits(), holdout=0.2)
    assert dataset.held_out is not None
    assert (len(dataset), len(dataset.held_out)) == (24, 6)
    assert len(opened(visits(), limit=10)) == 10


def test_longer_sequences_are_cut_when_asked() -> None:
    dataset = opened(visits(), longest=3)
    assert space_of(dataset).longest == 3
    assert any("of 12 entities the first 3 rows are taken" in one for one in dataset.notes)
    many = pd.DataFrame({"patient": [1] * 1_200 + [2], "when": range(1_201), "x": range(1_201)})
    assert "more than 1,000 rows. Give options={'longest': 1000}" in refusal(many)


def test_an_entity_or_time_that_is_not_there() -> None:
    assert "name the column that says whose a row is" in refusal(visits(), entity=None)
    said = refusal(visits(), entity="patinet")
    assert "no column 'patinet' for the entity" in said
    assert "'patient'" in said
    assert "no column 'clock' for the time" in refusal(visits(), time="clock")


def test_missing_entities_and_times_are_refused_by_row() -> None:
    frame = visits()
    frame.loc[[3, 7], "patient"] = None
    assert "entity 'patient' is missing in rows 4, 8" in refusal(frame)
    frame = visits()
    frame.loc[2, "when"] = None
    assert "time 'when' is missing in row 3." in refusal(frame)


def test_times_that_cannot_be_read_are_refused_by_row(tmp_path: Path) -> None:
    frame = visits()
    frame["when"] = frame["when"].astype(str)
    frame.loc[4, "when"] = "soon"
    frame.to_csv(tmp_path / "v.csv", index=False)
    assert "cannot be read in row 5: 'soon'" in refusal(frame)
    assert "line 6, column 'when' holds 'soon'" in refusal(tmp_path / "v.csv")
    assert "numbers with decimals" in refusal(visits().assign(when=visits()["cost"]))
    assert "Time is moments" in refusal(visits().assign(when=True))


def test_times_may_be_written_in_a_form_that_is_said(tmp_path: Path) -> None:
    frame = visits()
    frame["when"] = frame["when"].dt.strftime("%d/%m/%Y %H:%M")
    frame.to_csv(tmp_path / "v.csv", index=False)
    stated = {"when": {"kind": "datetime", "format": "%d/%m/%Y %H:%M"}}
    dataset = opened(tmp_path / "v.csv", schema=stated)
    table = to_long(space_of(dataset), all_of(dataset))
    write_tables(tmp_path / "made.csv", iter([table]))
    assert set(pd.read_csv(tmp_path / "made.csv")["when"]) == set(frame["when"])


def test_one_entity_or_one_row_each_is_no_sequence() -> None:
    one = visits().assign(patient="p1")
    assert "one entity only" in refusal(one)
    assert "recipe series" in refusal(one)
    single = visits().drop_duplicates("patient")
    assert "every 'patient' of the data frame has one row" in refusal(single)


def test_some_sequences_may_be_of_one_row() -> None:
    assert 1 in visits()["patient"].value_counts().tolist()
    assert len(opened(visits())) == 30


def test_names_of_what_is_found_are_taken() -> None:
    assert "a column is called 'length'" in refusal(visits().assign(length=1))


def test_what_one_entity_does_often_is_no_code_of_its_own() -> None:
    frame = visits(60)
    mine = frame["patient"].isin(["p004", "p009", "p014"])  # 15 rows
    frame.loc[mine, "ward"] = "secret"
    frame.loc[mine, "cost"] = 99_999.0
    space = space_of(opened(frame))
    ward, cost = (codec for codec in space.rows.codecs if codec.name in ("ward", "cost"))
    secret = space.rows.modelled[space.num_stood].categories.index("secret")
    decoded = [codec.decode(torch.arange(codec.size) + 0.999) for codec in (ward, cost)]
    assert float(decoded[0].nan_to_num().max()) < secret or secret not in decoded[0]
    assert decoded[1].max() < 99_999
    bare = space_of(opened(frame, protect=1)).rows.codecs[-1]
    assert bare.decode(torch.arange(bare.size) + 0.999).max() == 99_999


def test_free_text_is_refused() -> None:
    frame = visits()
    words = [f"saw the doctor about {'x' * (i % 40)} and {i} more" for i in range(len(frame))]
    frame["note"] = words
    assert "free text" in refusal(frame)


def test_other_options_are_refused() -> None:
    refusal(visits(), DataError, windows=3)
    with pytest.raises(ConfigError):
        opened(visits(), longest=0)


def test_moments_of_rows_have_calendars_too() -> None:
    """Also where rows have no time of their own, and moments are columns as others are."""
    frame = visits(60)
    noise = np.random.default_rng(1)
    frame["due"] = [
        START + timedelta(days=7 * int(week), minutes=15 * int(quarter))
        for week, quarter in zip(
            *noise.integers([[0], [36]], [[40], [68]], (2, len(frame))), strict=True
        )
    ]
    for options in ({"entity": "patient", "time": "when"}, {"entity": "patient", "time": None}):
        dataset = opened(frame, **options)
        assert isinstance(dataset.space, SequenceSpace)
        assert dataset.space.rows.calendars
        x, _ = dataset.take(torch.arange(len(dataset)))
        again = dataset.space.to_data(dataset.space.to_model(x))
        for mine, theirs in zip(
            *(to_long(dataset.space, one)["due"].to_pylist() for one in (again, x)), strict=True
        ):
            assert (mine.weekday(), mine.time()) == (theirs.weekday(), theirs.time())
