"""What molecules are worth: whether they are new, varied, and made of what reals are made of.

Most figures are those of Polykovskiy et al., "Molecular Sets (MOSES): a benchmarking platform for
molecular generation models", Frontiers in Pharmacology 2020, arXiv:1811.12823.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch

from zerosum.evaluation.metrics.base import (
    Metric,
    MetricContext,
    MetricSpec,
    MetricValue,
    SampleSet,
    metric,
)
from zerosum.modalities.molecules.chemistry import (
    PROPERTIES,
    alerts,
    fingerprints,
    fragments,
    properties,
    scaffold,
)
from zerosum.modalities.molecules.space import MoleculeSpace
from zerosum.modalities.strings.frames import texts_of
from zerosum.spaces import Space

_MOST = 2_000
_SOURCE = "Polykovskiy et al. 2020, arXiv:1811.12823 (MOSES)"


class MoleculeMetric(Metric):
    """A metric of molecules."""

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Molecules."""
        return isinstance(space, MoleculeSpace)


@metric
class MoleculesThemselves(MoleculeMetric):
    """Shares of samples that are molecules, and that are different ones."""

    least: ClassVar[int] = 2
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="valid_molecules",
            title="Valid molecules",
            better="higher",
            meaning="The share of samples that RDKit takes for a molecule. What is made of SELFIES "
            "is one by construction.",
            source=_SOURCE,
            extractor=False,
            limits=(0.0, 1.0),
        ),
        MetricSpec(
            name="unique_molecules",
            title="Unique molecules",
            better="higher",
            meaning="The share of samples that no earlier sample equals.",
            source=_SOURCE,
            extractor=False,
            limits=(0.0, 1.0),
        ),
        MetricSpec(
            name="internal_diversity",
            title="Internal diversity",
            better="one",
            meaning="How unlike each other samples are, one less the mean similarity of their "
            "fingerprints (Tanimoto), compared with that of reals: 1 where they are as varied.",
            source=f"{_SOURCE}, beside reals",
            extractor=False,
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """All three; intervals are those of drawing molecules again."""
        mine, theirs = _both(candidate, reference, context)
        there = np.array([bool(one) for one in mine], float)
        _, code = np.unique(mine, return_inverse=True)
        draws = [rows[rows < len(mine)].numpy() for rows in context.resamples(len(mine), "drawn")]
        seen = len(np.unique(code)) / len(mine)
        # Rows drawn again repeat by themselves, so the share of first ones is taken of each row.
        first = np.zeros(len(mine))
        first[np.unique(code, return_index=True)[1]] = 1.0
        alike = _mean_similarity(mine)
        real = 1 - float(_mean_similarity(theirs).mean())
        ratio = (1 - alike) / max(real, 1e-9)
        return {
            "valid_molecules": _mean_of(there, draws),
            "unique_molecules": MetricValue(seen, tuple(float(first[r].mean()) for r in draws)),
            "internal_diversity": _mean_of(ratio, draws),
        }


@metric
class MedicinalFilters(MoleculeMetric):
    """Whether molecules have parts that medicinal chemists avoid."""

    least: ClassVar[int] = 1
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="without_alerts",
            title="Molecules without alerts",
            better="higher",
            meaning="The share of samples with none of the parts that RDKit's catalogues PAINS "
            "and BRENK warn of: reactive, unstable, or misleading in assays. Beside it fresh "
            "reals, which may have some as well.",
            source="Baell and Holloway 2010 (PAINS); Brenk et al. 2008",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The share of samples; those that are no molecule do not count."""
        mine, _ = _both(candidate, reference, context)
        free = np.array([bool(one) and not alerts(one) for one in mine], float)
        draws = [rows[rows < len(mine)].numpy() for rows in context.resamples(len(mine), "alerts")]
        return {"without_alerts": _mean_of(free, draws)}


@metric
class NewMolecules(MoleculeMetric):
    """Which samples are not in the training data."""

    least: ClassVar[int] = 1
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="novel_molecules",
            title="New molecules",
            better="higher",
            meaning="The share of samples that are no molecule of the training data.",
            source=_SOURCE,
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Where training molecules are at hand."""
        return context.train is not None

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The share."""
        assert context.train is not None
        assert isinstance(context.space, MoleculeSpace)
        known = {*texts_of(context.space, context.train.x)}
        mine = texts_of(context.space, candidate.x)
        new = np.array([bool(one) and one not in known for one in mine], float)
        draws = [rows.numpy() for rows in context.resamples(len(mine), "new")]
        return {"novel_molecules": _mean_of(new, draws)}


@metric
class MoleculeParts(MoleculeMetric):
    """Whether parts and scaffolds are there as often as in reals."""

    least: ClassVar[int] = 2
    outputs: ClassVar[tuple[MetricSpec, ...]] = (
        MetricSpec(
            name="fragment_similarity",
            title="Similarity of fragments",
            better="higher",
            meaning="The cosine between how often each BRICS fragment is in samples and in reals.",
            source=_SOURCE,
            extractor=False,
            limits=(0.0, 1.0),
        ),
        MetricSpec(
            name="scaffold_similarity",
            title="Similarity of scaffolds",
            better="higher",
            meaning="The same of Bemis-Murcko scaffolds: rings and what joins them.",
            source=_SOURCE,
            extractor=False,
            limits=(0.0, 1.0),
        ),
        MetricSpec(
            name="nearest_molecule",
            title="Similarity to the nearest real",
            better="higher",
            meaning="The similarity (Tanimoto) of a sample to the nearest real, on average.",
            source=f"{_SOURCE} (SNN)",
            extractor=False,
            limits=(0.0, 1.0),
        ),
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The cosines, and the similarity."""
        mine, theirs = _both(candidate, reference, context)
        draws = [rows[rows < len(mine)].numpy() for rows in context.resamples(len(mine), "parts")]
        ways: dict[str, Callable[[str], Iterable[str]]] = {
            "fragment_similarity": fragments,
            "scaffold_similarity": lambda one: [scaffold(one)],
        }
        found = {}
        for name, parts in ways.items():
            own, real = (
                [[*parts(one)] for one in mine],
                Counter(p for t in theirs for p in parts(t)),
            )
            rows = [np.arange(len(mine)), *draws]
            value, *again = [_cosine(Counter(p for i in r for p in own[i]), real) for r in rows]
            found[name] = MetricValue(value, tuple(again))
        nearest = _similarities(mine, theirs).max(axis=1)
        return found | {"nearest_molecule": _mean_of(nearest, draws)}


@metric
class MoleculeProperties(MoleculeMetric):
    """How far properties of samples are from those of reals."""

    least: ClassVar[int] = 2
    outputs: ClassVar[tuple[MetricSpec, ...]] = tuple(
        MetricSpec(
            name=f"{name.lower()}_distance",
            title=f"Distance in {name}",
            better="lower",
            meaning=f"The Wasserstein distance between {name} of samples and of reals, in its own "
            "unit.",
            source=_SOURCE,
            extractor=False,
            limits=(0.0, float("inf")),
        )
        for name in PROPERTIES
    )

    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """A distance for each property."""
        mine, theirs = _both(candidate, reference, context)
        draws = [rows[rows < len(mine)].numpy() for rows in context.resamples(len(mine), "moved")]
        own, real = (np.array([properties(one) for one in each]) for each in (mine, theirs))
        found = {}
        for i, output in enumerate(self.outputs):
            known, there = own[:, i], real[:, i][~np.isnan(real[:, i])]
            rows = [np.arange(len(mine)), *draws]
            value, *again = [_distance(known[r][~np.isnan(known[r])], there) for r in rows]
            found[output.name] = MetricValue(value, tuple(again))
        return found


def _distance(mine: np.ndarray, theirs: np.ndarray) -> float:
    """The Wasserstein distance of two sets of numbers, by their quantiles."""
    if not len(mine):
        return float(np.ptp(theirs)) if len(theirs) else 0.0
    shares = (np.arange(512) + 0.5) / 512
    return float(np.abs(np.quantile(mine, shares) - np.quantile(theirs, shares)).mean())


def _cosine(mine: Counter[str], theirs: Counter[str]) -> float:
    """The cosine of two counts, 0 to 1."""
    both = sum(many * theirs[one] for one, many in mine.items())
    sizes = [sum(many**2 for many in one.values()) ** 0.5 for one in (mine, theirs)]
    return min(both / (sizes[0] * sizes[1]), 1.0) if min(sizes) else 0.0


def _similarities(mine: Sequence[str], theirs: Sequence[str]) -> np.ndarray:
    """Tanimoto similarity of fingerprints, `[N, M]`: bits that both have, of those either has."""
    a, b = (torch.from_numpy((fingerprints(one) > 0).astype(np.float32)) for one in (mine, theirs))
    both = a @ b.T
    either = a.sum(1)[:, None] + b.sum(1)[None] - both
    return (both / either.clamp_min(1)).numpy()


def _mean_similarity(smiles: Sequence[str]) -> np.ndarray:
    """How like all others each molecule is on average, `[N]`."""
    found = _similarities(smiles, smiles)
    return (found.sum(axis=1) - found.diagonal()) / max(len(smiles) - 1, 1)


def _mean_of(each: np.ndarray, draws: Sequence[np.ndarray]) -> MetricValue:
    return MetricValue(float(each.mean()), tuple(float(each[rows].mean()) for rows in draws))


def _both(
    candidate: SampleSet, reference: SampleSet, context: MetricContext
) -> tuple[list[str], list[str]]:
    assert isinstance(context.space, MoleculeSpace)
    mine, theirs = (texts_of(context.space, one.x) for one in (candidate, reference))
    return mine[:_MOST], theirs[:_MOST]
