"""Who may use a page: every one is declared with the roles that may, and by which methods."""

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from zerosum.studio.roles import PUBLIC, ROLE_NAMES, Role, in_words

_SIGN_IN = (
    "Nobody is signed in here. Sign in again; programs send a token: Authorization: Bearer zs_…"
)
_READING = ("GET", "HEAD", "OPTIONS")


def allow(
    roles: frozenset[Any], *, methods: tuple[str, ...] = ("GET",)
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let these roles use a page, by these methods, and nobody else.

    The page keeps `roles` and `methods` as attributes, which the routes and their tests read.
    """
    accepted = methods + (("HEAD",) if "GET" in methods else ())

    def declare(view: Callable[..., Any]) -> Callable[..., Any]:
        def refusal(request: HttpRequest) -> Any:
            if request.method not in accepted:
                return HttpResponseNotAllowed(accepted)
            if roles == PUBLIC:
                return None
            user: Any = request.user
            if not user.is_authenticated:
                if not _shows_pages(request):
                    return _unauthorized()
                here = request.get_full_path() if request.method in _READING else "/"
                return redirect_to_login(here)
            if user.role not in roles:
                raise PermissionDenied(
                    f"You are here as {ROLE_NAMES[Role(user.role)].lower()}. This is for "
                    f"{in_words(roles)}. Ask an owner for another role."
                )
            return None

        @wraps(view)
        async def guarded_async(request: HttpRequest, *words: Any, **named: Any) -> Any:
            sender: Any = request
            request.user = await sender.auser()
            return refusal(request) or await view(request, *words, **named)

        @wraps(view)
        def guarded(request: HttpRequest, *words: Any, **named: Any) -> Any:
            return refusal(request) or view(request, *words, **named)

        declared: Any = guarded_async if iscoroutinefunction(view) else guarded
        declared.roles, declared.methods = roles, methods
        return declared

    return declare


def _shows_pages(request: HttpRequest) -> bool:
    """Whether who asks would show a page to sign in on; programs, pictures and streams do not."""
    fetched = request.headers.get("X-Requested-With") == "fetch"
    pieces = bool(getattr(request, "htmx", False)) or fetched
    return not pieces and "text/html" in request.headers.get("Accept", "")


def _unauthorized() -> HttpResponse:
    """A refusal for programs; a page of ours that asks for a piece goes to the sign-in."""
    answer = HttpResponse(_SIGN_IN, status=401, content_type="text/plain; charset=utf-8")
    answer["WWW-Authenticate"] = "Bearer"
    answer["HX-Redirect"] = "/sign-in/"
    return answer
