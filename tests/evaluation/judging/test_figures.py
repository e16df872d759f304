"""Figures and evaluations: places between floor and ceiling, and the trip through JSON."""

import json
from dataclasses import replace
from typing import Any

import pytest

from zerosum.errors import EvaluationError
from zerosum.evaluation.judging.figures import Evaluation, Figure

PLAIN = Figure("recall", "k=5", 0.5, 0.4, 0.6, 1.0, 0.0, "higher", "A share.", "Somebody 2020")
WHOLE = Evaluation(
    subject={"name": "a", "n": 5},
    figures=(PLAIN, replace(PLAIN, name="alone", low=None, high=None, ceiling=None, floor=None)),
    verdict="So so.",
    warnings=("Beware.",),
    curves={"loss": [(64, 0.5), (128, 0.25)]},
    events=({"event": "diagnosis", "step": 3},),
    seconds=1.25,
)


@pytest.mark.parametrize(
    ("better", "floor", "ceiling", "value", "place"),
    [
        ("higher", 0.0, 1.0, 0.25, 0.25),
        ("lower", 10.0, 2.0, 4.0, 0.75),
        ("lower", 10.0, 2.0, 12.0, -0.25),
        ("one", 3.0, 1.0, 0.5, 0.75),
        ("one", 0.0, 1.5, 1.25, 1.5),
        ("lower", 10.0, 2.0, float("inf"), float("-inf")),
    ],
)
def test_places(better: Any, floor: float, ceiling: float, value: float, place: float) -> None:
    figure = replace(PLAIN, better=better, floor=floor, ceiling=ceiling, value=value)
    assert figure.standing == pytest.approx(place)


@pytest.mark.parametrize(
    ("floor", "ceiling", "value"),
    [(None, 1.0, 0.5), (0.0, None, 0.5), (1.0, 1.0, 0.5), (float("inf"), 1.0, 0.5),
     (0.0, 1.0, float("nan"))],
)  # fmt: skip
def test_no_place(floor: float | None, ceiling: float | None, value: float) -> None:
    assert replace(PLAIN, floor=floor, ceiling=ceiling, value=value).standing is None


def test_a_trip_through_json() -> None:
    assert Evaluation.from_json(json.loads(WHOLE.dumps())) == WHOLE
    assert json.loads(WHOLE.dumps())["figures"][0]["standing"] == 0.5


def test_numbers_that_json_cannot_hold_are_null() -> None:
    worst = replace(WHOLE, figures=(replace(PLAIN, value=float("inf"), better="lower"),))
    text = worst.dumps()
    assert "Infinity" not in text
    (row,) = json.loads(text)["figures"]
    assert (row["value"], row["standing"]) == (None, None)
    (figure,) = Evaluation.from_json(json.loads(text)).figures
    assert figure.value != figure.value


@pytest.mark.parametrize("data", [{}, {"schema": 1}, {"schema": "x"}, {"schema": 1, "subject": 3}])
def test_what_is_no_evaluation_is_refused(data: Any) -> None:
    with pytest.raises(EvaluationError, match="no evaluation of zerosum's"):
        Evaluation.from_json(data)


def test_a_newer_schema_is_refused() -> None:
    with pytest.raises(EvaluationError, match=r"schema 2.*reads up to 1\. Upgrade"):
        Evaluation.from_json(WHOLE.to_json() | {"schema": 2})


def test_figures_by_name() -> None:
    assert WHOLE["recall"] is PLAIN
    assert [figure.name for figure in WHOLE] == ["recall", "alone"]
    with pytest.raises(EvaluationError, match=r"no figure 'reca'\. Did you mean"):
        WHOLE["reca"]
