"""Pages of bundles: making them, downloading them, and where they are delivered to."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from zerosum.studio.access import allow
from zerosum.studio.acts import publishing as acts
from zerosum.studio.models import BundleOrder, Item, Project, Webhook, WebhookDelivery
from zerosum.studio.models.items import APPROVED
from zerosum.studio.models.work import DONE
from zerosum.studio.pages.answers import actor_of
from zerosum.studio.pages.files import download
from zerosum.studio.roles import EVERYONE, OWNERS, WRITERS

_SHOWN = 50


@allow(EVERYONE)
def show(request: HttpRequest, key: int) -> HttpResponse:
    """Bundles of a project, and the addresses that they go to."""
    return _show(request, get_object_or_404(Project, pk=key))


def _show(request: HttpRequest, project: Project, **more: Any) -> HttpResponse:
    bundles = list(BundleOrder.objects.filter(project=project).order_by("-pk")[:_SHOWN])
    found = WebhookDelivery.objects.filter(bundle__in=bundles)
    deliveries = list(found.select_related("webhook", "bundle").order_by("pk"))
    by_bundle: dict[int, list[WebhookDelivery]] = {}
    for one in deliveries:
        by_bundle.setdefault(one.bundle.pk, []).append(one)
    free = Item.objects.filter(project=project, state=APPROVED, bundles=None).count()
    context = {
        "project": project, "free": free,
        "busy": any(not one.is_over for one in (*bundles, *deliveries)),
        "bundles": [(one, by_bundle.get(one.pk, [])) for one in bundles],
        "hooks": Webhook.objects.filter(project=project, active=True).order_by("name"),
    }  # fmt: skip
    return render(request, "studio/bundles.html", context | more)


@allow(WRITERS, methods=("POST",))
def bundle(request: HttpRequest, key: int) -> HttpResponse:
    """Sign and pack what is approved and in no bundle yet."""
    project = get_object_or_404(Project, pk=key)
    made = acts.bundle(actor_of(request), project, title=request.POST.get("title", ""))
    n = made.items.count()
    messages.success(request, f"{made.name} is ordered: {n} item{'s'[: n != 1]}.")
    return redirect("bundles", key)


@allow(EVERYONE)
def fetch(request: HttpRequest, key: int) -> Any:
    """The file of a bundle."""
    found = get_object_or_404(BundleOrder, pk=key, state=DONE)
    return download(settings.STUDIO.bundles / found.file, "application/zip")


@allow(OWNERS, methods=("POST",))
def add_webhook(request: HttpRequest, key: int) -> HttpResponse:
    """Have bundles delivered to an address."""
    project = get_object_or_404(Project, pk=key)
    form = request.POST
    hook, secret = acts.add_webhook(
        actor_of(request), project, name=form.get("name", ""), url=form.get("url", ""),
        allow_private=bool(form.get("allow_private")),
    )  # fmt: skip
    return _show(request, project, secret=secret, added=hook)


@allow(OWNERS, methods=("POST",))
def remove_webhook(request: HttpRequest, key: int) -> HttpResponse:
    """Deliver nothing more to an address."""
    hook = get_object_or_404(Webhook.objects.select_related("project"), pk=key)
    acts.remove_webhook(actor_of(request), hook)
    messages.success(request, f"{hook.name} gets no further bundles.")
    return redirect("bundles", hook.project.pk)
