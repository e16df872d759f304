"""The API itself: errors as problems, and the operations by subject."""

from typing import Any

from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser

from zerosum import __version__
from zerosum.errors import ZerosumError
from zerosum.studio.access import allow
from zerosum.studio.api.access import ForbiddenError
from zerosum.studio.api.copy import copy
from zerosum.studio.api.duel import duel
from zerosum.studio.api.items import items
from zerosum.studio.api.problems import problem
from zerosum.studio.api.publishing import publishing
from zerosum.studio.api.reference import Reference
from zerosum.studio.api.reviewing import reviewing
from zerosum.studio.api.tags import PreconditionError
from zerosum.studio.api.work import work
from zerosum.studio.outages import in_words
from zerosum.studio.pages.answers import status_of
from zerosum.studio.roles import PUBLIC
from zerosum.studio.room import is_full
from zerosum.studio.runner import without_paths
from zerosum.studio.values import require_keepable


class KeepableParser(Parser):
    """Reads JSON and parameters, and refuses values that no database keeps."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body of a request."""
        body = super().parse_body(request)
        require_keepable(body)
        return body

    def parse_querydict(self, data: Any, list_fields: list[str], request: HttpRequest) -> Any:
        """The parameters of an address or a form."""
        found = super().parse_querydict(data, list_fields, request)
        require_keepable(found)
        return found


api = NinjaAPI(
    title="zerosum studio", version=__version__, urls_namespace="api",
    description="The acts of the studio's pages. Make a token on the page Account, and send it as "
    "`Authorization: Bearer zs_…`. A POST with the header `Idempotency-Key` is done once.",
    docs=Reference(), docs_decorator=allow(PUBLIC), parser=KeepableParser(),
)  # fmt: skip
api.add_router("", work)
api.add_router("", items)
api.add_router("", copy)
api.add_router("", publishing)
api.add_router("", duel)
api.add_router("", reviewing)


@api.exception_handler(ZerosumError)
def refused(request: HttpRequest, error: Any) -> HttpResponse:
    """What the house refuses, in the sentence that the command line gives."""
    if is_full(error):
        return unavailable(request, error)
    status = 412 if isinstance(error, PreconditionError) else status_of(error)
    return problem(status, type(error).__name__, without_paths(str(error)))


@api.exception_handler(DatabaseError)
@api.exception_handler(OSError)
def unavailable(request: HttpRequest, error: Any) -> HttpResponse:
    """A database that is away, or a full disk; other errors are not expected.

    Raises:
        Exception: it is one of those.
    """
    outage = in_words(error)
    if outage is None:
        raise error
    answer = problem(outage[0], "Unavailable", outage[1])
    if outage[0] == 503:
        answer["Retry-After"] = "5"
    return answer


@api.exception_handler(ForbiddenError)
def forbidden(request: HttpRequest, error: Any) -> HttpResponse:
    """A token whose role is not enough."""
    return problem(403, "Forbidden", str(error))


@api.exception_handler(AuthenticationError)
def unknown(request: HttpRequest, error: Any) -> HttpResponse:
    """No token, or none in use."""
    said = "send a token that is in use: Authorization: Bearer zs_… Make one on the page Account."
    answer = problem(401, "Unauthorized", said)
    answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(ValidationError)
def malformed(request: HttpRequest, error: Any) -> HttpResponse:
    """A body or a parameter of another form."""
    errors = [{"loc": list(one["loc"]), "msg": one["msg"]} for one in error.errors]
    first = f"{'.'.join(map(str, errors[0]['loc']))}: {errors[0]['msg']}" if errors else "invalid"
    return problem(422, "Invalid request", first, errors=errors)


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Any) -> HttpResponse:
    """Something that is not there."""
    return problem(404, "Not found", str(error) or "there is no such thing.")


@api.exception_handler(HttpError)
def failed(request: HttpRequest, error: Any) -> HttpResponse:
    """What the framework itself refuses, such as a body that cannot be read."""
    cause = error.__cause__
    if isinstance(cause, ZerosumError):
        return refused(request, cause)
    why = f": {cause}" if isinstance(cause, ValueError) else ""
    return problem(error.status_code, "Refused", f"{error}{why}")
