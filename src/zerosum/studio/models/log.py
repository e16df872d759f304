"""The audit log: who did what, which is written and never changed."""

from typing import Any, ClassVar, NoReturn

from django.db import models

from zerosum.errors import StudioError


class _AppendOnly(models.QuerySet[Any]):
    def update(self, **_values: Any) -> NoReturn:
        """Refused: the log is not changed."""
        raise StudioError("the audit log is not changed.")

    def delete(self) -> NoReturn:
        """Refused: the log is not shortened."""
        raise StudioError("the audit log is not shortened.")


class Act(models.Model):
    """One thing that somebody did.

    The database itself refuses to change or delete a row.

    Attributes:
        what: a verb, such as `item.accepted`.
        on: what it was done to, as `item:17`.
        before: what it was, for undoing.
        after: what it became.
        by_token: the token that was used, if it was done by the API.
    """

    time = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey("studio.User", on_delete=models.PROTECT, null=True, related_name="+")
    by_token = models.ForeignKey(
        "studio.Token", on_delete=models.PROTECT, null=True, related_name="+"
    )
    project = models.ForeignKey(
        "studio.Project", on_delete=models.PROTECT, null=True, related_name="+"
    )
    what = models.CharField(max_length=40)
    on = models.CharField(max_length=60)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    objects: ClassVar[Any] = _AppendOnly.as_manager()

    class Meta:
        """What the table keeps to."""

        indexes = [
            models.Index(fields=["project", "user", "-id"], name="act_of_user"),
            models.Index(fields=["on", "-id"], name="act_on"),
        ]

    def save(self, **named: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Write the row; a row that is written stays as it is."""
        if self.pk is not None:
            raise StudioError("the audit log is not changed.")
        super().save(**named)

    def delete(self, **_named: Any) -> NoReturn:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Refused: the log is not shortened."""
        raise StudioError("the audit log is not shortened.")
