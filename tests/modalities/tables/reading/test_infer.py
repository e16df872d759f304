"""What the columns of a table are found to be, what can be said of them, and tables at the edge."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from zerosum.errors import DataError
from zerosum.modalities.tables.fields import CategoryField, FloatField
from zerosum.modalities.tables.identifiers.fields import PatternField
from zerosum.modalities.tables.reading.dataset import RARE, TableDataset
from zerosum.modalities.tables.reading.readers import schema_of
from zerosum.modalities.tables.schema import Schema
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.time_fields import DatetimeField
from zerosum.modalities.tables.unmodelled_fields import ConstantField, KeyField
from zerosum.workflows.data import open_data

RNG = np.random.default_rng(0)
N = 200
WORDS = ["red", "green", "blue"] * 70


def kind_of(column: Any, name: str = "x", **options: Any) -> str:
    return schema_of(pd.DataFrame({name: column}), **options).fields[0].kind


def field_of(column: Any, **told: Any) -> Any:
    return schema_of(pa.table({"x": column}), schema={"x": told} if told else None).fields[0]


def space_of(data: Any, **options: Any) -> TableSpace:
    dataset, _ = open_data(data, **options)
    assert isinstance(dataset, TableDataset)
    assert isinstance(dataset.space, TableSpace)
    return dataset.space


@pytest.mark.parametrize(
    ("column", "name", "kind"),
    [
        (RNG.integers(0, 3, N), "few", "integer"),
        (RNG.integers(0, 10**9, N), "all different", "integer"),
        (np.arange(N), "row", "key"), (RNG.permutation(2_000), "row", "key"),
        (RNG.permutation(N), "ages", "integer"), (np.arange(0, 7 * N, 7), "year", "integer"),
        (RNG.permutation(10**6)[:N], "customer_id", "key"),
        (RNG.permutation(10**6)[:N], "customerId", "key"),
        (RNG.permutation(10**6)[:N], "width", "integer"),
        (np.repeat(np.arange(N // 2), 2), "customer_id", "key"),
        (np.repeat(np.arange(N // 2), 2), "customer age", "integer"),
        (np.repeat(np.arange(N // 2), 2), "case id", "key"),
        (np.repeat(np.arange(5), N // 5), "customer_id", "integer"),
        (np.repeat(np.arange(N // 50), 50), "product_id", "integer"),
        ([f"P{i % 70:03}" for i in range(N)], "patient", "key"),
        ([f"u{i % 150}@mail.org" for i in range(N)], "E-mail", "person"),
        (["Ann", "Bo"] * (N // 2), "customer", "category"),
        (RNG.normal(size=N), "id", "float"),
        ([f"A-{i}" for i in range(N)], "code", "key"),
        ([f"{i * 7919:08x}" for i in range(N)], "hash", "key"),
        ([f"{'x' * (i % 7)} {i}" for i in range(N)], "unique", "text"),
        ([f"name {i % 150}" for i in range(N)], "mostly different", "text"),
        ([f"{'long ' * 12}{i % 60}" for i in range(2 * N)], "long", "text"),
        ([f"shop {i % 90}" for i in range(2 * N)], "many shops", "category"),
        (WORDS, "colour", "category"), (["a", "b", "c"], "few", "category"),
        (["yes"] * 3, "same", "fixed"), ([1, 1], "same", "fixed"),
        ([None, None], "nothing", "fixed"), ([1.0, None], "one or none", "float"),
        ([True, False], "flag", "boolean"),
    ],
)  # fmt: skip
def test_kinds(column: Any, name: str, kind: str) -> None:
    assert kind_of(column, name) == kind


@pytest.mark.parametrize(
    ("numbers", "places"),
    [
        ([1.0, 2.0, None], 0), ([0.1, 0.25], 2), ([1e-7, 3.0], 7), ([1 / 3, 1.0], None),
        ([123456789.12, 0.01], 2), ([1e300, 0.5], 1), ([5e-324, 1.0], None),
    ],
)  # fmt: skip
def test_decimals(numbers: list[float | None], places: int | None) -> None:
    field = field_of(numbers)
    assert isinstance(field, FloatField)
    assert field.places == places


@pytest.mark.parametrize(
    ("moments", "resolution"),
    [
        (["2020-01-01", "2020-02-01"], "day"), (["2020-01-01 12:00", "2020-01-09 12:00"], "day"),
        (["2020-01-01 01:00", "2020-01-09 12:00"], "hour"),
        (["2020-01-01 01:10:07", "2020-01-09 12:01:07"], "minute"),
        (["2020-01-01 01:10:07", "2020-01-09 12:01:08"], "second"),
        (["2020-01-01 01:10:07.001", "2020-01-09"], "ms"),
        (["2020-01-01 01:10:07.000001", "2020-01-09"], "us"),
    ],
)  # fmt: skip
def test_resolutions(moments: list[str], resolution: str) -> None:
    times = pa.array(moments).cast(pa.timestamp("ns"))
    for column in (times, times.cast(pa.timestamp("us")), times.cast(pa.timestamp("ns", "UTC"))):
        field = field_of(column)
        assert isinstance(field, DatetimeField)
        assert field.resolution == resolution
        assert field.to_arrow(field.to_values(column)).equals(column)


def test_days_of_a_zone_with_summer_time() -> None:
    days = pd.date_range("2020-01-01", periods=400, tz="America/New_York", unit="us")
    column = pa.array(pd.Series(days))
    field = field_of(column)
    assert field.resolution == "day"
    assert np.diff(field.to_values(column)).tolist() == [1] * 399
    assert field.to_arrow(field.to_values(column)).equals(column)


def test_nanoseconds_are_lost_aloud() -> None:
    with pytest.warns(UserWarning, match="known to the nanosecond"):
        field = field_of(pa.array([1, 2**62], pa.timestamp("ns")))
    assert field.resolution == "us"


def test_nanoseconds_of_some_months_are_kept() -> None:
    column = pa.array([10**18 + 1, 10**18 + 10**15 + 7], pa.timestamp("ns"))
    field = field_of(column)
    assert field.resolution == "ns"
    assert field.to_arrow(field.to_values(column)).equals(column)


def test_the_order_of_categories() -> None:
    assert field_of(["b", "a", "b"]).names == ("a", "b")
    own = pa.DictionaryArray.from_arrays([0, 1, 0], ["z", "a", "never"], ordered=True)
    assert (field_of(own).names, field_of(own).ordered) == (("z", "a", "never"), True)
    assert field_of([10, 9, 10], kind="category").names == ("9", "10")


@pytest.mark.parametrize(
    ("column", "told", "dtype"),
    [
        (["1", "2", "NA"], {"kind": "integer"}, "int64"),
        ([1.0, 2.0], {"kind": "integer"}, "double"),
        (["1.5", "2"], {"kind": "float"}, "double"), ([1, 2], {"kind": "float"}, "int64"),
        ([0, 1], {"kind": "boolean"}, "int64"), (["true", "false"], {"kind": "boolean"}, "bool"),
        (["2020-01-01 10:00", "2020-01-02"], {"kind": "datetime"}, "timestamp[us]"),
        (["2020-01-01", "2020-01-02"], {"kind": "date"}, "date32[day]"),
        (["10:30", "11:00"], {"kind": "duration"}, "time64[us]"),
        ([1, 2], {"kind": "category"}, "int64"), ([True, False], {"kind": "category"}, "bool"),
        ([1.5, 2.0], {"kind": "category"}, "double"), (["b", "a"], {"kind": "key"}, "string"),
        ([7, 5], {"kind": "key", "first": 99}, "int64"), (["a", "a"], {"kind": "fixed"}, "string"),
        ([1.234, 2.0], {"kind": "float", "places": 1}, "double"),
        ([1, 1], {"kind": "integer"}, "int64"),
    ],
)  # fmt: skip
def test_kinds_that_are_told(column: Any, told: dict[str, Any], dtype: str) -> None:
    field = field_of(column, **told)
    assert {"kind": field.kind, "dtype": field.dtype} == {"kind": told["kind"], "dtype": dtype}
    assert {name: value for name, value in field.to_json().items() if name in told} == told
    if field.modelled:
        values = field.to_values(pa.chunked_array([column]))
        assert str(field.to_arrow(values).type) == dtype


@pytest.mark.parametrize(
    ("column", "told", "words"),
    [
        (["1", "x"], "integer", "read as int64: it holds 'x'"),
        ([1.5, 2.0], "integer", r"kind integer: it holds 1\.5"),
        ([1, 2], "datetime", "numbers that are no days or moments, such as 1, 2"),
        (["x", "y"], "date", "it holds 'x', 'y'"), ([1.5, 2.5], "key", "cannot be of kind key"),
        (["a", "a"], "key", "some of them come twice"), (["a", None], "key", "1 are missing"),
        (["a", "b"], "fixed", "it holds a, b"), ([3, 1], "boolean", "it holds 3"),
        (["a", "b"], "text", "free text"),
    ],
)  # fmt: skip
def test_kinds_that_do_not_fit_show_examples(column: Any, told: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        open_data(pa.table({"x": column, "y": [1, 2]}), schema={"x": told})


def test_a_schema_is_taken_again_as_it_was_written(tmp_path: Path) -> None:
    texts = [f"{'word ' * i}{i}" for i in range(60)]
    numbers = RNG.normal(size=60).round(1)
    frame = pd.DataFrame({"id": range(100, 160), "x": numbers, "c": WORDS[:60], "t": texts})
    schema = schema_of(frame, drop=["t"])
    (tmp_path / "s.json").write_text(pd.Series(schema.to_json()).to_json(), "utf-8")  # pyright: ignore[reportArgumentType]
    for told in (schema, schema.to_json(), tmp_path / "s.json", str(tmp_path / "s.json")):
        space = space_of(frame, schema=told)
        assert space.fields == schema.fields
    other = frame.assign(id=range(60), x=frame["x"] * 100, c=["red"] * 60)
    again = schema_of(other.drop(columns="t"), schema={f.name: f.to_json() for f in schema.fields})
    assert again.fields == schema.fields
    with pytest.raises(DataError, match="20 rows of categories that its schema does not name"):
        open_data(frame.replace({"c": {"blue": "bleu"}}), schema=schema)
    assert Schema.from_json(schema.to_json()) == schema


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"schema": {"heightx": "float"}}, "schema names 'heightx', no column. Did you mean 'heig"),
        ({"drop": ["heightx"]}, "drop names 'heightx', no column. Did you mean 'height'"),
        ({"drop": ["height", "b"]}, "all 2 columns of the data frame are dropped"),
        ({"size": (8, 8)}, "size does not apply to table_memory data.*drop.*schema"),
        ({"schema": {"b": {"kind": "category", "names": ["p"]}}}, "1 rows of categories"),
        ({"schema": {"b": {"kind": "category", "names": 3}}}, "schema of column 'b'"),
    ],
)  # fmt: skip
def test_what_is_told_wrongly(options: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        open_data(pd.DataFrame({"height": [1.5, 2.5], "b": ["p", "q"]}), **options)


def test_free_text_is_refused_with_advice() -> None:
    frame = pd.DataFrame(
        {"note": [f"{'so ' * (i % 9)}{i}" for i in range(N)], "x": range(N, 0, -1)}
    )
    with pytest.raises(DataError, match=r"'note' \('0', 'so 1'.*drop=\['note'\].*'category'"):
        open_data(frame)
    assert space_of(frame, drop="note").names == ("x",)
    assert space_of(frame, schema={"note": "category"}, protect=1).names == ("note", "x")


def test_many_rare_categories_get_one_that_stands_for_them() -> None:
    rare = [f"shop {i}" for i in range(5) for _ in range(3)]
    few, many = WORDS + rare[:6], WORDS[:190] + rare
    (field,) = space_of(pd.DataFrame({"c": few})).modelled
    assert RARE not in field.categories
    space = space_of(pd.DataFrame({"c": many}))
    assert space.modelled[0].categories[-1] == RARE
    codec = space.codecs[0]
    assert not codec.forbidden
    rows = torch.arange(codec.size) + 0.5
    drawn = {space.modelled[0].categories[int(i)] for i in space.to_data(rows[:, None]).flatten()}
    assert drawn == {"red", "green", "blue", RARE}
    assert RARE not in space_of(pd.DataFrame({"c": many}), protect=1).modelled[0].categories


@pytest.mark.parametrize(
    "frame",
    [
        {"x": [1], "c": ["a"]}, {"x": [None, None]}, {"x": [1, 1], "c": ["a", "a"]},
        {"id": [1, 2, 3]}, {"id": [1, 2, 3], "c": ["a", "a", "a"]},
    ],
)  # fmt: skip
def test_tables_of_nothing_that_changes_are_refused(frame: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="nothing to learn"):
        open_data(pd.DataFrame(frame))


def test_no_rows_and_one_column() -> None:
    with pytest.raises(DataError, match="has no rows"):
        open_data(pd.DataFrame({"x": []}))
    with pytest.raises(DataError, match="no columns"):
        open_data(pd.DataFrame(index=range(3)))
    space = space_of(pd.DataFrame({"x": [1.5, None, 2.5, 2.5]}))
    assert space.names == ("x",)
    assert space.codecs[0].missing is not None


def test_what_never_changes_comes_back_beside_what_does() -> None:
    space = space_of(pd.DataFrame({"k": ["a"] * 9, "n": [np.nan] * 9, "id": range(9),
                                   "x": [1, 2, 3] * 3}))  # fmt: skip
    assert [type(f) for f in space.fields[:3]] == [ConstantField, ConstantField, KeyField]
    assert space.names == ("x",)


def test_a_constant_may_be_told_to_be_learned() -> None:
    frame = pd.DataFrame({"c": ["a"] * 9, "x": [5] * 9})
    space = space_of(frame, schema={"c": "category", "x": "integer"})
    assert space.to_data(torch.full((2, 2), 0.5)).tolist() == [[0, 5], [0, 5]]
    assert isinstance(space.fields[0], CategoryField)


def test_keys_that_repeat_are_made_anew_and_said_so() -> None:
    frame = pd.DataFrame({"patient_id": [f"P{i % 60:03}" for i in range(600)], "age": range(600)})
    frame["age"] %= 90
    (note,) = schema_of(frame).notes
    assert "key of 60 entities in 600 rows" in note
    assert "zerosum train sequences --with entity=patient_id" in note
    space = space_of(frame)
    assert space.names == ("age",)
    (key,) = [field for field in space.fields if isinstance(field, KeyField)]
    assert key.make(2).to_pylist() == ["P060", "P061"]
    kept = space_of(frame, schema={"patient_id": "category"})
    assert len(kept.modelled[0].categories) == 60


@pytest.mark.parametrize("text", [True, False])
def test_telephone_numbers_are_drawn_and_not_counted(text: bool) -> None:
    numbers = 40_000_000 + RNG.permutation(9_000_000)[:N]
    column = [f"+47{number}" for number in numbers] if text else numbers
    (key,) = schema_of(pd.DataFrame({"phone_id": column})).fields
    assert isinstance(key, PatternField if text else KeyField)
    made = [str(one).removeprefix("+47") for one in key.make(50).to_pylist()]
    assert {len(one) for one in made} == {8}
    assert {one[0] for one in made} == {"4"}
    gaps = np.diff(np.array(made, int))
    assert len(set(gaps.tolist())) > 40
