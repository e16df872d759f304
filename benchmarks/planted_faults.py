"""Whether `make test` finds faults: plants one at a time in a copy of the tree, and runs its tests.

    .venv/bin/python benchmarks/planted_faults.py [NAME...]

A fault is one place in the source, changed as a slip would change it. Of the tests that `make test`
runs, those named beside the fault are run until one fails; a test that fails without the fault too
does not count. Prints a table in Markdown.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("src", "tests", "docs", "examples", "pyproject.toml", "mkdocs.yml", "README.md",
          "CHANGELOG.md", "CONTRIBUTING.md")  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """A slip in one file.

    Attributes:
        name: what goes wrong.
        file: below `src/zerosum`.
        old: what stands there, once.
        new: what is put in its place.
        tests: where a test should fail.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


FAULTS = (
    Fault("the average follows with the wrong rate", "engine/trainer.py",
          "list(self._weights.values()), 1 - decay", "list(self._weights.values()), decay",
          ("tests/engine", "tests/golden")),
    Fault("a resume begins the data anew", "engine/trainer.py",
          'self.loader.position = scalars["position"]', "self.loader.position = 0",
          ("tests/engine", "tests/workflows/test_resume.py")),
    Fault("gradients of two processes are added, not averaged", "runtime.py",
          "            flat /= self.world\n", "", ("tests/test_runtime.py",)),
    Fault("two processes are shown the same rows", "data/loader.py",
          "self.position + self._runtime.rank * size", "self.position",
          ("tests/data", "tests/test_runtime.py")),
    Fault("steps are played before they are reserved", "runs/ledger.py",
          "self._reserved = min(step + self._block, self._planned)", "self._reserved = step",
          ("tests/runs", "tests/workflows/test_private.py")),
    Fault("names of categories cost no delta", "workflows/private.py",
          "return (1 - _FOR_NAMES) * self.delta", "return self.delta",
          ("tests/workflows/test_private.py",)),
    Fault("a lock that two may have", "runs/lock.py",
          "fcntl.LOCK_EX | fcntl.LOCK_NB", "fcntl.LOCK_SH | fcntl.LOCK_NB",
          ("tests/runs/test_lock.py",)),
    Fault("links in a run are followed", "runs/files.py",
          "        if stat.S_ISLNK(mode):", "        if stat.S_ISLNK(mode) and not parts:",
          ("tests/runs/test_links.py",)),
    Fault("damaged checkpoints are taken", "runs/checkpoints.py",
          'if _with_scalars(hashlib.sha256(body), meta["scalars"]) != meta["sha256"]:',
          'if not meta["sha256"]:',
          ("tests/runs", "tests/workflows/test_resume.py")),
    Fault("SIGTERM ends a training at once", "workflows/play.py",
          "numbers = [signal.SIGINT, signal.SIGTERM]", "numbers = [signal.SIGINT]",
          ("tests/workflows/test_interruption.py",)),
    Fault("a collapse is not told", "referee/diagnosis.py",
          "if sight.spread < 0.6 * then.spread or", "if sight.spread > 1.6 * then.spread or",
          ("tests/referee/test_diagnosis.py",)),
    Fault("half of a term of the Fréchet distance", "evaluation/metrics/frechet.py",
          "gap + trace - 2 * cross", "gap + trace - cross",
          ("tests/evaluation", "tests/laws/test_every_metric.py")),
    Fault("copies of training rows are not found", "evaluation/metrics/memory.py",
          "return (to_train < to_holdout).double()", "return (to_train > to_holdout).double()",
          ("tests/evaluation/metrics/test_memory.py", "tests/workflows/test_honest_judge.py")),
    Fault("twice the gradient penalty", "objectives/penalties.py",
          "return 0.5 * super().cost(gradient)", "return super().cost(gradient)",
          ("tests/objectives", "tests/golden")),
    Fault("exported files hold the discriminator", "models/export.py",
          'if name.partition(".")[0] not in left_out', 'if name.partition(".")[0]',
          ("tests/models/test_export.py",)),
    Fault("graphs name files of the machine", "models/onnx.py",
          "    _forget_origins(graph)\n", "", ("tests/models/test_onnx.py",)),
    Fault("age>30 allows 30", "modalities/tables/sampling/conditions.py",
          "low = _next(low, step, 1) if low == value else low", "low = float(low)",
          ("tests/modalities/tables/sampling",)),
    Fault("values at the end of an interval have another code", "modalities/tables/codecs.py",
          'np.searchsorted(lows, given, side="right") - 1',
          'np.searchsorted(lows, given, side="left") - 1', ("tests/modalities/tables",)),
    Fault("text in a report can be markup", "evaluation/reports/rendering.py",
          "autoescape=True", "autoescape=False",
          ("tests/evaluation/reports", "tests/workflows/test_evaluate_table.py")),
    Fault("errors exit with 0", "cli/app.py", "        sys.exit(2)\n", "        sys.exit(0)\n",
          ("tests/cli",)),
    Fault("sideways images are decoded at a wrong size", "modalities/images/pixels.py",
          "turn in _SIDEWAYS else size", "turn not in _SIDEWAYS else size",
          ("tests/modalities/images",)),
    Fault("attackers know the rows they attack", "modalities/tables/privacy/attack.py",
          "strangers=held[half:], attacks=attacks)", "strangers=held[:half], attacks=attacks)",
          ("tests/modalities/tables/privacy", "tests/workflows/test_audit.py")),
)  # fmt: skip


def failures(tree: Path, words: list[str]) -> list[str]:
    """Tests that fail in a tree; with `-x` in `words` one at most."""
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", "-rfE",
            "-m", "not slow", *words,
        ],
        cwd=tree, env={**os.environ, "PYTHONPATH": str(tree / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)


def caught(tree: Path, fault: Fault) -> str:
    """The test that fails with the fault alone; empty where there is none."""
    path = tree / "src" / "zerosum" / fault.file
    sound = path.read_text("utf-8")
    assert sound.count(fault.old) == 1, f"{fault.file} does not hold {fault.old!r} once"
    passed_over: list[str] = []
    while True:
        path.write_text(sound.replace(fault.old, fault.new), "utf-8")
        found = failures(tree, ["-x", *fault.tests, *(f"--deselect={one}" for one in passed_over)])
        path.write_text(sound, "utf-8")
        if not found or not failures(tree, found):
            return next(iter(found), "")
        passed_over += found


def main() -> None:
    """Plant every fault, or those whose names hold a word that is given."""
    words = sys.argv[1:]
    chosen = [one for one in FAULTS if not words or any(word in one.name for word in words)]
    print("| fault | file | caught by |\n|---|---|---|")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, tree / name)
        for fault in chosen:
            test = caught(tree, fault)
            missed += not test
            print(f"| {fault.name} | `{fault.file}` | {f'`{test}`' if test else '**nothing**'} |",
                  flush=True)  # fmt: skip
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
