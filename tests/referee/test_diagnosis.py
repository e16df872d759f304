"""Each diagnosis from numbers made for it, and none from healthy ones."""

import math

import pytest

from zerosum.referee.diagnosis import (
    REMEDIES_FOR,
    RUNAWAY,
    SUDDEN,
    SUDDEN_SPEED,
    Diagnosis,
    Moment,
    from_looks,
    from_reals,
    from_size,
    from_surprise,
    has_collapsed,
    never_varied,
    stalled,
)
from zerosum.referee.quality_probe import ProbeResult

ROW = {
    "discriminator/accuracy": 0.8, "discriminator/logit_gap": 1.0, "discriminator/spread": 0.9,
    "discriminator/slope": 2.0, "discriminator/speed": 0.01, "generator/slope": 3.0,
    "generator/speed": 0.01, "generator/adversarial": 1.2,
}  # fmt: skip


def sight(
    distance: float, *, coverage: float = 0.8, lost: float = 0.0, spread: float = 1.0
) -> ProbeResult:
    return ProbeResult(distance, coverage, lost, spread)


def lost_ground(
    now: Moment, *, best: ProbeResult | None = None, epochs: float = 5
) -> Diagnosis | None:
    first = Moment(10, best or sight(1.0))
    return from_looks([now, now], first, first_distance=20.0, epochs=epochs)


def test_calm_signals_are_no_finding() -> None:
    calm = {n: (SUDDEN_SPEED if n.endswith("speed") else SUDDEN) - 0.1 for n in ROW}
    assert from_surprise(calm, ROW) is None
    assert from_surprise({}, ROW) is None


def test_weights_that_slow_down_are_no_finding() -> None:
    """Schedules slow them, and so does a duel that settles."""
    assert from_surprise({"generator/speed": -9.0, "discriminator/speed": -9.0}, ROW) is None


@pytest.mark.parametrize(
    ("surprise", "name", "first"),
    [
        ({"generator/speed": 9.0}, "discriminator too weak", ("slow-generator",)),
        ({"discriminator/speed": 9.0}, "discriminator too strong", ("slow-discriminator",)),
        ({"discriminator/accuracy": 5.0}, "discriminator too strong", ()),
        ({"generator/slope": 30.0}, "numerical divergence", ()),
    ],
)
def test_a_sudden_change_has_a_name(
    surprise: dict[str, float], name: str, first: tuple[str, ...]
) -> None:
    finding = from_surprise(surprise, ROW)
    assert finding is not None
    assert (finding.name, finding.first) == (name, first)
    assert 0.5 < finding.confidence <= 1
    assert "times its usual noise" in finding.words
    assert finding.name in REMEDIES_FOR


def test_a_lead_that_is_lost_is_no_finding_unless_weights_run() -> None:
    lost = {"discriminator/accuracy": -5.0, "generator/slope": -6.0}
    assert from_surprise(lost, ROW) is None
    running = from_surprise(lost | {"generator/speed": 5.0}, ROW)
    assert running is not None
    assert running.name == "discriminator too weak"


@pytest.mark.parametrize(
    ("surprise", "urgent"),
    [
        ({"generator/speed": RUNAWAY + 0.1}, True),
        ({"generator/speed": RUNAWAY - 0.1}, False),
        ({"discriminator/accuracy": 9.0, "discriminator/speed": RUNAWAY + 0.1}, True),
        ({"discriminator/accuracy": 9.0}, False),
    ],
)
def test_a_player_that_runs_away_is_urgent(surprise: dict[str, float], urgent: bool) -> None:
    finding = from_surprise(surprise, ROW)
    assert finding is not None
    assert finding.urgent == urgent


def test_a_penalty_that_is_gone_is_put_back_first() -> None:
    row = {name: value for name, value in ROW.items() if name != "discriminator/r1"}
    finding = from_surprise({"discriminator/r1": -9.0}, row)
    assert finding is not None
    assert (finding.first, finding.urgent) == (("add-penalties",), True)
    assert "not there any more" in finding.words


def test_less_spread_is_a_collapse_and_more_is_a_relief() -> None:
    row = ROW | {"discriminator/spread": 0.2}
    finding = from_surprise({"discriminator/spread": -8.0}, row)
    assert finding is not None
    assert finding.name == "mode collapse"
    assert from_surprise({"discriminator/spread": 8.0}, ROW) is None


def test_values_out_of_all_proportion_are_strange_data() -> None:
    assert from_size(3.0) is None
    finding = from_size(1000.0)
    assert finding is not None
    assert (finding.name, finding.first, finding.urgent) == ("strange data", ("roll-back",), True)
    assert "1,000 times the largest" in finding.words


def test_strange_reals() -> None:
    assert from_reals(1.2, 0.0) is None
    finding = from_reals(9.0, 0.1)
    assert finding is not None
    assert finding.name == "strange data"
    assert "10% of the data set does not come up" in finding.words


@pytest.mark.parametrize(
    ("now", "epochs", "name"),
    [
        (Moment(99, sight(9.0, spread=0.2)), 5, "mode collapse"),
        (Moment(99, sight(9.0, lost=0.9)), 5, "mode collapse"),
        (Moment(99, sight(3.0, lost=0.2)), 5, "mode dropping"),
        (Moment(99, sight(3.0), accuracy=0.99, real_sign=0.99), 80, "discriminator overfits"),
        (Moment(99, sight(3.0), accuracy=0.99, real_sign=0.2), 80, "discriminator too strong"),
        (Moment(99, sight(3.0), accuracy=0.5), 5, "discriminator too weak"),
        (Moment(99, sight(3.0), accuracy=0.8), 5, "losing ground"),
        (Moment(99, sight(math.inf)), 5, "numerical divergence"),
    ],
)
def test_lost_ground_has_a_name(now: Moment, epochs: float, name: str) -> None:
    finding = lost_ground(now, epochs=epochs)
    assert finding is not None
    assert finding.name == name
    assert name in REMEDIES_FOR


def test_going_up_and_down_is_an_oscillation() -> None:
    looks = [Moment(i, sight(d), accuracy=0.8) for i, d in enumerate([1, 4, 2, 5, 2, 5, 3, 5])]
    finding = from_looks(looks, looks[0], first_distance=20.0, epochs=1)
    assert finding is not None
    assert finding.name == "oscillation"


def test_noise_and_a_single_bad_look_are_no_finding() -> None:
    best = Moment(10, sight(1.0))
    slightly = [Moment(20, sight(1.2)), Moment(30, sight(1.25))]
    assert from_looks(slightly, best, first_distance=20.0, epochs=1) is None
    once = [Moment(20, sight(1.1)), Moment(30, sight(9.0))]
    assert from_looks(once, best, first_distance=20.0, epochs=1) is None
    tiny = [Moment(20, sight(0.05))] * 2
    assert from_looks(tiny, Moment(1, sight(0.01)), first_distance=20.0, epochs=1) is None


def test_nothing_is_lost_before_something_was_learnt() -> None:
    looks = [Moment(20, sight(30.0))] * 2
    assert from_looks(looks, Moment(10, sight(10.0)), first_distance=20.0, epochs=1) is None


def test_no_progress_far_from_the_reals_is_stalled() -> None:
    far = Moment(10, sight(20.0, coverage=0.0, lost=0.6))
    near = Moment(10, sight(1.0))
    assert stalled(far, share_since=0.3) is not None
    assert stalled(far, share_since=0.1) is None
    assert stalled(near, share_since=0.9) is None


COLLAPSED = [
    sight(20.0, coverage=0.0, lost=0.96, spread=0.1),  # one mode of 25
    sight(20.0, coverage=0.0, lost=0.97, spread=0.0),  # one image
    sight(9.0, coverage=0.02, lost=0.8, spread=0.8),  # a few modes far apart
]
VARIED = [
    sight(9.0, coverage=0.8, lost=0.0, spread=0.16),  # a table with rows that lie far out
    sight(9.0, coverage=0.0, lost=0.3, spread=0.9),  # blurred, but varied
]


@pytest.mark.parametrize("seen", COLLAPSED)
def test_what_never_was_varied_has_collapsed(seen: ProbeResult) -> None:
    assert has_collapsed(seen)
    finding = never_varied([Moment(1, seen), Moment(2, seen)], distinct_reals=500, share_since=0.3)
    assert finding is not None
    assert finding.name == "mode collapse"
    assert f"{seen.lost:.0%} of the reals" in finding.words
    assert stalled(Moment(1, seen), share_since=0.9) is None


@pytest.mark.parametrize("seen", VARIED)
def test_what_is_varied_has_not_collapsed(seen: ProbeResult) -> None:
    assert not has_collapsed(seen)
    assert (
        never_varied([Moment(1, seen), Moment(2, seen)], distinct_reals=500, share_since=0.3)
        is None
    )


def test_a_collapse_takes_two_looks() -> None:
    bad, good = Moment(1, COLLAPSED[0]), Moment(2, VARIED[1])
    assert never_varied([bad], distinct_reals=500, share_since=0.3) is None
    assert never_varied([bad, good, bad], distinct_reals=500, share_since=0.3) is None
    assert never_varied([good, bad, bad], distinct_reals=500, share_since=0.3) is not None


def test_data_without_variety_is_no_matter_of_remedies() -> None:
    fine = Moment(1, VARIED[1])
    finding = never_varied([fine], distinct_reals=1, share_since=0.0)
    assert finding is not None
    assert (finding.name, finding.first) == ("mode collapse", ())
    assert "the data is one sample" in finding.words


def test_few_modes_may_become_more_while_a_duel_learns() -> None:
    few, alike = Moment(1, COLLAPSED[0]), Moment(1, COLLAPSED[1])
    assert never_varied([few, few], distinct_reals=500, share_since=0.2) is None
    assert never_varied([alike, alike], distinct_reals=500, share_since=0.0) is not None
