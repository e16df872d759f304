"""Pages of copy: asking for it with what would be sent, and the copy of one item."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from zerosum.errors import StudioError, ZerosumError
from zerosum.studio.access import allow
from zerosum.studio.acts import copy as acts
from zerosum.studio.models import CopyOrder, CopyText, Item, Project
from zerosum.studio.models.work import RUNNING, WAITING
from zerosum.studio.pages.answers import actor_of, back, number
from zerosum.studio.pages.copy_shown import copy_of, fields_of
from zerosum.studio.pages.queue import read_seen
from zerosum.studio.roles import EVERYONE, REVIEWERS
from zerosum.studio.writers import endpoint_of

_VALUE = "value."


@allow(REVIEWERS, methods=("GET", "POST"))
def ask(request: HttpRequest, key: int) -> HttpResponse:
    """What would be asked for some items, shown first; then asking for it."""
    project = get_object_or_404(Project, pk=key)
    form = request.POST if request.method == "POST" else request.GET
    keys = [one for one, _ in read_seen(form.getlist("items"))]
    wanted = {"prompt": form.get("prompt", ""), "variants": _count(form.get("variants", ""))}
    given = {
        name.removeprefix(_VALUE): form[name] for name in form if name.startswith(_VALUE)
    } or None
    if request.method == "POST" and form.get("do") == "ask":
        by_llm = form.get("by") == "llm"
        order = acts.ask(actor_of(request), project, keys, **wanted, given=given, by_llm=by_llm)
        messages.success(
            request, f"Copy of {len(keys)} item{'s'[: len(keys) != 1]} is ordered (no. {order.pk})."
        )
        return redirect("item-copy", keys[0]) if len(keys) == 1 else redirect("copy", key)
    prompt = acts.choose_prompt(project, wanted["prompt"])
    context = {
        "project": project, "keys": keys, "first": keys[0], **wanted, "chosen": prompt,
        "names": sorted(set(project.prompts.values_list("name", flat=True))),
        "given": {} if prompt is None else prompt.given | (given or {}),
        "endpoint": endpoint_of(project), "numbers": range(1, acts.MOST_VARIANTS + 1),
    }  # fmt: skip
    try:
        sent = acts.preview(project, keys, **wanted, given=given)
        context["sent"] = None if sent is None else sent.in_words()
    except ZerosumError as error:
        context["problem"] = str(error)
    return render(request, "studio/ask.html", context)


@allow(EVERYONE)
def item(request: HttpRequest, key: int) -> HttpResponse:
    """The copy of one item: the text it has, where it breaks a rule, and the others beside it."""
    return _item(request, key)


@allow(REVIEWERS, methods=("POST",))
def write(request: HttpRequest, key: int) -> HttpResponse:
    """Copy by hand."""
    found = get_object_or_404(Item.objects.select_related("batch"), pk=key)
    form = request.POST
    tags = [tag.strip() for tag in form.get("tags", "").split(",") if tag.strip()]
    typed = {name: form.get(name, "") for name in ("title", "body", "alt_text", "language")}
    try:
        values = typed | {"body": typed["body"].replace("\r\n", "\n"), "tags": tags}
        acts.write(actor_of(request), found, values, version=number(request, "version", int))
    except ZerosumError as error:
        return _item(request, key, typed=typed | {"tags": ", ".join(tags)}, problem=str(error))
    messages.success(request, "The copy is stored.")
    return redirect("item-copy", key)


@allow(REVIEWERS, methods=("POST",))
def choose(request: HttpRequest, key: int) -> HttpResponse:
    """Let an item have one of its texts."""
    text = get_object_or_404(CopyText.objects.select_related("item"), pk=key)
    acts.choose(actor_of(request), text, version=number(request, "version", int))
    return redirect("item-copy", text.item.pk)


@allow(REVIEWERS, methods=("POST",))
def mend(request: HttpRequest, key: int) -> HttpResponse:
    """Apply the fix of one hit."""
    text = get_object_or_404(CopyText, pk=key)
    hit, version = number(request, "hit", int, -1), number(request, "version", int)
    acts.mend(actor_of(request), text, hit, version=version)
    return back(request, f"/items/{text.item.pk}/copy/")


def _item(
    request: HttpRequest, key: int, *, typed: dict[str, str] | None = None, problem: str = ""
) -> HttpResponse:
    found = get_object_or_404(
        Item.objects.select_related("project", "batch", "copy", "approved_by"), pk=key
    )
    texts = list(found.texts.select_related("order__prompt", "by").order_by("-pk")[:50])
    context = copy_of(found) | {
        "item": found, "project": found.project, "problem": problem,
        "typed": typed or _typed(found.copy),
        "others": [(one, fields_of(one, [])) for one in texts if one.pk != found.copy_id],
        "pending": _pending(found),
    }  # fmt: skip
    return render(request, "studio/item_copy.html", context, status=422 if problem else 200)


def _count(text: str) -> int:
    if text and not text.isdecimal():
        raise StudioError(f"variants: {text[:40]!r} is not a number.")
    return int(text or 1)


def _typed(text: CopyText | None) -> Mapping[str, str]:
    if text is None:
        return {"language": "en"}
    return text.words | {"tags": ", ".join(text.words["tags"])}


def _pending(item: Item) -> bool:
    """Whether an order of copy for the item is under way."""
    open_orders = CopyOrder.objects.filter(state__in=(WAITING, RUNNING))
    return (
        open_orders.filter(items=item).exists() or open_orders.filter(batch=item.batch_id).exists()
    )
