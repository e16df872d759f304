"""Molecules of MOSES: how new, varied and real they are, and what each judge of refine buys.

    pip install --no-deps molsets==0.3.1 fcd==1.2.2      # the data, and a network for the FCD
    python benchmarks/molecules.py run --seeds 0 --judges trees,forest,network
    python benchmarks/molecules.py table

A model of each seed learns from `--train` molecules of the training set of MOSES and keeps 1,000
apart, by which `refine` decides. 2,000 samples are held against 2,000 molecules of its test set.
The floor are pieces of SELFIES in any order, as often as in reals; the ceiling are other molecules
of the test set. The FCD depends on how many molecules there are; 2,000 is fewer than in the paper
of MOSES. What is in `benchmarks/results/molecules` is not made again.
"""

import argparse
import gzip
import json
import random
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pandas as pd
import torch

import zerosum as zs
from zerosum.evaluation.metrics.base import MetricContext, SampleSet
from zerosum.modalities.molecules.metrics.molecules import (
    MedicinalFilters,
    MoleculeParts,
    MoleculeProperties,
    MoleculesThemselves,
    NewMolecules,
)
from zerosum.modalities.molecules.model import MoleculeModel
from zerosum.modalities.molecules.reading import read_like
from zerosum.modalities.strings.frames import texts_of
from zerosum.modalities.tables.reading.sources import MemorySource
from zerosum.rng import Noise
from zerosum.runs.files import write_json

RESULTS = Path(__file__).parent / "results" / "molecules"
HELD, JUDGED = 1_000, 2_000


def moses(name: str) -> list[str]:
    """SMILES of a split of MOSES, in an order of their own."""
    spec = find_spec("moses")
    assert spec is not None, "pip install --no-deps molsets==0.3.1"
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0]) / "dataset" / "data" / f"{name}.csv.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()[1:]
    smiles = [line.split(",")[0] for line in lines]
    random.Random(0).shuffle(smiles)
    return smiles


def opened(smiles: Sequence[str], model: MoleculeModel) -> SampleSet:
    """Molecules as the model's space has them."""
    source = MemorySource(pd_table(smiles), name="moses")
    x = read_like(source, model.molecules, library=None).resident[0]
    return SampleSet(x, torch.zeros(len(x), 1))


def pd_table(smiles: Sequence[str]) -> Any:
    """A table of one column."""
    import pyarrow as pa

    return pa.table({"smiles": list(smiles)})


class Fcd:
    """The Fréchet ChemNet distance (Preuer et al. 2018, arXiv:1803.09518) to some reals."""

    def __init__(self, reals: Sequence[str]) -> None:
        import fcd  # pyright: ignore[reportMissingImports]

        self._fcd, self._net = fcd, fcd.load_ref_model()
        self._reals = self._moments(reals)

    def _moments(self, smiles: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        found = self._fcd.get_predictions(self._net, [one for one in smiles if one])
        return found.mean(axis=0), np.cov(found.T)

    def of(self, smiles: Sequence[str]) -> float:
        """The distance of some molecules."""
        mine = self._moments(smiles)
        return float(self._fcd.calculate_frechet_distance(*mine, *self._reals))


def figures(model: MoleculeModel, x: torch.Tensor, test: SampleSet, train: SampleSet) -> Any:
    """What the judge says of compact molecules."""
    context = MetricContext(model.space, extractor="-", split="holdout", train=train, replicates=0)
    found: dict[str, float] = {}
    for one in (
        MoleculesThemselves(),
        NewMolecules(),
        MedicinalFilters(),
        MoleculeParts(),
        MoleculeProperties(),
    ):
        read = one.read(SampleSet(x, torch.zeros(len(x), 1)), test, context)
        found |= {name: value.value for name, value in read.items()}
    return found


def run(args: argparse.Namespace) -> None:
    """Every figure that is not there yet."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    train, rest = moses("train"), moses("test")
    frame = pd.DataFrame({"smiles": train[: args.train + HELD]})
    fcd = Fcd(rest[:JUDGED])
    for seed in map(int, args.seeds.split(",")):
        folder = Path(args.runs) / f"molecules-{seed}"
        start = time.process_time()
        if folder.exists():
            model = zs.load(folder, recipe="molecules")
        else:
            model = zs.train(
                "molecules", frame, out=folder, seed=seed, threads=1, quiet=True, referee="off",
                compile=False, holdout=HELD / (args.train + HELD),
            )  # fmt: skip
        spent = time.process_time() - start
        test, known = opened(rest[:JUDGED], model), opened(train[: args.train + HELD], model)
        made = {"likelihood": model}
        told: dict[str, Any] = {}
        for judge in [one for one in args.judges.split(",") if one]:
            out, begin = folder.with_name(f"{folder.name}-{judge}"), time.process_time()
            if out.exists():
                continue
            found = zs.refine(folder, judge=judge, rounds=args.rounds, data=frame, out=out)  # pyright: ignore[reportArgumentType]
            told[judge] = found.to_json() | {"minutes": (time.process_time() - begin) / 60}
            made[judge] = zs.load(out, recipe="molecules")
        parts = {name: one.values(JUDGED, seed=1) for name, one in made.items()}
        parts["floor"] = model.molecules.independent(known.x, JUDGED, Noise(1))
        parts["ceiling"] = opened(rest[JUDGED : 2 * JUDGED], model).x
        for name, x in parts.items():
            path = RESULTS / f"{name}-{seed}.json"
            if path.exists():
                continue
            each = figures(model, x, test, known) | {"fcd": fcd.of(texts_of(model.molecules, x))}
            each |= {"minutes": spent / 60} if name == "likelihood" else {}
            write_json(path, each | told.get(name, {}))
            print(name, seed, json.dumps(each))
        path = RESULTS / f"conditions-{seed}.json"
        if not path.exists():
            write_json(path, conditions(model))
            print(path.read_text())


def conditions(model: MoleculeModel) -> dict[str, Any]:
    """Of how many samples each condition held at first, and of how many it holds unasked."""
    free = model.sample(1_000, seed=3)
    found = {}
    for where in (
        {"logP": "1..2"},
        {"QED": ">=0.9"},
        {"MW": "<=270"},
        {"logP": ">=4", "QED": ">0.8"},
    ):
        model.sample(200, where=where, seed=4)
        first = str(model.remark or "0 of 200").replace(",", "").split()
        asked = 1 - int(first[0]) / int(first[2])
        low = {
            "1..2": lambda x: (x >= 1) & (x <= 2),
            ">=0.9": lambda x: x >= 0.9,
            "<=270": lambda x: x <= 270,
            ">=4": lambda x: x >= 4,
            ">0.8": lambda x: x > 0.8,
        }
        unasked = np.logical_and.reduce([low[one](free[name]) for name, one in where.items()])
        found[str(where)] = {"asked": asked, "unasked": float(unasked.mean())}
    return found


def table() -> None:
    """A row for each model, floor and ceiling."""
    names = {
        "fcd": "FCD", "unique_molecules": "unique", "novel_molecules": "new",
        "without_alerts": "no alerts",
        "internal_diversity": "diversity", "fragment_similarity": "fragments",
        "scaffold_similarity": "scaffolds", "nearest_molecule": "nearest",
        "logp_distance": "logP", "qed_distance": "QED", "mw_distance": "MW",
    }  # fmt: skip
    print(f"| | {' | '.join(names.values())} |\n|{' --- |' * (len(names) + 1)}")
    for name in ("likelihood", "trees", "forest", "network", "floor", "ceiling"):
        each = [json.loads(p.read_text()) for p in sorted(RESULTS.glob(f"{name}-*.json"))]
        if each:
            cells = [f"{mean(one[key] for one in each):.3g}" for key in names]
            print(f"| {name} ({len(each)}) | {' | '.join(cells)} |")
            for one in each:
                if "kept" in one:
                    print(f"  {name}: {one['kept']} rounds kept; {one['before']} -> {one['after']}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--judges", default="trees,forest,network")
    parser.add_argument("--train", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--runs", default="runs")
    args = parser.parse_args()
    table() if args.what == "table" else run(args)


if __name__ == "__main__":
    main()
