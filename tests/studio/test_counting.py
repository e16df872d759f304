"""What many reviewers at once ask for most: counts, and waking what waits for them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from zerosum.studio import counting, pipeline
from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.review import decide, undo
from zerosum.studio.counting import item_counts
from zerosum.studio.models import Item, Project

Make = Callable[..., list[Item]]


def test_few_items_are_counted_afresh(project: Project, make_items: Make) -> None:
    make_items(3)
    assert {state: n for state, _, n in item_counts(project.pk)}["new"] == 3
    Item.objects.filter(index=0).update(state="accepted")
    found = {state: n for state, _, n in item_counts(project.pk)}
    assert (found["new"], found["accepted"], found["approved"]) == (2, 1, 0)


def test_many_items_are_not_counted_for_every_page(
    project: Project, make_items: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "_MANY", 2)
    monkeypatch.setattr(counting, "_WORTH", 1e9)
    monkeypatch.setattr(counting, "_KEPT", {})
    make_items(3)
    item_counts(project.pk)
    with CaptureQueriesContext(connection) as queries:
        found = item_counts(project.pk)
    assert len(queries) == 0
    assert found[0][2] == 3


def test_a_batch_is_woken_by_its_last_decision(
    project: Project, make_items: Make, eve: Actor, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    woken: list[str] = []
    monkeypatch.setattr(pipeline.DBOS, "send", lambda name, *_words, **_named: woken.append(name))
    items = make_items(3)
    for item in items:
        assert woken == []
        with django_capture_on_commit_callbacks(execute=True):
            decide(eve, project, [(item.pk, None)], "rejected")
    assert len(woken) == 1
    with django_capture_on_commit_callbacks(execute=True):
        undo(eve, project)
    assert len(woken) == 1
