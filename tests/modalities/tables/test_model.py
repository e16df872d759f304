"""Rows under conditions follow the model's own conditional distribution, exactly."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import torch
from torch import Tensor

from tests.modalities.tables.chain import ChainGame, people, table_model
from zerosum.conditions import Between
from zerosum.errors import ConditionError, RunError
from zerosum.games.base import Game, Inputs
from zerosum.modalities.tables.fields import CategoryField, FloatField
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.reading.dataset import TableDataset, fit_space
from zerosum.modalities.tables.sampling.conditioning import CodeShares, ask, parts_of
from zerosum.modalities.tables.sampling.conditions import parse_where
from zerosum.modalities.tables.sampling.smc import roll
from zerosum.rng import Noise


@pytest.fixture(scope="module")
def model() -> TableModel:
    return table_model(ChainGame(people()))


def chain(model: TableModel) -> ChainGame:
    assert isinstance(model.game, ChainGame)
    return model.game


def joint(game: ChainGame) -> Tensor:
    """Probability of every row of codes, `[sizes...]`."""
    table = game.first
    for step in game.steps:
        table = table[..., None] * step
    return table


def conditional(model: TableModel, where: Mapping[str, Any]) -> Tensor:
    """Probability of every row of codes given a condition."""
    table = joint(chain(model))
    for column, part in parts_of(model.table, parse_where(where, model.table)).items():
        shape = [1] * table.ndim
        shape[column] = -1
        table = table * part.weights.view(shape)
    return table / table.sum()


def distance(a: Tensor, b: Tensor) -> float:
    """Total variation."""
    return float((a - b).abs().sum() / 2)


def pair_table(codes: Tensor, i: int, j: int, sizes: tuple[int, ...]) -> Tensor:
    flat = codes[:, i] * sizes[j] + codes[:, j]
    return torch.bincount(flat, minlength=sizes[i] * sizes[j]).view(sizes[i], sizes[j]).double()


def pairs(model: TableModel) -> list[tuple[int, int]]:
    columns = len(model.table.codecs)
    return [(i, j) for i in range(columns) for j in range(i)]


CONDITIONS: dict[str, Mapping[str, Any]] = {
    "early": {"city": "Bodø"},
    "late": {"vip": "yes"},
    "rare": {"income": ">=6000"},
    "a set": {"city": ["Oslo", "Å"], "age": [30, 31, 50]},
    "a range that cuts an interval": {"income": Between(2_010, 2_440)},
    "missing": {"income": None},
    "known": {"income": "!=missing"},
    "two at once, rare together": {"age": "<25", "income": ">3000"},
    "three at once": {"city": "Oslo", "age": ">=55", "vip": "no"},
}


@pytest.mark.parametrize("where", CONDITIONS.values(), ids=CONDITIONS)
def test_every_pair_is_as_exact_draws_are(model: TableModel, where: Mapping[str, Any]) -> None:
    n, sizes = 8_000, model.table.sizes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = model.values(n, where=where, seed=3)
    for name, allowed in parse_where(where, model.table).items():
        assert bool(allowed.holds(values[:, model.table.names.index(name)]).all())
    codes = model.table.to_model(values).floor().long()
    exact = conditional(model, where)
    flat = Noise(5).choice(n, exact.flatten())
    drawn = torch.stack([torch.from_numpy(i) for i in np.unravel_index(flat.numpy(), sizes)], 1)
    for i, j in pairs(model):
        others = [axis for axis in range(len(sizes)) if axis not in (i, j)]
        truth = exact.sum(others).T
        ours = distance(pair_table(codes, i, j, sizes) / n, truth)
        theirs = distance(pair_table(drawn, i, j, sizes) / n, truth)
        assert ours < 1.25 * theirs + 0.012, (i, j, ours, theirs)


def test_places_are_uniform_in_a_range_that_cuts_an_interval(model: TableModel) -> None:
    values = model.values(6_000, where={"income": "2010..2440"}, seed=1)[:, 2]
    real = people().take(torch.arange(4_000))[0][:, 2]
    real = real[(real >= 2_010) & (real <= 2_440)]
    assert float(values.min()) < 2_015
    assert float(values.max()) > 2_435
    assert abs(float(values.mean()) - float(real.mean())) < 25


def test_weights_estimate_the_probability_of_a_condition(model: TableModel) -> None:
    where = {"age": "<25", "income": ">3000"}
    game, space = chain(model), model.table
    parts = parts_of(space, parse_where(where, space))
    exact = joint(game)
    for column, part in parts.items():
        exact = exact * part.weights.view([-1 if i == column else 1 for i in range(4)])
    _, log_w = roll(game, ask(space, game.order, model.pool, parts), 8_000, Noise(0))
    assert float(log_w.exp().mean()) == pytest.approx(float(exact.sum()), rel=0.03)
    weights = log_w.exp()
    assert float(weights.sum() ** 2 / weights.square().sum()) > 0.7 * len(weights)


def agreeing_bits(turn: float) -> TableModel:
    """Nine bits, each the one before it but for a chance `turn`."""
    rng = np.random.default_rng(0)
    names = [f"b{i}" for i in range(9)]
    fields = [CategoryField(name=name, names=("0", "1")) for name in names]
    values = torch.from_numpy((rng.random((3_000, 9)) < 0.4).astype(float))
    game = ChainGame(TableDataset(values, fit_space(fields, values), name="bits"))
    game.first.fill_(0.5)
    for step in game.steps:
        step.copy_(torch.tensor([[1 - turn, turn], [turn, 1 - turn]]).double())
    return table_model(game)


def test_hard_conditions_take_many_draws() -> None:
    """Bits that nothing before them foretells: they turn twice, and no pool has seen that."""
    model = agreeing_bits(5e-4)
    where = {"b3": "1", "b5": "0", "b8": "1"}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        made = model.values(200, where=where, seed=0)
    assert ["fewer than one" in str(w.message) for w in told] == [True, False]
    assert "only with difficulty" in str(told[1].message)
    assert bool((made[:, [3, 5, 8]] == torch.tensor([1.0, 0.0, 1.0])).all())
    turned = (made[:, 4] == 0).double().mean()  # the first turn is before b4 or after it
    assert 0.2 < float(turned) < 0.8  # few draws count, so shares scatter widely


def test_the_same_call_gives_the_same_rows(model: TableModel) -> None:
    where = {"vip": "yes", "age": ">=40"}
    first, second = (model.values(300, where=where, seed=9) for _ in range(2))
    assert torch.equal(first.nan_to_num(), second.nan_to_num())
    other = model.values(300, where=where, seed=10)
    assert not torch.equal(first.nan_to_num(), other.nan_to_num())


def test_rows_of_a_seed_do_not_depend_on_their_number(model: TableModel) -> None:
    many = model.values(5_000, seed=2)
    few = model.values(4_100, seed=2, batch_size=1_000)
    assert torch.equal(few.nan_to_num(), many[:4_100].nan_to_num())


WRONG: dict[str, tuple[Mapping[str, Any], str]] = {
    "an unknown column": ({"ages": 3}, "no column 'ages'. Did you mean 'age'"),
    "an unknown category": ({"city": "Olso"}, "Did you mean 'Oslo'"),
    "no number": ({"age": "old"}, "holds numbers"),
    "a range without an order": ({"city": "Oslo..Å"}, "has no order"),
    "a range that ends before it begins": ({"age": "40..30"}, "ends before it begins"),
    "between two values": ({"age": 30.5}, "no value of the column"),
    "a range between two values": ({"age": "30.2..30.8"}, "no values from 30.2 to 30.8"),
    "beyond the data": (
        {"age": ">95"},
        r"no row has age 96\.\.\. Rows have age 18\.\.7\d",
    ),
    "none": ({"city": []}, "no values"),
    "never missing": ({"vip": None}, r"no row has vip missing. There are: .*yes \(1,"),
}


@pytest.mark.parametrize(("where", "message"), WRONG.values(), ids=WRONG)
def test_impossible_conditions_show_what_there_is(
    model: TableModel, where: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(ConditionError, match=message):
        model.values(10, where=where)


def test_conditions_that_never_meet_say_how_many_rows_meet_each() -> None:
    values = torch.tensor([[0.0, 0.0], [1.0, 1.0]], dtype=torch.float64).repeat(50, 1)
    fields = [CategoryField(name=name, names=("x", "y")) for name in "ab"]
    game = ChainGame(TableDataset(values, fit_space(fields, values), name="twins"))
    game.steps[0] = torch.eye(2, dtype=torch.float64)
    model = table_model(game)
    with pytest.raises(ConditionError, match="a: 50 rows, b: 50 rows, of 100"):
        model.values(10, where={"a": "x", "b": "y"})


def test_protected_categories_are_not_made() -> None:
    values = torch.tensor([0.0] * 50 + [1.0] * 40 + [2.0] * 2, dtype=torch.float64)[:, None]
    fields = [CategoryField(name="c", names=("a", "b", "few"))]
    game = ChainGame(TableDataset(values, fit_space(fields, values), name="few"))
    model = table_model(game)
    with pytest.raises(ConditionError, match="Rare values are protected"):
        model.values(5, where={"c": "few"})
    assert set(model.values(100, where={"c": "!=a"})[:, 0].tolist()) == {1.0}


@pytest.mark.filterwarnings("ignore:by the model")
def test_real_numbers_can_be_asked_for_exactly() -> None:
    rng = np.random.default_rng(0)
    values = torch.from_numpy(rng.normal(size=(2_000, 2)).cumsum(1))
    fields = [FloatField(name="x"), FloatField(name="y")]
    game = ChainGame(TableDataset(values, fit_space(fields, values), name="walk"))
    model = table_model(game)
    made = model.values(500, where={"y": [0.5, 1.25]})
    assert set(made[:, 1].tolist()) == {0.5, 1.25}
    at_half = made[made[:, 1] == 0.5, 0].mean()
    assert abs(float(at_half) - 0.25) < 0.15


def test_weight_gives_shares_and_keeps_the_rest_in_proportion(model: TableModel) -> None:
    made = model.values(8_000, weight={"city": {"Å": 0.5}}, seed=4)[:, 0]
    assert int((made == 3).sum()) == 4_000
    real = people().take(torch.arange(4_000))[0][:, 0]
    for city in range(3):
        share = float((made == city).sum() / (made < 3).sum())
        assert share == pytest.approx(float((real == city).sum() / (real < 3).sum()), abs=0.02)
    assert 0.4 < float((made[:500] == 3).double().mean()) < 0.6  # shuffled
    ages = model.values(100, weight={"age": {">=50": 0.3, "<30": 0.7}}, seed=4)[:, 1]
    assert (int((ages >= 50).sum()), int((ages < 30).sum())) == (30, 70)
    both = model.values(100, where={"vip": "no"}, weight={"income": {"missing": 0.25}}, seed=1)
    assert int(both[:, 2].isnan().sum()) == 25
    assert bool((both[:, 3] == 0).all())


@pytest.mark.parametrize(
    ("weight", "where", "message"),
    [
        ({"city": {"Å": 0.5}, "vip": {"yes": 0.5}}, {}, "it takes one"),
        ({"city": {"Å": 0.7, "Oslo": 0.7}}, {}, "add up to at most 1"),
        ({"city": {"Å": -0.1}}, {}, "from 0 to 1"),
        ({"city": {"Å": 0.5}}, {"city": "Oslo"}, "in where and in weight"),
        ({"age": {">=30": 0.5, "<31": 0.5}}, {}, "twice"),
    ],
)
def test_shares_that_cannot_be(
    model: TableModel, weight: Any, where: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(ConditionError, match=message):
        model.values(10, weight=weight, where=where)


class WholeRows(Game):
    """Makes rows at once, as a one-shot generator does."""

    def __init__(self, game: ChainGame) -> None:
        super().__init__()
        self.space, self._rows = game.space, game

    def draw(self, n: int, noise: Noise) -> Inputs:
        return self._rows.draw(n, noise)

    def generate(self, inputs: Inputs) -> Tensor:
        return self._rows.generate(inputs)


def test_a_generator_of_whole_rows_is_asked_until_rows_obey(model: TableModel) -> None:
    whole = table_model(WholeRows(chain(model)))
    made = whole.values(300, where={"vip": "yes", "age": "30..50"})
    assert bool(((made[:, 1] >= 30) & (made[:, 1] <= 50) & (made[:, 3] == 1)).all())
    with pytest.raises(ConditionError, match="0 of 204,800 rows drawn obey city Å and age 18"):
        whole.values(5, where={"city": "Å", "age": "18..19", "vip": "yes", "income": ">8000"})
    with pytest.raises(ConditionError, match="cannot complete"):
        whole.complete(pa.table({"city": ["Oslo"]}))


def test_rows_are_saved_block_by_block(model: TableModel, tmp_path: Path) -> None:
    told: list[int] = []
    path = model.write(
        tmp_path / "x.parquet", 9_000, seed=3, progress=lambda _, done, total: told.append(done)
    )
    assert told == [4_096, 8_192, 9_000]
    read = pyarrow.parquet.read_table(path)
    assert read.column_names == ["city", "age", "income", "vip"]
    assert read.num_rows == 9_000
    frame = model.sample(9_000, seed=3)
    assert read.column("city").to_pylist() == list(frame["city"])
    plain = pyarrow.csv.read_csv(model.write(tmp_path / "x.csv", 50, where={"city": "Å"}))
    assert set(plain.column("city").to_pylist()) == {"Å"}
    with pytest.raises(RunError, match=r"Allowed: \.csv, .*\.parquet"):
        model.write(tmp_path / "x.png", 5)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.csv", "x.parquet"]


def test_a_part_gives_every_piece_of_a_code_its_width(model: TableModel) -> None:
    allowed = parse_where({"income": "2000..2002,2006..2010"}, model.table)["income"]
    part = CodeShares.of(model.table.codecs[2], allowed)
    several = part.code.bincount().argmax()
    assert int((part.code == several).sum()) == 2
    places = part.place(several.expand(4_000), Noise(0).uniform(4_000).double())
    mine = part.code == several
    for first, width in zip(part.first[mine], part.width[mine], strict=True):
        inside = (places >= first) & (places < first + width)
        expected = float(width / part.width[mine].sum())
        assert float(inside.double().mean()) == pytest.approx(expected, abs=0.03)
