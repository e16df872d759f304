"""Django for tests of the studio, made ready when they are collected and not before."""

import importlib.util
import os
import tempfile
from pathlib import Path

NEEDED = ("django", "ninja", "dbos", "axes", "prometheus_client", "pytest_django")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]


DATABASE = "ZEROSUM_TEST_DATABASE"
"""A URL of PostgreSQL to test on, in place of SQLite."""


def make_ready() -> None:
    """Configure Django once in this process, with a folder of its own."""
    from zerosum.studio.options import StudioOptions
    from zerosum.studio.settings import configure

    folder = Path(tempfile.mkdtemp(prefix="zerosum-studio-"))
    configure(StudioOptions(folder=folder, database=os.environ.get(DATABASE)))
