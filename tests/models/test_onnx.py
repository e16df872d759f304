"""ONNX graphs give what PyTorch gives, and say what their numbers mean."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from tests.models.test_export import trained
from zerosum.catalogue import all_recipes
from zerosum.errors import ExportError, MissingExtraError
from zerosum.games.base import Inputs
from zerosum.models import onnx as onnx_graph
from zerosum.models.model import Model
from zerosum.testing import small_dataset

SHORT = {"cyclegan": {"generator.num_blocks": 1}, "stylegan": {"generator.mapping_depth": 1}}
"""Layers like others make a graph larger, and test nothing else."""


IN_STEPS = ("table", "relational", "sequences", "string", "molecule", "music")
"""Kinds of samples that are made step by step."""
NO_GRAPH = ("series", "vocoder")
"""The one is made in steps, the other by a transform of complex numbers."""


def every_recipe() -> list[Any]:
    """Every recipe on each space. The second generator of a kind is slow to look at again."""
    found, seen = [], set[str]()
    for entry in all_recipes().values():
        for space in entry.spaces:
            if space in IN_STEPS or entry.name in NO_GRAPH:
                continue
            recipe = entry.resolve(small_dataset(space, needs=entry.needs).space)
            kind = recipe.game.to_json()["generator"]["kind"]
            slow = [pytest.mark.slow] * (kind in seen)
            found.append(pytest.param(entry.name, space, marks=slow))
            seen.add(kind)
    return found


def run(path: Path, inputs: Inputs) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    fed = {"z": inputs.z.numpy()} | ({} if inputs.y is None else {"y": inputs.y.numpy()})
    return np.asarray(session.run(["x"], fed)[0])


@pytest.mark.parametrize(("name", "space"), every_recipe())
def test_every_recipe(name: str, space: str, tmp_path: Path) -> None:
    model = trained(name, space, **SHORT.get(name, {}))
    path = model.save(tmp_path / "m.onnx")
    for n in (1, 37):
        inputs = model.draw(n, seed=9)
        (expected,) = model.generate(inputs, batch_size=n)
        assert np.abs(run(path, inputs) - expected.numpy()).max() < 1e-4
    graph = onnx.load(path)
    onnx.checker.check_model(graph, full_check=True)
    assert [(one.domain, one.version) for one in graph.opset_import] == [("", onnx_graph.OPSET)]
    weights = [tensor.name for tensor in graph.graph.initializer]
    assert weights
    assert not [weight for weight in weights if "discriminator" in weight]
    for tensor in graph.graph.initializer:
        tensor.ClearField("raw_data")  # a million bytes spell anything
    told = graph.SerializeToString()
    assert not re.search(rb"\.py|site-packages|/src/", told), "it names source files"
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.onnx"]


@pytest.fixture(scope="module")
def conditional() -> Model:
    return trained("cgan", "image")


def test_a_file_says_what_its_numbers_are(conditional: Model, tmp_path: Path) -> None:
    told = []
    path = conditional.save(
        tmp_path / "m.onnx", format="onnx", progress=lambda *row: told.append(row)
    )
    assert told == [("writing the graph", 0, 2), ("checking the graph", 1, 2)]
    graph = onnx.load(path)
    said = {entry.key: entry.value for entry in graph.metadata_props}
    assert json.loads(said["labels"]) == list(conditional.space.labels)
    assert said["z"] == f"standard normal, [batch, {conditional.draw(1, seed=0).z.shape[1]}]"
    assert said["x"].startswith("[-1, 1], channels first; pixels are round((x + 1) * 127.5)")
    assert json.loads(said["recipe"]) == conditional.recipe.to_json()
    assert json.loads(said["space"]) == conditional.space.to_json()
    assert (said["step"], said["opset"]) == ("2", "18")
    names = [[value.name for value in values] for values in (graph.graph.input, graph.graph.output)]
    assert names == [["z", "y"], ["x"]]
    batch = {value.type.tensor_type.shape.dim[0].dim_param for value in graph.graph.input}
    assert batch == {"batch"}


def test_units_of_points_bring_them_back(tmp_path: Path) -> None:
    model = trained("infogan", "point")
    path = model.save(tmp_path / "m.onnx")
    said = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    assert said["z"].startswith("as the recipe draws them")
    units = json.loads(said["x"].partition(": ")[2])
    made = run(path, model.draw(20, seed=4)) * units["scale"] + units["center"]
    assert np.abs(made - model.sample(20, seed=4).x).max() < 1e-4


def test_a_graph_that_differs_leaves_no_file(
    conditional: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.onnx").write_text("before")
    monkeypatch.setattr(onnx_graph, "TOLERANCE", -1.0)
    with pytest.raises(ExportError, match=r"gives other samples than PyTorch: they differ by"):
        conditional.save(tmp_path / "m.onnx")
    assert [entry.read_text() for entry in tmp_path.iterdir()] == ["before"]


def test_a_generator_that_is_no_graph(tmp_path: Path) -> None:
    model = trained("vanilla", "point")

    def choose(z: torch.Tensor, y: torch.Tensor | None) -> torch.Tensor:
        return z[:, :3] if float(z.sum()) > 0 else -z[:, :3]

    model.game.generator.forward = choose  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ExportError, match=r"cannot be written as a graph: .*as safetensors"):
        model.save(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["table", "table_gan"])
def test_tables_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"rows of a table .*Export it as safetensors"):
        trained(name, "table").save(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("library", ["onnx", "onnxruntime", "onnxscript"])
def test_the_extra_is_named(
    conditional: Model, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)  # as if it were missing
    with pytest.raises(MissingExtraError, match=r"pip install 'zerosum\[onnx\]'"):
        conditional.save(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
