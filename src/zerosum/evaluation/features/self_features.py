"""`self`: features of a small network that learned them from the data itself.

It is trained once for each data set and kept in a cache. It learns from one half of the rows, and
numbers are taken on the other: features know the rows they learned from, so samples would seem
nearer to those, or farther, than they are.
"""

import hashlib
import json
import math
import os
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.engine.fit import require_finite, require_tensors
from zerosum.errors import EvaluationError, RunError
from zerosum.evaluation.features.base import Extractor
from zerosum.evaluation.features.self_network import (
    BATCH,
    NUM_FEATURES,
    Classifier,
    Network,
    build_network,
    learn,
    samples_to_learn,
    shrink,
)
from zerosum.evaluation.metrics.base import Ticker
from zerosum.rng import derive_seed
from zerosum.runs.checkpoints import Checkpoints
from zerosum.spaces import Space

_VERSION = 1
"""Raised with each change of the network or of how it learns: old cache entries no longer match."""

_MOST_LEARNED = 20_000
_LEAST_ROWS = 20
_BLOCK = 1_000
_ENOUGH = 5_000
_TIMED = 3
_STEP = 0


@dataclass(frozen=True)
class Found:
    """What is known after learning: accuracy on unseen rows, and the scale of the features."""

    accuracy: float | None
    scale: float


def learning_rows(dataset: Dataset) -> Tensor:
    """Rows that `self` features may learn from: at most 20,000, at most one half; int64 `[L]`.

    A fixed choice, the same for every seed.
    """
    return _split(dataset)[0]


def unseen_rows(dataset: Dataset) -> Tensor:
    """All other rows, on which `self` features may be measured, int64 `[N - L]`."""
    return _split(dataset)[1]


def _split(dataset: Dataset) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(derive_seed(0, "self features", "rows"))
    order = torch.randperm(len(dataset), generator=generator)
    learned = min(len(dataset) // 2, _MOST_LEARNED)
    return order[:learned], order[learned:]


class SelfFeatures(Extractor):
    """Features learned from the data; made by `self_features`.

    Samples with axes, such as images: 64 numbers, the layer before the task, scaled so that their
    variance is 1 on average. Points: the points themselves in model units, since nothing needs to
    be found in them; only their labels are learned.

    Attributes:
        accuracy: share of unseen rows whose label is named rightly; None without labels.
        num_learned: how many rows it learned from, those of `learning_rows`.
    """

    def __init__(
        self,
        space: Space,
        network: Network | None,
        *,
        seed: int = 0,
        num_learned: int = 0,
        accuracy: float | None = None,
        scale: float = 1.0,
    ) -> None:
        self._space, self._network, self._scale = space, network, scale
        self.accuracy, self.num_learned = accuracy, num_learned
        self.num_features = NUM_FEATURES if space.axes else space.size
        self.name = f"self-{self.num_features}" + (f"-seed{seed}" if seed else "")

    @torch.no_grad()
    def extract(self, x: Tensor) -> Tensor:
        """Features, float32 `[B, F]`, of compact samples `[B, ...]`."""
        if self._network is None or not self._space.axes:
            return self._input(x).flatten(1).float()
        return self._scale * self._network.body(self._input(x))

    @torch.no_grad()
    def classify(self, x: Tensor, *, batch_size: int = 256) -> Tensor | None:
        """Logits of the data's labels `[N, K]`; None without labels."""
        network = self._network
        if not isinstance(network, Classifier):
            return None
        batches = [x[i : i + batch_size] for i in range(0, len(x), batch_size)]
        pieces = [network.classes(network.body(self._input(batch))) for batch in batches]
        return torch.cat(pieces) if pieces else torch.empty(0, self._space.num_labels)

    def _input(self, x: Tensor) -> Tensor:
        return self._space.to_model(shrink(self._space, x))


def self_features(dataset: Dataset, *, seed: int = 0, tick: Ticker | None = None) -> SelfFeatures:
    """The features of a data set: from the cache, or else learned now, which takes seconds.

    Args:
        dataset: the training split; one half of it is learned from.
        seed: of weights and order. Other seeds give other features, and their name says so.
        tick: called with how many steps are done.

    Raises:
        EvaluationError: there are too few rows.
    """
    if len(dataset) < _LEAST_ROWS:
        raise EvaluationError(
            f"{dataset.name} has {len(dataset)} rows; self features need at least {_LEAST_ROWS}, "
            "since half of them are for learning. Take the features pixels."
        )
    space = dataset.space
    if build_network(space, seed) is None:
        return SelfFeatures(space, None, seed=seed)
    about = _about(dataset, seed)
    cache = cache_folder()
    store = None if cache is None else Checkpoints(cache / "self-features" / _digest(about))
    known = None if store is None else _recall(store, about, space)
    if known is None:
        known = _learn(dataset, seed, tick)
        _keep(store, about, *known)
    network, found = known
    return SelfFeatures(
        space, network, seed=seed, num_learned=about["learned"],
        accuracy=found.accuracy, scale=found.scale,
    )  # fmt: skip


def kept_self_features(dataset: Dataset) -> SelfFeatures | None:
    """The features of a data set if they are known already; None if they are to be learned."""
    space = dataset.space
    if len(dataset) < _LEAST_ROWS or build_network(space, 0) is None:
        return None
    about = _about(dataset, 0)
    cache = cache_folder()
    if cache is None:
        return None
    known = _recall(Checkpoints(cache / "self-features" / _digest(about)), about, space)
    if known is None:
        return None
    network, found = known
    return SelfFeatures(
        space, network, num_learned=about["learned"], accuracy=found.accuracy, scale=found.scale
    )


def seconds_to_learn(dataset: Dataset) -> float:
    """About how long learning the features of a data set takes, by a few steps of it."""
    network = build_network(dataset.space, 0)
    if network is None or len(dataset) < _LEAST_ROWS:
        return math.inf
    rows = learning_rows(dataset)
    start = time.perf_counter()
    some = rows[:_BLOCK]
    x, y = _read(dataset, some)
    reading = (time.perf_counter() - start) * len(rows) / len(some)
    learn(network, dataset.space, x, y, seed=0, samples=BATCH)  # the first step is slow
    network.train().requires_grad_(True)
    start = time.perf_counter()
    learn(network, dataset.space, x, y, seed=0, samples=_TIMED * BATCH)
    step = (time.perf_counter() - start) / _TIMED
    return reading + step * samples_to_learn(len(rows)) / BATCH


def cache_folder() -> Path | None:
    """Folder of files that can be made again: `ZEROSUM_CACHE`, else `~/.cache/zerosum`.

    None where that is not set and the user has no home folder, as in some containers.
    """
    given = os.environ.get("ZEROSUM_CACHE")
    if given:
        return Path(given)
    try:
        return Path.home() / ".cache" / "zerosum"
    except RuntimeError:
        return None


def _learn(dataset: Dataset, seed: int, tick: Ticker | None) -> tuple[Network, Found]:
    space, network = dataset.space, build_network(dataset.space, seed)
    assert network is not None
    x, y = _read(dataset, learning_rows(dataset))
    learn(network, space, x, y, seed=seed, tick=tick)
    plain = SelfFeatures(space, network)
    variance = plain(x[:_ENOUGH]).double().var(dim=0).mean()
    accuracy = None
    if isinstance(network, Classifier):
        x, y = _read(dataset, unseen_rows(dataset)[:_ENOUGH])
        logits = plain.classify(x)
        assert y is not None
        assert logits is not None
        accuracy = float((logits.argmax(dim=1) == y).double().mean())
    return network, Found(accuracy, scale=float(variance.clamp_min(1e-12).rsqrt()))


def _read(dataset: Dataset, rows: Tensor) -> tuple[Tensor, Tensor | None]:
    """Rows at the size that the network sees; large images never lie in memory all at once."""
    blocks = [dataset.take(some) for some in rows.split(_BLOCK)]
    labels = [y for _, y in blocks if y is not None]
    x = torch.cat([shrink(dataset.space, x) for x, _ in blocks])
    return x, torch.cat(labels) if labels else None


def _about(dataset: Dataset, seed: int) -> dict[str, Any]:
    """What decides the features; an entry of the cache that says otherwise is not used."""
    return {
        "version": _VERSION,
        "data": dataset.fingerprint,
        "space": dataset.space.to_json(),
        "learned": len(learning_rows(dataset)),
        "seed": seed,
    }


def _digest(about: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]


def _recall(
    store: Checkpoints, about: dict[str, Any], space: Space
) -> tuple[Network, Found] | None:
    """What the cache holds; None where it holds nothing, or, with a warning, nothing to trust."""
    if not store.steps():
        return None
    network = build_network(space, about["seed"])
    assert network is not None
    try:
        entry = store.load(_STEP)
        found = _found_in(entry.scalars, about)
        require_tensors(entry.tensors, network.state_dict())
        require_finite(entry.tensors)
    except RunError as error:
        warnings.warn(
            f"{store.folder} cannot be used: {error} The features are learned again.", stacklevel=3
        )
        return None
    network.load_state_dict(entry.tensors)
    network.eval().requires_grad_(False)
    return network, found


def _found_in(scalars: Any, about: dict[str, Any]) -> Found:
    if not isinstance(scalars, dict) or scalars.get("about") != about:
        raise RunError("it is of other data, or of another version.")
    match scalars.get("found"):
        case {"accuracy": float() | None as accuracy, "scale": float(scale), **rest} if not rest:
            return Found(accuracy, scale)
    raise RunError("it lacks what was found when it was learned.")


def _keep(store: Checkpoints | None, about: dict[str, Any], network: Network, found: Found) -> None:
    """A cache that cannot be written costs time the next time, and nothing else."""
    if store is None:
        warnings.warn(
            "the learned features are not kept: there is no home folder. Set ZEROSUM_CACHE to a "
            "folder that you may write to.",
            stacklevel=3,
        )
        return
    scalars = {"step": _STEP, "about": about, "found": asdict(found)}
    try:
        store.save(network.state_dict(), scalars)
    except RunError as error:
        warnings.warn(
            f"the learned features are not kept: {error} Set ZEROSUM_CACHE to a folder that you "
            "may write to.",
            stacklevel=3,
        )
