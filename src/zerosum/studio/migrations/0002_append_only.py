"""The database itself refuses to change or shorten the audit log."""

from typing import Any

from django.db import migrations

_WORDS = "the audit log is not changed"
_SQLITE = [
    f"CREATE TRIGGER studio_act_{verb} BEFORE {verb.upper()} ON studio_act "
    f"BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END;"
    for verb in ("update", "delete")
]
_POSTGRES = [
    "CREATE FUNCTION studio_act_stays() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_WORDS}'; END $$;",
    "CREATE TRIGGER studio_act_stays BEFORE UPDATE OR DELETE ON studio_act "
    "FOR EACH ROW EXECUTE FUNCTION studio_act_stays();",
]


def protect(_apps: Any, editor: Any) -> None:
    """Add the triggers."""
    for statement in _SQLITE if editor.connection.vendor == "sqlite" else _POSTGRES:
        editor.execute(statement)


class Migration(migrations.Migration):
    """Triggers on the log."""

    dependencies = [("studio", "0001_initial")]
    operations = [migrations.RunPython(protect, migrations.RunPython.noop)]
