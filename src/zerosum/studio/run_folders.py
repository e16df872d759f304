"""Run folders of trainings, and what is said of one that is not there any more."""

from pathlib import Path

from django.conf import settings

from zerosum.studio.models import Training
from zerosum.studio.models.work import RUNNING, WAITING

_BEGUN = "total"
"""A fact that a training says once its run folder is there."""


def run_folder(training: Training) -> Path:
    """Where the run of a training lies."""
    return settings.STUDIO.runs / training.run


def has_run(training: Training) -> bool:
    """Whether its run is there, with a model to sample and weights to begin with."""
    return (run_folder(training) / "manifest.json").is_file()


def why_gone(training: Training) -> str:
    """Why nothing can be done with a run that was there once; empty where it is there.

    One that has not begun yet has none, which is no fault.
    """
    if has_run(training) or _BEGUN not in training.facts:
        return ""
    return (
        f"the run folder of {training.name} is not there any more: somebody has deleted, renamed "
        f"or moved it. Bring runs/{training.run} back into the studio's folder and all goes on; "
        "items that were made stay as they are."
    )


def why_no_model(training: Training) -> str:
    """Why a training has no model; empty where it has one."""
    if has_run(training):
        return ""
    if training.state in (WAITING, RUNNING):
        return why_gone(training) or (
            f"{training.name} has no model yet: it has not saved one. Wait until it has begun."
        )
    return why_gone(training) or (
        f"{training.name} has no model: {training.words or training.state}. Train anew."
    )
