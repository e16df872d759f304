"""Decisions about items: whose they are, what they may be, and how they are taken back."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from zerosum.errors import StudioError
from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.review import (
    ConflictError,
    approve,
    comment,
    decide,
    rate,
    tag,
    undo,
    withdraw,
)
from zerosum.studio.models import Act, Item, Project

Make = Callable[..., list[Item]]


def keys(items: list[Item]) -> list[tuple[int, int | None]]:
    return [(item.pk, item.version) for item in items]


def states(project: Project) -> list[str]:
    return list(Item.objects.filter(project=project).order_by("pk").values_list("state", flat=True))


def test_items_are_decided_together(ada: Actor, project: Project, make_items: Make) -> None:
    items = make_items(3)
    after = decide(ada, project, keys(items[:2]), "accepted")
    assert [one.decided_by for one in after] == [ada.user] * 2
    assert states(project) == ["accepted", "accepted", "new"]
    assert [one.version for one in after] == [2, 2]


def test_of_two_who_decide_the_later_is_told(
    ada: Actor, eve: Actor, project: Project, make_items: Make
) -> None:
    items = make_items(2)
    decide(ada, project, keys(items[:1]), "accepted")
    with pytest.raises(ConflictError, match=r"ada has changed item .* it is accepted now"):
        decide(eve, project, keys(items), "rejected")
    assert states(project) == ["accepted", "new"]


def test_another_person_approves(
    ada: Actor, eve: Actor, project: Project, make_items: Make
) -> None:
    items = decide(ada, project, keys(make_items(1)), "accepted")
    with pytest.raises(StudioError, match="Another person has to approve it"):
        approve(ada, project, keys(items))
    items = approve(eve, project, keys(items))
    assert items[0].approved_by == eve.user
    with pytest.raises(ConflictError, match="is approved by eve"):
        decide(ada, project, keys(items), "rejected")
    withdraw(ada, project, keys(items))
    assert states(project) == ["accepted"]


def test_only_what_was_accepted_is_approved(eve: Actor, project: Project, make_items: Make) -> None:
    with pytest.raises(StudioError, match=r"is new. Only what was accepted"):
        approve(eve, project, keys(make_items(1)))


def test_undo_takes_back_what_one_act_did(ada: Actor, project: Project, make_items: Make) -> None:
    items = make_items(3)
    decide(ada, project, keys(items), "accepted")
    rate(ada, project, [(items[0].pk, None)], 4)
    decide(ada, project, [(items[1].pk, None), (items[2].pk, None)], "rejected")
    undo(ada, project)
    assert states(project) == ["accepted"] * 3
    undo(ada, project)
    assert Item.objects.get(pk=items[0].pk).rating == 0
    undo(ada, project)
    assert states(project) == ["new"] * 3
    with pytest.raises(StudioError, match="no decision of yours here to take back"):
        undo(ada, project)


def test_undo_leaves_what_others_have_changed(
    ada: Actor, eve: Actor, project: Project, make_items: Make
) -> None:
    items = decide(ada, project, keys(make_items(1)), "accepted")
    decide(eve, project, keys(items), "edit")
    with pytest.raises(ConflictError, match="was changed since by eve"):
        undo(ada, project)
    assert states(project) == ["edit"]


def test_tags_and_comments(ada: Actor, project: Project, make_items: Make) -> None:
    items = make_items(2)
    tag(ada, project, keys(items), "  hero   shot ", present=True)
    assert [one.name for one in items[0].tags.all()] == ["hero shot"]
    tag(ada, project, [(items[0].pk, None)], "hero shot", present=False)
    assert not items[0].tags.exists()
    assert comment(ada, items[0], " good ").text == "good"
    with pytest.raises(StudioError, match="1 to 2,000 characters"):
        comment(ada, items[0], "  ")


@pytest.mark.parametrize(
    ("what", "message"),
    [("approved", "is no decision"), ("acceptet", "Allowed: accepted, rejected, edit, new")],
)
def test_other_decisions_are_refused(
    what: str, message: str, ada: Actor, project: Project, make_items: Make
) -> None:
    with pytest.raises(StudioError, match=message):
        decide(ada, project, keys(make_items(1)), what)


def test_items_of_other_projects_are_refused(
    ada: Actor, make_items: Make, project: Project
) -> None:
    items = make_items(1)
    other = Project.objects.create(name="Autumn")
    with pytest.raises(StudioError, match=r"there is no item .* in Autumn"):
        decide(ada, other, keys(items), "accepted")


def test_the_log_stays_as_it_is(ada: Actor, project: Project, make_items: Make) -> None:
    decide(ada, project, keys(make_items(1)), "accepted")
    act = Act.objects.get(what="item.accepted")
    assert (act.user, act.before["state"]) == (ada.user, "new")
    for attempt in (act.save, act.delete, lambda: Act.objects.all().delete()):
        with pytest.raises(StudioError, match="audit log is not"):
            attempt()
    for statement in ("UPDATE studio_act SET what='x'", "DELETE FROM studio_act"):
        with (
            pytest.raises(DatabaseError, match="the audit log is not changed"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert Act.objects.get(pk=act.pk).what == "item.accepted"
