"""People, projects and items in a database of the tests."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from zerosum.studio.acts.log import Actor
from zerosum.studio.models import DataSource, Item, ItemBatch, Project, Training, User
from zerosum.studio.models.work import DONE


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """The studio's folder of one test."""
    settings.STUDIO = dataclasses.replace(settings.STUDIO, folder=tmp_path)
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "uploads")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    for name in ("runs", "jobs", "uploads", "items"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: the documentation's images where that is asked for."""
    asked = os.environ.get("ZEROSUM_SCREENSHOTS")
    return Path(asked) if asked else tmp_path_factory.mktemp("shots")


@pytest.fixture
def person(db: None, folder: Path) -> Callable[..., User]:
    """Makes somebody with a role."""

    def make(name: str, role: str = "owner") -> User:
        user = User(username=name, role=role)
        user.set_password("a good secret")
        user.save()
        return user

    return make


@pytest.fixture
def browser(person: Callable[..., User]) -> Callable[..., Client]:
    """A browser in which somebody of a role is signed in."""

    def make(role: str, name: str = "") -> Client:
        known = User.objects.filter(username=name or role).first()
        client = Client()
        client.force_login(
            known or person(name or role, role),
            backend="django.contrib.auth.backends.ModelBackend",
        )
        return client

    return make


@pytest.fixture
def project(db: None, folder: Path) -> Project:
    """A project without anything."""
    return Project.objects.create(name="Spring")


@pytest.fixture
def training(project: Project) -> Training:
    """A training that is over; no run lies behind it."""
    data = DataSource.objects.create(
        project=project, name="digits", origin="built-in", place="digits", state=DONE,
        facts={"kind": "image", "unit": "images", "labels": ["0", "1"], "count": 10},
    )  # fmt: skip
    return Training.objects.create(project=project, data=data, recipe="cgan", state=DONE)


@pytest.fixture
def make_items(training: Training, folder: Path) -> Callable[..., list[Item]]:
    """Makes items of a new batch; all share one file."""

    def make(n: int, **values: Any) -> list[Item]:
        batch = ItemBatch.objects.create(
            project=training.project, training=training, n=n, state=DONE
        )
        Image.new("L", (8, 8)).save(folder / "items" / "one.png")
        rows = [
            Item(
                project=training.project, batch=batch, index=i, medium="picture", file="one.png",
                thumbnail="one.png", label=str(i % 2), **values,
            )
            for i in range(n)
        ]  # fmt: skip
        return list(Item.objects.bulk_create(rows))

    return make


@pytest.fixture
def ada(person: Callable[..., User]) -> Actor:
    """An owner."""
    return Actor(person("ada"))


@pytest.fixture
def eve(person: Callable[..., User]) -> Actor:
    """A content expert."""
    return Actor(person("eve", "expert"))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of workflows that would be started; tests of the engine itself start it."""
    from zerosum.studio import pipeline

    ids: list[str] = []
    monkeypatch.setattr(
        pipeline, "start_now", lambda kind, key, workflow_id: ids.append(workflow_id)
    )
    return ids


def picture_row(folder: Path, name: str) -> dict[str, Any]:
    """What a sampling says of an item whose only file is a picture."""
    path = folder / "items" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), 7).save(path)
    return {
        "index": 0, "medium": "picture", "file": name, "thumbnail": name, "neighbour": "",
        "label": "", "facts": {}, "nearness": None, "is_copy": False, "step": 1,
    }  # fmt: skip
