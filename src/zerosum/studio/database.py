"""The database: brought to this version's form, and left alone where it is of a newer one."""

from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from zerosum.errors import StudioError


def migrate() -> None:
    """Bring the database to the form that this version of the studio uses.

    Raises:
        StudioError: it cannot be reached, or was written by a newer zerosum; it is left alone.
    """
    try:
        require_known()
        call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        first = str(error).strip().partition("\n")[0]
        raise StudioError(
            f"cannot use the database: {first}. See that it runs, and that --database names it."
        ) from error


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
