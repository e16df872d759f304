"""A model as one file: what comes out of it is what went in, and nothing else is opened."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from zerosum.catalogue import all_recipes, find_recipe
from zerosum.engine.execution import Execution
from zerosum.errors import ExportError, RunError
from zerosum.modalities.tables.game import RowGame
from zerosum.modalities.tables.model import TableModel
from zerosum.models.export import VERSION, export_model, format_of, is_model_file, read_weights
from zerosum.models.model import Model
from zerosum.runtime import Runtime
from zerosum.testing import small_dataset
from zerosum.workflows.evaluate import Subject
from zerosum.workflows.load import load, model_of
from zerosum.workflows.prepare import make_trainer

EVERY = [(entry.name, space) for entry in all_recipes().values() for space in entry.spaces]


def trained(name: str, space: str, **more: float) -> Model:
    entry = find_recipe(name)
    dataset = small_dataset(space, needs=entry.needs)
    changes = {"optimisation.batch_size": 8} | {f"game.{key}": n for key, n in more.items()}
    recipe = entry.resolve(dataset.space).with_values(changes)
    trainer = make_trainer(
        recipe, dataset, seed=0, runtime=Runtime(torch.device("cpu")), execution=Execution()
    )
    for _ in range(2):
        trainer.play()
    return model_of(recipe, trainer.game, step=2)


def rows(model: Model, n: int = 70) -> torch.Tensor:
    return model.values(n, seed=3).nan_to_num()


def said_by(path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as file:
        return file.metadata()


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained("vanilla", "point").save(tmp_path_factory.mktemp("a") / "m.safetensors")


@pytest.mark.parametrize(("name", "space"), EVERY)
def test_what_is_opened_samples_the_same_bit_for_bit(name: str, space: str, tmp_path: Path) -> None:
    model = trained(name, space)
    path = model.save(tmp_path / "new" / "model.safetensors")
    opened = load(path, device="cpu")
    assert type(opened) is type(model)
    assert (opened.recipe, opened.space) == (model.recipe, model.space)
    assert (opened.step, opened.run) == (2, None)
    assert torch.equal(rows(opened), rows(model))
    assert opened.controls == model.controls
    left_out = {move.player for move in model.game.moves()} - set(model.game.averaged)
    kept = {tensor.partition(".")[0] for tensor in load_file(path)}
    assert not kept & left_out
    assert kept >= set(model.game.averaged)
    assert not left_out & {child for child, _ in opened.game.named_children()}
    assert [entry.name for entry in path.parent.iterdir()] == ["model.safetensors"]


def test_two_players_leave_one_out(points: Path) -> None:
    assert json.loads(said_by(points)["left_out"]) == ["discriminator"]


def test_memories_of_training_pictures_stay_behind(tmp_path: Path) -> None:
    model = trained("cyclegan", "pair", match_weight=20, match_memory=16)
    path = model.save(tmp_path / "m.safetensors")
    assert not [name for name in load_file(path) if name.startswith("matching")]
    assert torch.equal(rows(load(path), 8), rows(model, 8))
    again = load(path).save(tmp_path / "again.safetensors")
    assert torch.equal(rows(load(again), 8), rows(model, 8))


def test_rows_keep_the_precision_they_are_made_in(tmp_path: Path) -> None:
    model = trained("table", "table")
    assert isinstance(model.game, RowGame)
    model.game.sampling_dtype = torch.bfloat16
    opened = load(model.save(tmp_path / "m.safetensors"), device="cpu")
    assert isinstance(opened.game, RowGame)
    assert opened.game.sampling_dtype == torch.bfloat16
    assert torch.equal(rows(opened), rows(model))
    assert isinstance(opened, TableModel)
    assert opened.library is None
    assert len(opened.sample(5)) == 5


def test_rows_are_made_in_bfloat16_only_where_it_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    model = trained("table", "table")
    assert isinstance(model.game, RowGame)
    plain = rows(model)
    model.game.sampling_dtype = torch.bfloat16
    taken = []
    rollout = model.game.rollout

    def watched(n: int, *, dtype: torch.dtype = torch.float32):
        taken.append(dtype)
        return rollout(n, dtype=dtype)

    monkeypatch.setattr(model.game, "rollout", watched)
    for vectors, dtype in (("AVX2", torch.float32), ("AVX512", torch.bfloat16)):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda v=vectors: v)
        assert torch.equal(rows(model), plain) or dtype == torch.bfloat16
        assert set(taken) == {dtype}
        taken.clear()


def test_what_a_file_says_goes_on_with_it(points: Path, tmp_path: Path) -> None:
    opened = load(points, device="cpu")
    assert opened.privacy is None
    promise = {"epsilon": 3.0, "delta": 1e-6}
    said = {"run": "r", "data": "d", "privacy": json.dumps(promise), "recipe": "old"}
    opened.facts = dict(opened.facts) | said
    subject = Subject(opened, None, small_dataset("point"), None)
    assert subject.privacy == promise, "a report would show real rows"
    again = load(opened.save(tmp_path / "again.safetensors"), device="cpu")
    assert again.privacy == promise
    assert (again.facts["run"], again.facts["data"], again.facts["step"]) == ("r", "d", "2")
    assert json.loads(again.facts["recipe"]) == opened.recipe.to_json()


def changed(path: Path, to: Path, **said: str) -> Path:
    """The same tensors with other words."""
    save_file(load_file(path), to, metadata=said_by(path) | said)
    return to


def test_newer_files_are_refused(points: Path, tmp_path: Path) -> None:
    newer = changed(points, tmp_path / "m.safetensors", zerosum_format=str(VERSION + 1))
    with pytest.raises(ExportError, match=r"version 2 and this zerosum knows 1: update"):
        load(newer)


@pytest.mark.parametrize("word", ["recipe", "space", "left_out", "privacy"])
def test_a_word_that_was_changed_is_noticed(points: Path, tmp_path: Path, word: str) -> None:
    other = changed(points, tmp_path / "m.safetensors", **{word: "[]"})
    with pytest.raises(ExportError, match="is damaged: its digest does not match"):
        load(other)


def test_a_bit_that_was_changed_is_noticed(points: Path, tmp_path: Path) -> None:
    body = bytearray(points.read_bytes())
    body[-9] ^= 1
    (tmp_path / "m.safetensors").write_bytes(body)
    with pytest.raises(ExportError, match="is damaged: its digest does not match"):
        load(tmp_path / "m.safetensors")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.9])
def test_a_file_that_was_cut_off(points: Path, tmp_path: Path, share: float) -> None:
    body = points.read_bytes()
    (tmp_path / "m.safetensors").write_bytes(body[: int(share * len(body))])
    with pytest.raises(ExportError, match="another file, or cut off"):
        load(tmp_path / "m.safetensors")


def test_files_of_others(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(2)}, tmp_path / "theirs.safetensors")
    with pytest.raises(ExportError, match="no model that zerosum exported"):
        load(tmp_path / "theirs.safetensors")
    with pytest.raises(ExportError, match=r"no file at .*zs.export\(\) writes one"):
        load(tmp_path / "gone.safetensors")


def test_weights_that_do_not_fit_their_recipe(points: Path, tmp_path: Path) -> None:
    exported = read_weights(points)
    recipe = find_recipe("vanilla").resolve(small_dataset("point").space)
    wider = recipe.with_values({"game.generator.width": 7, "optimisation.batch_size": 8})
    model = load(points, device="cpu")
    model.recipe = wider
    assert exported.recipe != wider.to_json()
    with pytest.raises(ExportError, match="does not fit this version of zerosum"):
        load(model.save(tmp_path / "m.safetensors"))


def test_a_file_holds_one_step(points: Path) -> None:
    assert load(points, step=2, device="cpu").step == 2
    with pytest.raises(ExportError, match=r"holds step 2 and no other"):
        load(points, step=5)


def test_kinds_of_the_users_own_need_their_file(points: Path, tmp_path: Path) -> None:
    model: Any = load(points, device="cpu")
    recorded = model.recipe.to_json() | {"game": {"kind": "my_game"}}
    model.recipe = SimpleNamespace(to_json=lambda: recorded)
    model.save(tmp_path / "m.safetensors")
    with pytest.raises(RunError, match=r"uses the kinds my_game, .*Name the file with code="):
        load(tmp_path / "m.safetensors")


@pytest.mark.parametrize(
    ("name", "format", "message"),
    [
        ("m.pt", None, r"must end in \.safetensors or \.onnx"),
        ("m", "onnx", r"must end in \.onnx"),
        ("m.onnx", "safetensors", r"must end in \.safetensors"),
        ("m.onnx", "onyx", r"no format 'onyx'. Did you mean 'onnx'"),
    ],
)
def test_names_and_formats(name: str, format: str | None, message: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=message):
        format_of(tmp_path / name, format)
    assert format_of(Path("M.ONNX"), "onnx") == "onnx"


def test_places_that_cannot_be_written(points: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot make"):
        export_model(load(points), tmp_path / "file" / "m.safetensors")


def test_runs_and_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "run.safetensors").mkdir()
    answers: dict[Any, bool] = {tmp_path / "run.safetensors": False, "gone.safetensors": True}
    assert {path: is_model_file(path) for path in answers} == answers
    assert not is_model_file(tmp_path)
