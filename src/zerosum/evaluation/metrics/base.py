"""What a metric is: a number about one set of samples, compared with a reference of reals.

A metric never knows what it is reading: the judge gives it the samples, then fresh reals (the
ceiling), then a trivial baseline (the floor), all of the same size. So no figure stands alone.
A metric is one file that defines and registers it, in `metrics/` here or of a modality, in a
package of its own, or beside a recipe. It declares all that others need to know of it: how reports
call its numbers, whether these are about memorisation, which spaces it suits, and whether it may be
read while a model trains. Nothing else knows it by name.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Tensor

from zerosum.rng import Noise, derive_seed
from zerosum.spaces import Space

Better = Literal["lower", "higher", "one"]
"""Which way is good: less, more, or as near to 1 as possible."""

Ticker = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class SampleSet:
    """A set of samples, as metrics see it.

    Attributes:
        x: compact samples, uint8 `[N, C, H, W]`, float32 `[N, D]`, or values of rows, float64
            `[N, D]`.
        features: what the extractor says of them, float32 `[N, F]`.
        y: labels, int64 `[N]`; of samples, those that were asked for; None without labels.
        class_logits: logits of a classifier that knows the data's own labels, `[N, K]`, or None.
    """

    x: Tensor
    features: Tensor
    y: Tensor | None = None
    class_logits: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, rows: Tensor) -> "SampleSet":
        """The samples of the indices, int64 `[n]`, which may repeat."""
        return SampleSet(
            self.x[rows],
            self.features[rows],
            None if self.y is None else self.y[rows],
            None if self.class_logits is None else self.class_logits[rows],
        )


@dataclass(frozen=True)
class MetricContext:
    """What metrics share while a model is judged.

    Attributes:
        space: what a sample is.
        extractor: name of the feature extractor, as it appears in names of figures.
        split: where the reference comes from: `holdout` or `train`.
        train: reals that the model was trained on, or a part of them that the extractor never
            saw; None if there are too few.
        originals: row by row the reals that samples were made from; None where samples are made
            from nothing, or it is not known from which.
        modes: centres of a mixture `[M, D]`, in data units, or None.
        mode_std: standard deviation of one of its modes.
        mode_weights: share of each mode `[M]`, or None.
        target: the column of a table that is to be predicted, or None.
        neighbours: the k of every metric that looks at k nearest neighbours.
        replicates: bootstrap replicates for an interval; 0 for none.
        seed: of everything random in a metric.
        tick: called with the progress of anything that takes long.
    """

    space: Space
    extractor: str
    split: str
    train: SampleSet | None = None
    originals: SampleSet | None = None
    modes: Tensor | None = None
    mode_std: float = 0.0
    mode_weights: Tensor | None = None
    target: str | None = None
    neighbours: int = 5
    replicates: int = 0
    seed: int = 0
    tick: Ticker | None = None

    def noise(self, *purpose: str) -> Noise:
        """A stream of random numbers for one purpose, the same each time."""
        return Noise(derive_seed(self.seed, "measure", *purpose))

    def resamples(self, n: int, *purpose: str) -> list[Tensor]:
        """For each replicate the rows of a bootstrap sample of `n` rows, `[n]`."""
        noise = self.noise("bootstrap", *purpose)
        return [noise.integers(n, high=n) for _ in range(self.replicates)]

    def some(self, most: int, of: int, *purpose: str) -> Tensor:
        """At most `most` distinct rows below `of` in random order, int64 `[n]`."""
        return self.noise("some rows", *purpose).uniform(of).argsort(stable=True)[:most]


@dataclass(frozen=True)
class MetricValue:
    """A value and its bootstrap replicates (empty if no interval was requested).

    Attributes:
        most: the largest value there can be among these sets, such as a number of modes.
    """

    value: float
    replicates: tuple[float, ...] = ()
    most: float = float("inf")

    def interval(self, share: float = 0.95) -> tuple[float, float] | None:
        """The bootstrap interval that holds `share` of the replicates, around the value.

        The replicates' spread is what counts: it is laid around the value, since resampling
        shifts distances upwards.
        """
        if not self.replicates:
            return None
        values = torch.tensor(self.replicates, dtype=torch.float64)
        edges = torch.tensor([(1 - share) / 2, (1 + share) / 2], dtype=torch.float64)
        low, high = (values.quantile(edges) - values.mean() + self.value).tolist()
        return low, min(high, self.most)


@dataclass(frozen=True)
class Memorisation:
    """How much worse than that of fresh reals a number must be to be a sign of memorisation.

    The bootstrap over samples does not cover that another holdout may happen to lie farther from
    the samples than the training rows do, by a few hundredths.

    Attributes:
        amount: by so much at least.
        share: and by this share of what fresh reals have. It is for tables in which rows often
            equal each other: a good model makes the most frequent rows a little more often than it
            should.
    """

    amount: float
    share: float = 0.0

    def shows(self, worse: float, fresh: float) -> bool:
        """Whether a number that is `worse` by so much than the one of `fresh` reals is a sign.

        >>> Memorisation(0.01, share=0.5).shows(0.06, 0.1)
        True
        """
        return worse > max(self.amount, self.share * abs(fresh))


@dataclass(frozen=True)
class MetricSpec:
    """One number that a metric gives.

    Attributes:
        name: such as `frechet_distance`; unique among all metrics.
        title: the name in words, as reports write it: `Fréchet distance`.
        better: which way is good.
        meaning: one or two plain sentences for the report.
        source: the paper or definition.
        protocol: parts of the protocol other than extractor, split and N, such as `k=5`.
        extractor: whether the number depends on the feature extractor.
        limits: the least and largest value there can be.
        memorisation: when the number is a sign that training rows are given back; None if it is
            about something else. One about memorisation has no part in what a verdict says of
            quality, since a trivial baseline copies nothing and is no floor for it.
    """

    name: str
    title: str
    better: Better
    meaning: str
    source: str
    protocol: str = ""
    extractor: bool = True
    limits: tuple[float, float] = (0.0, float("inf"))
    memorisation: Memorisation | None = None


class Metric(ABC):
    """Something that can be said about samples, compared with a reference.

    Attributes:
        outputs: the numbers it gives.
        least: samples and reals it needs at least.
        in_training: whether it is also read now and then while a model trains. Such a metric takes
            a fraction of a second and compares samples and training rows as the space embeds them.
    """

    outputs: ClassVar[tuple[MetricSpec, ...]]
    least: ClassVar[int] = 2
    in_training: ClassVar[bool] = False

    @classmethod
    def suits(cls, space: Space) -> bool:
        """Whether it makes sense for samples of `space`; use facts such as `axes`.

        A kind of space that is defined elsewhere then has the metrics that suit it.
        """
        return True

    def applies(self, samples: SampleSet, reference: SampleSet, context: MetricContext) -> bool:
        """Whether what it needs is there, such as labels; too few samples are an error instead."""
        return True

    @abstractmethod
    def read(
        self, candidate: SampleSet, reference: SampleSet, context: MetricContext
    ) -> Mapping[str, MetricValue]:
        """The numbers for `candidate`, one for each output, by its name."""


@dataclass
class MetricRegistry:
    """All metrics, in the order of registration."""

    metrics: list[Metric] = field(default_factory=list)

    def add(self, cls: type[Metric]) -> type[Metric]:
        """Register a metric; use it as a decorator."""
        taken = {output.name for metric in self.metrics for output in metric.outputs}
        again = taken & {output.name for output in cls.outputs}
        if again:
            raise ValueError(
                f"{cls.__name__} gives {', '.join(sorted(again))}, which exist already"
            )
        self.metrics.append(cls())
        return cls

    def forget(self, module: str) -> None:
        """Drop what `module` registered, when its file failed or has changed."""
        self.metrics = [one for one in self.metrics if type(one).__module__ != module]


REGISTRY = MetricRegistry()
metric = REGISTRY.add
