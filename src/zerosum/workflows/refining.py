"""A short adversarial phase for a model that knows likelihoods.

A judge learns to tell reals from samples. Its odds say how much more frequent a sample is among
reals than among samples: the density ratio (Sugiyama, Suzuki and Kanamori, "Density ratio
estimation in machine learning", 2012; for generators Azadi et al., "Discriminator rejection
sampling", ICLR 2019, arXiv:1810.06758, and Grover et al., "Bias correction of learned generative
models using likelihood-free importance weighting", NeurIPS 2019, arXiv:1906.09531).

We do not reject, which would make sampling slow. New samples are weighted by the ratio, and the
generator learns them by weighted likelihood: its optimum is the distribution that the judge asks
for. So that nothing is learned by heart, the judge is cross-fitted, it is believed only as far as
it is right about rows that it did not learn from, and the rows that are weighted are new ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from zerosum.data.base import Progress
from zerosum.games.base import Game
from zerosum.games.likelihood import LikelihoodGame
from zerosum.rng import derive_seed, seeded_initialisation

JudgeName = Literal["trees", "forest", "network"]

NUM_FOLDS = 3

_LARGEST, _SMALLEST = 2.0, -3.0
"""Logarithms of the weights of a sample, at most and at least."""

FEWEST_STEPS = 200
"""Steps of one round at least, each of a batch of new samples and half as many reals."""

_RATE, _BATCH = 5e-4, 512
"""Learning rate of steps with so many samples; that of smaller ones is less by the root of it."""


@dataclass(frozen=True)
class Looks:
    """What a judge sees of samples.

    Attributes:
        x: numbers, float `[N, K]`; NaN for what is missing.
        categorical: which of them hold categories, bool `[K]`.
    """

    x: np.ndarray
    categorical: np.ndarray


Odds = Callable[[np.ndarray], np.ndarray]
"""From what a judge sees, `[N, K]`, to log-odds of being real, `[N]`."""

Judge = Callable[[np.ndarray, np.ndarray, np.ndarray, int], Odds]
"""From what it sees `[N, K]`, whether it is real `[N]`, which hold categories `[K]`, and a seed."""


@dataclass(frozen=True)
class Verdict:
    """What a judge found.

    Attributes:
        auc: how well it separates samples from reals that it did not learn from; 0.5 is chance.
        trust: the power of its odds that is right on these; 0 where they say nothing.
        weights: of the new samples, `[M]`, with a mean of 1.
    """

    auc: float
    trust: float
    weights: np.ndarray

    @property
    def spread(self) -> float:
        """Standard deviation of the weights."""
        return float(self.weights.std())


def judged(
    judge: Judge, real: Looks, made: Looks, new: Looks, *, seed: int, folds: int = NUM_FOLDS
) -> Verdict:
    """The verdict of a cross-fitted judge on reals and samples, as weights of new samples.

    Args:
        judge: learns to tell them apart.
        real: N reals.
        made: as many samples.
        new: M samples that no judge learns from.
        seed: of the folds, and of the judge.
        folds: parts of which each is judged by a judge that learned from the others.
    """
    n = min(len(real.x), len(made.x))
    sides = np.stack([made.x[:n], real.x[:n]])
    fold = np.random.default_rng(derive_seed(seed, "folds")).permutation(n) % folds
    odds, weights = np.zeros((2, n)), np.zeros(len(new.x))
    for i in range(folds):
        known = sides[:, fold != i]
        truth = np.repeat([0, 1], known.shape[1])
        said = judge(np.concatenate(known), truth, real.categorical, derive_seed(seed, "judge", i))
        for side in range(2):
            odds[side, fold == i] = said(sides[side, fold == i])
        weights += said(new.x) / folds
    trust, offset = _calibrated(odds)
    log = np.clip(trust * weights + offset, _SMALLEST, _LARGEST)
    ratio = np.exp(log - log.max())
    return Verdict(area(odds[1], odds[0]), trust, ratio / ratio.mean())


def trees(x: np.ndarray, real: np.ndarray, categorical: np.ndarray, seed: int) -> Odds:
    """Boosted trees that stop when a part that they do not learn from says so."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    options: dict[str, Any] = {
        "max_iter": 300, "learning_rate": 0.05, "min_samples_leaf": 20,
        "categorical_features": categorical, "early_stopping": True, "validation_fraction": 0.15,
        "n_iter_no_change": 10, "random_state": seed % 2**32,
    }  # fmt: skip
    model = HistGradientBoostingClassifier(**options).fit(x, real)
    return model.decision_function


def forest(x: np.ndarray, real: np.ndarray, categorical: np.ndarray, seed: int) -> Odds:
    """Two hundred random trees, which take many sparse inputs, such as fingerprints, well."""
    from sklearn.ensemble import RandomForestClassifier

    usual = np.where(categorical, 0.0, np.nanmedian(x, axis=0))
    model = RandomForestClassifier(200, min_samples_leaf=20, random_state=seed % 2**32)
    model.fit(np.where(np.isnan(x), usual, x), real)

    def odds(rows: np.ndarray) -> np.ndarray:
        share: Any = model.predict_proba(np.where(np.isnan(rows), usual, rows))
        return np.log((share[:, 1] + 0.01) / (share[:, 0] + 0.01))

    return odds


def all_trees(x: np.ndarray, real: np.ndarray, categorical: np.ndarray, seed: int) -> Odds:
    """A hundred boosted trees, as the C2ST grows them: they rank well, and say too much."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    options: dict[str, Any] = {
        "max_iter": 100, "categorical_features": categorical, "early_stopping": False,
        "random_state": seed % 2**32,
    }  # fmt: skip
    return HistGradientBoostingClassifier(**options).fit(x, real).decision_function


def network(x: np.ndarray, real: np.ndarray, categorical: np.ndarray, seed: int) -> Odds:
    """A perceptron with dropout, at its best on a part that it does not learn from."""
    prepare = _prepared(x, categorical)
    inputs, truth = prepare(x), torch.from_numpy(real).float()
    random = torch.Generator().manual_seed(seed % 2**63)
    order = torch.randperm(len(truth), generator=random)
    held, learned = order[: len(order) // 7], order[len(order) // 7 :]
    width = 256
    with seeded_initialisation(derive_seed(seed, "perceptron")):
        body = nn.Sequential(
            nn.Linear(inputs.shape[1], width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
            nn.Linear(width, 1),
        )  # fmt: skip
    optimizer = torch.optim.AdamW(body.parameters(), lr=1e-3, weight_decay=1e-2)
    best, kept, waited = np.inf, _copy(body), 0
    for _ in range(30):
        for rows in learned[torch.randperm(len(learned), generator=random)].split(512):
            mask = torch.rand(len(rows), inputs.shape[1], generator=random) >= 0.1
            optimizer.zero_grad()
            logits = body(inputs[rows] * mask / 0.9)[:, 0]
            functional.binary_cross_entropy_with_logits(logits, truth[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            logits = body(inputs[held])[:, 0]
            now = float(functional.binary_cross_entropy_with_logits(logits, truth[held]))
        waited += 1
        if now < best:
            best, kept, waited = now, _copy(body), 0
        if waited == 3:
            break
    body.load_state_dict(kept)

    def odds(rows: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return body(prepare(rows))[:, 0].double().numpy()

    return odds


JUDGES: Mapping[str, Judge] = {"trees": trees, "forest": forest, "network": network}


Labelled = tuple[Tensor, Tensor | None]
"""Samples in model units `[N, ...]`, and their labels `[N]`, if any."""


def fold_in(
    game: Game, new: Labelled, weights: np.ndarray, reals: Labelled, *, batch: int,
    decays: Mapping[str, float], seed: int, progress: Progress | None = None,
) -> None:  # fmt: skip
    """Let a game's networks learn new samples by their weights, and reals beside them, in place.

    Args:
        game: a `LikelihoodGame`, with the weights that its samples come from.
        new: M samples.
        weights: of each, `[M]`, with a mean of 1.
        reals: training data.
        batch: new samples of a step; it has half as many reals.
        decays: of each network that learns, by how much its weights decay, as in its training.
        seed: of the order.
        progress: called after each step.
    """
    assert isinstance(game, LikelihoodGame)
    networks = {name: game.get_submodule(name).requires_grad_(True).train() for name in decays}
    groups = []
    for name, decay in decays.items():
        parameters = [*networks[name].parameters()]
        groups += [
            {"params": [one for one in parameters if one.ndim > 1], "weight_decay": decay},
            {"params": [one for one in parameters if one.ndim < 2], "weight_decay": 0.0},
        ]
    rate = _RATE * min(batch / _BATCH, 1.0) ** 0.5
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95))
    random = torch.Generator().manual_seed(seed % 2**63)
    share = torch.from_numpy(weights).float()
    passes = max(1, -(-FEWEST_STEPS * batch // len(new[0])))
    many = len(reals[0])
    batches = [
        rows
        for _ in range(passes)
        for rows in torch.randperm(len(new[0]), generator=random).split(batch)
    ]
    for step, rows in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - step / len(batches))
        beside = torch.randint(many, (min(max(batch // 2, 1), many),), generator=random)
        optimizer.zero_grad()
        own = -(share[rows] * game.log_likelihood(*_some(new, rows))).mean()
        loss = (own - game.log_likelihood(*_some(reals, beside)).mean()) / 2
        loss.backward()
        optimizer.step()
        if progress is not None:
            progress("learning from the verdict", step + 1, len(batches))
    for network in networks.values():
        network.requires_grad_(False).eval()


def _some(samples: Labelled, rows: Tensor) -> Labelled:
    x, y = samples
    return x[rows], None if y is None else y[rows]


def area(higher: np.ndarray, lower: np.ndarray) -> float:
    """The chance that one of `higher` `[N]` is above one of `lower` `[M]`; ties count half.

    >>> area(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    0.875
    """
    order = np.sort(lower)
    below = np.searchsorted(order, higher, side="left")
    upto = np.searchsorted(order, higher, side="right")
    return float((below + upto).mean() / 2 / len(lower))


def _calibrated(odds: np.ndarray) -> tuple[float, float]:
    """The slope and offset that make log-odds of samples and reals, `[2, N]`, right; see Platt.

    A slope is from 0 to 1: a judge is never believed more than it says.
    """
    from sklearn.linear_model import LogisticRegression

    if not np.ptp(odds):
        return 0.0, 0.0
    truth = np.repeat([0, 1], odds.shape[1])
    line = LogisticRegression(C=1e6).fit(odds.reshape(-1, 1), truth)
    slope = float(line.coef_[0, 0])
    return (0.0, 0.0) if slope <= 0 else (min(slope, 1.0), float(line.intercept_[0]))


def _prepared(x: np.ndarray, categorical: np.ndarray) -> Callable[[np.ndarray], Tensor]:
    """What makes inputs of a network: categories as marks, numbers as ranks, gaps as marks."""
    marks = {i: np.arange(min(20, int(np.nanmax(x[:, i], initial=0)) + 1))
             for i in np.flatnonzero(categorical)}  # fmt: skip
    grids = {
        i: np.unique(np.nanquantile(x[:, i], np.linspace(0, 1, 65)))
        for i in np.flatnonzero(~categorical)
        if not np.isnan(x[:, i]).all()
    }

    def prepare(rows: np.ndarray) -> Tensor:
        found = [(rows[:, i, None] == values).astype(np.float32) for i, values in marks.items()]
        for i, grid in grids.items():
            rank = np.interp(np.nan_to_num(rows[:, i]), grid, np.linspace(-1.7, 1.7, len(grid)))
            gone = np.isnan(rows[:, i])
            found.append(np.stack([np.where(gone, 0.0, rank), gone], axis=1).astype(np.float32))
        return torch.from_numpy(np.concatenate(found, axis=1))

    return prepare


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}
