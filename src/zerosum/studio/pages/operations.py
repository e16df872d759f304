"""Pages for those who run the server: whether it answers, whether it is ready, its figures."""

import shutil
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from zerosum.studio.access import allow
from zerosum.studio.acts.people import actor_of_token
from zerosum.studio.database import is_ready
from zerosum.studio.metrics import exposition
from zerosum.studio.roles import MAKERS, PUBLIC

_LEAST_ROOM = 64 << 20
"""Bytes on the disk below which the server is not ready."""
_BEARER = "Bearer "


def or_token(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a token of the API stand for a session; its role is what counts then."""

    @wraps(view)
    def either(request: HttpRequest, *words: Any, **named: Any) -> Any:
        given = request.headers.get("Authorization", "")
        if given.startswith(_BEARER):
            actor = actor_of_token(given[len(_BEARER) :])
            if actor is None:
                answer = HttpResponse("This token is not in use.", status=401)
                answer["WWW-Authenticate"] = "Bearer"
                return answer
            actor.user.role = actor.role  # of this object alone; it is never saved
            request.user = actor.user  # pyright: ignore[reportAttributeAccessIssue]
        return view(request, *words, **named)

    return either


@allow(PUBLIC)
def health(request: HttpRequest) -> HttpResponse:
    """That the server answers."""
    return JsonResponse({"status": "ok"})


@allow(PUBLIC)
def ready(request: HttpRequest) -> HttpResponse:
    """That the database answers in the form of this version, and that there is room on the disk."""
    wrong = []
    if not is_ready():
        wrong.append("no database")
    try:
        if shutil.disk_usage(settings.STUDIO.folder).free < _LEAST_ROOM:
            wrong.append("no room on the disk")
    except OSError:
        wrong.append("no folder")
    status = ", ".join(wrong) or "ok"
    return JsonResponse({"status": status}, status=503 if wrong else 200)


@or_token
@allow(MAKERS)
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures in the text form of Prometheus, for owners and developers and their tokens."""
    kind = "text/plain; version=1.0.0; charset=utf-8"
    answer = HttpResponse(exposition(), content_type=kind)
    answer["Cache-Control"] = "no-store"
    return answer
