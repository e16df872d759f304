"""Samples on request: the same whatever the batch, and steered by what the model controls."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from zerosum.catalogue import find_recipe
from zerosum.engine.execution import Execution
from zerosum.errors import ConditionError, RunError
from zerosum.models.model import Model
from zerosum.runtime import Runtime
from zerosum.testing import small_dataset
from zerosum.workflows.load import model_of
from zerosum.workflows.prepare import make_trainer


def _model(name: str, space: str = "image") -> Model:
    dataset = small_dataset(space)
    changes = {"optimisation.batch_size": 8}
    recipe = find_recipe(name).resolve(dataset.space).with_values(changes)
    trainer = make_trainer(
        recipe, dataset, seed=0, runtime=Runtime(torch.device("cpu")), execution=Execution()
    )
    for _ in range(3):
        trainer.play()
    return model_of(recipe, trainer.game)


def test_sample_i_depends_on_neither_n_nor_the_batch() -> None:
    model = _model("cgan", "point")
    many = model.sample(150, seed=7)
    for n, batch_size in ((1, 1), (64, 64), (65, 7), (130, 1_000)):
        few = model.sample(n, seed=7, batch_size=batch_size)
        torch.testing.assert_close(few.tensor, many.tensor[:n])
        assert few.labels == many.labels[:n]
    assert not torch.equal(model.sample(3, seed=8).tensor, many.tensor[:3])
    first, second = many.tensor[:64], many.tensor[64:128]
    assert not torch.equal(first, second), "blocks repeat"


def test_where() -> None:
    model = _model("cgan")
    assert list(model.controls) == ["label"]
    assert model.sample(3, where={"label": "b"}).labels == ["b"] * 3
    free, fixed = model.sample(40, seed=1), model.sample(40, seed=1, where={"label": "d"})
    mine = [i for i, label in enumerate(free.labels) if label == "d"]
    assert mine
    assert np.abs(free.x[mine].astype(int) - fixed.x[mine].astype(int)).max() <= 1


def test_where_takes_arrays() -> None:
    model = _model("cgan")
    for values in (np.array(["a", "d"]), np.array(["a", "d"], dtype=object)):
        assert set(model.sample(30, where={"label": values}).labels) == {"a", "d"}
        assert model.sample(3, in_turn={"label": values}).labels == ["a", "d", "a"]
    codes = torch.tensor([-1.0, 1.0])
    assert len(_model("infogan").sample(3, where={"code1": codes})) == 3
    assert len(_model("infogan").sample(3, where={"code1": codes[0]})) == 3


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"labl": "a"}, "does not control 'labl'. Did you mean 'label'"),
        ({"style": "a"}, "does not control 'style'.*'a' is a value of 'label'"),
        ({"label": "e"}, "label has no value 'e'. .*Allowed: a, b, c, d"),
        ({"label": []}, "label has no values"),
        ({"label": None}, "label has no value None"),
    ],
)
def test_conditions_that_name_nothing(where: dict[str, object], message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        _model("cgan").sample(2, where=where)


def test_an_unconditional_model_controls_nothing() -> None:
    with pytest.raises(ConditionError, match=r"controls nothing.*'label'.*conditional"):
        _model("vanilla").sample(2, where={"label": "a"})


@pytest.mark.parametrize("value", [-1.5, 7, "far", None, float("nan")])
def test_values_out_of_range(value: object) -> None:
    model = _model("infogan")
    with pytest.raises(ConditionError, match=r"code1 is .*; it takes numbers from -1 to 1"):
        model.sample(2, where={"code1": value})


def test_a_range_takes_numbers_and_their_text() -> None:
    model = _model("infogan")
    number, text = (
        model.sample(2, where={"code1": value}, seed=0).tensor for value in (0.5, "0.5")
    )
    assert torch.equal(number, text)


@pytest.mark.parametrize("options", [{"n": 0}, {"n": -1}, {"n": 1, "batch_size": 0}])
def test_counts_start_at_one(options: dict[str, Any]) -> None:
    with pytest.raises(ConditionError, match="at least 1"):
        _model("cgan").sample(**options)


def test_sampling_leaves_the_model_as_it_is() -> None:
    model = _model("dcgan")
    before = {name: tensor.clone() for name, tensor in model.game.state_dict().items()}
    assert torch.equal(model.sample(20, seed=0).tensor, model.sample(20, seed=0).tensor)
    assert all(torch.equal(before[k], v) for k, v in model.game.state_dict().items())
    assert not any(p.requires_grad for p in model.game.parameters())


def test_walks_close_and_pass_their_corners() -> None:
    model = _model("cgan", "point")
    walk = model.walk(frames=8, stops=2, n=3, seed=4, where={"label": "b"})
    assert len(walk) == 8
    assert len(walk.pictures()) == 8
    steps = [frame.double() for frame in walk._frames]
    gaps = [float((steps[i] - steps[(i + 1) % 8]).abs().max()) for i in range(8)]
    assert 0 < max(gaps) < 2 * float((steps[0] - steps[4]).abs().max())


@pytest.mark.parametrize("options", [{"frames": 0}, {"stops": 0}, {"n": 0}])
def test_walks_have_a_frame_a_stop_and_a_sample(options: dict[str, Any]) -> None:
    with pytest.raises(ConditionError, match="at least 1"):
        _model("cgan").walk(**options)


def test_walks_are_saved_as_gif(tmp_path: Path) -> None:
    walk = _model("cgan").walk(frames=2, stops=1, n=1)
    assert walk.save(tmp_path / "new" / "w.GIF").is_file()
    for name in ("w.png", "w"):
        with pytest.raises(RunError, match=r"Allowed: \.gif, \.mp4"):
            walk.save(tmp_path / name)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot make"):
        walk.save(tmp_path / "file" / "w.gif")
