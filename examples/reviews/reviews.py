"""Synthetic reviews, the whole way: train, sample, check, judge, audit.

    python examples/reviews/reviews.py
    python examples/reviews/reviews.py --data amazon_alexa.tsv --text verified_reviews

Without `--data` the reviews are the built-in ones, which are simulated: the truth behind them is
known, and what the model learned is held against it. Of a file of real reviews the text is reduced
to indicators of sentiment (see `words.py`), and a fifth of the rows is held out in truth's place.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from checks import (
    Correlation,
    Mean,
    Rows,
    agreement_with_preference,
    agreement_with_segments,
    fresh_reviews,
    rows_of,
)
from words import read_reviews, write_rows

import zerosum as zs
from zerosum.modalities.tables.constraints.base import Constraint, obeying
from zerosum.modalities.tables.reviews import CATEGORIES, SEGMENTS, TIERS
from zerosum.workflows.data import open_data, open_holdout

RULES = (
    zs.FixedCombinations(["product_id", "category", "price_tier", "list_price"]),
    zs.Inequality("price", "<=", "list_price"),
    zs.Formula(
        "sentiment", "(positive_words - negative_words) / (positive_words + negative_words)"
    ),
    zs.Positive("price"),
)
"""What holds in every simulated review, and so in every row that is made."""

GROUPS = {
    "groups by features agree with preference": agreement_with_preference,
    "groups of customers agree with segments": agreement_with_segments,
}


@dataclass(frozen=True)
class Case:
    """Reviews to learn from, and what to look at.

    Attributes:
        data: to train on, in any form that `train` takes.
        holdout: reviews that are not trained on.
        checks: what is compared.
        rules: what holds in every row.
        known: whether the truth is.
    """

    data: str
    holdout: str
    checks: Sequence[Mean | Correlation]
    rules: Sequence[Constraint] = ()
    known: bool = False


def main() -> None:
    """Run the whole way."""
    given = parse()
    given.out.mkdir(parents=True, exist_ok=True)
    case = real(given.data, given.text, given.out) if given.data else simulated()
    model = zs.train(
        "table", data=case.data, constraints=case.rules or None, root=given.out, seed=given.seed,
        samples=2_000 if given.fast else None, quiet=True,
    )  # fmt: skip
    assert isinstance(model, zs.TableModel)
    assert model.run is not None
    print(f"trained: {model.run}")

    dataset, config = open_data(case.data)
    trained_on = rows_of(dataset)
    held_out = rows_of(open_holdout(case.holdout, space=dataset.space, like=config)[0])
    n = 400 if given.fast else 10_000
    path = model.write(model.run / "reviews.csv", n, seed=1)
    made = rows_of(model.sample(n, seed=1))
    space = model.table
    obey = obeying(space.constraints, space.columns(model.values(n, seed=1))).double().mean()
    print(f"{n:,} rows, of which {obey:.1%} obey every rule: {path}\n")
    checks = case.checks[::5] if given.fast else case.checks
    compare(checks, model, n // 5, trained_on, made, None if case.known else held_out)

    found = zs.evaluate(
        model, holdout=case.holdout, target="rating", n=80 if given.fast else None, quiet=True
    )
    print(f"\n{found.verdict}\n{found.save(model.run / 'report' / 'report.html')}")
    audit = zs.audit(model, holdout=case.holdout, attacks=50 if given.fast else 1_000, quiet=True)
    print(f"\n{audit.verdict}\n{audit.save(model.run / 'report' / 'audit.html')}")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="a .csv or .tsv file of real reviews")
    parser.add_argument("--text", default="verified_reviews", help="its column of text")
    parser.add_argument("--out", type=Path, default=Path("runs"), help="where the run goes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fast", action="store_true", help="a few rows, only to see it run")
    return parser.parse_args()


def simulated() -> Case:
    """The built-in reviews, of which the truth is known."""
    checks: list[Mean | Correlation] = [
        Correlation("rating", "sentiment"),
        Correlation("list_price", "sentiment"),
        Correlation("num_features", "sentiment"),
        Correlation("num_features", "helpful_votes"),
        Correlation("good_value", "price"),
    ]
    checks += [
        Mean("rating", {"customer_preference": who, "price_tier": what})
        for who in SEGMENTS
        for what in TIERS
    ]
    checks += [Mean("sentiment", {"category": name}) for name in CATEGORIES]
    return Case("reviews", "reviews", checks, rules=RULES, known=True)


def real(path: Path, text: str, out: Path) -> Case:
    """Reviews of a file, with a column `rating`: four fifths to train on, and a fifth held out."""
    rows = read_reviews(path, text=text)
    order = np.random.default_rng(0).permutation(len(rows))
    fifth = len(rows) // 5
    data, holdout = (
        write_rows(out / f"{name}.csv", [rows[i] for i in part])
        for name, part in (("train", order[fifth:]), ("holdout", order[:fifth]))
    )
    words = ("num_words", "positive_words", "negative_words", "sentiment")
    checks: list[Mean | Correlation] = [Correlation("rating", name) for name in words]
    checks += [Mean("sentiment", {"rating": stars}) for stars in (1, 2, 3, 4, 5)]
    return Case(str(data), str(holdout), checks)


def compare(
    checks: Sequence[Mean | Correlation], model: zs.TableModel, n: int, trained_on: Rows,
    made: Rows, held_out: Rows | None,
) -> None:  # fmt: skip
    """Print what should be, what the training rows have, rows made freely, and as asked for.

    What should be is the truth of the simulated reviews; of real ones, given as `held_out`, it is
    what these have.
    """
    first = "truth" if held_out is None else "held out"
    print(f"{'':<48}{first:>10}{'trained on':>12}{'made':>8}{'asked for':>11}")
    for check in checks:
        right = check.true() if held_out is None else check.of(held_out)
        asked = ""
        if isinstance(check, Mean):
            asked = f"{check.of(asked_for(model, check.given, n)):.2f}"
        print(f"{check.name:<48}{right:>10.2f}{check.of(trained_on):>12.2f}"
              f"{check.of(made):>8.2f}{asked:>11}")  # fmt: skip
    if held_out is None:
        for name, of in GROUPS.items():
            right = of(fresh_reviews())
            print(f"{name:<48}{right:>10.2f}{of(trained_on):>12.2f}{of(made):>8.2f}")


def asked_for(model: zs.TableModel, given: dict[str, Any], n: int) -> Rows:
    """`n` rows made under a condition, which all of them fulfil."""
    rows = rows_of(model.sample(n, where=given, seed=2))
    assert all((rows[name] == value).all() for name, value in given.items())
    return rows


if __name__ == "__main__":
    main()
