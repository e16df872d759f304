"""Do samples look like the class they were asked for, and can one learn from them?

Both measures fit a scikit-learn classifier on raw pixels or coordinates; they suit small pictures
and points. `label_agreement` needs real training data only, so the generator cannot flatter it.
"""

import numpy as np


def label_agreement(
    real_x: np.ndarray, real_y: np.ndarray, fake_x: np.ndarray, fake_y: np.ndarray, *, seed: int = 0
) -> float:
    """Share of samples that a classifier fitted on reals reads as their intended class.

    Args:
        real_x: reals, `[N, ...]`, flattened here.
        real_y: their labels, `[N]`.
        fake_x: samples, `[M, ...]`.
        fake_y: the labels they were asked for, `[M]`.
        seed: of the classifier.
    """
    return _accuracy(real_x, real_y, fake_x, fake_y, seed)


def train_on_synthetic(
    real_x: np.ndarray, real_y: np.ndarray, fake_x: np.ndarray, fake_y: np.ndarray, *, seed: int = 0
) -> float:
    """Share of reals that a classifier fitted on samples alone reads rightly."""
    return _accuracy(fake_x, fake_y, real_x, real_y, seed)


def _accuracy(
    train_x: np.ndarray, train_y: np.ndarray, test_x: np.ndarray, test_y: np.ndarray, seed: int
) -> float:
    from sklearn.svm import SVC

    # No scaling pixel by pixel: it would blow up borders that are black in all reals.
    judge = SVC(C=10.0, gamma="scale", random_state=seed)
    judge.fit(train_x.reshape(len(train_x), -1).astype(np.float64), train_y)
    return float(judge.score(test_x.reshape(len(test_x), -1).astype(np.float64), test_y))
