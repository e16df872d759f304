"""How many items of a project are in each state, kept for as long as it is worth."""

import time
from threading import Lock

from django.db.models import Count

from zerosum.studio.models import Item
from zerosum.studio.models.items import ITEM_STATES

_MANY = 5_000
"""Items up to which nothing is kept, since counting them costs next to nothing."""
_WORTH = 100.0
"""Times as long as a count took, it is kept: 100,000 items for a second or two."""
_LOCK = Lock()
_KEPT: dict[int, tuple[float, dict[str, int]]] = {}


def item_counts(project: int) -> list[tuple[str, str, int]]:
    """Each state with its name and its number of items.

    Pages ask for this every few seconds, and counting reads every item.
    """
    with _LOCK:
        until, counts = _KEPT.get(project, (0.0, {}))
    if time.monotonic() >= until:
        start = time.monotonic()
        rows = Item.objects.filter(project_id=project).values_list("state")
        counts = dict(rows.annotate(n=Count("pk")).order_by())
        now = time.monotonic()
        if sum(counts.values()) > _MANY:
            with _LOCK:
                _KEPT[project] = now + _WORTH * (now - start), counts
    return [(state, name, counts.get(state, 0)) for state, name in ITEM_STATES]
