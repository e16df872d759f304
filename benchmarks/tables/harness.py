"""What every script here shares, in Python alone: one thread, whole files, the clock."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results" / "tables"
"""A folder for each table, and in it one for each method and seed. Git ignores it."""

TIMED_ROWS = 100_000
"""How many rows a sampling time is told for."""

_POOLS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "LOKY_MAX_CPU_COUNT",
)

ONE_THREAD = dict.fromkeys(_POOLS, "1")
"""The environment in which every process of the benchmark runs."""


def require_one_thread() -> None:
    """Exit where a library might take more than one thread, since CPU-seconds are compared."""
    loose = [name for name in ONE_THREAD if os.environ.get(name) != "1"]
    if loose:
        sys.exit(f"{', '.join(loose)} must be 1 in the environment; `run.py` sets them.")


def cpu_seconds() -> float:
    """CPU-seconds so far of this process and of those children that have ended."""
    return sum(os.times()[:4])


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write aside, then rename, so that a file that exists is whole."""
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    aside.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object."""
    return json.loads(path.read_text(encoding="utf-8"))
