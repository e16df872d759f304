"""The generator of a model as an ONNX graph, held against PyTorch before it is kept.

Inputs are `z`, float32 `[batch, latents]`, and where the model is conditional `y`, int64 codes of
labels `[batch]`; the output `x` is `[batch, *space.shape]` in model units. The number of samples is
free. What the numbers mean stands in the file's metadata.
"""

import copy
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from zerosum.data.base import Progress
from zerosum.errors import ExportError, MissingExtraError
from zerosum.games.base import Game, Inputs
from zerosum.games.two_player import TwoPlayer
from zerosum.models.facts import facts_of

if TYPE_CHECKING:
    from zerosum.models.model import Model

OPSET = 18
"""Version of the operators; runtimes from 2023 on know it."""
TOLERANCE = 1e-4
"""How far the graph may be from PyTorch, in model units."""
SAMPLES = 16
"""On how many samples the two are compared."""


class _Generator(nn.Module):
    """A game as a function of tensors."""

    def __init__(self, game: Game) -> None:
        super().__init__()
        self.game = game

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Samples in model units."""
        return self.game.generate(Inputs(z, y))


def write_graph(model: "Model", path: Path, progress: Progress | None = None) -> None:
    """Write the graph into the file `path`, and check it.

    Raises:
        ExportError: the model makes rows of a table, its generator cannot be written as a graph,
            or the graph gives other samples than PyTorch.
        MissingExtraError: ONNX is not installed.
    """
    if model.game.no_graph:
        raise ExportError(f"{model.game.no_graph} Export it as safetensors.")
    runtime = _runtime()
    report = progress or _silent
    game = model.game
    if any(tensor.device.type != "cpu" for tensor in game.state_dict().values()):
        game = copy.deepcopy(game).cpu()
    inputs = model.draw(SAMPLES, seed=0)
    report("writing the graph", 0, 2)
    graph = _graph_of(game, inputs)
    _forget_origins(graph)
    for name, text in (facts_of(model) | _meaning(model, inputs)).items():
        graph.metadata_props.add(key=name, value=text)
    try:
        path.write_bytes(graph.SerializeToString())
    except ValueError as error:  # more than 2 GiB
        raise ExportError(f"the graph is too large: {error}. Export as safetensors.") from error
    report("checking the graph", 1, 2)
    _check(runtime, path, game, inputs)


def _graph_of(game: Game, inputs: Inputs) -> Any:
    """The graph of `generate`, an `onnx.ModelProto`."""
    tensors = [inputs.z] if inputs.y is None else [inputs.z, inputs.y]
    batch = torch.export.Dim("batch")
    try:
        with _quiet():
            program = torch.onnx.export(
                _Generator(game).eval(), tuple(tensors), None, dynamo=True, verbose=False,
                input_names=["z", "y"][: len(tensors)], output_names=["x"], opset_version=OPSET,
                dynamic_shapes=tuple({0: batch} for _ in tensors),
            )  # fmt: skip
    except Exception as error:  # the exporter has many, most of them private
        reason = str(error).strip().partition("\n")[0]
        raise ExportError(
            f"this generator cannot be written as a graph: {type(error).__name__}: {reason} Export "
            "it as safetensors."
        ) from error
    assert program is not None
    return program.model_proto


def _forget_origins(graph: Any) -> None:
    """Take out where the graph came from line by line: the exporter notes paths of source files."""
    for node in graph.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*graph.graph.input, *graph.graph.output, *graph.graph.value_info]:
        del value.metadata_props[:]
    for function in graph.functions:
        for node in function.node:
            del node.metadata_props[:]
            node.doc_string = ""
    del graph.graph.metadata_props[:]


def _meaning(model: "Model", inputs: Inputs) -> dict[str, str]:
    """What inputs and outputs of the graph are."""
    game = model.game
    drawn = f"as the recipe draws them; Model.draw(n, seed=...).z gives [n, {inputs.z.shape[1]}]"
    if isinstance(game, TwoPlayer) and type(game).draw_latents is TwoPlayer.draw_latents:
        drawn = f"standard normal, [batch, {inputs.z.shape[1]}]"
    said = {"opset": str(OPSET), "z": drawn, "x": model.space.units}
    if inputs.y is not None:
        said |= {"y": "index of a label", "labels": json.dumps(list(model.space.labels))}
    return said


def _check(runtime: Any, path: Path, game: Game, inputs: Inputs) -> None:
    """Hold the graph against PyTorch, on all inputs and on fewer.

    Raises:
        ExportError: they differ.
    """
    session = runtime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    for count in (inputs.size, 3):
        piece = inputs.rows(0, count)
        fed = {"z": piece.z.numpy()} | ({} if piece.y is None else {"y": piece.y.numpy()})
        with torch.no_grad():
            expected = game.generate(piece).numpy()
        try:
            (made,) = session.run(None, fed)
        except Exception as error:  # the runtime's own, of which there are many
            raise ExportError(
                f"onnxruntime cannot run the graph: {error}. Export as safetensors."
            ) from error
        apart = np.abs(made - expected).max() if made.shape == expected.shape else np.inf
        if not apart <= TOLERANCE:
            raise ExportError(
                f"the graph gives other samples than PyTorch: they differ by {apart:.2g}, and "
                f"{TOLERANCE:g} is allowed. Nothing was written. Export as safetensors."
            )


def _runtime() -> Any:
    """`onnxruntime`.

    Raises:
        MissingExtraError: it, or what PyTorch needs to write graphs, is not installed.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "ONNX is not installed. Install the extra: pip install 'zerosum[onnx]'."
        ) from error
    return onnxruntime


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what the exporter says of its own libraries."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _silent(_what: str, _done: int, _total: int) -> None:
    return
