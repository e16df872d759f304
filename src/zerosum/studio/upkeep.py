"""What was lost between the studio and its engine is found again, without a restart.

A database that restarts, or a disk that is full, may come between an act and the start of its
workflow, or end a workflow where it cannot even record that. So each process looks now and then for
work that is not over and that nobody does. Starting a workflow that there is changes nothing.
"""

import logging
import re
import threading
from collections.abc import Callable

from dbos import DBOS
from django.db import close_old_connections
from django.db.models import F

from zerosum.studio import pipeline
from zerosum.studio.models import ItemBatch
from zerosum.studio.models.items import OPEN_STATES
from zerosum.studio.models.work import DONE
from zerosum.studio.outages import STOPPING, in_words

EVERY = 15.0
"""Seconds between two looks."""
_MOST_ATTEMPTS = 50
_ID = re.compile(r"(?P<kind>[a-z]+)-(?P<key>\d+)-(?P<attempt>\d+)~.+")
_LOG = logging.getLogger("zerosum.studio")


def keep_up(*, executor: str, serves: bool) -> None:
    """Look in a thread of its own, until the process ends.

    Args:
        executor: the name of this process.
        serves: whether it is the server, which starts what nobody has started.
    """
    lost: set[str] = set()

    def look() -> None:
        nonlocal lost
        lost = resume_lost(executor, lost)
        if serves:
            restart_failed()
            pipeline.start_waiting()
            wake_decided()

    def run() -> None:
        while not STOPPING.wait(EVERY):
            _try(look)

    threading.Thread(target=run, name="upkeep", daemon=True).start()


def _try(look: Callable[[], None]) -> None:
    close_old_connections()
    try:
        look()
    except Exception as error:  # the next look may find it mended
        if in_words(error) is None:
            _LOG.warning("upkeep: %s: %s", type(error).__name__, error)
    finally:
        close_old_connections()


def resume_lost(executor: str, before: set[str]) -> set[str]:
    """Resume workflows of this process that nobody in it does, and did not a look ago either.

    Returns:
        Those that nobody does now and that were not resumed.
    """
    found = DBOS.list_workflows(
        status="PENDING", executor_id=executor, load_input=False, load_output=False
    )
    lost = {one.workflow_id for one in found} - pipeline.UNDER_WAY
    for name in lost & before:
        _LOG.warning("workflow %s goes on, which had come to a stop", name)
        DBOS.resume_workflow(name)
    return lost - before


def restart_failed() -> None:
    """Start anew what the engine could not record: jobs themselves end without an error of it."""
    failed = DBOS.list_workflows(
        status="ERROR", load_input=False, load_output=False, limit=200, sort_desc=True
    )
    for one in failed:
        match = _ID.fullmatch(one.workflow_id)
        kind = pipeline.KINDS.get(match["kind"]) if match else None
        if match is None or kind is None:
            continue
        attempt = int(match["attempt"])
        same = kind.objects.filter(pk=match["key"], attempt=attempt)
        if attempt < _MOST_ATTEMPTS and same.update(attempt=F("attempt") + 1):
            job = kind.objects.get(pk=match["key"])
            _LOG.warning("workflow %s is started anew", one.workflow_id)
            pipeline.start_now(job.kind, job.pk, job.workflow_id)


def wake_decided() -> None:
    """Tell batches of which every item is decided so, in case nobody could."""
    still = ItemBatch.objects.filter(state=DONE, closed=None)
    over = still.exclude(items__state__in=OPEN_STATES).values_list("pk", flat=True)
    pipeline.decided(set(over))
