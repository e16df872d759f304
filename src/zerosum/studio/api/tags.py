"""ETags: what is known is not sent again, and nobody writes over what they have not seen."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import parse_etags
from ninja import Schema

from zerosum.studio.acts.review import ConflictError

_ANYTHING = "*"
Given = Schema | Sequence[Schema]
"""What an operation gives: one thing, or a list."""


class PreconditionError(ConflictError):
    """What `If-Match` names is not what there is now."""


def etag_of(out: Given) -> str:
    """The tag of something as the API gives it: another one after any change."""
    whole = [out] if isinstance(out, Schema) else out
    text = "\n".join(one.model_dump_json() for one in whole)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def tagged(response: HttpResponse, out: Given) -> Any:
    """Put the tag of `out` on the answer, and give `out` back."""
    response["ETag"] = etag_of(out)
    return out


def require_match(request: HttpRequest, outs: Iterable[Given]) -> None:
    """Refuse a write, where the request says `If-Match` and any of `outs` has another tag.

    Raises:
        PreconditionError: one was changed since.
    """
    given = request.headers.get("If-Match", "")
    if not given or given.strip() == _ANYTHING:
        return
    known = parse_etags(given)
    for out in outs:
        if etag_of(out) not in known:
            raise PreconditionError(
                f"{_name_of(out)} is not as If-Match says: somebody or something has changed it. "
                "Get it again."
            )


def _name_of(out: Given) -> str:
    if not isinstance(out, Schema):
        return "the list"
    return f"{type(out).__name__.removesuffix('Out').lower()} {getattr(out, 'id', '')}".rstrip()


class Tags:
    """Tags what is read through the API, and answers 304 to who has it already."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a request."""
        response = self._get_response(request)
        reads = request.method == "GET" and request.path.startswith("/api/v1/")
        if not reads or response.status_code != 200 or response.streaming:
            return response
        if not response.has_header("ETag"):
            response["ETag"] = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
        response.setdefault("Cache-Control", "private, no-cache")
        return get_conditional_response(request, etag=response["ETag"], response=response)
