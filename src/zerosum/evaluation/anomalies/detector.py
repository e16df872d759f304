"""How odd a sample is, beside normal ones that were kept apart.

A detector looks at a sample in several ways, each a *part* of its score:

- `rebuilt`: how far the discriminator's features of it are from those of what generator and encoder
  make of it (Zenati et al. 2018, arXiv:1812.02288, eq. 9), in units of what normals have.
- `features`, `values`, `coarse`: how far it is from the nearest normals: in the coarsest features,
  as it is, and averaged to four places a side.
- `places`: the oddest place of an image or a series: how far its features are from the nearest of
  any place of a normal (as in Roth et al., "Towards total recall in industrial anomaly detection",
  CVPR 2022, arXiv:2106.08265, here with features of this very game).
- `beyond`: what networks cannot see of a row, such as numbers far outside of their range.

Each part is centred and scaled by held-out normals, and the sum of how far parts are from there is
the score. All but the last two count both ways: what is rebuilt too well, or is nearer to normals
than these are to each other, is too plain, such as a texture with a blank in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from zerosum.data.base import Dataset, Progress
from zerosum.errors import EvaluationError
from zerosum.games.one_class import OneClassGame
from zerosum.networks.resample import averaged
from zerosum.rng import derive_seed

PARTS = ("rebuilt", "features", "values", "coarse", "places", "beyond")
_BOTH_WAYS = 4
"""The first parts, which are odd on either side of the middle."""

LEAST_HELD_OUT = 20
"""Normals that must be kept apart at least."""

_MOST_NORMALS = 1_000
_MOST_PLACES = 3_000
_NEAR = 3
"""Nearest normals whose distances are averaged."""
_PLACES_SIDE, _VALUES_SIDE, _COARSE_SIDE = 32, 16, 4
"""Places along an axis that features of places, and values that are compared, have at most."""
_BATCH = 64
_QUERIES = 4_096
_BEYOND_UNIT = 0.1
"""A tenth of a range beyond a column's ends counts like the spread of normals, and what is farther
by the root, since numbers with long tails have some normals there."""
_MODES = {1: "linear", 2: "bilinear"}


@dataclass(frozen=True)
class Looked:
    """What was seen in some samples.

    Attributes:
        parts: `[B, len(PARTS)]`, larger where odder.
        heat: where, `[B, H, W]` of images, `[B, L]` of series, `[B, columns]` of rows.
    """

    parts: Tensor
    heat: Tensor


class Detector:
    """Scores samples by a game of one class.

    Args:
        game: trained, with averaged weights.
        state: what `learn` found, as tensors by name.

    Attributes:
        held_out: scores of normals that were kept apart, rising, `[n]`.
    """

    def __init__(self, game: OneClassGame, state: Mapping[str, Tensor]) -> None:
        self.game, self.state = game, dict(state)
        self.held_out = self.state["held_out"]

    @classmethod
    def learn(
        cls, game: OneClassGame, normals: Dataset, held_out: Dataset,
        progress: Progress | None = None,
    ) -> "Detector":  # fmt: skip
        """Look at normals that the game was trained on, then at those that were kept apart.

        Raises:
            EvaluationError: too few were kept apart.
        """
        require_normals(len(normals), len(held_out))
        generator = torch.Generator().manual_seed(derive_seed(0, "normals"))
        order = torch.randperm(len(normals), generator=generator)[:_MOST_NORMALS].sort().values
        state = _references(game, normals, order, generator)
        found = cls(game, state | {"held_out": torch.zeros(0)})
        looked = list(found._look(held_out, progress, "looking at held-out normals"))
        parts = torch.cat([one.parts for one in looked])
        heat = torch.cat([one.heat for one in looked])
        middle = parts.median(0).values
        low, high = torch.quantile(parts, torch.tensor([0.1, 0.9]), dim=0)
        for name, spread in (("above", high - middle), ("below", middle - low)):
            spread = spread.maximum(1e-3 * middle.abs()).clamp_min(1e-6)
            spread[-1] = spread[-1].clamp_min(1.0)  # few normals have anything there
            found.state[name] = spread
        found.state["middle"] = middle
        by_place = heat if heat.ndim == 2 and game.seen_space.axes == 0 else heat.flatten()[:, None]
        found.state["hot"] = _high_quantile(by_place).clamp_min(1e-6)
        found.held_out = found.state["held_out"] = found.total(parts).sort().values
        return found

    def score(
        self, data: Dataset, progress: Progress | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Scores `[N]`, their parts `[N, len(PARTS)]`, and heat `[N, ...]` of samples.

        Parts are 0 for the middle held-out normal, 1 where a tenth of these is above, and -1 where
        a tenth is below. Heat is above 1 in one of a hundred places of normals.
        """
        looked = list(self._look(data, progress, "looking for anomalies"))
        parts = torch.cat([one.parts for one in looked])
        heat = torch.cat([one.heat for one in looked])
        return self.total(parts), self.scaled(parts), heat / self.state["hot"]

    def scaled(self, parts: Tensor) -> Tensor:
        """Parts `[N, len(PARTS)]` in units of what held-out normals have; see `score`."""
        apart = parts - self.state["middle"]
        return apart / torch.where(apart > 0, self.state["above"], self.state["below"])

    def total(self, parts: Tensor) -> Tensor:
        """Scores `[N]` of parts `[N, len(PARTS)]`."""
        own = self.scaled(parts)
        return own[:, :_BOTH_WAYS].abs().sum(1) + own[:, _BOTH_WAYS:].sum(1)

    def _look(self, data: Dataset, progress: Progress | None, what: str) -> Iterator[Looked]:
        for start in range(0, len(data), _BATCH):
            stop = min(start + _BATCH, len(data))
            yield self._looked(data.take(torch.arange(start, stop))[0])
            if progress is not None:
                progress(what, stop, len(data))

    @torch.no_grad()
    def _looked(self, compact: Tensor) -> Looked:
        seen, made, ours, theirs = _views(self.game, compact)
        state, n = self.state, len(seen)
        maps = [
            (a - b).abs().div(_shaped(state[f"apart.{i}"], a)).mean(1)
            for i, (a, b) in enumerate(zip(ours, theirs, strict=True))
        ]
        parts = {"rebuilt": torch.stack([one.reshape(n, -1).mean(1) for one in maps]).mean(0)}
        coarse = (ours[-1] / _shaped(state["wide"], ours[-1])).flatten(1)
        values = _values(self.game, seen)
        itself = _same_as(values, state["values"])
        parts["features"] = _nearness(coarse, state["features"], _NEAR, itself)
        parts["values"] = _nearness(values, state["values"], _NEAR, itself)
        beyond = self.game.beyond(compact)
        beyond = None if beyond is None else (beyond / _BEYOND_UNIT).sqrt()
        parts["beyond"] = torch.zeros(n) if beyond is None else beyond.sum(1)
        if self.game.seen_space.axes:
            coarse = _values(self.game, seen, most=_COARSE_SIDE)
            parts["coarse"] = _nearness(coarse, state["coarse"], _NEAR, itself)
            own = _of_places(ours) / _shaped(state["wide_places"], _of_places(ours))
            far = _nearness(own.flatten(2).transpose(1, 2).flatten(0, 1), state["places"], 1)
            places = far.view(n, *own.shape[2:])
            parts["places"] = places.flatten(1).amax(1)
            whole = seen.shape[2:]
            apart = (seen - made).abs().div(_shaped(state["apart.values"], seen)).mean(1)
            heat = torch.stack([apart, *(_spread(one, whole) for one in maps[:-1])]).mean(0)
            heat = 0.5 * (heat + _spread(places, whole) / state["usual_place"])
        else:
            parts["places"] = parts["coarse"] = torch.zeros(n)
            widths = [width for _, width in self.game.parts]
            apart = (seen - made).abs().split(widths, dim=1)
            heat = torch.stack([one.mean(1) for one in apart], dim=1)
            heat = heat if beyond is None else heat + 10 * beyond
        return Looked(torch.stack([parts[name] for name in PARTS], dim=1).float(), heat.float())


def require_normals(trained_on: int, held_out: int) -> None:
    """Check that a threshold can be set.

    Raises:
        EvaluationError: fewer than 20 normals were kept apart.
    """
    if held_out < LEAST_HELD_OUT:
        raise EvaluationError(
            f"too few normals: {trained_on + held_out:,}, of which {held_out} are kept apart to "
            f"set the threshold with, and {LEAST_HELD_OUT} are the least. Give more normal "
            "samples, or a larger holdout."
        )


@torch.no_grad()
def _references(
    game: OneClassGame, normals: Dataset, rows: Tensor, generator: torch.Generator
) -> dict[str, Tensor]:
    """What normals look like: scales of features, and features to compare others with."""
    coarse, values, means, places, seen_apart = [], [], [], [], []
    apart: list[list[Tensor]] = []
    for some in rows.split(_BATCH):
        seen, made, ours, theirs = _views(game, normals.take(some)[0])
        pairs = zip(ours, theirs, strict=True)
        apart.append([_per_channel((a - b).abs()) for a, b in pairs])
        seen_apart.append(_per_channel((seen - made).abs()))
        coarse.append(ours[-1])
        values.append(_values(game, seen))
        if game.seen_space.axes:
            means.append(_values(game, seen, most=_COARSE_SIDE))
            places.append(_of_places(ours))
    state = {
        f"apart.{i}": _floored(torch.cat(one).mean(0))
        for i, one in enumerate(zip(*apart, strict=True))
    }
    state["apart.values"] = _floored(torch.cat(seen_apart).mean(0))
    last = torch.cat(coarse)
    state["wide"] = _floored(last.transpose(0, 1).flatten(1).std(1))
    state["features"] = (last / _shaped(state["wide"], last)).flatten(1)
    state["values"] = torch.cat(values)
    if places:
        state["coarse"] = torch.cat(means)
        own = torch.cat(places)
        state["wide_places"] = _floored(own.transpose(0, 1).flatten(1).std(1))
        own = (own / _shaped(state["wide_places"], own)).flatten(2).transpose(1, 2).flatten(0, 1)
        order = torch.randperm(len(own), generator=generator)
        state["places"] = own[order[:_MOST_PLACES]].contiguous()
        others = own[order[_MOST_PLACES : 2 * _MOST_PLACES]]
        others = others if len(others) else own[:1] + 1
        state["usual_place"] = _nearness(others, state["places"], 1).mean().clamp_min(1e-6)
    return state


def _views(
    game: OneClassGame, compact: Tensor
) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
    """Samples as they are seen, what is made of them, and features of both."""
    device = next(game.parameters()).device
    seen = game.seen(game.space.to_model(compact.to(device))).float()
    made = game.rebuilt(seen).float()
    ours, theirs = game.features(seen), game.features(made)
    return seen.cpu(), made.cpu(), [a.cpu() for a in ours], [b.cpu() for b in theirs]


def _values(game: OneClassGame, seen: Tensor, *, most: int = _VALUES_SIDE) -> Tensor:
    """Samples as they are, of large images and long series means over areas, `[B, F]`."""
    axes = game.seen_space.axes
    return (averaged(seen, axes, most=most) if axes else seen).flatten(1)


def _of_places(stages: list[Tensor]) -> Tensor:
    """Features of places `[B, channels, ...]`: of a stage, and of the coarser one after it."""
    axes = stages[0].ndim - 2
    first = next(
        (i for i, one in enumerate(stages) if max(one.shape[2:]) <= _PLACES_SIDE), len(stages) - 1
    )
    own = stages[first]
    if first + 1 >= len(stages):
        return own
    coarser = interpolate(stages[first + 1], size=own.shape[2:], mode=_MODES[axes])
    return torch.cat([own, coarser], dim=1)


def _nearness(x: Tensor, normals: Tensor, near: int, itself: Tensor | None = None) -> Tensor:
    """Mean distance of each row `[B, F]` from its nearest normals, `[B]`.

    A row that is the normal `itself`, an index or -1, `[B]`, is compared with the others: what was
    trained on would else be nearer to normals than anything new, and look too plain.
    """
    if itself is None:
        itself = torch.full((len(x),), -1)
    pieces = []
    for some, own in zip(x.split(_QUERIES), itself.split(_QUERIES), strict=True):
        far = torch.cdist(some, normals)
        rows = torch.nonzero((own >= 0) & (len(normals) > near)).flatten()
        far[rows, own[rows]] = torch.inf
        pieces.append(far.topk(min(near, len(normals)), largest=False).values.mean(1))
    return torch.cat(pieces)


def _same_as(x: Tensor, normals: Tensor) -> Tensor:
    """The index of a normal that equals each row `[B, F]`, or -1; int64 `[B]`.

    >>> _same_as(torch.tensor([[1.0, 2.0], [1.0, 2.5]]), torch.tensor([[0.0, 0.0], [1.0, 2.0]]))
    tensor([ 1, -1])
    """
    nearest = torch.cdist(x, normals).argmin(1)
    return torch.where((x == normals[nearest]).all(1), nearest, -1)


def _per_channel(x: Tensor) -> Tensor:
    """Means over places, `[B, channels]`."""
    return x.flatten(2).mean(2) if x.ndim > 2 else x


def _floored(x: Tensor) -> Tensor:
    """Scales by which one can divide: channels that never change do not count as odd for dust."""
    return x.clamp_min(float(x.mean()) * 1e-2 + 1e-6)


def _shaped(scale: Tensor, like: Tensor) -> Tensor:
    return scale.view(1, -1, *[1] * (like.ndim - 2))


def _spread(x: Tensor, size: Any) -> Tensor:
    """Maps `[B, ...]` brought to `size`."""
    return interpolate(x[:, None], size=size, mode=_MODES[x.ndim - 1])[:, 0]


def _high_quantile(x: Tensor) -> Tensor:
    """What one in a hundred rows `[N, K]` exceeds, `[K]`."""
    rank = min(int(0.99 * len(x)), len(x) - 1)
    return x.sort(dim=0).values[rank]
