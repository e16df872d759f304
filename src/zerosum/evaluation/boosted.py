"""Boosted trees that tell samples from reals, cross-fitted."""

from typing import Any

import numpy as np

NUM_FOLDS = 3
_GROWN: dict[str, Any] = {"early_stopping": False}


def boosted_odds(reals: np.ndarray, samples: np.ndarray, *, seed: int) -> np.ndarray:
    """Log-odds of being a sample, cross-fitted in three folds, `[2, N]`.

    Args:
        reals: inputs of trees `[N, F]`, in random order.
        samples: as many, in random order.
        seed: of the trees.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    both = np.stack([reals, samples])
    fold = np.arange(both.shape[1]) % NUM_FOLDS
    odds = np.zeros(both.shape[:2])
    for i in range(NUM_FOLDS):
        known, asked = both[:, fold != i], both[:, fold == i]
        trees = HistGradientBoostingClassifier(**_GROWN, random_state=seed % 2**32)
        trees.fit(np.concatenate(known), np.repeat([0, 1], known.shape[1]))
        odds[:, fold == i] = trees.decision_function(np.concatenate(asked)).reshape(2, -1)
    return odds


def area(reals: np.ndarray, samples: np.ndarray) -> float:
    """The chance that a sample has larger odds than a real; ties count half.

    >>> area(np.array([0.1, 0.4]), np.array([0.4, 0.8]))
    0.875
    """
    from sklearn.metrics import roc_auc_score

    side = np.repeat([0, 1], [len(reals), len(samples)])
    return float(roc_auc_score(side, np.concatenate([reals, samples])))
