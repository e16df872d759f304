"""Pages of projects: their data, trainings and batches."""

import shlex
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from zerosum.conditions import read_pairs
from zerosum.errors import StudioError
from zerosum.studio.access import allow
from zerosum.studio.acts import work as acts
from zerosum.studio.catalogue import catalogue
from zerosum.studio.counting import item_counts
from zerosum.studio.models import (
    AllowedFolder,
    BundleOrder,
    CopyOrder,
    DataSource,
    Item,
    ItemBatch,
    Project,
    Training,
    WebhookDelivery,
)
from zerosum.studio.pages.answers import actor_of, back, number
from zerosum.studio.roles import EVERYONE, MAKERS, WRITERS
from zerosum.studio.run_folders import why_gone, why_no_model
from zerosum.studio.uploads import KINDS

_SHOWN = 50
_JOBS = (DataSource, Training, ItemBatch, CopyOrder, BundleOrder, WebhookDelivery)
_KINDS: dict[str, Any] = {one.kind: one for one in _JOBS}


@allow(EVERYONE)
def home(request: HttpRequest) -> HttpResponse:
    """Every project."""
    projects = Project.objects.order_by("-pk")
    waiting = Item.objects.filter(state="new").values("project").annotate(n=Count("pk"))
    counts = {row["project"]: row["n"] for row in waiting}
    rows = [(project, counts.get(project.pk, 0)) for project in projects]
    return render(request, "studio/home.html", {"rows": rows})


@allow(MAKERS, methods=("POST",))
def make(request: HttpRequest) -> HttpResponse:
    """A new project."""
    made = acts.make_project(actor_of(request), request.POST.get("name", ""))
    return redirect("project", made.pk)


@allow(EVERYONE)
def show(request: HttpRequest, key: int) -> HttpResponse:
    """One project: data, trainings, batches, and how many items wait."""
    project = get_object_or_404(Project, pk=key)
    context = {
        "project": project, "folders": AllowedFolder.objects.order_by("name"),
        "kinds": {what: ", ".join(endings) for what, endings in KINDS.items()},
    }  # fmt: skip
    return render(request, "studio/project.html", context | _work(project))


@allow(EVERYONE)
def work(request: HttpRequest, key: int) -> HttpResponse:
    """The part of a project's page that changes by itself."""
    project = get_object_or_404(Project, pk=key)
    return render(request, "studio/parts/work.html", {"project": project} | _work(project))


def _work(project: Project) -> dict[str, Any]:
    trainings = Training.objects.filter(project=project).select_related("data")
    batches = ItemBatch.objects.filter(project=project).select_related("training__data")
    shown = list(trainings.order_by("-pk")[:_SHOWN])
    return {
        "gone": [one.pk for one in shown if why_gone(one)],
        "sources": DataSource.objects.filter(project=project).order_by("-pk"),
        "trainings": shown,
        "batches": batches.order_by("-pk")[:_SHOWN],
        "counts": item_counts(project.pk),
    }


@allow(MAKERS, methods=("POST",))
def upload(request: HttpRequest, key: int) -> HttpResponse:
    """Data as a file."""
    project = get_object_or_404(Project, pk=key)
    made = acts.upload_data(actor_of(request), project, request.FILES.get("file"))
    messages.success(request, f"{made.name} is stored, and being checked.")
    return redirect("project", key)


@allow(MAKERS, methods=("POST",))
def name_folder(request: HttpRequest, key: int) -> HttpResponse:
    """Data in a folder that an owner has allowed."""
    project = get_object_or_404(Project, pk=key)
    folder = AllowedFolder.objects.filter(pk=number(request, "folder", int, 0)).first()
    if folder is None:
        raise StudioError("choose a folder. An owner allows folders on the page People.")
    acts.name_folder(actor_of(request), project, folder, request.POST.get("place", ""))
    return redirect("project", key)


@allow(MAKERS, methods=("GET", "POST"))
def built_in(request: HttpRequest, key: int) -> HttpResponse:
    """Built-in data: a list of it, and taking one."""
    project = get_object_or_404(Project, pk=key)
    known = catalogue()["built_in"]
    if request.method == "POST":
        acts.take_built_in(actor_of(request), project, request.POST.get("name", ""), known)
        return redirect("project", key)
    return render(request, "studio/built_in.html", {"project": project, "names": known})


@allow(WRITERS, methods=("GET", "POST"))
def sample(request: HttpRequest, key: int) -> HttpResponse:
    """The form of a batch of items, and ordering it."""
    training = get_object_or_404(Training.objects.select_related("project", "data"), pk=key)
    if request.method == "POST":
        pairs = _pairs(request.POST.get("where", ""))
        label = request.POST.get("label", "")
        where = read_pairs(pairs) | ({"label": label} if label else {})
        made = acts.sample(
            actor_of(request), training, n=number(request, "n", int, 0), where=where,
            seed=number(request, "seed", int), rows=number(request, "rows", int, 100),
        )  # fmt: skip
        messages.success(request, f"Batch {made.pk} is ordered: {made.n} item{'s'[: made.n != 1]}.")
        return redirect("project", training.project.pk)
    context = {
        "project": training.project, "training": training, "is_set": acts.makes_sets(training),
        "why_not": why_no_model(training),
    }  # fmt: skip
    return render(request, "studio/sample.html", context)


def _pairs(text: str) -> list[str]:
    """Conditions as a shell reads them: quotes hold a value with spaces together.

    >>> _pairs("age>=30 city='New York'")
    ['age>=30', 'city=New York']

    Raises:
        StudioError: a quote is not closed.
    """
    try:
        return shlex.split(text)
    except ValueError:
        raise StudioError(f"a quote in {text!r} is not closed. Write city='New York'.") from None


@allow(WRITERS, methods=("POST",))
def cancel(request: HttpRequest, kind: str, key: int) -> HttpResponse:
    """Ask a job to end."""
    acts.cancel(actor_of(request), _job(kind, key))
    return back(request, "/")


@allow(WRITERS, methods=("POST",))
def retry(request: HttpRequest, kind: str, key: int) -> HttpResponse:
    """Let a job go on where it was."""
    acts.retry(actor_of(request), _job(kind, key))
    return back(request, "/")


def _job(kind: str, key: int) -> Any:
    if kind not in _KINDS:
        raise Http404(f"no job of kind {kind!r}")
    return get_object_or_404(_KINDS[kind], pk=key)
