"""What a report says of each class of a target: how many rows there are, and whether they are it.

A classifier learns from reals. Rows of a class are rated by how many of them it takes for that
class, beside reals that it did not learn from. Classes that few samples belong to are asked for.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from jinja2 import BaseLoader, PackageLoader
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import ConditionError
from zerosum.evaluation.reports.parts import Part, Shown
from zerosum.evaluation.reports.words import number, percent
from zerosum.modalities.tables.game import RowGame
from zerosum.modalities.tables.judging.prediction import MOST_CLASSES, holds_classes
from zerosum.modalities.tables.judging.rows import judge_inputs, tree_options
from zerosum.modalities.tables.judging.sketch import texts
from zerosum.modalities.tables.model import TableModel
from zerosum.modalities.tables.sampling.conditioning import readings_of
from zerosum.modalities.tables.space import TableSpace
from zerosum.rng import derive_seed

FEW_ROWS, FEW_HELD = 50, 20
"""Training rows of a class, and reals apart, below which its figures are not stable."""

_MOST_ROWS = 10_000
"""Reals that the classifier learns from; classes beyond an equal share of it are cut first."""

_ASKED = 400
_OTHERS = "all others"
_PIECE = 65_536


@dataclass(frozen=True)
class ClassFigures:
    """One class of a target.

    Attributes:
        name: of the class.
        rows: training rows of it.
        real: its share of the reals that samples are held against.
        made: its share of the samples.
        looks: share of its samples that the classifier takes for it; None if it has no samples.
        looks_real: the same of reals that the classifier did not learn from.
        judged: samples of the class that were looked at.
        held: reals of the class that were looked at.
    """

    name: str
    rows: int
    real: float
    made: float
    looks: float | None
    looks_real: float | None
    judged: int
    held: int

    @property
    def few(self) -> bool:
        """Whether the class is too small for its figures to be stable."""
        return self.rows < FEW_ROWS or self.held < FEW_HELD

    @property
    def note(self) -> str:
        """What is to be known of it."""
        if not self.judged:
            return "never made"
        return "too few rows for a stable figure" if self.few else ""


@dataclass(frozen=True)
class ClassPart(Part):
    """The classes of a target, the largest first.

    Attributes:
        target: the column.
        classes: its classes; those beyond the 19 most frequent count as one.
        reals: what samples are held against: `holdout` or `training data`.
    """

    kind: ClassVar[str] = "classes"
    template: ClassVar[str] = "classes.html.jinja"
    loader: ClassVar[BaseLoader] = PackageLoader("zerosum.modalities.tables.judging")
    target: str
    classes: tuple[ClassFigures, ...]
    reals: str

    def to_json(self) -> dict[str, Any]:
        """See `Part.to_json`."""
        classes = [asdict(one) | {"note": one.note} for one in self.classes]
        return {
            "kind": self.kind, "target": self.target, "held_against": self.reals,
            "classes": classes,
        }  # fmt: skip

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """See `Part.read`."""
        classes = [{k: v for k, v in one.items() if k != "note"} for one in data["classes"]]
        return cls(
            data["target"], tuple(ClassFigures(**one) for one in classes), data["held_against"]
        )

    def listing(self) -> tuple[str, Sequence[dict[str, str]]]:
        """See `Part.listing`."""
        rows = [
            {
                "class": one.name, "rows": f"{one.rows:,}", "share": percent(one.made),
                "of reals": percent(one.real), "look like it": number(one.looks),
                "reals do": number(one.looks_real), "": one.note,
            }
            for one in self.classes
        ]  # fmt: skip
        return f"classes of {self.target}", rows


def class_part(shown: Shown) -> Iterator[ClassPart]:
    """The classes of the target, where it has some and there are reals to learn them from."""
    model, space, others = shown.model, shown.space, shown.others
    assert isinstance(model, TableModel)
    assert isinstance(space, TableSpace)
    if shown.target is None or others is None or shown.dataset is None or len(space.names) < 2:
        return
    at = space.names.index(shown.target)
    held, learned = shown.reference.x, others.x
    if not holds_classes(space.modelled[at], torch.cat([held, learned])[:, at].numpy()):
        return
    values, rows = _classes(shown.dataset, at)
    kept = values[:MOST_CLASSES] if len(values) <= MOST_CLASSES else values[: MOST_CLASSES - 1]
    real, made = (_codes(side[:, at], kept) for side in (held, shown.samples.x))
    asked = [
        _rows_of(model, shown, at, value, shown.samples.x[made == code], code)
        for code, value in enumerate(kept.tolist())
    ]
    if len(kept) < len(values):
        asked.append(shown.samples.x[made == len(kept)][:_ASKED])
    codes = torch.arange(len(asked)).repeat_interleave(torch.tensor([len(one) for one in asked]))
    said = _said(
        space, at, learned, _codes(learned[:, at], kept), torch.cat([held, *asked]), seed=shown.seed
    )
    theirs, ours = said[: len(held)], said[len(held) :]
    names = [*texts(space.modelled[at], kept.numpy()), _OTHERS]
    counts = [*rows[: len(kept)].tolist(), int(rows[len(kept) :].sum())]
    yield ClassPart(
        shown.target,
        tuple(
            ClassFigures(
                name=names[code], rows=counts[code],
                real=float((real == code).double().mean()),
                made=float((made == code).double().mean()),
                looks=_share(ours[codes == code] == code),
                looks_real=_share(theirs[real == code] == code),
                judged=int((codes == code).sum()), held=int((real == code).sum()),
            )
            for code in range(len(asked))
        ),
        shown.reals,
    )  # fmt: skip


def _classes(dataset: Dataset, at: int) -> tuple[Tensor, Tensor]:
    """Values of a column and how many rows have each, the most frequent first, `[K]` each."""
    column = torch.cat(
        [dataset.take(rows)[0][:, at] for rows in torch.arange(len(dataset)).split(_PIECE)]
    )
    values, counts = column[~column.isnan()].unique(return_counts=True)
    order = counts.argsort(descending=True, stable=True)
    return values[order], counts[order]


def _codes(column: Tensor, kept: Tensor) -> Tensor:
    """Which of the `kept` values each is, `[N]`; their number for others, -1 where missing."""
    same = column[:, None] == kept
    code = torch.where(same.any(1), same.int().argmax(1), len(kept))
    return torch.where(column.isnan(), -1, code)


def _rows_of(
    model: TableModel, shown: Shown, at: int, value: float, free: Tensor, code: int
) -> Tensor:
    """Samples of one class, `[n, D]`: those that are there, or as many as are asked for."""
    space = model.table
    name = space.names[at]
    steered = isinstance(model.game, RowGame) and name in readings_of(space)
    if len(free) >= _ASKED or not steered:
        return free[:_ASKED]
    field = space.modelled[at]
    asked = field.categories[int(value)] if field.categories else value
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that such rows are rare is what the report says
            return model.values(
                _ASKED, where={name: asked}, seed=derive_seed(shown.seed, "classes", code)
            )
    except ConditionError:
        return free


def _said(space: TableSpace, at: int, x: Tensor, y: Tensor, rows: Tensor, *, seed: int) -> Tensor:
    """The classes that boosted trees say `rows` `[M, D]` are of, int64 `[M]`.

    They learn from `x` `[N, D]` of classes `y` `[N]`. A class counts as the root of its rows, so
    that small ones are not drowned.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    mine = _equal_shares(y)
    if len(y[mine].unique()) < 2:
        return y[mine][:1].expand(len(rows))
    inputs, categorical = judge_inputs(space, torch.cat([x[mine], rows]))
    inputs, categorical = np.delete(inputs, at, axis=1), np.delete(categorical, at)
    trees = HistGradientBoostingClassifier(**tree_options(categorical, seed))
    weights = y[mine].bincount().double()[y[mine]].rsqrt()
    trees.fit(inputs[: len(mine)], y[mine].numpy(), sample_weight=weights.numpy())
    return torch.from_numpy(trees.predict(inputs[len(mine) :]))


def _equal_shares(y: Tensor) -> Tensor:
    """Rows of the known classes `y` `[N]`, 10,000 at most, the largest cut first; int64 `[M]`."""
    counts = y[y >= 0].bincount()
    most = int(counts.max())
    while counts.clamp(max=most).sum() > _MOST_ROWS:
        most = most * 9 // 10
    return torch.cat([torch.nonzero(y == code).flatten()[:most] for code in range(len(counts))])


def _share(said: Tensor) -> float | None:
    return float(said.double().mean()) if len(said) else None
