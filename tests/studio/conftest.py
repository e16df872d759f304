"""Fixtures of the studio, which can be imported once Django is ready."""

from tests.studio_ready import MISSING, make_ready

if not MISSING:
    make_ready()
    from tests.studio.fixtures import (  # noqa: F401
        ada,
        browser,
        eve,
        folder,
        make_items,
        person,
        project,
        shots,
        started,
        training,
    )
