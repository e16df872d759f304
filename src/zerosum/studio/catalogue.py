"""Recipes and built-in data, as a process of its own found them; the server imports no torch."""

import threading
from typing import Any

from django.conf import settings

from zerosum.errors import StudioError, ZerosumError
from zerosum.runs.files import make_folder, read_json, write_json
from zerosum.studio.jobs import OFFERS
from zerosum.studio.models import DataSource
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


def offers_of(data: DataSource) -> list[dict[str, Any]]:
    """Recipes that take checked data, and what can be set of each; see `jobs.offers`.

    Of data that an older version has checked, nothing is known but which recipes take its kind.
    """
    kept = _kept_offers(data)
    if kept:
        return kept
    kind, labelled = data.facts.get("kind"), bool(data.facts.get("labels"))
    return [
        {
            "name": one["name"], "summary": one["summary"], "kinds": one["takes"], "usual": True,
            "why_not": "", "options": {}, "keys": {}, "capacities": ["small"], "private": "",
        }
        for one in catalogue()["recipes"]
        if kind in one["takes"] and (labelled or "labels" not in one["needs"])
    ]  # fmt: skip


def _kept_offers(data: DataSource) -> list[dict[str, Any]]:
    try:
        return read_json(settings.STUDIO.jobs / data.key / OFFERS)["recipes"]
    except ZerosumError:
        return []


def kinds_of(data: DataSource) -> list[str]:
    """Kinds of samples that readers would read the data as, the surest first."""
    return list(dict.fromkeys(kind for one in _kept_offers(data) for kind in one["kinds"]))


def options_as(data: DataSource, kind: str) -> dict[str, Any]:
    """Options of what reads the data as samples of a kind; empty for what it is surest to be."""
    found = [one for one in _kept_offers(data) if (kind in one["kinds"] if kind else one["usual"])]
    return min(found, key=lambda one: len(one["kinds"]))["options"] if found else {}


def warm_up(seconds: float) -> None:
    """Look for what is installed, in the background, after so many seconds."""
    timer = threading.Timer(seconds, catalogue)
    timer.daemon = True
    timer.start()
