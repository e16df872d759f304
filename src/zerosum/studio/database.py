"""The database: brought to this version's form, and left alone where it is of a newer one."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from zerosum.errors import StudioError

_LOCK = 0x7A65726F
"""Of PostgreSQL, taken while the database is brought to its form: "zero"."""


def migrate() -> None:
    """Bring the database to the form that this version of the studio uses.

    Raises:
        StudioError: it cannot be reached, or was written by a newer zerosum; it is left alone.
    """
    try:
        with _alone():
            require_known()
            call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        first = str(error).strip().partition("\n")[0]
        raise StudioError(
            f"cannot use the database: {first}. See that it runs, and that --database names it."
        ) from error


@contextmanager
def _alone() -> Iterator[None]:
    """Keep other processes that start at the same time waiting; SQLite has one server alone."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def require_known() -> None:
    """Refuse a database that has steps this version does not know.

    Raises:
        StudioError: it has.
    """
    loader = MigrationLoader(connection)
    known = set(loader.disk_migrations)
    newer = sorted(set(loader.applied_migrations or {}) - known)
    ours = [name for app, name in newer if app in {app for app, _ in known}]
    if ours:
        raise StudioError(
            f"this database was written by a newer zerosum: it has the step {ours[-1]!r}, which "
            "this version does not know. Upgrade: pip install -U 'zerosum[studio]'. Nothing was "
            "changed."
        )


def is_ready() -> bool:
    """Whether the database answers, in the form that this version uses."""
    try:
        loader = MigrationLoader(connection)
    except DatabaseError:
        return False
    return set(loader.disk_migrations) <= set(loader.applied_migrations or {})
