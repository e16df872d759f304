"""Sequences through every verb: trained, sampled, continued, judged, audited, begun again."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

import zerosum as zs
from zerosum.catalogue import metrics_for
from zerosum.cli.app import app
from zerosum.errors import ConditionError, DataError, ZerosumError
from zerosum.modalities.sequences.model import SequenceModel
from zerosum.modalities.tables.bank import accounts_with_transactions, simulate_bank

QUICK: dict[str, Any] = {
    "precision": "fp32", "layout": "contiguous", "compile": False, "threads": 1, "quiet": True,
}  # fmt: skip
SMALL = {
    "game.entities.width": 48, "game.generator.width": 32, "game.generator.rank": 16,
    "game.generator.row.width": 96, "optimisation.record_every": 20,
    "optimisation.batch_size": 16,
}  # fmt: skip
ROWS = {"entity": "account", "time": "booked_at"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place, before = tmp_path_factory.mktemp("sequences"), Path.cwd()
    os.chdir(place)
    yield place
    os.chdir(before)


@pytest.fixture(scope="module")
def frame() -> Any:
    """A few accounts, of which no more than 24 rows are taken."""
    table = accounts_with_transactions(simulate_bank(100, seed=0)).to_pandas()
    return table.groupby("account").head(24)


@pytest.fixture(scope="module")
def model(folder: Path, frame: Any) -> SequenceModel:
    constraints = [zs.Inequality("fee", "<=", "amount")]
    constraints += [zs.Inequality("lowest_balance", "<=", "highest_balance")]
    return zs.train(
        "sequences", frame, samples=16 * 40, out="run", set=SMALL, holdout=0.2,
        constraints=constraints, options=ROWS, **QUICK,
    )  # fmt: skip


def test_a_span_is_days_or_weeks(model: SequenceModel) -> None:
    made = model.values(8, where={"span": "20d..5w"}, seed=1)
    same = model.values(8, where={"span": zs.Between(timedelta(days=20), 35)}, seed=1)
    assert torch.equal(made.nan_to_num(), same.nan_to_num())
    with pytest.raises(ConditionError, match=r"length counts rows, .* are span=90d"):
        model.values(8, where={"length": "90d"})


def test_frames_go_in_and_out(model: SequenceModel, frame: Any) -> None:
    made = model.sample(20, seed=1)
    assert made.columns.tolist() == frame.columns.tolist()
    assert made.dtypes.tolist() == frame.dtypes.tolist()
    assert made["account"].nunique() == 20
    assert not set(made["account"]) & set(frame["account"])
    for _, one in made.groupby("account"):
        assert one["booked_at"].is_monotonic_increasing
        assert one["segment"].nunique() == 1
    assert (made["fee"] <= made["amount"]).all()
    assert (made["lowest_balance"] <= made["highest_balance"]).all()


def test_rows_of_an_entity_do_not_depend_on_how_many_there_are(model: SequenceModel) -> None:
    whole = model.sample(70, seed=3)
    some = model.sample(9, seed=3, batch_size=4)
    pd.testing.assert_frame_equal(some, whole.iloc[: len(some)])
    pieces = pd.concat(model.stream(70, seed=3, batch_size=32), ignore_index=True)
    pd.testing.assert_frame_equal(pieces, whole)
    endless = model.stream(seed=3, batch_size=5)
    assert next(endless)["account"].nunique() == 5


def days_of(one: Any) -> int:
    day = one["booked_at"].to_numpy().astype("datetime64[D]")
    return int((day.max() - day.min()).astype(int))


@pytest.mark.filterwarnings("ignore:by the model")
@pytest.mark.filterwarnings("ignore:the model makes rows")
def test_conditions_on_entities_hold_exactly(model: SequenceModel) -> None:
    made = model.sample(
        25, where={"segment": "student", "length": 18, "span": zs.Between(20, 40)}, seed=1
    )
    for _, one in made.groupby("account"):
        assert len(one) == 18
        assert 20 <= days_of(one) <= 40
    assert set(made["segment"]) == {"student"}
    begun = model.sample(10, where={"start": "2023-03-01..2023-06-30", "region": "!=city"}, seed=1)
    first = begun.groupby("account")["booked_at"].min()
    assert first.between("2023-03-01", "2023-07-01").all()
    assert "city" not in set(begun["region"])


def test_conditions_on_rows_hold_in_every_row(model: SequenceModel) -> None:
    made = model.sample(10, where={"kind": ["cash", "online"], "is_fraud": False}, seed=1)
    assert set(made["kind"]) <= {"cash", "online"}
    assert not made["is_fraud"].any()


def test_attributes_may_be_named_with_their_entity(model: SequenceModel) -> None:
    dotted = model.sample(5, where={"account.segment": "student", "account.length": 18}, seed=1)
    plain = model.sample(5, where={"segment": "student", "length": 18}, seed=1)
    pd.testing.assert_frame_equal(dotted, plain)
    turns = model.sample(4, in_turn={"account.segment": ["student", "retired"]}, seed=1)
    assert turns.groupby("account", sort=False)["segment"].first().tolist()[:2] == [
        "student", "retired",
    ]  # fmt: skip
    with pytest.raises(ConditionError, match="asked for twice"):
        model.sample(5, where={"account.segment": "student", "segment": "retired"})


def bursts(n: int = 200) -> pd.DataFrame:
    """Machines, of which a tenth see five alarms in a row, and the new ones hardly any."""
    rng = np.random.default_rng(0)
    age = rng.choice(["new", "old"], n)
    struck = rng.random(n) < np.where(age == "old", 0.3, 0.02)
    rows = []
    for i in range(n):
        begin = rng.integers(0, 10)
        for day in range(1 if i % 10 == 9 else 25):
            alarm = bool(struck[i] and begin <= day < begin + 5)
            rows.append((f"m{i:03}", day, age[i], alarm, rng.choice(["a", "b"])))
    return pd.DataFrame(rows, columns=["machine", "day", "age", "alarm", "mode"])


def test_bursts_are_counted_by_entity_and_asked_for(folder: Path) -> None:
    model = zs.train(
        "sequences", bursts(), samples=16 * 200, set=SMALL, referee="off",
        options={"entity": "machine", "time": "day"}, **QUICK,
    )  # fmt: skip
    assert "# alarm" in model.controls
    made = model.sample(40, where={"# alarm": "4..5"}, seed=1)
    assert made.groupby("machine")["alarm"].sum().between(4, 5).all()
    made = model.sample(300, seed=2)
    struck = made.groupby("machine").agg(age=("age", "first"), alarms=("alarm", "sum"))
    shares = struck.assign(any=struck["alarms"] > 0).groupby("age")["any"].mean()
    assert shares["old"] > 2 * shares["new"]
    never = model.sample(60, where={"alarm": False}, seed=3)
    assert not never["alarm"].any()
    new = never.groupby("machine")["age"].first().eq("new").mean()
    assert new > struck["age"].eq("new").mean()
    with pytest.raises(ConditionError, match="Leave one of them out"):
        model.sample(3, where={"alarm": False, "# alarm": 2})
    with pytest.raises(ConditionError, match=r"do not obey[.] Loosen"):  # one row has no span
        model.sample(3, where={"length": "1..20", "span": ">=20"}, seed=1)
    assert model.sample(9, where={"span": ">=20"}, seed=1).groupby("machine").size().min() > 1
    history = made[made["machine"] == struck.index[struck["alarms"] > 2][0]].head(8)
    futures = model.continue_(history, n=4, seed=0)
    assert set(futures["machine"]) == set(history["machine"])


def test_attributes_in_turn_and_in_shares(model: SequenceModel) -> None:
    turns = model.sample(6, in_turn={"segment": ["student", "retired"]}, seed=1)
    first = turns.groupby("account", sort=False)["segment"].first()
    assert first.tolist() == ["student", "retired"] * 3
    shares = model.sample(10, weight={"segment": {"student": 0.5}}, seed=1)
    assert shares.groupby("account")["segment"].first().eq("student").sum() == 5


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"segments": "student"}, "no column 'segments'.*segment"),
        ({"segment": "child"}, "no value 'child'"),
        ({"booked_at": "2023-03-01"}, "conditions on the first day, start"),
        ({"length": 4_000}, "no row has length 4000"),
        ({"amount": ">100"}, "made by way of a constraint"),
    ],
)
def test_what_cannot_be_asked_is_said(
    model: SequenceModel, where: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConditionError, match=said):
        model.sample(3, where=where, seed=0)


def test_other_refusals(model: SequenceModel) -> None:
    with pytest.raises(ConditionError, match="about entities"):
        model.sample(3, in_turn={"kind": ["cash"]})
    with pytest.raises(ConditionError, match="at least 1"):
        model.sample(0)
    with pytest.raises(ConditionError, match="cannot be walked"):
        model.walk()
    with pytest.raises(ZerosumError, match="no rows of a table"):
        model.complete(pd.DataFrame())


def test_what_comes_next(model: SequenceModel, frame: Any) -> None:
    history = frame.groupby("account").head(6).groupby("account").filter(lambda one: len(one) == 6)
    history = history[history["account"].isin(history["account"].unique()[:5])]
    futures = model.continue_(history, n=3, seed=2)
    assert futures.columns.tolist() == ["account", "future", *frame.columns[1:]]
    assert set(futures["account"]) == set(history["account"])
    assert futures.groupby("account")["future"].nunique().eq(3).all()
    last = history.groupby("account")["booked_at"].max()
    for (account, _), one in futures.groupby(["account", "future"]):
        assert one["booked_at"].iloc[0] >= last[account]
        assert one["booked_at"].is_monotonic_increasing
        mine = history[history["account"] == account].iloc[0]
        for name in ("segment", "opened", "birth_year", "region"):
            assert (one[name] == mine[name]).all()
    pd.testing.assert_frame_equal(futures, model.continue_(history, n=3, seed=2))
    with pytest.raises(ConditionError, match="continued at least once"):
        model.continue_(history, n=0)
    with pytest.raises(DataError, match="lacks the columns 'kind'"):
        model.continue_(history.drop(columns="kind"))


def test_a_history_that_is_too_long_is_said(model: SequenceModel, frame: Any) -> None:
    long = frame.groupby("account").filter(lambda one: len(one) == 24)
    with pytest.raises(ConditionError, match="Give the last of their rows"):
        model.continue_(long[long["account"].isin(long["account"].unique()[:2])])


def test_files_of_every_form(folder: Path, model: SequenceModel) -> None:
    want = model.sample(5, seed=1)
    model.write("made.parquet", 5, seed=1, batch_size=2)
    pd.testing.assert_frame_equal(pd.read_parquet("made.parquet"), want, check_dtype=False)
    model.write("made.csv", 5, seed=1)
    read = pd.read_csv("made.csv", parse_dates=["booked_at"])
    assert read["amount"].tolist() == want["amount"].tolist()
    with pytest.raises(ZerosumError, match=r"Allowed: .csv, .tsv"):
        model.write("made.npz", 5)


def test_pictures_of_samples_and_reals(folder: Path, model: SequenceModel) -> None:
    x = model.values(20, seed=0)
    picture = model.preview.draw(model.space, x, real=x)
    assert picture.width > 100
    assert len(picture.getcolors(1 << 20) or []) > 4
    assert model.preview.draw_one(model.space, x[0]).height < picture.height


def test_the_judge_and_the_report(folder: Path, model: SequenceModel, frame: Any) -> None:
    report = zs.evaluate(model, data=frame, replicates=3, quiet=True)
    figures = {figure.name: figure for figure in report.figures}
    names = {
        "c2st_entities", "length_distance", "gap_distance", "transition_distance",
        "calendar_distance",
    }  # fmt: skip
    assert names <= {name.split("[")[0].split("(")[0].strip() for name in figures}
    page = report.page() if hasattr(report, "page") else ""
    assert "Timelines" in str(page)
    assert {one for metric in metrics_for(model.space) for one in _names(metric)} >= names


def _names(metric: Any) -> list[str]:
    return [one.name for one in metric.outputs]


def test_an_audit_is_of_entities(folder: Path, model: SequenceModel, frame: Any) -> None:
    found = zs.audit(model, data=frame, attacks=20, quiet=True)
    assert found.subject["trained_on"] + found.subject["held_out"] == frame["account"].nunique()
    assert any("entities" in one or "rows" in one for one in found.warnings)
    assert len(list(found)) > 2


def test_the_command_line(folder: Path, model: SequenceModel, frame: Any) -> None:
    frame.groupby("account").head(4).to_csv("history.csv", index=False)
    cli = CliRunner()
    asked = ["sample", "run", "--continue", "history.csv", "-n", "2", "--out", "futures.csv"]
    done = cli.invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert set(pd.read_csv("futures.csv")["future"]) == {1, 2}
    made = ["sample", "run", "-n", "4", "--where", "segment=student", "--out", "tx.parquet"]
    done = cli.invoke(app, made)
    assert done.exit_code == 0, done.output
    assert len(set(pd.read_parquet("tx.parquet")["account"])) == 4
    with pytest.raises(ConditionError, match="--continue goes on from what a file holds"):
        cli.invoke(app, [*asked, "--where", "segment=student"], catch_exceptions=False)
