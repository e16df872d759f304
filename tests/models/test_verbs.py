"""The verbs that every model has: any of several values, values in turn, streams, and files."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.models.test_model import _model as trained
from zerosum.errors import ConditionError, RunError
from zerosum.models.model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return trained("cgan", "point")


@pytest.fixture(scope="module")
def codes() -> Model:
    return trained("infogan", "point")


def test_any_of_several_labels_whatever_n_and_the_batch(model: Model) -> None:
    many = model.sample(150, where={"label": "a,c"}, seed=3)
    assert set(many.labels) == {"a", "c"}
    few = model.sample(70, where={"label": {"c", "a"}}, seed=3, batch_size=9)
    assert few.labels == many.labels[:70]
    torch.testing.assert_close(few.tensor, many.tensor[:70])
    other = model.sample(150, where={"label": ["a", "c"]}, seed=4)
    assert other.labels != many.labels
    assert set(model.sample(150, where={"label": "!=a"}).labels) == {"b", "c", "d"}


def test_values_in_turn(model: Model, codes: Model) -> None:
    made = model.sample(5, in_turn={"label": ["a", "c"]})
    assert made.labels == ["a", "c", "a", "c", "a"]
    assert model.sample(3, in_turn={"label": "a,!=a"}).labels[::2] == ["a", "a"]
    both = codes.sample(9, in_turn={"category": [0, 1, 2], "code1": [-1, "0..1"]}, seed=2)
    alone = codes.sample(9, where={"category": 2, "code1": -1}, seed=2)
    torch.testing.assert_close(both.tensor[2::6], alone.tensor[2::6])
    with pytest.raises(ConditionError, match="label is in where and in in_turn"):
        model.sample(2, where={"label": "a"}, in_turn={"label": "b"})
    with pytest.raises(ConditionError, match="does not control 'labl'"):
        model.sample(2, in_turn={"labl": "a"})


def test_a_range_is_drawn_for_each_sample(codes: Model) -> None:
    one = codes.sample(70, where={"code1": "0.5..0.7"}, seed=1)
    again = codes.sample(2, where={"code1": "0.5..0.7"}, seed=1)
    torch.testing.assert_close(one.tensor[:2], again.tensor)
    inputs = codes.steer(codes.draw(70, seed=1), {"code1": "0.5..0.7"}, seed=1)
    assert len(inputs.z[:, -2].unique()) > 60


def test_tours_keep_their_values(model: Model) -> None:
    asked: list[dict[str, Any]] = [
        {"where": {"label": "a"}}, {"where": {"label": "b"}}, {"in_turn": {"label": "a,b"}},
        {"where": {"label": "a,b"}},
    ]  # fmt: skip
    a, b, turns, either = (
        torch.stack(model.walk(frames=4, stops=2, n=6, seed=1, **one)._frames) for one in asked
    )
    torch.testing.assert_close(turns[:, ::2], a[:, ::2])
    torch.testing.assert_close(turns[:, 1::2], b[:, 1::2])
    for tour in range(6):
        kept = [bool(torch.isclose(either[:, tour], one[:, tour]).all()) for one in (a, b)]
        assert any(kept)


def test_a_stream_is_the_samples_in_pieces(model: Model) -> None:
    asked: dict[str, Any] = {"where": {"label": "a,b"}, "seed": 5}
    whole = model.sample(150, **asked)
    pieces = [*model.stream(150, batch_size=40, **asked)]
    assert [len(piece) for piece in pieces] == [40, 40, 40, 30]
    torch.testing.assert_close(torch.cat([p.tensor for p in pieces]), whole.tensor)
    assert [label for piece in pieces for label in piece.labels] == whole.labels
    endless = [*islice(model.stream(batch_size=50, in_turn={"label": "a,b,c"}), 3)]
    labels = [label for piece in endless for label in piece.labels]
    assert labels == ["a", "b", "c"] * 50
    with pytest.raises(ConditionError, match="has no value 'z'"):
        model.stream(where={"label": "z"})
    with pytest.raises(ConditionError, match="at least 1"):
        model.stream(0)


def test_written_is_what_is_sampled(model: Model, tmp_path: Path) -> None:
    told = []
    path = model.write(
        tmp_path / "new" / "x.npz", 50, in_turn={"label": "a,b"}, seed=2, batch_size=20,
        progress=lambda *row: told.append(row),
    )  # fmt: skip
    assert told == [("making points", done, 50) for done in (20, 40, 50)]
    with np.load(path) as arrays:
        made = model.sample(50, in_turn={"label": "a,b"}, seed=2)
        np.testing.assert_allclose(arrays["x"], made.x, rtol=1e-5)
        assert arrays["y"].tolist() == [0, 1] * 25
    with pytest.raises(RunError, match=r"cannot save points as \.gif"):
        model.write(tmp_path / "x.gif", 10**9)


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        ("translate", "was trained by cgan, which makes samples and translates nothing.*pix2"),
        ("translate_files", "translates nothing"),
        ("edit", "takes no styles.*such as stylegan"),
        ("mix", "takes no styles"),
        ("with_styles", "takes no styles"),
        ("complete", "makes no rows of a table.*such as table"),
        ("write_completed", "makes no rows of a table"),
    ],
)
def test_what_other_recipes_can_do(model: Model, verb: str, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        getattr(model, verb)()


def test_shares_are_for_rows(model: Model) -> None:
    for ask in (model.sample, model.stream):
        with pytest.raises(ConditionError, match=r"weight= is for rows .*are points"):
            ask(3, weight={"label": {"a": 0.5}})
