"""Decisions about items: accept, reject, edit, approve, rate, tag, comment, and undo."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F

from zerosum.errors import StudioError
from zerosum.studio import pipeline
from zerosum.studio.acts.log import Actor, record, recorded
from zerosum.studio.brand import obstacle_of, rules_of
from zerosum.studio.models import Act, Comment, Item, Project, Tag, User
from zerosum.studio.models.items import (
    ACCEPTED,
    APPROVED,
    EDIT,
    NEW,
    OPEN_STATES,
    REJECTED,
)
from zerosum.studio.roles import OWNERS

DECISIONS = (ACCEPTED, REJECTED, EDIT, NEW)
"""States that a reviewer may give; approval is another person's."""
MOST_AT_ONCE = 2_000
_UNDONE = "item.undone"

Seen = Sequence[tuple[int, int | None]]
"""Ids of items with the versions that somebody saw; None for whatever version there is."""


class ConflictError(StudioError):
    """Somebody else changed it in the meantime."""


def decide(actor: Actor, project: Project, items: Seen, state: str) -> list[Item]:
    """Accept, reject, set aside for editing, or put back; all of the items, or none.

    Raises:
        StudioError: no such state, too many items, or one that is not the project's.
        ConflictError: one was changed since it was seen, or is approved.
    """
    if state not in DECISIONS:
        raise StudioError(f"{state!r} is no decision. Allowed: {', '.join(DECISIONS)}.")
    with transaction.atomic():
        found = _locked(project, items)
        for item in found:
            if item.state == APPROVED:
                raise ConflictError(
                    f"item {item.pk} is approved by {_name(item.approved_by_id)}. Take the "
                    "approval back first."
                )
        changes = [(item, _decision(item)) for item in found if item.state != state]
        keys = [item.pk for item, _ in changes]
        by = None if state == NEW else actor.user
        _set(keys, state=state, decided_by=by)
        _log(actor, f"item.{state}", project, changes)
        _wake(changes)
    return _again(project, items)


def approve(actor: Actor, project: Project, items: Seen, *, despite: str = "") -> list[Item]:
    """Approve what somebody else has accepted; all of the items, or none.

    Args:
        actor: who approves.
        project: of the items.
        items: that are approved.
        despite: why an owner approves what the brand rules forbid; it is kept in the log.

    Raises:
        StudioError: an item is not accepted, was accepted or worded last by the same person, or
            breaks a rule that forbids it.
        ConflictError: one was changed since it was seen.
    """
    reason = _reason(actor, despite)
    with transaction.atomic():
        found = _locked(project, items)
        for item in found:
            if item.state != ACCEPTED:
                raise StudioError(
                    f"item {item.pk} is {item.state}. Only what was accepted can be approved."
                )
            if item.decided_by_id == actor.user.pk:
                raise StudioError(
                    f"you accepted item {item.pk} yourself, or worded it last. Another person has "
                    "to approve it."
                )
        waived = _waived(project, found, reason)
        changes = [(item, _decision(item)) for item in found]
        _set([item.pk for item in found], state=APPROVED, approved_by=actor.user)
        _log(actor, f"item.{APPROVED}", project, changes, more=waived)
        _wake(changes)
    return _again(project, items)


def _reason(actor: Actor, despite: str) -> str:
    reason = " ".join(despite.split())
    if reason and actor.role not in OWNERS:
        raise StudioError("only an owner approves what the brand rules forbid.")
    if len(reason) > 500:
        raise StudioError(f"a reason has 500 characters at most; this one has {len(reason):,}.")
    return reason


def _waived(project: Project, items: list[Item], reason: str) -> dict[int, dict[str, str]]:
    """What the log says of each item that is approved against the rules."""
    rules = rules_of(project)
    found = Item.objects.select_related("batch", "copy").in_bulk([item.pk for item in items])
    waived: dict[int, dict[str, str]] = {}
    for item in found.values():
        obstacle = obstacle_of(item, rules)
        if obstacle and not reason:
            raise StudioError(
                f"{obstacle} Mend the copy first; or an owner approves it all the same and says "
                "why."
            )
        if obstacle:
            waived[item.pk] = {"despite": reason, "obstacle": obstacle}
    return waived


def withdraw(actor: Actor, project: Project, items: Seen) -> list[Item]:
    """Take approvals back; the items are accepted again.

    Raises:
        StudioError: an item is not approved.
        ConflictError: one was changed since it was seen.
    """
    with transaction.atomic():
        found = _locked(project, items)
        for item in found:
            if item.state != APPROVED:
                raise StudioError(f"item {item.pk} is {item.state}, so there is no approval of it.")
        changes = [(item, _decision(item)) for item in found]
        _set([item.pk for item in found], state=ACCEPTED, approved_by=None)
        _log(actor, "item.withdrawn", project, changes)
    return _again(project, items)


def rate(actor: Actor, project: Project, items: Seen, rating: int) -> list[Item]:
    """Give stars from 1 to 5, or take them away with 0.

    Raises:
        StudioError: it is no such number.
        ConflictError: an item was changed since it was seen.
    """
    if rating not in range(6):
        raise StudioError(f"a rating of {rating} is not allowed: 1 to 5, or 0 for none.")
    with transaction.atomic():
        found = _locked(project, items)
        changes = [(item, {"rating": item.rating}) for item in found if item.rating != rating]
        _set([item.pk for item, _ in changes], rating=rating)
        _log(actor, "item.rated", project, changes)
    return _again(project, items)


def tag(actor: Actor, project: Project, items: Seen, name: str, *, present: bool) -> list[Item]:
    """Put a tag on items, or take it off.

    Raises:
        StudioError: it has no name, or too long a one.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= 40:
        raise StudioError(f"a tag has 1 to 40 characters; this one has {len(name)}.")
    with transaction.atomic():
        found = _locked(project, items)
        one, _ = Tag.objects.get_or_create(project=project, name=name)
        through = Item.tags.through
        known = through.objects.filter(tag=one, item__in=found)
        if present:
            links = [through(item_id=item.pk, tag_id=one.pk) for item in found]
            through.objects.bulk_create(links, ignore_conflicts=True)
        else:
            known.delete()
        verb = "item.tagged" if present else "item.untagged"
        recorded(
            actor, verb, project.pk, [(f"item:{item.pk}", {}, {"tag": name}) for item in found]
        )
    return _again(project, items)


def comment(actor: Actor, item: Item, text: str) -> Comment:
    """Say something of an item.

    Raises:
        StudioError: it is empty, or longer than 2,000 characters.
    """
    text = text.strip()
    if not 1 <= len(text) <= 2_000:
        raise StudioError(f"a comment has 1 to 2,000 characters; this one has {len(text):,}.")
    with transaction.atomic():
        made = Comment.objects.create(item=item, by=actor.user, text=text)
        record(actor, "item.commented", f"item:{item.pk}", project=item.project_id)
    return made


def undo(actor: Actor, project: Project) -> list[Item]:
    """Take back one's own last decision or rating, where nobody has changed it since.

    Several items that were changed by one act come back together.

    Raises:
        StudioError: there is nothing to take back.
        ConflictError: somebody has changed it since.
    """
    with transaction.atomic():
        acts = _last_acts(actor, project)
        keys = [int(act.on.partition(":")[2]) for act in acts]
        items = Item.objects.select_for_update().in_bulk(keys)
        _require_last(acts)
        changes = [
            (items[key], _decision(items[key]) | {"rating": items[key].rating}) for key in keys
        ]
        for act in acts:
            item = items[int(act.on.partition(":")[2])]
            before = {k: v for k, v in act.before.items() if k != "version"}
            Item.objects.filter(pk=item.pk).update(**before, version=F("version") + 1)
        _log(actor, _UNDONE, project, changes, of=[act.pk for act in acts])
    return list(Item.objects.filter(pk__in=keys).order_by("pk"))


def _require_last(acts: list[Act]) -> None:
    """Refuse to undo what somebody has built on since; what was undone itself does not count."""
    places = [act.on for act in acts]
    since = Act.objects.filter(on__in=places, pk__gt=acts[-1].pk).select_related("user")
    later = [act for act in since if act.before and act.pk not in {one.pk for one in acts}]
    undone = {key for act in later for key in act.after.get("of") or []}
    for act in later:
        if act.what != _UNDONE and act.pk not in undone:
            who = "somebody" if act.user is None else act.user.username
            raise ConflictError(
                f"item {act.on.partition(':')[2]} was changed since by {who}, so it is left as "
                "it is."
            )


def _last_acts(actor: Actor, project: Project) -> list[Act]:
    mine = Act.objects.filter(project=project, user=actor.user, what__startswith="item.")
    undone: set[int] = set()
    group: list[Act] = []
    for act in mine.order_by("-id")[: 3 * MOST_AT_ONCE].iterator():
        if group:
            if act.after.get("group") != group[0].after.get("group"):
                break
            group.append(act)
        elif act.what == _UNDONE:
            undone.update(act.after.get("of") or [])
        elif act.pk not in undone and act.before:
            group.append(act)
    if not group:
        raise StudioError("there is no decision of yours here to take back.")
    return group


def _locked(project: Project, items: Seen) -> list[Item]:
    if not 1 <= len(items) <= MOST_AT_ONCE:
        raise StudioError(f"{len(items)} items are not allowed: 1 to {MOST_AT_ONCE:,} at once.")
    found = Item.objects.select_for_update().filter(project=project).in_bulk([k for k, _ in items])
    for key, version in items:
        item = found.get(key)
        if item is None:
            raise StudioError(f"there is no item {key} in {project.name}.")
        if version is not None and item.version != version:
            raise ConflictError(
                f"{who_changed(item)} has changed item {key} while you looked at it: it is "
                f"{item.state} now. Look at it again."
            )
    return [found[key] for key in dict.fromkeys(key for key, _ in items)]


def _decision(item: Item) -> dict[str, Any]:
    return {
        "state": item.state, "decided_by_id": item.decided_by_id,
        "approved_by_id": item.approved_by_id,
    }  # fmt: skip


def _set(keys: list[int], **values: Any) -> None:
    Item.objects.filter(pk__in=keys).update(**values, version=F("version") + 1)


def _log(
    actor: Actor, what: str, project: Project, changes: list[tuple[Item, dict[str, Any]]],
    *, of: list[int] | None = None, more: Mapping[int, Mapping[str, str]] | None = None,
) -> None:  # fmt: skip
    """Write a change of items; `group` marks what one act did together, `more` is of each item."""
    if not changes:
        return
    group = f"{changes[0][0].pk}.{changes[0][0].version}"
    after = {"group": group} | ({"of": of} if of else {})
    rows = [
        (
            f"item:{item.pk}",
            before,
            after | {"version": item.version + 1} | dict((more or {}).get(item.pk, {})),
        )
        for item, before in changes
    ]
    recorded(actor, what, project.pk, rows)


def _wake(changes: list[tuple[Item, dict[str, Any]]]) -> None:
    """Wake what waits for batches of which every item is decided, once that is recorded.

    It is looked after the commit: of two who decide the last two items at once, the later sees it.
    """
    batches = {item.batch_id for item, _ in changes}

    def look() -> None:
        still = Item.objects.filter(state__in=OPEN_STATES)
        pipeline.decided({one for one in batches if not still.filter(batch_id=one).exists()})

    transaction.on_commit(look)


def _again(project: Project, items: Seen) -> list[Item]:
    found = Item.objects.filter(project=project).in_bulk([key for key, _ in items])
    return [found[key] for key, _ in items]


def who_changed(item: Item) -> str:
    """Who made the version of an item that it has now, by the log."""
    acts = Act.objects.filter(on=f"item:{item.pk}", after__version=item.version)
    last = acts.select_related("user").order_by("-id").first()
    return "the server" if last is None or last.user is None else last.user.username


def _name(key: int | None) -> str:
    user = User.objects.filter(pk=key).first()
    return "somebody" if user is None else user.username
