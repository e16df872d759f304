"""Every refusal of the API is a problem after RFC 9457, whoever has refused."""

import http
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

PREFIX = "/api/"
_KIND = "application/problem+json"
_SENTENCES = {
    400: "the request cannot be read, or names this server by a name that it does not have.",
    404: "the API has nothing at this address. /api/v1/docs lists all there is.",
    405: "this address does not take this method. /api/v1/docs lists those it takes.",
}


def problem(status: int, title: str, detail: str, **more: Any) -> HttpResponse:
    """An error after RFC 9457."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JsonResponse(body, status=status, content_type=_KIND)


class Problems:
    """Gives refusals of the framework, which are pages, the form of all others."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a request."""
        response = self._get_response(request)
        status = response.status_code
        if status < 400 or not request.path.startswith(PREFIX):
            return response
        if response.headers.get("Content-Type", "").startswith(_KIND):
            return response
        title = http.HTTPStatus(status).phrase
        answer = problem(status, title, _SENTENCES.get(status, title.lower() + "."))
        if "Allow" in response:
            answer["Allow"] = response["Allow"]
        return answer
