"""What is published: bundles of approved items, and the addresses that they are delivered to."""

from typing import Any

from django.db import models

from zerosum.studio.models.items import Item
from zerosum.studio.models.work import Job


class BundleOrder(Job):
    """Approved items with their copy, to be signed and packed.

    Attributes:
        batch: that it was made for when people had decided every item; None where somebody asked.
        title: of its page.
        items: what goes in, as far as it is approved when it is packed.
        facts: `sha256`, `bytes`, `items` and `signed_by` once it is packed.
    """

    kind = "bundle"

    batch = models.OneToOneField(
        "studio.ItemBatch", on_delete=models.PROTECT, null=True, related_name="bundle_order"
    )
    title = models.CharField(max_length=200)
    items = models.ManyToManyField(Item, related_name="bundles")
    facts = models.JSONField(default=dict)

    deliveries: models.Manager[Any]

    @property
    def name(self) -> str:
        """What pages call it."""
        return f"Bundle {self.pk}"

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"bundle-{self.pk}.zip"


class Webhook(models.Model):
    """An address that every bundle of a project is delivered to.

    Attributes:
        name: what people call it; the address may hold a secret, and only owners see it.
        sealed_url: the address, encrypted.
        sealed_secret: what deliveries are signed with, encrypted.
        allow_private: whether it may lead to this machine or a private network.
        active: whether it gets further bundles.
    """

    project = models.ForeignKey("studio.Project", on_delete=models.PROTECT, related_name="webhooks")
    name = models.CharField(max_length=80)
    sealed_url = models.TextField()
    sealed_secret = models.TextField()
    allow_private = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    by = models.ForeignKey("studio.User", on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(Job):
    """One bundle on its way to one address, once.

    Attributes:
        facts: `id`, `status` and `attempts` once it has arrived.
    """

    kind = "delivery"

    bundle = models.ForeignKey(BundleOrder, on_delete=models.PROTECT, related_name="deliveries")
    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries")
    facts = models.JSONField(default=dict)

    class Meta(Job.Meta):
        """What the table keeps to."""

        constraints = [models.UniqueConstraint(fields=["bundle", "webhook"], name="one_delivery")]

    @property
    def name(self) -> str:
        """What pages call it."""
        return f"{self.bundle.name} to {self.webhook.name}"
