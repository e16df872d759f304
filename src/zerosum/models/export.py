"""A model as one file: what is needed to sample, and what it says of itself.

A `.safetensors` file holds the averaged players and the buffers beside them, but no discriminator,
and is opened by `zerosum.load`. An `.onnx` file holds the generator as a graph for other programs.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save
from torch import Tensor

from zerosum.data.base import Progress
from zerosum.errors import ExportError, RunError, did_you_mean
from zerosum.faces import verb
from zerosum.games.base import Game
from zerosum.models.facts import as_text, facts_of
from zerosum.runs.earlier import modern_recipe, modern_space
from zerosum.runs.files import make_folder, parse_json, require_unicode, write_whole
from zerosum.runs.forms import FactsForm
from zerosum.runs.tensors import parse_metadata, parse_tensors

if TYPE_CHECKING:
    from zerosum.models.model import Model

FORMATS = ("safetensors", "onnx")
VERSION = 1
"""Version of what `.safetensors` files say of themselves; newer ones are refused."""

_STRUCTURES = ("recipe", "space", "left_out", "privacy")
"""Facts that are JSON."""
_MARK = "zerosum_format"
_DIGEST = "sha256"


@dataclass(frozen=True)
class Exported:
    """What a `.safetensors` file holds.

    Attributes:
        recipe: the resolved recipe as JSON.
        space: what samples are, as JSON.
        tensors: the state of the game without the players that were left out.
        left_out: names of those players, and of memories.
        precision: what rows of tables are made in, `fp32` or `bf16`.
        step: the step of the training that the weights are from, where it is known.
        facts: everything that the file says of itself, as text.
    """

    recipe: Any
    space: Any
    tensors: dict[str, Tensor]
    left_out: tuple[str, ...]
    precision: str
    step: int | None
    facts: dict[str, str] = field(default_factory=dict)


def export_model(
    model: "Model",
    path: Path | str,
    *,
    format: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write what `model` samples with into one file.

    Args:
        model: a trained model.
        path: ends in `.safetensors` or `.onnx`.
        format: `safetensors` or `onnx`; if not given, by the ending of `path`.
        progress: called with how far it is.

    Raises:
        ExportError: the form is another, or does not suit the model; no file is left then.
        MissingExtraError: ONNX is not installed.
        RunError: the file cannot be written.
    """
    path = Path(path)
    form = format_of(path, format)
    make_folder(path.parent)
    if form == "onnx":
        from zerosum.models.onnx import write_graph

        write_whole(path, lambda aside: write_graph(model, aside, progress))
    else:
        write_whole(path, lambda aside: _write_weights(model, aside))
    return path


def format_of(path: Path, format: str | None = None) -> str:
    """The form that a file is to have.

    Raises:
        ExportError: there is no such form, or the ending names another one.
        RunError: the path is not UTF-8.

    >>> format_of(Path("digits.onnx"))
    'onnx'
    """
    require_unicode(path)
    ending = path.suffix.lower().removeprefix(".")
    if format is not None and format not in FORMATS:
        raise ExportError(f"no format {format!r}.{did_you_mean(format, FORMATS)}")
    if ending not in FORMATS or format not in (None, ending):
        allowed = " or ".join(f".{form}" for form in ([format] if format else FORMATS))
        raise ExportError(f"cannot export to {path}: the name must end in {allowed}.")
    return ending


def is_model_file(path: Path | str) -> bool:
    """Whether `path` is meant as an exported model and not as a run folder."""
    path = Path(path)
    return path.is_file() or (path.suffix.lower() == ".safetensors" and not path.is_dir())


def read_weights(path: Path) -> Exported:
    """What `export_model` wrote.

    Raises:
        ExportError: it is missing, no such file, of a newer version, or damaged.
    """
    if path.exists() and not path.is_file():
        raise ExportError(f"{path} is no file. Name one that {verb('export')} wrote.")
    try:
        body = path.read_bytes()
    except FileNotFoundError as error:
        raise ExportError(f"no file at {path}. {verb('export')} writes one.") from error
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror or error}.") from error
    try:
        tensors, said = parse_tensors(body, path), parse_metadata(body)
    except (ValueError, RunError) as error:
        raise ExportError(f"{error} It is another file, or cut off; export it again.") from error
    known = said.get(_MARK, "")
    if not (known.isdecimal() and known.isascii() and len(known) < 10):
        raise ExportError(
            f"{path} is no model that zerosum exported. Name a file that {verb('export')} wrote, "
            "or a run folder."
        )
    if int(known) > VERSION:
        raise ExportError(
            f"{path} is of version {known} and this zerosum knows {VERSION}: update zerosum."
        )
    if said.pop(_DIGEST, "") != _digest(tensors, said):
        raise ExportError(f"{path} is damaged: its digest does not match. Export it again.")
    try:
        parsed = {name: parse_json(said[name]) for name in _STRUCTURES if name in said}
        for name, read in (("recipe", modern_recipe), ("space", modern_space)):
            parsed[name] = read(parsed.get(name))
        form = FactsForm.read({**said, **parsed}, path)
    except (ValueError, RunError) as error:
        raise ExportError(f"{path} is damaged: {error} Export the run again.") from error
    step = None if form.step is None else int(form.step)
    return Exported(
        form.recipe, form.space, tensors, tuple(form.left_out), form.precision, step, said,
    )  # fmt: skip


def _write_weights(model: "Model", path: Path) -> None:
    left_out, tensors = left_out_of(model.game), _sampling_state(model.game)
    said = facts_of(model) | {
        _MARK: str(VERSION),
        "left_out": as_text(sorted(left_out)),
        "precision": "bf16" if _makes_bf16(model.game) else "fp32",
    }
    path.write_bytes(save(tensors, metadata=said | {_DIGEST: _digest(tensors, said)}))


def fingerprint_of(game: Game) -> str:
    """SHA-256 of the weights that samples come from, with their names, types and shapes."""
    return _digest(_sampling_state(game), {})


def _sampling_state(game: Game) -> dict[str, Tensor]:
    """A copy of what samples come from, on the CPU."""
    left_out = left_out_of(game)
    return {
        name: tensor.detach().cpu().contiguous().clone()
        for name, tensor in game.state_dict().items()
        if name.partition(".")[0] not in left_out
    }


def left_out_of(game: Game) -> set[str]:
    """Players that samples do not come from, whose weights are not averaged; and memories."""
    there = {name: getattr(game, name, "left out before") for name in game.training_only}
    memories = {name for name, one in there.items() if one is not None}
    return {move.player for move in game.moves()} - set(game.averaged) | memories


def _makes_bf16(game: Game) -> bool:
    return game.sampling_dtype == torch.bfloat16


def _digest(tensors: dict[str, Tensor], said: dict[str, str]) -> str:
    """SHA-256 of all that is said, and of every tensor with its name, type and shape."""
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
