"""The API: problems in the command line's sentences, idempotency keys, pages by cursor."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.people import make_token, revoke_token
from zerosum.studio.models import Act, Answer, Item, Project, Token

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
        ("/nowhere", None, 404, "the API has nothing at this address"),
        ("/nowhere/1/cancel", None, 405, "does not take this method"),
        ("/projects", {"name": "a\0b"}, 422, r"the text 'a\0b' holds a zero byte"),
        ("/projects", {"name": "\ud800"}, 422, r"'\ud800' holds a zero byte or half a character"),
        ("/projects/1/items?batch=" + 30 * "9", None, 422, "bits is too large"),
        ("/projects/1/items?after=" + 30 * "9", None, 422, "bits is too large"),
        ("/projects/1/items?tag=%00", None, 422, "holds a zero byte"),
        ("/projects/1/items/act", {"do": "new", "items": [{"id": 2**80}]}, 422, "81 bits is too"),
        ("/projects/1/copy", {"items": [2**63]}, 422, "64 bits is too large"),
        ("/batches", {"training": 1, "n": 1, "where": {"x": math.nan}}, 422, "a finite one"),
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


def test_an_answer_is_not_given_again_to_a_token_that_was_revoked(call: Call, ada: Actor) -> None:
    assert call("/projects", {"name": "Spring"}, Idempotency_Key="k1").status_code == 201
    revoke_token(ada, Token.objects.get())
    assert call("/projects", {"name": "Spring"}, Idempotency_Key="k1").status_code == 401


def test_a_body_that_is_no_json_is_refused_with_its_place(call: Call, ada: Actor) -> None:
    token = make_token(ada, "other", "owner")
    client = Client(headers={"Authorization": f"Bearer {token}"})
    answer = client.post("/api/v1/projects", "{bad", "application/json")
    assert answer.status_code == 400
    assert "line 1 column 2" in answer.json()["detail"]


def test_the_role_of_a_token_is_named_in_words(call: Call, eve: Actor) -> None:
    token = make_token(eve, "tests", "expert")
    client = Client(headers={"Authorization": f"Bearer {token}"})
    answer = client.post("/api/v1/projects", "{}", "application/json")
    assert (
        "this token is for content experts. This is for owners and dev" in answer.json()["detail"]
    )


def test_the_description_names_every_operation(db: None) -> None:
    described = Client().get("/api/v1/openapi.json").json()
    assert "/api/v1/projects/{key}/items/act" in described["paths"]
    assert Client().get("/api/v1/docs").status_code == 200


def test_health_and_readiness(db: None) -> None:
    assert Client().get("/health").json() == {"status": "ok"}
    assert Client().get("/ready").status_code == 200
