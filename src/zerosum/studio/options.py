"""What a studio is started with."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from zerosum.errors import StudioError
from zerosum.studio.logs import LogForm

DEFAULT_PORT = 8765


@dataclass(frozen=True)
class StudioOptions:
    """Where a studio keeps its state, and where it listens.

    Attributes:
        folder: files of every kind: data, runs, items, the secret key.
        database: a URL of PostgreSQL; if not given, SQLite in the folder.
        storage: `s3://bucket/prefix`, where items and bundles are kept beside the folder.
        host: the address to listen at.
        port: the port to listen at.
        names: names beside `localhost` that browsers may use for this server.
        most_upload: bytes that one upload may have.
        trainings: trainings that each process runs at a time.
        samplings: samplings that each process runs at a time.
        does_jobs: whether this process does jobs, and does not leave them to workers.
        threads: processor threads of each job.
        log: how the server logs.
    """

    folder: Path
    database: str | None = None
    storage: str | None = None
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    names: tuple[str, ...] = ()
    most_upload: int = 2 << 30
    trainings: int = 1
    samplings: int = 1
    does_jobs: bool = True
    log: LogForm = LogForm.PLAIN
    threads: int = field(default_factory=lambda: max(1, (os.cpu_count() or 2) // 2))

    @property
    def address(self) -> str:
        """Where people reach it: by its first name through a proxy with HTTPS, if it has one."""
        return f"https://{self.names[0]}" if self.names else self.local

    @property
    def local(self) -> str:
        """Where it listens, as browsers on this machine name it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def runs(self) -> Path:
        """Where the run folders lie."""
        return self.folder / "runs"

    @property
    def jobs(self) -> Path:
        """Where jobs keep their orders and what they made."""
        return self.folder / "jobs"

    @property
    def uploads(self) -> Path:
        """Where uploaded data lies."""
        return self.folder / "uploads"

    @property
    def items(self) -> Path:
        """Where items lie."""
        return self.folder / "items"

    @property
    def bundles(self) -> Path:
        """Where bundles lie."""
        return self.folder / "bundles"

    @property
    def identity(self) -> Path:
        """Where the certificate lies that bundles are signed with, and its key."""
        return self.folder / "identity"


def database_settings(options: StudioOptions) -> dict[str, Any]:
    """The `DATABASES["default"]` of Django.

    Raises:
        StudioError: the URL names no PostgreSQL database.
    """
    if options.database is None:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(options.folder / "studio.sqlite3"),
            "OPTIONS": {
                "timeout": 30,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
                "PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY;",
            },
        }
    parts = postgres_parts(options.database)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
        "CONN_HEALTH_CHECKS": True,
    }


def postgres_parts(url: str) -> Any:
    """The parts of a URL of PostgreSQL.

    >>> postgres_parts("postgresql://ada@db.example/studio").path
    '/studio'

    Raises:
        StudioError: it is not such a URL.
    """
    parts: Any = None
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("postgresql", "postgres") and parts.path.strip("/")
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        sound = ""
    if not sound:
        shown = url.partition("://")[0] + "://…" if "://" in url else repr(url)
        raise StudioError(
            f"--database {shown} is not a URL of a PostgreSQL database. Give "
            "postgresql://USER:PASSWORD@HOST:PORT/NAME, or leave it out for SQLite in the folder."
        )
    return parts


def workflow_database(options: StudioOptions) -> str:
    """Where the workflow engine keeps its state, as SQLAlchemy names it."""
    if options.database is None:
        return f"sqlite:///{(options.folder / 'workflows.sqlite3').resolve()}"
    parts = postgres_parts(options.database)
    return parts._replace(scheme="postgresql+psycopg").geturl()
