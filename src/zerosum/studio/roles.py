"""What people and tokens are in a studio."""

from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What a person or a token is in a studio."""

    OWNER = "owner"
    DEVELOPER = "developer"
    EXPERT = "expert"
    VIEWER = "viewer"


ROLE_NAMES = {
    Role.OWNER: "Owner",
    Role.DEVELOPER: "Developer",
    Role.EXPERT: "Content expert",
    Role.VIEWER: "Viewer",
}

EVERYONE = frozenset(Role)
"""Everybody who is signed in."""
OWNERS = frozenset({Role.OWNER})
MAKERS = frozenset({Role.OWNER, Role.DEVELOPER})
"""Those who bring data and train."""
REVIEWERS = frozenset({Role.OWNER, Role.EXPERT})
"""Those who decide about items."""
WRITERS = EVERYONE - {Role.VIEWER}
"""Those who may change anything at all."""
PUBLIC = frozenset({"public"})
"""The mark of pages that need no account."""


def in_words(roles: frozenset[Any]) -> str:
    """Roles as people read them.

    >>> in_words(REVIEWERS)
    'owners and content experts'
    """
    names = [ROLE_NAMES[role].lower() + "s" for role in Role if role in roles]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
