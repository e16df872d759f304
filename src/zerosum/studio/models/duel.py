"""Trainings that go on from another one, with a fault that somebody put in or without."""

from django.db import models

GUARDS = [("watch", "watches"), ("act", "acts")]


class Continuation(models.Model):
    """Where a training comes from.

    Attributes:
        training: the one that goes on.
        source: the one whose newest checkpoint it begins with.
        fault: its name, or empty.
        referee: what the referee may do in it.
    """

    training = models.OneToOneField(
        "studio.Training", on_delete=models.PROTECT, related_name="continuation"
    )
    source = models.ForeignKey(
        "studio.Training", on_delete=models.PROTECT, related_name="continuations"
    )
    fault = models.CharField(max_length=40, default="", blank=True)
    referee = models.CharField(max_length=8, choices=GUARDS, default="watch")
