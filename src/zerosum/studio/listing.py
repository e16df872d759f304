"""Items filtered, sorted, and read a page at a time by cursors, which stay quick far down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from zerosum.errors import StudioError, did_you_mean
from zerosum.studio.models import Item, Project
from zerosum.studio.models.items import ITEM_STATES
from zerosum.studio.values import require_number

SORTS = {
    "newest": ("id", True),
    "oldest": ("id", False),
    "rating": ("rating", True),
    "copies": ("nearness", False),
    "convincing": ("opinion", True),
    "doubtful": ("opinion", False),
}
SORT_NAMES = {
    "newest": "Newest first", "oldest": "Oldest first", "rating": "Best rated first",
    "copies": "Nearest to the training data first",
    "convincing": "Most convincing to the discriminator first",
    "doubtful": "Least convincing to the discriminator first",
}  # fmt: skip
_STATES = [state for state, _ in ITEM_STATES]


@dataclass(frozen=True)
class Wanted:
    """Which items, and in what order.

    Attributes:
        state: of the items; empty for every one.
        batch: its number, or None.
        label: exactly.
        tag: its name.
        least: the lowest rating.
        copies: whether near copies alone.
        convincing: the lowest opinion of the discriminator, 0 to 1, or None.
        sort: one of `SORTS`.
    """

    state: str = ""
    batch: int | None = None
    label: str = ""
    tag: str = ""
    least: int = 0
    copies: bool = False
    convincing: float | None = None
    sort: str = "newest"
    query: dict[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> "Wanted":
        """From the words after `?`.

        Raises:
            StudioError: a value is not allowed.
        """
        given = {name: str(query.get(name) or "") for name in _NAMES if query.get(name)}
        sort = given.get("sort", "newest")
        if sort not in SORTS:
            raise StudioError(f"cannot sort by {sort!r}.{did_you_mean(sort, SORTS)}")
        state = given.get("state", "")
        if state and state not in _STATES:
            raise StudioError(f"no state {state!r}.{did_you_mean(state, _STATES)}")
        return cls(
            state=state, batch=_number(given, "batch"), label=given.get("label", ""),
            tag=given.get("tag", ""), least=_number(given, "least") or 0,
            copies=given.get("copies", "") in ("1", "on", "true", "True"), sort=sort, query=given,
            convincing=_share(given, "convincing"),
        )  # fmt: skip

    def items(self, project: Project) -> QuerySet[Any]:
        """The items, in order."""
        found = Item.objects.filter(project=project)
        if self.state:
            found = found.filter(state=self.state)
        if self.batch is not None:
            found = found.filter(batch_id=self.batch)
        if self.label:
            found = found.filter(label=self.label)
        if self.tag:
            found = found.filter(tags__name=self.tag)
        if self.least:
            found = found.filter(rating__gte=self.least)
        if self.copies:
            found = found.filter(is_copy=True)
        if self.convincing is not None:
            found = found.filter(opinion__gte=self.convincing)
        name, descending = SORTS[self.sort]
        if name in ("nearness", "opinion"):
            found = found.filter(**{f"{name}__isnull": False})
        order = [f"-{name}" if descending else name] + ([] if name == "id" else ["-id"])
        return found.order_by(*order)

    def page(self, project: Project, cursor: str, size: int) -> tuple[list[Item], str]:
        """So many items after the cursor, and the cursor of the next page, or an empty one.

        Raises:
            StudioError: the cursor is none that a page gave.
        """
        found = self.items(project)
        if cursor:
            found = found.filter(self._after(cursor))
        found = found.select_related("decided_by", "approved_by", "copy").prefetch_related("tags")
        rows = list(found[: size + 1])
        if len(rows) <= size:
            return rows, ""
        return rows[:size], self._cursor(rows[size - 1])

    def _cursor(self, item: Item) -> str:
        name, _ = SORTS[self.sort]
        return f"{item.pk}" if name == "id" else f"{getattr(item, name)!r}~{item.pk}"

    def _after(self, cursor: str) -> Q:
        name, descending = SORTS[self.sort]
        value, _, key = cursor.rpartition("~")
        try:
            number = require_number(int(key))
            if name == "id":
                return Q(pk__lt=number) if descending else Q(pk__gt=number)
            edge = float(value)
        except ValueError:
            raise StudioError(
                f"cursor {cursor[:80]!r} is none that a page of this order gave. Begin without one."
            ) from None
        further = Q(**{f"{name}__{'lt' if descending else 'gt'}": edge})
        return further | (Q(**{name: edge}) & Q(pk__lt=number))


_NAMES = ("state", "batch", "label", "tag", "least", "copies", "convincing", "sort")


def _share(given: Mapping[str, str], name: str) -> float | None:
    if not given.get(name):
        return None
    try:
        value = float(given[name])
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise StudioError(f"{name}={given[name]!r} is no share. Give a number from 0 to 1.")
    return value


def _number(given: Mapping[str, str], name: str) -> int | None:
    if not given.get(name):
        return None
    try:
        return require_number(int(given[name]))
    except ValueError:
        raise StudioError(f"{name}={given[name]!r} is not a whole number.") from None
