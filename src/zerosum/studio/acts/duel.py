"""Put faults into a copy of a training, and give a training remedies."""

import json
from typing import Any

from django.conf import settings
from django.db import transaction

from zerosum.errors import StudioError, did_you_mean
from zerosum.runs.files import make_folder, write_json
from zerosum.studio import pipeline
from zerosum.studio.acts.log import Actor, record
from zerosum.studio.acts.work import retry
from zerosum.studio.models import Continuation, Training
from zerosum.studio.models.duel import GUARDS
from zerosum.studio.models.work import DONE
from zerosum.studio.run_folders import run_folder, why_gone

TAKE_BACK = "take-back"
"""The remedy of a fault that was put in: it is taken out again."""
WISH = "wish.json"
"""The file in a job's folder that says what somebody asks of its training."""
_LEAST = 5_000


def provoke(
    actor: Actor, source: Training, *, fault: str, referee: str, samples: int | None = None
) -> Training:
    """Let a copy of a training go on with a fault; the training itself stays as it is.

    Args:
        actor: who asks.
        source: the training.
        fault: one of those that its run says apply; empty to go on without any.
        referee: `watch` or `act`.
        samples: how many samples it is to see; if not given, as many as it has seen.

    Raises:
        StudioError: it has saved nothing yet, no such fault, or a number that is not allowed.
    """
    known = source.facts.get("faults") or {}
    if fault and fault not in known:
        what = ", ".join(known) or "none"
        raise StudioError(f"no fault {fault!r} here. Allowed: {what}.{did_you_mean(fault, known)}")
    if referee not in dict(GUARDS):
        raise StudioError(f"the referee cannot {referee!r}. Allowed: watch, act.")
    if why_gone(source):
        raise StudioError(why_gone(source))
    seen = samples_seen(source)
    if not seen:
        raise StudioError(
            f"{source.name} has saved nothing yet to go on from. Wait for its first checkpoint."
        )
    if samples is not None and not 1 <= samples <= 2**53:
        raise StudioError(f"a budget of {samples} samples is not allowed: 1 or more.")
    facts = {name: source.facts[name] for name in ("wishes",) if name in source.facts}
    has = Continuation.objects.filter(training=source).first()
    with transaction.atomic():
        made = Training.objects.create(
            project=source.project, by=actor.user, data=source.data, recipe=source.recipe,
            samples=samples or max(seen, _LEAST), seed=source.seed, changes=source.changes,
            checkpoint_seconds=source.checkpoint_seconds, facts=facts, capacity=source.capacity,
            options=source.options, referee=referee,
        )  # fmt: skip
        Continuation.objects.create(
            training=made, source=source, referee=referee, fault=fault or (has.fault if has else "")
        )
        after = {"source": source.pk, "fault": fault, "referee": referee}
        record(
            actor, "training.provoked", f"training:{made.pk}", project=source.project, after=after
        )
        pipeline.start(made)
    return made


def mend(actor: Actor, training: Training, remedy: str) -> Training:
    """Give a training a remedy: it goes back to a healthy state, and on by a changed recipe.

    One that goes on is given it after its step, and one that failed or was stopped is taken up
    again. One that is done goes on as another training.

    Returns:
        The training that has the remedy.

    Raises:
        StudioError: no such remedy here.
    """
    if why_gone(training):
        raise StudioError(why_gone(training))
    known = dict((training.facts.get("mends") or {}).get("remedies") or {})
    mine = Continuation.objects.filter(training=training).first()
    if mine is not None and mine.fault:
        known[TAKE_BACK] = "the fault is taken back"
    if remedy not in known:
        raise StudioError(
            f"no remedy {remedy!r} changes this training. Allowed: {', '.join(known) or 'none'}."
            f"{did_you_mean(remedy, known)}"
        )
    with transaction.atomic():
        target = training
        if training.state == DONE:
            target = provoke(actor, training, fault="", referee="watch")
        record(
            actor, "training.mended", f"training:{target.pk}", project=training.project,
            after={"remedy": remedy},
        )  # fmt: skip
        folder = settings.STUDIO.jobs / target.key
        make_folder(folder)
        write_json(folder / WISH, {"remedy": remedy})
        if target is training and training.is_over:
            retry(actor, training)
    return target


def samples_seen(training: Training) -> int:
    """Samples that its newest checkpoint has seen; 0 without one."""
    try:
        text = (run_folder(training) / "manifest.json").read_text("utf-8")
        manifest: Any = json.loads(text)
        return int(manifest.get("samples") or 0)
    except (OSError, ValueError):
        return 0
