"""Panels and blind tests, as people and programs use them."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from zerosum.errors import StudioError
from zerosum.studio.acts import reviewing as acts
from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.people import make_token
from zerosum.studio.acts.review import ConflictError, decide
from zerosum.studio.models import Act, BlindTest, Item, Panel, PanelItem, Project

Make = Callable[..., list[Item]]
Browser = Callable[..., Client]


@pytest.fixture
def panel(ada: Actor, project: Project, make_items: Make) -> Panel:
    make_items(4)
    return acts.make_panel(ada, project, n=4, reviewers=3)


@pytest.fixture
def bob(person: Callable[..., Any]) -> Actor:
    return Actor(person("bob", "expert"))


def keys(panel: Panel) -> list[int]:
    return list(panel.places.order_by("pk").values_list("item_id", flat=True))


def test_the_last_vote_decides(panel: Panel, ada: Actor, eve: Actor, bob: Actor) -> None:
    one, two, three, four = keys(panel)
    said = {
        one: "accepted accepted rejected", two: "accepted edit rejected",
        three: "rejected rejected rejected",
    }  # fmt: skip
    for item, words in said.items():
        for who, state in zip((ada, eve, bob), words.split(), strict=True):
            acts.vote(who, panel, item, state)
    states = dict(Item.objects.values_list("pk", "state"))
    assert states == {one: "accepted", two: "edit", three: "rejected", four: "new"}
    result = acts.panel_result(panel)
    assert (result.items, result.complete, result.same) == (4, 3, 1)
    assert result.fleiss is not None
    assert result.pairs["ada", "eve"].count == 3
    assert Act.objects.filter(what="panel.voted").count() == 9


def test_nobody_votes_twice_nor_too_late(
    panel: Panel, ada: Actor, eve: Actor, bob: Actor, person: Callable[..., Any]
) -> None:
    item = keys(panel)[0]
    acts.vote(ada, panel, item, "accepted")
    with pytest.raises(ConflictError, match="you have judged"):
        acts.vote(ada, panel, item, "rejected")
    assert PanelItem.objects.get(item=item).votes == 1
    acts.vote(eve, panel, item, "accepted")
    acts.vote(bob, panel, item, "accepted")
    with pytest.raises(StudioError, match="has its 3 votes already"):
        acts.vote(Actor(person("zoe", "expert")), panel, item, "rejected")
    with pytest.raises(StudioError, match="'new' is no vote"):
        acts.vote(ada, panel, item, "new")
    with pytest.raises(StudioError, match="no item 99 in this panel"):
        acts.vote(ada, panel, 99, "rejected")


def test_a_decision_in_the_queue_stands(
    panel: Panel, project: Project, ada: Actor, eve: Actor, bob: Actor
) -> None:
    item = keys(panel)[0]
    decide(ada, project, [(item, None)], "edit")
    for who in (ada, eve, bob):
        acts.vote(who, panel, item, "rejected")
    assert Item.objects.get(pk=item).state == "edit"


def test_each_is_asked_what_they_have_not_judged(panel: Panel, ada: Actor, eve: Actor) -> None:
    first, second, *_ = keys(panel)
    acts.vote(ada, panel, first, "accepted")
    places = [acts.next_place(who, panel) for who in (ada, eve)]
    assert [one and one.item.pk for one in places] == [second, first]


def test_panels_need_items(project: Project, ada: Actor) -> None:
    with pytest.raises(StudioError, match="no item here is new"):
        acts.make_panel(ada, project, n=5, reviewers=2)
    with pytest.raises(StudioError, match="2 to 20"):
        acts.make_panel(ada, project, n=5, reviewers=1)


def test_a_panel_in_a_browser(panel: Panel, browser: Browser) -> None:
    client = browser("expert")
    for _ in range(4):
        page = client.get(f"/panels/{panel.pk}/judge/").content.decode()
        item = page.partition('name="item" value="')[2].partition('"')[0]
        client.post(f"/panels/{panel.pk}/judge/", {"item": item, "state": "accepted"})
    assert client.get(f"/panels/{panel.pk}/judge/")["Location"] == f"/panels/{panel.pk}/"
    assert client.get(f"/panels/{panel.pk}/").status_code == 200
    assert client.get(f"/projects/{panel.project.pk}/reviews/").status_code == 200


@pytest.fixture
def test_(ada: Actor, project: Project, make_items: Make, folder: Path) -> BlindTest:
    items = make_items(6)
    Image.new("L", (8, 8), 255).save(folder / "items" / "real.png")
    Item.objects.update(facts={"real": "real.png"})
    return acts.make_blind_test(ada, project, batch=items[0].batch.pk, n=8)


def test_half_is_real(test_: BlindTest) -> None:
    trials = list(test_.trials.order_by("number"))
    assert [one.number for one in trials] == list(range(1, 9))
    assert sum(one.is_real for one in trials) == 4


def test_who_knows_is_found_out(test_: BlindTest, eve: Actor, bob: Actor) -> None:
    for trial in test_.trials.all():
        acts.answer(eve, test_, trial.number, says_real=trial.is_real)
    found = acts.blind_results(test_)
    assert list(found) == ["eve"]
    assert found["eve"].correct == 1
    for trial in test_.trials.all():
        acts.answer(bob, test_, trial.number, says_real=True)
    found = acts.blind_results(test_)
    assert found["bob"].d_prime.value == 0
    assert found[""].d_prime.count == 16
    with pytest.raises(ConflictError, match="answered sample 1 already"):
        acts.answer(bob, test_, 1, says_real=True)


def test_what_is_shown_does_not_say_what_it_is(test_: BlindTest, browser: Browser) -> None:
    client = browser("expert")
    pages = {
        client.get(f"/blind/{test_.pk}/answer/").content.decode().count("item") for _ in range(1)
    }
    assert pages == {0}
    for trial in test_.trials.order_by("number"):
        picture = client.get(f"/blind/{test_.pk}/pictures/{trial.number}.png")
        assert picture["Cache-Control"] == "private, no-store"
        with Image.open(BytesIO(picture.content)) as shown:
            assert (shown.getpixel((0, 0)) == 255) == trial.is_real
        page = client.get(f"/blind/{test_.pk}/").content.decode()
        assert ("all of it yet" in page) == (trial.number == 1)
        client.post(f"/blind/{test_.pk}/answer/", {"number": trial.number, "says": "real"})
    assert client.get(f"/blind/{test_.pk}/answer/")["Location"] == f"/blind/{test_.pk}/"
    assert "0.00" in client.get(f"/blind/{test_.pk}/").content.decode()


def test_a_batch_without_counterparts_is_refused(
    project: Project, ada: Actor, make_items: Make
) -> None:
    item = make_items(6)[0]
    with pytest.raises(StudioError, match="has 0 real counterparts, and 3 are needed"):
        acts.make_blind_test(ada, project, batch=item.batch.pk, n=6)


def test_programs_do_the_same(
    project: Project, make_items: Make, ada: Actor, eve: Actor, folder: Path
) -> None:
    items = make_items(3)
    Image.new("L", (8, 8), 255).save(folder / "items" / "real.png")
    Item.objects.update(facts={"real": "real.png"})

    def call(who: Actor, path: str, body: Any = None) -> Any:
        secret = make_token(who, "test", who.role)
        send = Client().get if body is None else Client().post
        named = {} if body is None else {"data": body, "content_type": "application/json"}
        return send(f"/api/v1{path}", headers={"Authorization": f"Bearer {secret}"}, **named)

    made = call(ada, f"/projects/{project.pk}/panels", {"n": 3, "reviewers": 2}).json()
    for item in items:
        for who in (ada, eve):
            made = call(
                who, f"/panels/{made['id']}/votes", {"item": item.pk, "state": "rejected"}
            ).json()
    assert (made["complete"], made["same"], made["next"]) == (3, 3, None)
    assert made["fleiss"] is None

    batch = items[0].batch.pk
    test = call(ada, f"/projects/{project.pk}/blind", {"batch": batch, "n": 4}).json()
    while test["next"]:
        picture = call(eve, f"/blind/{test['id']}/pictures/{test['next']}")
        assert picture["Content-Type"] == "image/png"
        answer = {"number": test["next"], "real": True}
        test = call(eve, f"/blind/{test['id']}/answers", answer).json()
    assert test["results"][0]["d_prime"]["value"] == 0
    again = call(eve, f"/blind/{test['id']}/answers", {"number": 1, "real": True})
    assert again.status_code == 409
