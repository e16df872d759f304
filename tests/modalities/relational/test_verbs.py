"""Databases through every verb: trained, sampled, asked for, judged, audited, resumed."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

import zerosum as zs
from tests.modalities.relational.shops import RATES, SCHEMA, orphans, shop, write_shop
from zerosum.errors import ConditionError, DataError, RunError
from zerosum.modalities.relational.game import table_players
from zerosum.modalities.relational.model import RelationalModel
from zerosum.modalities.relational.part import DatabasePart
from zerosum.modalities.relational.reading.databases import read_sqlite
from zerosum.modalities.relational.schema import read_schema
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.runs.files import read_json
from zerosum.workflows.data import open_data
from zerosum.zoo.relational import relational

QUICK: dict[str, Any] = {
    "precision": "fp32", "layout": "contiguous", "compile": False, "threads": 1, "quiet": True,
    "set": {"game.generator.rows.width": 160},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def model(folder: Path) -> RelationalModel:
    """Of four tables, with every kind of reference."""
    made = zs.train(
        "relational", data=shop(400), out=folder / "run", samples=10_000,
        options={"schema": SCHEMA}, **QUICK,
    )  # fmt: skip
    assert isinstance(made, RelationalModel)
    return made


@pytest.fixture(scope="module")
def two(folder: Path) -> RelationalModel:
    """Of an SQLite file with two tables."""
    path = write_shop(folder / "shop.sqlite", shop(300))
    made = zs.train("relational", data=str(path), out=folder / "two", samples=1_500, **QUICK)
    assert isinstance(made, RelationalModel)
    return made


def test_every_key_leads_somewhere(model: RelationalModel) -> None:
    made = model.sample(scale=2, seed=0)
    assert [*made] == ["customers", "products", "orders", "lines"]
    assert made["customers"].num_rows == 800
    assert made["products"].num_rows == 80
    assert made["customers"]["id"].to_pylist() == [*range(401, 1_201)]
    for child, column, parent in (
        ("customers", "referrer_id", "customers"), ("orders", "customer_id", "customers"),
        ("lines", "order_id", "orders"), ("lines", "product_id", "products"),
    ):  # fmt: skip
        assert orphans(made, child, column, parent, "id") == 0
    keys = [*zip(*(made["lines"][c].to_pylist() for c in ("order_id", "line")), strict=True)]
    assert len(set(keys)) == len(keys)
    assert min(number for _, number in keys) == 1


def test_curves_are_named_after_tables(model: RelationalModel) -> None:
    assert model.run is not None
    with (model.run / "history.jsonl").open() as lines:
        curves = {name for line in lines for name in json.loads(line)}
    assert {f"{one}/likelihood" for one in ("customers", "products", "orders", "lines")} <= curves


def test_any_name_of_a_table_will_do() -> None:
    tables = {"training": shop(40)["customers"], "type": shop(40)["orders"]}
    tables |= {"a b": shop(40)["products"], "a/b": shop(40)["products"]}
    schema = [
        {"name": "training", "key": ["id"]}, {"name": "a b"}, {"name": "a/b"},
        {"name": "type", "refers": [{"columns": ["customer_id"], "to": "training"}]},
    ]  # fmt: skip
    dataset, _ = open_data(tables, schema={"tables": schema})
    assert isinstance(dataset.space, RelationalSpace)
    assert table_players(dataset.space) == ["training_", "a_b", "a_b_", "type_"]
    relational(dataset.space).game.build(dataset.space)


def test_rows_refer_to_rows_before_them(model: RelationalModel) -> None:
    made = model.sample(300, seed=1)["customers"]
    pairs = zip(made["id"].to_pylist(), made["referrer_id"].to_pylist(), strict=True)
    pairs = [(own, other) for own, other in pairs if other is not None]
    assert all(other < own for own, other in pairs)
    assert 0.3 < len(pairs) / 300 < 0.7  # as in the data, where every second has one


def test_numbers_of_children_depend_on_the_parent(model: RelationalModel) -> None:
    made = model.sample(600, seed=2)
    orders = pd.Series(made["orders"]["customer_id"].to_pylist()).value_counts()
    customers = made["customers"].to_pandas()
    mean = customers["id"].map(orders).fillna(0).groupby(customers["country"]).mean()
    assert RATES == (4.0, 2.0, 0.5)  # by country; a short training of small networks comes half way
    assert mean["NL"] > mean["NO"] > mean["PT"]
    assert mean["NL"] - mean["PT"] > 1


def test_columns_depend_on_the_parent(model: RelationalModel) -> None:
    made = model.sample(600, seed=3)
    both = made["orders"].to_pandas().merge(
        made["customers"].to_pandas(), left_on="customer_id", right_on="id"
    )  # fmt: skip
    assert np.log(both["amount"]).corr(both["age"]) > 0.5  # .91 in the data


def test_the_same_seed_gives_the_same(model: RelationalModel) -> None:
    few, many = model.sample(5, seed=4), model.sample(40, seed=4)
    assert few["customers"]["age"].to_pylist() == many["customers"]["age"].to_pylist()[:5]
    n = few["orders"].num_rows
    assert few["orders"]["amount"].to_pylist() == many["orders"]["amount"].to_pylist()[:n]
    assert model.sample(40, seed=4) == many
    assert model.sample(40, seed=5) != many


def test_conditions_hold(model: RelationalModel) -> None:
    where = {"customers.country": "NL", "orders.status": "returned", "customers.age": ">=60"}
    made = model.sample(50, where=where, seed=0)
    assert set(made["customers"]["country"].to_pylist()) == {"NL"}
    assert min(made["customers"]["age"].to_pylist()) >= 60
    assert set(made["orders"]["status"].to_pylist()) == {"returned"}
    some = model.sample(20, where={"customers.# orders": 3}, seed=0)
    assert some["orders"].num_rows == 60
    dear = model.sample(50, where={"orders.amount": "5..9"}, seed=0)["orders"]["amount"].to_pylist()
    assert dear
    assert all(5 <= one <= 9 for one in dear)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"country": "NL"}, r"names no table.*customers\.country"),
        ({"customers.cuntry": "NL"}, r"Did you mean 'customers\.country'"),
        ({"customers.country": "DE"}, "no value 'DE'"),
        ({"orders.customer_id": 3}, "is a key, a reference or a constant"),
        ({"orders.amount": ">=1e9"}, "no row has"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    model: RelationalModel, where: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConditionError, match=words):
        model.sample(5, where=where)


def test_how_much_is_said_once(model: RelationalModel) -> None:
    for n, scale in ((None, None), (5, 2.0), (None, 1e-9), (0, None)):
        with pytest.raises(ConditionError):
            model.sample(n, scale=scale)
    with pytest.raises(ConditionError, match="neither values in turn"):
        model.sample(5, in_turn={"customers.country": ["NL"]})


def test_an_sqlite_file_comes_out_with_keys(two: RelationalModel, folder: Path) -> None:
    path = two.write(folder / "out.sqlite", scale=1, seed=0)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    (count,) = connection.execute("SELECT count(*) FROM customers").fetchone()
    names = connection.execute("SELECT name FROM customers LIMIT 2").fetchall()
    links = connection.execute("PRAGMA foreign_key_list(orders)").fetchall()
    connection.close()
    assert count == 300
    assert names == [("c0300",), ("c0301",)]
    assert links[0][2:5] == ("customers", "customer_id", "id")


def test_what_was_written_can_be_read_again(two: RelationalModel, folder: Path) -> None:
    for place in ("again/", "again.parquet/", "again.sqlite"):
        two.write(folder / place, 60, seed=0)
    (folder / "again/schema.json").write_text("{}")  # no table, and so not read
    for place in ("again", "again.parquet", "again.sqlite"):
        dataset, _ = open_data(str(folder / place), spaces=("relational",))
        assert len(dataset) == 60
    with pytest.raises(RunError, match="is not empty"):
        two.write(folder / "again/", 60)
    with pytest.raises(RunError, match="cannot save a database"):
        two.write(folder / "again.xlsx", 60)


def test_frames_come_back_as_they_were(folder: Path) -> None:
    tables = {name: table.to_pandas() for name, table in shop(60).items() if name != "lines"}
    made = zs.train(
        "relational", data=tables, samples=80, out=folder / "frames",
        options={"keep": "products"}, **QUICK,
    )  # fmt: skip
    frames = made.sample(30, seed=0)
    assert all(isinstance(one, pd.DataFrame) for one in frames.values())
    assert frames["orders"].dtypes.to_dict() == tables["orders"].dtypes.to_dict()
    assert frames["products"].equals(tables["products"])


def test_it_is_judged_and_shown(two: RelationalModel, folder: Path, small_judges: None) -> None:
    path = write_shop(folder / "hold.sqlite", shop(240, seed=1))
    found = zs.evaluate(two, holdout=str(path), replicates=3, quiet=True)
    for name, better in (("c2st_one_hop", "lower"), ("trends_one_hop", "higher")):
        figure = found[name]
        assert figure.better == better
        assert figure.badness(figure.value) < figure.badness(figure.floor)  # pyright: ignore[reportArgumentType]
    assert found["cardinality_shape"].value > 0.8
    part = found.part("database")
    assert isinstance(part, DatabasePart)
    assert [one.name for one in part.tables] == ["customers", "orders"]
    assert part.tables[1].keys.startswith("whole: ")
    assert [one.name for one in part.counts] == ["# orders"]
    again = type(found).from_json(found.to_json())
    assert again == found
    found.save(folder / "report.html")
    assert "Tables and keys" in (folder / "report.html").read_text("utf-8")


def test_other_tables_are_no_holdout(two: RelationalModel, folder: Path) -> None:
    path = folder / "other.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, country TEXT)")
    connection.execute("INSERT INTO customers VALUES (1, 'NL'), (2, 'NO')")
    connection.commit()
    with pytest.raises(DataError, match=r"'customers' of other.sqlite lacks the columns 'age'"):
        zs.evaluate(two, holdout=str(path), quiet=True)
    connection.execute("ALTER TABLE customers RENAME TO clients")
    connection.commit()
    connection.close()
    with pytest.raises(DataError, match=r"no table 'customers'"):
        zs.evaluate(two, holdout=str(path), quiet=True)


def test_it_is_audited_by_units(two: RelationalModel, folder: Path) -> None:
    path = write_shop(folder / "audit.sqlite", shop(100, seed=2))
    found = zs.audit(two, holdout=str(path), attacks=20, quiet=True)
    assert found.findings


def test_a_share_is_kept_apart(folder: Path) -> None:
    tables = shop(100)
    dataset, _ = open_data(tables, schema=SCHEMA, holdout=0.2)
    assert len(dataset) == 80
    assert dataset.held_out is not None
    assert len(dataset.held_out) == 20
    whole, _ = open_data(tables, schema=SCHEMA)
    rows, _ = whole.take(torch.arange(100))
    mine = {tuple(row) for row in rows.nan_to_num().tolist()}
    kept, _ = dataset.held_out.take(torch.arange(20))
    assert {tuple(row[:2]) for row in kept.nan_to_num().tolist()} <= {row[:2] for row in mine}


def test_a_run_goes_on_exactly(two: RelationalModel, folder: Path) -> None:
    path = str(folder / "shop.sqlite")
    half = zs.train("relational", data=path, out=folder / "half", samples=750, **QUICK)
    assert half.run is not None
    again = zs.resume(half.run, samples=1_500, quiet=True)
    straight = read_json(folder / "two" / "manifest.json")
    assert read_json(again.run / "manifest.json")["samples"] == straight["samples"]  # pyright: ignore[reportOptionalOperand]
    assert again.sample(20, seed=0) is not None


def test_a_link_table_never_repeats_a_pair(folder: Path) -> None:
    rng = np.random.default_rng(0)
    pairs = [(s, c) for s in range(60) for c in rng.choice(12, rng.integers(1, 9), replace=False)]
    student, course = np.array(pairs).T
    tables = {
        "students": pa.table({"id": np.arange(60), "year": rng.integers(1, 4, 60)}),
        "courses": pa.table({"id": np.arange(12), "hours": rng.integers(2, 9, 12)}),
        "enrolments": pa.table({"student_id": student, "course_id": course}),
    }
    model = zs.train("relational", data=tables, samples=70, out=folder / "links", **QUICK)
    made = model.sample(200, seed=0)["enrolments"]
    taken = [*zip(made["student_id"].to_pylist(), made["course_id"].to_pylist(), strict=True)]
    assert len(taken) > 200
    assert len(set(taken)) == len(taken)


def test_the_command_line_scales_and_says_the_keys(two: RelationalModel, folder: Path) -> None:
    from typer.testing import CliRunner

    from zerosum.cli.app import app

    run = CliRunner().invoke
    out = folder / "twice.sqlite"
    done = run(app, ["sample", str(two.run), "--scale", "0.5", "--seed", "1", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert read_sqlite(out)[0]["customers"].num_rows == 150
    where = ["--where", "customers.country=NL", "orders.status=paid"]
    done = run(app, ["sample", str(two.run), "-n", "9", *where, "--out", str(folder / "nl")])
    assert done.exit_code == 0, done.output
    assert (folder / "nl" / "orders.csv").exists()
    for words in (["-n", "5", "--scale", "2"], ["--scale", "-1"]):
        assert run(app, ["sample", str(two.run), *words]).exit_code != 0
    done = run(app, ["schema", str(folder / "shop.sqlite"), "--out", str(folder / "keys.json")])
    assert done.exit_code == 0, done.output
    assert read_schema(folder / "keys.json")["orders"].refers[0].to == "customers"


def test_an_exported_file_makes_the_same(model: RelationalModel, folder: Path) -> None:
    path = model.save(folder / "shop.safetensors")
    again = zs.load(path)
    assert isinstance(again, RelationalModel)
    mine, theirs = model.tables(12, seed=3), again.tables(12, seed=3)
    assert mine["lines"].to_pydict() == theirs["lines"].to_pydict()


def test_a_key_that_is_learned_never_repeats(folder: Path) -> None:
    """Hours of two stations: station and hour are data and key at once."""
    rng = np.random.default_rng(0)
    cells = [(station, hour) for station in ("a", "b") for hour in range(60)]
    station, hour = zip(*cells, strict=True)
    at = rng.integers(0, 120, 400)
    tables = {
        "stations": pa.table({"code": ["a", "b"], "height": [10, 700]}),
        "weather": pa.table({"station": station, "hour": hour, "wind": rng.normal(5, 2, 120)}),
        "trips": pa.table({
            "station": [station[i] for i in at], "hour": [hour[i] for i in at],
            "delay": rng.normal(0, 5, 400).round(1),
        }),
    }  # fmt: skip
    schema = {
        "tables": [
            {"name": "stations", "key": ["code"], "kept": True},
            {"name": "weather", "key": ["station", "hour"],
             "refers": [{"columns": ["station"], "to": "stations"}]},
            {"name": "trips", "refers": [
                {"columns": ["station", "hour"], "to": "weather"},
                {"columns": ["station"], "to": "stations"}]},
        ]
    }  # fmt: skip
    made = zs.train(
        "relational", data=tables, schema=schema, samples=150, out=folder / "hours", **QUICK
    )
    found = made.sample(70, seed=0)
    keys = [*zip(*(found["weather"][c].to_pylist() for c in ("station", "hour")), strict=True)]
    assert len(keys) == len(set(keys)) == 70
    named = zip(*(found["trips"][c].to_pylist() for c in ("station", "hour")), strict=True)
    assert set(named) <= set(keys)
    assert found["stations"] == tables["stations"]
    with pytest.warns(UserWarning, match="different keys of weather"):
        many = made.sample(500, seed=0)
    assert 70 < many["weather"].num_rows <= 120
