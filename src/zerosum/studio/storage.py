"""Files of items and bundles: in the studio's folder, and in an object store where one is named.

The folder holds what this machine has made or looked at; what is missing there is fetched.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest, sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.utils.module_loading import import_string

from zerosum.errors import MissingExtraError, StudioError
from zerosum.runs.files import make_folder, write_whole

_PIECE = 1 << 20


def storage_settings(address: str | None) -> dict[str, Any]:
    """Django's `STORAGES` for an address such as `s3://bucket/prefix`; none for None.

    Raises:
        StudioError: it is no such address.
        MissingExtraError: django-storages is not installed.
    """
    if address is None:
        return {}
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or parts.query:
        raise StudioError(
            f"--storage {address.rpartition('@')[2]!r} is no place for files. Give "
            "s3://BUCKET/PREFIX, and keys in the environment (AWS_ACCESS_KEY_ID, …); or leave it "
            "out for the studio's folder."
        )
    if find_spec("storages") is None or find_spec("boto3") is None:
        raise MissingExtraError(
            "--storage needs django-storages with boto3, which is not installed. Run: pip install "
            "'zerosum[studio]'."
        )
    store = {"bucket_name": parts.netloc, "location": parts.path.strip("/"), "default_acl": None}
    return {
        "STORAGES": {
            "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": store},
            "staticfiles": {
                "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
            },
        },
    }


class ObjectStore:
    """A place for files by its address, apart from any studio that runs."""

    def __init__(self, address: str) -> None:
        self.address = address
        given = storage_settings(address)["STORAGES"]["default"]
        if not settings.configured:
            settings.configure()
        self._store = import_string(given["BACKEND"])(**given["OPTIONS"])

    def names(self, *folders: str) -> Iterator[str]:
        """The names of all files below `folders`.

        Raises:
            StudioError: it cannot be read.
        """
        for folder in folders:
            with self._said():
                below, files = self._store.listdir(folder)
            yield from (f"{folder}/{name}" for name in files if name)
            yield from self.names(*(f"{folder}/{name}" for name in below))

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """A file to read.

        Raises:
            StudioError: it cannot be read.
        """
        with self._said(), self._store.open(name) as source:
            yield source

    def put(self, name: str, path: Path) -> None:
        """Keep a file under a name; one that is there already has to be the same.

        Raises:
            StudioError: another file has the name, or it cannot be kept.
        """
        with self._said(), path.open("rb") as mine:
            if not self._store.exists(name):
                self._store.save(name, File(mine))
                return
            with self._store.open(name) as there:
                same = file_digest(mine, "sha256").digest() == _digest(there)
        if not same:
            raise StudioError(
                f"{self.address} holds another {name}, and nothing there is overwritten. Name a "
                "bucket or a prefix that is free."
            )

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except _failures() as error:
            raise StudioError(
                f"{self.address} cannot be used: {error}. See that the bucket is there, that the "
                "keys are in the environment, and that they allow it."
            ) from error


def _digest(source: IO[bytes]) -> bytes:
    found = sha256()
    while piece := source.read(_PIECE):
        found.update(piece)
    return found.digest()


def keep(path: Path) -> None:
    """Put a file of the studio's folder into the object store too; again changes nothing.

    Raises:
        StudioError: the store does not take it.
    """
    if settings.STUDIO.storage is None:
        return
    try:
        with path.open("rb") as handle:
            default_storage.save(_name(path), File(handle))
    except _failures() as error:
        raise StudioError(
            f"{path.name} cannot be kept in {settings.STUDIO.storage}: {error}. See that the "
            "bucket is there and that the studio may write to it, then retry."
        ) from error


def at_hand(path: Path) -> Path:
    """A file of the studio's folder, fetched from the object store where it is missing.

    Raises:
        StudioError: the store cannot be read; that it does not have the file is no error here.
    """
    if settings.STUDIO.storage is None or path.is_file():
        return path
    try:
        if not default_storage.exists(_name(path)):
            return path
        make_folder(path.parent)
        with default_storage.open(_name(path)) as source:
            write_whole(path, lambda aside: _copy(source, aside))
    except _failures() as error:
        raise StudioError(
            f"{path.name} cannot be fetched from {settings.STUDIO.storage}: {error}."
        ) from error
    return path


def _copy(source: Any, aside: Path) -> None:
    with aside.open("wb") as target:
        while piece := source.read(_PIECE):
            target.write(piece)


def _name(path: Path) -> str:
    return path.resolve().relative_to(settings.STUDIO.folder.resolve()).as_posix()


def _failures() -> tuple[type[Exception], ...]:
    errors = import_module("botocore.exceptions")
    return (errors.BotoCoreError, errors.ClientError, OSError)
