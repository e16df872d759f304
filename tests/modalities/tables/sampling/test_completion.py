"""Missing cells follow the model's own distribution given all others, and given cells stay."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest
import torch
from torch import Tensor

from tests.modalities.tables.chain import ChainGame, people, table_model
from tests.modalities.tables.test_model import chain, distance, joint
from zerosum.errors import ConditionError
from zerosum.modalities.tables.constraints.groups import FixedCombinations
from zerosum.modalities.tables.constraints.inequality import Inequality
from zerosum.modalities.tables.fields import CategoryField, FloatField
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.reading.dataset import TableDataset, fit_space
from zerosum.modalities.tables.sampling.conditioning import Ahead, Question, ask
from zerosum.modalities.tables.sampling.smc import complete
from zerosum.rng import Noise

N = 6_000


@pytest.fixture(scope="module")
def model() -> TableModel:
    return table_model(ChainGame(people()))


def codes_of(model: TableModel, frame: pd.DataFrame, column: str) -> Tensor:
    i = model.table.names.index(column)
    field, codec = model.table.modelled[i], model.table.codecs[i]
    values = field.to_values(pa.chunked_array([pa.array(frame[column], from_pandas=True)]))
    return codec.encode(torch.from_numpy(values)).floor().long()


def test_a_missing_cell_follows_what_comes_before_and_after_it(model: TableModel) -> None:
    """Rows of two sorts, mixed: each has its own evidence."""
    values = model.values(2_000, seed=8)
    values = values[~values.isnan().any(1)]
    table = joint(chain(model))
    codes = model.table.to_model(values).floor().long()
    low = int((values[:, 2] - 1_900).abs().argmin())
    high = int((values[:, 2] - 3_100).abs().argmin())
    rows = [low, high]
    partial = pd.DataFrame(
        {
            "city": [None] * N,
            "income": [float(values[rows[i % 2], 2]) for i in range(N)],
            "vip": [["no", "yes"][int(values[rows[i % 2], 3])] for i in range(N)],
            "age": [float("nan")] * N,
        }
    )
    made = model.complete(partial, seed=1)
    assert list(made.columns) == ["city", "age", "income", "vip"]
    for sort, row in enumerate(rows):
        truth = table[:, :, codes[row, 2], codes[row, 3]]
        truth = truth / truth.sum()
        mine = made.iloc[sort::2]
        city, age = (codes_of(model, mine, name) for name in ("city", "age"))
        for axis, found in ((1, city), (0, age)):
            exact = truth.sum(axis)
            drawn = torch.multinomial(exact, N // 2, True, generator=torch.Generator())
            shares = [torch.bincount(c, minlength=len(exact)) / (N // 2) for c in (found, drawn)]
            assert distance(shares[0], exact) < 1.3 * distance(shares[1], exact) + 0.015


@pytest.mark.parametrize("look", ["ahead", "nowhere", "astray"])
def test_particles_that_are_resampled_follow_the_model_too(model: TableModel, look: str) -> None:
    """Age is given, and what depends on what depends on it; the look ahead may be bad or none."""
    game = chain(model)
    table = joint(game)
    age = int(table[3].sum((1, 2)).argsort()[-3])
    given = torch.full((1_000, 4), torch.nan)
    given[:, 1], given[:, 3] = age + 0.5, 1.5
    question = ask(model.table, game.order, model.pool, {}, given)
    if look == "nowhere":
        question = Question({}, given, {column: Ahead({}, None) for column in (1, 3)})
    if look == "astray":
        wrong = torch.tensor([[0.5, 0.0, 1.0, -0.7]], dtype=torch.float64)
        question = Question({}, given, {1: Ahead({}, None), 3: Ahead({0: wrong}, None)})
    x = complete(game, question, 64 if look == "ahead" else 512, Noise(4)).floor().long()
    truth = table[:, age, :, 1] / table[:, age, :, 1].sum()
    for axis, column in ((1, 0), (0, 2)):
        exact = truth.sum(axis)
        drawn = torch.multinomial(exact, 1_000, True, generator=torch.Generator())
        shares = [torch.bincount(c, minlength=len(exact)) / 1_000 for c in (x[:, column], drawn)]
        assert distance(shares[0], exact) < 1.3 * distance(shares[1], exact) + 0.015


def test_given_cells_stay_and_order_stays(model: TableModel) -> None:
    given = model.sample(700, seed=5)
    holes = given.copy()
    holes.loc[::3, "age"] = float("nan")
    holes.loc[1::4, "city"] = None
    holes.loc[::5, "vip"] = None
    made = model.complete(holes, seed=2, particles=8)
    for name in made.columns:
        was = holes[name].notna()
        assert made[name][was].tolist() == holes[name][was].tolist()
    assert not made[["city", "age", "vip"]].isna().any().any()
    assert not made["income"].isna().any()  # an empty cell comes to hold something
    again = model.complete(holes, seed=2, particles=8)
    pd.testing.assert_frame_equal(made, again)


def test_a_column_that_is_not_there_has_gaps_as_the_data_has(model: TableModel) -> None:
    made = model.complete(pd.DataFrame({"vip": ["no"] * 2_000}), seed=0, particles=32)
    gaps = float(made["income"].isna().mean())
    table = joint(chain(model))[..., 0]
    missing = model.table.codecs[2].missing
    assert missing is not None
    assert gaps == pytest.approx(float((table / table.sum())[..., missing].sum()), abs=0.03)


def test_what_is_given_last_alone_steers_what_comes_first(model: TableModel) -> None:
    made = model.complete(pd.DataFrame({"vip": ["yes", "no"] * 2_000}), seed=0)
    table = joint(chain(model))
    for sort, code in enumerate((1, 0)):
        truth = table[..., code].sum((1, 2)) / table[..., code].sum()
        city = codes_of(model, made.iloc[sort::2], "city")
        assert distance(torch.bincount(city, minlength=4) / 2_000, truth) < 0.035


def test_numbers_beyond_the_data_and_their_digits_are_kept(model: TableModel) -> None:
    made = model.complete(pd.DataFrame({"income": [123_456.0, 2_000.125]}), seed=0)
    assert made["income"].tolist() == [123_456.0, 2_000.125]


def test_unknown_categories_are_kept_with_a_warning(model: TableModel) -> None:
    partial = pa.table({"city": ["Mordor", "Oslo"], "age": [30.0, None]})
    with pytest.warns(UserWarning, match="values in city that the model has never seen"):
        made = model.complete(partial, seed=0)
    assert made["city"].to_pylist() == ["Mordor", "Oslo"]
    assert made["age"].to_pylist()[0] == 30


def test_rows_to_complete_may_come_from_a_file_and_go_to_one(
    model: TableModel, tmp_path: Path
) -> None:
    (tmp_path / "part.csv").write_text("vip,city\nyes,\n,Å\n", "utf-8")
    path, n = model.write_completed(tmp_path / "whole.csv", tmp_path / "part.csv", seed=1)
    made = pyarrow.csv.read_csv(path)
    assert n == 2
    assert made.column_names == ["city", "age", "income", "vip"]
    assert (made["vip"].to_pylist()[0], made["city"].to_pylist()[1]) == ("yes", "Å")


def test_rows_that_cannot_be_completed(model: TableModel) -> None:
    with pytest.raises(ConditionError, match=r"'cit', which .* Did you mean 'city'"):
        model.complete(pd.DataFrame({"cit": ["Oslo"]}))
    with pytest.raises(ConditionError, match="particles is 0"):
        model.complete(pd.DataFrame({"city": ["Oslo"]}), particles=0)


def bounded() -> TableModel:
    """Cities with their codes, and spans of time."""
    data = people(2_000).take(torch.arange(2_000))[0]
    start = data[:, 1]
    values = torch.stack(
        [data[:, 0], 100 * data[:, 0] + 5, start, start + (data[:, 0] * 3 + start % 7)], 1
    )
    fields = [
        CategoryField(name="city", names=("Oslo", "Bergen", "Bodø", "Å")),
        FloatField(name="zip", places=0),
        FloatField(name="start", places=0),
        FloatField(name="end", places=0),
    ]
    constraints = [FixedCombinations(["city", "zip"]), Inequality("start", "<=", "end")]
    space = fit_space(fields, values, constraints=constraints)
    assert all(one.constructed for one in space.constraints)
    return table_model(ChainGame(TableDataset(values, space, name="spans")))


def test_constraints_hold_around_given_cells() -> None:
    model = bounded()
    partial = pd.DataFrame(
        {"zip": [205.0, 5.0, None, None] * 50, "end": [None, 44.0, 40.0, 50.0] * 50}
    )
    made = model.complete(partial, seed=0)
    assert (made["start"] <= made["end"]).all()
    assert made["city"].tolist()[:2] == ["Bodø", "Oslo"]
    assert made["zip"][0::4].tolist() == [205.0] * 50
    assert made["end"][1::4].tolist() == [44.0] * 50
    with pytest.raises(ConditionError, match=r"1 rows cannot be completed .* rows 1 \(counted"):
        model.complete(pd.DataFrame({"start": [30.0, 30.0], "end": [40.0, 20.0]}))
