"""The studio's modules need Django to be ready before they are imported, doctests included."""

from pathlib import Path

import pytest

from tests.studio_ready import MISSING, make_ready

PLACES = [Path(__file__).parent / place for place in ("src/zerosum/studio", "tests/studio")]

WITHOUT_DJANGO = ("writing", "rules", "__init__.py")


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> None:
    """Make Django ready before the studio is collected."""
    if path in PLACES and not MISSING:
        make_ready()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what needs Django where it is not installed."""
    needs = collection_path.parent in PLACES and collection_path.name not in WITHOUT_DJANGO
    return True if MISSING and needs else None


def pytest_report_header() -> str | None:
    """Say that it is left out, and why."""
    return f"the studio is not tested: no {', '.join(MISSING)}" if MISSING else None
