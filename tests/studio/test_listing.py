"""Filters, sorting and pages of items."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from zerosum.errors import StudioError
from zerosum.studio.listing import SORTS, Wanted
from zerosum.studio.models import Item, Project

Make = Callable[..., list[Item]]


def walk(wanted: Wanted, project: Project, size: int) -> list[int]:
    found, cursor = [], ""
    while True:
        page, cursor = wanted.page(project, cursor, size)
        found += [item.pk for item in page]
        if not cursor:
            return found


@pytest.mark.parametrize("sort", SORTS)
def test_pages_give_every_item_once_and_in_order(
    sort: str, project: Project, make_items: Make
) -> None:
    items = make_items(23)
    for i, item in enumerate(items):
        item.rating, item.nearness, item.opinion = i % 4, (i % 5) / 3, (i % 7) / 7
        item.save()
    wanted = Wanted(sort=sort)
    found = walk(wanted, project, 5)
    assert found == [item.pk for item in wanted.items(project)]
    assert sorted(found) == [item.pk for item in items]


def test_filters_narrow_down(project: Project, make_items: Make) -> None:
    items = make_items(4)
    Item.objects.filter(pk=items[1].pk).update(
        state="accepted", rating=4, is_copy=True, opinion=0.8
    )
    for query in (
        {"state": "accepted"}, {"least": "4"}, {"copies": "on"}, {"convincing": "0.5"},
        {"label": "1", "state": "accepted"}, {"batch": str(items[0].batch.pk), "least": "3"},
    ):  # fmt: skip
        assert walk(Wanted.read(query), project, 10) == [items[1].pk]


@pytest.mark.parametrize(
    ("query", "message"),
    [({"sort": "ratng"}, "cannot sort by 'ratng'. Did you mean 'rating'"),
     ({"state": "acceptet"}, "Did you mean 'accepted'"), ({"batch": "x"}, "not a whole number"),
     ({"convincing": "2"}, "Give a number from 0 to 1")],
)  # fmt: skip
def test_odd_wishes_are_refused(query: dict[str, str], message: str) -> None:
    with pytest.raises(StudioError, match=message):
        Wanted.read(query)


def test_a_foreign_cursor_is_refused(project: Project) -> None:
    with pytest.raises(StudioError, match="is none that a page of this order gave"):
        Wanted().page(project, "x~y", 3)


def test_a_page_of_the_queue_asks_the_database_as_often_for_many_items_as_for_few(
    project: Project, make_items: Make, browser: Callable[..., Client]
) -> None:
    client = browser("expert")
    counts, page = [], ""
    for _ in range(2):
        make_items(20)
        client.get(f"/projects/{project.pk}/queue/")
        with CaptureQueriesContext(connection) as queries:
            page = client.get(f"/projects/{project.pk}/queue/").content.decode()
        counts.append(len(queries))
    assert page.count('class="tile ') == 40
    assert counts[0] == counts[1] < 15


def test_pages_far_down_read_no_more_than_they_show(project: Project, make_items: Make) -> None:
    make_items(30)
    if connection.vendor == "postgresql":  # whose planner would read so few rows at once
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    for sort, (name, _) in SORTS.items():
        wanted = Wanted(state="new", sort=sort)
        plan = wanted.items(project)[:5].explain()
        assert "USING INDEX" in plan or "Index" in plan, (name, plan)
        assert "TEMP B-TREE" not in plan or name == "id", plan
