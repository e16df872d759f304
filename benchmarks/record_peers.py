# pyright: reportMissingImports=false
"""`relational` and `sequences` beside HMA and PAR of the Synthetic Data Vault, and TabularARGN.

    python benchmarks/record_peers.py write --out bank            # simulated tables, as CSV
    python benchmarks/record_peers.py hma --data bank --out hma   # where 'sdv<2' is installed
    python benchmarks/record_peers.py par --data bank --out par   # the same
    python benchmarks/record_peers.py argn --data bank --out argn   # where mostlyai-engine is
    python benchmarks/record_peers.py judge --data bank hma par argn   # ours is trained beside them

A bank of 2,000 customers is learned from, and banks of other seeds are judged beside. sdv (its
licence is the Business Source License) is no part of this project and wants an environment of its
own. Its HMA refuses schemas of three levels by a check that older versions lack, which is left out
here. HMA runs with its defaults, PAR with `--epochs` of its 128, and TabularARGN in its sequential
mode, accounts as the context of transactions, until it stops by itself. CPU seconds are of one
thread.
"""

import argparse
import json
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

CUSTOMERS = 2_000


def write(out: Path, seed: int) -> None:
    """The bank as three tables, and its accounts with their transactions as one."""
    from pyarrow import csv

    from zerosum.modalities.tables.bank import accounts_with_transactions, simulate_bank

    out.mkdir(parents=True, exist_ok=True)
    bank = simulate_bank(CUSTOMERS, seed=seed)
    for name, table in bank._asdict().items():
        csv.write_csv(table, out / f"{name}.csv")
    csv.write_csv(accounts_with_transactions(bank), out / "long.csv")


def hma(data: Path, out: Path) -> None:
    """Tables of the Hierarchical Modelling Algorithm, as many as it makes at scale 1."""
    import pandas as pd
    from sdv.metadata import Metadata
    from sdv.multi_table import HMASynthesizer

    names = ("customers", "accounts", "transactions")
    tables = {name: pd.read_csv(data / f"{name}.csv") for name in names}
    for table in tables.values():
        for column in table.columns:
            if column in ("booked_at", "opened"):
                table[column] = pd.to_datetime(table[column], format="ISO8601")
    metadata = Metadata.detect_from_dataframes(tables)
    for name, key in (("customers", "customer"), ("accounts", "account"),
                      ("transactions", "transaction")):  # fmt: skip
        metadata.update_column(table_name=name, column_name=key, sdtype="id")
        metadata.set_primary_key(table_name=name, column_name=key)
    print(metadata.to_dict()["relationships"])

    class Unchecked(HMASynthesizer):
        def _validate_schema_complexity(self) -> None:
            """Three levels are allowed."""

    start = time.process_time()
    model = Unchecked(metadata)
    model.fit(tables)
    trained = time.process_time() - start
    start = time.process_time()
    made = model.sample(scale=1.0)
    sampled = time.process_time() - start
    out.mkdir(parents=True, exist_ok=True)
    for name, table in made.items():
        table.to_csv(out / f"{name}.csv", index=False)
    rows = sum(map(len, made.values()))
    note = {"trained": trained, "rows_a_second": rows / sampled}
    (out / "times.json").write_text(json.dumps(note))
    print(note)


def par(data: Path, out: Path, epochs: int) -> None:
    """Accounts with their transactions of the Probabilistic AutoRegressive model."""
    import pandas as pd
    from sdv.metadata import Metadata
    from sdv.sequential import PARSynthesizer

    long = pd.read_csv(data / "long.csv")
    for column in ("booked_at", "opened"):
        if column in long:
            long[column] = pd.to_datetime(long[column], format="ISO8601")
    long = long.drop(columns=[c for c in ("transaction", "customer") if c in long])
    metadata = Metadata.detect_from_dataframe(long, table_name="long")
    metadata.update_column(column_name="account", sdtype="id")
    metadata.set_sequence_key(column_name="account")
    metadata.set_sequence_index(column_name="booked_at")
    varied: Any = long.groupby("account").nunique(dropna=False).max()
    fixed = [c for c in long.columns if c != "account" and varied[c] == 1]
    start = time.process_time()
    model = PARSynthesizer(metadata, context_columns=fixed, epochs=epochs, cuda=False, verbose=True)
    model.fit(long)
    trained = time.process_time() - start
    start = time.process_time()
    made = model.sample(2_000)
    sampled = time.process_time() - start
    out.mkdir(parents=True, exist_ok=True)
    made.to_csv(out / "long.csv", index=False)
    note = {"trained": trained, "rows_a_second": len(made) / sampled, "epochs": epochs}
    (out / "times.json").write_text(json.dumps(note))
    print(note)


def argn(data: Path, out: Path) -> None:
    """Accounts with their transactions of TabularARGN: accounts first, then rows given these."""
    import pandas as pd
    from mostlyai import engine

    long = pd.read_csv(data / "long.csv")
    for column in ("booked_at", "opened"):
        long[column] = pd.to_datetime(long[column], format="ISO8601")
    varied: Any = long.groupby("account").nunique(dropna=False).max()
    own = [c for c in long.columns if c != "account" and varied[c] == 1]
    accounts = long.drop_duplicates("account")[["account", *own]]
    rows = long.drop(columns=own)
    start = time.process_time()
    with tempfile.TemporaryDirectory() as place:
        first, then = Path(place) / "accounts", Path(place) / "rows"
        engine.split(tgt_data=accounts.drop(columns="account"), workspace_dir=first)
        engine.split(
            tgt_data=rows, ctx_data=accounts, tgt_context_key="account",
            ctx_primary_key="account", workspace_dir=then,
        )  # fmt: skip
        for folder in (first, then):
            engine.analyze(workspace_dir=folder)
            engine.encode(workspace_dir=folder)
            engine.train(device="cpu", workspace_dir=folder)
        trained = time.process_time() - start
        start = time.process_time()
        engine.generate(sample_size=2_000, device="cpu", workspace_dir=first)
        made = pd.read_parquet(first / "SyntheticData")
        made.insert(0, "account", [f"A{i:07}" for i in range(len(made))])
        engine.generate(ctx_data=made, device="cpu", workspace_dir=then)
        below = pd.read_parquet(then / "SyntheticData")
        sampled = time.process_time() - start
    out.mkdir(parents=True, exist_ok=True)
    made = below.merge(made, on="account")
    made.to_csv(out / "long.csv", index=False)
    note = {"trained": trained, "rows_a_second": len(made) / sampled}
    (out / "times.json").write_text(json.dumps(note))
    print(note)


def judge(places: list[Path]) -> None:
    """Every figure of ours and of the peers, beside real ones of another seed."""
    import torch

    torch.set_num_threads(1)
    for place in places[1:]:
        print(place, json.loads((place / "times.json").read_text()))
    if any((place / "customers.csv").exists() for place in places[1:]):
        _judge_tables(places)
    if any((place / "long.csv").exists() for place in places[1:]):
        _judge_sequences(places)


def _judge_tables(places: list[Path]) -> None:
    import torch
    from relational import METRICS

    import zerosum as zs
    from zerosum.evaluation.metrics.base import MetricContext, SampleSet
    from zerosum.modalities.relational.model import RelationalModel
    from zerosum.workflows.data import open_holdout

    names = ("customers", "accounts", "transactions")
    start = time.process_time()
    model = zs.train(
        "relational", "bank", options={"num_customers": CUSTOMERS}, quiet=True, threads=1,
        out=Path(tempfile.mkdtemp()) / "run", precision="fp32", layout="contiguous",
        compile=False, referee="off",
    )  # fmt: skip
    assert isinstance(model, RelationalModel)
    print(f"relational trained in {time.process_time() - start:.0f} CPU s")
    space = model.units

    def read(place: Path) -> torch.Tensor:
        import pandas as pd

        tables: Any = {name: pd.read_csv(place / f"{name}.csv") for name in names}
        found, _ = open_holdout(tables, space=space)
        return found.take(torch.arange(len(found)))[0]

    with tempfile.TemporaryDirectory() as other:
        write(Path(other) / "a", 1_001)
        write(Path(other) / "b", 1_002)
        reference, fresh = read(Path(other) / "a"), read(Path(other) / "b")
    sets = {"reals": fresh, "relational": model.values(CUSTOMERS, seed=1)}
    sets |= {str(place): read(place) for place in places[1:] if (place / "customers.csv").exists()}
    context = MetricContext(space, extractor="columns", split="holdout", seed=0)
    against = SampleSet(reference, torch.zeros(len(reference), 0))
    print(f"{'':20}" + "".join(f"{name:>14}" for name in sets))
    for one in METRICS:
        name = one.outputs[0].name
        found = [one.read(SampleSet(x, torch.zeros(len(x), 0)), against, context)[name].value
                 for x in sets.values()]  # fmt: skip
        print(f"{name:20}" + "".join(f"{value:14.3f}" for value in found), flush=True)


def _judge_sequences(places: list[Path]) -> None:
    from pyarrow import csv
    from sequences import effects, reals, trees

    import zerosum as zs
    from zerosum.modalities.sequences.frames import to_long
    from zerosum.modalities.sequences.reading.readers import read_like
    from zerosum.modalities.tables.reading.sources import MemorySource

    start = time.process_time()
    model = zs.train(
        "sequences", "bank", out=Path(tempfile.mkdtemp()) / "run", quiet=True, threads=1
    )
    print(f"sequences trained in {time.process_time() - start:.0f} CPU s")
    space = model.sequences
    reference = reals(space, 1_000)
    sets = {"reals": reals(space, 2_000), "sequences": model.values(2_000, seed=0)}
    for place in places[1:]:
        if not (place / "long.csv").exists():
            continue
        source = MemorySource(csv.read_csv(place / "long.csv"), name=str(place))
        found = read_like(source, space, library=None)
        sets[str(place)] = found.resident[0]
    for name, x in sets.items():
        n = min(len(x), len(reference))
        print(name, f"C2ST of accounts {trees(space, reference[:n], x[:n]):.3f}")
        for effect, value in effects(to_long(space, x)).items():
            if not effect.endswith("truth"):
                print(f"  {effect:40} {value:.4f}")


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("write", "hma", "par", "argn", "judge"))
    parser.add_argument("others", nargs="*", type=Path)
    parser.add_argument("--data", type=Path, default=Path("bank"))
    parser.add_argument("--out", type=Path, default=Path("bank"))
    parser.add_argument("--epochs", type=int, default=32)
    given = parser.parse_intermixed_args()
    warnings.simplefilter("ignore")
    match given.what:
        case "write":
            write(given.out, 0)
        case "hma":
            hma(given.data, given.out)
        case "par":
            par(given.data, given.out, given.epochs)
        case "argn":
            argn(given.data, given.out)
        case _:
            judge([given.data, *given.others])


if __name__ == "__main__":
    main()
