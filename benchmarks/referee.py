"""Does the referee see a duel going wrong, and mend it? Ten trainings, six faults, many seeds.

    python benchmarks/referee.py run --seeds 13-17 --part 0/2     # resumable; one process a core
    python benchmarks/referee.py table --seeds 13-17              # writes referee_digits.md
    python benchmarks/referee.py run --suite fashion --seeds 9-11   # three recipes, larger images

Every training runs guarded, where the referee acts, and unguarded, where it only watches. Where it
asked for no remedy the two are the same training, bit for bit (the tests hold it to that), so that
one is run and its last state taken for the unguarded result. The distance is a Fréchet distance of
2,000 samples, measured forty times in a training with latents and reals that the referee does not
use: in pixels for digits, in distances to landmarks for points, in `self` features for clothes.
Thresholds were tuned on seeds 0 to 12.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from referee_faults import FASHION_FAULTS, FASHION_SETUPS, FAULTS, SETUPS, Fault, Setup, suffers
from referee_table import write_table
from torch import Tensor

from zerosum.data.base import Dataset
from zerosum.engine.choose import Wishes
from zerosum.engine.hooks import Hook
from zerosum.engine.trainer import Trainer
from zerosum.errors import DivergenceError
from zerosum.evaluation.features.base import Extractor
from zerosum.evaluation.features.self_features import self_features, unseen_rows
from zerosum.evaluation.metrics.frechet import FeatureMoments, frechet_distance
from zerosum.games.base import Game, Inputs
from zerosum.referee.quality_probe import QualityProbe
from zerosum.runs.files import write_json
from zerosum.runs.store import Run
from zerosum.spaces import ImageSpace
from zerosum.workflows.data import open_data
from zerosum.workflows.load import load
from zerosum.workflows.train import train

RESULTS = Path(__file__).parent / "results" / "referee"
_LOOKS = 40
_SEED = 987_654_321
_SMALL = 8
SUITES = {"digits": (SETUPS, FAULTS), "fashion": (FASHION_SETUPS, FASHION_FAULTS)}


class Yardstick:
    """The distance that the table is about, on other latents and reals than the referee's."""

    def __init__(self, dataset: Dataset) -> None:
        self._gauge = QualityProbe(dataset, seed=_SEED, num_samples=2_000, num_reals=2_000)
        self._extract: Extractor | None = None
        if isinstance(dataset.space, ImageSpace) and dataset.space.height > _SMALL:
            self._extract = self_features(dataset)
            reals = self._extract(dataset.take(unseen_rows(dataset)[:5_000])[0])
            self._moments = FeatureMoments(reals.shape[1]).update(reals)

    def inputs(self, game: Game) -> list[Inputs]:
        """What samples are made from, in pieces."""
        return self._gauge.inputs(game)

    def distance(self, x: Tensor) -> float:
        """Of compact samples."""
        if self._extract is None:
            return self._gauge.measure(x).distance
        features = self._extract(x)
        return frechet_distance(FeatureMoments(features.shape[1]).update(features), self._moments)


class Proof(Hook):
    """Measures the distance all through a training."""

    def __init__(self, yardstick: Yardstick) -> None:
        self._yardstick = yardstick
        self.distances: list[tuple[int, float]] = []
        self.steps = 0

    def stepped(self, trainer: Trainer) -> None:
        """One of forty looks."""
        self.steps = trainer.optimisation.total_samples // trainer.optimisation.batch_size
        if trainer.step % max(1, self.steps // _LOOKS) == 0:
            parts = self._yardstick.inputs(trainer.game)
            x = torch.cat([trainer.sample(part) for part in parts])
            self.distances.append((trainer.step, self._yardstick.distance(x)))


def play(
    setup_name: str, setup: Setup, fault_name: str, seed: int, guard: str, yardstick: Yardstick
) -> dict[str, Any]:
    """One training; what the table needs of it."""
    fault, proof = Fault(setup, fault_name, seed), Proof(yardstick)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        error = ""
        try:
            train(
                setup.recipe, setup.data, out=folder, samples=setup.images, seed=seed,
                changes=setup.changes, data_options={"limit": setup.limit}, device="cpu",
                wishes=Wishes("fp32", "contiguous", False, 1),
                referee="act" if guard == "act" else "watch",
                listener=lambda *_: [fault, proof], checkpoint_seconds=1e9,
            )  # fmt: skip
        except DivergenceError as problem:
            error = str(problem).partition(". ")[0]
        run = Run.open(folder)
        newest = run.checkpoints.steps()[-1]
        return {
            "setup": setup_name, "fault": fault_name, "seed": seed, "guard": guard,
            "steps": proof.steps, "struck": fault.step, "error": error,
            "distances": proof.distances, "model": run.manifest.get("model"),
            "final": None if error else _distance(run, yardstick, None),
            "last": None if error else _distance(run, yardstick, newest),
            "events": [e for e in run.events() if e["event"] != "execution_chosen"],
            "rows": run.history(), "seconds": round(time.perf_counter() - start, 1),
        }  # fmt: skip


def as_unguarded(result: dict[str, Any]) -> dict[str, Any] | None:
    """What a guarded training without remedies says of the unguarded one; else None."""
    if any(event["event"] == "remedy" for event in result["events"]):
        return None
    return result | {"guard": "watch", "final": result["last"], "model": None}


def _distance(run: Run, yardstick: Yardstick, step: int | None) -> float:
    """The distance of what `zs.load` gives."""
    model = load(run, device="cpu", step=step)
    parts = [model.make(part, batch_size=512).tensor for part in yardstick.inputs(model.game)]
    return yardstick.distance(torch.cat(parts))


def main() -> None:
    """Run what is missing, or write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("task", choices=["run", "table"])
    parser.add_argument("--seeds", default="13-17", help="13-17, or 0,1,2")
    parser.add_argument("--part", default="0/1", help="this process of how many: 0/2")
    parser.add_argument("--suite", choices=list(SUITES), default="digits")
    parser.add_argument("--setup", help="some of the suite's trainings, with commas")
    parser.add_argument("--fault", help="some of the suite's faults, with commas")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    setups, faults = SUITES[given.suite]
    low, _, high = given.seeds.partition("-")
    seeds = [*range(int(low), int(high) + 1)] if high else [int(s) for s in low.split(",")]
    if given.task == "table":
        page = Path(__file__).with_name(f"referee_{given.suite}.md")
        write_table(given.results, seeds, page, setups=setups, faults=faults)
        return
    torch.set_num_threads(1)
    given.results.mkdir(parents=True, exist_ok=True)
    jobs = [
        (setup, fault, seed)
        for seed in seeds
        for setup in (given.setup.split(",") if given.setup else setups)
        for fault in (given.fault.split(",") if given.fault else faults)
        if suffers(setups[setup], fault)
    ]
    part, parts = (int(n) for n in given.part.split("/"))
    yardsticks: dict[str, Yardstick] = {}
    for number, (setup, fault, seed) in enumerate(jobs):
        if number % parts != part:
            continue
        data = setups[setup].data
        if data not in yardsticks:
            yardsticks[data] = Yardstick(open_data(data, limit=setups[setup].limit)[0])
        for guard in ("act", "watch"):
            path = _path(given.results, setup, fault, seed, guard)
            if path.exists():
                continue
            result = play(setup, setups[setup], fault, seed, guard, yardsticks[data])
            write_json(path, result)
            bare = as_unguarded(result) if guard == "act" else None
            if bare is not None:
                write_json(_path(given.results, setup, fault, seed, "watch"), bare)
            print(
                f"{number + 1}/{len(jobs)} {setup}, {fault}, seed {seed}, {guard}: "
                f"{result['final'] or result['error']}, {result['seconds']} s",
                flush=True,
            )


def _path(folder: Path, setup: str, fault: str, seed: int, guard: str) -> Path:
    return folder / f"{setup}-{fault}-{seed}-{guard}.json".replace(" ", "_")


if __name__ == "__main__":
    main()
