"""How much a run keeps of its training once that has finished."""

from zerosum.runs.store import Run

ROOM = 64 << 20
"""Bytes that states of a finished training may take, where those that stay take less."""

_NEWEST = 2
"""Checkpoints that always stay, so that one is whole where a disk damages the other."""


def thin_out(run: Run) -> None:
    """Delete states of a finished training that nothing needs.

    The newest two checkpoints and the healthiest state stay. So do other checkpoints, and then
    other healthy states, the newest first, as far as all of it fits into 64 MiB.

    Raises:
        RunError: a state cannot be looked at, or removed.
    """
    best = (run.manifest.get("model") or run.manifest.get("healthiest") or {}).get("step")
    states = [
        (store, step, size)
        for store in (run.checkpoints, run.healthy)
        for step, size in reversed(store.sizes().items())
    ]
    newest = run.checkpoints.steps()[-_NEWEST:]
    kept = {run.checkpoints.folder: {*newest}, run.healthy.folder: {best}}
    room = ROOM - sum(size for store, step, size in states if step in kept[store.folder])
    for store, step, size in states:
        if step not in kept[store.folder]:
            room -= size
            if room >= 0:
                kept[store.folder].add(step)
    for store in (run.checkpoints, run.healthy):
        store.retain(kept[store.folder])
