"""Who acts, and how it is written down."""

from dataclasses import dataclass
from typing import Any

from zerosum.studio.models import Act, Project, Token, User


@dataclass(frozen=True)
class Actor:
    """Somebody who acts, in the browser or by a token.

    Attributes:
        user: the person.
        token: the token that is used, or None.
        role: what they may do: their own role, or the token's.
    """

    user: User
    token: Token | None = None
    role: str = ""

    def __post_init__(self) -> None:
        if not self.role:
            object.__setattr__(self, "role", self.user.role)


def record(
    actor: Actor | None,
    what: str,
    on: str,
    *,
    project: Project | int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Act:
    """Write an act into the log; within the transaction of the change itself."""
    return Act.objects.create(
        user=actor.user if actor else None,
        by_token=actor.token if actor else None,
        project_id=project.pk if isinstance(project, Project) else project,
        what=what, on=on, before=before or {}, after=after or {},
    )  # fmt: skip


def recorded(
    actor: Actor | None,
    what: str,
    project: int,
    changes: list[tuple[str, dict[str, Any], dict[str, Any]]],
) -> list[Act]:
    """Write many acts of one kind: what each was done to, before and after."""
    return Act.objects.bulk_create(
        [
            Act(
                user=actor.user if actor else None, by_token=actor.token if actor else None,
                project_id=project, what=what, on=on, before=before, after=after,
            )
            for on, before, after in changes
        ]
    )  # fmt: skip
