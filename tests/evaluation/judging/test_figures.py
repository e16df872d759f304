"""Figures and evaluations: places between floor and ceiling, and the trip through JSON."""

import json
from dataclasses import asdict, replace
from random import Random
from typing import Any

import pytest

from zerosum.errors import EvaluationError
from zerosum.evaluation.judging.comparison import Comparison
from zerosum.evaluation.judging.figures import Evaluation, MetricResult
from zerosum.evaluation.judging.saved import decoded, encoded
from zerosum.evaluation.metrics.base import Memorisation
from zerosum.evaluation.reports.parts import Card, Drawn, NeighboursPart, SamplesPart

PLAIN = MetricResult(
    "recall", "Recall", "k=5", 0.5, 0.4, 0.6, 1.0, 0.0, "higher", "A share.", "Somebody 2020"
)
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


def number(random: Random) -> float:
    odd = [0.0, -0.0, 1e-300, 1 / 3, float("inf"), float("-inf"), float("nan")]
    return random.choice([*odd, random.gauss(0, 1e3)])


def text(random: Random) -> str:
    odd = ["", "NaN", "Infinity", "null", "<b>&\"'", "é – \u2028 \x7f", "a\nb"]
    return random.choice([*odd, "".join(chr(random.randrange(32, 1_000)) for _ in range(9))])


def anything(random: Random, depth: int = 0) -> Any:
    """A JSON value, or one with numbers that are not finite."""
    kinds = [number, text, lambda _: None, lambda _: True, lambda r: r.randrange(-9, 2**60)]
    if depth < 3:
        kinds += [
            lambda r: [anything(r, depth + 1) for _ in range(r.randrange(3))],
            lambda r: {text(r): anything(r, depth + 1) for _ in range(r.randrange(3))},
        ]
    return random.choice(kinds)(random)


def png(random: Random) -> bytes:
    return random.randbytes(random.randrange(1, 40))


def random_figure(random: Random, name: str) -> MetricResult:
    low, high, ceiling, floor = (random.choice([None, number(random)]) for _ in range(4))
    return MetricResult(
        name, text(random), text(random), number(random), low, high, ceiling, floor,
        random.choice(["lower", "higher", "one"]), text(random), text(random),
        random.choice([None, Memorisation(number(random), number(random))]),
    )  # fmt: skip


def random_evaluation(random: Random) -> Evaluation:
    cards = tuple(
        Card(png(random), (png(random), png(random)), (number(random), 1.0), "random")
        for _ in range(random.randrange(3))
    )
    drawn = Drawn(png(random), text(random), random.choice([True, False]))
    return Evaluation(
        subject={text(random): anything(random) for _ in range(4)} | {"name": text(random)},
        figures=tuple(random_figure(random, f"f{i}") for i in range(random.randrange(5))),
        verdict=text(random),
        warnings=tuple(text(random) for _ in range(random.randrange(3))),
        parts=random.choice([
            (), (SamplesPart(text(random), drawn, random.choice([None, drawn])),
                 NeighboursPart(cards, random.randrange(99))),
        ]),
        curves={text(random): [(i, number(random)) for i in range(random.randrange(4))]},
        events=tuple({text(random): anything(random)} for _ in range(random.randrange(3))),
        seconds=abs(random.gauss(0, 1)),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_lost_on_the_way_through_json(seed: int) -> None:
    random = Random(seed)
    one, other = random_evaluation(random), random_evaluation(random)
    again = Evaluation.from_json(json.loads(one.dumps()))
    assert again == one
    assert repr(asdict(again)) == repr(asdict(one)), (
        "equal in every type and in every number that is not finite"
    )
    both = Comparison((one, other), (text(random),), text(random), abs(random.gauss(0, 1)))
    back = Comparison.from_json(json.loads(both.dumps()))
    assert back == both
    assert repr(asdict(back)) == repr(asdict(both))


@pytest.mark.parametrize("seed", range(60))
def test_values_are_decoded_to_what_was_encoded(seed: int) -> None:
    value = anything(Random(seed))
    text = json.dumps(encoded(value), allow_nan=False)
    assert repr(decoded(json.loads(text))) == repr(value)


def test_evaluations_that_differ_are_not_equal() -> None:
    assert Evaluation.from_json(json.loads(WHOLE.dumps())) == WHOLE
    odd = replace(WHOLE, figures=(replace(PLAIN, value=float("nan")),))
    assert odd == replace(odd)
    assert replace(odd, figures=(replace(PLAIN, value=float("inf")),)) != odd
    assert replace(WHOLE, seconds=1.5) != WHOLE
    assert Comparison((WHOLE,)) != WHOLE


def test_json_says_what_follows_from_the_numbers() -> None:
    (row, _) = json.loads(WHOLE.dumps())["figures"]
    assert (row["standing"], row["full_name"]) == (0.5, "recall (k=5)")


def test_numbers_that_json_cannot_hold_are_named() -> None:
    worst = replace(WHOLE, figures=(replace(PLAIN, value=float("inf"), better="lower"),))
    (row,) = json.loads(worst.dumps())["figures"]
    assert (row["value"], row["standing"]) == ({"number": "Infinity"},) * 2


def test_evaluations_of_schema_1_are_read() -> None:
    old: dict[str, Any] = WHOLE.to_json() | {"schema": 1}
    del old["parts"]
    for row in old["figures"]:
        del row["title"], row["memorisation"]
    old["figures"][0] |= {"name": "feature_spread", "value": None}
    found = Evaluation.from_json(old)
    assert [figure.title for figure in found] == ["Feature spread", "Alone"]
    assert found["feature_spread"].value != found["feature_spread"].value
    assert found.parts == ()


@pytest.mark.parametrize("data", [{}, {"schema": 1}, {"schema": "x"}, {"schema": 1, "subject": 3}])
def test_what_is_no_evaluation_is_refused(data: Any) -> None:
    with pytest.raises(EvaluationError, match="no evaluation of zerosum's"):
        Evaluation.from_json(data)


def test_a_newer_schema_is_refused() -> None:
    with pytest.raises(EvaluationError, match=r"schema 3.*reads up to 2\. Upgrade"):
        Evaluation.from_json(WHOLE.to_json() | {"schema": 3})


def test_figures_by_name() -> None:
    assert WHOLE["recall"] is PLAIN
    assert [figure.name for figure in WHOLE] == ["recall", "alone"]
    with pytest.raises(EvaluationError, match=r"no figure 'reca'\. Did you mean"):
        WHOLE["reca"]
