"""What to do after a training, in words that run as they stand."""

from pathlib import Path

from zerosum.catalogue import modality_of
from zerosum.engine.trainer import Trainer
from zerosum.faces import either, verb
from zerosum.runs.files import unused
from zerosum.runs.store import Run

_LONG = 2.0
"""Seconds besides the steps that are worth a word."""


def farewell(run: Run, trainer: Trainer, reason: str) -> str:
    """How a training ended, and what to do next."""
    space = trainer.dataset.space
    text = f"{reason} at {trainer.samples_seen:,} {space.unit} after {duration(trainer.seconds)}."
    if run.manifest.get("health") == "collapsed":
        text = f"{text[:-1]}, collapsed: samples are far less varied than the data."
    aside = {
        "setting up": run.manifest.get("setup_seconds", 0.0),
        "looks, images and checkpoints": run.seconds_open - trainer.seconds,
    }
    long = [f"{duration(spent)} of {name}" for name, spent in aside.items() if spent >= _LONG]
    if long and reason == "finished":
        text = f"{text[:-1]}, and {' and '.join(long)}."
    if reason != "finished":
        text += f" Continue: {verb('resume', run.folder, **_code_of(run))}"
    out = unused(modality_of(space).writer.default)
    sample = verb("sample", run.folder, n=64, out=out, **_code_of(run))
    return f"{text} Sample: {either(python='model.sample(64)', shell=sample)}"


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(75)
    '1 min 15 s'
    """
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def _code_of(run: Run) -> dict[str, Path]:
    """The user's own file that a run needs, as an option; the run keeps a copy."""
    kept = sorted((run.folder / "code").glob("*.py"))
    return {"code": kept[0]} if kept else {}
