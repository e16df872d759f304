"""Bundles of what was approved, and the addresses that they are delivered to."""

import base64
import secrets
from collections.abc import Sequence

from django.db import transaction

from zerosum.errors import StudioError
from zerosum.studio import pipeline
from zerosum.studio.acts.log import Actor, record
from zerosum.studio.models import BundleOrder, Item, Project, Webhook
from zerosum.studio.models.items import APPROVED
from zerosum.studio.sealing import seal
from zerosum.studio.writing.addresses import check_url, resolve

MOST_BUNDLED = 10_000


def bundle(
    actor: Actor, project: Project, *, items: Sequence[int] | None = None, title: str = ""
) -> BundleOrder:
    """Sign and pack approved items; the bundle is delivered to every address of the project.

    Args:
        actor: who asks.
        project: of the items.
        items: their ids; if not given, whatever is approved and in no bundle yet.
        title: of the bundle's page; if not given, the project's name.

    Raises:
        StudioError: there is nothing to bundle or too much, or an item is not approved.
    """
    title = " ".join(title.split()) or project.name
    if len(title) > 200:
        raise StudioError(f"a title has 200 characters at most; this one has {len(title)}.")
    with transaction.atomic():
        approved = Item.objects.filter(project=project, state=APPROVED)
        if items is None:
            found = list(approved.filter(bundles=None).order_by("pk")[: MOST_BUNDLED + 1])
        else:
            found = list(approved.filter(pk__in=list(items)).order_by("pk"))
            missing = sorted(set(items) - {item.pk for item in found})
            if missing:
                raise StudioError(
                    f"item {missing[0]} is not approved here, so it cannot be published."
                )
        if not found:
            raise StudioError(
                "there is nothing to bundle: every approved item is in a bundle already. Approve "
                "items first, or name them."
            )
        if len(found) > MOST_BUNDLED:
            raise StudioError(
                f"a bundle has {MOST_BUNDLED:,} items at most. Name the items, and make several."
            )
        made = BundleOrder.objects.create(project=project, by=actor.user, title=title)
        made.items.set(found)
        after = {"items": len(found), "title": title}
        record(actor, "bundle.ordered", f"bundle:{made.pk}", project=project, after=after)
        pipeline.start(made)
    return made


def add_webhook(
    actor: Actor, project: Project, *, name: str, url: str, allow_private: bool = False
) -> tuple[Webhook, str]:
    """Have the bundles of a project delivered to an address.

    Returns:
        The address, and the secret that deliveries are signed with, which is shown this once.

    Raises:
        StudioError: it has no name.
        AddressError: it may not be called; see `resolve`.
        MissingExtraError: cryptography is not installed.
    """
    name, url = " ".join(name.split()), url.strip()
    if not 1 <= len(name) <= 80:
        raise StudioError(f"an address has a name of 1 to 80 characters; this has {len(name)}.")
    check_url(url)
    resolve(url, allow_private=allow_private)
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    with transaction.atomic():
        made = Webhook.objects.create(
            project=project, name=name, sealed_url=seal(url), sealed_secret=seal(secret),
            allow_private=allow_private, by=actor.user,
        )  # fmt: skip
        after = {"name": name, "allow_private": allow_private}
        record(actor, "webhook.added", f"webhook:{made.pk}", project=project, after=after)
    return made, secret


def remove_webhook(actor: Actor, hook: Webhook) -> None:
    """Deliver nothing more to an address.

    Raises:
        StudioError: it gets nothing already.
    """
    with transaction.atomic():
        if not Webhook.objects.filter(pk=hook.pk, active=True).update(active=False):
            raise StudioError(f"nothing is delivered to {hook.name} any more already.")
        record(actor, "webhook.removed", f"webhook:{hook.pk}", project=hook.project)
