"""The way between values and what networks see."""

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from zerosum.errors import DataError, ZerosumError
from zerosum.modalities.tables.codecs import CategoryCodec, NumberCodec
from zerosum.modalities.tables.fields import CategoryField, FloatField, IntegerField
from zerosum.modalities.tables.reading.dataset import fit_space
from zerosum.modalities.tables.space import TableSpace
from zerosum.spaces import Space
from zerosum.testing import small_dataset
from zerosum.workflows.data import open_data


def numbers(seed: int = 0, n: int = 2_000) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(size=n).round(3)


def test_values_come_back_through_codes() -> None:
    dataset = small_dataset("table")
    values, _ = dataset.take(torch.arange(len(dataset)))
    back = dataset.space.to_data(dataset.space.to_model(values))
    assert torch.equal(back.isnan(), values.isnan())
    inner = (back - values).nan_to_num().abs() <= 0.1 + 1e-9
    assert inner.double().mean() > 0.9  # all but the extremes, which are protected


def test_codes_stay_when_coded_again() -> None:
    for values in (numbers(), np.repeat(np.arange(9.0), 40), np.r_[numbers(), np.zeros(3_000)]):
        codec = NumberCodec.fit("x", values, places=3)
        x = codec.encode(torch.from_numpy(values))
        again = codec.encode(codec.decode(x))
        assert torch.equal(x.floor(), again.floor())
        assert np.bincount(x.floor().long().numpy(), minlength=codec.size).tolist() == list(
            codec.counts
        )


def test_a_space_survives_json() -> None:
    space = small_dataset("table").space
    again = Space.from_json(json.loads(json.dumps(space.to_json())))
    assert again == space
    assert isinstance(again, TableSpace)
    assert again.sizes == tuple(len(codec.counts) for codec in again.codecs)


def test_spikes_have_codes_of_their_own_and_the_rest_intervals() -> None:
    values = np.r_[np.zeros(900), np.full(90, 5.0), numbers(n=1_000) + 10]
    codec = NumberCodec.fit("x", values, places=3)
    singles = [knots[0] for knots in codec.knots if len(knots) == 1]
    assert 0.0 in singles
    assert 5.0 in singles
    assert codec.counts[0] == 900


def test_a_short_column_has_few_codes() -> None:
    integers = np.random.default_rng(0).integers(0, 90, size=4_000)
    for n, intervals, codes in ((200, 8, 20), (1_000, 25, 25), (4_000, 64, 90)):
        assert NumberCodec.fit("x", numbers(n=n), places=None).size == intervals
        found = NumberCodec.fit("x", integers[:n].astype(float), places=0).size
        assert found <= codes
        assert (found == 90) == (codes == 90)


def test_no_extreme_row_is_given_back() -> None:
    values = np.r_[numbers(), 1e6]
    codec = NumberCodec.fit("x", values, places=3, least=5)
    highest = codec.decode(torch.full((1,), codec.size - 1 + 0.9999))
    assert float(highest) <= np.sort(values)[-5]
    kept = NumberCodec.fit("x", values, places=3, least=1)
    assert float(kept.decode(torch.full((1,), kept.size - 1 + 0.9999))) > 1e5


def test_rare_categories_share_a_code_that_is_never_drawn() -> None:
    values = np.r_[np.zeros(50), np.ones(30), [2.0, 3.0, 3.0], np.full(4, np.nan)]
    codec = CategoryCodec.fit("c", values, least=5)
    assert codec.counts == (50, 30, 3, 4)
    assert codec.forbidden == (2,)
    assert codec.missing == 3
    x = codec.encode(torch.tensor([1.0, 2.0, float("nan"), 9.0], dtype=torch.float64))
    assert x.floor().tolist() == [1, 2, 3, 2]
    assert codec.decode(x)[0] == 1
    assert codec.decode(x)[1:].isnan().all()


def test_a_range_is_cut_out_of_intervals_by_rank() -> None:
    values = np.linspace(0, 1, 10_001)
    codec = NumberCodec.fit("x", values, places=None, least=1, num_intervals=10)
    first, last = codec.within(0.25, 0.45)
    shares = (last - first).clamp_min(0) * torch.tensor(codec.counts) / len(values)
    assert float(shares.sum()) == pytest.approx(0.2, abs=1e-3)
    assert float((last - first).clamp_min(0)[5:].sum()) == 0


def test_rows_are_embedded_alike() -> None:
    rows = numbers(n=4_000)
    names = ("a", "b")
    fields = [FloatField(name="x", places=3), CategoryField(name="c", names=names)]
    values = torch.from_numpy(np.stack([rows, (rows > 1).astype(float)], 1))
    space = fit_space(fields, values)
    features = space.embed(space.to_model(values))
    assert features.shape == (4_000, 3)
    assert float(features[:, 0].mean()) == pytest.approx(0, abs=0.02)
    assert float(features[:, 0].var()) == pytest.approx(1, abs=0.02)


def test_a_table_without_anything_to_learn_is_refused() -> None:
    with pytest.raises(DataError, match="nothing to learn"):
        fit_space([], torch.empty(10, 0))


def test_integers_that_lose_digits_are_refused() -> None:
    import pyarrow as pa

    with pytest.raises(DataError, match="key"):
        IntegerField(name="id").to_values(pa.chunked_array([[2**60, 1]]))


def _spaces() -> dict[str, dict[str, Any]]:
    """Spaces as JSON: one of numbers and categories, and one with constraints and other fields."""
    import pyarrow as pa

    rng = np.random.default_rng(0)
    low, a = rng.normal(size=60).round(1), rng.integers(0, 5, 60)
    table = pa.table(
        {
            "key": [f"k{i:03d}" for i in range(60)], "city": ["x", "y", "z"] * 20, "low": low,
            "high": (low + rng.random(60)).round(1), "a": a, "total": 2 * a,
            "at": pa.array(range(0, 216_000, 3_600), pa.timestamp("s", "Europe/Oslo")),
        }
    )  # fmt: skip
    constraints = [
        {"kind": "inequality", "low": "low", "high": "high"},
        {"kind": "formula", "total": "total", "formula": "2 * a"},
    ]
    return {
        "small": small_dataset("table").space.to_json(),
        "constrained": open_data(table, constraints=constraints)[0].space.to_json(),
    }


MISFITS = {
    "an unknown type": ("small", lambda s: s["fields"][0].update(dtype="zz"), "zz"),
    "a type of another kind": ("constrained", lambda s: _of(s, "at").update(dtype="int64"), "fit"),
    "no such zone": (
        "constrained", lambda s: _of(s, "at").update(dtype="timestamp[s, tz=Ut/Opia]"), "Opia"
    ),
    "codes without a field": ("small", lambda s: s["fields"].pop(0), "codes of 'class'"),
    "a field without codes": ("small", lambda s: s["codecs"].pop(0), "'class', 'x0'"),
    "codes in another order": ("small", lambda s: s["codecs"].reverse(), "codes of"),
    "a name twice": ("small", lambda s: s["fields"].append(s["fields"][0]), "same name"),
    "no knots": ("small", lambda s: s["codecs"][1].update(knots=[]), "counts"),
    "too many counts": ("small", lambda s: s["codecs"][1]["counts"].append(3), "counts"),
    "no counts": ("small", lambda s: s["codecs"][1].update(counts=[]), "at least 1"),
    "negative counts": ("small", lambda s: s["codecs"][0]["counts"].__setitem__(0, -3), "-3"),
    "knots in no order": ("small", lambda s: s["codecs"][2]["knots"][0].reverse(), "ascending"),
    "a knot of nothing": ("small", lambda s: s["codecs"][2]["knots"].__setitem__(0, []), "knots"),
    "a category too many": ("small", lambda s: s["codecs"][0].update(values=[0, 1, 9]), "more"),
    "a category twice": ("small", lambda s: s["codecs"][0].update(values=[1] * 3), "one"),
    "a name of two": ("small", lambda s: s["fields"][0].update(names=["a"] * 3), "twice"),
    "fewer names": ("small", lambda s: s["fields"][0].update(names=["a"]), "more categories"),
    "absurd decimals": ("small", lambda s: s["fields"][1].update(places=10**9), "places"),
    "no rows": ("small", lambda s: s.update(num_rows=0), "num_rows"),
    "no column": ("constrained", lambda s: s["constraints"][0].update(low="zz"), "no column 'zz'"),
    "no distance": ("constrained", lambda s: _one(s, "inequality").update(made=[]), "codes of"),
    "no decimals": ("constrained", lambda s: _one(s, "inequality").update(decimals=[]), "fit"),
    "not constructed": (
        "constrained", lambda s: _one(s, "formula").update(constructed=False), "codes of"
    ),
    "keys of no letters": ("constrained", lambda s: _of(s, "key").update(letters=["", "a"]), "key"),
}  # fmt: skip


def _of(space: dict[str, Any], name: str) -> dict[str, Any]:
    return next(field for field in space["fields"] if field["name"] == name)


def _one(space: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(one for one in space["constraints"] if one["kind"] == kind)


@pytest.mark.parametrize(("which", "change", "words"), MISFITS.values(), ids=MISFITS)
def test_parts_that_do_not_fit_are_refused_when_a_space_is_read(
    which: str, change: Callable[[dict[str, Any]], object], words: str
) -> None:
    body = _spaces()[which]
    assert Space.from_json(copy.deepcopy(body)).to_json() == body
    change(body)
    with pytest.raises(ZerosumError, match=words):
        Space.from_json(body)
