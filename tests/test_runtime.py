"""Devices by name, and two processes that train as one."""

import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from tests.forks import Fork, Forks
from zerosum.catalogue import find_recipe
from zerosum.engine.execution import Execution
from zerosum.engine.hooks import Hook, Row
from zerosum.engine.trainer import Trainer
from zerosum.errors import DeviceError
from zerosum.runs.store import Run
from zerosum.runtime import (
    Runtime,
    can_bfloat16,
    is_main_process,
    keep_memory,
    open_runtime,
    resolve_device,
)
from zerosum.testing import small_dataset
from zerosum.workflows.prepare import make_trainer
from zerosum.workflows.train import resume

STEPS = 20
TOLERANCE = 1e-5
"""Largest difference of a weight between one process and two after 20 steps in fp32.

Means over two halves are summed in another order than a mean over the whole; Adam's first steps
divide by gradients near zero and so enlarge that rounding. Measured: below 1e-6.
"""

WORKER = """
import json
import sys
from pathlib import Path
from safetensors.torch import save_file
from zerosum.runs.hooks import CheckpointHook
from zerosum.runs.store import Run
from zerosum.runtime import open_runtime
sys.path.insert(0, {here!r})
from test_runtime import Rows, small_trainer
with open_runtime("cpu") as runtime:
    rows = Rows()
    trainer = small_trainer("vanilla", "point", runtime, record_every=10)
    run = Run(Path({out!r}) / "rows", {{}})
    if runtime.is_main:
        run = Run.create(run.folder, {{}})
    trainer.run([rows, CheckpointHook(run, seconds=0.0)])
    before = [step for step in run.checkpoints.steps() if step < trainer.step][-1]
    again = small_trainer("vanilla", "point", runtime, record_every=10)
    saved = run.checkpoints.load(before)
    again.load_state(saved.tensors, saved.scalars)
    again.run([rows])
    if runtime.is_main:
        (Path({out!r}) / "rows.json").write_text(json.dumps([before, rows.rows]))
    for name, space in {trainings!r}:
        trainer = small_trainer(name, space, runtime)
        trainer.run()
        tensors = {{k: v.contiguous().clone() for k, v in trainer.state()[0].items()}}
        save_file(tensors, Path({out!r}) / f"{{name}}-{{runtime.rank}}.safetensors")
    texts = [runtime.agree_text(f"rank {{runtime.rank}}: é"), runtime.agree_text("")]
    figure = runtime.agree(float(runtime.rank))
    (Path({out!r}) / f"agreed-{{runtime.rank}}").write_text(f"{{texts}} {{figure}}", "utf-8")
threads = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
(Path({out!r}) / f"threads-{{runtime.rank}}").write_text(" ".join(threads))
"""

TRAININGS = [("vanilla", "point"), ("r3gan", "point"), ("dcgan", "image")]


@pytest.mark.parametrize(("vectors", "quick"), [("AVX2", False), ("AVX512", True)])
def test_bfloat16_takes_wide_vectors(
    vectors: str, quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: vectors)
    assert can_bfloat16(torch.device("cpu")) == quick


class Rows(Hook):
    """Keeps the rows of the history but for the time taken."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, dict[str, float]]] = []

    def recorded(self, trainer: Trainer, row: Row) -> None:
        self.rows.append((row.step, row.values))


def small_trainer(name: str, space: str, runtime: Runtime, *, record_every: int = 20) -> Trainer:
    """Twenty steps of a recipe on 64 samples."""
    dataset = small_dataset(space)
    recipe = find_recipe(name).resolve(dataset.space)
    changes = {
        "optimisation.batch_size": 16,
        "optimisation.total_samples": STEPS * 16,
        "optimisation.record_every": record_every,
    }
    return make_trainer(
        recipe.with_values(changes), dataset, seed=0, runtime=runtime,
        execution=Execution(threads=1),
    )  # fmt: skip


Launch = Callable[..., list[Fork]]


def _port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _two_forks(forks: Forks, *words: str) -> list[Fork]:
    """Two processes with what torchrun writes into the environment."""
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": _port()}
    ranks = [group | {"RANK": rank, "LOCAL_RANK": rank} for rank in ("0", "1")]
    return [forks.start(*words, env=rank) for rank in ranks]


def _torchrun(forks: Forks, *words: str) -> list[Fork]:
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", _port()]
    return [forks.start(*launcher, *words)]


LAUNCHES = [_two_forks, pytest.param(_torchrun, marks=pytest.mark.slow)]


def _finish(processes: list[Fork], timeout: float = 100) -> tuple[int, str, str]:
    """The worst exit status, and what all printed."""
    try:
        texts = [process.communicate(timeout=timeout) for process in processes]
    finally:
        for process in processes:
            process.terminate()  # torchrun ends its workers
    codes = [process.returncode or 0 for process in processes]
    return max(codes, key=abs), "".join(out for out, _ in texts), "".join(err for _, err in texts)


@pytest.fixture(scope="module")
def trained_by_two(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Path:
    """What both ranks hold after training each recipe."""
    out = tmp_path_factory.mktemp("two")
    script = out / "worker.py"
    here = str(Path(__file__).parent)
    script.write_text(WORKER.format(here=here, trainings=TRAININGS, out=str(out)))
    code, _, err = _finish(_two_forks(forks, str(script)))
    assert code == 0, err
    return out


def _distance(a: dict[str, Tensor], b: dict[str, Tensor], prefix: str) -> float:
    names = [name for name in a if name.startswith(prefix)]
    assert names
    return max(float((a[name].double() - b[name].double()).abs().max()) for name in names)


@pytest.mark.parametrize("name", [name for name, _ in TRAININGS])
def test_both_processes_end_with_the_same_state(trained_by_two: Path, name: str) -> None:
    first, second = (load_file(trained_by_two / f"{name}-{rank}.safetensors") for rank in (0, 1))
    wrong = [key for key in first if not torch.equal(first[key], second[key])]
    assert not wrong


@pytest.mark.parametrize(("name", "space"), TRAININGS[:2])
def test_two_processes_train_like_one(trained_by_two: Path, name: str, space: str) -> None:
    alone = small_trainer(name, space, Runtime(torch.device("cpu")))
    before = {key: value.clone() for key, value in alone.state()[0].items()}
    alone.run()
    after = alone.state()[0]
    two = load_file(trained_by_two / f"{name}-0.safetensors")
    assert _distance(after, before, "game.generator.") > 100 * TOLERANCE
    assert _distance(after, two, "game.") <= TOLERANCE
    assert _distance(after, two, "average.") <= TOLERANCE


def test_batch_normalisation_sees_each_process_by_itself(trained_by_two: Path) -> None:
    alone = small_trainer("dcgan", "image", Runtime(torch.device("cpu")))
    alone.run()
    two = load_file(trained_by_two / "dcgan-0.safetensors")
    assert all(bool(t.isfinite().all()) for t in two.values())
    assert _distance(alone.state()[0], two, "game.") > TOLERANCE


def test_the_first_row_after_a_resume_of_two_is_as_if_nothing_had_been(
    trained_by_two: Path,
) -> None:
    before, rows = json.loads((trained_by_two / "rows.json").read_text())
    straight = [row for row in rows[:2] if row[0] > before]
    assert straight != []
    assert rows[2:] == straight


def test_processes_agree_on_rank_0(trained_by_two: Path) -> None:
    said = {(trained_by_two / f"agreed-{rank}").read_text("utf-8") for rank in (0, 1)}
    assert said == {"['rank 0: é', ''] 0.0"}


@pytest.mark.skipif(sys.platform != "linux", reason="threads are named in /proc")
def test_no_thread_outlives_the_group(trained_by_two: Path) -> None:
    """One that does may abort its process at exit."""
    for rank in (0, 1):
        threads = (trained_by_two / f"threads-{rank}").read_text()
        assert "python" in threads
        assert "gloo" not in threads


WORDS = [
    "--precision", "fp32", "--layout", "contiguous", "--compile", "off", "--threads", "1",
    "--checkpoint-seconds", "0.2",
]  # fmt: skip


@pytest.mark.parametrize("launch", LAUNCHES)
def test_two_processes_stop_together_and_resume_in_two_or_one(
    tmp_path: Path, forks: Forks, launch: Launch
) -> None:
    folder = tmp_path / "run"
    processes = launch(
        forks, "-m", "zerosum", "train", "vanilla", "--data", "ring", "--samples", "1000000000",
        "--out", str(folder), *WORDS,
    )  # fmt: skip
    try:
        while not any(step > 0 for step in Run(folder, {}).checkpoints.steps()):
            try:
                processes[0].wait(timeout=0.02)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(processes[0].communicate()[1])
        for process in processes:
            process.send_signal(signal.SIGINT)
    finally:
        _, _, err = _finish(processes)
    run = Run.open(folder)
    assert run.manifest["processes"] == 2
    assert run.manifest["state"] == "interrupted", err
    step = run.manifest["step"]
    assert step % 20 == 0, "processes stop together, at a record"
    assert err.count("training vanilla on ring") == 1, "only rank 0 talks"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]

    alone = tmp_path / "alone"
    shutil.copytree(folder, alone)
    images = (step + STEPS) * 64
    code, out, err = _finish(
        launch(forks, "-m", "zerosum", "resume", str(folder), "--samples", str(images), "--json")
    )
    assert code == 0, err
    assert json.loads(out)["state"] == "finished"
    resume(alone, samples=images)
    two, _ = Run.open(folder).checkpoints.load_newest()
    one, _ = Run.open(alone).checkpoints.load_newest()
    assert two.step == one.step == step + STEPS
    assert _distance(one.tensors, two.tensors, "game.") <= TOLERANCE


GUARDED = """
import sys
from pathlib import Path
import torch
from safetensors.torch import save_file
from zerosum.engine.choose import Wishes
from zerosum.engine.hooks import Hook
from zerosum.workflows.train import train
class Poison(Hook):
    left = 1
    def stepped(self, trainer):
        self.last = trainer
        if trainer.step == {step} and self.left:
            self.left = 0
            with torch.no_grad():
                trainer.{poisoned}.fill_(float("nan"))
    def taken_over(self, trainer):
        self.last = trainer
poison = Poison()
train(
    "vanilla", "ring", out={out!r}, samples=64 * 100, device="cpu", referee="act",
    wishes=Wishes("fp32", "contiguous", False, 1), listener=lambda *_: [poison],
    checkpoint_seconds=1e9,
)
"""


def _guarded_by_two(forks: Forks, place: Path, *, step: int, poisoned: str) -> tuple[int, str, Run]:
    """Exit status, errors and run of a training whose first process puts in NaN after a step."""
    script = place / "worker.py"
    script.write_text(GUARDED.format(out=str(place / "run"), step=step, poisoned=poisoned))
    code, _, err = _finish(_two_forks(forks, str(script)))
    return code, err, Run.open(place / "run")


@pytest.mark.parametrize(
    "poisoned",
    [pytest.param("game.generator.layers[0].weight", marks=pytest.mark.slow), "_average[0]"],
)
def test_two_processes_mend_together(tmp_path: Path, forks: Forks, poisoned: str) -> None:
    """Terms show a weight in both; only the first process looks at the averages."""
    code, err, run = _guarded_by_two(forks, tmp_path, step=50, poisoned=poisoned)
    assert (code, run.manifest["state"]) == (0, "finished"), err
    (remedy,) = run.manifest["remedies"]
    assert remedy["name"] == "roll-back"
    assert remedy["step"] % 20 == 0, "processes change at a record"
    newest, _ = run.checkpoints.load_newest()
    assert newest.step == 100
    assert all(bool(t.isfinite().all()) for t in newest.tensors.values() if t.is_floating_point())


def test_two_processes_fail_together(tmp_path: Path, forks: Forks) -> None:
    """What the first one finds when it is too late for a remedy, the other is told."""
    code, err, run = _guarded_by_two(forks, tmp_path, step=100, poisoned="_average[0]")
    assert (code != 0, run.manifest["state"]) == (True, "diverged")
    assert err.count("DivergenceError: training diverged") == 2


def test_an_error_on_rank_0_ends_every_process(tmp_path: Path, forks: Forks) -> None:
    (tmp_path / "mine.txt").write_text("")
    processes = _torchrun(
        forks, "-m", "zerosum", "train", "vanilla", "--data", "ring", "--samples", "64000",
        "--out", str(tmp_path), *WORDS,
    )  # fmt: skip
    code, _, err = _finish(processes)
    assert code != 0
    assert "exists already" in err


def test_one_process_is_main_and_agrees_with_itself() -> None:
    assert is_main_process()
    with open_runtime("cpu") as runtime:
        assert (runtime.rank, runtime.world, runtime.is_main) == (0, 1, True)
        tensor = torch.ones(2)
        runtime.average_([tensor])
        runtime.wait()
        assert tensor.tolist() == [1.0, 1.0]
        assert runtime.agree(0.5) == 0.5
        assert runtime.agree_text("a") == "a"


def test_rank_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    assert not is_main_process()


def test_devices_by_name() -> None:
    assert resolve_device("cpu").type == "cpu"
    assert resolve_device("auto").type in ("cpu", "cuda", "mps")


@pytest.mark.parametrize("name", ["cuda:99", "tpu", ""])
def test_missing_devices_name_those_present(name: str) -> None:
    with pytest.raises(DeviceError, match=r"no device .*Present: .*cpu.*auto"):
        resolve_device(name)


def test_glibc_keeps_memory_unless_its_own_variables_say_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in os.environ if name.startswith("MALLOC_")]:
        monkeypatch.delenv(name)
    assert keep_memory() == (platform.libc_ver()[0] == "glibc")
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")
    assert not keep_memory()
