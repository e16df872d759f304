"""Pages of panels and blind tests."""

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from zerosum.studio.access import allow
from zerosum.studio.acts import reviewing as acts
from zerosum.studio.models import BlindTest, ItemBatch, Panel, Project
from zerosum.studio.models.reviewing import VOTES
from zerosum.studio.pages.answers import actor_of, number
from zerosum.studio.pages.files import path_of, png
from zerosum.studio.roles import EVERYONE, REVIEWERS, WRITERS


@allow(EVERYONE)
def show(request: HttpRequest, key: int) -> HttpResponse:
    """Panels and blind tests of a project."""
    project = get_object_or_404(Project, pk=key)
    panels = Panel.objects.filter(project=project).annotate(
        items=Count("places"), decided=Count("places", filter=Q(places__decided=True))
    )
    tests = BlindTest.objects.filter(project=project).annotate(n=Count("trials"))
    context = {
        "project": project, "panels": panels.order_by("-pk")[:100],
        "tests": tests.select_related("batch").order_by("-pk")[:100],
        "batches": ItemBatch.objects.filter(project=project).order_by("-pk")[:100],
    }  # fmt: skip
    return render(request, "studio/reviews.html", context)


@allow(WRITERS, methods=("POST",))
def make_panel(request: HttpRequest, key: int) -> HttpResponse:
    """Ask several people about the same items."""
    made = acts.make_panel(
        actor_of(request), get_object_or_404(Project, pk=key), n=number(request, "n", int, 0),
        reviewers=number(request, "reviewers", int, 2), batch=number(request, "batch", int),
    )  # fmt: skip
    return redirect("panel", made.pk)


def _panel(key: int) -> Panel:
    return get_object_or_404(Panel.objects.select_related("project"), pk=key)


@allow(EVERYONE)
def panel(request: HttpRequest, key: int) -> HttpResponse:
    """How a panel stands."""
    found = _panel(key)
    mine = acts.next_place(actor_of(request), found)
    context = {
        "project": found.project, "panel": found, "result": acts.panel_result(found),
        "mine": mine is not None,
    }  # fmt: skip
    return render(request, "studio/panel.html", context)


@allow(REVIEWERS, methods=("GET", "POST"))
def judge(request: HttpRequest, key: int) -> HttpResponse:
    """The next item for this person, and what they say of it."""
    found, actor = _panel(key), actor_of(request)
    if request.method == "POST":
        state = request.POST.get("state", "")
        acts.vote(actor, found, number(request, "item", int, 0), state)
        return redirect("judge", key)
    place = acts.next_place(actor, found)
    if place is None:
        return redirect("panel", key)
    left = found.places.filter(votes__lt=found.reviewers).exclude(given__by=actor.user).count()
    context = {
        "project": found.project, "panel": found, "item": place.item, "votes": VOTES,
        "left": left,
    }  # fmt: skip
    return render(request, "studio/judge.html", context)


@allow(WRITERS, methods=("POST",))
def make_blind_test(request: HttpRequest, key: int) -> HttpResponse:
    """Mix items with real samples."""
    made = acts.make_blind_test(
        actor_of(request), get_object_or_404(Project, pk=key),
        batch=number(request, "batch", int, 0), n=number(request, "n", int, 0),
    )  # fmt: skip
    return redirect("blind", made.pk)


def _test(key: int) -> BlindTest:
    return get_object_or_404(BlindTest.objects.select_related("project", "batch"), pk=key)


@allow(EVERYONE)
def blind(request: HttpRequest, key: int) -> HttpResponse:
    """What people could tell; not shown to those who have still to answer."""
    test, actor = _test(key), actor_of(request)
    mine = acts.next_trial(actor, test)
    begun = mine is not None and test.trials.filter(answers__by=actor.user).exists()
    context = {
        "project": test.project, "test": test, "mine": mine, "begun": begun,
        "results": {} if begun else acts.blind_results(test), "n": test.trials.count(),
    }  # fmt: skip
    return render(request, "studio/blind.html", context)


@allow(WRITERS, methods=("GET", "POST"))
def answer(request: HttpRequest, key: int) -> HttpResponse:
    """The next sample for this person, and what they take it for."""
    test, actor = _test(key), actor_of(request)
    if request.method == "POST":
        says = request.POST.get("says") == "real"
        acts.answer(actor, test, number(request, "number", int, 0), says_real=says)
        return redirect("answer", key)
    trial = acts.next_trial(actor, test)
    if trial is None:
        return redirect("blind", key)
    context = {
        "project": test.project, "test": test, "trial": trial, "n": test.trials.count(),
    }  # fmt: skip
    return render(request, "studio/answer.html", context)


@allow(EVERYONE)
def blind_picture(request: HttpRequest, key: int, seen: int) -> HttpResponse:
    """A sample of a blind test; its address does not say what it is."""
    return picture_of(_test(key), seen)


def picture_of(test: BlindTest, number: int) -> HttpResponse:
    """A sample of a blind test.

    Raises:
        Http404: there is no such sample, or its file is gone.
    """
    trial = get_object_or_404(test.trials.select_related("item"), number=number)
    item = trial.item
    answer = png(path_of(item.facts["real"] if trial.is_real else item.thumbnail))
    answer["Cache-Control"] = "private, no-store"
    return answer
