"""Choose precision, layout, threads and compilation by a short measurement.

Every candidate plays a few steps of a trainer of its own. The candidate that would finish the
budget first wins, compilation time included; plain fp32 wins ties.
"""

import os
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Literal, cast

import torch

from zerosum.engine.execution import Execution, Layout, Precision
from zerosum.engine.trainer import Trainer
from zerosum.errors import ConfigError, did_you_mean
from zerosum.faces import option
from zerosum.runtime import Runtime
from zerosum.spaces import Space

Auto = Literal["auto"]

_ROUNDS = 4
_ROUND_SECONDS = 0.08
_TIE = 0.98
_HOPELESS = 2.0
_SLOW_STEP_SECONDS = 0.5
_COMPILE_FROM_SECONDS = 1800.0


@dataclass(frozen=True)
class Trial:
    """One candidate and what a step of it took, in seconds.

    Candidates are compared by their best round, which other programs disturb least; a budget in
    time is planned from the mean of all rounds.
    """

    execution: Execution
    step_seconds: float
    mean_seconds: float
    warmup_seconds: float


@dataclass(frozen=True)
class Wishes:
    """What the user forces; `auto` leaves it to the measurement."""

    precision: Precision | Auto = "auto"
    layout: Layout | Auto = "auto"
    compile: bool | Auto = "auto"
    threads: int | Auto = "auto"


def parse_wishes(*, precision: str, layout: str, compile: str, threads: str) -> Wishes:
    """Wishes from the words of a command line.

    Raises:
        ConfigError: a word that is not allowed.
    """
    allowed = {
        "precision": (precision, ("auto", "fp32", "bf16")),
        "layout": (layout, ("auto", "contiguous", "channels_last")),
        "compile": (compile, ("auto", "on", "off")),
    }
    for name, (given, words) in allowed.items():
        if given not in words:
            raise ConfigError(f"{option(name, given)}.{did_you_mean(given, words)}")
    if threads != "auto" and not (threads.isdecimal() and int(threads)):
        raise ConfigError(f"{option('threads', threads)}: write auto or a whole number above 0.")
    return Wishes(
        precision=cast("Precision | Auto", precision),
        layout=cast("Layout | Auto", layout),
        compile={"auto": "auto", "on": True, "off": False}[compile],  # pyright: ignore[reportArgumentType]
        threads="auto" if threads == "auto" else int(threads),
    )


def candidates(
    wishes: Wishes, *, space: Space, device: torch.device, compilable: bool, bfloat16: bool
) -> list[Execution]:
    """The ways worth trying for samples of `space`, plainest first."""
    allowed = space.precisions if bfloat16 else ("fp32",)
    precisions = cast("Iterable[Precision]", allowed)
    layouts = cast("Iterable[Layout]", space.layouts)
    most = torch.get_num_threads()
    threads: Iterable[int] = sorted({1, most}) if device.type == "cpu" else (0,)
    compiles: Iterable[bool] = (False, True) if compilable else (False,)
    if wishes.precision != "auto":
        precisions = (wishes.precision,)
    if wishes.layout != "auto":
        layouts = (wishes.layout,)
    if wishes.compile != "auto":
        compiles = (wishes.compile,)
    if wishes.threads != "auto":
        threads = (wishes.threads,)
    return [
        Execution(precision=p, layout=la, compile=c, threads=t)
        for c, p, la, t in product(compiles, precisions, layouts, threads)
    ]


def choose_execution(
    ways: list[Execution],
    make_trainer: Callable[[Execution], Trainer],
    *,
    runtime: Runtime,
    num_steps: float,
    budget_seconds: float | None = None,
) -> tuple[Execution, list[Trial]]:
    """The fastest of `ways`, and what was measured; a single way is not measured.

    Candidates take turns in short rounds, so that a busy moment of the machine hits all of them.
    Compiled ones are only tried when the budget is at least half an hour, since compiling alone
    takes a minute.

    Args:
        ways: what to try, plainest first.
        make_trainer: builds a fresh trainer.
        runtime: all processes measure together and follow rank 0's figures.
        num_steps: length of the training in steps.
        budget_seconds: length of the training if it is given in time; replaces `num_steps`.
    """
    if len(ways) == 1:
        return ways[0], []
    plain = [way for way in ways if not way.compile]
    if not plain:
        trials = measure(ways, make_trainer, runtime)
        return _best(trials).execution, trials
    trials = measure(plain, make_trainer, runtime)
    best = _best(trials)
    steps = num_steps if budget_seconds is None else budget_seconds / best.step_seconds
    compiled = best.execution.with_values({"compile": True})
    if compiled in ways and steps * best.step_seconds >= _COMPILE_FROM_SECONDS:
        try:
            trials += measure([compiled], make_trainer, runtime)
        except Exception as error:  # whatever a compiler may fail with, the plain way works
            reason = str(error).strip().partition("\n")[0]
            warnings.warn(
                f"a compiled step failed here ({type(error).__name__}: {reason}), so this training "
                f"is not compiled. {option('compile', 'off')} leaves out the attempt.",
                stacklevel=2,
            )
            return best.execution, trials
        if trials[-1].warmup_seconds + steps * trials[-1].step_seconds < steps * best.step_seconds:
            best = trials[-1]
    return best.execution, trials


def measure(
    ways: list[Execution], make_trainer: Callable[[Execution], Trainer], runtime: Runtime
) -> list[Trial]:
    """What a step of each way takes, in seconds; they take turns in short rounds."""
    trainers, warmups, once = [], [], []
    try:
        for way in ways:
            trainer = make_trainer(way)
            trainers.append(trainer)
            with way.applied():
                warmups.append(runtime.agree(_seconds(trainer, 2, runtime)))
                once.append(runtime.agree(_seconds(trainer, 1, runtime)))
        times = [[seconds] for seconds in once]
        close = [i for i, seconds in enumerate(once) if seconds < _HOPELESS * min(once)]
        for _ in range(_ROUNDS if min(once) < _SLOW_STEP_SECONDS else 1):
            for i in close:
                steps = max(1, min(200, int(_ROUND_SECONDS / once[i])))
                with ways[i].applied():
                    times[i].append(_seconds(trainers[i], steps, runtime) / steps)
    finally:
        for trainer in trainers:
            trainer.loader.close()
    return [
        Trial(way, runtime.agree(min(seconds)), runtime.agree(sum(seconds) / len(seconds)), warmup)
        for way, seconds, warmup in zip(ways, times, warmups, strict=True)
    ]


def can_compile(device: torch.device) -> bool:
    """Whether `torch.compile` has what it needs here: a C++ compiler, or a GPU with Triton."""
    from shutil import which

    if device.type == "cpu":
        return which(os.environ.get("CXX", "g++")) is not None or which("clang++") is not None
    return device.type == "cuda"


def _best(trials: list[Trial]) -> Trial:
    best = trials[0]
    for trial in trials[1:]:
        if trial.step_seconds < best.step_seconds * _TIE:
            best = trial
    return best


def _seconds(trainer: Trainer, steps: int, runtime: Runtime) -> float:
    _synchronise(runtime.device)
    start = time.perf_counter()
    for _ in range(steps):
        trainer.play()
    _synchronise(runtime.device)
    return time.perf_counter() - start


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
