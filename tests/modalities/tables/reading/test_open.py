"""Tables as data of a run: options, descriptions, holdouts, and a run that goes on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from tests.forks import Forks
from zerosum.data.base import DataConfig
from zerosum.errors import DataError
from zerosum.modalities.tables.constraints.bounds import Positive
from zerosum.modalities.tables.reading.dataset import TableDataset
from zerosum.modalities.tables.reading.readers import TableFileConfig, TableMemoryConfig
from zerosum.modalities.tables.space import TableSpace
from zerosum.workflows.data import open_data, open_holdout, scan_data
from zerosum.workflows.prepare import data_of
from zerosum.workflows.train import resume, train

N = 400


def people(n: int = N, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    return pd.DataFrame(
        {"person id": np.arange(n), "age": age, "city": rng.choice(["Oslo", "Bodø", "Å"], n),
         "pay": np.where(rng.random(n) < 0.1, np.nan, (age * rng.lognormal(size=n)).round(2)),
         "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 99, n), unit="D")}
    )  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    people().to_csv(tmp_path / "people.csv", index=False)
    return tmp_path / "people.csv"


def opened(data: Any, **options: Any) -> tuple[TableDataset, DataConfig]:
    dataset, config = open_data(data, **options)
    assert isinstance(dataset, TableDataset)
    assert config is not None
    return dataset, config


def fields_of(dataset: TableDataset) -> dict[str, str]:
    assert isinstance(dataset.space, TableSpace)
    return {field.name: field.kind for field in dataset.space.fields}


def test_a_file_is_described_and_opened_again(file: Path) -> None:
    options = {"drop": ["since"], "schema": {"age": "float"}, "protect": 3, "limit": 100,
               "constraints": [Positive("pay")]}  # fmt: skip
    dataset, config = opened(file, **options)
    assert isinstance(config, TableFileConfig)
    assert fields_of(dataset) == {
        "person id": "key", "age": "float", "city": "category", "pay": "float",
    }  # fmt: skip
    assert len(dataset) == 100
    assert isinstance(dataset.space, TableSpace)
    assert dataset.space.constraints[0].statement == "pay > 0"
    again = DataConfig.from_json(json.loads(json.dumps(config.to_json())))
    assert again == config
    second = again.build()
    assert (second.fingerprint, second.space) == (dataset.fingerprint, dataset.space)
    assert opened(config)[0].fingerprint == dataset.fingerprint
    assert opened(config, limit=50)[0].fingerprint != dataset.fingerprint
    assert scan_data(str(file), drop=["since"]) is None


def test_progress_is_told(file: Path) -> None:
    told: list[tuple[str, int, int]] = []
    open_data(file, progress=lambda *words: told.append(words))
    assert ("looking at columns", N, N) in told
    assert told[-1] == ("reading rows", N, N)


def test_the_same_table_in_any_form_has_the_same_values(file: Path, tmp_path: Path) -> None:
    frame = people()
    frame.to_parquet(tmp_path / "people.parquet")
    values = [
        opened(data)[0].resident[0]
        for data in (frame, pl.from_pandas(frame), pa.Table.from_pandas(frame), file,
                     tmp_path / "people.parquet")
    ]  # fmt: skip
    for other in values[1:]:
        torch.testing.assert_close(other, values[0], rtol=0, atol=0, equal_nan=True)


def test_fingerprints_follow_what_is_learned() -> None:
    frame = people()
    own = opened(frame)[0].fingerprint
    assert opened(people())[0].fingerprint == own
    assert opened(frame.assign(age=frame["age"] + 1))[0].fingerprint != own
    assert opened(frame.rename(columns={"age": "years"}))[0].fingerprint != own


def test_a_frame_is_given_again() -> None:
    _, config = opened(pl.from_pandas(people()), drop=["since"])
    assert isinstance(config, TableMemoryConfig)
    assert config.library == "polars"
    with pytest.raises(DataError, match="Give it again"):
        DataConfig.from_json(config.to_json()).build()


def test_constraints_come_from_a_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps(Positive("pay").to_json()), "utf-8")
    for given in (tmp_path / "c.json", [Positive("pay").to_json()]):
        space = opened(file, constraints=given)[0].space
        assert isinstance(space, TableSpace)
        assert space.constraints[0].statement == "pay > 0"


def test_a_holdout_has_the_fields_of_the_training_data(file: Path) -> None:
    dataset, config = opened(file)
    held, _ = open_holdout(file, space=dataset.space, like=config)
    assert held.fingerprint == dataset.fingerprint
    assert held.space == dataset.space
    other = people(50, seed=1).assign(city=["Oslo", "Rome"] * 25)
    held, _ = open_holdout(other.drop(columns="person id"), space=dataset.space, like=config)
    assert isinstance(held, TableDataset)
    values = held.resident[0]
    assert values[:2, 1].tolist() == [1, 3]  # Rome is none of Bodø, Oslo and Å
    assert dataset.space.to_model(values).isfinite().all()
    with pytest.warns(UserWarning, match="left out: extra"):
        held, _ = open_holdout(other.assign(extra=1), space=dataset.space, like=config)
    assert isinstance(held, TableDataset)
    torch.testing.assert_close(held.resident[0], values, equal_nan=True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.drop(columns=["age", "city"]), "lacks the columns 'age', 'city'"),
        (lambda frame: frame.assign(age="old"), "'age' cannot be of kind integer: it holds 'old'"),
        (lambda frame: frame[:0], "has no rows"),
    ],
)
def test_a_holdout_of_other_columns_is_refused(change: Any, words: str, file: Path) -> None:
    dataset, config = opened(file)
    with pytest.raises(DataError, match=words):
        open_holdout(change(people(50)), space=dataset.space, like=config)
    with pytest.raises(DataError, match="no data at"):
        open_holdout(file.with_name("none.csv"), space=dataset.space, like=config)


def test_categories_of_a_holdout_are_read_as_they_are_written(tmp_path: Path) -> None:
    for name, codes in (("train", ["007", "12", "3"] * 9), ("test", ["12", "3"] * 9)):
        frame = pd.DataFrame({"zip": codes, "x": np.arange(len(codes)) % 4})
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    dataset, _ = opened(tmp_path / "train.csv")
    held, _ = open_holdout(tmp_path / "test.csv", space=dataset.space)
    assert isinstance(held, TableDataset)
    assert held.resident[0][:2, 0].tolist() == [1, 2]


TINY = {"optimisation.batch_size": 16, "game.generator.width": 8, "game.discriminator.width": 8}


def test_a_run_goes_on_and_opens_without_its_data(file: Path, tmp_path: Path, forks: Forks) -> None:
    options = {"drop": ["since"], "schema": {"age": "float"}, "protect": 3}
    from_file = train("table_gan", file, out=tmp_path / "a", samples=64, changes=TINY,
                      data_options=options)  # fmt: skip
    frame = people()
    held = train("table_gan", frame, out=tmp_path / "b", samples=64, changes=TINY,
                 data_options=options)  # fmt: skip
    assert resume(from_file.folder, samples=128).manifest["samples"] == 128
    with pytest.raises(DataError, match="Give it again"):
        resume(held.folder, samples=128)
    assert resume(held.folder, data=frame, samples=128).manifest["samples"] == 128
    with pytest.raises(DataError, match="not the data of"):
        data_of(held, people(seed=2))
    file.unlink()
    program = tmp_path / "program.py"
    program.write_text("import sys, zerosum as zs; print(zs.load(sys.argv[1]).space.names)")
    done = forks.run(program, from_file.folder)
    assert done.stdout.strip() == "('age', 'city', 'pay')", done.stderr
    with pytest.raises(DataError, match="If the data has moved"):
        resume(from_file.folder, samples=160)
