"""Check data before anything is trained on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from zerosum.catalogue import modality_of
from zerosum.runs.files import make_folder, write_json, write_whole
from zerosum.studio.jobs import OFFERS
from zerosum.studio.jobs.offers import offers
from zerosum.workflows.data import open_data, scan_data

_SHOWN = 36


def do(order: dict[str, Any], say: Callable[..., None]) -> None:
    """Open the data, say what it is, and draw some of it unless rows may be somebody's record."""
    data, kept = order["data"], Path(order["folder"]) / OFFERS
    given: dict[str, Any] = dict(order.get("options") or {})
    spaces = (order["read_as"],) if order.get("read_as") else None
    make_folder(kept.parent)
    write_json(kept, {"recipes": offers(data, spaces)})  # with which it may be read otherwise

    def progress(what: str, done: int, total: int) -> None:
        say(progress=done / max(total, 1), words=what)

    words = scan_data(data, spaces=spaces, progress=progress, **given)
    dataset, _ = open_data(data, spaces=spaces, progress=progress, **given)
    space = dataset.space
    shown = not space.holds_records
    write_json(kept, {"recipes": offers(data, (space.kind,), space)})
    if shown:
        x, _ = dataset.take(torch.arange(min(_SHOWN, len(dataset))))
        picture = modality_of(space).preview.draw(space, x)
        target = Path(order["folder"]) / "preview.png"
        write_whole(target, lambda aside: picture.save(aside, format="PNG"))
    facts = {
        "kind": space.kind, "unit": space.unit, "count": dataset.stated_size,
        "labels": list(space.labels)[:1_000], "words": words or "", "shown": shown,
    }  # fmt: skip
    say(done=facts)
