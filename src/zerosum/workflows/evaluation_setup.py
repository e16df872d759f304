"""What a model is held against: reals that were set apart, a ceiling and a floor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from zerosum.catalogue import modality_of
from zerosum.data.base import DataConfig, Dataset, Progress
from zerosum.errors import EvaluationError
from zerosum.evaluation.features.base import Extractor
from zerosum.evaluation.judging.holdout import codes_of, require_same_kind, shared_rows
from zerosum.evaluation.judging.judge import EvaluationSets
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.faces import option
from zerosum.modality import JudgeKit
from zerosum.rng import Noise, derive_seed
from zerosum.spaces import Space
from zerosum.workflows.data import open_holdout
from zerosum.workflows.features import choose_features

MOST = 10_000
"""Samples and reals that are compared where no number is asked for."""

_TRAIN_ROWS = 20_000
"""Training rows in which copies are looked for, at most."""

_TRAIN_BYTES = 512 << 20
"""What these may take in memory."""

_PIECE = 1_024


@dataclass(frozen=True)
class EvaluationSetup:
    """Everything that does not depend on the model: one for all models that are compared.

    Attributes:
        space: what a sample is.
        dataset: the training data.
        holdout: the reals that were set apart, or None.
        features: what the extractor was asked for by.
        extractor: gives the features.
        reference: reals that samples are held against.
        fresh: other reals, for the ceiling.
        fresh_from: `train` or `holdout`.
        sources: of pairs, what the fresh reals are to be made from, compact; else None.
        baseline: what a trivial generator made, for the floor.
        train: training rows in which copies are looked for; None without a holdout.
        pool: training rows that samples are shown beside; the extractor may have seen them.
        target: the column of a table that is to be predicted, or None.
        seed: decides which rows are taken.
        warnings: what a reader must know.
    """

    space: Space
    dataset: Dataset
    holdout: Dataset | None
    features: str
    extractor: Extractor
    reference: SampleSet
    fresh: SampleSet
    fresh_from: str
    sources: Tensor | None
    baseline: SampleSet
    train: SampleSet | None
    pool: SampleSet
    target: str | None
    seed: int
    warnings: tuple[str, ...]

    @property
    def n(self) -> int:
        """Samples, and reals of each part."""
        return len(self.reference)

    @property
    def split(self) -> str:
        """Where the reference comes from: `holdout` or `train`."""
        return "train" if self.holdout is None else "holdout"

    @property
    def others(self) -> SampleSet:
        """Training rows that are not in the reference."""
        if self.holdout is not None:
            return self.pool
        return self.pool.rows(torch.arange(len(self.reference), len(self.pool)))

    def exhibit(self, x: Tensor, y: Tensor | None, progress: Progress | None = None) -> SampleSet:
        """Samples with their features."""
        return _exhibit(self.extractor, x, y, progress)

    def sets(
        self, samples: SampleSet, *, replicates: int, progress: Progress | None
    ) -> EvaluationSets:
        """Samples laid before the judge, beside the reals of this case."""
        context = MetricContext(
            self.space,
            extractor=self.extractor.name,
            split=self.split,
            train=self.train,
            originals=self.fresh if self.dataset.aligned else None,
            modes=self.dataset.modes,
            mode_std=self.dataset.mode_std,
            target=self.target,
            replicates=replicates,
            seed=self.seed,
            tick=progress,
        )
        return EvaluationSets(samples, self.reference, self.fresh, self.baseline, context)


def open_case(
    dataset: Dataset,
    like: DataConfig | None,
    *,
    space: Space,
    holdout: Any = None,
    n: int | None = None,
    features: str | None = None,
    target: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> EvaluationSetup:
    """Open the holdout, see that it is one, and set rows apart.

    With a holdout the reference is a part of it, and the ceiling comes from training rows that the
    extractor never saw, with labels as frequent as in the reference; where these are too few, from
    other rows of the holdout. Without one, both are parts of those training rows.

    Args:
        dataset: the training data.
        like: how it was opened.
        space: what the model makes.
        holdout: whatever `open_data` takes; if not given, what the run kept apart, or nothing.
        n: samples, and reals of each part; if not given, as many as there can be, up to 10,000.
        features: name of the extractor; if not given, what suits the samples best.
        target: the column of a table that is to be predicted.
        seed: decides which rows are taken.
        progress: called during work that takes long.

    Raises:
        EvaluationError: the holdout is empty, `n` is more than there are reals, or there is no such
            target.
        DataError: the holdout cannot be read.
    """
    kit = modality_of(space).judge
    if target is not None:
        _require_target(kit, space, target)
    whole, space = space, space.judged
    held, codes, warnings = None, None, []
    if target is not None:
        warnings += kit.target_warnings(space, target)
    if holdout is None and dataset.held_out is None:
        warnings.append(
            "No holdout was given: samples are compared with training data, so neither "
            "memorisation nor overfitting can be judged."
        )
    else:
        held = dataset.held_out
        if holdout is not None or held is None:
            held, _ = open_holdout(holdout, space=whole, like=like, progress=progress)
        codes, said = _checked(space, dataset, held, progress)
        warnings += said
    chosen = choose_features(features, dataset, progress)
    unseen = _shuffled(chosen.unseen, seed, "train rows")
    rows = _set_apart(len(unseen), None if held is None else len(held), n)
    own = torch.arange(space.num_labels) if space.labels else None
    train = _Source(dataset, unseen, own)
    other = train
    if held is not None:
        other = _Source(held, _shuffled(torch.arange(len(held)), seed, "holdout rows"), codes)
    first, after = other.first(rows.n), other.after(rows.n)
    rest = None if held is None else train
    if rows.fresh_from == "train" and held is not None:
        noise = Noise(derive_seed(seed, "labels"))
        picked = _as_frequent(train.labels, first.labels, rows.n, len(unseen), noise)
        after, rest = train.where(picked), train.where(~picked)
    reals, others = first.read(), after.first(rows.n).read()
    sources = after.first(rows.n).read_sources()
    most = min(_TRAIN_ROWS, max(1, _TRAIN_BYTES // max(1, reals[0][0].nbytes)))
    seen = torch.ones(len(dataset), dtype=torch.bool).index_fill_(0, chosen.unseen, False)
    learned = _Source(dataset, _shuffled(torch.nonzero(seen).flatten(), seed, "learned rows"), own)
    noise = Noise(derive_seed(seed, "baseline"))
    trivial = space.independent(others[0], rows.n, noise)
    warnings += kit.warnings(len(dataset), None if held is None else len(held))
    if held is not None and space.labels and reals[1] is None:
        warnings.append("The holdout has no labels: nothing that needs them is measured.")

    def exhibit(x: Tensor, y: Tensor | None) -> SampleSet:
        return _exhibit(chosen.extractor, x, y, progress)

    reference, fresh = exhibit(*reals), exhibit(*others)
    copies = None if rest is None else exhibit(*rest.first(most).read())
    beside = [reference] if held is None else []
    beside += [fresh] if rows.fresh_from == "train" else []
    beside += [] if copies is None else [copies]
    beside += [exhibit(*learned.first(most // 2).read())] if len(learned.order) else []
    return EvaluationSetup(
        space=space,
        dataset=dataset,
        holdout=held,
        features=chosen.name,
        extractor=chosen.extractor,
        reference=reference,
        fresh=fresh,
        fresh_from=rows.fresh_from,
        sources=sources,
        baseline=exhibit(trivial, others[1]),
        train=copies,
        pool=_together(beside),
        target=target,
        seed=seed,
        warnings=tuple(warnings),
    )


def _checked(
    space: Space, dataset: Dataset, held: Dataset, progress: Progress | None
) -> tuple[Tensor | None, list[str]]:
    """Codes of the holdout's labels, and warnings."""
    other = held.space.judged
    require_same_kind(space, other, f"the holdout {held.name}")
    codes = codes_of(space, other, f"the holdout {held.name}")
    complaint = shared_rows(dataset, held, progress).complaint()
    return codes, [complaint] if complaint else []


def _require_target(kit: JudgeKit, space: Space, target: str) -> None:
    if kit.require_target is None:
        raise EvaluationError(
            f"a target, {target!r}, is a column of a table, and the model makes samples of kind "
            f"{space.kind}. Leave it out: what their labels teach is measured anyway."
        )
    kit.require_target(space, target)


@dataclass(frozen=True)
class _Rows:
    """How many rows there are of each part, and where the ceiling comes from."""

    n: int
    fresh_from: str


def _set_apart(unseen: int, held: int | None, n: int | None) -> _Rows:
    """As many rows for the reference as for the ceiling.

    Args:
        unseen: training rows that the extractor never saw.
        held: rows of the holdout, or None.
        n: how many were asked for.

    Raises:
        EvaluationError: there are not as many.
    """
    if held is None:
        most, fresh_from = unseen // 2, "train"
        short = f"half of the {unseen:,} training rows that the features were not learned from"
    else:
        most, fresh_from = max((min(held, unseen // 2), "train"), (held // 2, "holdout"))
        short = f"the {held:,} rows of the holdout"
        if most < held:
            short = f"what {held:,} rows of the holdout and {unseen:,} training rows allow"
    if n is not None and not 2 <= n <= most:
        raise EvaluationError(
            f"{option('n', n)}: it may be 2 to {most:,}, {short}, since samples, reals and fresh "
            f"reals are compared in equal numbers. Give {option('n', most)}, or a larger holdout."
        )
    if most < 2:
        raise EvaluationError(
            f"there are too few reals to judge with: {short}. Give a larger holdout."
        )
    return _Rows(n or min(MOST, most), fresh_from)


def _as_frequent(
    y: Tensor | None, reference: Tensor | None, n: int, of: int, noise: Noise
) -> Tensor:
    """Which `n` of the rows with labels `y` `[of]` to take as fresh reals, bool `[of]`.

    Their labels are as frequent as in the reference, up to chance as large as between two draws of
    the same data; labels that agreed exactly would make the ceiling, and a model that is asked for
    them, look better than new reals can be. Where rows of a label run out, others take their place.
    """
    if y is None or reference is None:
        return torch.arange(of) < n
    once = reference[noise.integers(n, high=len(reference))]
    wanted = torch.bincount(once[noise.integers(n, high=n)])
    picked = torch.zeros(of, dtype=torch.bool)
    for label, count in enumerate(wanted.tolist()):
        picked[torch.nonzero(y == label).flatten()[:count]] = True
    spare = torch.nonzero(~picked).flatten()
    picked[spare[: n - int(picked.sum())]] = True
    return picked


@dataclass(frozen=True)
class _Source:
    """Rows of a data set in the order they are set apart in.

    Attributes:
        dataset: where they lie.
        order: which row comes first, and so on, int64 `[M]`.
        codes: for each of its label codes the run's code; None where labels are left out.
    """

    dataset: Dataset
    order: Tensor
    codes: Tensor | None

    def first(self, n: int) -> "_Source":
        return replace(self, order=self.order[:n])

    def after(self, n: int) -> "_Source":
        return replace(self, order=self.order[n:])

    def where(self, picked: Tensor) -> "_Source":
        return replace(self, order=self.order[picked])

    @property
    def labels(self) -> Tensor | None:
        y = None if self.codes is None else self.dataset.labels_of(self.order)
        return None if y is None or self.codes is None else self.codes[y]

    def read(self) -> tuple[Tensor, Tensor | None]:
        x = torch.cat([self.dataset.take(rows)[0] for rows in self.order.split(_PIECE)])
        return x, self.labels

    def read_sources(self) -> Tensor | None:
        pieces = [self.dataset.sources_of(rows) for rows in self.order.split(_PIECE)]
        known = [one for one in pieces if one is not None]
        return torch.cat(known) if known else None


def _shuffled(rows: Tensor, seed: int, purpose: str) -> Tensor:
    generator = torch.Generator().manual_seed(derive_seed(seed, "judge", purpose))
    return rows[torch.randperm(len(rows), generator=generator)]


def _together(parts: Sequence[SampleSet]) -> SampleSet:
    """Samples and features of several exhibits as one."""
    return SampleSet(torch.cat([p.x for p in parts]), torch.cat([p.features for p in parts]))


def _exhibit(
    extractor: Extractor, x: Tensor, y: Tensor | None, progress: Progress | None
) -> SampleSet:
    features, logits = [], []
    for start in range(0, len(x), _PIECE):
        piece = x[start : start + _PIECE]
        features.append(extractor(piece))
        logits.append(extractor.classify(piece))
        if progress is not None:
            progress("extracting features", start + len(piece), len(x))
    known = [one for one in logits if one is not None]
    return SampleSet(x, torch.cat(features), y, torch.cat(known) if known else None)
