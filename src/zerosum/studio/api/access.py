"""Who may use an operation of the API: tokens, and the roles they have."""

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from zerosum.studio.acts.log import Actor
from zerosum.studio.acts.people import actor_of_token
from zerosum.studio.roles import in_words


class ForbiddenError(Exception):
    """The token is sound, and its role is not enough."""


class TokenOf(HttpBearer):
    """A token of one of these roles, as `Authorization: Bearer zs_…`."""

    def __init__(self, roles: frozenset[Any]) -> None:
        super().__init__()
        self.roles = roles

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """Who acts, or None where the token is none in use.

        Raises:
            ForbiddenError: its role is not enough.
        """
        actor = actor_of_token(token)
        if actor is not None and actor.role not in self.roles:
            raise ForbiddenError(
                f"this token is for {in_words(frozenset({actor.role}))}. This is for "
                f"{in_words(self.roles)}."
            )
        return actor
