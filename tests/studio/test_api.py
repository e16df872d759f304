"""The API: problems in the command line's sentences, idempotency keys, pages by cursor."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.people import make_token
from zerosum.studio.models import Act, Answer, Item, Project

Call = Callable[..., Any]


@pytest.fixture
def call(ada: Actor) -> Call:
    """Sends a request with a token of an owner."""
    token = make_token(ada, "tests", "owner")

    def send(path: str, body: Any = None, **headers: str) -> Any:
        client = Client(headers={"Authorization": f"Bearer {token}"})
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is None:
            return client.get(f"/api/v1{path}", headers=headers)
        text = json.dumps(body)
        return client.post(f"/api/v1{path}", text, "application/json", headers=headers)

    return send


def test_items_come_in_pages(
    call: Call, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    made = [item.pk for item in make_items(7)]
    found, cursor = [], ""
    while cursor is not None:
        page = call(f"/projects/{project.pk}/items?sort=oldest&size=3&after={cursor}").json()
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert found == made


def test_an_act_of_a_program_is_logged_with_its_token(
    call: Call, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    item = make_items(1)[0]
    body = {"do": "accepted", "items": [{"id": item.pk, "version": 1}]}
    answer = call(f"/projects/{project.pk}/items/act", body)
    assert answer.json()[0]["state"] == "accepted"
    act = Act.objects.get(what="item.accepted")
    assert act.by_token is not None
    assert act.by_token.name == "tests"
    again = call(f"/projects/{project.pk}/items/act", body)
    assert again.status_code == 409
    assert again.json()["title"] == "ConflictError"


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/projects", {"name": ""}, 422, "1 to 80 characters"),
        ("/projects", {}, 422, "Field required"),
        ("/projects/99/items", None, 404, "No Project matches"),
        ("/projects/1/items?sort=x", None, 422, "cannot sort by 'x'"),
        ("/batches", {"training": 1, "n": 0}, 422, "0 items are not allowed"),
        ("/projects/1/items/act", {"do": "burn", "items": []}, 422, "Input should be"),
    ],
)
def test_problems_are_said(
    path: str, body: Any, status: int, words: str, call: Call, training: Any
) -> None:
    path = path.replace("/1/", f"/{training.project.pk}/")
    if body and "training" in body:
        body = body | {"training": training.pk}
    answer = call(path, body)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert words in problem["detail"]


@pytest.mark.django_db(transaction=False)
def test_a_request_with_a_key_is_done_once(call: Call) -> None:
    first = call("/projects", {"name": "Spring"}, Idempotency_Key="k1")
    second = call("/projects", {"name": "Spring"}, Idempotency_Key="k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert Project.objects.count() == 1
    other = call("/projects", {"name": "Autumn"}, Idempotency_Key="k1")
    assert other.status_code == 422
    assert "was used for another request" in other.json()["detail"]
    assert call("/projects", {"name": ""}, Idempotency_Key="k2").status_code == 422
    assert Answer.objects.count() == 1


def test_the_description_names_every_operation(db: None) -> None:
    described = Client().get("/api/v1/openapi.json").json()
    assert "/api/v1/projects/{key}/items/act" in described["paths"]
    assert Client().get("/api/v1/docs").status_code == 200


def test_health_and_readiness(db: None) -> None:
    assert Client().get("/health").json() == {"status": "ok"}
    assert Client().get("/ready").status_code == 200
