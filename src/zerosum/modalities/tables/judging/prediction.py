"""Predicting one column of a table from the others, with gradient-boosted trees."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zerosum.modalities.tables.fields import Field
from zerosum.modalities.tables.judging.rows import auc, moment_inputs, tree_inputs, tree_options

MOST_CLASSES = 20
"""Classes of a target; the least frequent beyond these count as one."""


@dataclass(frozen=True)
class Task:
    """Rows of both sides for one target, with what is missing in the target left out.

    Attributes:
        train: inputs `[N, K]`: the other columns, and what trees could hardly find in moments.
        train_y: classes from 0, or numbers, `[N]`.
        test: inputs `[M, K]`.
        test_y: as `train_y`, `[M]`.
        categorical: which inputs hold categories, bool `[K]`.
        num_classes: 0 where the target holds numbers.
    """

    train: np.ndarray
    train_y: np.ndarray
    test: np.ndarray
    test_y: np.ndarray
    categorical: np.ndarray
    num_classes: int

    @classmethod
    def of(
        cls, train: np.ndarray, test: np.ndarray, fields: Sequence[Field], target: int, *,
        classes: bool | None = None,
    ) -> "Task":  # fmt: skip
        """From values `[N, D]` and `[M, D]`, and the column that is predicted.

        Its values are classes where they are categories, and where all that is tried is 0 or 1;
        `classes` says so if it is known.
        """
        if classes is None:
            classes = holds_classes(fields[target], test[:, target])
        train, test = (side[~np.isnan(side[:, target])] for side in (train, test))
        cut = len(train)
        inputs, categorical = tree_inputs(np.concatenate([train, test]), fields)
        y, num_classes = inputs[:, target], 0
        if classes and not fields[target].categories:
            y, num_classes = (y >= 0.5).astype(int), 2
        elif classes:
            y = np.minimum(y, MOST_CLASSES - 1).astype(int)
            num_classes = 1 + int(y.max(initial=0))
        others = [field for i, field in enumerate(fields) if i != target]
        both = np.concatenate([train, test])
        moments = moment_inputs(np.delete(both, target, axis=1), others)
        rest = np.concatenate([np.delete(inputs, target, axis=1), moments], axis=1)
        known = np.append(np.delete(categorical, target), np.zeros(moments.shape[1], bool))
        return cls(rest[:cut], y[:cut], rest[cut:], y[cut:], known, num_classes)

    def scores(self, rows: np.ndarray, weights: np.ndarray, *, seed: int) -> dict[str, np.ndarray]:
        """`auc` and `f1`, or `r2`, `[R]` each, of trees fitted on `rows` of the training side.

        Tried rows count `weights` `[R, M]` times.
        """
        x, y = self.train[rows], self.train_y[rows]
        if not self.num_classes:
            return {"r2": _r2(_numbers(x, y, self, seed), self.test_y, weights)}
        chances = _chances(x, y, self, seed)
        return {
            "auc": _macro_auc(chances, self.test_y, weights),
            "f1": _macro_f1(chances.argmax(1), self.test_y, weights, self.num_classes),
        }


def holds_classes(field: Field, values: np.ndarray) -> bool:
    """Whether a target is one of classes: categories, or whole numbers that are all 0 or 1."""
    if field.categories:
        return True
    known = values[~np.isnan(values)]
    return field.decimals == 0 and bool(len(known)) and bool(np.isin(known, (0, 1)).all())


def _chances(x: np.ndarray, y: np.ndarray, task: Task, seed: int) -> np.ndarray:
    """Of each class for the tried rows, `[M, K]`."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    chances = np.zeros((len(task.test), task.num_classes))
    known = np.unique(y)
    if len(known) < 2:
        chances[:, known] = 1.0
        return chances
    trees = HistGradientBoostingClassifier(**tree_options(task.categorical, seed))
    chances[:, known] = trees.fit(x, y).predict_proba(task.test)
    return chances


def _numbers(x: np.ndarray, y: np.ndarray, task: Task, seed: int) -> np.ndarray:
    """Predicted numbers of the tried rows, `[M]`."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    trees = HistGradientBoostingRegressor(**tree_options(task.categorical, seed))
    return trees.fit(x, y).predict(task.test)


def _macro_auc(chances: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean over classes of one against the rest; of two classes one is enough."""
    classes = [k for k in range(chances.shape[1]) if 0 < (y == k).sum() < len(y)]
    classes = classes[-1:] if chances.shape[1] == 2 else classes
    if not classes:
        return np.full(len(weights), 0.5)
    return np.mean([auc(chances[:, k], y == k, weights) for k in classes], axis=0)


def _macro_f1(said: np.ndarray, y: np.ndarray, weights: np.ndarray, k: int) -> np.ndarray:
    """The mean F1 of the classes that are there or were said."""
    found = []
    for each in weights:
        table = np.bincount(y * k + said, each, minlength=k * k).reshape(k, k)
        both = table.sum(0) + table.sum(1)
        found.append((2 * np.diag(table)[both > 0] / both[both > 0]).mean())
    return np.array(found)


def _r2(said: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of the variance that is explained."""
    mass = weights.sum(1)
    mean = weights @ y / mass
    total = weights @ y**2 / mass - mean**2
    return 1 - weights @ np.square(y - said) / mass / np.maximum(total, 1e-12 * (1 + mean**2))
