"""Run every method on every table, judge and attack what it made; then write the tables.

    python run.py run --peers PEERS/bin/python --anonymeter ATTACKS/bin/python \
        --zerosum .venv/bin/python --shared ../shared/data --seeds 0,1,2
    python run.py table

It can be stopped and started again: a folder for each table, method and seed holds
`synthetic.csv`, `times.json`, `judge.json` and `attacks.json`, and what exists is not made again.
A method that fails leaves `error.json`, which stands until it is deleted. A python that is not
given leaves its part out. One process runs at a time, on one thread. zerosum is met as users meet
it, through its command line; `zerosum.table+trees` and `+neural` are its rows after one more round
(see `refine.py`), whose time is told alone.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness import ONE_THREAD, RESULTS, TIMED_ROWS, cpu_seconds, read_json, write_json
from report import write_report

HERE = Path(__file__).parent

PEERS: Mapping[str, Sequence[str]] = {
    "marginals": ["marginals"],
    "copula": ["copula"],
    "tabularargn": ["tabularargn"],
    "tabularargn_fixed": ["tabularargn_fixed"],
    "ctgan_60": ["ctgan", "--epochs", "60"],
    "tvae": ["tvae"],
    "ctgan": ["ctgan"],
}
"""Names of the table and what `peers.py` calls them. `ctgan` has its default of 300 epochs."""

_OWN = "zerosum."
_CEILING = "real"
_TOLD_OF_ERROR = 2_000


class Job(NamedTuple):
    """One method on one table with one seed."""

    table: str
    method: str
    seed: int

    @property
    def data(self) -> Path:
        """Where the table is."""
        return RESULTS / self.table

    @property
    def folder(self) -> Path:
        """Where the results go."""
        return self.data / f"{self.method}-{self.seed}"


class Pythons(NamedTuple):
    """The interpreters of the three environments."""

    peers: Path
    anonymeter: Path | None
    zerosum: Path | None


def work(job: Job, pythons: Pythons) -> None:
    """Whatever is still missing of a job; a failure is written down, and the next job follows."""
    if (job.folder / "error.json").exists():
        return
    job.folder.mkdir(parents=True, exist_ok=True)
    try:
        if job.method.startswith(_OWN):
            if pythons.zerosum is None:
                return
            _fit_own(job, pythons.zerosum)
        elif job.method != _CEILING:
            _fit_peer(job, pythons.peers)
        _examine(job, pythons.peers, "judge")
        if pythons.anonymeter is not None:
            _examine(job, pythons.anonymeter, "attacks")
    except subprocess.CalledProcessError as error:
        told = error.stderr[-_TOLD_OF_ERROR:]
        write_json(job.folder / "error.json", {"command": error.cmd, "stderr": told})
        print(f"{job.folder.name} failed on {job.table}:\n{told}", file=sys.stderr)


def main() -> None:
    """Parse, then run or report."""
    parser = argparse.ArgumentParser(description=f"{__doc__}".partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("--peers", type=Path, required=True)
    run.add_argument("--anonymeter", type=Path)
    run.add_argument("--zerosum", type=Path)
    run.add_argument("--shared", type=Path, required=True)
    run.add_argument("--tables", help="comma-separated; default: all")
    run.add_argument("--methods", help=f"of {_CEILING}, {', '.join(PEERS)}, {_OWN}RECIPE")
    run.add_argument("--seeds", default="0")
    table = commands.add_parser("table")
    table.add_argument("--out", type=Path, default=HERE / "results.md")
    args = parser.parse_args()
    if args.command == "table":
        write_report(RESULTS, args.out)
        return
    # Not resolved: the link in a virtual environment is what makes python its own.
    pythons = Pythons(
        *(path and path.absolute() for path in (args.peers, args.anonymeter, args.zerosum))
    )
    _call([pythons.peers, HERE / "public_tables.py", "--shared", args.shared.resolve()])
    tables = args.tables.split(",") if args.tables else _found_tables()
    methods = args.methods.split(",") if args.methods else [_CEILING, *PEERS, f"{_OWN}table"]
    for seed in map(int, args.seeds.split(",")):
        for table in tables:
            for method in methods:
                if method == _CEILING or method in PEERS or method.startswith(_OWN):
                    work(Job(table, method, seed), pythons)
                else:
                    parser.error(f"unknown method {method!r}; see --help for those there are")


def _found_tables() -> list[str]:
    return sorted(path.parent.name for path in RESULTS.glob("*/about.json"))


def _call(command: Sequence[str | Path]) -> float:
    """Run a command on one thread; its CPU-seconds, start-up included."""
    start = cpu_seconds()
    environment = os.environ | ONE_THREAD
    subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True, env=environment
    )
    return cpu_seconds() - start


def _fit_peer(job: Job, python: Path) -> None:
    synthetic, times = job.folder / "synthetic.csv", job.folder / "times.json"
    if synthetic.exists() and times.exists():
        return
    print(f"{job.table}: training {job.method}, seed {job.seed}")
    name, *options = PEERS[job.method]
    rows = read_json(job.data / "about.json")["train_rows"]
    _call(
        [python, HERE / "peers.py", "fit", name, "--train", job.data / "train.csv",
         "--rows", str(rows), "--seed", str(job.seed), "--out", synthetic, "--times", times,
         *options]
    )  # fmt: skip


def _fit_own(job: Job, python: Path) -> None:
    """Training costs what the whole command does; sampling 100,000 rows, less the same for one."""
    synthetic, times = job.folder / "synthetic.csv", job.folder / "times.json"
    if synthetic.exists() and times.exists():
        return
    print(f"{job.table}: training {job.method}, seed {job.seed}")
    run, many, seed = job.folder / "run", job.folder / "many.csv", str(job.seed)
    recipe, refined, by = job.method.removeprefix(_OWN).partition("+")
    if refined:
        _refine(job, python, recipe, by)
        return
    shutil.rmtree(run, ignore_errors=True)
    zerosum = [python, "-m", "zerosum"]
    train = ["train", recipe, "--data", job.data / "train.csv", "--out", run, "--seed", seed]
    training = _call([*zerosum, *train, "--threads", "1"])

    def sample(rows: int, out: Path) -> float:
        return _call([*zerosum, "sample", run, "-n", str(rows), "--out", out, "--seed", seed])

    start_up = sample(1, many)
    sampling = sample(TIMED_ROWS, many) - start_up
    many.unlink()
    sample(read_json(job.data / "about.json")["train_rows"], synthetic)
    write_json(times, {"training": training, "sampling": sampling, "start_up": start_up})


def _refine(job: Job, python: Path, recipe: str, by: str) -> None:
    """One round of a game after the training of `recipe`, which is done first."""
    first = job._replace(method=_OWN + recipe)
    first.folder.mkdir(parents=True, exist_ok=True)
    _fit_own(first, python)
    rows = read_json(job.data / "about.json")["train_rows"]
    _call(
        [python, HERE / "refine.py", first.folder / "run", "--train", job.data / "train.csv",
         "--by", by, "--rows", str(rows), "--seed", str(job.seed),
         "--out", job.folder / "synthetic.csv"]
    )  # fmt: skip
    write_json(
        job.folder / "times.json", {"training": read_json(job.folder / "refined.json")["cpu"]}
    )


def _examine(job: Job, python: Path, script: str) -> None:
    """Judge or attack; the ceiling has no synthetic rows to give."""
    out = job.folder / f"{script}.json"
    if out.exists():
        return
    print(f"{job.table}: {script} for {job.method}, seed {job.seed}")
    synthetic = [] if job.method == _CEILING else ["--synthetic", job.folder / "synthetic.csv"]
    target = read_json(job.data / "about.json")["target"]
    files = ["--train", job.data / "train.csv", "--test", job.data / "test.csv", *synthetic]
    _call([python, HERE / f"{script}.py", *files, "--target", target, "--out", out])


if __name__ == "__main__":
    main()
