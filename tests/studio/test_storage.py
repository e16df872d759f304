"""Items and bundles in an object store: an S3-compatible server that runs for these tests."""

import dataclasses
import io
import json
import shutil
import socket
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image
from typer.testing import CliRunner

from tests.origin.test_delivery import Receiver
from tests.studio.fixtures import picture_row
from tests.studio.serving import Server, until
from zerosum.cli.app import app
from zerosum.errors import StudioError
from zerosum.studio.backups import back_up, restore
from zerosum.studio.models import Item, ItemBatch, Training
from zerosum.studio.runner import register
from zerosum.studio.storage import at_hand, keep, storage_settings

ADDRESS = "s3://shop/studio"


@pytest.mark.parametrize("address", ["shop", "gs://shop", "s3://", "s3://key:secret@shop/x"])
def test_other_places_are_refused(address: str) -> None:
    with pytest.raises(StudioError, match="is no place for files") as error:
        storage_settings(address)
    assert "secret" not in str(error.value)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of the server."""
    pytest.importorskip("storages", reason="no django-storages is installed")
    moto = pytest.importorskip("moto.server", reason="no moto is installed: pip install 'moto[s3]'")
    pytest.importorskip("flask_cors", reason="no flask-cors is installed")
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


def aws(server: str) -> dict[str, str]:
    """What the environment says of the server."""
    return {
        "AWS_ENDPOINT_URL": server, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip


@pytest.fixture
def bucket(
    server: str, folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """An empty bucket, which the studio of the test keeps its files in."""
    boto3: Any = pytest.importorskip("boto3", reason="no boto3 is installed")
    for name, value in aws(server).items():
        monkeypatch.setenv(name, value)
    settings.STUDIO = dataclasses.replace(settings.STUDIO, storage=ADDRESS)
    settings.STORAGES = storage_settings(ADDRESS)["STORAGES"]
    bucket = boto3.resource("s3").create_bucket(Bucket="shop")
    yield bucket
    bucket.objects.all().delete()
    bucket.delete()


def names(bucket: Any) -> list[str]:
    return sorted(one.key for one in bucket.objects.all())


def test_items_are_kept_and_found_again_without_the_folder(
    bucket: Any, training: Training, folder: Path, browser: Callable[..., Client]
) -> None:
    batch = ItemBatch.objects.create(project=training.project, training=training, n=1)
    row = picture_row(folder, "batch-1/000000.png")
    register(batch, [row])
    register(batch, [row])
    assert names(bucket) == ["studio/items/batch-1/000000.png"]
    item = Item.objects.get()
    whole = (folder / "items" / item.file).read_bytes()
    (folder / "items" / item.file).unlink()
    assert browser("viewer").get(f"/items/{item.pk}/file").content == whole
    assert (folder / "items" / item.file).read_bytes() == whole


@pytest.mark.slow
def test_a_studio_that_lives_in_a_bucket(
    server: str, tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Upload, items, thumbnails, bundle, delivery, backup, and a studio made of it elsewhere."""
    pytest.importorskip("c2pa", reason="the extra `origin` is not installed")
    for name, value in aws(server).items():
        monkeypatch.setenv(name, value)
    boto3: Any = pytest.importorskip("boto3", reason="no boto3 is installed")
    bucket = boto3.resource("s3").create_bucket(Bucket="shop")
    words = ("--storage", ADDRESS)
    studio = Server(tmp_path / "studio", environment | aws(server), *words).start()
    receiver = Receiver()
    try:
        studio.become_owner()
        eve = studio.join(studio.invite("expert"), "eve", "expert")
        studio.call("/projects", {"name": "Spring"})
        source = studio.upload("/projects/1/data/upload", "squares.zip", squares(80))
        assert studio.wait(f"/data/{source['id']}", state="done")["facts"]["count"] == 80
        studio.call("/trainings", {"data": 1, "recipe": "vanilla", "samples": 640})
        studio.wait("/trainings/1", state="done")
        hook = {"name": "Shop", "url": receiver.url, "allow_private": True}
        studio.call("/projects/1/webhooks", hook)
        studio.call("/batches", {"training": 1, "n": 3})
        until(
            lambda: [one["state"] for one in studio.call("/projects/1/copy")] == ["done"],
            "no copy is written",
        )
        seen = [{"id": one["id"]} for one in studio.call("/projects/1/items?size=9")["items"]]
        act = "/projects/1/items/act"
        studio.call(act, {"do": "accepted", "items": seen})
        studio.call(act, {"do": "approve", "items": seen}, token=eve)
        until(lambda: receiver.got, "nothing was delivered")
        until(lambda: studio.call("/bundles/1/deliveries")[0]["state"] == "done", "not noted")
        kept = names(bucket)
        for ending in (".png", ".t.png", ".n.png"):
            assert f"studio/items/batch-1/000000{ending}" in kept
        (packed,) = [one for one in kept if one.startswith("studio/bundles/")]
        assert bucket.Object(packed).get()["Body"].read() == receiver.got[0][2]

        for name in ("items", "bundles"):
            shutil.rmtree(studio.folder / name)
        assert page(studio, "/items/1/thumbnail").startswith(b"\x89PNG")
        assert page(studio, "/bundles/1/file/") == receiver.got[0][2]
        backup = str(tmp_path / "b.zip")
        invoke("backup", backup, "--folder", str(studio.folder), *words)
    finally:
        studio.stop()
        receiver.close()
    again = "s3://shop/again"
    invoke("restore", backup, "--folder", str(tmp_path / "again"), "--storage", again)
    new = Server(tmp_path / "again", environment | aws(server), "--storage", again)
    new.token, new.openers = studio.token, studio.openers
    new.start()
    try:
        assert [one["state"] for one in new.call("/projects/1/items")["items"]] == ["approved"] * 3
        shutil.rmtree(new.folder / "items")
        assert page(new, "/items/2/file").startswith(b"\x89PNG")
    finally:
        new.stop()
        bucket.objects.all().delete()
        bucket.delete()


def page(studio: Server, path: str) -> bytes:
    """What ada's browser gets."""
    return studio.openers["ada"].open(f"{studio.address}{path}").read()


def squares(n: int) -> bytes:
    """A zip of small images."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(n):
            picture = io.BytesIO()
            shade = Image.new("L", (12, 12), 3 * number)
            shade.paste(255 - 3 * number, (number % 8, number % 5, number % 8 + 4, 9))
            shade.save(picture, "PNG")
            archive.writestr(f"{number:03d}.png", picture.getvalue())
    return packed.getvalue()


def test_what_neither_has_is_not_found(
    bucket: Any, make_items: Callable[..., list[Item]], folder: Path,
    browser: Callable[..., Client],
) -> None:  # fmt: skip
    item = make_items(1)[0]
    (folder / "items" / item.file).unlink()
    assert browser("viewer").get(f"/items/{item.pk}/file").status_code == 404


def test_a_bucket_that_is_away_is_said(bucket: Any, folder: Path) -> None:
    path = folder / "items" / "a.txt"
    path.write_text("a")
    keep(path)
    assert json.dumps(names(bucket)) == '["studio/items/a.txt"]'
    bucket.objects.all().delete()
    bucket.delete()
    with pytest.raises(
        StudioError, match=r"a\.txt cannot be kept in s3://shop/studio: .*then retry"
    ):
        keep(path)
    bucket.create()


def test_a_server_that_is_away_is_said(
    bucket: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        settings.STORAGES = storage_settings(ADDRESS)["STORAGES"]
        with pytest.raises(StudioError, match=r"b\.txt cannot be fetched from s3://shop") as error:
            at_hand(folder / "items" / "b.txt")
    assert str(folder) not in str(error.value)


@pytest.fixture
def scattered(bucket: Any, tmp_path: Path) -> Path:
    """A studio of which one item lies in the folder, another in the bucket, and a third nowhere."""
    folder = tmp_path / "scattered"
    (folder / "items" / "batch-1").mkdir(parents=True)
    (folder / "secret.key").write_text("secret")
    (folder / "items" / "batch-1" / "0.png").write_bytes(b"here")
    bucket.put_object(Key="studio/items/batch-1/0.png", Body=b"here")
    bucket.put_object(Key="studio/items/batch-1/1.png", Body=b"there")
    bucket.put_object(Key="studio/bundles/bundle-1.zip", Body=b"bundle")
    with closing(sqlite3.connect(folder / "studio.sqlite3")) as database:
        database.execute("CREATE TABLE django_migrations (id INTEGER, app TEXT, name TEXT)")
        database.execute("CREATE TABLE studio_item (file TEXT, thumbnail TEXT, neighbour TEXT)")
        for name in ("0.png", "1.png", "2.png"):
            row = (f"batch-1/{name}", f"batch-1/{name}", "")
            database.execute("INSERT INTO studio_item VALUES (?, ?, ?)", row)
        database.commit()
    return folder


def invoke(*words: str) -> str:
    done = CliRunner().invoke(app, ["studio", *words])
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_a_backup_has_what_is_in_the_bucket_alone(
    scattered: Path, bucket: Any, tmp_path: Path
) -> None:
    zipped, folder = str(tmp_path / "b.zip"), ("--folder", str(scattered))
    said = invoke("backup", zipped, *folder, "--storage", ADDRESS)
    assert "1 files of items are not in it" in said
    assert "items/batch-1/2.png" in said

    bucket.objects.filter(Prefix="studio").delete()
    new = tmp_path / "new"
    invoke("restore", zipped, "--folder", str(new), "--storage", "s3://shop/again")
    kept = {"items/batch-1/0.png": b"here", "items/batch-1/1.png": b"there"}
    kept["bundles/bundle-1.zip"] = b"bundle"
    assert names(bucket) == sorted(f"again/{name}" for name in kept)
    for name, body in kept.items():
        assert bucket.Object(f"again/{name}").get()["Body"].read() == body
        assert (new / name).read_bytes() == body


def test_a_backup_without_the_bucket_says_what_it_lacks(scattered: Path, tmp_path: Path) -> None:
    said = invoke("backup", str(tmp_path / "b.zip"), "--folder", str(scattered))
    assert "2 files of items are not in it" in said
    assert "started with --storage, name it here too" in said


def test_a_bucket_with_other_files_is_left_alone(
    scattered: Path, bucket: Any, tmp_path: Path
) -> None:
    backup = tmp_path / "b.zip"
    back_up(scattered, backup, storage=ADDRESS)
    restore(backup, tmp_path / "same", storage=ADDRESS)  # what is there is the same
    bucket.put_object(Key="studio/items/batch-1/1.png", Body=b"other")
    with pytest.raises(StudioError, match=r"holds another items/batch-1/1.png.*that is free"):
        restore(backup, tmp_path / "new", storage=ADDRESS)
    assert not (tmp_path / "new").exists()
    with pytest.raises(StudioError, match=r"s3://nowhere cannot be used: .*bucket is there"):
        back_up(scattered, tmp_path / "c.zip", storage="s3://nowhere")
    assert not (tmp_path / "c.zip").exists()
