"""How a studio starts, and what it says where it cannot."""

import asyncio
import os
import socket
import sqlite3
import stat
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from zerosum.errors import StudioError
from zerosum.studio.database import is_ready, migrate
from zerosum.studio.options import StudioOptions, database_settings, workflow_database
from zerosum.studio.serving import BoundedBodies, held, listen, work
from zerosum.studio.settings import secret_key


def test_a_port_in_use_is_named_and_a_free_one_offered(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StudioError, match=rf"port {port} of 127.0.0.1 is in use.*--port \d+"):
            listen(StudioOptions(folder=tmp_path, port=port))


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match=r"cannot listen at 192.0.2.1:8765.*--host"):
        listen(StudioOptions(folder=tmp_path, host="192.0.2.1"))


def test_a_newer_database_is_left_alone(db: None) -> None:
    assert is_ready()
    recorder: Any = MigrationRecorder
    recorder(connection).record_applied("studio", "0999_from_the_future")
    with pytest.raises(StudioError, match=r"newer zerosum.*'0999_from_the_future'.*Upgrade"):
        migrate()


def test_a_key_is_made_once_and_kept_to_oneself(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    key = secret_key(folder)
    assert len(key) > 40
    assert secret_key(folder) == key
    assert stat.S_IMODE((folder / "secret.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudioError, match="Choose another with --folder"):
        secret_key(tmp_path / "file" / "studio")


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "postgresql://host", "studio.db", "postgresql://h:p/x"]
)
def test_other_databases_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="not a URL of a PostgreSQL database") as error:
        database_settings(StudioOptions(folder=tmp_path, database=url))
    assert "h:p" not in str(error.value)


def test_a_url_is_read_whole(tmp_path: Path) -> None:
    url = "postgresql://ada:p%40ss@db.example:5433/studio?sslmode=require"
    options = StudioOptions(folder=tmp_path, database=url)
    found = database_settings(options)
    assert (found["USER"], found["PASSWORD"], found["HOST"]) == ("ada", "p@ss", "db.example")
    assert (found["PORT"], found["NAME"], found["OPTIONS"]) == (
        "5433",
        "studio",
        {"sslmode": "require"},
    )
    assert workflow_database(options).startswith("postgresql+psycopg://ada:p%40ss@")


def test_one_studio_has_a_folder(tmp_path: Path) -> None:
    options = StudioOptions(folder=tmp_path)
    refused = pytest.raises(StudioError, match=rf"process {os.getpid()}\. End it")
    with held(options), refused, held(options):
        pass
    with held(options):
        pass


def test_a_worker_needs_a_database_to_share(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="--database postgresql"):
        work(StudioOptions(folder=tmp_path), name="1", say=print)


PIECE = {"type": "http.request", "body": b"x" * (1 << 20), "more_body": True}


def asked(
    path: str,
    *,
    length: int,
    cookie: bytes = b"",
    pieces: Iterable[Any] = (),
    upload: int = 1 << 30,
) -> list[dict[str, Any]]:
    """What a server that bounds bodies sends for a request of this length."""
    sent: list[dict[str, Any]] = []
    bodies = iter(pieces)

    async def app(scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        while (message := await receive())["type"] != "http.disconnect":
            assert message
        await send({"type": "http.response.start", "status": 299})

    async def receive() -> Any:
        return next(bodies, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-length", str(length).encode()), (b"cookie", cookie)]
    scope = {"type": "http", "path": path, "headers": headers}
    asyncio.run(BoundedBodies(app, upload=upload)(scope, receive, send))
    return sent


def test_large_requests_are_refused_before_they_are_kept() -> None:
    session = b"zerosum_session=x"
    assert asked("/projects/1/upload/", length=100 << 20)[0]["status"] == 413
    assert asked("/sign-in/", length=100 << 20, cookie=session)[0]["status"] == 413
    assert asked("/projects/1/upload/", length=100 << 20, cookie=session)[0]["status"] == 299
    assert asked("/sign-in/", length=100)[0]["status"] == 299


def test_what_is_too_large_is_said_in_the_form_of_the_place() -> None:
    """A browser reads no answer before it has sent all, so that is read and thrown away."""
    session, large = b"zerosum_session=x", 1 << 40
    for path, kind in (
        ("/projects/1/upload/", b"text/html"),
        ("/api/v1/upload", b"application/pr"),
    ):
        left = iter([PIECE] * 30)
        start, body = asked(path, length=large, cookie=session, pieces=left)
        assert start["status"] == 413
        assert dict(start["headers"])[b"content-type"].startswith(kind)
        assert b"1,073,741,824 bytes are allowed" in body["body"]
        assert not list(left)
    left = iter([PIECE] * 30)
    assert asked("/projects/1/upload/", length=large, pieces=left)[0]["status"] == 413
    assert len(list(left)) == 30  # of somebody whom nobody knows


def test_a_request_that_says_nothing_of_its_length_is_cut() -> None:
    assert (
        asked("/sign-in/", length=0, pieces=[PIECE] * 1000)[0]["status"] == 299
    )  # and did not read on


def test_the_journal_of_sqlite_is_written_ahead(tmp_path: Path) -> None:
    found = database_settings(StudioOptions(folder=tmp_path))
    with sqlite3.connect(found["NAME"]) as database:
        for statement in found["OPTIONS"]["init_command"].split(";"):
            database.execute(statement)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_people_reach_a_studio_by_its_name_through_a_proxy(tmp_path: Path) -> None:
    assert StudioOptions(tmp_path, port=80).address == "http://127.0.0.1:80"
    assert StudioOptions(tmp_path, host="::1").address == "http://[::1]:8765"
    named = StudioOptions(tmp_path, names=("studio.example.org",))
    assert (named.address, named.local) == ("https://studio.example.org", "http://127.0.0.1:8765")
