"""What pages share: who acts, numbers in forms, and refusals said in the page."""

import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.html import format_html

from zerosum.errors import StudioError, ZerosumError
from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.review import ConflictError
from zerosum.studio.api.problems import PREFIX, problem
from zerosum.studio.outages import in_words
from zerosum.studio.runner import without_paths
from zerosum.studio.values import require_keepable

_UNEXPECTED = (
    "something went wrong that the studio did not expect. The server's log says what; tell an "
    "owner when it happened."
)


def actor_of(request: HttpRequest) -> Actor:
    """Who has sent the request; the route has seen to it that somebody is signed in."""
    user: Any = request.user
    return Actor(user)


def number(request: HttpRequest, name: str, kind: Callable[[str], Any], default: Any = None) -> Any:
    """A number of a form; `default` where the field is empty.

    Raises:
        StudioError: it is not a number.
    """
    text = request.POST.get(name, "").strip()
    if not text:
        return default
    try:
        value = kind(text)
    except ValueError:
        raise StudioError(f"{name}: {text[:80]!r} is not a number.") from None
    require_keepable(value)
    return value


def back(request: HttpRequest, fallback: str) -> HttpResponse:
    """Back to the page the form was on, if it is one of this server's."""
    parts = urlsplit(request.headers.get("Referer", ""))
    here = parts.netloc == request.get_host()
    # One slash alone: an address that begins with two is another server's.
    path = "/" + parts.path.lstrip("/") + (f"?{parts.query}" if parts.query else "")
    target = path if here else fallback
    answer = redirect(target)
    answer.status_code = 303
    return answer


class Refusals:
    """Turns errors that zerosum raises on purpose into sentences in the page."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a request."""
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *words: Any) -> HttpResponse | None:
        """Refuse text in a form or an address that no database keeps."""
        if request.path.startswith(PREFIX):
            return None
        try:
            require_keepable(
                [text for given in (request.GET, request.POST) for _, text in given.items()]
            )
        except StudioError as error:
            return self.process_exception(request, error)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A sentence where the form was, and no other page."""
        outage = in_words(error)
        if outage is not None:
            return _unavailable(request, *outage)
        if not isinstance(error, ZerosumError):
            return None
        status, sentence = status_of(error), without_paths(str(error))
        if _takes_a_piece(request):
            return _piece(sentence, status)
        if request.method == "POST":
            messages.error(request, sentence)
            return back(request, "/")
        return render(request, "studio/refused.html", {"sentence": sentence}, status=status)


def status_of(error: ZerosumError) -> int:
    """The status of what is refused on purpose."""
    return 409 if isinstance(error, ConflictError) else 422


def failed(request: HttpRequest) -> HttpResponse:
    """What is answered where nothing else could: an outage in words, or that the log knows more."""
    error = sys.exc_info()[1]
    outage = None if error is None else in_words(error)
    return _unavailable(request, *(outage or (500, _UNEXPECTED)))


def _unavailable(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    """An answer that asks the database for nothing, as pages with a name in their head do."""
    if request.path.startswith(PREFIX):
        answer = problem(status, "Unavailable", sentence)
    elif _takes_a_piece(request):
        answer = _piece(sentence, status)
    else:
        page = render_to_string("studio/unavailable.html", {"sentence": sentence})
        answer = HttpResponse(page, status=status)
    if status == 503:
        answer["Retry-After"] = "5"
    return answer


def _takes_a_piece(request: HttpRequest) -> bool:
    fetched = request.headers.get("X-Requested-With") == "fetch"
    return bool(getattr(request, "htmx", False)) or fetched


def _piece(sentence: str, status: int) -> HttpResponse:
    return HttpResponse(format_html('<p class="notice bad">{}</p>', sentence), status=status)
