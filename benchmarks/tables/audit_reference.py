"""The audit's attacks beside those of anonymeter, whose authors wrote the paper, on the same rows.

anonymeter needs an environment of its own (numpy below 1.27); zerosum is not needed there, nor
anonymeter beside zerosum. Each environment runs what it has and writes what it found:

    python -m venv anonymeter-env && anonymeter-env/bin/pip install anonymeter
    anonymeter-env/bin/python benchmarks/tables/audit_reference.py train.csv test.csv theirs.json
    python benchmarks/tables/audit_reference.py train.csv test.csv ours.json --beside theirs.json

Half of the test rows is the holdout; synthetic rows are drawn from the other half, with repetition.
`fresh` gives out these, `leaky` beside each a training row that is changed in three columns, and
`unequal` is fresh with all training rows, so that the holdout is much smaller than these. Two
columns of random numbers are added, one for each half of the columns that are linked: where rows
are equally near, anonymeter takes any of them and zerosum all.
"""

import argparse
import json
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ATTACKS = 1_000
RANDOM = ("random_1", "random_2")
SECRETS = ("hours-per-week", "native-country", "income")
"""Columns that are guessed."""

Frames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
Found = dict[str, tuple[float, float]]
"""By attack how often it succeeds on training rows, and on others."""


def cases(train: pd.DataFrame, test: pd.DataFrame, seed: int) -> Iterator[tuple[str, Frames]]:
    """Names, and synthetic, training and holdout rows."""
    rng = np.random.default_rng(seed)
    train, test = (
        frame.assign(**{name: rng.random(len(frame)).round(6) for name in RANDOM})
        for frame in (train, test)
    )
    test = _rows(test, rng.permutation(len(test)))
    half = len(test) // 2
    rest, holdout = _rows(test, np.arange(half)), _rows(test, np.arange(half, len(test)))
    some = _rows(train, rng.permutation(len(train))[: len(holdout)])
    fresh = _rows(rest, rng.integers(half, size=half))
    copies = _rows(some, rng.permutation(len(some))[:half])
    for row in range(len(copies)):
        for column in rng.permutation(train.shape[1] - 2)[:3]:
            copies.iat[row, column] = rest.iat[int(rng.integers(half)), column]
    yield "fresh", (fresh, some, holdout)
    yield "leaky", (pd.concat([fresh, copies], ignore_index=True), some, holdout)
    yield "unequal", (fresh, train, holdout)


def _rows(frame: pd.DataFrame, which: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(frame.take(which)).reset_index(drop=True)


def halves(names: list[str]) -> tuple[list[str], list[str]]:
    """The two sets of columns that are linked: every other one."""
    return names[::2], names[1::2]


def anonymeter(frames: Frames, seed: int) -> Found:
    """The rates of anonymeter."""
    made, train, holdout = frames
    evaluators = import_module("anonymeter.evaluators")
    both: dict[str, Any] = {"ori": train, "syn": made, "control": holdout, "n_attacks": ATTACKS}
    found = {}
    for mode in ("univariate", "multivariate"):
        one = evaluators.SinglingOutEvaluator(**both, seed=seed).evaluate(mode=mode)
        found[f"singling out, {mode}"] = (one._n_success / ATTACKS, one._n_control / ATTACKS)
    np.random.seed(seed)  # noqa: NPY002 - what it samples its targets from
    one = evaluators.LinkabilityEvaluator(**both, aux_cols=halves(list(train))).evaluate(n_jobs=1)
    found["linkability"] = _rates(one.results())
    for secret in SECRETS:
        known = [name for name in train if name != secret]
        one = evaluators.InferenceEvaluator(**both, aux_cols=known, secret=secret).evaluate(
            n_jobs=1
        )
        found[f"inference of {secret}"] = _rates(one.results())
    return found


def _rates(results: Any) -> tuple[float, float]:
    """Plain shares; its own rates are drawn towards ½ a little."""
    return results.n_success / results.n_attacks_ori, results.n_control / results.n_attacks_control


def zerosum(frames: Frames, seed: int) -> Found:
    """Our rates, with its columns for linking, and numbers guessed without a tolerance."""
    torch = import_module("torch")
    torch.set_num_threads(1)
    lay_out = import_module("zerosum.modalities.tables.privacy.attack").lay_out
    singling = import_module("zerosum.modalities.tables.privacy.attacks.singling_out")
    linking = import_module("zerosum.modalities.tables.privacy.attacks.linkability")
    inference = import_module("zerosum.modalities.tables.privacy.attacks.inference")
    names, categorical, rows = _values(frames)
    release, victims = lay_out(
        *map(torch.from_numpy, rows), names=names, categorical=categorical, attacks=ATTACKS,
        seed=seed,
    )  # fmt: skip
    split = [torch.tensor([names.index(name) for name in side]) for side in halves(list(names))]
    attackers = {
        "singling out, univariate": singling.UnivariateSinglingOut().prepare(release),
        "singling out, multivariate": singling.MultivariateSinglingOut().prepare(release),
        "linkability": linking.Linker(release, [tuple(split)]),
    }
    strikes = {name: one.strike(victims) for name, one in attackers.items()}
    guessed = inference.Guesser(release, tolerance=0.0).strike(victims)
    strikes |= {f"inference of {part.name}": part for part in guessed.parts if part.name in SECRETS}
    return {name: (one.main.value, one.control.value) for name, one in strikes.items()}


def _values(frames: Frames) -> tuple[tuple[str, ...], tuple[bool, ...], list[np.ndarray]]:
    """Columns, which of them hold categories, and values of each frame."""
    every = pd.concat(frames)
    kinds = {name: not pd.api.types.is_numeric_dtype(every[name]) for name in every}
    codes = {name: sorted(every[name].unique()) for name, is_one in kinds.items() if is_one}

    def column(frame: pd.DataFrame, name: str) -> np.ndarray:
        if not kinds[name]:
            return frame[name].to_numpy(float)
        return pd.Categorical(frame[name], categories=codes[name]).codes.astype(float)

    rows = [np.stack([column(frame, name) for name in every], axis=1) for frame in frames]
    return tuple(every), tuple(kinds.values()), rows


LIBRARIES: Mapping[str, Callable[[Frames, int], Found]] = {
    "anonymeter": anonymeter,
    "zerosum": zerosum,
}


def measure(library: str, train: Path, test: Path, seeds: int) -> dict[str, Any]:
    """By case and attack both rates of every seed, and the CPU-seconds of one seed."""
    tables = pd.read_csv(train), pd.read_csv(test)
    found: dict[str, Any] = {"library": library, "cases": {}, "seconds": {}}
    for seed in range(seeds):
        for case, frames in cases(*tables, seed):
            start = time.process_time()
            for attack, rates in LIBRARIES[library](frames, seed).items():
                found["cases"].setdefault(case, {}).setdefault(attack, []).append(rates)
            found["seconds"][case] = time.process_time() - start
            print(f"{library}, {case}, seed {seed}: {found['seconds'][case]:.1f} CPU-s", flush=True)
    return found


def compare(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """Means over seeds of both, and how many standard errors they are apart."""
    for case, attacks in ours["cases"].items():
        print(f"\n{case:<32}{ours['library']:>12}{theirs['library']:>12}{'apart':>8}")
        for attack, mine in attacks.items():
            for i, whom in enumerate(("train", "holdout")):
                pair = [np.array(rates)[:, i] for rates in (mine, theirs["cases"][case][attack])]
                a, b = (float(rates.mean()) for rates in pair)
                error = math.sqrt(sum(rates.var(ddof=1) / len(rates) for rates in pair))
                apart = f"{(a - b) / error:+.1f}" if error else "0" if a == b else "∞"
                print(f"{f'{attack}, {whom}':<32.32}{a:>12.4f}{b:>12.4f}{apart:>8}")


def main() -> None:
    """Measure, and compare with what the other environment found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--beside", type=Path, help="what the other library found")
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    library = next(name for name in LIBRARIES if find_spec(name) is not None)
    found = measure(library, asked.train, asked.test, asked.seeds)
    asked.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    if asked.beside:
        compare(found, json.loads(asked.beside.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
