"""A database of an older form comes to the newest one, and nothing of it is lost."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connections, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from PIL import Image

from tests.studio.serving import Server
from zerosum.studio.acts.people import digest_of
from zerosum.studio.backups import back_up, restore

_ALIAS = "older"
_OF_DJANGO = ("studio_user_groups", "studio_user_user_permissions")
"""Tables that the studio has no use for."""
_NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
_FIRST, _WHOLE = "0001_initial", "0003_copy_and_bundles"
"""The first form, and the first that a pipeline from the order to the delivery had."""


@pytest.fixture
def older(tmp_path: Path, django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """The connection to an empty database beside that of the tests, of the same kind."""
    given = connections["default"].settings_dict
    with django_db_blocker.unblock():
        name = str(tmp_path / "studio.sqlite3")
        if connections["default"].vendor == "postgresql":
            name = "studio_older"
            with connections["default"].cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {name}")
        connections.databases[_ALIAS] = {**given, "NAME": name}
        yield connections[_ALIAS]
        connections[_ALIAS].close()
        del connections.databases[_ALIAS]
        del connections[_ALIAS]
        if connections["default"].vendor == "postgresql":
            with connections["default"].cursor() as cursor:
                cursor.execute(f"DROP DATABASE {name}")


def bring_to(connection: Any, *steps: str) -> Any:
    """Bring a database to the form after these steps; without any, to the newest.

    Returns:
        The models as they were then.
    """
    executor = MigrationExecutor(connection)
    leaves = [one for one in executor.loader.graph.leaf_nodes() if not steps or one[0] != "studio"]
    executor.migrate([*leaves, *(("studio", step) for step in steps)])
    return executor.loader.project_state([("studio", step) for step in steps] or leaves).apps


def fill(apps: Any) -> None:
    """Two rows in every table of the studio that has none, each field with a value."""
    left = [one for one in apps.get_models() if one._meta.app_label == "studio"]
    while left:
        ready = [one for one in left if not {*_needed(one)} & {*left} - {one}]
        for model in ready:
            if not model.objects.using(_ALIAS).exists():
                for number in (1, 2):
                    _row(model, number)
        left = [one for one in left if one not in ready]


def _needed(model: Any) -> list[Any]:
    fields = [*model._meta.fields, *model._meta.many_to_many]
    return [one.related_model for one in fields if one.related_model and not one.null]


def _row(model: Any, number: int) -> None:
    values = {}
    for field in model._meta.fields:
        if field.primary_key:
            values[field.name] = number
        elif field.related_model is not None:
            there = field.related_model.objects.using(_ALIAS)
            values[field.name] = there.filter(pk=number).first()
        else:
            values[field.name] = _value(field, number)
    made = model(**values)
    made.save(using=_ALIAS, force_insert=True)
    for field in model._meta.many_to_many:
        if not field.remote_field.through._meta.auto_created:
            continue
        getattr(made, field.name).add(*field.related_model.objects.using(_ALIAS).all())


def _value(field: Any, number: int) -> Any:
    if isinstance(field, models.JSONField):
        return {"names": ["ä", "🎨"], "deep": {"n": number}}
    if isinstance(field, models.BooleanField):
        return number == 1
    if isinstance(field, models.FloatField):
        return 0.1 * number
    if isinstance(field, models.IntegerField):
        return number
    if isinstance(field, models.DateTimeField):
        return _NOON
    choices = [value for value, _ in field.choices or []]
    return choices[-1] if choices else f"ä {field.name} {number}"[: field.max_length]


def content(connection: Any) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables of the studio, in an order that stays."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith("studio_") and table not in _OF_DJANGO:
                cursor.execute(f'SELECT * FROM "{table}"')
                names = [one[0] for one in cursor.description]
                rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
                found[table] = sorted(rows, key=lambda row: row["id"])
    return found


def test_nothing_is_lost_from_any_form_to_the_newest(older: Any) -> None:
    steps = sorted(
        name for app, name in MigrationLoader(older).graph.nodes if app == "studio"
    )  # fmt: skip
    assert steps[0] == _FIRST
    before: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        apps = bring_to(older, step)
        _same(before, content(older))
        fill(apps)  # what is new
        before = content(older)
        assert all(before.values()), [name for name, rows in before.items() if not rows]


def _same(before: dict[str, Any], after: dict[str, Any]) -> None:
    for table, rows in before.items():
        kept = [
            {name: now[name] for name in was} for was, now in zip(rows, after[table], strict=True)
        ]
        assert kept == rows, table


@pytest.mark.slow
def test_a_backup_of_an_older_studio_goes_on_in_this_one(
    older: Any, tmp_path: Path, environment: dict[str, str]
) -> None:
    if older.vendor != "sqlite":
        pytest.skip("PostgreSQL is backed up by pg_dump")
    old = tmp_path / "old"
    for name in ("items/batch-1", "jobs", "runs", "uploads", "bundles"):
        (old / name).mkdir(parents=True)
    (old / "secret.key").write_text("a secret of the old studio that is long enough to be one")
    for number in range(4):
        Image.new("L", (8, 8), number).save(old / "items" / "batch-1" / f"{number}.png")
    make_older(bring_to(older, _WHOLE))
    before = content(older)
    older.close()
    (tmp_path / "studio.sqlite3").rename(old / "studio.sqlite3")
    back_up(old, tmp_path / "backup.zip")
    new = tmp_path / "new"
    assert restore(tmp_path / "backup.zip", new)["steps"][-1] == _WHOLE
    server = Server(new, environment).start()
    try:
        server.token = "zs_older"
        (project,) = server.call("/projects")
        assert project["name"] == "Spring"
        items = server.call("/projects/1/items?sort=oldest&size=10")["items"]
        assert [one["state"] for one in items] == ["new", "accepted", "rejected", "approved"]
        assert server.call("/items/4/copy")[0]["words"]["title"] == "The number three"
        assert server.call("/trainings/1")["capacity"] == "small"
        assert server.wait("/bundles/1", state="done")["facts"]["items"] == 1  # it went on
        done = server.call("/projects/1/items/act", {"do": "accepted", "items": [{"id": 1}]})
        assert done[0]["state"] == "accepted"
    finally:
        server.stop()
    assert before["studio_act"]


def make_older(apps: Any) -> None:
    """A project in the middle of its work, as people leave it."""

    def add(kind: str, **values: Any) -> Any:
        model = apps.get_model("studio", kind)
        made = model(**values)
        made.save(using=_ALIAS)
        return made

    ada = add("User", username="ada", role="owner", password=make_password("a good secret"))
    eve = add("User", username="eve", role="expert", password=make_password("a good secret"))
    add("Token", user=ada, name="old", role="owner", digest=digest_of("zs_older"), beginning="zs_")
    project = add("Project", name="Spring", by=ada)
    about = {"project": project, "by": ada, "created": _NOON}
    data = add(
        "DataSource", **about, name="digits", origin="built-in", place="digits", state="done",
        facts={"kind": "image", "unit": "images", "labels": ["3"], "count": 1797},
    )  # fmt: skip
    training = add("Training", **about, data=data, recipe="cgan", samples=640, state="done")
    batch = add("ItemBatch", **about, training=training, n=4, gathered=4, state="done", step=10)
    states = ("new", "accepted", "rejected", "approved")
    items = [
        add(
            "Item", project=project, batch=batch, index=index, medium="picture", state=state,
            file=f"batch-1/{index}.png", thumbnail=f"batch-1/{index}.png", label="3",
            facts={"model": "f" * 32}, decided_by=None if state == "new" else ada,
            approved_by=eve if state == "approved" else None,
        )
        for index, state in enumerate(states)
    ]  # fmt: skip
    for item in items:
        add("Act", what=f"item.{item.state}", on=f"item:{item.pk}", project=project, user=ada)
    item = items[-1]
    words = {"title": "The number three", "body": "A three.", "alt_text": "3", "tags": [],
             "language": "en"}  # fmt: skip
    item.copy = add("CopyText", item=item, words=words, author="template")
    item.save(using=_ALIAS)
    bundle = add("BundleOrder", **about, title="Spring", state="running")
    bundle.items.add(item)
