"""Rows of a table are judged from end to end, and the report draws them."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.evaluation.reports.test_page import EVIL, read
from tests.modalities.tables.chain import ChainGame, people, table_model
from zerosum.data.base import ArrayDataset
from zerosum.errors import EvaluationError
from zerosum.evaluation.judging.figures import Evaluation
from zerosum.evaluation.reports.page import page
from zerosum.modalities.tables.fields import CategoryField, Field, FloatField
from zerosum.modalities.tables.judging.part import TablePart
from zerosum.modalities.tables.modality import rare_classes, require_target
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.reading.dataset import TableDataset, fit_space
from zerosum.modalities.tables.space import TableSpace
from zerosum.modalities.tables.unmodelled_fields import KeyField
from zerosum.workflows.evaluate import evaluate

pytestmark = pytest.mark.usefixtures("small_judges")

TRAIN = people(1_200)


def space_of(data: TableDataset) -> TableSpace:
    assert isinstance(data.space, TableSpace)
    return data.space


SPACE = space_of(TRAIN)


def held(n: int = 300, seed: int = 1, **other: Any) -> TableDataset:
    values = people(n, seed).take(torch.arange(n))[0]
    return TableDataset(values, SPACE, name="held", **other)


def judged(model: TableModel | None = None, **more: Any) -> Evaluation:
    model = model or table_model(ChainGame(TRAIN))
    known: dict[str, Any] = {"data": TRAIN, "holdout": held(), "replicates": 5}
    return evaluate(model, **(known | more))


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return judged(target="vip")


def test_figures_are_those_of_tables(found: Evaluation) -> None:
    names = [figure.name for figure in found]
    assert {"quality", "c2st_boosted", "cluster_agreement", "frechet_distance"} <= set(names)
    assert "sliced_wasserstein" not in names
    assert "class_score" not in names
    assert found["quality"].value > 0.85
    assert found.subject["features"] == "columns"
    assert "target=vip" in found["train_on_synthetic_target_auc"].full_name
    assert "train_on_synthetic_target_r2" not in names
    assert not [said for said in found.warnings if "too small" in said]


def test_the_same_seed_gives_the_same_figures(found: Evaluation) -> None:
    assert judged(target="vip").figures == found.figures


def test_the_report_draws_columns_pairs_groups_and_rows(found: Evaluation, tmp_path: Path) -> None:
    html = read(found.save(tmp_path / "report.html").read_text(encoding="utf-8"))
    for words in ("Columns", "Pairs of columns", "Groups", "Samples beside reals", "Bodø"):
        assert words in html.text
    assert "script" not in html.tags
    assert not [value for name, value in html.attributes if name in ("src", "href")]
    data = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    classes, table = data["parts"]
    assert classes["kind"] == "classes"
    assert {column["name"] for column in table["columns"]} == set(SPACE.names)
    assert np.array(table["trends"]).shape == (4, 4)
    part = found.part("table")
    assert isinstance(part, TablePart)
    scores = [one.score for one in part.sketch.columns]
    assert scores == sorted(scores)
    assert Evaluation.from_json(data) == found
    assert repr(asdict(Evaluation.from_json(data))) == repr(asdict(found))


def test_names_cannot_break_the_report(found: Evaluation) -> None:
    values = people(400).take(torch.arange(400))[0][:, [0, 2]]
    fields: list[Field] = [
        CategoryField(name="<script>alert('x')</script>", names=(EVIL, "b", "c", "d")),
        FloatField(name=EVIL, places=2),
    ]
    data = TableDataset(values, fit_space(fields, values), name=EVIL)
    model = table_model(ChainGame(data))
    html = read(page(evaluate(model, data=data, replicates=0)))
    assert "<script>alert('x')</script>" in html.text
    assert "script" not in html.tags
    assert "b" not in html.tags
    assert not [name for name, _ in html.attributes if name.startswith("on")]


def test_a_small_table_is_warned_of() -> None:
    small = people(300)
    model = table_model(ChainGame(small))
    said = " ".join(judged(model, data=small, holdout=held(100), n=50, replicates=0).warnings)
    assert "too small" in said
    assert "300 training rows and 100 rows of the holdout" in said


def test_a_copier_is_found_and_a_good_model_is_not() -> None:
    class Copier(TableModel):
        def values(self, n: int, **_: Any) -> torch.Tensor:
            return TRAIN.take(torch.arange(n))[0]

    copier = table_model(ChainGame(TRAIN), Copier)
    assert "signs of memorisation" in judged(copier, replicates=20).verdict
    assert "memorisation" not in judged(replicates=20).verdict


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"target": "vpi"}, "no column 'vpi' to predict. Did you mean 'vip'?"),
        ({"features": "self"}, "no features 'self' for rows"),
        ({"features": "inception"}, "Allowed: columns"),
        ({"holdout": TRAIN}, "this is training data"),
        ({"holdout": ArrayDataset(torch.zeros(9, 4), None, name="points")}, "holds points of 4"),
        ({"n": 5_000}, "it may be 2 to 300"),
    ],
)
def test_what_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(EvaluationError, match=message.replace("(", "\\(")):
        judged(**more)


def test_a_holdout_of_other_columns_is_refused() -> None:
    values = people(300, 1).take(torch.arange(300))[0]

    def holdout(*fields: Field, columns: slice | list[int] = slice(None)) -> TableDataset:
        rows = values[:, columns]
        return TableDataset(rows, fit_space(fields, rows), name="held")

    city, age, income, vip = SPACE.modelled
    with pytest.raises(EvaluationError, match="no column 'vip'"):
        judged(holdout=holdout(city, age, income, columns=slice(3)))
    with pytest.raises(EvaluationError, match="columns that the model lacks: 'cities'"):
        judged(
            holdout=TableDataset(
                torch.cat([values, values[:, :1]], dim=1),
                fit_space(
                    [city, age, income, vip, city.model_copy(update={"name": "cities"})],
                    torch.cat([values, values[:, :1]], dim=1),
                ),
                name="held",
            )
        )
    other = city.model_copy(update={"names": ("Å", "Oslo", "Bergen", "Bodø")})
    with pytest.raises(EvaluationError, match="other values of 'city'"):
        judged(holdout=holdout(other, age, income, vip))
    with pytest.raises(EvaluationError, match="another order"):
        judged(holdout=holdout(age, city, income, vip, columns=[1, 0, 2, 3]))


def test_a_key_is_no_target() -> None:
    space = SPACE.model_copy(update={"fields": (*SPACE.fields, KeyField(name="id"))})
    with pytest.raises(EvaluationError, match="a key or a constant"):
        require_target(space, "id")


def test_numbers_that_are_missing_alike_are_shared_rows() -> None:
    # What is missing has many forms in memory, and each must equal the others.
    rows = TRAIN.take(torch.arange(1_200))[0].clone()
    rows[rows.isnan()] = -torch.tensor(torch.nan, dtype=torch.float64)
    again = TableDataset(rows, SPACE, name="again")
    with pytest.raises(EvaluationError, match="1,200 of 1,200 rows"):
        judged(holdout=again)


def test_classes_of_a_dozen_rows_are_named() -> None:
    names = CategoryField(name="kind", names=("often", "seldom"))
    values = torch.tensor([[0.0]] * 300 + [[1.0]] * 12)
    space = fit_space([names], values)
    (warning,) = rare_classes(space, "kind")
    assert "seldom (12)" in warning
    assert "often" not in warning
