"""Accounts: links, passwords, sessions, tokens, and the limit on wrong passwords."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from zerosum.errors import StudioError
from zerosum.studio.acts import people as acts
from zerosum.studio.acts.log import Actor
from zerosum.studio.models import Invitation, Token, User

People = Callable[..., User]
Browser = Callable[..., Client]
PASSWORD = "correct horse 9"


def test_the_first_link_makes_the_owner(db: None) -> None:
    secret = acts.invite(None, "owner")
    client = Client()
    fields = {"username": "ada", "password": PASSWORD, "again": PASSWORD}
    assert client.post(f"/join/{secret}/", fields)["Location"] == "/"
    assert User.objects.get().role == "owner"
    assert b"No items" in client.get("/").content or client.get("/").status_code == 200
    answer = Client().post(f"/join/{secret}/", fields | {"username": "eve"})
    assert User.objects.count() == 1
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("password", "message"),
    [("short", "at least 10 characters"), ("12345678901234", "entirely numeric"),
     ("password1234", "too common"), ("adalovelace", "too similar")],
)  # fmt: skip
def test_weak_passwords_are_refused(password: str, message: str, db: None) -> None:
    secret = acts.invite(None, "owner")
    with pytest.raises(StudioError, match=message):
        acts.join(secret, "adalovelace", password)
    assert acts.open_invitation(secret).used is None


def test_a_link_lasts_a_day(db: None) -> None:
    secret = acts.invite(None, "owner")
    Invitation.objects.update(expires=timezone.now() - timedelta(seconds=1))
    with pytest.raises(StudioError, match="more than a day old"):
        acts.join(secret, "ada", PASSWORD)


def test_five_wrong_passwords_close_the_door(person: People) -> None:
    person("ada")
    client = Client()
    for _ in range(5):
        client.post("/sign-in/", {"username": "ada", "password": "wrong"})
    answer = client.post("/sign-in/", {"username": "ada", "password": "a good secret"})
    assert answer.status_code == 429
    assert b"Wait 15 minutes" in answer.content


def test_sessions_are_revoked(person: People, browser: Browser) -> None:
    here, there = browser("owner", "ada"), browser("owner", "ada")
    here.post("/account/sessions/")
    for client in (here, there):
        assert client.get("/", headers={"Accept": "text/html"})["Location"].startswith("/sign-in/")


def test_another_password_ends_other_sessions(browser: Browser) -> None:
    here, there = browser("viewer", "ada"), browser("viewer", "ada")
    fields = {"old": "a good secret", "password": PASSWORD, "again": PASSWORD}
    assert here.post("/account/password/", fields).status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 401


def test_an_owner_ends_sessions_and_changes_roles(browser: Browser) -> None:
    owner, other = browser("owner", "ada"), browser("developer", "tom")
    tom = User.objects.get(username="tom")
    owner.post(f"/people/{tom.pk}/", {"role": "viewer", "active": "on"})
    assert other.post("/projects/", {"name": "x"}).status_code == 403
    owner.post(f"/people/{tom.pk}/", {"role": "viewer"})
    assert other.get("/").status_code == 401


def test_links_name_a_studio_as_others_reach_it(browser: Browser, settings: Any) -> None:
    owner = browser("owner")
    page = owner.post("/people/invite/", {"role": "viewer"}, follow=True).content.decode()
    assert "http://testserver/join/" in page
    settings.STUDIO = dataclasses.replace(settings.STUDIO, names=("studio.example.org",))
    page = owner.post("/people/invite/", {"role": "viewer"}, follow=True).content.decode()
    assert "https://studio.example.org/join/" in page


def test_the_last_owner_stays(ada: Actor) -> None:
    with pytest.raises(StudioError, match="ada is the only owner"):
        acts.change_person(ada, ada.user, role="viewer", active=True)


def test_a_form_from_elsewhere_is_refused(person: People) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("ada"), backend="django.contrib.auth.backends.ModelBackend")
    assert client.post("/projects/", {"name": "x"}).status_code == 403


def test_a_token_is_kept_as_a_digest(ada: Actor) -> None:
    secret = acts.make_token(ada, "ci", "viewer")
    token = Token.objects.get()
    assert secret not in (token.digest, token.beginning)
    actor = acts.actor_of_token(secret)
    assert actor is not None
    assert actor.role == "viewer"
    acts.revoke_token(ada, token)
    assert acts.actor_of_token(secret) is None


def test_a_token_allows_no_more_than_its_maker(eve: Actor) -> None:
    with pytest.raises(StudioError, match="what you may, or less"):
        acts.make_token(eve, "x", "developer")
    secret = acts.make_token(eve, "x", "expert")
    eve.user.role = "viewer"
    eve.user.save()
    actor = acts.actor_of_token(secret)
    assert actor is not None
    assert actor.role == "viewer"


def test_pages_carry_a_strict_policy(browser: Browser) -> None:
    answer = browser("owner").get("/")
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert b"<script>" not in answer.content
    assert b" style=" not in answer.content
    assert b" onclick=" not in answer.content


@pytest.mark.parametrize("path", ["photos", "/no/such/folder", "/"])
def test_odd_folders_are_not_allowed(path: str, ada: Actor) -> None:
    with pytest.raises(StudioError, match=r"not a folder of the server|whole disk"):
        acts.allow_folder(ada, "x", path)


def test_the_path_of_a_folder_is_in_no_page(browser: Browser, ada: Actor, tmp_path: Path) -> None:
    acts.allow_folder(ada, "photos", str(tmp_path))
    page = browser("owner").get("/people/").content.decode()
    assert "photos" in page
    assert str(tmp_path) not in page
