"""A quick look at what the generator makes, cheap enough to be taken all through a training.

It is no judge: its features are small and its reals are those the model learns from. It only has to
tell better from worse within one run, so it looks at the same latents and the same reals each time.
"""

import warnings
from dataclasses import dataclass
from statistics import stdev
from typing import Any

import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.engine.trainer import Trainer
from zerosum.evaluation.metrics.frechet import FeatureMoments, frechet_distance
from zerosum.games.base import Game, Inputs
from zerosum.networks.resample import averaged
from zerosum.rng import Noise, derive_seed
from zerosum.spaces import Space

SAMPLES = 500
_REALS = 1_000
_CHUNK = 250
_COUNTED_HELD, _COUNTED_READ = 10_000, 2_000
"""Reals whose clusters are counted, where they are held in memory and where they must be read."""
_SIDE = 8
_LANDMARKS = 32
_CLUSTERS = 25
_NEIGHBOURS = 5
_DRAWS = 32
_FAINT = 0.05
"""What a landmark sees of a sample that is out of its reach."""
_HARDLY = 0.2
"""A cluster counts as lost when samples visit it less than this share as often as reals do."""


@dataclass(frozen=True)
class ProbeResult:
    """What one look saw.

    Attributes:
        distance: Fréchet distance in the gauge's features; less is better.
        coverage: share of reals with a sample within reach of their 5th neighbour (Naeem et al.,
            2020), 0 to 1.
        lost: share of reals that lie in clusters which samples hardly visit, 0 to 1.
        spread: standard deviation of the samples' features relative to the reals'.
        far: whether most samples are so far from all reals that clusters say nothing of how they
            vary; their spread is one of embedded samples then.
    """

    distance: float
    coverage: float
    lost: float
    spread: float
    far: bool = False


class SmallFeatures:
    """Samples with axes shrunk to 8 along each at most; others seen from 32 landmarks."""

    def __init__(self, space: Space, real: Tensor) -> None:
        self._space = space
        self._landmarks, self._scales = torch.empty(0), (1.0, 1.0)
        if not space.axes:
            x = space.embed(real)
            step = max(len(x) // _LANDMARKS, 1)
            self._landmarks = x[: step * _LANDMARKS : step]
            typical = float(torch.cdist(self._landmarks, self._landmarks).median()) or 1.0
            self._scales = (typical / 4, typical / 16)

    def too_far(self, features: Tensor) -> bool:
        """Whether most of some features `[N, F]` say no more than that samples are far away.

        What lies far from all landmarks looks alike from there, however much it varies.
        """
        if self._space.axes:
            return False
        return float((features.amax(dim=1) < _FAINT).double().mean()) > 0.5

    def __call__(self, x: Tensor) -> Tensor:
        """Features of samples in model units `[N, ...]`, float32 `[N, F]`, on their device."""
        if self._space.axes:
            return averaged(x.float(), self._space.axes, most=_SIDE).flatten(1)
        self._landmarks = self._landmarks.to(x.device)
        reach = torch.cdist(self._space.embed(x), self._landmarks)
        return torch.cat([(-0.5 * (reach / scale).square()).exp() for scale in self._scales], 1)


class QualityProbe:
    """Looks at a trainer's averaged generator; the same latents and reals each time.

    Args:
        dataset: from which the reals are drawn, once.
        seed: of the latents and of the choice of reals.
        num_samples: samples of a look.
        num_reals: reals at most.

    Attributes:
        shares: share of the reals in each cluster, `[K]`.
        distinct: how many of the reals differ from all others.
        num_reals: rows that the shares were counted on; infinite where it was all of them.
        largest: size of the largest value of these reals, in model units.
        scatter: standard deviation of the distance of as many draws from these reals as it looks at
            samples: what chance does to a look.
    """

    def __init__(
        self, dataset: Dataset, *, seed: int, num_samples: int = SAMPLES, num_reals: int = _REALS
    ) -> None:
        self._seed, self._n, self._space = seed, num_samples, dataset.space
        generator = torch.Generator().manual_seed(derive_seed(seed, "gauge reals"))
        held = dataset.resident is not None
        rows = torch.randperm(len(dataset), generator=generator)
        rows = rows[: max(num_reals, _COUNTED_HELD if held else _COUNTED_READ)]
        first = dataset.space.to_model(dataset.take(rows[:num_reals])[0])
        self.largest = max(float(first.abs().max()), 1e-12)
        self._features = SmallFeatures(dataset.space, first)
        rest = [part for part in rows[num_reals:].split(_CHUNK) if len(part)]
        more = (self._features(dataset.space.to_model(dataset.take(part)[0])) for part in rest)
        counted = torch.cat([self._features(first), *more])
        self._real = counted[:num_reals]
        self.distinct = len(first.flatten(1).unique(dim=0))
        self._moments = FeatureMoments(self._real.shape[1]).update(self._real)
        self._spread = _variance(self._real)
        self._spread_embedded = _variance(dataset.space.embed(first))
        self.scatter = self._chance(derive_seed(seed, "gauge scatter"))
        k = min(_NEIGHBOURS, len(self._real) - 1)
        self._reach = torch.cdist(self._real, self._real).kthvalue(k + 1, dim=1).values
        self._centres = _k_means(self._real, min(_CLUSTERS, len(self._real)))
        self._lengths = self._centres.square().sum(dim=1)
        self.shares = self.visits_of(counted) / len(counted)
        self.num_reals = float("inf") if len(rows) == len(dataset) else float(len(rows))

    def _chance(self, seed: int) -> float:
        generator = torch.Generator().manual_seed(seed)
        shape = (_DRAWS, self._n)
        draws = self._real[torch.randint(len(self._real), shape, generator=generator)]
        found = [FeatureMoments(one.shape[1]).update(one) for one in draws]
        return stdev(frechet_distance(one, self._moments) for one in found)

    def look(self, trainer: Trainer, *, salt: str = "") -> ProbeResult:
        """Make samples and measure them; `salt` takes other latents."""
        parts = self.inputs(trainer.game, salt=salt)
        device = trainer.runtime.device
        with trainer.averaged_weights() as game, trainer.execution.autocast(device):
            made = [game.space.round_trip(game.generate(part.to(device))).cpu() for part in parts]
        return self._measured(torch.cat(made))

    def inputs(self, game: Game, *, salt: str = "") -> list[Inputs]:
        """What it has samples made from, in pieces."""
        whole = game.draw(self._n, Noise(derive_seed(self._seed, "gauge latents", salt)))
        size = whole.size if game.made_in_parts else _CHUNK
        return [whole.rows(i, i + size) for i in range(0, whole.size, size)]

    def measure(self, x: Tensor) -> ProbeResult:
        """Measure compact samples; those that are not finite are infinitely far."""
        return self._measured(self._space.to_model(x))

    def _measured(self, x: Tensor) -> ProbeResult:
        """Measure samples in model units."""
        fake = self._features(x)
        if not bool(fake.isfinite().all()):
            return ProbeResult(float("inf"), 0.0, 1.0, 0.0)
        shares = self.visits_of(fake) / len(fake)
        spread, far = _variance(fake) / self._spread, self._features.too_far(fake)
        if far:
            spread = _variance(self._space.embed(x)) / self._spread_embedded
        nearest = torch.cdist(self._real, fake).min(dim=1).values
        return ProbeResult(
            distance=frechet_distance(FeatureMoments(fake.shape[1]).update(fake), self._moments),
            coverage=float((nearest <= self._reach).double().mean()),
            lost=float(self.shares[shares < _HARDLY * self.shares].sum()),
            spread=float(spread.sqrt()),
            far=far,
        )

    def visits(self, x: Tensor) -> Tensor:
        """How many samples in model units fall into each cluster, `[K]`, on their device."""
        return self.visits_of(self._features(x))

    def visits_of(self, features: Tensor) -> Tensor:
        """`visits`, of features `[N, F]`."""
        if self._centres.device != features.device:
            self._centres, self._lengths = (
                one.to(features.device) for one in (self._centres, self._lengths)
            )
        # |x - c|² is least where x·c - ½|c|² is most.
        nearest = torch.addmm(self._lengths, features, self._centres.T, beta=-0.5).argmax(dim=1)
        counts = features.new_zeros(len(self._centres))
        return counts.index_add_(0, nearest, counts.new_ones(len(nearest)))


def _variance(features: Tensor) -> Tensor:
    """Of all features `[N, F]` together; above 0."""
    return features.var(0, correction=0).sum().clamp_min(1e-12)


def _k_means(x: Tensor, k: int) -> Tensor:
    """`k` centres of rows, `[k, F]`; fewer rows that differ give some centres twice."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        options: Any = {"n_init": 1, "max_iter": 10, "random_state": 0}
        found = KMeans(k, **options).fit(x.double().numpy())
    return torch.from_numpy(found.cluster_centers_).to(x)
