# pyright: reportMissingImports=false
"""Can XGBoost tell rows of `table` from real ones? The figure that papers on tables print.

    python xgb_c2st.py --train train.csv --test test.csv --seeds 0,1,2     # needs xgboost

XGBoost with its defaults, five folds, the area under the curve of rows that it did not learn from:
of training rows and as many samples, and of test rows and as many samples. Papers differ in which
they take and how they tune, so figures of theirs stand beside, and not above or below.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from harness import cpu_seconds
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from xgboost import XGBClassifier

import zerosum as zs


def told(a: np.ndarray, b: np.ndarray, seed: int) -> float:
    """Area under the curve between rows and as many others."""
    n = min(len(a), len(b))
    x, y = np.concatenate([a[:n], b[:n]]), np.repeat([0, 1], n)
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    trees = XGBClassifier(n_jobs=1, random_state=seed)
    odds: Any = cross_val_predict(trees, x, y, cv=folds, method="predict_proba")
    return float(roc_auc_score(y, odds[:, 1]))


def numbers(rows: pd.DataFrame, like: pd.DataFrame) -> np.ndarray:
    """Rows as numbers; categories by their place among those of `like`, missing ones as NaN."""
    made: Any = rows.copy()
    for name in like:
        if not pd.api.types.is_numeric_dtype(like[name]):
            known: Any = like[name].dropna().astype(str)
            places = {one: i for i, one in enumerate(sorted(known.unique()))}
            made[name] = made[name].astype(str).map(places)
    return made.astype(float).to_numpy()


def main() -> None:
    """One line for each seed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--seeds", default="0,1,2")
    given = parser.parse_args()
    torch.set_num_threads(1)
    train, test = pd.read_csv(given.train), pd.read_csv(given.test)
    for seed in map(int, given.seeds.split(",")):
        start = cpu_seconds()
        run = Path(tempfile.mkdtemp()) / "run"
        model: Any = zs.train("table", train, seed=seed, threads=1, quiet=True, out=run)
        seconds = cpu_seconds() - start
        made = numbers(model.sample(len(train), seed=seed), train)
        other = made[np.random.default_rng(seed).permutation(len(made))]
        mine, real = numbers(train, train), numbers(test, train)
        print(
            f"seed {seed}: {seconds:.0f} CPU s; training rows {told(mine, made, seed):.4f}, "
            f"test rows {told(real, other, seed):.4f}, test beside training rows "
            f"{told(real, mine[np.random.default_rng(seed).permutation(len(mine))], seed):.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
