# pyright: reportMissingImports=false
"""Judge synthetic rows by instruments that are not ours, into one JSON file.

    python judge.py --train train.csv --test test.csv --synthetic synth.csv \
        --target income --out judge.json

Without `--synthetic` the real rows judge themselves, which is the ceiling: training rows in place
of synthetic ones, but test rows for the quality, which compares with the training rows.

- `quality`: sdmetrics' report against the training rows, with its defaults, where only pairs whose
  real correlation is above .5 or association above .3 count; `all_pairs` counts every pair.
- `c2st`: AUC of boosted trees that tell synthetic from test rows, out of fold, 3 folds, equal
  numbers; .5 is perfect. The mean over seeds, each with other rows and folds.
- `utility`: boosted trees trained on as many synthetic rows as there are training rows, and tested
  on test rows: AUC and macro-F1 of a category, R² of a number.
- `copies`: how much of the training rows comes back.
"""

import argparse
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from frames import Kind, codes, kinds, read_like, read_table
from harness import require_one_thread, write_json
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import f1_score, r2_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

_NAME = "rows"
_FOLDS = 3
_SEEDS = range(3)
_CLOSE_ROWS = 2_000
_SDMETRICS_TYPES: Mapping[Kind, str] = {
    "number": "numerical",
    "date": "datetime",
    "category": "categorical",
}


def quality_report(real: pd.DataFrame, synthetic: pd.DataFrame, *, threshold: float | None) -> Any:
    """A report of sdmetrics, made; pairs count above a threshold, or above its defaults if None."""
    from sdmetrics.reports import QualityReport

    columns = {name: {"sdtype": _SDMETRICS_TYPES[kind]} for name, kind in kinds(real).items()}
    report = QualityReport()
    if threshold is not None:
        report.real_correlation_threshold = report.real_association_threshold = threshold
    metadata = {"tables": {_NAME: {"columns": columns}}}
    report.generate({_NAME: real}, {_NAME: synthetic}, metadata, verbose=False)
    return report


def quality(train: pd.DataFrame, synthetic: pd.DataFrame) -> dict[str, float]:
    """Score, column shapes, pair trends and pair trends of all pairs, each in [0, 1]."""
    report = quality_report(train, synthetic, threshold=None)
    every = quality_report(train, synthetic, threshold=0.0)
    shares, all_shares = (
        one.get_properties().set_index("Property")["Score"] for one in (report, every)
    )
    return {
        "score": report.get_score(),
        "column_shapes": shares["Column Shapes"],
        "pair_trends": shares["Column Pair Trends"],
        "all_pairs": all_shares["Column Pair Trends"],
    }


def c2st(test: pd.DataFrame, synthetic: pd.DataFrame) -> dict[str, object]:
    """AUC of trees between test rows and as many synthetic ones, for each seed and their mean."""
    (real, made), mask = codes([test, synthetic])
    options: dict[str, Any] = {"categorical_features": mask}
    count = min(len(real), len(made))
    told = np.repeat([0, 1], count)
    found = []
    for seed in _SEEDS:
        random = np.random.default_rng(seed)
        rows = [table[random.permutation(len(table))[:count]] for table in (real, made)]
        trees = HistGradientBoostingClassifier(**options, random_state=seed)
        folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
        odds: Any = cross_val_predict(
            trees, np.concatenate(rows), told, cv=folds, method="predict_proba"
        )
        found.append(float(roc_auc_score(told, odds[:, 1])))
    return {"auc": float(np.mean(found)), "seeds": found, "rows": count}


def utility(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, target: str
) -> dict[str, float]:
    """Train on synthetic rows, test on real ones. Rows without the target are left out."""
    made = synthetic.head(len(train)).dropna(subset=[target])
    real = test.dropna(subset=[target])
    (x_made, x_real), mask = codes([made.drop(columns=target), real.drop(columns=target)])
    options: dict[str, Any] = {"categorical_features": mask, "random_state": 0}
    if kinds(train)[target] == "number":
        model = HistGradientBoostingRegressor(**options)
        model.fit(x_made, made[target])
        return {"r2": float(r2_score(real[target], model.predict(x_real)))}
    if len(set(made[target])) < 2:
        return {"auc": 0.5, "macro_f1": _constant_f1(list(real[target]), list(made[target]))}
    model = HistGradientBoostingClassifier(**options)
    model.fit(x_made, made[target])
    labels = sorted(train[target].dropna().unique())
    odds = pd.DataFrame(model.predict_proba(x_real), columns=model.classes_)
    odds = odds.reindex(columns=labels, fill_value=0.0)
    answers = labels[1:] if len(labels) == 2 else labels
    aucs = [roc_auc_score(real[target] == label, odds[label]) for label in answers]
    return {
        "auc": float(np.mean(aucs)),
        "macro_f1": float(f1_score(real[target], model.predict(x_real), average="macro")),
    }


def copies(train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame) -> dict[str, float]:
    """How much of the training rows comes back, beside what chance would do.

    `exact` is the share of synthetic rows that equal a training row in every column, and
    `exact_test` the share of test rows that do: the rate of rows that nobody copied.
    `all_but_one` is the share of the first rows that equal one after a single column is left out,
    and `nearer_to_train` the share that is nearer to a training row than to any of as many test
    rows, in numbers scaled by their range and categories that are equal or not; .5 is none.
    """
    (x_train, x_test, x_made), _ = codes([train, test, synthetic])
    categories = np.array([kind == "category" for kind in kinds(train).values()])
    count = min(len(x_train), len(x_test))
    few = x_made[:_CLOSE_ROWS]
    to_train = _distances(few, x_train[:count], categories, x_train)
    to_test = _distances(few, x_test[:count], categories, x_train)
    nearer = (to_train < to_test) + 0.5 * (to_train == to_test)
    return {
        "exact": float(np.mean(_found(x_made, x_train))),
        "exact_test": float(np.mean(_found(x_test, x_train))),
        "all_but_one": float(np.mean(_all_but_one(few, x_train))),
        "all_but_one_test": float(np.mean(_all_but_one(x_test[:_CLOSE_ROWS], x_train))),
        "nearer_to_train": float(np.mean(nearer)),
    }


def judge(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame | None, target: str
) -> dict[str, object]:
    """Everything; without synthetic rows the ceiling, which has no copies to look for."""
    if synthetic is None:
        return {
            "quality": quality(train, test),
            "c2st": c2st(test, train),
            "utility": utility(train, test, train, target),
        }
    return {
        "quality": quality(train, synthetic),
        "c2st": c2st(test, synthetic),
        "utility": utility(train, test, synthetic, target),
        "copies": copies(train, test, synthetic),
    }


def main() -> None:
    """Parse, judge, write."""
    parser = argparse.ArgumentParser(description=f"{__doc__}".partition("\n")[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--synthetic", type=Path)
    parser.add_argument("--target", required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    require_one_thread()
    warnings.simplefilter("ignore")
    train = read_table(args.train)
    synthetic = None if args.synthetic is None else read_like(args.synthetic, train)
    start = time.process_time()
    found = judge(train, read_like(args.test, train), synthetic, args.target)
    write_json(args.out, found | {"seconds": time.process_time() - start})


def _constant_f1(real: Sequence[str], made: Sequence[str]) -> float:
    """Macro-F1 of a model that saw a single class, or none, and answers with it."""
    guess = made[0] if made else ""
    return float(f1_score(real, [guess] * len(real), average="macro"))


def _found(rows: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Which rows `[rows, columns]` are among others; missing values equal one another."""
    known = {row.tobytes() for row in among}
    return np.array([row.tobytes() in known for row in rows])


def _all_but_one(rows: np.ndarray, among: np.ndarray) -> np.ndarray:
    found = np.zeros(len(rows), dtype=bool)
    for column in range(rows.shape[1]):
        found |= _found(np.delete(rows, column, axis=1), np.delete(among, column, axis=1))
    return found


def _distances(
    rows: np.ndarray, among: np.ndarray, categories: np.ndarray, train: np.ndarray
) -> np.ndarray:
    """Distance of each row to the nearest of others, summed over columns of width 1."""
    low, high = np.nanmin(train, axis=0), np.nanmax(train, axis=0)
    width = np.where(high > low, high - low, 1.0)
    numbers = [np.nan_to_num((x - low) / width, nan=-1.0)[:, ~categories] for x in (rows, among)]
    named = [np.nan_to_num(x, nan=-1.0)[:, categories] for x in (rows, among)]
    nearest = np.empty(len(rows))
    for start in range(0, len(rows), 100):
        part = slice(start, start + 100)
        apart = np.zeros((len(rows[part]), len(among)))
        for column in range(numbers[0].shape[1]):
            apart += np.abs(numbers[0][part, column, None] - numbers[1][None, :, column])
        for column in range(named[0].shape[1]):
            apart += named[0][part, column, None] != named[1][None, :, column]
        nearest[part] = apart.min(axis=1)
    return nearest


if __name__ == "__main__":
    main()
