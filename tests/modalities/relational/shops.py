"""A shop with known dependences: customers, orders and lines, for tests."""

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

COUNTRIES = ("NL", "NO", "PT")
RATES = (4.0, 2.0, 0.5)
"""Orders of a customer, by country."""


def shop(num_customers: int = 300, *, seed: int = 0) -> dict[str, pa.Table]:
    """Customers have orders, orders have lines that name products, customers refer customers."""
    rng = np.random.default_rng(seed)
    country = rng.choice(3, num_customers, p=[0.5, 0.3, 0.2])
    age = rng.integers(18, 80, num_customers)
    referrer = [
        None if i < 5 or i % 2 else int(rng.integers(0, i)) + 1 for i in range(num_customers)
    ]
    owner = np.repeat(np.arange(num_customers), rng.poisson(np.array(RATES)[country]))
    status = np.where(rng.random(len(owner)) < 0.3, "returned", "paid")
    amount = np.exp(rng.normal(1 + age[owner] / 40, 0.2)).round(2)
    order = np.repeat(np.arange(len(owner)), rng.integers(0, 3, len(owner)))
    number = np.concatenate([np.arange(n) for n in np.bincount(order, minlength=len(owner))])
    price = rng.normal(10, 3, 40).round(2)
    return {
        "customers": pa.table({
            "id": np.arange(num_customers) + 1, "name": [f"c{i:04}" for i in range(num_customers)],
            "country": np.array(COUNTRIES)[country], "age": age, "referrer_id": referrer,
        }),
        "orders": pa.table({
            "id": np.arange(len(owner)) + 1, "customer_id": owner + 1, "status": status,
            "amount": amount,
        }),
        "products": pa.table({"id": np.arange(40) + 1, "price": price}),
        "lines": pa.table({
            "order_id": order + 1, "line": number + 1,
            "product_id": rng.integers(1, 41, len(order)), "pieces": rng.integers(1, 5, len(order)),
        }),
    }  # fmt: skip


SCHEMA: dict[str, Any] = {
    "tables": [
        {"name": "customers", "key": ["id"],
         "refers": [{"columns": ["referrer_id"], "to": "customers"}]},
        {"name": "products", "key": ["id"]},
        {"name": "orders", "key": ["id"],
         "refers": [{"columns": ["customer_id"], "to": "customers"}]},
        {"name": "lines", "key": ["order_id", "line"],
         "refers": [{"columns": ["order_id"], "to": "orders"},
                    {"columns": ["product_id"], "to": "products"}]},
    ]
}  # fmt: skip


def write_shop(path: Path, tables: dict[str, pa.Table]) -> Path:
    """Customers and orders as an SQLite file with keys."""
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INTEGER);"
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES "
        "customers (id), status TEXT, amount REAL);"
    )
    customers = tables["customers"].drop_columns("referrer_id")
    for name, table in (("customers", customers), ("orders", tables["orders"])):
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        marks = ", ".join("?" * table.num_columns)
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    connection.commit()
    connection.close()
    return path


def orphans(tables: dict[str, Any], child: str, column: str, parent: str, key: str) -> int:
    """Rows of a table that refer to nothing that is there."""
    known = set(tables[parent][key].to_pylist())
    return sum(one is not None and one not in known for one in tables[child][column].to_pylist())
