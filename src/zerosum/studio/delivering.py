"""Deliver a bundle to an address of the project's owner."""

import time
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from zerosum.errors import ZerosumError
from zerosum.origin.delivery import WAITS, deliver
from zerosum.studio.models import Act, WebhookDelivery
from zerosum.studio.models.work import CANCELLED, DONE, FAILED, RUNNING
from zerosum.studio.outages import if_heard, patiently
from zerosum.studio.runner import change, end, is_unwanted
from zerosum.studio.sealing import unseal
from zerosum.studio.storage import at_hand
from zerosum.studio.writing.addresses import resolve


class _UnwantedError(Exception):
    """Somebody has cancelled the delivery."""


def do(delivery: WebhookDelivery) -> str:
    """Send the bundle until it has arrived or was refused; return the state in which it ended.

    A receiver knows a bundle by its id, which follows from its content, so that sending it again
    after a crash counts once.
    """
    change(delivery, state=RUNNING, started=delivery.started or timezone.now(), words="sending")
    hook, url = delivery.webhook, ""

    def wait(seconds: float) -> None:
        words = f"no success yet; the next attempt is in {seconds:.0f} seconds"
        if_heard(lambda: change(delivery, words=words))
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if is_unwanted(WebhookDelivery, delivery.pk):
                raise _UnwantedError
            time.sleep(min(left, 1.0))

    if not hook.active:
        return end(delivery, CANCELLED, "the address was removed")
    try:
        if is_unwanted(WebhookDelivery, delivery.pk):
            raise _UnwantedError
        url, secret = unseal(hook.sealed_url), unseal(hook.sealed_secret)
        resolve(url, allow_private=hook.allow_private)
        done = deliver(
            url, at_hand(settings.STUDIO.bundles / delivery.bundle.file), secret,
            allow_private=hook.allow_private, waits=WAITS, wait=wait,
        )  # fmt: skip
    except _UnwantedError:
        return end(delivery, CANCELLED, "cancelled")
    except ZerosumError as error:
        return end(delivery, FAILED, _without(url, str(error)))
    facts = {"id": done.id, "status": done.status, "attempts": done.attempts}
    return patiently(lambda: _note(delivery, facts))


def _note(delivery: WebhookDelivery, facts: dict[str, Any]) -> str:
    """Record that it has arrived."""
    with transaction.atomic():
        Act.objects.create(
            what="bundle.delivered", on=f"bundle:{delivery.bundle.pk}",
            project_id=delivery.project_id, after=facts | {"to": delivery.webhook.name},
        )  # fmt: skip
        return end(delivery, DONE, "delivered", facts=facts)


def _without(url: str, words: str) -> str:
    """A sentence in which the address, which may hold a secret, and paths are not shown."""
    folder = str(settings.STUDIO.bundles.resolve())
    return (words.replace(url, "the address") if url else words).replace(folder, "the folder")
