"""Checkpoints are verified, rotated, and survive a disk that is full."""

import json
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from zerosum.errors import RunError
from zerosum.runs.checkpoints import Checkpoints
from zerosum.runs.files import DamageError
from zerosum.runs.tensors import parse_tensors


def _save(store: Checkpoints, step: int, size: int = 4) -> None:
    store.save({"a": torch.full((size,), float(step))}, {"step": step, "seconds": 0.1 * step})


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path)
    grid = torch.arange(6.0).reshape(2, 3)
    tensors = {"a": grid, "view": grid.T, "b": torch.tensor(3), "c": torch.zeros(0)}
    scalars = {"step": 7, "seconds": 0.1 + 0.2, "window": ["x"]}
    size = store.save(tensors, scalars)
    checkpoint = store.load(7)
    assert (checkpoint.step, checkpoint.scalars) == (7, scalars)
    assert checkpoint.tensors.keys() == tensors.keys()
    assert all(torch.equal(checkpoint.tensors[k], v) for k, v in tensors.items())
    assert size == (tmp_path / "step-000000007.safetensors").stat().st_size


@pytest.mark.parametrize(("keep", "left"), [(0, [4, 5]), (1, [4, 5]), (2, [4, 5]), (3, [3, 4, 5])])
def test_the_newest_survive_and_never_fewer_than_two(
    tmp_path: Path, keep: int, left: list[int]
) -> None:
    store = Checkpoints(tmp_path, keep=keep)
    for step in (1, 2, 3, 4, 5):
        _save(store, step)
    assert store.steps() == left
    assert len(list(tmp_path.iterdir())) == 2 * len(left)
    assert store.load_newest()[0].step == 5


def test_tidy_keeps_the_whole_ones_up_to_a_step(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path)
    for step in (1, 2, 3):
        _save(store, step)
    (tmp_path / ".step-000000004.json.77.part").write_text("{")
    (tmp_path / "step-000000004.safetensors").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("of the user's")
    store.tidy(2)
    assert store.steps() == [1, 2]
    assert len(list(tmp_path.iterdir())) == 5


def test_no_checkpoint_at_all(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path / "none")
    assert store.steps() == []
    with pytest.raises(RunError, match=r"no usable checkpoint in .*none.*Train again"):
        store.load_newest()
    with pytest.raises(RunError, match="cannot read"):
        store.load(3)


@contextmanager
def _small_files_only(limit: int) -> Iterator[None]:
    """The kernel refuses to write files beyond `limit` bytes, as a full disk or a quota would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_a_write_that_the_system_refuses(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path)
    _save(store, 1)
    with (
        _small_files_only(1_000),
        pytest.raises(RunError, match=r"cannot write .*step-000000002.*untouched"),
    ):
        _save(store, 2, size=10_000)
    assert store.steps() == [1]
    assert len(list(tmp_path.iterdir())) == 2
    assert store.load_newest()[0].step == 1


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640)])
def test_others_may_read_what_the_umask_lets_them(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        _save(Checkpoints(tmp_path), 1)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {mode}


def test_what_cannot_be_removed_is_named(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path)
    (tmp_path / "step-000000004.safetensors").mkdir()
    with pytest.raises(RunError, match=r"cannot remove .*step-000000004"):
        store.tidy(2)


def test_only_what_is_named_is_retained(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path, keep=100)
    for step in range(1, 9):
        _save(store, step)
    store.retain({2, 7, 99})
    assert store.steps() == [2, 7]
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize(
    "header",
    [
        {"a": {"dtype": "F32", "shape": [0, 2**63], "data_offsets": [0, 0]}},
        {"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}},
        {"a": {"dtype": "F99", "shape": [], "data_offsets": [0, 0]}},
        [],
    ],
)
def test_a_header_that_declares_what_cannot_be(tmp_path: Path, header: object) -> None:
    body = json.dumps(header).encode()
    path = tmp_path / "a.safetensors"
    with pytest.raises(DamageError, match="cannot be read as safetensors"):
        parse_tensors(len(body).to_bytes(8, "little") + body, path)


def test_a_folder_where_tensors_should_be_is_not_called_damaged(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path)
    _save(store, 1)
    weights, record = (tmp_path / f"step-000000001.{end}" for end in ("safetensors", "json"))
    said = json.loads(record.read_text())
    weights.unlink()
    weights.mkdir()
    record.write_text(json.dumps({**said, "bytes": weights.stat().st_size}))
    with pytest.raises(RunError, match=r"neither a file nor a folder|directory"):
        store.load_newest()


def test_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path / "v\udcfe")
    _save(store, 1)
    assert torch.equal(store.load(1).tensors["a"], torch.ones(4))
    assert store.newest()[1] == []
