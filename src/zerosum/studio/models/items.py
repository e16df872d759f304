"""What models make, and what people say of it."""

from typing import Any

from django.db import models

NEW, ACCEPTED, EDIT, REJECTED, APPROVED = "new", "accepted", "edit", "rejected", "approved"
ITEM_STATES = [
    (NEW, "New"), (ACCEPTED, "Accepted"), (EDIT, "To edit"), (REJECTED, "Rejected"),
    (APPROVED, "Approved"),
]  # fmt: skip
OPEN_STATES = (NEW, ACCEPTED, EDIT)
"""States after which somebody has still to decide."""


class Tag(models.Model):
    """A word that people put on items."""

    project = models.ForeignKey("studio.Project", on_delete=models.PROTECT, related_name="tags")
    name = models.CharField(max_length=40)

    class Meta:
        """What the table keeps to."""

        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_tag")]

    def __str__(self) -> str:
        return self.name


class Item(models.Model):
    """One image, or one set of rows; run, step, seed, index and `where` make it again.

    Attributes:
        index: its number in the batch, and in the samples of the seed.
        file: its path below the items.
        thumbnail: the path of a small image of it, likewise.
        step: of the training, that its model is of.
        label: the name of its label, or empty.
        facts: what was measured of it: distance to the nearest training sample and others.
        nearness: that distance over the usual one between training samples; None if not measured.
        is_copy: whether it is nearly a training sample.
        opinion: share of training samples that convince the discriminator less; None if not asked.
        rating: 1 to 5, and 0 for none.
        copy: the text that is published with it; None until it has one.
        version: counts up with every change, so that of two people who decide, the later is told.
    """

    project = models.ForeignKey("studio.Project", on_delete=models.PROTECT, related_name="items")
    batch = models.ForeignKey("studio.ItemBatch", on_delete=models.PROTECT, related_name="items")
    index = models.PositiveIntegerField()
    step = models.BigIntegerField(null=True)
    medium = models.CharField(max_length=12)
    file = models.CharField(max_length=200)
    thumbnail = models.CharField(max_length=200)
    neighbour = models.CharField(max_length=200, default="", blank=True)
    label = models.CharField(max_length=200, default="", blank=True)
    facts = models.JSONField(default=dict)
    nearness = models.FloatField(null=True)
    is_copy = models.BooleanField(default=False)
    opinion = models.FloatField(null=True)
    created = models.DateTimeField(auto_now_add=True)

    state = models.CharField(max_length=12, choices=ITEM_STATES, default=NEW)
    rating = models.PositiveSmallIntegerField(default=0)
    tags = models.ManyToManyField(Tag, related_name="items")
    decided_by = models.ForeignKey(
        "studio.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    approved_by = models.ForeignKey(
        "studio.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    copy: Any = models.ForeignKey(
        "studio.CopyText", on_delete=models.PROTECT, null=True, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)

    project_id: int
    batch_id: int
    decided_by_id: int | None
    approved_by_id: int | None
    copy_id: int | None
    comments: models.Manager[Any]
    texts: models.Manager[Any]

    class Meta:
        """What the table keeps to."""

        constraints = [models.UniqueConstraint(fields=["batch", "index"], name="one_item")]
        indexes = [
            models.Index(fields=["project", "state", "-id"], name="item_newest"),
            models.Index(fields=["project", "-id"], name="item_all_newest"),
            models.Index(fields=["project", "state", "-rating", "-id"], name="item_rated"),
            models.Index(fields=["project", "state", "nearness", "-id"], name="item_nearness"),
            models.Index(fields=["project", "state", "opinion", "-id"], name="item_opinion"),
            models.Index(fields=["project", "state", "-opinion", "-id"], name="item_convincing"),
            models.Index(fields=["batch", "state"], name="item_of_batch"),
        ]

    @property
    def key(self) -> str:
        """Its number as pages write it; a string is not put into a language's form."""
        return str(self.pk)

    @property
    def seen(self) -> str:
        """Its version, likewise."""
        return str(self.version)

    @property
    def address(self) -> str:
        """Of its page; a queue has many, and looking each up takes longer than to write it."""
        return f"/items/{self.pk}/"


class Comment(models.Model):
    """What somebody says of an item."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="comments")
    by = models.ForeignKey("studio.User", on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=2_000)
    created = models.DateTimeField(auto_now_add=True)
