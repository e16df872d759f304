"""The largest memory of training on a table that is long, wide and of many categories.

    python benchmarks/tables/memory.py [--rows 200000] [--columns 25] [--categories 10000]

The table is made here, written as Parquet, trained on for `--seen` rows by the command line in a
process of its own, whose largest resident set is told, with that of sampling as many rows.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet


def table(rows: int, columns: int, categories: int) -> pa.Table:
    """A third of the columns numbers, the rest categories; the first has the most, long-tailed."""
    random = np.random.default_rng(0)
    rank = np.arange(1, categories + 1)
    odds = (1 / rank) / (1 / rank).sum()
    first = random.choice(categories, rows, p=odds)
    made = {"shop": pa.array([f"shop {i}" for i in first])}
    for i in range(1, columns):
        if i % 3 == 0:
            made[f"number {i}"] = pa.array(np.round(random.normal(first % 7, 1 + i / 9), 2))
        else:
            codes = (first * i + random.integers(0, 3, rows)) % (3 + 2 * i)
            made[f"kind {i}"] = pa.array([f"k{code}" for code in codes])
    return pa.table(made)


def peak(words: list[str]) -> tuple[float, float]:
    """GiB of the largest resident set of `zerosum` with these words, and CPU-seconds."""
    process = subprocess.Popen([sys.executable, "-m", "zerosum", *words], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"zerosum {' '.join(words)} failed")
    return used.ru_maxrss / 2**20, used.ru_utime + used.ru_stime


def main() -> None:
    """Make the table, train, sample, and print."""
    parser = argparse.ArgumentParser(description=f"{__doc__}".partition("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--columns", type=int, default=25)
    parser.add_argument("--categories", type=int, default=10_000)
    parser.add_argument("--seen", type=int, default=200_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        data, run = Path(place) / "data.parquet", Path(place) / "run"
        parquet.write_table(table(args.rows, args.columns, args.categories), data)
        words = ["train", "table", "--data", str(data), "--out", str(run), "--threads", "1"]
        gib, cpu = peak([*words, "--samples", str(args.seen)])
        print(f"training on {args.seen:,} rows seen: {gib:.2f} GiB, {cpu:.0f} CPU-seconds")
        out = ["--out", str(Path(place) / "made.parquet")]
        gib, cpu = peak(["sample", str(run), "-n", str(args.rows), *out])
        print(f"sampling {args.rows:,} rows: {gib:.2f} GiB, {cpu:.0f} CPU-seconds")


if __name__ == "__main__":
    main()
