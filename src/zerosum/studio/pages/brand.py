"""Pages of how a project writes: the LLM, prompts, brand rules, and what copy has cost."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from zerosum.errors import StudioError, ZerosumError
from zerosum.studio.access import allow
from zerosum.studio.acts import brand as acts
from zerosum.studio.acts.copy import choose_prompt
from zerosum.studio.brand import rules_of
from zerosum.studio.copying import DEFAULT_PROMPT
from zerosum.studio.models import CopyOrder, Project, RulesVersion, WriterSettings
from zerosum.studio.pages.answers import actor_of, number
from zerosum.studio.pages.rule_forms import ARROW, form_of, rules_from
from zerosum.studio.roles import EVERYONE, OWNERS, REVIEWERS
from zerosum.studio.rules.rule_set import RuleSet
from zerosum.studio.writing.endpoint import KEY_VARIABLE
from zerosum.studio.writing.prompts import KNOWN_VARIABLES, PromptTemplate
from zerosum.studio.writing.template_writer import TEMPLATE_LANGUAGES

_SHOWN = 50
_PICTURES = (
    ("send", "send them; a model that takes none is an error"),
    ("send_if_taken", "send them; where a model takes none, it writes from facts alone"),
    ("keep", "keep them here; it writes from facts alone"),
)


@allow(EVERYONE)
def show(request: HttpRequest, key: int) -> HttpResponse:
    """Who writes, from which prompts, under which rules, and what it has cost."""
    project = get_object_or_404(Project, pk=key)
    orders = CopyOrder.objects.filter(project=project).select_related("batch", "prompt")
    newest: dict[str, Any] = {}
    for one in project.prompts.select_related("by").order_by("version"):
        newest[one.name] = one
    shown = list(orders.order_by("-pk")[:_SHOWN])
    context = {
        "project": project, "writer": WriterSettings.objects.filter(project=project).first(),
        "prompts": [newest[name] for name in sorted(newest)], "rules": rules_of(project),
        "usages": acts.usage_of(project), "orders": shown,
        "busy": any(not one.is_over for one in shown),
        "pictures": _PICTURES, "variable": KEY_VARIABLE, "default": DEFAULT_PROMPT,
        "languages": ", ".join(TEMPLATE_LANGUAGES),
    }  # fmt: skip
    return render(request, "studio/copy.html", context)


@allow(OWNERS, methods=("POST",))
def set_writer(request: HttpRequest, key: int) -> HttpResponse:
    """Let an LLM write."""
    project = get_object_or_404(Project, pk=key)
    form = request.POST
    values: dict[str, Any] = {
        "base_url": form.get("base_url", "").strip(), "model": form.get("model", "").strip(),
        "allow_private": bool(form.get("allow_private")),
        "pictures": form.get("pictures", "send"),
    }  # fmt: skip
    prices = [number(request, name, float) for name in ("price_sent", "price_written")]
    if any(price is not None for price in prices):
        if None in prices:
            raise StudioError("give both prices, of tokens sent and written, or neither.")
        values["prices"] = {
            "prompt": prices[0], "completion": prices[1],
            "currency": form.get("currency", "").strip() or "USD",
        }  # fmt: skip
    if (most := number(request, "most_tokens", int)) is not None:
        values["most_tokens"] = most
    values["temperature"] = number(request, "temperature", float)
    typed = form.get("key", "").strip()
    key_now = "" if form.get("no_key") else typed or None
    acts.set_writer(actor_of(request), project, values, key=key_now)
    messages.success(request, f"{values['model']} writes from now on. Nothing was sent yet.")
    return redirect("copy", key)


@allow(OWNERS, methods=("POST",))
def forget_writer(request: HttpRequest, key: int) -> HttpResponse:
    """Let the template writer write again."""
    acts.forget_writer(actor_of(request), get_object_or_404(Project, pk=key))
    messages.success(request, "The LLM and its key are forgotten.")
    return redirect("copy", key)


@allow(REVIEWERS, methods=("GET", "POST"))
def prompt(request: HttpRequest, key: int) -> HttpResponse:
    """The form of a prompt, and a new version of it."""
    project = get_object_or_404(Project, pk=key)
    problem = ""
    if request.method == "POST":
        typed = {name: request.POST.get(name, "").replace("\r\n", "\n") for name in _PROMPT}
        try:
            given = _given(typed["given"])
            values = {name: typed[name].strip() for name in _PROMPT if name != "given"}
            made = acts.save_prompt(
                actor_of(request), project, values | {"variables": list(given)}, given
            )
        except ZerosumError as error:
            problem = str(error)
        else:
            messages.success(request, f"{made} is stored.")
            return redirect("copy", key)
    else:
        found = choose_prompt(project, request.GET.get("name", ""))
        template = PromptTemplate() if found is None else found.template
        typed = {name: str(getattr(template, name, "")) for name in _PROMPT}
        given = {} if found is None else found.given
        typed["given"] = "\n".join(f"{name} = {value}" for name, value in given.items())
    context = {
        "project": project, "typed": typed, "problem": problem, "default": DEFAULT_PROMPT,
        "known": [f"${name}" for name in KNOWN_VARIABLES],
    }  # fmt: skip
    return render(request, "studio/prompt.html", context, status=422 if problem else 200)


@allow(EVERYONE)
def rules(request: HttpRequest, key: int) -> HttpResponse:
    """The brand rules, and for owners the form that changes them."""
    return _rules(request, get_object_or_404(Project, pk=key))


@allow(OWNERS, methods=("POST",))
def save_rules(request: HttpRequest, key: int) -> HttpResponse:
    """New brand rules, from the form or as JSON."""
    project = get_object_or_404(Project, pk=key)
    form = {name: str(value).replace("\r\n", "\n") for name, value in request.POST.items()}
    try:
        values = _json(form["json"]) if "json" in form else {"rules": rules_from(form)}
        made = acts.save_rules(actor_of(request), project, values)
    except ZerosumError as error:
        return _rules(request, project, typed=form, problem=str(error))
    messages.success(
        request,
        f"Version {made.version} of the rules holds. Copy is checked against it from now on.",
    )
    return redirect("rules", key)


def _rules(
    request: HttpRequest, project: Project, *, typed: dict[str, str] | None = None,
    problem: str = "",
) -> HttpResponse:  # fmt: skip
    versions = RulesVersion.objects.filter(project=project).select_related("by")
    newest = versions.order_by("-version").first()
    current = RuleSet(name=project.name) if newest is None else newest.rules
    form = form_of(current)
    shown = json.dumps({"rules": current.to_json()["rules"]}, indent=1, ensure_ascii=False)
    context = {
        "project": project, "newest": newest, "versions": versions.order_by("-version")[:_SHOWN],
        "form": typed or form or {}, "fits": form is not None, "problem": problem, "arrow": ARROW,
        "json": (typed or {}).get("json") or shown, "as_json": "json" in (typed or {}),
    }  # fmt: skip
    return render(request, "studio/rules.html", context, status=422 if problem else 200)


_PROMPT = ("name", "language", "tone", "system", "text", "given")


def _given(text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for line in text.splitlines():
        name, sign, value = line.partition("=")
        if line.strip() and not sign:
            raise StudioError(f"{line.strip()!r} gives no value. Write it as NAME = VALUE.")
        if sign:
            given[name.strip()] = value.strip()
    return given


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StudioError(f"this is no JSON: {error}. Look at its commas and quotes.") from None
    if not isinstance(found, dict) or "rules" not in found:
        raise StudioError('the rules are JSON of the form {"rules": [...]}.')
    return {"rules": found["rules"]}
