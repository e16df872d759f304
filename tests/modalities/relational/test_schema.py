"""Schemas: given, found in tables, and refused."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

import zerosum as zs
from tests.modalities.relational.shops import SCHEMA, shop
from zerosum.errors import DataError
from zerosum.modalities.relational.finding import FoundSchema, find_schema
from zerosum.modalities.relational.schema import DatabaseSchema, ForeignKey, read_schema
from zerosum.modalities.tables.reading.sources import MemorySource
from zerosum.workflows.data import open_data


def test_a_schema_goes_through_json(tmp_path: Path) -> None:
    schema = read_schema(SCHEMA)
    assert read_schema(schema.save(tmp_path / "schema.json")) == schema
    assert schema["orders"].refers[0].keys == ("id",)  # the key of customers, filled in
    assert schema.order.index("lines") > schema.order.index("products")


def test_cycles_are_shown_and_refused() -> None:
    tables = [
        {"name": "a", "key": ["id"], "refers": [{"columns": ["b"], "to": "b"}]},
        {"name": "b", "key": ["id"], "refers": [{"columns": ["c"], "to": "c"}]},
        {"name": "c", "key": ["id"], "refers": [{"columns": ["a"], "to": "a"}]},
    ]
    with pytest.raises(DataError, match=r"a → b → c → a"):
        read_schema({"tables": tables})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"to": "custmers"}, "Did you mean 'customers'"),
        ({"columns": ["customer_id", "status"]}, "by 2 columns"),
        ({"columns": ["customer"]}, "Did you mean 'customer_id'"),
    ],
)
def test_what_is_not_there_is_refused(change: dict, words: str) -> None:
    schema = json.loads(json.dumps(SCHEMA))
    schema["tables"][2]["refers"][0] |= change
    with pytest.raises(DataError, match=words):
        open_data(shop(20), schema=schema)


def test_keys_are_found_with_evidence() -> None:
    sources = {name: MemorySource(table, name=name) for name, table in shop(60).items()}
    found = find_schema(sources)
    lines = repr(found).splitlines()
    assert lines[0] == f"Schema of {len(found.rows)} tables"
    assert len(lines) == 1 + len(found.rows) + len(found.evidence)
    assert all(row["table"] in line for row, line in zip(found.rows, lines[1:], strict=False))
    assert found.schema["customers"].key == ("id",)
    assert found.schema["lines"].key == ("order_id", "line")
    to = {
        (table.name, *one.columns): one.to for table in found.schema.tables for one in table.refers
    }
    assert to == {
        ("customers", "referrer_id"): "customers", ("orders", "customer_id"): "customers",
        ("lines", "order_id"): "orders", ("lines", "product_id"): "products",
    }  # fmt: skip
    said = "\n".join(found.evidence)
    assert "orders.customer_id refers to customers: all values are keys there" in said


def test_a_compound_key_is_found() -> None:
    hours = pa.table({"origin": ["a", "a", "b", "b"], "hour": [1, 2, 1, 2], "wind": [1, 2, 3, 4]})
    flights = pa.table({"origin": ["a", "b", "b"], "hour": [2, 1, 1], "delay": [1, 2, 3]})
    schema = DatabaseSchema.from_json(
        {"tables": [{"name": "weather", "key": ["origin", "hour"]},
                    {"name": "flights", "refers": [
                        {"columns": ["origin", "hour"], "to": "weather"}]}]}
    )  # fmt: skip
    assert schema["flights"].refers[0] == ForeignKey(
        columns=("origin", "hour"), to="weather", keys=("origin", "hour")
    )
    named = {"weather": hours.rename_columns(["origin_code", "hour_no", "wind"]),
             "flights": flights.rename_columns(["origin_code", "hour_no", "delay"])}  # fmt: skip
    found = find_schema({name: MemorySource(one, name=name) for name, one in named.items()}).schema
    assert found["weather"].key == ("origin_code", "hour_no")
    assert found["flights"].refers[0].to == "weather"


def test_tables_without_references_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        pyarrow.csv.write_csv(pa.table({"x": [1, 2, 2], "y": [1, 1, 2]}), tmp_path / f"{name}.csv")
    with pytest.raises(DataError, match=r"no table .* is found to refer to another"):
        open_data(str(tmp_path), spaces=("relational",))


def test_orphans_are_listed_and_refused_or_set_apart() -> None:
    tables = shop(40)
    owner = tables["orders"]["customer_id"].to_pylist()
    owner[:2] = [991, 992]
    at = tables["orders"].schema.get_field_index("customer_id")
    tables["orders"] = tables["orders"].set_column(at, "customer_id", pa.array(owner))
    with pytest.raises(DataError, match=r"2 rows of 'orders' refer .* 991; 992"):
        open_data(tables, schema=SCHEMA)
    dataset, _ = open_data(tables, schema=SCHEMA, orphans="apart")
    assert dataset.counts["orders"] == tables["orders"].num_rows - 2  # pyright: ignore[reportAttributeAccessIssue]
    assert any("2 orphans of 'orders' are set apart" in note for note in dataset.notes)


def test_keys_that_repeat_are_refused() -> None:
    tables = shop(40)
    tables["customers"] = pa.concat_tables([tables["customers"], tables["customers"].slice(3, 1)])
    with pytest.raises(DataError, match=r"key id of 'customers' is not unique.*such as 4"):
        open_data(tables, schema=SCHEMA)


def test_free_text_is_refused_by_table_and_column() -> None:
    tables = shop(200)
    words = [f"a long remark number {i}, which no other customer made so" * 2 for i in range(200)]
    tables["customers"] = tables["customers"].append_column("remark", pa.array(words))
    with pytest.raises(DataError, match=r"customers\.remark"):
        open_data(tables, schema=SCHEMA)
    dataset, _ = open_data(tables, schema=SCHEMA, drop="customers.remark")
    assert len(dataset) == 200


def test_names_too_rare_to_be_made_are_no_key() -> None:
    hours = [f"hour {i} of the day, as text" for i in range(40)] * 2
    tables = {
        "weather": pa.table({
            "station": ["a"] * 40 + ["b"] * 40, "hour": hours, "wind": [*range(80)],
        }),
        "trips": pa.table({"station": ["a", "b"], "hour": hours[:2], "delay": [1, 2]}),
    }  # fmt: skip
    schema = {
        "tables": [
            {"name": "weather", "key": ["station", "hour"]},
            {"name": "trips", "refers": [{"columns": ["station", "hour"], "to": "weather"}]},
        ]
    }
    with pytest.raises(DataError, match=r"weather\.hour is a part of a key, and holds 40 names"):
        open_data(tables, schema=schema)


def test_a_name_that_another_table_repeats_is_a_key() -> None:
    products = pa.table({"sku": [f"P-{i}" for i in range(9)], "price": range(9)})
    lines = pa.table({"line_id": range(30), "sku": [f"P-{i % 7}" for i in range(30)]})
    sources = {
        name: MemorySource(one, name=name)
        for name, one in {"products": products, "lines": lines}.items()
    }
    schema = find_schema(sources).schema
    assert schema["products"].key == ("sku",)
    assert [str(one) for one in schema["lines"].refers] == ["sku → products"]


def test_a_key_that_nearly_is_one_is_refused() -> None:
    tables = shop(40)
    tables["customers"] = pa.concat_tables([tables["customers"], tables["customers"][:1]])
    with pytest.raises(DataError, match=r"the key id of 'customers' is not unique: .* comes more"):
        open_data(tables)


def test_a_table_without_rows_is_refused_until_it_is_left_out(tmp_path: Path) -> None:
    tables = shop(40)
    empty = {**tables, "refunds": tables["orders"].slice(0, 0)}
    for schema in (None, {"tables": [*SCHEMA["tables"], {"name": "refunds", "key": ["id"]}]}):
        with pytest.raises(DataError, match=r"'refunds' of .* has no rows.*drop.*refunds"):
            open_data(empty, schema=schema)
    assert "refunds" not in open_data(empty, drop="refunds")[0].space.database.names  # pyright: ignore[reportAttributeAccessIssue]
    for name, table in tables.items():
        pyarrow.csv.write_csv(table, tmp_path / f"{name}.csv")
    (tmp_path / "refunds.csv").write_text("id,order_id\n")
    assert len(open_data(str(tmp_path), drop="refunds")[0]) == 40
    with pytest.raises(DataError, match="Did you mean 'orders'"):
        open_data(tables, drop="order")


def test_keys_that_are_written_with_a_point_are_found() -> None:
    tables = shop(60)
    customers = tables["customers"].to_pandas()  # where a key is missing, pandas writes 5.0
    assert customers["referrer_id"].dtype.kind == "f"
    orders = tables["orders"].to_pandas().astype({"customer_id": float})
    found = zs.schema({"customers": customers, "orders": orders})
    assert isinstance(found, FoundSchema)
    to = {(t.name, *r.columns): r.to for t in found.schema.tables for r in t.refers}
    assert to == {
        ("customers", "referrer_id"): "customers", ("orders", "customer_id"): "customers",
    }  # fmt: skip


def test_a_few_rows_above_all_others_are_told() -> None:
    tables = shop(60)
    banks = pa.table({"id": [1, 2], "city": ["Oslo", "Bergen"]})
    customers = tables["customers"].drop_columns("referrer_id")
    customers = customers.append_column("bank_id", pa.array([1, 2] * 30))
    database = {"banks": banks, "customers": customers, "orders": tables["orders"]}
    data, _ = open_data(database)
    assert len(data) == 2
    assert any("below the 2 of 'banks'" in note for note in data.notes)
    kept, _ = open_data(database, keep="banks")
    assert len(kept) == 60
    assert not any("below the" in note for note in kept.notes)
