"""The order of work, kept by a durable engine: a killed server goes on where it was.

A workflow is known by the job's key and attempt, so that starting it twice starts it once. Each
step may be done again after a crash: a process resumes what it made, an item is registered once,
and states are set and not counted.
"""

import json
import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from dbos import DBOS, SetWorkflowID
from dbos._serialization import Serializer
from django.db import transaction
from django.utils import timezone

from zerosum.errors import ZerosumError
from zerosum.studio import copying, delivering, runner
from zerosum.studio.models import (
    Act,
    BundleOrder,
    CopyOrder,
    DataSource,
    ItemBatch,
    Training,
    Webhook,
    WebhookDelivery,
)
from zerosum.studio.models.items import APPROVED, OPEN_STATES
from zerosum.studio.models.work import CANCELLED, DONE, FAILED, RUNNING, WAITING
from zerosum.studio.options import StudioOptions, workflow_database
from zerosum.studio.outages import STOPPING, in_words, is_outage, patiently
from zerosum.studio.room import NO_ROOM_FOR_JOB, is_full

CHECKS, TRAININGS, SAMPLINGS = "checks", "trainings", "samplings"
WRITINGS, BUNDLES, DELIVERIES = "writings", "bundles", "deliveries"
QUEUES: Mapping[str, int] = {
    CHECKS: 2, TRAININGS: 1, SAMPLINGS: 1, WRITINGS: 2, BUNDLES: 1, DELIVERIES: 4,
}  # fmt: skip
"""Jobs of each queue that one process does at a time, if nothing else is asked for."""
_FORM = "studio-2"
"""Of the workflows below. An engine goes on with those of its own form alone, so it is changed only
where steps are added, removed or put in another order. It is part of their ids: after an upgrade,
what is not over is started anew in the new form, and finds what the old one has done."""
_DECIDED = "decided"
_LOOK_AGAIN = 24 * 3600.0
_JOBS = (DataSource, Training, ItemBatch, CopyOrder, BundleOrder, WebhookDelivery)
KINDS: dict[str, type[Any]] = {one.kind: one for one in _JOBS}
"""Of jobs."""
_QUEUE_OF = dict(zip(KINDS, QUEUES, strict=True))
_DO: dict[str, Any] = {CopyOrder.kind: copying.do, WebhookDelivery.kind: delivering.do}
"""Jobs that wait for other servers, and need no process of their own."""
UNDER_WAY: set[str] = set()
"""Ids of the workflows that threads of this process do."""


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


def noted(workflow: Callable[..., str]) -> Callable[..., str]:
    """Let a workflow be known as long as a thread of this process does it."""

    @wraps(workflow)
    def run(*words: Any) -> str:
        name = DBOS.workflow_id or ""
        UNDER_WAY.add(name)
        try:
            return workflow(*words)
        finally:
            UNDER_WAY.discard(name)

    return run


def launch(options: StudioOptions, *, executor: str, queues: Mapping[str, int] | None) -> None:
    """Start the engine in this process; it takes jobs, and goes on with those that were cut off.

    Args:
        options: of the studio.
        executor: the name of this process, the same after a restart and unlike any other's.
        queues: how many jobs of each queue every process does at a time; None as it is.
    """
    STOPPING.clear()
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


def start(job: runner.AnyJob) -> None:
    """Let a job be done, once the transaction that made it is complete.

    The job is recorded then. If the engine cannot be told, it is started a little later.
    """
    kind, key, workflow_id = job.kind, job.pk, job.workflow_id
    _once_recorded(lambda: start_now(kind, key, workflow_id))


def _once_recorded(tell: Callable[[], object]) -> None:
    def try_to() -> None:
        try:
            tell()
        except Exception as error:  # see upkeep
            if in_words(error) is None:
                raise
            logging.getLogger("zerosum.studio").warning("the engine is told later: %s", error)

    transaction.on_commit(try_to)


def start_waiting() -> None:
    """Start whatever is not over, in case a crash came between recording a job and starting it.

    What is under way already stays as it is; what an older version had under way goes on.
    """
    for kind in KINDS.values():
        for job in kind.objects.filter(state__in=(WAITING, RUNNING)):
            start_now(job.kind, job.pk, job.workflow_id)
    for batch in ItemBatch.objects.filter(state=DONE, closed=None):
        start_now(batch.kind, batch.pk, batch.workflow_id)


def start_now(kind: str, key: int, workflow_id: str) -> None:
    """Let a job be done; starting one of the same id again changes nothing."""
    if DBOS.get_workflow_status(_id(workflow_id)) is not None:
        return
    with SetWorkflowID(_id(workflow_id)):
        if kind == ItemBatch.kind:
            DBOS.start_workflow(review, key, workflow_id)
        elif kind == BundleOrder.kind:
            DBOS.start_workflow(publish, key, workflow_id)
        else:
            DBOS.enqueue_workflow(_QUEUE_OF[kind], work, kind, key)


def _id(workflow_id: str) -> str:
    return f"{workflow_id}~{_FORM}"


def decided(batches: set[int]) -> None:
    """Wake the workflows of batches of which items were decided, once that is recorded."""
    for batch in ItemBatch.objects.filter(pk__in=batches, closed=None):
        _once_recorded(lambda one=batch.workflow_id: DBOS.send(_id(one), "", topic=_DECIDED))


@DBOS.workflow()
@noted
def work(kind: str, key: int) -> str:
    """Do one job in a process of its own."""
    return do_job(kind, key)


@DBOS.step()
def do_job(kind: str, key: int) -> str:
    """The whole of a job; done again, it goes on with what is there."""
    return patiently(lambda: _do_job(kind, key))


def _do_job(kind: str, key: int) -> str:
    job = KINDS[kind].objects.get(pk=key)
    if job.state in (DONE, CANCELLED):
        return job.state
    try:
        return _DO.get(kind, runner.do)(job)
    except ZerosumError as error:
        words = NO_ROOM_FOR_JOB if is_full(error) else runner.without_paths(str(error))
        return runner.end(job, FAILED, words)
    except Exception as error:
        if is_outage(error):
            raise
        if is_full(error):
            return runner.end(job, FAILED, NO_ROOM_FOR_JOB)
        logging.getLogger("zerosum.studio").exception("job %s %s", kind, key)
        said = runner.without_paths(f"{type(error).__name__}: {error}")
        return runner.end(job, FAILED, f"the server could not do it: {said}")


def _in_turn(kind: str, key: int, workflow_id: str) -> str:
    """Do a job where there is room for it, as part of a workflow, and return how it ended."""
    with SetWorkflowID(_id(workflow_id)):
        handle = DBOS.enqueue_workflow(_QUEUE_OF[kind], work, kind, key)
    return handle.get_result()


@DBOS.workflow()
@noted
def review(key: int, workflow_id: str) -> str:
    """A batch from its order to the last decision, and what was approved of it to its receivers.

    Making and screening are one job, writing copy and checking it against the rules another; each
    is done where there is room for it. Waiting for people takes no room. Copy that could not be
    written holds nobody up: people see that it is missing.
    """
    state = _in_turn(ItemBatch.kind, key, f"{workflow_id}-make")
    if state != DONE:
        return state
    order, order_id = order_copy(key)
    _in_turn(CopyOrder.kind, order, order_id)
    while is_open(key):
        DBOS.recv(_DECIDED, timeout_seconds=_LOOK_AGAIN)
    bundle = close(key)
    if bundle is not None:
        with SetWorkflowID(_id(bundle[1])):
            DBOS.start_workflow(publish, *bundle)
    return "closed"


@DBOS.workflow()
@noted
def publish(key: int, workflow_id: str) -> str:
    """A bundle from its order to its receivers: sign, pack, deliver."""
    state = _in_turn(BundleOrder.kind, key, f"{workflow_id}-pack")
    if state == DONE:
        for delivery, delivery_id in order_deliveries(key):
            with SetWorkflowID(_id(delivery_id)):
                DBOS.enqueue_workflow(DELIVERIES, work, WebhookDelivery.kind, delivery)
    return state


@DBOS.step()
def order_copy(key: int) -> tuple[int, str]:
    """The order of first copy for a batch, and the id of its workflow."""

    def order() -> tuple[int, str]:
        made = copying.order_for(ItemBatch.objects.select_related("project").get(pk=key))
        return made.pk, made.workflow_id

    return patiently(order)


@DBOS.step()
def is_open(key: int) -> bool:
    """Whether somebody has still to decide about an item of the batch."""
    found = ItemBatch.objects.filter(pk=key, items__state__in=OPEN_STATES)
    return patiently(found.exists)


@DBOS.step()
def close(key: int) -> tuple[int, str] | None:
    """Note that every item of the batch is decided, and order a bundle of what was approved.

    Returns:
        The bundle and the id of its workflow; None where nothing was approved.
    """
    return patiently(lambda: _close(key))


@transaction.atomic
def _close(key: int) -> tuple[int, str] | None:
    ItemBatch.objects.filter(pk=key, closed=None).update(closed=timezone.now())
    batch = ItemBatch.objects.select_related("project").get(pk=key)
    approved = batch.items.filter(state=APPROVED).order_by("pk")
    if not approved.exists():
        return None
    bundle, made = BundleOrder.objects.get_or_create(
        batch=batch,
        defaults={
            "project_id": batch.project_id, "by": batch.by,
            "title": f"{batch.project.name}, batch {batch.pk}",
        },
    )  # fmt: skip
    if made:
        bundle.items.set(approved)
        after = {"items": approved.count(), "batch": batch.pk}
        Act.objects.create(
            what="bundle.ordered", on=f"bundle:{bundle.pk}", project_id=batch.project_id,
            after=after,
        )  # fmt: skip
    return bundle.pk, bundle.workflow_id


@DBOS.step()
def order_deliveries(key: int) -> list[tuple[int, str]]:
    """A delivery to each address of the project, with the ids of their workflows."""

    def order() -> list[tuple[int, str]]:
        bundle = BundleOrder.objects.get(pk=key)
        made = [
            WebhookDelivery.objects.get_or_create(
                bundle=bundle, webhook=hook, defaults={"project_id": bundle.project_id}
            )[0]
            for hook in Webhook.objects.filter(project=bundle.project_id, active=True)
        ]
        return [(one.pk, one.workflow_id) for one in made]

    return patiently(order)
