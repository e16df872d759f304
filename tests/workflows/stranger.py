"""Change a run or an exported model at random, and use it; run by `test_stranger.py` in a process.

Whatever the change, each verb succeeds or says no by a `ZerosumError`, in little time and memory.
"""

import copy
import hashlib
import json
import random
import resource
import shutil
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from typer.main import get_command

import zerosum as zs
from zerosum.cli.app import app
from zerosum.errors import ZerosumError
from zerosum.runs.store import Run

_MEMORY = 5 * 2**30
_SECONDS = 60
_PROGRAM = get_command(app)

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, -5, 3, 10**9, 2**62, 10**30, -(10**9), 0.5, -0.5, 1e300,
    float("nan"), float("inf"), "", "x", "\ud800", "\x1b[2J\u202e", "../../etc", "[/b]", "r1",
    [], {}, [[]], [1, 2], {"a": 1}, {"kind": "adam"}, ["x"] * 50, "9" * 5000,
)  # fmt: skip


def mutated(value: Any, chance: random.Random) -> Any:
    """JSON with one or two places changed."""
    value = copy.deepcopy(value)
    for _ in range(chance.choice((1, 1, 2))):
        places = list(_places(value))
        if not places:
            return value
        parent, key = chance.choice(places)
        way = chance.random()
        if way < 0.12:
            del parent[key]
        elif way < 0.2:
            parent[key] = [parent[key]]
        elif way < 0.3 and isinstance(parent[key], int | float):
            parent[key] = parent[key] * chance.choice((-1, 2, 3, 1000, 10**6))
        else:
            parent[key] = copy.deepcopy(chance.choice(ODD))
    return value


def _places(value: Any) -> Any:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in list(inner):
        yield value, key
        if isinstance(one, dict | list):
            yield from _places(one)


def reshaped(tensors: dict[str, Tensor], chance: random.Random) -> dict[str, Tensor]:
    """Tensors of which one is another."""
    tensors = dict(tensors)
    name = chance.choice(list(tensors))
    one = tensors[name]
    ways: list[Callable[[], Tensor]] = [
        lambda: torch.zeros(()),
        lambda: torch.zeros(0),
        lambda: one.flatten()[:1].clone(),
        lambda: one.flatten().repeat(2),
        lambda: one.unsqueeze(0).clone(),
        lambda: one.to(chance.choice([torch.float64, torch.int64, torch.bool, torch.float16])),
        lambda: torch.full_like(one, 127),
        lambda: torch.zeros_like(one),
        lambda: one.to(torch.complex64),
        lambda: torch.full(one.shape, float("nan")),
        lambda: -one if one.is_floating_point() else one,
    ]
    way = chance.randrange(len(ways) + 2)
    if way < len(ways):
        tensors[name] = ways[way]().contiguous()
    elif way == len(ways):
        del tensors[name]
    else:
        tensors[f"{name}.x"] = one.clone()
    return tensors


def _torn(path: Path, chance: random.Random) -> None:
    body = bytearray(path.read_bytes())
    for _ in range(chance.choice((1, 4))):
        body[chance.randrange(min(len(body), chance.choice((12, 400, 10**6))))] = chance.randrange(
            256
        )
    path.write_bytes(bytes(body[: chance.choice((len(body), len(body), len(body) // 2))]))


def _newest(run: Path) -> Path:
    return max((run / "checkpoints").glob("*.json"))


def _signed(run: Path, tensors: dict[str, Tensor] | None, scalars: Any) -> None:
    """Write the newest checkpoint again, with a digest that is right."""
    record = _newest(run)
    weights = record.with_suffix(".safetensors")
    if tensors is not None:
        save_file(tensors, weights)
    digest = hashlib.sha256(weights.read_bytes())
    digest.update(json.dumps(scalars, sort_keys=True).encode())
    said = {"scalars": scalars, "bytes": weights.stat().st_size, "sha256": digest.hexdigest()}
    record.write_text(json.dumps(said))


def manifest(run: Path, chance: random.Random) -> None:
    path = run / "manifest.json"
    path.write_text(json.dumps(mutated(json.loads(path.read_text()), chance)))


def recipe(run: Path, chance: random.Random) -> None:
    path = run / "manifest.json"
    body = json.loads(path.read_text())
    part = chance.choice(["recipe", "space", "data", "execution"])
    path.write_text(json.dumps({**body, part: mutated(body[part], chance)}))


def scalars(run: Path, chance: random.Random) -> None:
    _signed(run, None, mutated(json.loads(_newest(run).read_text())["scalars"], chance))


def record(run: Path, chance: random.Random) -> None:
    path = _newest(run)
    path.write_text(json.dumps(mutated(json.loads(path.read_text()), chance)))


def tensors(run: Path, chance: random.Random) -> None:
    path = _newest(run)
    changed = reshaped(load_file(path.with_suffix(".safetensors")), chance)
    _signed(run, changed, json.loads(path.read_text())["scalars"])


def lines(run: Path, chance: random.Random) -> None:
    path = run / chance.choice(["events.jsonl", "history.jsonl"])
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in mutated(rows, chance)))


def bytes_of(run: Path, chance: random.Random) -> None:
    files = sorted(path for path in run.rglob("*") if path.is_file())
    _torn(chance.choice(files), chance)


def exported(run: Path, chance: random.Random) -> None:
    """The file beside the run, with a digest that is right."""
    from zerosum.models.export import _digest  # as whoever crafts a file would

    path = run / "model.safetensors"
    with safe_open(path, "pt") as file:
        said = dict(file.metadata())
    kept = load_file(path)
    del said["sha256"]
    way = chance.random()
    if way < 0.3:
        kept = reshaped(kept, chance)
    elif way < 0.8:
        name = chance.choice(["recipe", "space", "left_out"])
        said[name] = json.dumps(mutated(json.loads(said[name]), chance))
    else:
        said[chance.choice(list(said))] = str(chance.choice(ODD))
    said["sha256"] = _digest(kept, said)
    save_file(kept, path, metadata=said)


CHANGES = (manifest, recipe, recipe, scalars, record, tensors, lines, bytes_of, exported)


def _show(run: Path) -> None:
    for words in (["show", str(run)], ["show", str(run), "--json"], ["runs", str(run.parent)]):
        printed = StringIO()
        with redirect_stdout(printed):
            _PROGRAM.main(words, standalone_mode=False)
        shown = printed.getvalue()
        assert shown.replace("\n", "").isprintable(), f"{words[0]} printed {shown!r}"
        if "--json" in words:
            json.loads(shown)


def _opened(run: Path) -> None:
    opened = Run.open(run)
    opened.history()
    opened.events()


VERBS: dict[str, Callable[[Path], object]] = {
    "show": _show,
    "list": lambda run: zs.list_runs(run.parent),
    "open": _opened,
    "curves": lambda run: zs.workflows.history.curves_of(Run.open(run)),  # pyright: ignore[reportAttributeAccessIssue]
    "sample": lambda run: zs.load(run, device="cpu").sample(2),
    "sample the export": lambda run: zs.load(run / "model.safetensors", device="cpu").sample(2),
    "begin with it": lambda run: zs.workflows.transfer.open_source(run, _cpu()),  # pyright: ignore[reportAttributeAccessIssue]
    "resume": lambda run: zs.resume(run, minutes=1e-4, quiet=True),
}


def _cpu() -> Any:
    from zerosum.runtime import Runtime

    return Runtime(torch.device("cpu"))


def _too_slow(_number: int, _frame: object) -> None:
    raise TimeoutError("took too long")


def attack(base: Path, work: Path, seed: int, count: int) -> list[str]:
    """What went wrong: changes, verbs and tracebacks."""
    import zerosum.workflows.history
    import zerosum.workflows.transfer  # noqa: F401

    wrong = []
    signal.signal(signal.SIGALRM, _too_slow)
    for number in range(seed, seed + count):
        chance = random.Random(number)
        change = chance.choice(CHANGES)
        run = work / "run"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(base, run)
        change(run, chance)
        for verb, use in VERBS.items():
            signal.alarm(_SECONDS)
            try:
                use(run)
            except ZerosumError:
                pass
            except BaseException:
                where = f"seed {number}: {change.__name__}, {verb}"
                wrong.append(f"{where}\n{traceback.format_exc(limit=-6)}")
            finally:
                signal.alarm(0)
    return wrong


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, hard))
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    base, work, seed, count = sys.argv[1:]
    found = attack(Path(base), Path(work), int(seed), int(count))
    print("\n".join(found))  # noqa: T201
    sys.exit(bool(found))
