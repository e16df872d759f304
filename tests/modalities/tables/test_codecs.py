"""Codes of numbers: the tails of a column are as long as in the data."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from zerosum.modalities.tables.codecs import NumberCodec
from zerosum.modalities.tables.fields import FloatField
from zerosum.modalities.tables.judging.sketch import _column

Draw = Callable[[int], np.ndarray]
RNG = np.random.default_rng(0)
LAWS: dict[str, Draw] = {
    "lognormal": lambda n: RNG.lognormal(0, 2, n),
    "pareto": lambda n: RNG.pareto(2, n),
    "normal": lambda n: RNG.normal(size=n),
}


def made_by(codec: NumberCodec, n: int) -> np.ndarray:
    """Values by a model that knows how frequent every code is, and no more."""
    shares = np.array(codec.counts) / sum(codec.counts)
    x = RNG.choice(codec.size, n, p=shares) + RNG.random(n)
    return codec.decode(torch.from_numpy(x)).numpy()


@pytest.mark.parametrize("law", sorted(LAWS))
def test_tails_of_many_rows(law: str) -> None:
    values = LAWS[law](400_000)
    made = made_by(NumberCodec.fit("x", values, places=None), 400_000)
    for beyond in (0.01, 0.001, 0.0002):
        high = np.quantile(values, 1 - beyond)
        assert (made > high).mean() / beyond == pytest.approx(1, abs=0.35)


def test_interval_ends_are_those_that_five_rows_reach() -> None:
    values = np.sort(RNG.lognormal(0, 2, 50_000))
    codec = NumberCodec.fit("x", values, places=None)
    assert codec.knots[-1][-1] == values[-5]
    assert codec.knots[0][0] == values[4]


def test_even_columns_have_no_tails() -> None:
    codec = NumberCodec.fit("x", RNG.random(30_000), places=None)
    assert codec.size == 64


def test_few_rows_have_few_knots() -> None:
    few, many = (NumberCodec.fit("x", RNG.random(n), places=None) for n in (5_000, 300_000))
    assert (len(few.knots[0]), len(many.knots[0])) == (9, 33)


def test_reports_show_tails() -> None:
    real = RNG.normal(size=5_000)
    made = np.concatenate([RNG.normal(size=4_900), np.full(100, 9.0)])
    notes = _column(FloatField(name="x"), real, made).notes
    assert notes[1].startswith("above 2.")
    assert notes[1].endswith("1.00% of reals")
    assert float(notes[1].split(": ")[1].split("%")[0]) > 2.5
