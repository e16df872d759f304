"""The order of work, kept by a durable engine: a killed server goes on where it was.

A workflow is known by the job's key and attempt, so that starting it twice starts it once. Each
step may be done again after a crash: a process resumes what it made, an item is registered once,
and states are set and not counted.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from dbos import DBOS, SetWorkflowID
from dbos._serialization import Serializer
from django.db import close_old_connections, transaction
from django.utils import timezone

from zerosum.studio import runner
from zerosum.studio.models import DataSource, ItemBatch, Training
from zerosum.studio.models.items import OPEN_STATES
from zerosum.studio.models.work import CANCELLED, DONE, FAILED, WAITING
from zerosum.studio.options import StudioOptions, workflow_database

CHECKS, TRAININGS, SAMPLINGS = "checks", "trainings", "samplings"
QUEUES: Mapping[str, int] = {CHECKS: 2, TRAININGS: 1, SAMPLINGS: 1}
"""Jobs of each queue that one process does at a time, if nothing else is asked for."""
_FORM = "studio-1"
"""Of the workflows below. An engine goes on with those of its own form alone, so it is changed only
where steps are added, removed or put in another order."""
_DECIDED = "decided"
_LOOK_AGAIN = 24 * 3600.0
_KINDS: dict[str, type[Any]] = {one.kind: one for one in (DataSource, Training, ItemBatch)}
_QUEUE_OF = {DataSource.kind: CHECKS, Training.kind: TRAININGS, ItemBatch.kind: SAMPLINGS}


class JsonSerializer(Serializer):
    """Keeps arguments and results as JSON: what a database holds is data, never code."""

    def serialize(self, data: Any) -> str:
        """Values as JSON; an error as its sentence."""
        return json.dumps(data, default=lambda value: {"error": f"{value}"})

    def deserialize(self, serialized_data: str) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What was kept; a failure as an error again."""
        value = json.loads(serialized_data)
        if isinstance(value, dict) and set(value) == {"error"}:
            return RuntimeError(value["error"])
        return value

    def name(self) -> str:
        """What rows say they were written by."""
        return "zerosum_json"


def launch(options: StudioOptions, *, executor: str, queues: Mapping[str, int] | None) -> None:
    """Start the engine in this process; it takes jobs, and goes on with those that were cut off.

    Args:
        options: of the studio.
        executor: the name of this process, the same after a restart and unlike any other's.
        queues: how many jobs of each queue every process does at a time; None as it is.
    """
    config: Any = {
        "name": "zerosum-studio",
        "system_database_url": workflow_database(options),
        "application_version": _FORM,
        "executor_id": executor,
        "serializer": JsonSerializer(),
        "log_level": "WARNING",
        "run_admin_server": False,
        "notification_listener_polling_interval_sec": 0.5,
    }
    logging.getLogger("dbos").setLevel(logging.WARNING)
    DBOS(config=config)
    DBOS.listen_queues(list(QUEUES) if options.does_jobs else [])
    DBOS.launch()
    for name, limit in (queues or QUEUES).items():
        DBOS.register_queue(
            name, worker_concurrency=limit, polling_interval_sec=0.3,
            on_conflict="always_update" if queues else "never_update",
        )  # fmt: skip


def stop() -> None:
    """Stop the engine; what was under way goes on at the next start."""
    DBOS.destroy(workflow_completion_timeout_sec=0)


def start(job: runner.AnyJob) -> None:
    """Let a job be done, once the transaction that made it is complete."""
    kind, key, workflow_id = job.kind, job.pk, job.workflow_id
    transaction.on_commit(lambda: start_now(kind, key, workflow_id))


def start_waiting() -> None:
    """Start whatever waits, in case a crash came between recording a job and starting it."""
    for kind in _KINDS.values():
        for job in kind.objects.filter(state=WAITING):
            start_now(job.kind, job.pk, job.workflow_id)


def start_now(kind: str, key: int, workflow_id: str) -> None:
    """Let a job be done; starting one of the same id again changes nothing."""
    with SetWorkflowID(workflow_id):
        if kind == ItemBatch.kind:
            DBOS.start_workflow(review, key, workflow_id)
        else:
            DBOS.enqueue_workflow(_QUEUE_OF[kind], work, kind, key)


def decided(batches: set[int]) -> None:
    """Wake the workflows of batches of which items were decided, once that is recorded."""
    for batch in ItemBatch.objects.filter(pk__in=batches, closed=None):
        transaction.on_commit(lambda one=batch.workflow_id: DBOS.send(one, "", topic=_DECIDED))


@DBOS.workflow()
def work(kind: str, key: int) -> str:
    """Do one job in a process of its own."""
    return do_job(kind, key)


@DBOS.step()
def do_job(kind: str, key: int) -> str:
    """The whole of a job; done again, it goes on with what is there."""
    close_old_connections()
    try:
        job = _KINDS[kind].objects.get(pk=key)
        if job.state in (DONE, CANCELLED):
            return job.state
        return runner.do(job)
    except Exception as error:
        logging.getLogger("zerosum.studio").exception("job %s %s", kind, key)
        words = f"the server could not do it: {type(error).__name__}: {error}"
        _KINDS[kind].objects.filter(pk=key).update(state=FAILED, words=words, ended=timezone.now())
        return FAILED
    finally:
        close_old_connections()


@DBOS.workflow()
def review(key: int, workflow_id: str) -> str:
    """A batch from its order to the last decision: make, screen, wait for people, close.

    Making and screening are one job, done where there is room for it. Waiting takes no room. Steps
    that draft copy belong before the wait, and steps that sign and deliver after it.
    """
    with SetWorkflowID(f"{workflow_id}-make"):
        handle = DBOS.enqueue_workflow(SAMPLINGS, work, ItemBatch.kind, key)
    state = handle.get_result()
    if state != DONE:
        return state
    while is_open(key):
        DBOS.recv(_DECIDED, timeout_seconds=_LOOK_AGAIN)
    close(key)
    return "closed"


@DBOS.step()
def is_open(key: int) -> bool:
    """Whether somebody has still to decide about an item of the batch."""
    close_old_connections()
    try:
        return ItemBatch.objects.get(pk=key).items.filter(state__in=OPEN_STATES).exists()
    finally:
        close_old_connections()


@DBOS.step()
def close(key: int) -> None:
    """Note that every item of the batch is decided."""
    close_old_connections()
    ItemBatch.objects.filter(pk=key, closed=None).update(closed=timezone.now())
    close_old_connections()
