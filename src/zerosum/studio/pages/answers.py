"""What pages share: who acts, numbers in forms, and refusals said in the page."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html

from zerosum.errors import StudioError, ZerosumError
from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.review import ConflictError


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
        return kind(text)
    except ValueError:
        raise StudioError(f"{name}: {text!r} is not a number.") from None


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

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A sentence where the form was, and no other page."""
        if not isinstance(error, ZerosumError):
            return None
        status = 409 if isinstance(error, ConflictError) else 422
        if getattr(request, "htmx", False) or request.headers.get("X-Requested-With") == "fetch":
            return HttpResponse(
                format_html('<p class="notice bad">{}</p>', str(error)), status=status
            )
        if request.method == "POST":
            messages.error(request, str(error))
            return back(request, "/")
        return render(request, "studio/refused.html", {"sentence": str(error)}, status=status)
