"""What goes into a bundle: approved items, their copy, and how they were made."""

from typing import Any

from django.conf import settings

from zerosum.errors import StudioError
from zerosum.studio.item_forms import SETS
from zerosum.studio.models import Act, BundleOrder, CopyText, Item
from zerosum.studio.models.items import APPROVED
from zerosum.studio.storage import at_hand

_AT_ONCE = 500
"""Items whose acts are looked up together."""


def order_of_bundle(bundle: BundleOrder) -> dict[str, Any]:
    """What the process that packs a bundle is told.

    Raises:
        StudioError: no item of it is approved any more, one does not say what made it, or a file
            is gone.
    """
    options = settings.STUDIO
    items = list(
        bundle.items.filter(state=APPROVED)
        .select_related("batch__training", "approved_by", "copy")
        .order_by("pk")
    )
    if not items:
        raise StudioError("none of its items is approved any more, so there is nothing to bundle.")
    times = approved_at(items)
    return {
        "out": str((options.bundles / bundle.file).resolve()),
        "identity": str(options.identity.resolve()),
        "root": str(options.items.resolve()),
        "title": bundle.title,
        "items": [_entry(item, times.get(item.pk, "")) for item in items],
    }


def approved_at(items: list[Item]) -> dict[int, str]:
    """When each item was approved last, in ISO 8601, as the log has it."""
    found: dict[int, str] = {}
    for start in range(0, len(items), _AT_ONCE):
        places = [f"item:{item.pk}" for item in items[start : start + _AT_ONCE]]
        acts = Act.objects.filter(on__in=places, what="item.approved").order_by("pk")
        for place, time in acts.values_list("on", "time"):
            found[int(place.partition(":")[2])] = time.isoformat(timespec="seconds")
    return found


def _entry(item: Item, approved: str) -> dict[str, Any]:
    model = item.facts.get("model")
    if not model:
        raise StudioError(
            f"item {item.pk} does not say which model made it, so its origin cannot be signed. "
            "Ask for such items again."
        )
    if not at_hand(settings.STUDIO.items / item.file).is_file():
        raise StudioError(
            f"the file of item {item.pk} is gone: items/{item.file} in the studio's folder. Bring "
            "it back, or withdraw the approval, and retry."
        )
    batch = item.batch
    seed, index = item.facts.get("seed"), item.index
    n = batch.rows if item.medium in SETS else 1
    who = "" if item.approved_by is None else item.approved_by.username
    return {
        "file": item.file,
        "name": f"item-{item.pk}{item.file[item.file.rindex('.') :]}",
        "copy": _words(item.copy),
        "provenance": {
            "recipe": batch.training.recipe, "model": model, "run": batch.training.run,
            "step": item.step, "seed": batch.seed if seed is None else seed, "n": n,
            "index": index * n if seed is None else 0,
            "where": batch.where, "approved_by": who, "approved_at": approved,
        },
    }  # fmt: skip


def _words(text: CopyText | None) -> dict[str, Any]:
    return {} if text is None else text.words | {"author": text.author}
