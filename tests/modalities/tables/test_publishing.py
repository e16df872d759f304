"""Exported files hold no name that too few rows share."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import zerosum as zs
from zerosum.modalities.tables.space import TableSpace

QUICK: dict[str, Any] = {
    "precision": "fp32", "layout": "contiguous", "compile": False, "threads": 1,
    "referee": "off", "quiet": True,
}  # fmt: skip


def frame() -> pd.DataFrame:
    """Three towns, of which two rows have one that nobody else has, with its own postcode."""
    towns = ["Oslo", "Bergen"] * 100 + ["Hamnøy", "Hamnøy"]
    codes = [{"Oslo": "0150", "Bergen": "5003", "Hamnøy": "8390"}[town] for town in towns]
    return pd.DataFrame(
        {"town": towns, "post": codes, "job": ["x", "y", "z", "x"] * 50 + ["w", "w"]}
    )


@pytest.mark.parametrize("together", [False, True])
def test_rare_names_stay_at_home(tmp_path: Path, together: bool) -> None:
    rules = [zs.FixedCombinations(["town", "post"])] if together else []
    schema = {"post": "category"}
    model = zs.train(
        "table", data=frame(), samples=512, constraints=rules, schema=schema, seed=0, **QUICK
    )
    path = model.save(tmp_path / "model.safetensors")
    held = path.read_bytes()
    for name in ("Hamnøy", "8390", '"w"'):
        assert name.encode() not in held
    for name in ("Oslo", "5003"):
        assert name.encode() in held
    again = zs.load(path)
    assert isinstance(again.space, TableSpace)
    made = [pd.DataFrame(one.sample(50, seed=1)) for one in (again, model)]
    assert made[0].equals(made[1])
