"""References other than to the parent: which row of a table goes with which.

Rows of a table that is kept are known, and a code names each. Rows that are made anew are not, so
they are sorted into groups that go with the same kind of rows: by their own columns, by the mean of
the rows that refer to them, and by how many these are (k-means). A row that refers names the group,
and a row of the group is drawn. Both sides learn their groups as a column like others.
"""

import numpy as np

_MOST_GROUPS, _ROWS_FOR_A_GROUP = 64, 10
_MOST_FITTED = 20_000
_DEGREE = 2.0
"""Weight of the number of referring rows beside one column."""


def grouped(own: np.ndarray, others: np.ndarray, row: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """The group of each row that is referred to, int64 `[N]`.

    Args:
        own: features of the rows, `[N, F]`.
        others: features of the rows that refer to them, `[M, G]`.
        row: which row each of these refers to, -1 for none, `[M]`.
        seed: of k-means.
    """
    from sklearn.cluster import KMeans

    n = len(own)
    has = row >= 0
    times = np.bincount(row[has], minlength=n)
    means = np.zeros((n, others.shape[1]))
    np.add.at(means, row[has], others[has])
    means /= np.maximum(times, 1)[:, None]
    features = np.concatenate(
        [_scaled(own), _scaled(means), _DEGREE * _scaled(np.log1p(times[:, None]))], 1
    )
    groups = min(_MOST_GROUPS, max(n // _ROWS_FOR_A_GROUP, 1))
    groups = min(groups, len(np.unique(features, axis=0)))
    some = np.linspace(0, n - 1, min(n, _MOST_FITTED)).astype(int)
    fitted = KMeans(groups, n_init="auto", random_state=seed, max_iter=50).fit(features[some])
    return np.asarray(fitted.predict(features)).astype(np.int64)


def _scaled(x: np.ndarray) -> np.ndarray:
    """Columns with mean 0, whose variances add up to 1."""
    centred = x - x.mean(0, keepdims=True) if len(x) else x
    size = np.sqrt(centred.var(0).sum()) if centred.size else 0.0
    return centred / size if size > 0 else centred


def matched(
    codes: np.ndarray,
    groups: np.ndarray,
    chance: np.ndarray,
    *,
    families: np.ndarray | None = None,
    earlier: bool = False,
) -> np.ndarray:
    """A row of the group that each row names, int64 `[M]`; -1 where it names none.

    Of groups without rows any row is taken.

    Args:
        codes: the group that is named, NaN for none, `[M]`.
        groups: the group of each row that can be referred to, `[N]`.
        chance: uniform numbers, `[M]`.
        families: for rows of which those of one family refer to different rows, the family,
            `[M]`. What cannot be different is -2.
        earlier: whether both are the same table, in which a row refers to one before it.
    """
    n = len(groups)
    known = ~np.isnan(codes)
    found = np.full(len(codes), -1)
    if not n:
        return np.where(known, -2, -1)
    order = np.argsort(groups, kind="stable")
    edges = np.searchsorted(groups[order], np.arange(int(groups.max(initial=0)) + 2))
    wanted = np.where(known, codes, 0).astype(np.int64).clip(0, len(edges) - 2)
    low, high = edges[wanted], edges[wanted + 1]
    if earlier:
        # Rows of a group are in order, so those before a row are the first of them.
        limit = _before(order, edges, wanted)
        high = np.minimum(high, limit)
    empty = high <= low
    at = low + (chance * np.maximum(high - low, 1)).astype(np.int64)
    found = order[np.minimum(at, n - 1)]
    room = np.arange(len(codes)) if earlier else np.full(len(codes), n)
    anyone = np.minimum((chance * np.maximum(room, 1)).astype(np.int64), np.maximum(room - 1, 0))
    found = np.where(empty, np.where(room > 0, anyone, -2), found)
    found = np.where(known, found, -1)
    if families is not None:
        _tell_apart(found, families, wanted, order, edges)
    return found


def _before(order: np.ndarray, edges: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """For each row the end of those rows of the group it wants that come before it."""
    found = np.empty(len(wanted), np.int64)
    for group in np.unique(wanted):
        rows = np.flatnonzero(wanted == group)
        low, high = edges[group], edges[group + 1]
        found[rows] = low + np.searchsorted(order[low:high], rows)
    return found


def _tell_apart(
    found: np.ndarray, families: np.ndarray, wanted: np.ndarray, order: np.ndarray,
    edges: np.ndarray,
) -> None:  # fmt: skip
    """Change rows so that no family has one twice: to the next of the group, else to any."""
    n = len(order)
    pairs = families * np.int64(n) + found
    _, first = np.unique(pairs, return_index=True)
    again = np.ones(len(found), bool)
    again[first] = False
    again &= found >= 0
    if not again.any():
        return
    touched = np.isin(families, families[again])
    taken: dict[int, set[int]] = {}
    for i in np.flatnonzero(touched & ~again & (found >= 0)):
        taken.setdefault(int(families[i]), set()).add(int(found[i]))
    for i in np.flatnonzero(again):
        mine = taken.setdefault(int(families[i]), set())
        low, high = edges[wanted[i]], edges[wanted[i] + 1]
        others = (row for part in (order[low:high], order) for row in part.tolist())
        found[i] = next((row for row in others if row not in mine), -2)
        if found[i] >= 0:
            mine.add(int(found[i]))
