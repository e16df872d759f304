"""Operations on items: find, look, decide, comment."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema

from zerosum.studio.acts import review as acts
from zerosum.studio.api.access import TokenOf
from zerosum.studio.api.shapes import CommentOut, ItemOut, ItemPage, NewAct, NewComment
from zerosum.studio.api.tags import require_match, tagged
from zerosum.studio.listing import Wanted
from zerosum.studio.models import Item, Project
from zerosum.studio.pages.files import file_of
from zerosum.studio.roles import EVERYONE, REVIEWERS, WRITERS

items = Router(tags=["Items"])
MOST = 200


class Filters(Schema):
    """Which items, in what order, after which cursor."""

    state: str = ""
    batch: str = ""
    label: str = ""
    tag: str = ""
    least: str = ""
    copies: str = ""
    convincing: str = ""
    sort: str = "newest"
    after: str = ""
    size: int = 50


@items.get("/projects/{int:key}/items", auth=TokenOf(EVERYONE), response=ItemPage)
def find(request: HttpRequest, key: int, filters: Query[Filters]) -> Any:
    """A page of items; `next` is the cursor to send as `after`."""
    wanted = Wanted.read(filters.dict())
    size = min(max(filters.size, 1), MOST)
    found, cursor = wanted.page(get_object_or_404(Project, pk=key), filters.after, size)
    return ItemPage(items=[ItemOut.of(one) for one in found], next=cursor or None)


@items.get("/items/{int:key}", auth=TokenOf(EVERYONE), response=ItemOut)
def show(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """One item."""
    return tagged(response, ItemOut.of(get_object_or_404(Item, pk=key)))


@items.get("/items/{int:key}/file", auth=TokenOf(EVERYONE))
def download(request: Any, key: int) -> Any:
    """The item itself: a .png, or a .csv of its rows."""
    return file_of(get_object_or_404(Item, pk=key), "file")


@items.post("/projects/{int:key}/items/act", auth=TokenOf(REVIEWERS), response=list[ItemOut])
def act(request: Any, key: int, body: NewAct) -> Any:
    """Decide, approve, rate or tag: all of the items, or none.

    With `If-Match`, each has to be as one of the tags there says.
    """
    project = get_object_or_404(Project, pk=key)
    seen = [(one.id, one.version) for one in body.items]
    if "If-Match" in request.headers:
        found = Item.objects.filter(project=project).in_bulk([number for number, _ in seen])
        require_match(request, map(ItemOut.of, found.values()))
        seen = [(n, found[n].version if n in found else version) for n, version in seen]
    if body.do == "approve":
        found = acts.approve(request.auth, project, seen, despite=body.despite)
    elif body.do == "withdraw":
        found = acts.withdraw(request.auth, project, seen)
    elif body.do == "rate":
        found = acts.rate(request.auth, project, seen, body.rating or 0)
    elif body.do in ("tag", "untag"):
        found = acts.tag(request.auth, project, seen, body.word, present=body.do == "tag")
    else:
        found = acts.decide(request.auth, project, seen, body.do)
    return [ItemOut.of(one) for one in found]


@items.post("/projects/{int:key}/items/undo", auth=TokenOf(REVIEWERS), response=list[ItemOut])
def undo(request: Any, key: int) -> Any:
    """Take one's own last decision back."""
    project = get_object_or_404(Project, pk=key)
    return [ItemOut.of(one) for one in acts.undo(request.auth, project)]


@items.get("/items/{int:key}/comments", auth=TokenOf(EVERYONE), response=list[CommentOut])
def comments(request: HttpRequest, key: int) -> Any:
    """What was said of an item."""
    found = get_object_or_404(Item, pk=key)
    said = found.comments.select_related("by").order_by("pk")
    return [CommentOut.of(one) for one in said]


@items.post("/items/{int:key}/comments", auth=TokenOf(WRITERS), response={201: CommentOut})
def comment(request: Any, key: int, body: NewComment) -> Any:
    """Say something of an item."""
    return CommentOut.of(acts.comment(request.auth, get_object_or_404(Item, pk=key), body.text))
