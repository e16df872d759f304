"""The queue: items to look at, to decide about, and to find again."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from zerosum.errors import StudioError
from zerosum.studio.access import allow
from zerosum.studio.acts import review as acts
from zerosum.studio.counting import item_counts
from zerosum.studio.listing import SORT_NAMES, Wanted
from zerosum.studio.models import Act, DataSource, Item, ItemBatch, Project, Tag
from zerosum.studio.models.items import APPROVED
from zerosum.studio.pages.answers import actor_of, back
from zerosum.studio.pages.contents import contents_of
from zerosum.studio.pages.copy_shown import copy_of
from zerosum.studio.pages.files import file_of, png
from zerosum.studio.roles import EVERYONE, REVIEWERS, WRITERS
from zerosum.studio.values import require_number

PAGE = 48
_SHOWN_ACTS = 20
_APPROVE, _WITHDRAW, _RATE, _TAG, _UNTAG = "approve", "withdraw", "rate-", "tag", "untag"


@allow(EVERYONE)
def show(request: HttpRequest, key: int) -> HttpResponse:
    """A page of the queue."""
    project = get_object_or_404(Project, pk=key)
    wanted = Wanted.read(request.GET)
    items, cursor = wanted.page(project, request.GET.get("after", ""), PAGE)
    following = urlencode(wanted.query | {"after": cursor}) if cursor else ""
    context = {
        "project": project, "items": items, "wanted": wanted, "following": following,
        "first": urlencode(wanted.query) if request.GET.get("after") else "",
        "query": urlencode(wanted.query), "sorts": list(SORT_NAMES.items()),
        "tags": Tag.objects.filter(project=project).order_by("name")[:200],
        "batches": ItemBatch.objects.filter(project=project).order_by("-pk")[:100],
        "stars": range(1, 6),
    }  # fmt: skip
    return render(request, "studio/queue.html", context | _counts(project))


@allow(EVERYONE)
def counts(request: HttpRequest, key: int) -> HttpResponse:
    """How many items there are in each state, for a page that is open."""
    project = get_object_or_404(Project, pk=key)
    context = {"project": project, "wanted": Wanted.read(request.GET)}
    return render(request, "studio/parts/counts.html", context | _counts(project))


def _counts(project: Project) -> dict[str, Any]:
    states = item_counts(project.pk)
    return {"states": states, "total": sum(n for _, _, n in states)}


@allow(REVIEWERS, methods=("POST",))
def act(request: HttpRequest, key: int) -> HttpResponse:
    """Do something with the chosen items, and give them back as they are now."""
    project = get_object_or_404(Project, pk=key)
    actor, seen = actor_of(request), read_seen(request.POST.getlist("items"))
    deed, word = request.POST.get("do", ""), request.POST.get("word", "")
    if deed == _APPROVE:
        items = acts.approve(actor, project, seen, despite=request.POST.get("despite", ""))
    elif deed == _WITHDRAW:
        items = acts.withdraw(actor, project, seen)
    elif deed.startswith(_RATE) and deed[len(_RATE) :].isdecimal():
        items = acts.rate(actor, project, seen, int(deed[len(_RATE) :]))
    elif deed in (_TAG, _UNTAG):
        items = acts.tag(actor, project, seen, word, present=deed == _TAG)
    else:
        items = acts.decide(actor, project, seen, deed)
    return _tiles(request, items, reverse("queue", args=[key]))


@allow(REVIEWERS, methods=("POST",))
def undo(request: HttpRequest, key: int) -> HttpResponse:
    """Take one's own last decision back."""
    project = get_object_or_404(Project, pk=key)
    return _tiles(request, acts.undo(actor_of(request), project), reverse("queue", args=[key]))


def _tiles(request: HttpRequest, items: list[Item], page: str) -> HttpResponse:
    if request.headers.get("X-Requested-With") != "fetch":
        return back(request, page)
    keys = [one.pk for one in items]
    found = Item.objects.filter(pk__in=keys).select_related("decided_by", "approved_by", "copy")
    context = {"items": found.prefetch_related("tags")}
    return render(request, "studio/parts/tiles.html", context)


def read_seen(texts: list[str]) -> list[tuple[int, int | None]]:
    """Items as a form names them, `12.3` for version 3 of item 12.

    >>> read_seen(["12.3", "13"])
    [(12, 3), (13, None)]

    Raises:
        StudioError: one does not name an item, or `texts` is empty.
    """
    if not texts:
        raise StudioError("no item is chosen. Choose some first: click on them, or press X.")
    seen: list[tuple[int, int | None]] = []
    for text in texts:
        key, dot, version = text.partition(".")
        if not key.isdecimal() or (dot and not version.isdecimal()) or len(text) > 40:
            raise StudioError(f"{text[:40]!r} names no item.")
        seen.append((require_number(int(key)), require_number(int(version)) if dot else None))
    return seen


@allow(EVERYONE)
def item(request: HttpRequest, key: int) -> HttpResponse:
    """One item: large, beside its nearest training sample, with what was said and done."""
    found = get_object_or_404(
        Item.objects.select_related(
            "project", "batch__training__data", "decided_by", "approved_by", "copy"
        ).prefetch_related("tags"),
        pk=key,
    )
    done = Act.objects.filter(on=f"item:{key}").select_related("user").order_by("-id")
    context: dict[str, Any] = {
        "item": found, "project": found.project, "stars": range(1, 6),
        "comments": found.comments.select_related("by").order_by("pk"),
        "acts": done[:_SHOWN_ACTS],
        "own": found.decided_by_id == request.user.pk, "approved": found.state == APPROVED,
        "newer": Item.objects.filter(project=found.project, pk__gt=key).order_by("pk").first(),
        "older": Item.objects.filter(project=found.project, pk__lt=key).order_by("-pk").first(),
    }  # fmt: skip
    context |= contents_of(found) | copy_of(found)
    return render(request, "studio/item.html", context)


@allow(WRITERS, methods=("POST",))
def comment(request: HttpRequest, key: int) -> HttpResponse:
    """Say something of an item."""
    found = get_object_or_404(Item, pk=key)
    acts.comment(actor_of(request), found, request.POST.get("text", ""))
    return redirect("item", key)


@allow(EVERYONE)
def file(request: HttpRequest, key: int, what: str) -> Any:
    """The file of an item, its thumbnail, or its nearest training sample."""
    return file_of(get_object_or_404(Item, pk=key), what)


@allow(EVERYONE)
def preview(request: HttpRequest, key: int) -> Any:
    """Some samples of the data, as its check drew them."""
    source = get_object_or_404(DataSource, pk=key)
    return png(settings.STUDIO.jobs / source.key / "preview.png")
