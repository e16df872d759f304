"""What the channels of series are, found in the data: see `steps`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from zerosum.modalities.series.curves import Curve
from zerosum.modalities.series.gaps import MARK, Ends, Gaps, find_ends
from zerosum.modalities.series.steps import (
    ChannelLimits,
    Channels,
    Envelope,
    EqualChannels,
    FixedChannel,
    Increments,
    LogScale,
    Scores,
    Spread,
    Step,
)

_OFTEN = 0.01
"""Share of all values from which on one of them is an atom."""
_SEVERAL = 5
"""Times that it has to occur at least."""
_TOUCHING = 0.5
"""An envelope's usual distance is less than this share of how far both channels spread."""
_KNOTS = torch.linspace(-4, 4, 161, dtype=torch.float64)
_MOST_PLACES = 4
_LEAST_STEP = 1e-6
_APART = 1e-4
"""Scores between one atom and the next."""

Take = Callable[[Step], None]


@dataclass(frozen=True)
class FactWishes:
    """What the user says of channels, in place of what is found.

    Attributes:
        increments: names of those that are modelled by increments; None to find out.
        log: names of those on a log scale; None to find out.
    """

    increments: tuple[str, ...] | None = None
    log: tuple[str, ...] | None = None


def find_steps(x: Tensor, names: Sequence[str], wishes: FactWishes) -> tuple[Step, ...]:
    """What is known of series, as steps in the order in which they are applied.

    Args:
        x: series `[N, C, L]`, NaN where values are missing.
        names: of the channels.
        wishes: what the user says.
    """
    channels = dict(zip(names, x.double().unbind(1), strict=True))
    steps: list[Step] = []

    def take(step: Step) -> None:
        nonlocal channels
        steps.append(step)
        channels = step.forward(channels)

    for step in _ends(channels) or _gaps(channels):
        take(step)
    marks = {step.mark for step in steps if isinstance(step, Gaps | Ends)}
    ends = next((step.mark for step in steps if isinstance(step, Ends)), None)
    for step in [*_equal(channels), *_fixed(channels, ends)]:
        take(step)
    bases = _take_envelopes({name: channels[name] for name in channels if name not in marks}, take)
    for name in bases:
        wished = _prefers_log(channels[name]) if wishes.log is None else name in wishes.log
        on_log = wished and bool((channels[name] > 0).all())
        limits = _limits(name, channels[name])
        if on_log and limits.low == 0:
            limits = limits.model_copy(update={"low": None})
        if limits.statement:
            take(limits)
        if on_log:
            take(LogScale(channel=name))
    wandering = [
        name
        for name in bases
        if (
            name in wishes.increments if wishes.increments is not None else _wanders(channels[name])
        )
    ]
    _take_spreads(channels, wandering, steps, take)
    together = {step.channel for step in steps if isinstance(step, Spread)}
    for name in wandering:
        if name not in together:
            take(Increments(channel=name))
    summed = {step.channel for step in steps if isinstance(step, Increments)}
    for name, own in list(channels.items()):
        if name in marks:
            take(Scores(channel=name, curve=_curve_of_marks(own)))
            continue
        first = _curve(own[:, :1]) if name in summed else None
        take(Scores(channel=name, first=first, curve=_curve(own[:, 1:] if name in summed else own)))
    return tuple(steps)


def _ends(channels: Channels) -> list[Step]:
    ended = find_ends(torch.stack([*channels.values()], dim=1).isnan())
    if ended is None:
        return []
    lengths, mark = (~ended).sum(1), "end"
    while mark in channels:
        mark += "?"
    return [Ends(mark=mark, least=int(lengths.min()), most=int(lengths.max()))]


def _gaps(channels: Channels) -> list[Step]:
    found: list[Step] = []
    for name, own in channels.items():
        gone = own.isnan()
        if not bool(gone.any()):
            continue
        known = own[~gone]
        mark = f"{name} {MARK}"
        while mark in channels:
            mark += "?"
        found.append(
            Gaps(
                channel=name, mark=mark, share=float(gone.double().mean()),
                fill=float(known.median()), places=_limits(name, known[None]).places,
            )
        )  # fmt: skip
    return found


def _equal(channels: Channels) -> list[Step]:
    found: list[Step] = []
    names = list(channels)
    for i, name in enumerate(names):
        gone = {step.channel for step in found if isinstance(step, EqualChannels)}
        for other in names[:i]:
            if other not in gone and torch.equal(channels[name], channels[other]):
                found.append(EqualChannels(channel=name, source=other))
                break
    return found


def _fixed(channels: Channels, ends: str | None) -> list[Step]:
    """Channels that are the same in every series until it ends; `ends` are the marks of that."""
    equal = {step.channel for step in _equal(channels) if isinstance(step, EqualChannels)}
    found: list[Step] = []
    for name, own in channels.items():
        if name in equal or name == ends:
            continue
        there = torch.ones_like(own) if ends is None else 1 - channels[ends]
        longest = own[there.sum(1).argmax()]
        if bool(((own == longest) | (there == 0)).all()):
            found.append(FixedChannel(channel=name, values=tuple(longest.tolist())))
    return found


def _take_envelopes(channels: Channels, take: Take) -> list[str]:
    """Take what encloses most others, again and again; the names of those that remain."""
    own = dict(channels)
    bases = list(own)
    while True:
        best: tuple[int, str, str, tuple[str, ...]] | None = None
        for side in ("upper", "lower"):
            for name in bases:
                among = tuple(
                    other for other in bases if other != name and _encloses(own, name, other, side)
                )
                if among and (best is None or len(among) > best[0]):
                    best = len(among), name, side, among
        if best is None:
            return bases
        _, name, side, among = best
        ratio = all(bool((own[one] > 0).all()) for one in (name, *among))
        take(
            Envelope(
                channel=name, among=among, side=side, scale="ratio" if ratio else "difference",
                limits=_limits(name, own[name]),
            )
        )  # fmt: skip
        bases.remove(name)


def _encloses(own: Channels, name: str, other: str, side: str) -> bool:
    distance = own[name] - own[other] if side == "upper" else own[other] - own[name]
    if bool((distance < 0).any()):
        return False
    nearer = min(own[name].std(), own[other].std())
    return _is_often((distance == 0).sum(), distance) or bool(
        distance.median() < _TOUCHING * nearer
    )


def _is_often(times: Tensor, values: Tensor) -> bool:
    return bool(times >= max(_OFTEN * values.numel(), _SEVERAL))


def _limits(name: str, x: Tensor) -> ChannelLimits:
    """Ends that are met often, and decimal places that are enough."""
    least, most = x.min(), x.max()
    low = float(least) if _is_often((x == least).sum(), x) else None
    if low is None and least >= 0:
        low = 0.0
    high = float(most) if _is_often((x == most).sum(), x) else None
    stored = x.float()
    places = next(
        (p for p in range(_MOST_PLACES + 1) if torch.equal(x.round(decimals=p).float(), stored)),
        None,
    )
    return ChannelLimits(channel=name, low=low, high=high, places=places)


def _prefers_log(x: Tensor) -> bool:
    """Whether values are positive, over more than a factor of 3, and less skewed as logarithms."""
    least = x.min()
    if least <= 0 or x.max() < 3 * least:
        return False
    return abs(_skewness(x.log())) <= abs(_skewness(x))


def _skewness(x: Tensor) -> float:
    apart = x - x.mean()
    return float((apart**3).mean() / (apart**2).mean().clamp_min(1e-300) ** 1.5)


def _wanders(x: Tensor) -> bool:
    """Whether the distance from the start keeps growing by steps that are hardly related."""
    length = x.shape[1]
    if length < 4:
        return False
    steps = x.diff(dim=1)
    variance = steps.var(correction=0)
    if variance == 0 or variance > 0.25 * x.var(correction=0):
        return False
    end = (x[:, -1] - x[:, 0]).square().mean()
    half = (x[:, (length - 1) // 2] - x[:, 0]).square().mean()
    apart = steps - steps.mean()
    lag = (apart[:, 1:] * apart[:, :-1]).mean() / variance
    return bool(end > 1.5 * half and end > 2 * variance and abs(lag) < 0.7)


def _take_spreads(channels: Channels, wandering: list[str], steps: list[Step], take: Take) -> None:
    """Wandering channels that stay near one before them are taken as distances from it."""
    own = {name: channels[name] for name in wandering}
    logs = {step.channel for step in steps if isinstance(step, LogScale)}
    sources: list[str] = []
    for name in wandering:
        near = [
            other
            for other in sources
            if (name in logs) == (other in logs)
            and (own[name] - own[other]).var() < 4 * own[other].diff(dim=1).var()
        ]
        if near:
            take(Spread(channel=name, source=near[0]))
        else:
            sources.append(name)


def _curve(x: Tensor) -> Curve:
    """The curve that makes values about normal: straight, unless they are skewed or have atoms."""
    flat = x.flatten().sort().values
    least, most = float(flat[0]), float(flat[-1])
    if most - least <= 1e-9 * max(abs(least), abs(most)):
        middle = (least + most) / 2
        return Curve(values=(middle,) * 3, scores=(-1.0, 0.0, 1.0))
    mean, spread = flat.mean(), flat.std(correction=0)
    often = _atoms(flat)
    tails = float(((flat - mean) / spread).pow(4).mean())
    if not often and tails < 5 and abs(_skewness(flat)) < 1:
        low, high = float(mean - spread), float(mean + spread)
        return Curve(values=(low, high), scores=(-1.0, 1.0))
    end = torch.special.ndtri(torch.tensor(1 - 0.5 / len(flat), dtype=torch.float64))
    grid = _KNOTS[_KNOTS.abs() < end]
    grid = torch.cat([-end[None], grid, end[None]])
    at = torch.special.ndtr(grid) * len(flat) - 0.5
    left = at.floor().clamp(0, len(flat) - 1).long()
    right = (left + 1).clamp(max=len(flat) - 1)
    values = torch.lerp(flat[left], flat[right], (at - left).clamp(0, 1))
    knots = {float(s): float(v) for s, v in zip(grid, values, strict=True)}
    return _with_atoms(knots, often)


def _curve_of_marks(x: Tensor) -> Curve:
    """The curve of marks, which are 0 or 1: both stand for a range of scores each."""
    share, edge = x.mean(), 0.5 / x.numel()
    ends = torch.stack([x.new_tensor(edge), 1 - share, x.new_tensor(1 - edge)])
    low, middle, high = torch.special.ndtri(ends).tolist()
    return _with_atoms({}, {0.0: (low, middle), 1.0: (middle, high)})


def _atoms(flat: Tensor) -> dict[float, tuple[float, float]]:
    """Values that are frequent, with the scores between which they lie; of sorted values."""
    values, counts = flat.unique_consecutive(return_counts=True)
    ends = counts.cumsum(0).double() / len(flat)
    some = counts >= max(_OFTEN * len(flat), _SEVERAL)
    first, last = (ends - counts / len(flat))[some], ends[some]
    edge = 0.5 / len(flat)
    scores = [torch.special.ndtri(one.clamp(edge, 1 - edge)).tolist() for one in (first, last)]
    return dict(zip(values[some].tolist(), zip(*scores, strict=True), strict=True))


def _with_atoms(knots: dict[float, float], often: dict[float, tuple[float, float]]) -> Curve:
    """A curve through knots, of which those within an atom give way to its two ends."""
    for value, (low, high) in often.items():
        knots = {s: v for s, v in knots.items() if s < low or s > high}
        apart = min(_APART, (high - low) / 4)  # the next atom may begin where this one ends
        share = torch.special.ndtr(torch.tensor([low, high], dtype=torch.float64)).mean()
        middle = float(torch.special.ndtri(share))
        knots |= {low + apart: value, middle: value, high - apart: value}
    ordered = sorted(knots.items())
    scores = [score for score, _ in ordered]
    values = torch.tensor([v for _, v in ordered], dtype=torch.float64).cummax(0).values.tolist()
    kept = [i for i in range(len(ordered)) if not i or scores[i] - scores[i - 1] > _LEAST_STEP]
    return Curve(values=tuple(values[i] for i in kept), scores=tuple(scores[i] for i in kept))
