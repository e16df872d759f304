"""Two trainings beside each other, faults that are put in, and remedies."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from zerosum.errors import StudioError
from zerosum.studio.access import allow
from zerosum.studio.acts import duel as acts
from zerosum.studio.live import pictures_of
from zerosum.studio.models import Training
from zerosum.studio.pages.answers import actor_of, number
from zerosum.studio.roles import EVERYONE, MAKERS
from zerosum.studio.run_folders import why_gone


def _training(key: int) -> Training:
    return get_object_or_404(Training.objects.select_related("project", "data", "by"), pk=key)


@allow(EVERYONE)
def beside(request: HttpRequest, key: int) -> HttpResponse:
    """Two trainings of a project, moving together."""
    first = _training(key)
    other = request.GET.get("with", "")
    if not other.isdecimal():
        raise StudioError("choose a training to show beside this one.")
    second = get_object_or_404(
        Training.objects.select_related("data"), pk=int(other), project=first.project
    )
    both = [(one, pictures_of(one), why_gone(one)) for one in (first, second)]
    return render(request, "studio/beside.html", {"project": first.project, "both": both})


@allow(MAKERS, methods=("POST",))
def provoke(request: HttpRequest, key: int) -> HttpResponse:
    """Let a copy go on with a fault."""
    made = acts.provoke(
        actor_of(request), _training(key), fault=request.POST.get("fault", ""),
        referee=request.POST.get("referee", "watch"), samples=number(request, "samples", int),
    )  # fmt: skip
    return redirect("training", made.pk)


@allow(MAKERS, methods=("POST",))
def mend(request: HttpRequest, key: int) -> HttpResponse:
    """Give a training a remedy."""
    remedy = request.POST.get("remedy", "")
    target = acts.mend(actor_of(request), _training(key), remedy)
    messages.success(request, f"{remedy} is given: {target.name} goes on with it.")
    return redirect("training", target.pk)
