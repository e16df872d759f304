"""Several people about the same items: panels, and blind tests."""

from typing import Any

from django.db import models

from zerosum.studio.models.items import ACCEPTED, EDIT, REJECTED

VOTES = [(ACCEPTED, "Accept"), (EDIT, "To edit"), (REJECTED, "Reject")]


class Panel(models.Model):
    """Items that several people judge, each for themselves.

    Attributes:
        reviewers: how many votes each item gets.
    """

    project = models.ForeignKey("studio.Project", on_delete=models.PROTECT, related_name="panels")
    by = models.ForeignKey("studio.User", on_delete=models.PROTECT, related_name="+")
    reviewers = models.PositiveSmallIntegerField(default=2)
    created = models.DateTimeField(auto_now_add=True)

    places: models.Manager[Any]


class PanelItem(models.Model):
    """An item of a panel.

    Attributes:
        votes: how many there are.
        decided: whether the votes have decided it.
    """

    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="places")
    item = models.ForeignKey("studio.Item", on_delete=models.PROTECT, related_name="+")
    votes = models.PositiveSmallIntegerField(default=0)
    decided = models.BooleanField(default=False)

    given: models.Manager[Any]

    class Meta:
        """What the table keeps to."""

        constraints = [models.UniqueConstraint(fields=["panel", "item"], name="one_place")]


class PanelVote(models.Model):
    """What one person says of an item of a panel."""

    place = models.ForeignKey(PanelItem, on_delete=models.PROTECT, related_name="given")
    by = models.ForeignKey("studio.User", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=VOTES)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        """What the table keeps to."""

        constraints = [models.UniqueConstraint(fields=["place", "by"], name="one_vote")]


class BlindTest(models.Model):
    """Real and made samples, mixed.

    Attributes:
        batch: whose items are among them.
    """

    project = models.ForeignKey("studio.Project", on_delete=models.PROTECT, related_name="blind")
    batch = models.ForeignKey("studio.ItemBatch", on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey("studio.User", on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    trials: models.Manager[Any]


class BlindTrial(models.Model):
    """One sample of a blind test.

    Attributes:
        number: from 1, in the order in which it is shown.
        item: that is shown, or whose real counterpart is.
        is_real: whether the counterpart is shown.
    """

    test = models.ForeignKey(BlindTest, on_delete=models.PROTECT, related_name="trials")
    number = models.PositiveIntegerField()
    item = models.ForeignKey("studio.Item", on_delete=models.PROTECT, related_name="+")
    is_real = models.BooleanField()

    class Meta:
        """What the table keeps to."""

        constraints = [models.UniqueConstraint(fields=["test", "number"], name="one_trial")]


class BlindAnswer(models.Model):
    """What one person takes a sample for."""

    trial = models.ForeignKey(BlindTrial, on_delete=models.PROTECT, related_name="answers")
    by = models.ForeignKey("studio.User", on_delete=models.PROTECT, related_name="+")
    says_real = models.BooleanField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        """What the table keeps to."""

        constraints = [models.UniqueConstraint(fields=["trial", "by"], name="one_answer")]
