"""`zerosum export`, and commands on the file that it writes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zerosum as zs
from zerosum.errors import ExportError
from zerosum.models.export import read_weights

Zerosum = Callable[..., Any]


def test_a_file_samples_like_its_run(zerosum: Zerosum, digits_run: Path, tmp_path: Path) -> None:
    file = tmp_path / "out" / "m.safetensors"
    done = zerosum("export", digits_run, "--out", file)
    assert (done.code, done.out, done.err) == (0, f"{file}\n", "")
    for name, source in (("a.npz", digits_run), ("b.npz", file)):
        words = ("-n", 20, "--seed", 4, "--where", "label=3,5", "--out", tmp_path / name)
        assert zerosum("sample", source, *words).code == 0
    a, b = (np.load(tmp_path / name) for name in ("a.npz", "b.npz"))
    assert np.array_equal(a["x"], b["x"])
    assert np.array_equal(a["y"], b["y"])
    assert zerosum("walk", file, "--frames", 2, "--out", tmp_path / "w.gif").code == 0
    opened = zs.load(file)
    assert isinstance(opened, zs.Model)
    facts = {name: opened.facts[name] for name in ("run", "data", "step")}
    assert facts == {"run": digits_run.name, "data": "digits", "step": str(opened.step)}


def test_default_names(
    zerosum: Zerosum, ring_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert zerosum("export", ring_run).out == "model.safetensors\n"
    done = zerosum("export", "model.safetensors", "--format", "onnx", "--json")
    size = Path("model.onnx").stat().st_size
    assert json.loads(done.out) == {"path": "model.onnx", "format": "onnx", "bytes": size}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--format", "onyx"), "no format 'onyx'. Did you mean 'onnx'"),
        (("--out", "m.pt"), "must end in .safetensors or .onnx"),
        (("--out", "m.onnx", "--format", "safetensors"), "must end in .safetensors"),
        (("--step", 3), "has no checkpoint of step 3"),
    ],
)
def test_refusals(
    zerosum: Zerosum, ring_run: Path, words: tuple[object, ...], message: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = zerosum("export", ring_run, *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert not list(tmp_path.iterdir())


def test_files_that_are_no_models(zerosum: Zerosum, digits_run: Path, tmp_path: Path) -> None:
    (checkpoint, *_) = (digits_run / "checkpoints").glob("*.safetensors")
    done = zerosum("sample", checkpoint, "--out", tmp_path / "a.png")
    assert (done.code, "is no model that zerosum exported" in done.err) == (2, True)


def test_in_python(ring_run: Path, tmp_path: Path) -> None:
    model = zs.load(ring_run)
    assert zs.export(ring_run, tmp_path / "a.safetensors") == tmp_path / "a.safetensors"
    zs.export(model, tmp_path / "b.safetensors", quiet=True)
    a, b = (read_weights(tmp_path / name) for name in ("a.safetensors", "b.safetensors"))
    assert a.facts == b.facts
    assert all(torch.equal(tensor, b.tensors[name]) for name, tensor in a.tensors.items())
    with pytest.raises(ExportError, match="a model holds one step"):
        zs.export(model, tmp_path / "c.safetensors", step=1)
