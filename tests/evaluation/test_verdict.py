"""The sentence says what the figures say, and nothing more."""

from typing import Any

import pytest

from zerosum.evaluation.figures import Figure
from zerosum.evaluation.verdict import carries, reaches_ceiling, verdict


def figure(value: float, *, ceiling: float | None = 0.0, floor: float | None = 10.0,
           **more: Any) -> Figure:  # fmt: skip
    known: dict[str, Any] = {
        "name": "distance", "protocol": "pixels, holdout, N=9", "low": None, "high": None,
        "better": "lower", "meaning": "How far.", "source": "Somebody 2020",
    }  # fmt: skip
    return Figure(value=value, ceiling=ceiling, floor=floor, **(known | more))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "Not told from fresh reals by the one figure"),
        (0.5, "Close to fresh reals: the one figure lies 95% of the way"),
        (4.0, "Nearer to fresh reals than to the trivial baseline: the one figure lies 60%"),
        (7.0, "Nearer to the trivial baseline than to fresh reals: the one figure lies 30%"),
        (9.5, "No better than the trivial baseline: the one figure lies 5% of the way"),
        (12.0, "No better than the trivial baseline: the one figure lies below the trivial"),
        (float("inf"), "No better than the trivial baseline: the one figure lies below"),
    ],
)
def test_the_headline_follows_the_place(value: float, words: str) -> None:
    assert verdict([figure(value)], split="holdout").startswith(words)


def test_the_weakest_is_named_with_its_numbers() -> None:
    figures = [
        figure(0.2, name="frechet_distance"),
        figure(0.4, name="recall", better="higher", ceiling=0.9, floor=0.0),
        figure(0.3, name="kernel_distance"),
    ]
    said = verdict(figures, split="holdout")
    assert said == (
        "Close to fresh reals: the median of 3 figures lies 97% of the way from the trivial "
        "baseline to fresh reals; weakest in Recall, 0.400 where fresh reals have 0.900."
    )


def test_nothing_is_weakest_where_all_reach_the_ceiling() -> None:
    figures = [figure(0.2, low=-0.1, high=0.5), figure(0.9, name="b", ceiling=1.0)]
    assert verdict(figures, split="holdout") == "Not told from fresh reals by any of 2 figures."


def test_a_figure_that_tells_nothing_does_not_count() -> None:
    blind = figure(5.0, name="blind", ceiling=5.0, floor=5.0)
    vague = figure(5.0, name="vague", low=-9.0, high=9.0)
    upside_down = figure(5.0, name="odd", ceiling=9.0, floor=1.0)
    alone = figure(5.0, name="alone", ceiling=None, floor=None)
    assert not any(map(carries, [blind, vague, upside_down, alone]))
    assert verdict([blind, vague, upside_down, alone], split="train").startswith(
        "Nothing can be said"
    )
    said = verdict([blind, vague, figure(1.0)], split="holdout")
    assert "the one figure lies 90% of the way" in said


def test_memorisation_is_said_where_there_is_some_and_where_it_cannot_be_judged() -> None:
    copies = figure(0.3, name="memorised_share", ceiling=0.01, floor=0.0, low=0.2, high=0.4)
    good = figure(0.0)
    said = verdict([good, copies], split="holdout")
    assert said.endswith("; memorisation: Memorised share 0.300 where fresh reals have 0.010.")
    none = figure(0.01, name="memorised_share", ceiling=0.01, floor=0.0)
    assert "memoris" not in verdict([good, none], split="holdout")
    assert verdict([good], split="train").endswith(
        "; memorisation was not judged, for want of a holdout."
    )


@pytest.mark.parametrize(
    ("value", "low", "high", "reached"),
    [(1.3, 0.9, 1.7, True), (1.3, 1.2, 1.4, False), (0.95, None, None, True)],
)
def test_one_is_reached_from_both_sides(
    value: float, low: float | None, high: float | None, reached: bool
) -> None:
    one = figure(value, better="one", ceiling=1.05, floor=0.1, low=low, high=high)
    assert reaches_ceiling(one) is reached


def test_it_is_one_sentence() -> None:
    said = verdict([figure(3.0), figure(0.1, name="b")], split="train")
    assert said.count(".") - said.count("0.") <= 1 or said.endswith(".")
    assert "\n" not in said
