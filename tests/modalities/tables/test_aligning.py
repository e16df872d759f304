"""A training that begins with another's weights takes for a value what was learned of it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import zerosum as zs


def orders(n: int, seed: int, shares: list[float]) -> pd.DataFrame:
    """Sizes follow from the city; which city is the most frequent depends on the shares."""
    draws = np.random.default_rng(seed)
    city = draws.choice(["Oslo", "Bonn", "Kiel", "Ulm"], n, p=shares)
    sizes = {"Oslo": "L", "Bonn": "M", "Kiel": "S", "Ulm": "XL"}
    price = np.where(city == "Oslo", 100, 10) + draws.integers(0, 9, n)
    return pd.DataFrame({"city": city, "price": price, "size": [sizes[one] for one in city]})


def agree(rows: pd.DataFrame) -> float:
    sizes = {"Oslo": "L", "Bonn": "M", "Kiel": "S", "Ulm": "XL"}
    cells = zip(rows["city"], rows["size"], rows["price"], strict=True)
    return float(np.mean([sizes[a] == b and (a == "Oslo") == (c >= 100) for a, b, c in cells]))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> zs.TableModel:
    return zs.train(
        "table", data=orders(1_000, 0, [0.6, 0.3, 0.1, 0.0]), samples=30_000, referee="off",
        quiet=True, out=tmp_path_factory.mktemp("runs") / "first",
    )  # fmt: skip


@pytest.mark.parametrize("shares", [[0.1, 0.3, 0.6, 0.0], [0.3, 0.1, 0.3, 0.3]])
def test_new_rows_of_the_table_go_on_by_value(
    first: zs.TableModel, tmp_path: Path, shares: list[float]
) -> None:
    """Codes are numbered by how frequent they are, so other rows number them otherwise."""
    assert first.run is not None
    model = zs.train(
        "table", data=orders(1_000, 1, shares), samples=125, from_run=first.run, referee="off",
        quiet=True, out=tmp_path / "second",
    )  # fmt: skip
    rows = model.sample(2_000, seed=0)
    old = rows[rows["city"] != "Ulm"]
    assert agree(old) > 0.9
    assert agree(first.sample(2_000, seed=0)) > 0.95
    for city, share in zip(("Oslo", "Bonn", "Kiel", "Ulm"), shares, strict=True):
        assert abs((rows["city"] == city).mean() - share) < 0.06
