"""Everything that registers itself is found by a process that imported nothing else."""

import subprocess
import sys

SCRIPT = """
import importlib
from tests.modules import all_modules
from zerosum.catalogue import load_installed
from zerosum.config import Config

HOMES = ("zerosum.modalities.", "zerosum.zoo.", "zerosum.evaluation.", "zerosum.objectives.")

def kinds(cls):
    for sub in cls.__subclasses__():
        if sub.__module__.startswith(HOMES) and isinstance(getattr(sub, "kind", None), str):
            yield f"{sub.__module__}.{sub.__qualname__}"
        yield from kinds(sub)

load_installed()
found = set(kinds(Config))
for name in all_modules():
    importlib.import_module(name)
print(len(found))
print(*sorted(set(kinds(Config)) - found))
"""


def test_no_kind_is_known_only_to_who_imports_its_module() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=True
    )
    found, missed = done.stdout.splitlines()
    assert int(found) > 10
    assert not missed, "import them beside their modality"


def test_reports_are_read_by_a_process_that_made_none() -> None:
    script = (
        "import zerosum as zs\n"
        "from zerosum.evaluation.reports.parts import Part\n"
        "assert zs.Evaluation\n"
        "print(*Part._kinds)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
    )
    assert {"table", "samples"} <= set(done.stdout.split())
