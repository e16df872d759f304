"""Sequences of the simulated bank beside its truth: entities, calendars, fraud, conditions.

python benchmarks/sequences.py run --seeds 0,1,2
python benchmarks/sequences.py report
python benchmarks/sequences.py private --epsilons 10,3,1 --seeds 0

The data is simulated: accounts with their transactions, of which the truth is known exactly (see
`zerosum.modalities.tables.bank`). A model of each seed learns from the accounts of 2,000 customers
of that seed, and is judged beside accounts of other seeds: once by boosted trees on attributes and
what an account's rows come to, where two sets of reals have 0.50, and then by effects of the
calendar and bursts of fraud, as ratios to the truth. Beside it stand a floor (every column of every
row drawn by itself) and rows drawn whole from any account.

`private` learns the same with differential privacy of each account, which knows no bursts, and is
judged by trees, effects, and the distances that a report gives.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

import zerosum as zs
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.modalities.sequences.frames import to_long
from zerosum.modalities.sequences.metrics.rows import (
    CalendarDistance,
    GapDistance,
    LengthDistance,
    TransitionDistance,
)
from zerosum.modalities.sequences.model import SequenceModel
from zerosum.modalities.sequences.reading.readers import BankConfig, read_like
from zerosum.modalities.sequences.space import SequenceSpace
from zerosum.modalities.tables.bank import SEGMENTS
from zerosum.modalities.tables.bank_truth import bank_truth
from zerosum.modalities.tables.judging.rows import auc
from zerosum.modalities.tables.metrics.boosted import boosted_c2st
from zerosum.rng import Noise
from zerosum.runs.files import read_json

RESULTS = Path(__file__).parent / "results" / "sequences"
ENTITIES = 2_000


def reals(space: SequenceSpace, seed: int) -> Tensor:
    """Accounts of a bank of 1,500 customers."""
    source = BankConfig(num_customers=1_500, seed=seed).source()
    return read_like(source, space, library=None).take(torch.arange(ENTITIES))[0]


def trees(space: SequenceSpace, a: Tensor, b: Tensor) -> float:
    """Area under the curve of boosted trees on attributes and aggregates."""
    first, second = (space.aggregated(one).numpy() for one in (a, b))
    odds = boosted_c2st(first, second, space.aggregates.fields, seed=0)
    side = np.repeat([False, True], len(a))
    return float(auc(odds.ravel(), side, np.ones((1, len(side))))[0])


def whole_rows(space: SequenceSpace, real: Tensor, n: int, noise: Noise) -> Tensor:
    """Attributes of reals, and under each as many rows, each drawn whole from any account."""
    attributes, _ = space.parts(real[noise.integers(n, high=len(real))])
    valid = space.valid(space.lengths(space.parts(real)[0]))
    pool = space.model_parts(space.to_model(real))[1][valid]
    rows = pool[noise.integers(n, space.longest, high=len(pool))]
    return space.with_rows(attributes, rows.float())


def columns_of(table: pa.Table) -> dict[str, np.ndarray]:
    """Columns of a long table, and what its moments say."""
    made = {name: table[name].to_numpy() for name in table.column_names}
    day = made["booked_at"].astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    return made | {
        "month_end": (day + 1).astype("datetime64[M]") > month,
        "weekend": (day.astype(int) + 3) % 7 >= 5,
        "day_of_month": (day - month).astype(int) + 1,
    }


def effects(table: pa.Table) -> dict[str, float]:
    """Shares of rows, and of accounts, that depend on calendars and fraud."""
    c, truth = columns_of(table), bank_truth()
    found: dict[str, float] = {}

    def put(name: str, mine: np.ndarray, wanted: str, told: float) -> None:
        found[name] = float(c[wanted][mine].mean())
        found[f"{name}, truth"] = told

    everything = np.ones(len(c["kind"]), bool)
    put("rows on month ends", everything, "month_end", truth.share({"month_end": True}))
    put("rows at weekends", everything, "weekend", truth.share({"weekend": True}))
    for kind in ("salary", "allowance"):
        put(f"{kind} on month ends", c["kind"] == kind, "month_end", 1.0)
    for kind in ("restaurant", "transport"):
        told = truth.share({"weekend": True}, given={"kind": kind})
        put(f"{kind} at weekends", c["kind"] == kind, "weekend", told)
    for segment in SEGMENTS:
        mine = c["segment"] == segment
        accounts = np.unique(c["account"][mine])
        struck = np.unique(c["account"][mine & c["is_fraud"].astype(bool)])
        found[f"{segment} accounts with fraud"] = len(struck) / max(len(accounts), 1)
        found[f"{segment} accounts with fraud, truth"] = truth.burst_share(
            given={"segment": segment}
        )
    fraud = c["is_fraud"].astype(bool)
    found["payments of a burst"] = float(fraud.sum() / max(len(np.unique(c["account"][fraud])), 1))
    found["payments of a burst, truth"] = 5.5
    return found


def under_fraud(model: SequenceModel) -> dict[str, float]:
    """Accounts that were asked to see a burst of fraud, beside those that do in truth."""
    truth, n = bank_truth(), 1_000
    x = model.values(n, where={"# is_fraud": ">=1"}, seed=2)
    c = columns_of(to_long(model.sequences, x))
    fraud = c["is_fraud"].astype(bool)
    accounts, first = np.unique(c["account"], return_index=True)
    struck, owner, times = np.unique(c["account"][fraud], return_inverse=True, return_counts=True)
    minute = c["booked_at"][fraud].astype("datetime64[m]").astype(int)
    low, high = np.full(len(struck), 2**40), np.zeros(len(struck), int)
    np.minimum.at(low, owner, minute)
    np.maximum.at(high, owner, minute)
    found = {"given fraud, accounts with a burst": len(struck) / n}
    shares = truth.distribution("segment", given={"is_fraud": True})
    for segment, told in shares.items():
        found[f"given fraud, {segment}"] = float((c["segment"][first] == segment).mean())
        found[f"given fraud, {segment}, truth"] = told
    for region, told in truth.distribution("region", given={"is_fraud": True}).items():
        found[f"given fraud, {region}"] = float((c["region"][first] == region).mean())
        found[f"given fraud, {region}, truth"] = told
    usual = sum(
        told * truth.mean_length(given={"segment": one, "is_fraud": False})
        for one, told in shares.items()
    )
    return found | {
        "given fraud, other rows": float((~fraud).sum() / len(accounts)),
        "given fraud, other rows, truth": usual,
        "given fraud, payments of a burst": float(times.mean()),
        "given fraud, payments of a burst, truth": 5.5,
        "given fraud, bursts within half an hour": float((high - low <= 30).mean()),
        "given fraud, bursts within half an hour, truth": 1.0,
        "given fraud, at night": float((minute % 1_440 < 6 * 60).mean()),
        "given fraud, at night, truth": 1.0,
        "given fraud, paid online": float((c["kind"][fraud] == "online").mean()),
        "given fraud, paid online, truth": 1.0,
        "given fraud, mean amount": float(c["amount"][fraud].mean()),
        "given fraud, mean amount, truth": truth.mean_amount(given={"is_fraud": True}),
    }


def obeyed(model: SequenceModel) -> float:
    """Share of accounts that are as they were asked for."""
    where = {"segment": "student", "length": 30, "span": zs.Between(60, 90), "region": "!=city"}
    x = model.values(300, where=where, seed=1)
    c = columns_of(to_long(model.sequences, x))
    good = []
    for account in np.unique(c["account"]):
        mine = c["account"] == account
        days = c["booked_at"][mine].astype("datetime64[D]")
        span = int((days.max() - days.min()).astype(int))
        fits = (c["segment"][mine] == "student").all() and (c["region"][mine] != "city").all()
        good.append(bool(fits and mine.sum() == 30 and 60 <= span <= 90))
    return float(np.mean(good))


def run(seed: int) -> None:
    """Train and judge one seed."""
    start = time.process_time()
    model = zs.train(
        "sequences", "bank", seed=seed, out=Path(tempfile.mkdtemp()) / "run",
        options={"seed": seed}, quiet=True,
    )  # fmt: skip
    minutes = (time.process_time() - start) / 60
    space = model.sequences
    real, other = reals(space, 1_000 + seed), reals(space, 2_000 + seed)
    start = time.process_time()
    made = model.values(ENTITIES, seed=seed)
    seconds = time.process_time() - start
    rows = int(space.lengths(space.parts(made)[0]).sum())
    train = reals(space, seed)
    sets = {
        "model": made,
        "reals": other,
        "floor": space.independent(train, ENTITIES, Noise(seed)),
        "whole rows": whole_rows(space, train, ENTITIES, Noise(seed)),
    }
    result = {
        "seed": seed,
        "minutes of CPU": minutes,
        "rows a second of CPU": rows / seconds,
        "conditions obeyed": obeyed(model),
        **{f"C2ST, {name}": trees(space, real, one) for name, one in sets.items()},
        **effects(to_long(space, made)),
        **under_fraud(model),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"bank-{seed}.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def private(epsilon: float, seed: int, customers: int) -> None:
    """Train with a promise, and judge it."""
    start = time.process_time()
    model = zs.train(
        "sequences", "bank", seed=seed, out=Path(tempfile.mkdtemp()) / "run", quiet=True,
        options={"seed": seed, "num_customers": customers}, epsilon=epsilon,
    )  # fmt: skip
    minutes = (time.process_time() - start) / 60
    space = model.sequences
    real, other, train = (reals(space, one + seed) for one in (1_000, 2_000, 3_000))
    made = model.values(ENTITIES, seed=seed)
    sets = {
        "model": made, "reals": other, "floor": space.independent(train, ENTITIES, Noise(seed)),
    }  # fmt: skip
    context = MetricContext(space, extractor="entities", split="holdout", seed=seed)
    against, none = SampleSet(real, torch.zeros(ENTITIES, 0)), torch.zeros(ENTITIES, 0)
    distances = {
        f"{one.outputs[0].name}, {name}": one.read(SampleSet(x, none), against, context)[
            one.outputs[0].name
        ].value
        for one in (LengthDistance(), GapDistance(), TransitionDistance(), CalendarDistance())
        for name, x in sets.items()
    }
    assert model.run is not None
    promise = read_json(model.run / "manifest.json")["privacy"]
    result = {
        "seed": seed, "epsilon": epsilon, "customers": customers, "minutes of CPU": minutes,
        **{name: promise[name] for name in ("noise_multiplier", "histogram_noise", "steps")},
        "longest": space.longest,
        **{f"C2ST, {name}": trees(space, real, one) for name, one in sets.items()},
        **distances, **effects(to_long(space, made)),
    }  # fmt: skip
    print(json.dumps(result, indent=1), flush=True)


def report() -> None:
    """Means over seeds, and the least and greatest."""
    found = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("bank-*.json"))]
    for name in found[0]:
        values = [one[name] for one in found]
        print(f"{name:45} {np.mean(values):8.4f}   {min(values):.4f} to {max(values):.4f}")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=["run", "report", "private"])
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--epsilons", default="10,3,1")
    parser.add_argument("--customers", type=int, default=2_000, help="of a private training")
    given = parser.parse_args()
    if given.what == "report":
        report()
        return
    for seed in given.seeds.split(","):
        if given.what == "run":
            run(int(seed))
            continue
        for epsilon in given.epsilons.split(","):
            private(float(epsilon), int(seed), given.customers)


if __name__ == "__main__":
    main()
