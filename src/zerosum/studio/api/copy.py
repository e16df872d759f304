"""Operations on copy: who writes, prompts, rules, orders, and the texts of items."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Router

from zerosum.studio.acts import brand
from zerosum.studio.acts import copy as acts
from zerosum.studio.api.access import TokenOf
from zerosum.studio.api.copy_shapes import (
    CopyOrderOut,
    CopyTextOut,
    CopyWish,
    NewChoice,
    NewCopy,
    NewCopyOrder,
    NewFix,
    NewPrompt,
    NewRules,
    NewWriter,
    PromptOut,
    RequestOut,
    RulesOut,
    UsageOut,
    WriterOut,
)
from zerosum.studio.api.tags import require_match, tagged
from zerosum.studio.brand import hits_of, rules_of
from zerosum.studio.models import CopyOrder, CopyText, Item, Project, WriterSettings
from zerosum.studio.roles import EVERYONE, OWNERS, REVIEWERS

copy = Router(tags=["Copy"])


@copy.get("/projects/{int:key}/writer", auth=TokenOf(EVERYONE), response=WriterOut)
def show_writer(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """Who writes for a project."""
    return tagged(response, _writer(get_object_or_404(Project, pk=key)))


@copy.post("/projects/{int:key}/writer", auth=TokenOf(OWNERS), response=WriterOut)
def set_writer(request: Any, key: int, body: NewWriter) -> Any:
    """Let an LLM write."""
    project = get_object_or_404(Project, pk=key)
    require_match(request, [_writer(project)])
    values = body.dict(exclude={"key"})
    return WriterOut.of(brand.set_writer(request.auth, project, values, key=body.key))


@copy.post("/projects/{int:key}/writer/forget", auth=TokenOf(OWNERS), response=WriterOut)
def forget_writer(request: Any, key: int) -> Any:
    """Let the template writer write again."""
    project = get_object_or_404(Project, pk=key)
    require_match(request, [_writer(project)])
    brand.forget_writer(request.auth, project)
    return WriterOut.of(None)


@copy.get("/projects/{int:key}/copy/usage", auth=TokenOf(EVERYONE), response=list[UsageOut])
def usage(request: HttpRequest, key: int) -> Any:
    """What copy has cost so far, for each currency."""
    return [UsageOut.of(one) for one in brand.usage_of(get_object_or_404(Project, pk=key))]


@copy.get("/projects/{int:key}/prompts", auth=TokenOf(EVERYONE), response=list[PromptOut])
def prompts(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """Every version of every prompt, newest first."""
    return tagged(response, _prompts(get_object_or_404(Project, pk=key)))


@copy.post("/projects/{int:key}/prompts", auth=TokenOf(REVIEWERS), response={201: PromptOut})
def save_prompt(request: Any, key: int, body: NewPrompt) -> Any:
    """A new version of a prompt, or a new prompt."""
    project = get_object_or_404(Project, pk=key)
    require_match(request, [_prompts(project)])
    values = body.dict(exclude={"given"}, exclude_none=True)
    values["variables"] = list(body.given)
    return PromptOut.of(brand.save_prompt(request.auth, project, values, body.given))


@copy.get("/projects/{int:key}/rules", auth=TokenOf(EVERYONE), response=list[RulesOut])
def rules(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """Every version of the brand rules, newest first."""
    return tagged(response, _rules(get_object_or_404(Project, pk=key)))


@copy.post("/projects/{int:key}/rules", auth=TokenOf(OWNERS), response={201: RulesOut})
def save_rules(request: Any, key: int, body: NewRules) -> Any:
    """New brand rules, which hold from now on."""
    project = get_object_or_404(Project, pk=key)
    require_match(request, [_rules(project)])
    return RulesOut.of(brand.save_rules(request.auth, project, {"rules": body.rules}))


@copy.post("/projects/{int:key}/copy", auth=TokenOf(REVIEWERS), response={201: CopyOrderOut})
def ask(request: Any, key: int, body: NewCopyOrder) -> Any:
    """Ask for copy of items."""
    project = get_object_or_404(Project, pk=key)
    made = acts.ask(
        request.auth, project, body.items, prompt=body.prompt, variants=body.variants,
        given=body.given, by_llm=None if body.writer is None else body.writer == "llm",
    )  # fmt: skip
    return CopyOrderOut.of(made)


@copy.post("/projects/{int:key}/copy/preview", auth=TokenOf(REVIEWERS), response=RequestOut)
def preview(request: Any, key: int, body: CopyWish) -> Any:
    """The first request that would be sent, byte for byte; nothing is sent."""
    project = get_object_or_404(Project, pk=key)
    sent = acts.preview(
        project, body.items, prompt=body.prompt, variants=body.variants, given=body.given
    )
    if sent is None:
        return RequestOut(url=None, body=None, with_key=False)
    return RequestOut(url=sent.url, body=sent.json(), with_key=sent.with_key)


@copy.get("/projects/{int:key}/copy", auth=TokenOf(EVERYONE), response=list[CopyOrderOut])
def orders(request: HttpRequest, key: int) -> Any:
    """The newest 200 orders of copy."""
    found = CopyOrder.objects.filter(project=get_object_or_404(Project, pk=key))
    return [CopyOrderOut.of(one) for one in found.select_related("batch").order_by("-pk")[:200]]


@copy.get("/copy-orders/{int:key}", auth=TokenOf(EVERYONE), response=CopyOrderOut)
def show_order(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """An order of copy, and how far it is."""
    return tagged(response, CopyOrderOut.of(get_object_or_404(CopyOrder, pk=key)))


@copy.get("/items/{int:key}/copy", auth=TokenOf(EVERYONE), response=list[CopyTextOut])
def texts(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """Every text of an item, newest first; hits are of the rules that hold for the chosen one."""
    return tagged(response, _texts(_item(key)))


@copy.post("/items/{int:key}/copy", auth=TokenOf(REVIEWERS), response={201: CopyTextOut})
def write(request: Any, key: int, body: NewCopy) -> Any:
    """Copy by hand; the item takes it."""
    item = _item(key)
    require_match(request, [_texts(item)])
    values = body.dict(exclude={"version"})
    made = acts.write(request.auth, item, values, version=body.version)
    return CopyTextOut.of(made, made.found, chosen=True)


@copy.get("/copy/{int:key}", auth=TokenOf(EVERYONE), response=CopyTextOut)
def show_text(request: HttpRequest, response: HttpResponse, key: int) -> Any:
    """One text of an item."""
    return tagged(response, _text(key)[1])


@copy.post("/copy/{int:key}/choose", auth=TokenOf(REVIEWERS), response=CopyTextOut)
def choose(request: Any, key: int, body: NewChoice) -> Any:
    """Let an item take one of its texts."""
    text, out = _text(key)
    require_match(request, [out])
    acts.choose(request.auth, text, version=body.version)
    return CopyTextOut.of(text, text.found, chosen=True)


@copy.post("/copy/{int:key}/mend", auth=TokenOf(REVIEWERS), response={201: CopyTextOut})
def mend(request: Any, key: int, body: NewFix) -> Any:
    """Apply the fix of one hit; what comes of it is another text."""
    text, out = _text(key)
    require_match(request, [out])
    made = acts.mend(request.auth, text, body.hit, version=body.version)
    return CopyTextOut.of(made, made.found, chosen=True)


def _writer(project: Project) -> WriterOut:
    return WriterOut.of(WriterSettings.objects.filter(project=project).first())


def _prompts(project: Project) -> list[PromptOut]:
    found = project.prompts.select_related("by").order_by("-pk")
    return [PromptOut.of(one) for one in found]


def _rules(project: Project) -> list[RulesOut]:
    found = project.rules.select_related("by").order_by("-version")
    return [RulesOut.of(one) for one in found]


def _item(key: int) -> Item:
    return get_object_or_404(Item.objects.select_related("batch", "copy"), pk=key)


def _texts(item: Item) -> list[CopyTextOut]:
    found = item.texts.select_related("item", "order").order_by("-pk")[:200]
    return [_out(one, item) for one in found]


def _text(key: int) -> tuple[CopyText, CopyTextOut]:
    """A text, and how it is given."""
    text = get_object_or_404(CopyText.objects.select_related("item__batch", "order"), pk=key)
    return text, _out(text, text.item)


def _out(text: CopyText, item: Item) -> CopyTextOut:
    chosen = text.pk == item.copy_id
    hits = hits_of(text, item, rules_of(item.project_id)) if chosen else text.found
    return CopyTextOut.of(text, hits, chosen=chosen)
