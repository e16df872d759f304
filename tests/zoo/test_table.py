"""What the recipe `table` learns of few rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import zerosum as zs
from zerosum.errors import RecipeError
from zerosum.modalities.tables.space import TableSpace
from zerosum.workflows.data import open_holdout
from zerosum.zoo.table import TableGame


def measurements(n: int, seed: int) -> pd.DataFrame:
    """Ten numbers that tell of one thing, each with as much noise."""
    draws = np.random.default_rng(seed)
    cause = draws.normal(size=(n, 1))
    return pd.DataFrame(cause + draws.normal(size=(n, 10))).rename(columns="m{}".format)


@pytest.mark.slow
def test_few_rows_are_not_learned_by_heart(tmp_path: Path) -> None:
    """Held-out rows gain over independent columns, and nearly as much as training rows."""
    rows, others = measurements(300, 0), measurements(2_000, 1)
    model = zs.train("table", data=rows, out=tmp_path / "run", threads=1, quiet=True)
    game, space = model.game, model.space
    assert isinstance(game, TableGame)
    assert isinstance(space, TableSpace)
    told = {}
    for name, frame in (("train", rows), ("held", others)):
        values, _ = open_holdout(frame, space=space)[0].take(torch.arange(len(frame)))
        codes = space.to_model(values).floor().long()
        alone = [
            torch.tensor(codec.counts).double().add(0.5)[codes[:, i]].log()
            - np.log(sum(codec.counts) + 0.5 * codec.size)
            for i, codec in enumerate(space.codecs)
        ]
        with torch.no_grad():
            gained = game.generator.log_prob(codes).sum(1) - torch.stack(alone).sum(0)
        told[name] = float(gained.mean())
    assert told["held"] > 0.5
    assert told["train"] - told["held"] < 3.0, told


def rare(n: int, seed: int) -> pd.DataFrame:
    """One in 50 is of a class in which four numbers follow from the first; class comes last."""
    draws = np.random.default_rng(seed)
    odd = draws.random(n) < 0.02
    first = draws.integers(0, 8, n)
    columns = {
        f"m{i}": np.where(odd, (first + 3 * i) % 8, draws.integers(0, 8, n)) for i in range(1, 5)
    }
    kind = np.where(odd, "odd", np.where(draws.random(n) < 0.5, "a", "b"))
    return pd.DataFrame({"m0": first, **columns, "kind": kind})


@pytest.fixture(scope="module")
def aimed(tmp_path_factory: pytest.TempPathFactory) -> dict[str | None, zs.TableModel]:
    """The same training without a target and with one."""
    folder = tmp_path_factory.mktemp("runs")
    return {
        target: zs.train(
            "table", data=rare(2_000, 0), samples=24_000, referee="off", threads=1, quiet=True,
            out=folder / str(target), set={"game.target": target} if target else {},
        )
        for target in (None, "kind")
    }  # fmt: skip


def test_rows_of_a_rare_target_are_like_it(aimed: dict[str | None, zs.TableModel]) -> None:
    right = {}
    for target, model in aimed.items():
        rows = model.sample(400, where={"kind": "odd"}, seed=0)
        assert set(rows["kind"]) == {"odd"}
        follows = [(rows["m0"] + 3 * i) % 8 == rows[f"m{i}"] for i in range(1, 5)]
        right[target] = float(np.mean(follows))
    assert right["kind"] > right[None] + 0.1, right


def test_classes_of_a_target_are_as_frequent_as_in_the_data(
    aimed: dict[str | None, zs.TableModel],
) -> None:
    drawn = aimed["kind"].sample(20_000, seed=1)["kind"].value_counts(normalize=True)
    real = rare(2_000, 0)["kind"].value_counts(normalize=True)
    assert all(abs(drawn[name] - real[name]) < 0.01 for name in ("a", "b", "odd"))


def test_a_target_is_asked_and_completed_like_any_column(
    aimed: dict[str | None, zs.TableModel],
) -> None:
    model = aimed["kind"]
    rows = model.sample(200, where={"m0": 3, "kind": ["a", "b"]}, seed=0)
    assert set(rows["m0"]) == {3}
    assert set(rows["kind"]) == {"a", "b"}
    whole = model.complete(pd.DataFrame({"m0": [1, 2], "kind": [None, "odd"]}), seed=0)
    assert whole["kind"][1] == "odd"
    assert list(whole["m0"]) == [1, 2]
    again = zs.load(model.run or "", device="cpu")
    assert isinstance(again, zs.TableModel)
    assert list(again.sample(20, seed=3)["m0"]) == list(model.sample(20, seed=3)["m0"])


def test_a_target_that_holds_no_classes_is_refused() -> None:
    frame = measurements(200, 0).assign(kind=["a", "b"] * 100)
    for name, said in (("knd", "kind"), ("m0", "Columns of classes: kind")):
        with pytest.raises(RecipeError, match=said):
            zs.train("table", data=frame, set={"game.target": name}, samples=100, quiet=True)
