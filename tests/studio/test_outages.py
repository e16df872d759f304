"""A full disk and a database that is away: what is said, and that work goes on afterwards."""

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from PIL import Image

from tests.studio.serving import Server, until
from tests.studio.test_pipeline import all_items, trained
from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.people import make_token
from zerosum.studio.models import Item, Project
from zerosum.studio.room import NO_ROOM, NO_ROOM_FOR_JOB


@pytest.fixture
def full_database(db: None) -> Iterator[None]:
    """A database that takes nothing more; its own errors, as on a disk without room."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no such setting")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        row = cursor.fetchone()
        assert row
        pages = row[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 4294967294")


@pytest.mark.parametrize("fetches", [False, True])
def test_a_page_says_that_the_disk_is_full(
    make_items: Callable[..., list[Item]], browser: Callable[..., Client],
    request: pytest.FixtureRequest, fetches: bool,
) -> None:  # fmt: skip
    (item,), client = make_items(1), browser("owner")
    request.getfixturevalue("full_database")
    sent = {"X-Requested-With": "fetch"} if fetches else {}

    def comment() -> Any:
        text = {"text": "long" * 500}
        return client.post(f"/items/{item.pk}/comments/", text, headers=sent)

    refused = next(one for one in (comment() for _ in range(50)) if one.status_code != 302)
    assert refused.status_code == 507
    assert NO_ROOM in refused.content.decode()
    assert ("<html" in refused.content.decode()) != fetches
    assert client.get(f"/items/{item.pk}/").status_code == 200


def test_the_api_says_so_too(
    ada: Actor, project: Project, request: pytest.FixtureRequest, client: Client
) -> None:
    token = make_token(ada, "tests", "owner")
    request.getfixturevalue("full_database")
    before = Project.objects.count()

    def make(i: int) -> Any:
        body, headers = {"name": f"{i}" + "x" * 70}, {"Authorization": f"Bearer {token}"}
        return client.post("/api/v1/projects", body, "application/json", headers=headers)

    done = list(takewhile(lambda answer: answer.status_code == 201, map(make, range(3_000))))
    refused = make(-1)
    assert (refused.status_code, refused.json()["detail"]) == (507, NO_ROOM)
    assert refused["Content-Type"] == "application/problem+json"
    assert Project.objects.count() == before + len(done)


@pytest.fixture
def server(tmp_path: Path, environment: dict[str, str]) -> Iterator[Server]:
    server = Server(tmp_path / "studio", environment)
    yield server
    server.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Makes the items of the studio lie on a disk of a size of its own."""
    place = tmp_path / "studio" / "items"
    place.mkdir(parents=True)

    def mount(*options: str) -> int:
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "zerosum", str(place)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    try:
        if mount("size=200k"):
            pytest.skip("mounting a small disk is not allowed here")
    except FileNotFoundError:
        pytest.skip("there is no mount")
    yield lambda size: assert_done(mount("remount", f"size={size}"))
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def assert_done(status: int) -> None:
    assert status == 0


@pytest.mark.slow
def test_a_batch_goes_on_once_there_is_room(
    small_disk: Callable[[str], None], server: Server
) -> None:
    server.start().become_owner()
    training = trained(server)
    batch = server.call("/batches", {"training": training["id"], "n": 40})
    address = f"/batches/{batch['id']}"
    until(lambda: server.call(address)["state"] == "failed", "it does not fail")
    failed = server.call(address)
    assert failed["words"] == NO_ROOM_FOR_JOB
    assert 0 < failed["gathered"] < 40
    page = server.openers["ada"].open(f"{server.address}/projects/{training['project']}/")
    assert NO_ROOM_FOR_JOB in page.read().decode()

    folder = server.folder / "items" / f"batch-{batch['id']}"
    assert not list(folder.glob(".*"))
    for path in folder.iterdir():
        with Image.open(path) as picture:
            picture.load()

    small_disk("16m")
    server.call(f"{address}/retry", {})
    assert server.wait(address, state="done")["gathered"] == 40
    items = all_items(server, training["project"])
    assert sorted(one["index"] for one in items) == list(range(40))


@pytest.mark.slow
def test_what_the_engine_never_heard_is_done_all_the_same(server: Server) -> None:
    server.start().become_owner()
    training = trained(server)
    batch = server.call("/batches", {"training": training["id"], "n": 4})
    address = f"/batches/{batch['id']}"
    server.wait(address, state="done")

    # The engine could record that it failed, and nothing else.
    engine, studio = (server.folder / f"{name}.sqlite3" for name in ("workflows", "studio"))
    name = f"batch-{batch['id']}-1~studio-2"
    write(engine, "UPDATE workflow_status SET status = 'ERROR' WHERE workflow_uuid = ?", name)
    until(lambda: server.call(address)["attempt"] == 2, "it is not started anew")

    # Items were decided, and nobody could tell the engine.
    write(studio, "UPDATE studio_item SET state = 'rejected' WHERE batch_id = ?", batch["id"])
    until(lambda: server.call(address)["closed"], "the batch is not closed")

    # A job was recorded, and its workflow never began.
    made = "INSERT INTO studio_itembatch SELECT * FROM studio_itembatch WHERE id = ?"
    values: dict[str, Any] = {"id": 77, "state": "'waiting'", "gathered": 0, "closed": "NULL"}
    with sqlite3.connect(studio, timeout=30) as database:
        names = [row[1] for row in database.execute("PRAGMA table_info(studio_itembatch)")]
        row = ", ".join(str(values.get(one, f'"{one}"')) for one in names)
        database.execute(made.replace("SELECT *", f"SELECT {row}"), (batch["id"],))
    assert server.wait("/batches/77", state="done")["gathered"] == 4


def write(path: Path, statement: str, *values: Any) -> None:
    with sqlite3.connect(path, timeout=30) as database:
        assert database.execute(statement, values).rowcount
