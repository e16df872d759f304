"""What those who run a studio have: figures, logs, readiness, tags, backups."""

import json
import logging
import sqlite3
import stat
import warnings
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from zerosum.cli.app import app
from zerosum.errors import StudioError
from zerosum.studio.acts import brand
from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.people import make_token
from zerosum.studio.acts.publishing import add_webhook
from zerosum.studio.api.root import api
from zerosum.studio.backups import back_up, restore
from zerosum.studio.logs import JsonLines, LogForm, set_up
from zerosum.studio.models import (
    BundleOrder,
    CopyOrder,
    CopyText,
    Item,
    Project,
    Training,
    User,
    WebhookDelivery,
)

Make = Callable[..., list[Item]]


def bearer(who: Actor, role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {make_token(who, 'test', role)}"}


def figures(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_figures_are_read_with_a_token(make_items: Make, ada: Actor) -> None:
    make_items(3)
    Item.objects.filter(index=0).update(state="accepted")
    client = Client()
    client.get("/health")
    answer = client.get("/metrics", headers=bearer(ada, "developer"))
    found = figures(answer.content.decode())
    assert found["zerosum_studio_items", (("state", "new"),)] == 2
    assert found["zerosum_studio_items", (("state", "accepted"),)] == 1
    assert found["zerosum_studio_jobs", (("kind", "train"), ("state", "done"))] == 1
    seen = (("method", "GET"), ("route", "/health"), ("status", "200"))
    assert found["zerosum_studio_request_seconds_count", seen] >= 1
    assert any(name == "process_resident_memory_bytes" for name, _ in found)


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("expert", 403), ("owner", 200)])
def test_figures_are_for_owners_and_developers(
    role: str, status: int, db: None, ada: Actor
) -> None:
    assert Client().get("/metrics", headers=bearer(ada, role)).status_code == status


def test_a_token_that_is_none_is_refused(db: None, ada: Actor) -> None:
    headers = {"Authorization": "Bearer zs_x"}
    assert Client().get("/metrics", headers=headers).status_code == 401
    assert User.objects.get(username="ada").role == "owner"


def test_a_request_keeps_its_id_and_says_no_secret(
    db: None, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="zerosum"):
        answer = Client().get("/join/very-secret/", headers={"X-Request-ID": "proxy-7"})
    assert answer["X-Request-ID"] == "proxy-7"
    lines = [json.loads(JsonLines().format(one)) for one in caplog.records]
    (line,) = [one for one in lines if one["logger"] == "zerosum.studio.requests"]
    assert (line["method"], line["route"]) == ("GET", "/join/<str:secret>/")
    assert line["milliseconds"] > 0
    (problem,) = [one for one in lines if one["logger"] == "django.request"]
    assert problem["request_id"] == "proxy-7"
    assert "very-secret" not in json.dumps(lines)
    odd = Client().get("/health", headers={"X-Request-ID": "a b\n{}"})["X-Request-ID"]
    assert len(odd) == 16


def test_logs_are_json_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        set_up(LogForm.JSON)
        try:
            raise ValueError("odd\nthing")
        except ValueError:
            logging.getLogger("zerosum.studio").exception("job %s", 3)
        logging.getLogger("dbos").info("chatter")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        logging.getLogger("zerosum").setLevel(logging.NOTSET)
    (line,) = [json.loads(one) for one in capsys.readouterr().err.splitlines()]
    assert (line["level"], line["message"]) == ("error", "job 3")
    assert "ValueError: odd\nthing" in line["exception"]


def test_a_full_disk_is_not_ready(db: None, folder: Path, monkeypatch: Any) -> None:
    from zerosum.studio.pages import operations

    assert Client().get("/ready").json() == {"status": "ok"}
    monkeypatch.setattr(operations, "_LEAST_ROOM", 1 << 62)
    answer = Client().get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "no room on the disk"})


def test_what_is_known_is_not_sent_again(training: Training, ada: Actor) -> None:
    client, headers = Client(), bearer(ada, "owner")
    for path in (f"/api/v1/trainings/{training.pk}", "/api/v1/projects"):
        tag = client.get(path, headers=headers)["ETag"]
        again = client.get(path, headers=headers | {"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
    Training.objects.update(progress=0.5)
    path = f"/api/v1/trainings/{training.pk}"
    fresh = client.get(path, headers=headers | {"If-None-Match": tag})
    assert fresh.status_code == 200


def test_nobody_writes_over_what_they_have_not_seen(
    make_items: Make, project: Project, ada: Actor, eve: Actor
) -> None:
    item = make_items(1)[0]
    client, mine, hers = Client(), bearer(ada, "owner"), bearer(eve, "expert")
    tag = client.get(f"/api/v1/items/{item.pk}", headers=mine)["ETag"]

    def act(headers: dict[str, str], do: str) -> Any:
        body = {"do": do, "items": [{"id": item.pk}]}
        path = f"/api/v1/projects/{project.pk}/items/act"
        return client.post(path, body, "application/json", headers=headers)

    assert act(hers | {"If-Match": tag}, "accepted").status_code == 200
    late = act(mine | {"If-Match": tag}, "rejected")
    assert late.status_code == 412
    assert late["Content-Type"] == "application/problem+json"
    assert "Get it again" in late.json()["detail"]
    assert Item.objects.get().state == "accepted"
    assert act(mine, "rejected").status_code == 200


def test_a_job_that_went_on_is_not_cancelled_unseen(
    training: Training, ada: Actor, started: list[str]
) -> None:
    Training.objects.update(state="running")
    client, headers = Client(), bearer(ada, "owner")
    path = f"/api/v1/trainings/{training.pk}"
    tag = client.get(path, headers=headers)["ETag"]
    Training.objects.update(state="done")
    answer = client.post(f"{path}/cancel", headers=headers | {"If-Match": tag})
    assert answer.status_code == 412


_HOOK = "http://127.0.0.1:9/"
_BODIES: dict[str, Any] = {
    "projects/{p}/writer": {"base_url": _HOOK, "model": "m", "allow_private": True},
    "projects/{p}/rules": {"rules": [{"kind": "alt_text"}]},
    "projects/{p}/prompts": {"name": "plain", "text": "Write of $facts"},
    "projects/{p}/webhooks": {"name": "Two", "url": _HOOK, "allow_private": True},
    "items/{i}/copy": {"title": "C", "body": "D"},
}


@pytest.mark.parametrize(
    ("seen", "change", "write"),
    [
        ("projects/{p}/writer", "projects/{p}/writer", "projects/{p}/writer/forget"),
        ("projects/{p}/writer", "projects/{p}/writer/forget", "projects/{p}/writer"),
        ("projects/{p}/rules", "projects/{p}/rules", "projects/{p}/rules"),
        ("projects/{p}/prompts", "projects/{p}/prompts", "projects/{p}/prompts"),
        ("items/{i}/copy", "items/{i}/copy", "items/{i}/copy"),
        ("copy/{t}", "items/{i}/copy", "copy/{t}/choose"),
        ("copy/{t}", "items/{i}/copy", "copy/{t}/mend"),
        ("projects/{p}/bundles", "projects/{p}/bundles", "projects/{p}/bundles"),
        ("bundles/{b}", "bundles/{b}/retry", "bundles/{b}/cancel"),
        ("copy-orders/{o}", "copy-orders/{o}/retry", "copy-orders/{o}/cancel"),
        ("deliveries/{d}", "deliveries/{d}/retry", "deliveries/{d}/cancel"),
        ("projects/{p}/webhooks", "projects/{p}/webhooks", "webhooks/{w}/remove"),
        ("projects/{p}/webhooks", "projects/{p}/webhooks", "projects/{p}/webhooks"),
    ],
)
def test_no_write_is_about_what_was_not_seen(
    make_items: Make, project: Project, ada: Actor, started: list[str],
    seen: str, change: str, write: str,
) -> None:  # fmt: skip
    client, headers = Client(), bearer(ada, "owner")
    (item,) = make_items(1, state="new" if "copy" in change else "approved", facts={"model": "m"})
    words = {"title": "A", "body": "B", "alt_text": "", "tags": [], "language": "en"}
    text = CopyText.objects.create(item=item, words=words, author="template")
    Item.objects.update(copy=text)
    brand.set_writer(ada, project, _BODIES["projects/{p}/writer"] | {"model": "first"}, key="")
    hook, _ = add_webhook(ada, project, name="One", url=_HOOK, allow_private=True)
    order = CopyOrder.objects.create(project=project, state="failed")
    bundle = BundleOrder.objects.create(project=project, title="One", state="failed")
    delivery = WebhookDelivery.objects.create(
        project=project, bundle=bundle, webhook=hook, state="failed"
    )
    names = {
        "p": project.pk, "i": item.pk, "t": text.pk, "b": bundle.pk, "w": hook.pk, "o": order.pk,
        "d": delivery.pk,
    }  # fmt: skip

    def post(address: str, tag: str) -> Any:
        path, body = f"/api/v1/{address.format(**names)}", _BODIES.get(address, {"hit": 0})
        return client.post(path, body, "application/json", headers=headers | {"If-Match": tag})

    path = f"/api/v1/{seen.format(**names)}"
    tag = client.get(path, headers=headers)["ETag"]
    assert client.get(path, headers=headers | {"If-None-Match": tag}).status_code == 304
    assert post(change, tag if change == seen else "*").status_code in (200, 201)
    late = post(write, tag)
    assert late.status_code == 412
    assert "not as If-Match says: somebody or something has changed it" in late.json()["detail"]
    assert post(write, client.get(path, headers=headers)["ETag"]).status_code != 412


def test_the_description_of_the_api_is_sound() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema: Any = api.get_openapi_schema()
    assert schema["openapi"].startswith("3.1")
    operations = [one for path in schema["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))
    assert not any(one.get("deprecated") for one in operations)
    assert all(one.get("description") or one.get("summary") for one in operations)


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    """A folder as a studio leaves it, small."""
    folder = tmp_path / "studio"
    (folder / "items" / "batch-1").mkdir(parents=True)
    (folder / "items" / "batch-1" / "000000.png").write_bytes(b"picture")
    (folder / "secret.key").write_text("secret")
    (folder / "server.lock").write_text("1")
    with closing(sqlite3.connect(folder / "studio.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE django_migrations (id INTEGER, app TEXT, name TEXT)")
        database.execute("INSERT INTO django_migrations VALUES (1, 'studio', '0001_initial')")
        database.execute("CREATE TABLE things (name TEXT)")
        database.execute("INSERT INTO things VALUES ('one')")
        database.commit()
    return folder


def test_a_backup_of_a_studio_at_work_comes_back(studio: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(studio / "studio.sqlite3")) as writing:
        writing.execute("INSERT INTO things VALUES ('two')")
        writing.commit()  # in the journal, and not in the file yet
        writing.execute("INSERT INTO things VALUES ('three')")  # not complete
        run = CliRunner().invoke(
            app, ["studio", "backup", str(tmp_path / "b.zip"), "--folder", str(studio)]
        )
    assert run.exit_code == 0, run.output
    assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600
    run = CliRunner().invoke(
        app, ["studio", "restore", str(tmp_path / "b.zip"), "--folder", str(tmp_path / "new")]
    )
    assert run.exit_code == 0, run.output
    new = tmp_path / "new"
    with closing(sqlite3.connect(new / "studio.sqlite3")) as database:
        found = [row[0] for row in database.execute("SELECT name FROM things")]
    assert found == ["one", "two"]
    assert (new / "items" / "batch-1" / "000000.png").read_bytes() == b"picture"
    assert not (new / "server.lock").exists()
    assert stat.S_IMODE(new.stat().st_mode) == 0o700


def test_nothing_is_overwritten(studio: Path, tmp_path: Path) -> None:
    back_up(studio, tmp_path / "b.zip")
    with pytest.raises(StudioError, match="exists already"):
        back_up(studio, tmp_path / "b.zip")
    with pytest.raises(StudioError, match="is not empty"):
        restore(tmp_path / "b.zip", studio)


def test_postgres_has_its_own_tool(studio: Path, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="pg_dump"):
        back_up(studio, tmp_path / "b.zip", database="postgresql://x/y")
    with pytest.raises(StudioError, match=r"holds no studio on SQLite.*pg_dump"):
        back_up(tmp_path / "nothing", tmp_path / "b.zip")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda note: note | {"steps": ["0999_future"]}, "newer zerosum.*Upgrade"),
        (lambda note: note | {"form": 99}, "newer zerosum"),
        (lambda note: {}, "no backup of a studio"),
    ],
)
def test_other_backups_are_refused(
    change: Callable[[Any], Any], message: str, studio: Path, tmp_path: Path
) -> None:
    back_up(studio, tmp_path / "b.zip")
    rewrite(tmp_path / "b.zip", tmp_path / "c.zip", change)
    with pytest.raises(StudioError, match=message):
        restore(tmp_path / "c.zip", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / ".new.restored").exists()


def test_a_stranger_s_zip_writes_nowhere_else(studio: Path, tmp_path: Path) -> None:
    back_up(studio, tmp_path / "b.zip")
    rewrite(tmp_path / "b.zip", tmp_path / "c.zip", lambda note: note, extra="../evil")
    with pytest.raises(StudioError, match="outside the folder"):
        restore(tmp_path / "c.zip", tmp_path / "new")
    assert not (tmp_path / "evil").exists()


def test_a_damaged_database_is_not_restored(studio: Path, tmp_path: Path) -> None:
    back_up(studio, tmp_path / "b.zip")
    rewrite(tmp_path / "b.zip", tmp_path / "c.zip", lambda note: note, damage="studio.sqlite3")
    with pytest.raises(StudioError, match=r"studio.sqlite3 in .* is damaged"):
        restore(tmp_path / "c.zip", tmp_path / "new")
    (tmp_path / "d.zip").write_bytes(b"PK no zip")
    with pytest.raises(StudioError, match="cannot restore"):
        restore(tmp_path / "d.zip", tmp_path / "new")


def rewrite(
    source: Path, target: Path, change: Callable[[Any], Any], *, extra: str = "", damage: str = ""
) -> None:
    """A backup as somebody else might have made it."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "backup.json":
                data = json.dumps(change(json.loads(data))).encode()
            if name == damage:
                data = data[:100] + bytes(len(data) - 100)
            new.writestr(name, data)
        if extra:
            new.writestr(extra, b"x")


def test_the_page_of_the_api_lists_all_of_it(db: None) -> None:
    text = Client().get("/api/v1/docs").content.decode()
    schema: Any = api.get_openapi_schema()
    for path, methods in schema["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}</code>" in text
    for name in schema["components"]["schemas"]:
        assert f'id="shape-{name}"' in text
    assert "owners and content experts" in text.lower()
    assert "<script src" not in text.replace('<script src="/static/django_htmx', "")


def test_a_session_that_is_over_is_said_in_a_piece(db: None) -> None:
    for headers in ({"HX-Request": "true", "Accept": "text/html"}, {}, {"Accept": "image/*"}):
        answer = Client().get("/metrics", headers=headers)
        assert (answer.status_code, answer["HX-Redirect"]) == (401, "/sign-in/")
        assert b"Nobody is signed in here" in answer.content
