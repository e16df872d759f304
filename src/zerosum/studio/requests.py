"""Every request has an id, is timed, and is logged without what may be secret in its address."""

import logging
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from zerosum.studio.logs import FACTS, ID_OF_REQUEST, REQUEST_ID
from zerosum.studio.metrics import REQUESTS

HEADER = "X-Request-ID"
_ID = re.compile(r"[\w.-]{1,64}")
_LOG = logging.getLogger("zerosum.studio.requests")


class Requests:
    """Gives a request its id, or keeps that of a proxy, and says how long it took.

    Of a stream it is the time until it begins.
    """

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a request."""
        given = request.headers.get(HEADER, "")
        name = given if _ID.fullmatch(given) else secrets.token_hex(8)
        setattr(request, ID_OF_REQUEST, name)
        token, start = REQUEST_ID.set(name), time.perf_counter()
        try:
            response = self._get_response(request)
            seconds = time.perf_counter() - start
            route = route_of(request)
            method = request.method if request.method in _METHODS else "other"
            REQUESTS.labels(method, route, str(response.status_code)).observe(seconds)
            facts = {
                "method": method, "route": route, "status": response.status_code,
                "milliseconds": round(1e3 * seconds, 1),
            }  # fmt: skip
            _LOG.info("%s %s", method, route, extra={FACTS: facts})
            response[HEADER] = name
            return response
        finally:
            REQUEST_ID.reset(token)


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def route_of(request: HttpRequest) -> str:
    """The pattern of an address, which holds no secret and is one of few."""
    match = request.resolver_match
    if match is not None:
        return f"/{match.route}"
    return "/static/" if request.path.startswith("/static/") else "unknown"
