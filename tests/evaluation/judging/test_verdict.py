"""The sentence says what the figures say, and nothing more."""

from typing import Any

import pytest

from zerosum.evaluation.judging.figures import MetricResult
from zerosum.evaluation.judging.verdict import clearness, is_clear, verdict
from zerosum.evaluation.metrics.base import Memorisation


def figure(
    value: float, *, ceiling: float | None = 0.0, floor: float | None = 10.0, **more: Any
) -> MetricResult:
    known: dict[str, Any] = {
        "name": "distance", "title": str(more.get("name", "distance")).capitalize(),
        "protocol": "pixels, holdout, N=9", "low": None, "high": None,
        "better": "lower", "meaning": "How far.", "source": "Somebody 2020",
    }  # fmt: skip
    return MetricResult(value=value, ceiling=ceiling, floor=floor, **(known | more))


TELLS = "; the one figure distinguishes the samples from fresh reals; weakest in Distance, "


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, "Close to fresh reals: the one figure lies 95% of the way from the trivial baseline"),
        (4.0, "Nearer to fresh reals than to the trivial baseline: the one figure lies 60%"),
        (7.0, "Nearer to the trivial baseline than to fresh reals: the one figure lies 30%"),
        (9.5, "Hardly better than the trivial baseline: the one figure lies 5% of the way"),
        (9.99, "No better than the trivial baseline: the one figure lies 0% of the way"),
        (12.0, "No better than the trivial baseline: the one figure lies below the trivial"),
        (float("inf"), "No better than the trivial baseline: the one figure lies below"),
    ],
)
def test_the_headline_follows_the_place(value: float, words: str) -> None:
    said = verdict([figure(value)], split="holdout")
    assert said.startswith(words)
    assert TELLS in said


@pytest.mark.parametrize("value", [0.0, -3.0])
def test_what_is_as_good_as_real_is_not_told_from_it(value: float) -> None:
    few = verdict([figure(value)], split="holdout", count=75)
    assert few.endswith("the one figure; with 75 samples only large differences show.")
    assert verdict([figure(value)], split="holdout") == (
        "Not distinguished from fresh reals by the one figure."
    )
    both = [figure(0.2, low=-0.1, high=0.5), figure(0.9, name="b", ceiling=1.0)]
    assert (
        verdict(both, split="holdout") == "Not distinguished from fresh reals by any of 2 figures."
    )


def test_the_weakest_is_named_with_its_numbers() -> None:
    figures = [
        figure(0.2, low=0.1, high=0.3, name="frechet"),
        figure(0.4, name="recall", better="higher", ceiling=0.9, floor=0.0, low=0.35, high=0.45),
        figure(0.3, low=-0.4, high=1.0, name="kernel_distance"),
    ]
    assert verdict(figures, split="holdout") == (
        "Close to fresh reals: the median of 3 figures lies 97% of the way from the trivial "
        "baseline to fresh reals; 2 of 3 figures distinguish the samples from fresh reals; "
        "weakest in Recall, 0.400 where fresh reals have 0.900."
    )


@pytest.mark.parametrize(
    ("value", "low", "high", "better", "ceiling", "told"),
    [
        (1.0, 0.8, 1.2, "lower", 0.5, True),
        (1.0, 0.8, 1.2, "lower", 0.75, False),  # .25 worse, and √2 · .2 uncertain
        (1.0, 0.8, 1.2, "lower", 3.0, False),
        (0.5, 0.45, 0.52, "higher", 0.6, True),
        (0.5, 0.45, 0.58, "higher", 0.6, False),
        (0.7, 0.6, 0.8, "one", 1.05, True),
        (0.9, 0.8, 1.02, "one", 1.05, False),
        (1.2, 1.1, 1.3, "one", 1.0, True),
        (float("nan"), None, None, "lower", 0.0, False),
        (1.0, 0.8, 1.2, "lower", None, False),
    ],
)
def test_a_figure_tells_by_more_than_is_uncertain(
    value: float, low: float, high: float, better: str, ceiling: float | None, told: bool
) -> None:
    one = figure(value, low=low, high=high, better=better, ceiling=ceiling)
    assert is_clear(one) is told


def test_figures_without_a_scale_count_but_give_no_place() -> None:
    blind = figure(5.0, name="blind", ceiling=1.0, floor=1.0, low=4.0, high=6.0)
    vague = figure(5.0, name="vague", low=-9.0, high=19.0)
    upside_down = figure(5.0, name="odd", ceiling=9.0, floor=1.0)
    alone = figure(5.0, name="alone", ceiling=None, floor=None)
    assert not any(figure.carries for figure in [blind, vague, upside_down, alone])
    said = verdict([blind, vague, upside_down, alone], split="holdout")
    assert said == (
        "3 of 3 figures cannot distinguish the trivial baseline from fresh reals, so there is no "
        "scale; 1 of 3 figures distinguish the samples from fresh reals; weakest in Blind, 5.00 "
        "where fresh reals have 1.00."
    )
    assert verdict([alone], split="holdout").startswith("Nothing can be said")
    assert "the one figure lies 90% of the way" in verdict([vague, figure(1.0)], split="holdout")


def test_the_clearest_is_named_where_there_is_no_scale() -> None:
    def blind(name: str, value: float) -> MetricResult:
        return figure(value, name=name, ceiling=1.0, floor=1.0, low=value - 1, high=value + 1)

    assert clearness(blind("a", 9.0)) == pytest.approx(8 / 2**0.5)
    assert "weakest in Far, 9.00" in verdict([blind("near", 4.0), blind("far", 9.0)], split="train")


def test_memorisation_is_said_where_there_is_some_and_where_it_cannot_be_judged() -> None:
    near = Memorisation(0.01, share=0.25)
    copies = figure(
        0.3, name="copies", memorisation=near, ceiling=0.01, floor=0.0, low=0.2, high=0.4
    )
    good = figure(0.0)
    said = verdict([good, copies], split="holdout")
    assert said == (
        "Not distinguished from fresh reals by the one figure; signs of memorisation in Copies, "
        "0.300 "
        "where fresh reals have 0.010."
    )
    none = figure(
        0.02, name="copies", memorisation=near, ceiling=0.01, floor=0.0, low=0.0, high=0.04
    )
    assert "memorisation" not in verdict([good, none], split="holdout")
    even = figure(
        0.3, name="copies", memorisation=near, ceiling=0.01, floor=0.28, low=0.2, high=0.4
    )
    assert "memorisation" not in verdict([good, even], split="holdout")
    slight = figure(
        0.53,
        name="closer",
        memorisation=Memorisation(0.05),
        ceiling=0.5,
        floor=0.5,
        low=0.51,
        high=0.55,
    )
    assert "memorisation" not in verdict([good, slight], split="holdout")
    assert verdict([good], split="train").endswith(
        "; memorisation was not judged, since there is no holdout."
    )


def test_it_is_one_sentence() -> None:
    said = verdict([figure(3.0), figure(0.1, name="b")], split="train")
    assert said.endswith(".")
    assert ". " not in said
    assert "\n" not in said
