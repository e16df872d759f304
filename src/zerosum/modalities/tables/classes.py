"""Classes of rows: the categories of a target column, and boosted trees that predict it."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.errors import EvaluationError, did_you_mean
from zerosum.evaluation.augmenting.kit import OVERSAMPLING, Chances, ClassKit, Course
from zerosum.faces import option
from zerosum.modalities.tables.judging.rows import tree_options
from zerosum.modalities.tables.space import TableSpace
from zerosum.spaces import Space

_MOST_CATEGORIES = 254
"""Categories that trees distinguish; those beyond count as one."""


class TableClasses(ClassKit):
    """The target's categories; the classifier is that of the metrics, boosted trees."""

    usual: ClassVar[tuple[str, ...]] = (OVERSAMPLING,)
    in_turn: ClassVar[bool] = False

    def control(self, space: Space, target: str | None) -> str:
        """The target, which holds categories."""
        assert isinstance(space, TableSpace)
        fit = [field.name for field in space.modelled if field.categories]
        allowed = f"Columns with categories: {', '.join(fit) or 'none'}."
        if target is None:
            raise EvaluationError(
                f"rows have no label. Name a column with {option('target')}. {allowed}"
            )
        if target not in fit:
            near = did_you_mean(target, fit) if fit else f" {allowed}"
            raise EvaluationError(f"the target {target!r} holds no categories.{near}")
        if len(space.names) == 1:
            raise EvaluationError(
                f"{target!r} is the only column that is modelled, so nothing tells its values "
                "apart. Give a table with more columns."
            )
        return target

    def classes(self, space: Space, control: str) -> tuple[str, ...]:
        """Names of the categories."""
        assert isinstance(space, TableSpace)
        return tuple(map(str, space.modelled[space.names.index(control)].categories))

    def codes(self, dataset: Dataset, control: str) -> Tensor:
        """Categories of the rows; -1 where the target is missing."""
        assert isinstance(dataset.space, TableSpace)
        values, _ = dataset.take(torch.arange(len(dataset)))
        return values[:, dataset.space.names.index(control)].nan_to_num(nan=-1).long()

    def learn(
        self, space: Space, control: str, course: Course, *, num_classes: int, usual: str, seed: int
    ) -> Chances:
        """Boosted trees on all other columns; see `ClassKit.learn`.

        What counts more is repeated, as the least number of rows of a leaf counts repetitions.
        """
        from sklearn.ensemble import HistGradientBoostingClassifier

        assert isinstance(space, TableSpace)
        target = space.names.index(control)
        categorical = np.array([bool(field.categories) for field in space.modelled])

        def inputs(values: Tensor) -> np.ndarray:
            rows = values.numpy().copy()
            rows[:, categorical] = np.minimum(rows[:, categorical], _MOST_CATEGORIES - 1)
            return np.delete(rows, target, axis=1)

        known = course.y.unique()
        if len(known) < 2:
            return lambda rows: (
                torch.nn.functional.one_hot(known, num_classes).double().expand(len(rows), -1)
            )
        options = tree_options(np.delete(categorical, target), seed)
        rows = slice(None) if course.weights is None else repeated_by(course.weights)
        trees = HistGradientBoostingClassifier(**options).fit(
            inputs(course.x[rows]), course.y[rows].numpy()
        )

        def chances(rows: Tensor) -> Tensor:
            found = torch.zeros(len(rows), num_classes, dtype=torch.float64)
            found[:, known] = torch.from_numpy(trees.predict_proba(inputs(rows)))
            return found

        return chances


def repeated_by(weights: Tensor) -> Tensor:
    """Rows, each as often as its weight says, rounded up or down; int64 `[M]`.

    >>> repeated_by(torch.tensor([1.0, 2.5, 0.5]))
    tensor([0, 1, 1, 2])
    """
    sums = weights.cumsum(0)
    total = max(1, round(float(sums[-1])))
    places = (torch.arange(total, dtype=sums.dtype) + 0.5) * sums[-1] / total
    return torch.searchsorted(sums, places, right=True)
