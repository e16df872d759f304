"""Every route and every role: who is let in, generated from the routes themselves."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.people import make_token
from zerosum.studio.api.access import TokenOf
from zerosum.studio.api.root import api
from zerosum.studio.models import (
    BundleOrder,
    CopyOrder,
    CopyText,
    Item,
    Project,
    Training,
    User,
    Webhook,
)
from zerosum.studio.roles import PUBLIC, Role
from zerosum.studio.routes import page, pages

BACKEND = "django.contrib.auth.backends.ModelBackend"
PAGE = {"Accept": "text/html,*/*;q=0.8"}
"""What browsers send where they would show a page."""
VALUES = {"key": 1, "seen": 1, "number": 1, "secret": "none", "kind": "train", "what": "thumbnail"}


def addresses() -> dict[str, Any]:
    return {str(one.pattern): one for one in pages}


def fill(address: str) -> str:
    for kind in ("int:", "str:"):
        address = address.replace(kind, "")
    for name, value in VALUES.items():
        address = address.replace(f"<{name}>", str(value)).replace(f"{{{name}}}", str(value))
    return f"/{address}"


def operations() -> Iterator[tuple[str, str, Any]]:
    """Method, address and rule of every operation of the API."""
    for prefix, router in api._routers:
        for address, view in router.path_operations.items():
            for operation in view.operations:
                for method in operation.methods:
                    yield method, f"{prefix}{address}", operation.auth_callbacks


@pytest.fixture
def world(make_items: Callable[..., list[Item]], training: Training) -> Project:
    """One of everything that an address names, each with the number 1."""
    make_items(1)
    Item.objects.filter(index=0).update(id=1)
    project = training.project
    words = {"title": "A", "body": "B", "alt_text": "", "tags": [], "language": "en"}
    CopyText.objects.create(pk=1, item_id=1, words=words, author="template")
    CopyOrder.objects.create(pk=1, project=project)
    BundleOrder.objects.create(pk=1, project=project, title="One")
    by = User.objects.create(username="hook")
    Webhook.objects.create(pk=1, project=project, name="Shop", by=by)
    return project


def test_every_address_has_a_rule() -> None:
    found = list(get_resolver().url_patterns)
    assert [one for one in found if isinstance(one, URLPattern)] == pages
    for address, one in addresses().items():
        assert one.callback.roles, address
        assert one.callback.roles == PUBLIC or one.callback.roles <= set(Role)


def test_a_route_without_a_rule_is_refused() -> None:
    with pytest.raises(TypeError, match="does not say who may use it"):
        page("new/", lambda request: None, "new")


def test_every_operation_has_a_rule() -> None:
    found = list(operations())
    assert len(found) > 15
    for method, address, rules in found:
        assert [type(rule) for rule in rules] == [TokenOf], f"{method} {address}"


@pytest.mark.parametrize("role", [*Role, None])
def test_pages_let_in_who_may(
    role: Role | None, world: Project, browser: Callable[..., Client], started: list[str]
) -> None:
    client = browser(role.value) if role else Client()
    session = client.cookies.get("zerosum_session")
    for address, one in addresses().items():
        roles, methods = one.callback.roles, one.callback.methods
        for method in ("GET", "POST"):
            if one.name == "training-events" and method in methods and role:
                continue  # it is a stream, which test_live.py reads
            if session:
                client.force_login(User.objects.get(username=role), backend=BACKEND)
            answer: Any = client.generic(method, fill(address))
            if method not in methods:
                assert answer.status_code == 405, address
            elif roles == PUBLIC:
                assert answer.status_code not in (401, 403), address
            elif role is None:
                assert answer.status_code == 401, address
                assert answer["WWW-Authenticate"] == "Bearer"
                shown: Any = client.generic(method, fill(address), headers=PAGE)
                assert shown.status_code == 302, address
                assert shown["Location"].startswith("/sign-in/")
            elif role in roles:
                assert answer.status_code not in (401, 403, 405), address
            else:
                assert answer.status_code == 403, address
                assert b"Ask an owner for another role" in answer.content


@pytest.mark.parametrize("role", [*Role, None])
def test_operations_let_in_who_may(
    role: Role | None, world: Project, person: Callable[..., User], started: list[str]
) -> None:
    headers = {}
    if role:
        secret = make_token(Actor(person("tom")), "test", role.value)
        headers = {"Authorization": f"Bearer {secret}"}
    for method, address, rules in operations():
        answer: Any = Client().generic(
            method, fill(f"api/v1{address}"), "{}", "application/json", headers=headers
        )
        if role is None:
            assert answer.status_code == 401
        elif role in rules[0].roles:
            assert answer.status_code not in (401, 403), f"{method} {address}"
        else:
            assert answer.status_code == 403
            assert answer["Content-Type"] == "application/problem+json"
