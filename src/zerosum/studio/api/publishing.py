"""Operations on bundles, and on the addresses that they are delivered to."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Router

from zerosum.studio.acts import publishing as acts
from zerosum.studio.api.access import TokenOf
from zerosum.studio.api.copy_shapes import (
    BundleOut,
    DeliveryOut,
    NewBundle,
    NewWebhook,
    WebhookOut,
)
from zerosum.studio.api.tags import require_match, tagged
from zerosum.studio.models import BundleOrder, Project, Webhook, WebhookDelivery
from zerosum.studio.models.work import DONE
from zerosum.studio.pages.files import download
from zerosum.studio.roles import EVERYONE, OWNERS, WRITERS

publishing = Router(tags=["Bundles"])


@publishing.get("/projects/{int:key}/bundles", auth=TokenOf(EVERYONE), response=list[BundleOut])
def bundles(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """The newest 200 bundles of a project."""
    return tagged(response, _bundles(get_object_or_404(Project, pk=key)))


@publishing.post("/projects/{int:key}/bundles", auth=TokenOf(WRITERS), response={201: BundleOut})
def bundle(request: Any, key: int, body: NewBundle) -> Any:
    """Sign and pack approved items; the bundle is delivered to every address of the project."""
    project = get_object_or_404(Project, pk=key)
    require_match(request, [_bundles(project)])
    return BundleOut.of(acts.bundle(request.auth, project, items=body.items, title=body.title))


@publishing.get("/bundles/{int:key}", auth=TokenOf(EVERYONE), response=BundleOut)
def show_bundle(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """A bundle, and how far it is."""
    return tagged(response, BundleOut.of(get_object_or_404(BundleOrder, pk=key)))


@publishing.get("/bundles/{int:key}/file", auth=TokenOf(EVERYONE))
def fetch(request: HttpRequest, key: int) -> Any:
    """The bundle itself, a .zip."""
    found = get_object_or_404(BundleOrder, pk=key, state=DONE)
    return download(settings.STUDIO.bundles / found.file, "application/zip")


@publishing.get("/bundles/{int:key}/deliveries", auth=TokenOf(EVERYONE), response=list[DeliveryOut])
def deliveries(request: HttpRequest, key: int) -> Any:
    """Where a bundle is delivered to, and how far that is."""
    found = WebhookDelivery.objects.filter(bundle=get_object_or_404(BundleOrder, pk=key))
    return [DeliveryOut.of(one) for one in found.select_related("webhook").order_by("pk")]


@publishing.get("/deliveries/{int:key}", auth=TokenOf(EVERYONE), response=DeliveryOut)
def show_delivery(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """A bundle on its way to an address."""
    found = WebhookDelivery.objects.select_related("webhook")
    return tagged(response, DeliveryOut.of(get_object_or_404(found, pk=key)))


@publishing.get("/projects/{int:key}/webhooks", auth=TokenOf(EVERYONE), response=list[WebhookOut])
def webhooks(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """The addresses that bundles are delivered to, by their names."""
    return tagged(response, _webhooks(get_object_or_404(Project, pk=key)))


@publishing.post("/projects/{int:key}/webhooks", auth=TokenOf(OWNERS), response={201: WebhookOut})
def add_webhook(request: Any, key: int, body: NewWebhook) -> Any:
    """Have bundles delivered to an address; the answer has the secret, this once."""
    project = get_object_or_404(Project, pk=key)
    require_match(request, [_webhooks(project)])
    made, secret = acts.add_webhook(
        request.auth, project, name=body.name, url=body.url, allow_private=body.allow_private
    )
    return WebhookOut.of(made, secret)


@publishing.post("/webhooks/{int:key}/remove", auth=TokenOf(OWNERS), response=WebhookOut)
def remove_webhook(request: Any, key: int) -> Any:
    """Deliver nothing more to an address."""
    hook = get_object_or_404(Webhook.objects.select_related("project"), pk=key)
    require_match(request, [_webhooks(hook.project)])
    acts.remove_webhook(request.auth, hook)
    hook.refresh_from_db()
    return WebhookOut.of(hook)


def _bundles(project: Project) -> list[BundleOut]:
    found = BundleOrder.objects.filter(project=project).select_related("batch")
    return [BundleOut.of(one) for one in found.order_by("-pk")[:200]]


def _webhooks(project: Project) -> list[WebhookOut]:
    return [WebhookOut.of(one) for one in project.webhooks.order_by("pk")]
