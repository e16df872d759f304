"""Recipes and built-in data, as a process of its own found them; the server imports no torch."""

import threading
from typing import Any

from django.conf import settings

from zerosum.errors import StudioError
from zerosum.runs.files import make_folder, write_json
from zerosum.studio.runner import run_process

_LOCK = threading.Lock()
_KNOWN: dict[str, Any] = {}


def catalogue() -> dict[str, Any]:
    """`recipes` and `built_in`; looked for once in each process.

    Raises:
        StudioError: what is installed cannot be listed.
    """
    with _LOCK:
        if not _KNOWN:
            folder = settings.STUDIO.jobs / "catalogue"
            make_folder(folder)
            write_json(folder / "order.json", {"do": "catalogue"})
            heard: list[dict[str, Any]] = []
            run_process(folder, heard.append, lambda: False)
            found = next((one["done"] for one in heard if "done" in one), None)
            if found is None:
                why = next((one["error"] for one in heard if "error" in one), "see its log")
                raise StudioError(f"the list of recipes cannot be read: {why}")
            _KNOWN.update(found)
        return dict(_KNOWN)


def recipe_names() -> list[str]:
    """Names of recipes that can be trained."""
    return [one["name"] for one in catalogue()["recipes"]]


def warm_up(seconds: float) -> None:
    """Look for what is installed, in the background, after so many seconds."""
    timer = threading.Timer(seconds, catalogue)
    timer.daemon = True
    timer.start()
