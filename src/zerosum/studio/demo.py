"""A project that trains on digits already, with items that arrive while one looks."""

from collections.abc import Callable
from typing import Any

from dbos import DBOS, SetWorkflowID
from django.conf import settings

from zerosum.studio import pipeline
from zerosum.studio.models import DataSource, ItemBatch, Project, Training
from zerosum.studio.outages import patiently

NAME = "Demo: digits"
_MINUTES = 3.0
_BATCHES = 6
_ITEMS = 16
_PAUSE = 20.0
_WISHES: dict[str, Any] = {
    "precision": "fp32", "layout": "contiguous", "compile": False, "threads": 1,
}  # fmt: skip
"""Not tried out first, so that the first image comes soon."""


def make_demo(say: Callable[[str], None]) -> None:
    """Add the project, unless it is there."""
    if Project.objects.filter(name=NAME).exists():
        say(f"The project {NAME!r} is there already.")
        return
    project = Project.objects.create(name=NAME)
    data = DataSource.objects.create(
        project=project, name="digits", origin="built-in", place="digits"
    )  # fmt: skip
    training = Training.objects.create(
        project=project, data=data, recipe="cgan", minutes=_MINUTES, checkpoint_seconds=5.0,
        facts={"wishes": _WISHES},
    )  # fmt: skip
    pipeline.start(training)
    with SetWorkflowID(f"demo-{project.pk}"):
        DBOS.start_workflow(arrivals, training.pk, data.pk)
    say(f"The project {NAME!r} trains for {_MINUTES:g} minutes, and items arrive in its queue.")


@DBOS.workflow()
@pipeline.noted
def arrivals(training: int, data: int) -> str:
    """Check the data, then order a few items again and again while the training gets better."""
    for turn in range(_BATCHES):
        DBOS.sleep(_PAUSE)
        if turn == 0:
            pipeline.start_now(DataSource.kind, data, f"{DataSource.kind}-{data}-1")
        batch = order(training, turn)
        if batch is not None:
            pipeline.start_now(ItemBatch.kind, batch, f"{ItemBatch.kind}-{batch}-1")
    return "over"


@DBOS.step()
def order(training: int, turn: int) -> int | None:
    """One batch, once: it is known by its seed. None where there is no model yet."""
    return patiently(lambda: _order(training, turn))


def _order(training: int, turn: int) -> int | None:
    one = Training.objects.get(pk=training)
    if not (settings.STUDIO.runs / one.run / "manifest.json").is_file():
        return None
    made, _ = ItemBatch.objects.get_or_create(
        project_id=one.project.pk, training=one, seed=turn, defaults={"n": _ITEMS}
    )
    return made.pk
