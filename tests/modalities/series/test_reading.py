"""Series from arrays, tables, folders and formats of their own, and what is refused in words."""

from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
import torch

from zerosum.data.base import Dataset
from zerosum.errors import DataError, MissingExtraError
from zerosum.modalities.series.space import SeriesSpace
from zerosum.workflows.data import open_data, open_holdout, scan_data


def walks(n: int = 20, length: int = 10, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, length, channels)).cumsum(axis=1)


def opened(data: Any, **options: Any) -> Dataset:
    return open_data(data, spaces=("series",), **options)[0]


def all_of(dataset: Dataset) -> tuple[torch.Tensor, torch.Tensor | None]:
    return dataset.take(torch.arange(len(dataset)))


def names_of(dataset: Dataset) -> tuple[str, ...]:
    assert isinstance(dataset.space, SeriesSpace)
    return dataset.space.names


def refusal(data: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        opened(data, **options)
    return str(caught.value)


def test_arrays_are_series_of_time_and_channels() -> None:
    x = walks()
    held, y = all_of(opened((x, ["a", "b"] * 10)))
    assert held.shape == (20, 2, 10)
    assert np.allclose(held.numpy(), x.transpose(0, 2, 1), atol=1e-6)
    assert y is not None
    assert y.tolist() == [0, 1] * 10
    assert opened(x[:, :, 0]).space.shape == (1, 10)


def test_npz_with_names_and_a_test_split(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, x=walks(), names=np.array(["p", "q"]), x_test=walks(9))
    dataset, config = open_data(str(path), spaces=("series",))
    assert names_of(dataset) == ("p", "q")
    held, _ = open_holdout(str(path), space=dataset.space, like=config)
    assert len(held) == 9
    assert isinstance(dataset.space, SeriesSpace)
    assert isinstance(held.space, SeriesSpace)
    assert held.space.steps == dataset.space.steps


def test_npy(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", walks())
    assert len(opened(str(tmp_path / "w.npy"), names="u,v")) == 20


def table(length: int = 60, shift: float = 0.0) -> pd.DataFrame:
    start = datetime(2026, 1, 1)
    values = walks(1, length)[0] + shift
    return pd.DataFrame(
        {
            "when": [start + timedelta(hours=i) for i in range(length)],
            "a": values[:, 0],
            "b": values[:, 1],
        }
    )


def test_windows_of_a_csv(tmp_path: Path) -> None:
    frame = table()
    frame.to_csv(tmp_path / "t.csv", index=False)
    path = str(tmp_path / "t.csv")
    dataset = opened(path, window=12)
    assert (len(dataset), names_of(dataset)) == (49, ("a", "b"))
    third = all_of(dataset)[0][3]
    assert np.allclose(third.numpy(), frame[["a", "b"]].to_numpy()[3:15].T, atol=1e-5)
    assert len(opened(path, window=12, stride=6)) == 9
    told = scan_data(path, spaces=("series",), window=12)
    assert told is not None
    assert "49 series of 12 steps and 2 channels" in told
    assert "time is taken from when" in told
    assert "windows begin at every step" in told


@pytest.mark.parametrize("as_frame", [lambda f: f, pl.from_pandas, pa.Table.from_pandas])
def test_frames(as_frame: Any) -> None:
    assert len(opened(as_frame(table()), window=12)) == 49


def test_parquet(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pa.Table.from_pandas(table()), tmp_path / "t.parquet")
    assert len(opened(str(tmp_path / "t.parquet"), window=12)) == 49


def test_a_column_tells_series_apart_and_one_labels_them() -> None:
    frame = pd.concat(
        [table(10, i).assign(machine=f"m{i}", state="odd" if i % 2 else "even") for i in range(12)]
    )
    dataset = opened(frame, series="machine", label="state")
    _, y = all_of(dataset)
    assert len(dataset) == 12
    assert dataset.space.labels == ("even", "odd")
    assert y is not None
    assert y.tolist() == [0, 1] * 6


def test_columns_called_series_and_label_are_these(tmp_path: Path) -> None:
    frame = pd.concat([table(10, i).assign(series=i, label="ab"[i % 2]) for i in range(12)])
    dataset = opened(frame)
    assert (len(dataset), names_of(dataset), dataset.space.labels) == (12, ("a", "b"), ("a", "b"))
    frame.to_csv(tmp_path / "t.csv", index=False)
    told = str(scan_data(str(tmp_path / "t.csv"), spaces=("series",), window=8))
    assert "36 series of 8 steps and 2 channels; 2 classes; series is taken from the column" in told
    assert (
        names_of(opened(table().assign(series=1.5), window=9, channels="a,series"))[1] == "series"
    )


def test_no_window_crosses_a_gap() -> None:
    frame = table()
    frame = pd.concat([frame[:30], frame[40:]])
    dataset = opened(frame, window=12)
    assert len(dataset) == 19 + 9
    assert len(opened(frame, window=12, gap=100.0)) == 39


def test_rows_out_of_order_are_refused() -> None:
    said = refusal(table().sample(frac=1, random_state=0), window=12)
    assert "is not in order" in said
    assert "'series': NAME" in said
    assert "is there twice" in refusal(pd.concat([table()[:5], table()[4:]]), window=12)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda f: f, {}, "one series of 60 steps"),
        (lambda f: f, {"window": 99}, "longest stretch without a gap has 60"),
        (lambda f: f.assign(kind="x"), {"window": 9}, "column 'kind' of the data frame holds"),
        (lambda f: f.assign(when="soon"), {"window": 9, "time": "when"}, "read as times"),
        (lambda f: f, {"window": 9, "time": "wen"}, "did you mean 'when'"),
        (lambda f: f.assign(a=None), {"window": 9}, "'a' of the data frame is missing everywhere"),
        (
            lambda f: f.assign(a=1.0, b=2.0),
            {"window": 9},
            "every channel is the same in all series",
        ),
        (lambda f: f.assign(a=np.inf), {"window": 9}, "'a' of the data frame has infinite"),
        (lambda f: f[:0], {"window": 9}, "no rows"),
        (lambda f: f[:12], {"window": 9}, "holds 4 series, and a model learns from 8"),
        (lambda f: f, {"window": 9, "log": "a"}, "log scale needs positive"),
        (lambda f: f, {"window": 9, "increments": "z"}, "which is no channel"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(change: Any, options: Any, words: str) -> None:
    assert words.lower() in refusal(change(table()), **options).lower()


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "twice.csv").write_text("a,a\n1,2\n", "utf-8")
    assert "several columns called 'a'" in refusal(str(tmp_path / "twice.csv"), window=4)
    (tmp_path / "bytes.csv").write_bytes(b"a\xc3,b\n1,2\n")
    assert "cannot be read" in refusal(str(tmp_path / "bytes.csv"), window=4)
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY\x01\x00\x10\x00{'descr': (     \n")
    assert "cannot be read as .npy" in refusal(str(tmp_path / "cut.npy"))


def test_missing_values_are_interpolated_or_dropped_when_asked() -> None:
    x = walks()
    x[3, 4, 1] = np.nan
    assert "1 in 'c1', in 1 of 20 series" in refusal(x, missing="refuse")
    filled = all_of(opened(x, missing="interpolate"))[0]
    assert float(filled[3, 1, 4]) == pytest.approx((x[3, 3, 1] + x[3, 5, 1]) / 2, rel=1e-5)
    assert len(opened(x, missing="drop")) == 19
    x[3, :, 1] = np.nan
    assert "all of series 3" in refusal(x, missing="interpolate")


def test_labels_that_are_dropped_with_their_series_are_gone() -> None:
    x = walks()
    x[0] = np.nan
    dataset = opened((x, ["lone", *["a", "b"] * 9, "a"]), missing="drop")
    assert dataset.space.labels == ("a", "b")


def test_a_folder_has_a_file_for_each_series(tmp_path: Path) -> None:
    for i in range(12):
        place = tmp_path / "in" / ("cold" if i < 6 else "hot")
        place.mkdir(parents=True, exist_ok=True)
        table(10).assign(b=i).to_csv(place / f"s{i}.csv", index=False)
    dataset = opened(str(tmp_path / "in"))
    x, y = all_of(dataset)
    assert x.shape == (12, 2, 10)
    assert x[:, 1, 0].tolist() == [*range(12)]  # s2 before s10
    assert dataset.space.labels == ("cold", "hot")
    assert y is not None
    assert y.tolist() == [0] * 6 + [1] * 6
    (tmp_path / "in" / "cold" / "odd.csv").write_text("z\n1\n", "utf-8")
    assert "the same columns" in refusal(str(tmp_path / "in"))


TS = """@problemName toy
@timestamps false
@univariate false
@classLabel true up down
@data
"""


def test_ucr_files(tmp_path: Path) -> None:
    path = tmp_path / "toy_TRAIN.ts"
    lines = [f"{i},2,3.5:0,{i},1:{'up' if i % 2 else 'down'}" for i in range(10)]
    path.write_text(TS + "\n".join(lines), "utf-8")
    dataset = opened(str(path))
    x, y = all_of(dataset)
    assert x.shape == (10, 2, 3)
    assert x[4].tolist() == [[4, 2, 3.5], [0, 4, 1]]
    assert dataset.space.labels == ("down", "up")
    assert y is not None
    path.write_text(TS + "\n".join([*lines, "1,2:3:up"]), "utf-8")
    assert "line 16" in refusal(str(path))
    path.write_text("1,2,3\n", "utf-8")
    assert "before @data" in refusal(str(path))


def test_a_target_of_a_regression_is_an_attribute(tmp_path: Path) -> None:
    path = tmp_path / "r.ts"
    head = "% by hand\n@targetlabel true\n@data\n"
    path.write_text(head + "\n".join(f"{i},2,{i}.5:{i % 4}.5" for i in range(20)), "utf-8")
    dataset = opened(str(path))
    assert isinstance(dataset.space, SeriesSpace)
    values = dataset.space.parts(all_of(dataset)[0])[1]
    assert values[:, 0].tolist() == [i % 4 + 0.5 for i in range(20)]
    path.write_text(head + "1,2:high", "utf-8")
    assert "a target of" in refusal(str(path))


def test_records_need_their_package(tmp_path: Path) -> None:
    if find_spec("wfdb"):
        pytest.skip("wfdb is installed")
    (tmp_path / "100.hea").write_text("100 1 360 10\n", "utf-8")
    with pytest.raises(MissingExtraError, match=r"zerosum\[wfdb\]"):
        opened(str(tmp_path))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:The inplace keyword")
def test_records_of_physionet(tmp_path: Path) -> None:
    wfdb = pytest.importorskip("wfdb")
    signal = np.random.default_rng(0).normal(size=(300, 2)).cumsum(axis=0)
    for name in ("100", "101"):
        wfdb.wrsamp(
            name, fs=250, units=["mV", "mV"], sig_name=["I", "II"], p_signal=signal,
            fmt=["16", "16"], write_dir=str(tmp_path),
        )  # fmt: skip
    dataset = opened(str(tmp_path), window=50, stride=25)
    assert (len(dataset), names_of(dataset)) == (22, ("I", "II"))
    assert isinstance(dataset.space, SeriesSpace)
    assert dataset.space.sampling_rate == 250
    assert np.allclose(all_of(dataset)[0][0].numpy(), signal[:50].T, atol=1e-2)
    one = opened(str(tmp_path / "100.hea"), window=50, stride=25)
    assert len(one) == 11
    (tmp_path / "102.hea").write_text("102 2 250 300\nlost.dat 16 200 16 0 0 0 0 I\n", "utf-8")
    assert "cannot be read" in refusal(str(tmp_path), window=50)


def test_tables_stay_tables_unless_series_are_wanted(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "t.csv", index=False)
    assert open_data(str(tmp_path / "t.csv"))[0].space.kind == "table"


def test_waves_are_simulated_with_known_truth() -> None:
    dataset, config = open_data("waves", num_samples=600)
    x, y = all_of(dataset)
    assert y is not None
    assert bool((x[:, 2] >= x[:, 1]).all())
    steps = x[:, 1].log().diff(dim=1)
    spread = [float(steps[y == label].std()) for label in range(3)]
    assert spread == pytest.approx([0.05, 0.05, 0.1], rel=0.1)
    noise = x[y == 1][:, 0]
    memory = (noise[:, 1:] * noise[:, :-1]).mean() / noise.square().mean()
    assert float(memory) == pytest.approx(0.8, abs=0.05)
    held, _ = open_holdout("waves", space=dataset.space, like=config)
    assert not torch.equal(all_of(held)[0], x)


def test_logs_as_loggers_write_them(tmp_path: Path) -> None:
    """Semicolons, decimal commas, marks of what is missing, and lines above the names."""
    rows = [f"01.03.2024 {k // 60:02d}:{k % 60:02d};{k % 7},{k % 10};{k % 5}" for k in range(64)]
    plain = "\n".join(["k,Temp,Rh", *(f"{k},{k % 7}.{k % 10},{k % 5}" for k in range(64))])
    (tmp_path / "a.csv").write_text("Logger 12\nZeit;Temp;Rh\n" + "\n".join(rows))
    (tmp_path / "b.csv").write_text(plain)
    log, _ = open_data(
        str(tmp_path / "a.csv"), spaces=("series",), header=2, window=16, channels=("Temp", "Rh")
    )
    same, _ = open_data(
        str(tmp_path / "b.csv"), spaces=("series",), window=16, channels=("Temp", "Rh")
    )
    assert log.fingerprint == same.fingerprint
    with pytest.raises(DataError, match=r"say so: options=\{'header': 2\}"):
        open_data(str(tmp_path / "a.csv"), spaces=("series",), window=16)


def test_a_table_may_hold_a_series_in_each_row(tmp_path: Path) -> None:
    wide = pd.DataFrame(walks(30, 12, 1)[:, :, 0], columns=pd.Index([f"t{i}" for i in range(12)]))
    wide["class"] = ["a", "b"] * 15
    wide.to_csv(tmp_path / "w.csv", index=False)
    path = str(tmp_path / "w.csv")
    assert "If each row is a series, say so" in refusal(path)
    held, y = all_of(opened(path, rows="series", label="class"))
    assert np.allclose(held[:, 0].numpy(), wide.iloc[:, :12], atol=1e-6)
    assert y is not None
    assert y.tolist() == [0, 1] * 15
    assert names_of(opened(wide.drop(columns="class"), rows="series")) == ("t",)
    assert "has 1 column of numbers" in refusal(wide[["t0", "class"]], rows="series")
