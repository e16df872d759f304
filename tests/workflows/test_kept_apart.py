"""A share that is kept apart: remembered in the run, and what it is judged with by itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pytest
import torch

import zerosum as zs
from zerosum.data.base import Dataset
from zerosum.data.subsets import rows_apart
from zerosum.errors import DataError, PrivacyError
from zerosum.modalities.tables.reading.dataset import _earlier
from zerosum.modalities.tables.space import TableSpace
from zerosum.runs.store import Run
from zerosum.workflows.data import open_data
from zerosum.workflows.prepare import data_of

N = 400


def table(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, N),
            "price": rng.gamma(2, 3, N).round(2),
            "city": rng.choice(["Wien", "Oslo", "Bern"], N),
            "old": rng.integers(0, 2, N).astype(bool),
            "day": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 300, N), "D"),
            "seen": pd.Timestamp("2023-01-01", tz="UTC")
            + pd.to_timedelta(rng.integers(0, 10**6, N), "s"),
        }
    )
    frame.loc[::9, "price"] = np.nan
    frame.loc[::7, "city"] = None
    return frame


def train(data: Any, out: Path, **options: Any) -> Run:
    how = {"samples": 256, "referee": "off", "quiet": True, "device": "cpu"}
    zs.train("table", data=data, out=out, set={"optimisation.batch_size": 64}, **how | options)
    return Run.open(out)


def fingerprint(data: Any, **options: Any) -> str:
    return open_data(data, **options)[0].fingerprint


def test_the_same_rows_are_the_same_data_however_they_are_held(tmp_path: Path) -> None:
    frame = table()
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    arrow_csv.write_csv(arrow, tmp_path / "arrow.csv")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True, date_format="iso")
    as_categories = frame.assign(
        city=pd.Categorical(frame["city"], categories=["Wien", "Oslo", "Graz", "Bern"])
    )
    same = [
        frame, as_categories, arrow, frame.convert_dtypes(), str(tmp_path / "t.csv"),
        str(tmp_path / "t.parquet"), str(tmp_path / "arrow.csv"), str(tmp_path / "t.jsonl"),
    ]  # fmt: skip
    assert len({fingerprint(one) for one in same}) == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("age", 91), ("price", 1.0), ("price", np.nan), ("city", "Oslo"), ("city", None),
     ("day", pd.Timestamp("2024-01-01")), ("seen", pd.Timestamp("2024-01-01", tz="UTC"))],
)  # fmt: skip
def test_one_other_value_is_other_data(column: str, value: Any) -> None:
    frame = table()
    other = frame.copy()
    at = 1 if frame.loc[1, column] != value else 2
    other.loc[at, column] = value
    assert fingerprint(frame) != fingerprint(other)
    assert fingerprint(frame) != fingerprint(frame.iloc[::-1])
    assert fingerprint(frame) != fingerprint(frame.rename(columns={column: "other"}))


def test_money_in_another_form_is_the_same_data(tmp_path: Path) -> None:
    amounts = np.random.default_rng(0).normal(0, 3_000, 80).round(2)
    plain = pd.DataFrame({"x": amounts, "k": ["a", "b"] * 40})
    plain.to_csv(tmp_path / "plain.csv", index=False)
    money = plain.assign(x=[f"{v:,.2f} €".translate(str.maketrans(",.", ".,")) for v in amounts])
    money.to_csv(tmp_path / "money.csv", index=False, sep=";")
    assert fingerprint(str(tmp_path / "plain.csv")) == fingerprint(str(tmp_path / "money.csv"))


def test_a_run_goes_on_with_its_rows_in_another_form(tmp_path: Path) -> None:
    frame = table()
    frame.to_csv(tmp_path / "t.csv", index=False)
    run = train(str(tmp_path / "t.csv"), tmp_path / "run")
    zs.resume(run, data=frame, samples=512, quiet=True, referee="off")
    with pytest.raises(DataError, match="this is not the data"):
        zs.resume(run, data=frame.iloc[1:], samples=1024, quiet=True)


def test_a_run_with_a_fingerprint_of_before_goes_on(tmp_path: Path) -> None:
    frame = table()
    run = train(frame, tmp_path / "run")
    dataset, _ = open_data(frame)
    assert isinstance(dataset.space, TableSpace)
    found = dataset.resident
    assert found is not None
    old = _earlier(dataset.space, found[0])
    assert old != dataset.fingerprint
    path = run.folder / "manifest.json"
    path.write_text(path.read_text("utf-8").replace(dataset.fingerprint, old), encoding="utf-8")
    assert data_of(Run.open(run.folder), frame)[0].fingerprint == dataset.fingerprint


def rows_of(dataset: Dataset) -> torch.Tensor:
    return dataset.take(torch.arange(len(dataset)))[0]


def test_rows_that_are_kept_apart(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "t.csv", index=False)
    whole, _ = open_data(str(tmp_path / "t.csv"))
    part, config = open_data(str(tmp_path / "t.csv"), holdout=0.2)
    held = part.held_out
    assert held is not None
    assert config is not None
    assert (len(part), len(held)) == (320, 80)
    assert any("80 of 400 samples are kept apart" in note for note in part.notes)
    train_rows, others = rows_apart(N, 0.2)
    everything = rows_of(whole)
    torch.testing.assert_close(rows_of(part), everything[train_rows], equal_nan=True)
    torch.testing.assert_close(rows_of(held), everything[others], equal_nan=True)
    assert isinstance(part.space, TableSpace)
    assert part.space.num_rows == 320
    with pytest.raises(DataError, match="leaves one side without any"):
        open_data(str(tmp_path / "t.csv"), holdout=0.001)
    with pytest.raises(PrivacyError, match="keeps rows apart that depend"):
        open_data(str(tmp_path / "t.csv"), holdout=0.2, private=True)


@pytest.mark.parametrize("data", ["digits", "ring", "reviews"])
def test_every_kind_of_data_can_keep_some_apart(data: str) -> None:
    part, config = open_data(data, holdout=0.25)
    again, _ = open_data(config)
    assert part.held_out is not None
    assert part.fingerprint == again.fingerprint
    assert len(part.held_out) == pytest.approx(len(part) / 3, abs=1)
    if part.space.labels:
        assert sum(part.space.label_counts) == len(part)


def test_a_run_remembers_what_it_kept_apart(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "t.csv", index=False)
    run = train(str(tmp_path / "t.csv"), tmp_path / "run", holdout=0.3)
    assert run.manifest["data"]["count"] == 280
    found = zs.evaluate(run, n=50, replicates=2, quiet=True)
    assert found.subject["holdout"] == "t.csv (held out)"
    audit = zs.audit(run, attacks=20, quiet=True)
    assert "t.csv (held out)" in str(audit.subject)
    zs.resume(run, samples=512, quiet=True, referee="off")
    said = zs.evaluate(run, holdout=table(1), n=30, replicates=2, quiet=True)
    assert said.subject["holdout"] == "the data frame"


def test_images_are_judged_with_what_was_kept_apart(tmp_path: Path) -> None:
    zs.train(
        "vanilla", data="digits", samples=256, out=tmp_path / "run", quiet=True, referee="off",
        holdout=0.3, set={"optimisation.batch_size": 64},
    )  # fmt: skip
    found = zs.evaluate(tmp_path / "run", n=60, replicates=2, quiet=True)
    assert found.subject["holdout"] == "digits (held out)"
