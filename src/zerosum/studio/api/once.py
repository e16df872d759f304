"""Idempotency keys: a request that is sent twice with the same key is done once."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from zerosum.studio.acts.people import actor_of_token
from zerosum.studio.api.problems import problem
from zerosum.studio.models import Answer

_MOST_KEY = 200
HEADER = "Idempotency-Key"


class Once:
    """Answers a request that was answered before as it was then.

    The answer is kept in the transaction of the change itself, so that a crash leaves both or
    none of them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a request."""
        key = request.headers.get(HEADER, "")
        if request.method != "POST" or not key or not request.path.startswith("/api/v1/"):
            return self._get_response(request)
        if len(key) > _MOST_KEY:
            return problem(
                422, "Refused", f"an idempotency key has {_MOST_KEY} characters at most."
            )
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if actor_of_token(given) is None:
            return self._get_response(request)  # which refuses it, whatever it was told before
        name = _digest(request.headers.get("Authorization", ""), key)
        asked = _digest(request.path, request.META.get("CONTENT_LENGTH", ""), _body(request))
        known = Answer.objects.filter(key=name).first()
        if known is None:
            try:
                with transaction.atomic():
                    return self._answer(request, name, asked)
            except IntegrityError:
                known = Answer.objects.filter(key=name).first()
                if known is None:
                    raise
        if known.request != asked:
            return problem(
                422, "Refused", f"the key {key!r} was used for another request. Choose a new one."
            )
        answer = HttpResponse(known.body, status=known.status, content_type="application/json")
        answer["Idempotency-Replayed"] = "true"
        return answer

    def _answer(self, request: HttpRequest, name: str, asked: str) -> Any:
        response = self._get_response(request)
        if response.status_code < 300:
            body = _without_secret(response.content.decode())
            Answer.objects.create(key=name, request=asked, status=response.status_code, body=body)
        return response


def _without_secret(body: str) -> str:
    """What is kept of an answer: a secret that is shown once is not shown again."""
    if '"secret"' not in body:
        return body
    said = json.loads(body)
    return json.dumps(said | {"secret": None}) if isinstance(said, dict) else body


def _body(request: HttpRequest) -> str:
    """What was asked; of an upload its length alone, since it may be large."""
    if (request.content_type or "").startswith("multipart/"):
        return ""
    return hashlib.sha256(request.body).hexdigest()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
