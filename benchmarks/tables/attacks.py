# pyright: reportMissingImports=false
"""Attack the privacy of synthetic rows with anonymeter, in an environment of its own.

    python attacks.py --train train.csv --test test.csv --synthetic synth.csv \
        --target income --out attacks.json

The training rows are the original ones, the test rows the control. Each attack tells the raw
success `rate` of the main attack, the rate on `control`, and `risk`, the excess over the control
with its 95 % interval. A rate alone says little, since fresh real rows succeed as well; without
`--synthetic` they are what attacks: one half of the training rows against the other, which is what
a perfect synthesiser of half the size would show.

- Singling out: 1,000 predicates that hold for one synthetic row, each on one column (univariate)
  or on several (multivariate), succeed where they hold for exactly one training row.
- Linkability: even and odd columns of a training row are linked through their nearest synthetic
  row.
- Inference: the target is guessed from all other columns by the nearest synthetic row.
"""

import argparse
import logging
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars
from anonymeter.evaluators import InferenceEvaluator, LinkabilityEvaluator, SinglingOutEvaluator
from frames import kind_of, kinds, read_like, read_table, seconds
from harness import require_one_thread, write_json

_ATTACKS = 1_000
_PREDICATE_COLUMNS = 4
_ATTEMPTS = 100_000


def singling_out(
    original: pd.DataFrame,
    control: pd.DataFrame,
    synthetic: pd.DataFrame,
    *,
    mode: str,
    columns: int,
    seed: int,
) -> dict[str, Any]:
    """Predicates that hold for one row alone. Missing values become nulls, which can be asked.

    How often one row alone obeys a predicate depends on how many rows there are, so the control is
    compared with equally many training rows (`rate_small`). anonymeter 1.1 would rather correct for
    the sizes, but fits its correction to the number of predicates in place of their successes.
    """
    synthetic = _nullable(synthetic)
    options = {"syn": synthetic, "n_attacks": _ATTACKS, "n_cols": columns, "seed": seed}
    options["max_attempts"] = _ATTEMPTS
    every = SinglingOutEvaluator(ori=_nullable(original), **options).evaluate(mode=mode)
    few = [_nullable(frame).drop_duplicates() for frame in (original, control)]
    count = min(len(frame) for frame in few)
    original, control = (frame.sample(count, random_state=seed) for frame in few)
    fair = SinglingOutEvaluator(ori=original, control=control, **options).evaluate(mode=mode)
    told = _told(fair, _ATTACKS)
    return told | {"rate": every.results().n_success / _ATTACKS, "rate_small": told["rate"]}


def linkability(
    original: pd.DataFrame, control: pd.DataFrame, synthetic: pd.DataFrame
) -> dict[str, Any]:
    """Two halves of a row, linked by their nearest synthetic row."""
    attacks = min(_ATTACKS, len(original), len(control))
    names = list(original.columns)
    evaluator = LinkabilityEvaluator(
        ori=original,
        syn=synthetic,
        control=control,
        n_attacks=attacks,
        aux_cols=(names[::2], names[1::2]),
    )
    evaluator.evaluate(n_jobs=1)
    return _told(evaluator, attacks)


def inference(
    original: pd.DataFrame, control: pd.DataFrame, synthetic: pd.DataFrame, *, secret: str
) -> dict[str, Any]:
    """The secret column from all others; a number is right within 5 %."""
    attacks = min(_ATTACKS, len(original), len(control))
    evaluator = InferenceEvaluator(
        ori=original,
        syn=synthetic,
        control=control,
        aux_cols=[name for name in original.columns if name != secret],
        secret=secret,
        n_attacks=attacks,
    )
    evaluator.evaluate(n_jobs=1)
    return _told(evaluator, attacks)


def attack(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame | None, target: str, seed: int
) -> dict[str, Any]:
    """All four attacks."""
    train, test = _plain(train), _plain(test)
    if synthetic is None:
        mixed = train.sample(frac=1.0, random_state=seed, ignore_index=True)
        half = len(mixed) // 2
        train, made = mixed.iloc[:half].reset_index(drop=True), mixed.iloc[half:]
        made = made.reset_index(drop=True)
    else:
        made = _plain(synthetic)
    filled = [_filled(frame, train) for frame in (train, test, made)]
    return {
        "singling_out_univariate": singling_out(
            train, test, made, mode="univariate", columns=1, seed=seed
        ),
        "singling_out_multivariate": singling_out(
            train, test, made, mode="multivariate", columns=_PREDICATE_COLUMNS, seed=seed
        ),
        "linkability": linkability(*filled),
        "inference": inference(*filled, secret=target),
    }


def main() -> None:
    """Parse, attack, write."""
    parser = argparse.ArgumentParser(description=f"{__doc__}".partition("\n")[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--synthetic", type=Path)
    parser.add_argument("--target", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    require_one_thread()
    warnings.simplefilter("ignore")
    logging.disable()
    np.random.seed(args.seed)  # noqa: NPY002  # anonymeter draws targets from the global state
    polars.set_random_seed(args.seed)
    train = read_table(args.train)
    synthetic = None if args.synthetic is None else read_like(args.synthetic, train)
    start = time.process_time()
    found = attack(train, read_like(args.test, train), synthetic, args.target, args.seed)
    write_json(args.out, found | {"seconds": time.process_time() - start})


def _told(evaluator: Any, attacks: int) -> dict[str, Any]:
    results, risk = evaluator.results(), evaluator.risk()
    return {
        "attacks": attacks,
        "rate": float(results.n_success) / attacks,
        "control": float(results.n_control) / attacks,
        "baseline": float(results.n_baseline) / attacks,
        "risk": float(risk.value),
        "risk_interval": [float(bound) for bound in risk.ci],
    }


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Dates as seconds, since predicates and neighbours know numbers and text."""
    names = [name for name, kind in kinds(frame).items() if kind == "date"]
    return frame.assign(**{name: seconds(frame[name]) for name in names})


def _nullable(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers with gaps as a type that has nulls: NaN would equal nothing, and spoil the median."""
    gaps = {
        str(name): column.astype("Float64")
        for name, column in frame.items()
        if kind_of(column) == "number" and column.isna().any()
    }
    return frame.assign(**gaps)


def _filled(frame: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """Without missing values, which distances cannot take: the median, or a word of their own."""
    fill = {
        name: column.median() if kind_of(column) == "number" else "missing"
        for name, column in train.items()
    }
    return frame.fillna(fill)


if __name__ == "__main__":
    main()
