# pyright: reportMissingImports=false
"""Our column shapes and pair trends beside those of sdmetrics, one by one.

    PEERS/bin/pip install .                              # zerosum beside sdmetrics
    PEERS/bin/python benchmarks/tables/public_tables.py --shared ../shared/data
    PEERS/bin/python benchmarks/tables/reference.py

It compares every column and pair of the public tables (training rows as real, a shuffled and
damaged copy of the test rows as synthetic) and of small hard cases, prints the largest difference,
and fails where one exceeds the tolerance. We are called with arrays of one column: floats with NaN
where missing (dates as seconds), or objects, text and None, for a category.

What sdmetrics 0.32 computes, in our words
------------------------------------------
*Types.* Numbers and dates are continuous, everything else is discrete. Dates count as nanoseconds.

*Shape of a continuous column* (KSComplement). Missing values are dropped from both sides, the rest
is rounded to 14 decimals; 1 - sup |F_real - F_synthetic| of the empirical distribution functions.
Undefined (NaN) where a side has no value.

*Shape of a discrete column* (TVComplement). Missing values are dropped from both sides;
1 - ½ Σ |p - q| over all values of both. A value that the real side lacks gets a count of 1e-6
there, which changes the result by at most the number of such values times 1e-6 / rows: we leave it
out. Undefined where a side has no value.

*Column shapes* is the mean over the columns that are defined.

*Trend of two continuous columns* (CorrelationSimilarity). Undefined where either column has a
single distinct value, missing ones aside, on either side. Rows in which one of the two is missing
are dropped, on each side by itself; 1 - ½ |r_real - r_synthetic| of Pearson's r. Undefined where
fewer than two rows are left, or an r is not a number, or r_real is exactly 0. The pair counts where
|r_real| > 0.5.

*Trend of a pair with a discrete column* (ContingencySimilarity). A continuous column of the pair is
binned first, **each side by its own edges**: ten equal bins from the side's own least to its own
greatest value (from v - ½ to v + ½ where all are equal, from 0 to 1 where all are missing), closed
on the left. So there are eleven bins: the eleventh holds the greatest value alone, and the missing
ones. A missing discrete value is a category like others. 1 - ½ Σ |p - q| over the pairs of values
of both sides, with shares of all rows. The pair counts where Cramér's V of the real side's table of
counts, missing values included, is above 0.3: V² = χ² / (n (min(rows, columns) - 1)), without
corrections. It does not count where that table has a single row or column.

*Pair trends* is the mean over the pairs that count and are defined; NaN if there are none. The
thresholds are attributes of the report, `real_correlation_threshold` and
`real_association_threshold`; at 0 every defined pair counts, those with a single row or column too.

*The score* is the mean of column shapes and pair trends, of those that are numbers.

*Large tables.* Where a side has more than 50,000 rows, pairs with a discrete column are computed
from 50,000 random rows of each side, from numpy's global state, after binning by all rows. Columns
and correlations always take all rows. To be equal, compare at most 50,000 rows.
"""

import itertools
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from frames import kinds, read_like, read_table, seconds
from harness import RESULTS
from judge import quality_report

_TOLERANCE = 1e-6
_ROWS = 10_000


def hard_case() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ties, missing values, constants, categories that one side lacks, a column with no value."""
    random = np.random.default_rng(0)

    def side(rows: int, words: str) -> pd.DataFrame:
        skewed = np.exp(random.normal(size=rows)).round(1)
        text = random.choice(list(words), rows)
        return pd.DataFrame(
            {
                "skewed": skewed,
                "follows": np.where(
                    random.random(rows) < 0.1, np.nan, skewed + text.argsort() / 9e3
                ),
                "constant": 3.0,
                "empty": np.nan,
                "word": text,
                "word_with_gaps": pd.Series(text, dtype=object).where(random.random(rows) < 0.8),
                "only_word": "x",
                "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(skewed.round() * 9, unit="D"),
            }
        )

    return side(700, "abcde"), side(500, "abcfgh")


def cases() -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Names, real and synthetic rows."""
    yield "hard case", *hard_case()
    random = np.random.default_rng(0)
    for about in sorted(RESULTS.glob("*/about.json")):
        train = read_table(about.parent / "train.csv").head(_ROWS)
        test = read_like(about.parent / "test.csv", train)
        for name in random.choice(test.columns, size=test.shape[1] // 2, replace=False):
            test[name] = test[name].sample(frac=1.0, random_state=0).to_numpy()
        yield about.parent.name, train, test.mask(random.random(test.shape) < 0.02)


def theirs(real: pd.DataFrame, synthetic: pd.DataFrame) -> dict[tuple[str, ...], float]:
    """Each column's shape and each pair's trend, of all pairs; NaN where undefined."""
    report = quality_report(real, synthetic, threshold=0.0)
    shapes = report.get_details("Column Shapes")
    pairs = report.get_details("Column Pair Trends")
    found = {(row["Column"],): row["Score"] for _, row in shapes.iterrows()}
    pair = "Column 1", "Column 2"
    return found | {tuple(row[name] for name in pair): row["Score"] for _, row in pairs.iterrows()}


def ours(real: pd.DataFrame, synthetic: pd.DataFrame) -> dict[tuple[str, ...], float]:
    """The same of zerosum."""
    shapes: Any = import_module("zerosum.modalities.tables.metrics.shapes")
    sides = [_arrays(frame, real) for frame in (real, synthetic)]
    names = list(real.columns)
    found: dict[tuple[str, ...], float] = {
        (name,): shapes.column_shape(*(side[name] for side in sides)) for name in names
    }
    for pair in itertools.combinations(names, 2):
        found[pair] = shapes.pair_trend(*(tuple(side[name] for name in pair) for side in sides))
    return found


def main() -> None:
    """Compare, and exit with an error where we differ."""
    warnings.simplefilter("ignore")
    worst = 0.0
    for name, real, synthetic in cases():
        expected, found = theirs(real, synthetic), ours(real, synthetic)
        apart = {key: _apart(value, found[key]) for key, value in expected.items()}
        key = max(apart, key=lambda one: apart[one])
        worst = max(worst, apart[key])
        columns, pairs = real.shape[1], len(expected) - real.shape[1]
        print(f"{name}: {columns} columns, {pairs} pairs, at most {apart[key]:.1e} apart, in {key}")
    if worst > _TOLERANCE:
        sys.exit(f"zerosum and sdmetrics differ by {worst:.1e}, more than {_TOLERANCE:.0e}.")


def _apart(first: float, second: float) -> float:
    if np.isnan(first) and np.isnan(second):
        return 0.0
    return float("inf") if np.isnan(first) or np.isnan(second) else abs(first - second)


def _arrays(frame: pd.DataFrame, real: pd.DataFrame) -> dict[str, np.ndarray]:
    made = {}
    for name, kind in kinds(real).items():
        column = seconds(frame[name]) if kind == "date" else frame[name]
        if kind == "category":
            made[name] = column.astype(object).where(column.notna(), None).to_numpy()
        else:
            made[name] = column.to_numpy(dtype=float)
    return made


if __name__ == "__main__":
    main()
