"""What is wrong with a duel, told from its signals and from looks at what the generator makes.

Every rule here is a pure function of numbers, and gives its evidence in words.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zerosum.referee.quality_probe import ProbeResult

SUDDEN, SUDDEN_SPEED = 4.5, 3.4
"""Surprise (see `Trace`) from which a change of a signal is an event; speeds are steadier."""
LEARNT = 0.4
"""Share of the untrained generator's distance below which there is something to lose."""
EXPLODED = 20.0
RUNAWAY = 4.5
"""Surprise at a speed from which there is no need to wait for harm; about 2.5 times the speed."""
STRANGE_DATA = 3.5
"""Strangeness (see `compare_counts`) from which the reals are not those of the data set."""
FAR_OUT = 20.0
"""Times the largest value of the data set from which a value is broken, not merely rare."""
WORSE = 1.3
"""A distance this many times the best one, twice in a row, means that ground was lost."""

COLLAPSE_COVERAGE, COLLAPSE_LOST, COLLAPSE_SPREAD = 0.1, 0.7, 0.3
"""Samples have collapsed where they reach at most this share of the reals, and either miss this
share of the clusters or spread at most so far; docs/referee.md has the measurements."""
ALIKE = 0.05
"""Spread up to which samples are all alike, as those of no duel are that still learns."""
STUCK = 0.25
"""Share of the budget without a better look from which a duel is stuck."""

_FIRST = ("roll-back", "lower-rates", "add-penalties")
_FOR_NEVER_VARIED = ("relativistic", "add-penalties", "lower-rates", "new-seed")
REMEDIES_FOR = {
    "numerical divergence": (*_FIRST, "relativistic"),
    "mode collapse": (*_FIRST, "relativistic", "repack", "new-seed"),
    "mode dropping": (*_FIRST, "relativistic", "repack"),
    "discriminator overfits": ("augment", "add-penalties", "lower-rates", "raise-penalties"),
    "discriminator too strong": (*_FIRST, "relativistic", "lower-rates"),
    "discriminator too weak": (*_FIRST, "relativistic", "lower-rates"),
    "oscillation": (*_FIRST, "lower-rates", "relativistic"),
    "losing ground": (*_FIRST, "lower-rates", "relativistic"),
    "stalled": ("relativistic", "add-penalties", "new-seed"),
    "strange data": (),
}
"""Names of diagnoses, and what is tried for each, in order."""


@dataclass(frozen=True)
class Diagnosis:
    """One finding.

    Attributes:
        name: a key of `REMEDIES_FOR`.
        words: the evidence, for people.
        confidence: 0 to 1.
        signals: the numbers that it rests on.
        first: remedies that the evidence itself asks for, before those of `REMEDIES_FOR`.
        urgent: whether the cause is plain, so that nothing is gained by waiting for harm.
    """

    name: str
    words: str
    confidence: float
    signals: dict[str, float]
    first: tuple[str, ...] = ()
    urgent: bool = False


def from_surprise(surprise: Mapping[str, float], row: Mapping[str, float]) -> Diagnosis | None:
    """A sudden change of the signals of a duel, or None.

    A discriminator that loses its lead while no weights run is no finding: so does one whose
    generator has learnt something. Looks at samples tell the two apart.

    Args:
        surprise: robust z-scores by signal, from `Trace.add`.
        row: the signals themselves.
    """
    known = {name: z for name, z in surprise.items() if not _is_relief(name, z)}
    if not known:
        return None
    strongest = sorted(known, key=lambda one: -abs(known[one]) / _sudden(one))[:4]
    name = strongest[0]
    worst = known[name]
    if abs(worst) < _sudden(name):
        return None
    signals = {one: row[one] for one in strongest if one in row}
    if name not in row:
        words = f"{_title(name)} is not there any more"
        first = ("add-penalties",)
        return Diagnosis("discriminator too strong", words, 0.9, signals, first, urgent=True)
    confidence = 1 - math.exp(-abs(worst) / _sudden(name))
    words = (
        f"{_title(name)} went {'up' if worst > 0 else 'down'} to {row[name]:.3g}, "
        f"{abs(worst):.0f} times its usual noise, within a few steps"
    )
    fast = {p: known.get(f"{p}/speed", 0.0) for p in ("generator", "discriminator")}
    fastest = max(fast, key=lambda player: fast[player])
    first = (f"slow-{fastest}",) if fast[fastest] > SUDDEN_SPEED else ()
    change = _name_of_change(known, row)
    if change == "discriminator too weak" and not first:
        return None
    urgent = fast[fastest] > RUNAWAY
    return Diagnosis(change, words, round(confidence, 3), signals, first, urgent)


def _name_of_change(surprise: Mapping[str, float], row: Mapping[str, float]) -> str:
    by_signal = {name.rpartition("/")[2]: z for name, z in surprise.items()}
    spread = row.get("discriminator/spread", 1.0)
    if by_signal.get("spread", 0.0) < -SUDDEN and spread < 0.7:
        return "mode collapse"
    faster = {
        name: z for name, z in surprise.items() if name.endswith("/speed") and z > SUDDEN_SPEED
    }
    if faster:
        leader = max(faster, key=lambda name: faster[name])
        strong = leader.startswith("discriminator")
        return "discriminator too strong" if strong else "discriminator too weak"
    if max(surprise.values()) > EXPLODED:
        return "numerical divergence"
    lead = sum(by_signal.get(one, 0.0) for one in ("accuracy", "logit_gap", "real_sign"))
    return "discriminator too strong" if lead > 0 else "discriminator too weak"


def _sudden(name: str) -> float:
    return SUDDEN_SPEED if name.endswith("/speed") else SUDDEN


def _is_relief(name: str, surprise: float) -> bool:
    """More spread of the fakes is what one hopes for; weights that slow down are settling."""
    return (name.endswith("/spread") and surprise > 0) or (name.endswith("/speed") and surprise < 0)


def _title(name: str) -> str:
    player, _, signal = name.partition("/")
    titles = {
        "slope": f"the {player}'s gradient",
        "speed": f"the way of the {player}'s weights in one step",
        "accuracy": "the discriminator's accuracy",
        "logit_gap": "the gap between logits of reals and fakes",
        "real_sign": "the share of reals taken for real",
        "spread": "the spread of the fakes",
    }
    return titles.get(signal, f"the {player}'s term {signal}")


def from_reals(strangeness: float, missing: float) -> Diagnosis | None:
    """Reals that are not those of the data set; see `RealWatch.read`."""
    if strangeness < STRANGE_DATA:
        return None
    gone = f"; {missing:.0%} of the data set does not come up at all" if missing > 0.01 else ""
    return Diagnosis(
        "strange data",
        f"the reals of the last steps are not spread as the data set is (strangeness "
        f"{strangeness:.1f}, where 1 is usual){gone}. Are they shuffled, and all there?",
        round(1 - math.exp(-strangeness / STRANGE_DATA), 3),
        {"strangeness": strangeness, "missing": missing},
    )


def from_size(size: float) -> Diagnosis | None:
    """A value of the reals that is not of the data set's kind; see `RealWatch.read_size`."""
    if size < FAR_OUT:
        return None
    return Diagnosis(
        "strange data",
        f"a value of the reals of the last steps is {size:,.0f} times the largest in a thousand "
        "rows of the data set. Is a file broken?",
        1.0,
        {"size": size},
        ("roll-back",),
        urgent=True,
    )


@dataclass(frozen=True)
class Moment:
    """A look at the generator and the signals around it."""

    step: int
    sight: ProbeResult
    accuracy: float = 0.5
    real_sign: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """JSON values that `from_json` takes back."""
        return {**vars(self), "sight": {**vars(self.sight)}}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Moment":
        """The moment that `to_json` was taken of."""
        return cls(**{**body, "sight": ProbeResult(**body["sight"])})


def from_looks(
    looks: Sequence[Moment], best: Moment, *, first_distance: float, epochs: float
) -> Diagnosis | None:
    """Ground lost since the best look, or None.

    Args:
        looks: oldest first, the newest one last; since the last remedy.
        best: the best look of the run.
        first_distance: of the untrained generator, the scale of all others.
        epochs: how often each real was seen.
    """
    if len(looks) < 2:
        return None
    now, before = looks[-1], looks[-2]
    distance = min(now.sight.distance, before.sight.distance)
    if not math.isfinite(now.sight.distance):
        words = "what the generator makes is not finite"
        return Diagnosis("numerical divergence", words, 1.0, {})
    least = best.sight.distance
    worse = distance >= WORSE * least and distance - least >= 0.005 * first_distance
    if not worse or least > LEARNT * first_distance:
        return None
    ratio = distance / max(best.sight.distance, 1e-12)
    signals = {
        "distance": now.sight.distance, "best": best.sight.distance,
        "coverage": now.sight.coverage, "lost": now.sight.lost, "spread": now.sight.spread,
        "accuracy": now.accuracy, "real_sign": now.real_sign,
    }  # fmt: skip
    name, why = _name_of_loss(looks, best, epochs)
    words = (
        f"the distance to the reals is {now.sight.distance:.3g}, {ratio:.1f} times the best "
        f"({best.sight.distance:.3g} at step {best.step}): {why}"
    )
    return Diagnosis(name, words, round(1 - math.exp(-ratio), 3), signals)


def _name_of_loss(looks: Sequence[Moment], best: Moment, epochs: float) -> tuple[str, str]:
    now = looks[-1]
    sight, then = now.sight, best.sight
    if sight.spread < 0.6 * then.spread or (sight.lost > 0.5 and sight.lost > then.lost + 0.2):
        return "mode collapse", (
            f"samples spread {sight.spread:.2f} as far as reals, and {sight.lost:.0%} of the reals "
            "lie where there are hardly any samples"
        )
    if sight.lost > then.lost + 0.08:
        return "mode dropping", (
            f"{sight.lost:.0%} of the reals lie where there are hardly any samples, "
            f"{then.lost:.0%} at the best"
        )
    if now.accuracy > 0.97:
        if now.real_sign > 0.9 and epochs > 20:
            return "discriminator overfits", (
                f"the discriminator is right in {now.accuracy:.0%} of pairs after {epochs:.0f} "
                "epochs"
            )
        return "discriminator too strong", f"it is right in {now.accuracy:.0%} of pairs"
    if now.accuracy < 0.53:
        return "discriminator too weak", f"it is right in {now.accuracy:.0%} of pairs only"
    distances = [look.sight.distance for look in looks[-8:]]
    turns = sum(
        (b - a) * (c - b) < 0
        for a, b, c in zip(distances, distances[1:], distances[2:], strict=False)
    )
    if turns >= 4:
        return "oscillation", f"it went up and down {turns} times in {len(distances)} looks"
    return "losing ground", "it grows, and no single reason stands out"


def has_collapsed(sight: ProbeResult) -> bool:
    """Whether samples are far less varied than the data, whatever the run's own best.

    A small spread alone proves nothing where a few rows of the data lie far out, so samples that
    reach many of the reals have not collapsed. Nor has what spreads but looks like no real.

    >>> has_collapsed(ProbeResult(distance=9.0, coverage=0.01, lost=0.96, spread=0.1))
    True
    >>> has_collapsed(ProbeResult(distance=9.0, coverage=0.6, lost=0.02, spread=0.2))
    False
    >>> has_collapsed(ProbeResult(distance=9.0, coverage=0.0, lost=0.99, spread=1.3, far=True))
    False
    """
    missing = sight.lost >= COLLAPSE_LOST and not sight.far
    return sight.coverage <= COLLAPSE_COVERAGE and (missing or sight.spread <= COLLAPSE_SPREAD)


def never_varied(
    looks: Sequence[Moment], *, distinct_reals: int, share_since: float
) -> Diagnosis | None:
    """Samples that are less varied than the data in two looks in a row, or data without variety.

    Many a sound duel begins with a few samples and finds the others later. So what is not all
    alike must have been stuck for a while.

    Args:
        looks: oldest first, the newest one last; since the last remedy and a fair start.
        distinct_reals: of the reals that were looked at.
        share_since: of the budget, since the best look; 1 at the end.
    """
    if distinct_reals == 1:
        words = "the data is one sample again and again, so samples can only be alike"
        return Diagnosis("mode collapse", words, 1.0, {"distinct_reals": 1.0})
    if len(looks) < 2 or not all(has_collapsed(look.sight) for look in looks[-2:]):
        return None
    if share_since < STUCK and any(look.sight.spread > ALIKE for look in looks[-2:]):
        return None
    sight = looks[-1].sight
    words = (
        f"{sight.lost:.0%} of the reals lie where there are hardly any samples, which spread "
        f"{sight.spread:.2f} as far as reals and reach {sight.coverage:.0%} of them"
    )
    signals = {"lost": sight.lost, "coverage": sight.coverage, "spread": sight.spread}
    return Diagnosis("mode collapse", words, 0.9, signals, _FOR_NEVER_VARIED)


def stalled(best: Moment, *, share_since: float) -> Diagnosis | None:
    """No progress for a quarter of the budget, far from the reals; `share_since` of it is used.

    What has collapsed besides is called that.
    """
    sight = best.sight
    if share_since < STUCK or sight.coverage > 0.05 or sight.lost < 0.5 or has_collapsed(sight):
        return None
    words = (
        f"nothing got better for {share_since:.0%} of the budget, and {sight.lost:.0%} of the "
        "reals lie where there are hardly any samples"
    )
    return Diagnosis("stalled", words, 0.9, {"lost": sight.lost, "coverage": sight.coverage})
