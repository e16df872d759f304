"""Every kind of field: to values and back without a loss, and what its values are called."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from zerosum.config import family_of
from zerosum.errors import DataError
from zerosum.modalities.tables.arrow import type_called
from zerosum.modalities.tables.fields import (
    BooleanField,
    CategoryField,
    Field,
    FloatField,
    IntegerField,
)
from zerosum.modalities.tables.identifiers.fields import PatternField, PersonField
from zerosum.modalities.tables.schema import Schema, overrides_of
from zerosum.modalities.tables.time_fields import DateField, DatetimeField, DurationField
from zerosum.modalities.tables.unmodelled_fields import ConstantField, KeyField, TextField

Draw = Callable[[np.random.Generator, int], np.ndarray]


def whole(low: int, high: int) -> Draw:
    return lambda rng, n: rng.integers(low, high, n).astype(float)


def rounded(places: int, dtype: type = np.float64) -> Draw:
    return lambda rng, n: np.round(rng.normal(0, 50, n).astype(dtype), places).astype(float)


DAYS = whole(-9_000, 30_000)
NAMES = ("b", "a", "", 'ü, "x"\'', "never")
LEARNED: list[tuple[Field, Draw]] = [
    *[
        (IntegerField(name="x", dtype=dtype), whole(0, 100))
        for dtype in ("int8", "uint8", "int16", "uint32", "int64", "uint64", "double")
    ],
    (IntegerField(name="x"), whole(-(2**53), 2**53)),
    (FloatField(name="x"), lambda rng, n: rng.normal(size=n)),
    (FloatField(name="x", places=2), rounded(2)),
    (FloatField(name="x", dtype="float", places=1), rounded(1)),
    (FloatField(name="x", dtype="decimal128(10, 2)", places=2), rounded(2)),
    (FloatField(name="x", dtype="int64", places=0), whole(0, 9)),
    (BooleanField(name="x"), whole(0, 2)),
    (BooleanField(name="x", dtype="int64"), whole(0, 2)),
    (CategoryField(name="x", names=NAMES), whole(0, 4)),
    (CategoryField(name="x", names=NAMES, dtype="large_string"), whole(0, 5)),
    (CategoryField(name="x", names=("3", "1", "20"), dtype="int64"), whole(0, 3)),
    *[
        (CategoryField(name="x", names=names, dtype=str(pa.dictionary(index, of, order))),
         whole(0, 3))
        for names, index, of, order in [
            (NAMES, pa.int8(), pa.string(), True), (NAMES, pa.uint32(), pa.large_string(), False),
            (("7", "5", "6"), pa.int8(), pa.int64(), False),
        ]
    ],
    *[
        (DatetimeField(name="x", dtype=f"timestamp[{unit}]", resolution=resolution, offset=offset),  # pyright: ignore[reportArgumentType]
         DAYS)
        for unit, resolution, offset in [
            ("s", "day", 0), ("us", "hour", 1_800_000_000), ("ms", "ms", 0), ("ns", "us", 0),
        ]
    ],
    *[
        (DatetimeField(name="x", dtype=f"timestamp[us, tz={zone}]", resolution=resolution), DAYS)
        for zone in ("UTC", "Europe/Berlin", "Asia/Kolkata")
        for resolution in ("day", "hour", "second")
    ],
    (DateField(name="x"), DAYS),
    (DateField(name="x", dtype="date64[ms]"), DAYS),
    (DurationField(name="x", dtype="duration[ms]", resolution="minute"), DAYS),
    (DurationField(name="x", dtype="duration[ns]", resolution="us"), DAYS),
    (DurationField(name="x", dtype="time32[s]", resolution="minute"), whole(0, 1_440)),
    (DurationField(name="x", dtype="time64[ns]", resolution="ms"), whole(0, 86_400_000)),
]  # fmt: skip
UNLEARNED: list[Field] = [
    KeyField(name="k"), KeyField(name="k", dtype="string", before="C", digits=5, first=7),
    KeyField(name="k", dtype="string", letters=("AB", "0123456789", "-", "0123456789abcdef")),
    ConstantField(name="c", dtype="int64", of=IntegerField(name="c"), value=3.0),
    ConstantField(name="c", dtype="null"), TextField(name="t"),
    PersonField(name="p", dtype="string", form="name", gaps=0.25),
    PatternField(name="p", dtype="large_string", masks=("+47 ### ## ###", "^^@")),
]  # fmt: skip


def label(field: object) -> str:
    return f"{field.kind}-{field.dtype}" if isinstance(field, Field) else ""


def test_every_kind_is_looked_at() -> None:
    looked_at = {field.kind for field, _ in LEARNED} | {field.kind for field in UNLEARNED}
    here = {kind for kind, one in family_of(Field).items() if ".tables." in one.__module__}
    assert looked_at == here


@pytest.mark.parametrize(("field", "draw"), LEARNED, ids=label)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_values_and_columns_are_inverses(field: Field, draw: Draw, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = draw(rng, 500)
    values[rng.random(500) < 0.1 * seed] = np.nan
    column = field.to_arrow(values)
    assert str(column.type) == field.dtype
    assert column.null_count == np.isnan(values).sum()
    back = field.to_values(column)
    np.testing.assert_array_equal(back, values)
    assert field.to_arrow(back).equals(column)
    pieces = pa.chunked_array([column[:200], column[200:]])
    np.testing.assert_array_equal(field.to_values(pieces), values)


@pytest.mark.parametrize(("field", "draw"), LEARNED, ids=label)
def test_empty_and_missing_columns(field: Field, draw: Draw) -> None:
    assert len(field.to_values(field.to_arrow(np.empty(0)))) == 0
    gone = field.to_arrow(np.full(3, np.nan))
    assert gone.null_count == 3
    assert np.isnan(field.to_values(gone)).all()


@pytest.mark.parametrize("field", [*[field for field, _ in LEARNED], *UNLEARNED], ids=label)
def test_fields_survive_json(field: Field) -> None:
    again = Field.from_json(json.loads(json.dumps(field.to_json())))
    assert again == field
    assert type_called(field.dtype) == again.arrow_type
    assert isinstance(field.details, str)


def test_values_of_what_users_write() -> None:
    noon = DatetimeField(name="t", resolution="hour")
    assert noon.value_of("1970-01-02 12:00") == 36
    assert noon.value_of(datetime(1970, 1, 1, 1, 30)) == 1.5
    oslo = DatetimeField(name="t", dtype="timestamp[us, tz=Europe/Oslo]", resolution="day")
    assert oslo.value_of("1970-01-02") == 1
    assert oslo.value_of("1970-01-01T23:00Z") == 1
    assert DateField(name="d").value_of(date(1970, 2, 1)) == 31
    length = DurationField(name="d", dtype="duration[s]", resolution="minute")
    for told in ("1 day 01:30:00", "25.5 hours", "25 h 30 min", timedelta(hours=25.5)):
        assert length.value_of(told) == 25.5 * 60
    assert (
        DurationField(name="d", dtype="time32[s]", resolution="second").value_of("00:01:05") == 65
    )
    assert [BooleanField(name="b").value_of(x) for x in (True, "FALSE", 1)] == [1, 0, 1]
    assert CategoryField(name="c", names=("1", "2")).value_of(2) == 1


@pytest.mark.parametrize(
    ("field", "told"),
    [
        (IntegerField(name="x"), "many"), (DatetimeField(name="x"), "soon"),
        (DateField(name="x"), "31.1.2020"), (DurationField(name="x"), "long"),
        (BooleanField(name="x"), "perhaps"), (CategoryField(name="x", names=("a",)), "b"),
    ],
    ids=label,
)  # fmt: skip
def test_what_is_no_value_is_refused(field: Field, told: str) -> None:
    with pytest.raises(DataError, match=rf"x .*'{told}'"):
        field.value_of(told)


def test_text_is_read_and_misfits_are_shown() -> None:
    texts = pa.array(["1", " 2 ", "NA", None])
    np.testing.assert_array_equal(IntegerField(name="x").to_values(texts), [1, 2, np.nan, np.nan])
    with pytest.raises(DataError, match=r"kind integer: it holds 'a', '1.5'"):
        IntegerField(name="x").to_values(pa.array(["1", "a", "1.5"]))
    with pytest.raises(DataError, match=r"kind boolean: it holds 2"):
        BooleanField(name="x").to_values(pa.array([0, 1, 2]))
    with pytest.raises(DataError, match="1 infinite"):
        FloatField(name="x").to_values(pa.array([1.0, float("inf"), float("nan")]))


def test_unknown_categories_have_the_index_after_the_last() -> None:
    field = CategoryField(name="x", names=("a", "b"))
    values = field.to_values(pa.array(["b", "z", None, "a"]))
    np.testing.assert_array_equal(values, [1, 2, np.nan, 0])
    assert field.to_arrow(values).to_pylist() == ["b", None, None, "a"]
    coded = pa.DictionaryArray.from_arrays([0, 1, 2], pa.array(["z", None, "a"]))
    np.testing.assert_array_equal(field.to_values(coded), [2, np.nan, 0])


def test_numbered_keys_go_on() -> None:
    field = KeyField(name="k", dtype="string", before="C", after="-x", digits=4, first=98)
    assert field.make(3, 1).to_pylist() == ["C0099-x", "C0100-x", "C0101-x"]
    assert KeyField(name="k", first=5).make(2).to_pylist() == [5, 6]


@pytest.mark.parametrize(
    "letters", [("01",) * 9, ("abc", "-", "0123456789", "xyz", "AB"), ("0123456789abcdef",) * 32]
)
def test_random_keys_are_unique_and_split_as_one_likes(letters: tuple[str, ...]) -> None:
    field = KeyField(name="k", dtype="string", letters=letters)
    n = min(2_000, int(np.prod([len(own) for own in letters], dtype=float)))
    keys = field.make(n).to_pylist()
    assert len(set(keys)) == n
    assert all(c in own for key in keys for c, own in zip(key, letters, strict=True))
    assert field.make(n // 2, n // 4).to_pylist() == keys[n // 4 : n // 4 + n // 2]
    if n < 2_000:
        with pytest.raises(DataError, match="need more"):
            field.make(1, n)


def test_constants_are_what_they_were() -> None:
    day = DatetimeField(name="c", dtype="timestamp[ms, tz=UTC]", resolution="day")
    made = ConstantField(name="c", dtype=day.dtype, of=day, value=3.0).make(2, 5)
    assert made.equals(day.to_arrow(np.full(2, 3.0)))
    assert ConstantField(name="c", dtype="int64").make(2).to_pylist() == [None, None]
    with pytest.raises(DataError, match="free text"):
        TextField(name="t").make(1)


def test_a_schema_is_told_in_many_ways() -> None:
    schema = Schema(fields=(IntegerField(name="a"), CategoryField(name="b", names=("x",))),
                    dropped=("c",))  # fmt: skip
    columns, dropped = overrides_of(schema)
    assert overrides_of(json.loads(json.dumps(schema.to_json()))) == (columns, dropped)
    assert dropped == ("c",)
    assert columns["b"]["names"] == ["x"]
    assert overrides_of({"a": "key", "b": {"kind": "float", "places": 2}}) == (
        {"a": {"kind": "key"}, "b": {"kind": "float", "places": 2}}, (),
    )  # fmt: skip
    assert [row["kind"] for row in schema.rows] == ["integer", "category", "dropped"]
    for wrong, words in [
        ({"a": "intege"}, "Did you mean 'integer'"),
        ({"a": {"places": 1}}, "no kind"),
        ({"a": {"kind": "float", "plces": 1}}, "Did you mean 'places'"),
        ("nowhere.json", "no schema at"),
        (3, "of type int"),
    ]:
        with pytest.raises(DataError, match=words):
            overrides_of(wrong)


def test_integers_that_lose_digits_are_refused() -> None:
    with pytest.raises(DataError, match="beyond 2\\^53"):
        IntegerField(name="x").to_values(pa.array([2**60, 1]))
