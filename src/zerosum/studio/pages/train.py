"""The form of a training: a recipe for the data, and what can be set of it."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from zerosum.config import parse_assignments
from zerosum.errors import StudioError, ZerosumError
from zerosum.studio.access import allow
from zerosum.studio.acts.training import TrainingOrder, train
from zerosum.studio.acts.work import read_again
from zerosum.studio.catalogue import kinds_of, offers_of, options_as
from zerosum.studio.fields import CHOICE, LIST, NUMBER, TEXT, FormField, fields_of, given
from zerosum.studio.models import DataSource, Training
from zerosum.studio.models.work import DONE, GUARDS
from zerosum.studio.pages.answers import actor_of, number
from zerosum.studio.roles import MAKERS
from zerosum.studio.runner import without_paths

_OPTION, _KEY = "option.", "set."
_APART = "holdout"
"""An option that every reader has, and that is asked for by itself."""
_NUMBERS = {
    "minutes": float, "samples": int, "seed": int, "epsilon": float, "delta": float,
    "begins_with": int, "freeze": int,
}  # fmt: skip


@allow(MAKERS, methods=("GET", "POST"))
def show(request: HttpRequest, key: int) -> HttpResponse:
    """The form, the settings of a recipe that was chosen in it, and ordering the training."""
    data = get_object_or_404(DataSource.objects.select_related("project"), pk=key)
    if data.state != DONE:
        raise StudioError(f"{data.name!r} is not ready: {data.state}. Wait for its check.")
    offers, problem = offers_of(data), ""
    form = dict(request.POST.items()) if request.method == "POST" else _form(request, data)
    fit = [one for one in offers if not one["why_not"]]
    chosen = next((one for one in fit if one["name"] == form.get("recipe")), None)
    if request.method == "POST":
        try:
            made = train(actor_of(request), data, _order(request, chosen))
            return redirect("training", made.pk)
        except ZerosumError as error:
            problem = without_paths(str(error))
    chosen = chosen or next(iter(fit), None)
    context = {
        "project": data.project, "data": data, "chosen": chosen, "form": form, "problem": problem,
        "usual": [one for one in fit if one["usual"]],
        "others": [one for one in fit if not one["usual"]],
        "refused": [one for one in offers if one["why_not"]], "guards": GUARDS,
        "trainings": _with_weights(data),
    }  # fmt: skip
    if chosen is not None:
        context |= _settings(chosen, form)
    piece = request.method == "GET" and getattr(request, "htmx", False)
    template = "studio/parts/settings.html" if piece else "studio/train.html"
    return render(request, template, context, status=422 if problem else 200)


@allow(MAKERS, methods=("GET", "POST"))
def read(request: HttpRequest, key: int) -> HttpResponse:
    """How data is read: as what, and with which options; and reading it again."""
    data, problem = get_object_or_404(DataSource.objects.select_related("project"), pk=key), ""
    if request.method == "POST":
        form = dict(request.POST.items())
    else:
        form = {_OPTION + name: _text(value) for name, value in data.options.items()}
        form["read_as"] = request.GET.get("read_as", data.read_as)
    options = fields_of(options_as(data, form.get("read_as", "")))
    if request.method == "POST":
        try:
            read_again(
                actor_of(request), data, read_as=form.get("read_as", ""),
                options=given(options, form, _OPTION),
            )  # fmt: skip
            return redirect("project", data.project.pk)
        except ZerosumError as error:
            problem = without_paths(str(error))
    context = {
        "project": data.project, "data": data, "form": form, "problem": problem,
        "kinds": kinds_of(data), "options": _filled(options, form, _OPTION),
    }  # fmt: skip
    piece = request.method == "GET" and getattr(request, "htmx", False)
    template = "studio/parts/options.html" if piece else "studio/read.html"
    return render(request, template, context, status=422 if problem else 200)


def _order(request: HttpRequest, offer: Mapping[str, Any] | None) -> TrainingOrder:
    """What somebody has ordered; of a recipe that does not take the data its name."""
    form = request.POST
    options = {} if offer is None else given(_options(offer), form, _OPTION)
    lines = [line for line in form.get("changes", "").splitlines() if line.strip()]
    changes = {} if offer is None else given(_keys(offer), form, _KEY)
    numbers = {name: number(request, name, kind) for name, kind in _NUMBERS.items()}
    numbers = {name: value for name, value in numbers.items() if value is not None}
    return TrainingOrder(
        recipe=form.get("recipe", ""), capacity=form.get("capacity", "small"),
        referee=form.get("referee", "act"), options=options,
        changes=changes | parse_assignments(lines), **numbers,
    )  # fmt: skip


def _form(request: HttpRequest, data: DataSource) -> dict[str, str]:
    """What the form holds at first: as another training was ordered, if one is named."""
    form = {"recipe": request.GET.get("recipe", "")}
    form |= {_OPTION + name: _text(value) for name, value in data.options.items()}
    like = request.GET.get("like", "")
    one = Training.objects.filter(pk=int(like), data=data).first() if like.isdecimal() else None
    if one is None or (form["recipe"] and form["recipe"] != one.recipe):
        return form
    names = ("recipe", "minutes", "samples", "seed", "capacity", "referee", "epsilon", "delta")
    values: dict[str, Any] = {name: getattr(one, name) for name in names}
    values |= {"begins_with": one.begins_with_id, "freeze": one.freeze or None}
    form = {}
    values |= {_OPTION + name: value for name, value in one.options.items()}
    values |= {_KEY + name: value for name, value in one.changes.items()}
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: Any) -> str:
    """A value as somebody would type it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _settings(offer: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    options, keys = _options(offer), _keys(offer)
    known = {_KEY + one.name for one in keys}
    others = [
        f"{name.removeprefix(_KEY)}={text}"
        for name, text in form.items()
        if name.startswith(_KEY) and name not in known
    ]
    apart = [one for one in options if one.name == _APART]
    return {
        "apart": _filled(apart, form, _OPTION),
        "options": _filled([one for one in options if one.name != _APART], form, _OPTION),
        "keys": _filled(keys, form, _KEY),
        "changes": form.get("changes", "\n".join(others)),
    }  # fmt: skip


def _options(offer: Mapping[str, Any]) -> list[FormField]:
    return fields_of(offer["options"])


def _keys(offer: Mapping[str, Any]) -> list[FormField]:
    """A field for each single value of a recipe."""
    return [_key(name, value) for name, value in offer["keys"].items()]


def _key(name: str, value: Any) -> FormField:
    if isinstance(value, bool):
        return FormField(name, name, CHOICE, usual=_text(value), choices=("true", "false"))
    widget = NUMBER if isinstance(value, int | float) else TEXT
    return FormField(name, name, widget, usual=_text(value))


def _filled(fields: list[FormField], form: Mapping[str, str], before: str) -> list[dict[str, Any]]:
    """Fields with their names in the form and what they hold."""
    return [
        {
            "field": one, "name": before + one.name, "value": form.get(before + one.name, ""),
            "id": f"f-{before}{one.name}".replace(".", "-"), "is_list": one.widget == LIST,
        }
        for one in fields
    ]  # fmt: skip


def _with_weights(data: DataSource) -> list[Training]:
    """Trainings of the project that another may begin with."""
    found = Training.objects.filter(project=data.project_id).exclude(state="waiting")
    return list(found.select_related("data").order_by("-pk")[:100])
