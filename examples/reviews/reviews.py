"""Synthetic product reviews, checked: train, sample under conditions, compare, judge.

    python examples/reviews/reviews.py                    # the simulated reviews, about a minute
    python examples/reviews/reviews.py --data reviews.tsv # your own, with rating and text columns

The built-in reviews are simulated, so the truth behind them is known: beside what the model makes
stands what it should make. Of real reviews, text is reduced to counts of words that praise or
complain; a table model learns nothing of free text.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

import zerosum as zs
from zerosum.data.reviews import SEGMENTS, TIERS, truth

PRAISE = ("love", "great", "good", "easy", "excellent", "best", "perfect", "amazing", "happy")
COMPLAINT = ("not", "poor", "bad", "broken", "return", "disappointed", "useless", "terrible")


def main() -> None:
    """Run the whole way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="a .tsv or .csv file of reviews")
    parser.add_argument("--rows", type=int, default=10_000, help="rows to make")
    parser.add_argument("--rounds", type=int, help="rows seen in training; default: the recipe's")
    parser.add_argument("--out", type=Path, default=Path("runs/reviews"))
    given = parser.parse_args()
    if given.data is None:
        data, holdout = "reviews", "reviews"
    else:
        data, holdout = halves(reduced(given.data))
    model = zs.train("table", data=data, out=given.out, images=given.rounds, quiet=True)
    assert isinstance(model, zs.TableModel)
    made = as_arrow(model.sample(given.rows, seed=1))
    print(f"{made.num_rows:,} rows with the columns {', '.join(made.column_names)}")
    if given.data is None:
        against_truth(model, made)
    happy = as_arrow(model.sample(500, where={"rating": 5}, seed=2))
    assert set(happy["rating"].to_pylist()) == {5}
    print(f"500 rows with five stars: mean sentiment {mean(happy['sentiment']):.2f}, "
          f"of all rows {mean(made['sentiment']):.2f}")  # fmt: skip
    found = zs.evaluate(model, holdout=holdout, target="rating", quiet=True)
    found.save(given.out / "report" / "report.html")
    print(f"{found.verdict}\nThe report is {given.out / 'report' / 'report.html'}.")


def against_truth(model: "zs.TableModel", made: pa.Table) -> None:
    """Means of ratings by preference and tier: made freely, made under that condition, and true."""
    print(f"\n{'preference':<22}{'tier':<10}{'made':>6}{'asked':>7}{'truth':>7}")
    rating = made["rating"].to_numpy()
    preference, tier = (
        np.array(made[n].to_pylist()) for n in ("customer_preference", "price_tier")
    )
    for who in SEGMENTS:
        for what in TIERS:
            rows = (preference == who) & (tier == what)
            where = {"customer_preference": who, "price_tier": what}
            asked = as_arrow(model.sample(1_000, where=where, seed=3))
            told = truth().mean_rating(preference=who, tier=what)
            print(f"{who:<22}{what:<10}{rating[rows].mean():>6.2f}{mean(asked['rating']):>7.2f}"
                  f"{told:>7.2f}")  # fmt: skip
    words = np.corrcoef(rating, made["sentiment"].to_numpy())[0, 1]
    print(f"correlation of rating and sentiment: {words:.2f}\n")


def reduced(path: Path) -> pa.Table:
    """A table of reviews without their texts: counts of words, and what they add up to."""
    tabs = pyarrow.csv.ParseOptions(delimiter="\t" if path.suffix == ".tsv" else ",")
    table = pyarrow.csv.read_csv(path, parse_options=tabs)
    (text,) = [n for n in table.column_names if n in ("verified_reviews", "review", "text")]
    words = [str(one or "").lower().split() for one in table[text].to_pylist()]
    praise = np.array([sum(w.strip(".,!?") in PRAISE for w in line) for line in words])
    complaint = np.array([sum(w.strip(".,!?") in COMPLAINT for w in line) for line in words])
    table = table.drop_columns([text])
    for name, column in {
        "positive_words": praise,
        "negative_words": complaint,
        "sentiment": np.round((praise - complaint) / (praise + complaint + 1), 2),
        "num_words": np.array([len(line) for line in words]),
    }.items():
        table = table.append_column(name, pa.array(column))
    return table


def halves(table: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Four fifths to learn from, and the rest to judge by; equal rows stay together."""
    keys = [hash(str(row)) % 5 for row in table.to_pylist()]
    held = np.array(keys) == 0
    return table.filter(pa.array(~held)), table.filter(pa.array(held))


def as_arrow(frame: Any) -> pa.Table:
    """A data frame of any library."""
    return frame if isinstance(frame, pa.Table) else pa.table(frame)


def mean(column: pa.ChunkedArray) -> float:
    """Of the values that are there."""
    return float(pc.mean(column).as_py())  # pyright: ignore[reportAttributeAccessIssue]


if __name__ == "__main__":
    main()
