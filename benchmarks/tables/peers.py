# pyright: reportMissingImports=false
"""Train a peer on a CSV file, write synthetic rows and the CPU-seconds that each part took.

    python peers.py fit ctgan --train train.csv --rows 26048 --seed 0 --out synth.csv \
        --times times.json --epochs 60

Every peer runs with its own defaults; `--epochs` shortens those that count in epochs. CPU-seconds
are those of the process and its children, libraries already imported. `sampling` is the time of
100,000 rows.
"""

import argparse
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from frames import Kind, kinds, read_table, write_table
from harness import TIMED_ROWS, cpu_seconds, require_one_thread, write_json

_NAME = "rows"
Sample = Callable[[int], pd.DataFrame]
_SDV_TYPES: Mapping[Kind, str] = {
    "number": "numerical",
    "date": "datetime",
    "category": "categorical",
}


class Watch:
    """CPU-seconds by the name of the part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def time(self, part: str) -> Iterator[None]:
        """Add what happens inside to `part`."""
        start = cpu_seconds()
        yield
        self.seconds[part] = self.seconds.get(part, 0.0) + cpu_seconds() - start

    @contextmanager
    def time_calls(self, owner: type, method: str, part: str) -> Iterator[None]:
        """Add every call of a method to `part`, while inside."""
        original = getattr(owner, method)

        def timed(*args: object, **options: object) -> object:
            with self.time(part):
                return original(*args, **options)

        setattr(owner, method, timed)
        yield
        setattr(owner, method, original)


class Task(NamedTuple):
    """What a peer is given. Those that have no epochs or take no seed leave them."""

    train: pd.DataFrame
    watch: Watch
    seed: int
    epochs: int | None


def ctgan(task: Task) -> Sample:
    """CTGAN (Xu et al. 2019, arXiv:1907.00503) by its authors, through sdv; 300 epochs."""
    from sdv.single_table import CTGANSynthesizer

    return _neural_sdv(CTGANSynthesizer, task)


def tvae(task: Task) -> Sample:
    """TVAE, of the same paper and package; 300 epochs."""
    from sdv.single_table import TVAESynthesizer

    return _neural_sdv(TVAESynthesizer, task)


def copula(task: Task) -> Sample:
    """A Gaussian copula over marginals of fitted families: sdv's default synthesiser."""
    from sdv.single_table import GaussianCopulaSynthesizer

    model = GaussianCopulaSynthesizer(_sdv_metadata(task.train))
    with task.watch.time("encoding"):
        processed = model.preprocess({_NAME: task.train})
    with task.watch.time("training"):
        model.fit_processed_data(processed)
    return lambda rows: model.sample(rows)[_NAME]


def tabularargn(task: Task) -> Sample:
    """TabularARGN (Tiwald et al. 2025, arXiv:2501.12012) by mostlyai-engine, protected."""
    return _mostly(task, flexible=True)


def tabularargn_fixed(task: Task) -> Sample:
    """TabularARGN with columns in one order, where it can be asked for less."""
    return _mostly(task, flexible=False)


def marginals(task: Task) -> Sample:
    """The floor: every column drawn from the training rows by itself."""
    random = np.random.default_rng(task.seed)

    def sample(rows: int) -> pd.DataFrame:
        columns = {name: task.train[name].to_numpy() for name in task.train}
        return pd.DataFrame({name: random.choice(x, rows) for name, x in columns.items()})

    return sample


PEERS: Mapping[str, Callable[[Task], Sample]] = {
    "ctgan": ctgan,
    "tvae": tvae,
    "copula": copula,
    "tabularargn": tabularargn,
    "tabularargn_fixed": tabularargn_fixed,
    "marginals": marginals,
}


def main() -> None:
    """Parse, train, sample, write."""
    parser = argparse.ArgumentParser(description=f"{__doc__}".partition("\n")[0])
    fit = parser.add_subparsers(required=True).add_parser("fit")
    fit.add_argument("name", choices=sorted(PEERS))
    fit.add_argument("--train", type=Path, required=True)
    fit.add_argument("--rows", type=int, required=True)
    fit.add_argument("--seed", type=int, required=True)
    fit.add_argument("--out", type=Path, required=True)
    fit.add_argument("--times", type=Path, required=True)
    fit.add_argument("--epochs", type=int)
    args = parser.parse_args()
    require_one_thread()
    warnings.simplefilter("ignore")
    _seed_everything(args.seed)
    watch = Watch()
    sample = PEERS[args.name](Task(read_table(args.train), watch, args.seed, args.epochs))
    with watch.time("sampling"):
        made = sample(TIMED_ROWS)
    write_table(args.out, made.head(args.rows))
    packages = ("torch", "sdv", "ctgan", "mostlyai-engine")
    write_json(args.times, watch.seconds | {"versions": {name: version(name) for name in packages}})


def _seed_everything(seed: int) -> None:
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002  # sdv reads numpy's global state


def _sdv_metadata(train: pd.DataFrame) -> object:
    """Types by our rule: sdv by itself would replace a column named after a country."""
    from sdv.metadata import Metadata

    columns = {name: {"sdtype": _SDV_TYPES[kind]} for name, kind in kinds(train).items()}
    return Metadata.load_from_dict({"tables": {_NAME: {"columns": columns}}})


def _neural_sdv(make: Any, task: Task) -> Sample:
    from ctgan.data_transformer import DataTransformer

    watch = task.watch
    length = {} if task.epochs is None else {"epochs": task.epochs}
    model = make(_sdv_metadata(task.train), enable_gpu=False, **length)
    with watch.time("encoding"):
        processed = model.preprocess({_NAME: task.train})
    before = watch.seconds["encoding"]
    with (
        watch.time("training"),
        watch.time_calls(DataTransformer, "fit", "encoding"),
        watch.time_calls(DataTransformer, "transform", "encoding"),
    ):
        model.fit_processed_data(processed)
    watch.seconds["training"] -= watch.seconds["encoding"] - before
    return lambda rows: model.sample(rows)[_NAME]


def _mostly(task: Task, *, flexible: bool) -> Sample:
    from mostlyai import engine

    engine.set_random_state(task.seed)
    folder = tempfile.TemporaryDirectory()
    workspace = Path(folder.name)
    with task.watch.time("encoding"):
        engine.split(tgt_data=task.train, model_type="TABULAR", workspace_dir=workspace)
        engine.analyze(workspace_dir=workspace)
        engine.encode(workspace_dir=workspace)
    with task.watch.time("training"):
        engine.train(
            max_epochs=task.epochs,
            enable_flexible_generation=flexible,
            device="cpu",
            workspace_dir=workspace,
        )

    def sample(rows: int) -> pd.DataFrame:
        engine.generate(sample_size=rows, device="cpu", workspace_dir=workspace)
        return pd.read_parquet(Path(folder.name) / "SyntheticData")

    return sample


if __name__ == "__main__":
    main()
