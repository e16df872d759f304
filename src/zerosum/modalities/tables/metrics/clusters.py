"""Do the groups that are found among reals reappear among samples?

Clusters of k-means in features (Lloyd, "Least squares quantization in PCM", 1982). One clustering
is found among reals, another among samples, and both are asked about the same rows; how far they
agree is the adjusted Rand index (Hubert and Arabie, "Comparing partitions", 1985). How many
clusters there are is what fits the reals best (Rousseeuw, "Silhouettes", 1987).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from zerosum.evaluation.metrics.base import (
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.tables.judging.rows import RowMeasure, drawn_again, reading_of

MOST_CLUSTERS = 8

_MOST_ROWS = 10_000
_LOOKED_AT = 1_000
"""Reals by which the number of clusters is chosen."""


@dataclass(frozen=True)
class Clustering:
    """Centres of clusters, `[K, F]`."""

    centres: np.ndarray

    @classmethod
    def of(cls, features: Tensor, k: int, *, seed: int) -> "Clustering":
        """At most `k` clusters of features `[N, F]`: fewer where fewer rows differ."""
        from sklearn.cluster import KMeans

        x = features.double().numpy()
        k = min(k, len(np.unique(x, axis=0)))
        options: dict[str, Any] = {"n_init": 4, "random_state": seed % 2**32}
        return cls(KMeans(k, **options).fit(x).cluster_centers_)

    def labels(self, features: Tensor) -> np.ndarray:
        """The cluster of each row, `[N]`."""
        x = features.double().numpy()
        return ((self.centres**2).sum(1) - 2 * x @ self.centres.T).argmin(axis=1)


def clustering_of(reals: Tensor, *, seed: int) -> Clustering:
    """Clusters of reals `[N, F]`, as many as have the largest mean silhouette, 2 to 8.

    >>> import torch
    >>> reals = torch.tensor([[0.0], [0.1], [5.0], [5.1], [9.0], [9.1]])
    >>> clustering = clustering_of(reals, seed=0)
    >>> len(clustering.centres)
    3
    """
    from sklearn.metrics import silhouette_score

    some = reals[:_LOOKED_AT]
    x = some.double().numpy()
    best, most = 2, -1.0
    for k in range(2, MOST_CLUSTERS + 1):
        labels = Clustering.of(some, k, seed=seed).labels(some)
        if not 1 < len(np.unique(labels)) < len(x):
            break
        score = float(silhouette_score(x, labels))
        if score > most:
            best, most = k, score
    return Clustering.of(reals, best, seed=seed)


def adjusted_rand(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The adjusted Rand index of two labellings `[N]` of the same rows, `[R]`.

    1 where they agree up to the names of labels, around 0 where they have nothing in common.

    >>> adjusted_rand(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]), np.ones((1, 4)))
    array([1.])
    """
    width = 1 + b.max(initial=0)
    size = (1 + a.max(initial=0)) * width
    found = []
    for each in weights:
        table = np.bincount(a * width + b, each, minlength=size).reshape(-1, width)
        cells, rows, columns = (
            (counts * (counts - 1) / 2).sum() for counts in (table, table.sum(1), table.sum(0))
        )
        pairs = each.sum() * (each.sum() - 1) / 2
        chance, most = rows * columns / pairs, (rows + columns) / 2
        found.append((cells - chance) / (most - chance) if most > chance else 1.0)
    return np.array(found)


@metric
class Clusters(RowMeasure):
    """Whether the same groups are found, as large, and of the same kind."""

    least: ClassVar[int] = 20
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="cluster_agreement",
            title="Cluster agreement",
            better="higher",
            meaning="Whether clusters found among samples are those found among reals: how far "
            "both agree about the same rows, reals and samples. 1 is wholly, 0 is by chance. Even "
            "two clusterings of reals agree only where the data has clear groups.",
            source="Hubert and Arabie 1985, adjusted Rand index, over both sides",
            protocol="k-means",
            limits=(-1.0, 1.0),
        ),
        MetricSpec(
            name="cluster_sizes",
            title="Cluster sizes",
            better="lower",
            meaning="Share of samples that would have to change the cluster so that the reals' "
            "clusters are as large among samples as among reals.",
            source="total variation of the shares",
            protocol="k-means",
            limits=(0.0, 1.0),
        ),
        MetricSpec(
            name="cluster_profiles",
            title="Cluster profiles",
            better="lower",
            meaning="How far the mean sample of a cluster is from its mean real, as a share of how "
            "far reals lie from the mean of all; over clusters as large as they are among reals. A "
            "cluster without samples is as far off as it is from the mean of all reals.",
            source="root mean square distance of cluster means",
            protocol="k-means",
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """Three numbers; for the intervals rows are resampled, not the clusterings."""
        made, real = (
            one.features[context.some(_MOST_ROWS, len(one), "clusters", str(len(one)))]
            for one in (candidate, reference)
        )
        of_reals = clustering_of(real, seed=context.seed)
        of_samples = Clustering.of(made, len(of_reals.centres), seed=context.seed)
        weights = drawn_again(context, len(made), "clusters of samples")
        agreement = [
            adjusted_rand(of_reals.labels(rows), of_samples.labels(rows), each)
            for rows, each in (
                (made, weights), (real, drawn_again(context, len(real), "clusters of reals")),
            )
        ]  # fmt: skip
        sizes, profiles = _beside(of_reals, made, real, weights)
        return {
            "cluster_agreement": reading_of(np.mean(agreement, axis=0)),
            "cluster_sizes": reading_of(sizes),
            "cluster_profiles": reading_of(profiles),
        }


def _beside(
    clusters: Clustering, made: Tensor, real: Tensor, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Differences of sizes and of profiles, `[R]` each."""
    k = len(clusters.centres)
    x, theirs = made.double().numpy(), real.double().numpy()
    of_real = np.eye(k)[clusters.labels(real)]
    member = np.eye(k)[clusters.labels(made)]
    share = of_real.mean(0)
    counts = weights @ member
    sizes = np.abs(counts / counts.sum(1, keepdims=True) - share).sum(1) / 2
    middle = theirs.mean(0)
    spread = np.square(theirs - middle).sum(1).mean()
    means = of_real.T @ theirs / np.maximum(of_real.sum(0), 1)[:, None]
    far = np.zeros(len(weights))
    for cluster in range(k):
        count = counts[:, cluster]
        total = (weights * member[:, cluster]) @ x
        found = np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], middle)
        far += share[cluster] * np.square(found - means[cluster]).sum(1)
    return sizes, np.sqrt(far / (spread + 1e-12))
