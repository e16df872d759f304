"""Items and bundles in an object store: an S3-compatible server that runs for these tests."""

import dataclasses
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.studio.fixtures import picture_row
from zerosum.errors import StudioError
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


@pytest.fixture
def bucket(
    server: str, folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """An empty bucket, which the studio of the test keeps its files in."""
    boto3: Any = pytest.importorskip("boto3", reason="no boto3 is installed")
    for name, value in {
        "AWS_ENDPOINT_URL": server, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
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
