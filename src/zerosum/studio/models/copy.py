"""What is written about items: by which writer, from which prompt, under which rules."""

from typing import Any

from django.db import models

from zerosum.studio.models.items import Item
from zerosum.studio.models.work import Job
from zerosum.studio.rules.hits import Hit, is_blocked
from zerosum.studio.rules.rule_set import RuleSet
from zerosum.studio.writing.drafts import Copy
from zerosum.studio.writing.prompts import PromptTemplate
from zerosum.studio.writing.usage import Usage


class WriterSettings(models.Model):
    """The LLM that writes for a project; without a row, the template writer does.

    Attributes:
        endpoint: an `Endpoint` as JSON, which never holds the key.
        sealed_key: the key, encrypted; empty to read it from the environment.
    """

    project = models.OneToOneField(
        "studio.Project", on_delete=models.PROTECT, related_name="writer"
    )
    endpoint = models.JSONField()
    sealed_key = models.TextField(default="", blank=True)


class PromptVersion(models.Model):
    """One version of a prompt; a change is a new version.

    Attributes:
        name: what people call it.
        version: counts up from 1.
        values: a `PromptTemplate` as JSON.
        given: values of its own variables, where an order does not give others.
    """

    project = models.ForeignKey("studio.Project", on_delete=models.PROTECT, related_name="prompts")
    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    values = models.JSONField()
    given = models.JSONField(default=dict)
    by = models.ForeignKey("studio.User", on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        """What the table keeps to."""

        constraints = [
            models.UniqueConstraint(fields=["project", "name", "version"], name="one_prompt")
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"

    @property
    def template(self) -> PromptTemplate:
        """The template itself."""
        return PromptTemplate.from_json(self.values)


class RulesVersion(models.Model):
    """One version of a project's brand rules; the newest holds.

    Attributes:
        version: counts up from 1.
        values: a `RuleSet` as JSON.
    """

    project = models.ForeignKey("studio.Project", on_delete=models.PROTECT, related_name="rules")
    version = models.PositiveIntegerField()
    values = models.JSONField()
    by = models.ForeignKey("studio.User", on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        """What the table keeps to."""

        constraints = [models.UniqueConstraint(fields=["project", "version"], name="one_rules")]

    @property
    def rules(self) -> RuleSet:
        """The rules themselves."""
        return RuleSet.from_json(self.values)


class Spent(models.Model):
    """What answers of an LLM cost; see `Usage`."""

    requests = models.PositiveIntegerField(default=0)
    uncounted = models.PositiveIntegerField(default=0)
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.FloatField(null=True)
    currency = models.CharField(max_length=10, default="", blank=True)

    class Meta:
        """What the table keeps to."""

        abstract = True

    @property
    def usage(self) -> Usage:
        """What it cost."""
        return Usage(
            self.requests, self.uncounted, self.prompt_tokens, self.completion_tokens, self.cost,
            self.currency or None,
        )  # fmt: skip


class CopyOrder(Job, Spent):
    """Copy to be written for items of a batch, or for chosen ones.

    Attributes:
        batch: whose items get their first copy; None where somebody asked for chosen items.
        items: the chosen items.
        prompt: None for the prompt that is built in.
        given: values of the prompt's own variables.
        variants: how many texts each item gets.
        by_llm: whether an LLM writes, and not the template writer.
        facts: `failed`, which items got none and why.
    """

    kind = "copy"

    batch = models.OneToOneField(
        "studio.ItemBatch", on_delete=models.PROTECT, null=True, related_name="copy_order"
    )
    items = models.ManyToManyField(Item, related_name="+")
    prompt = models.ForeignKey(PromptVersion, on_delete=models.PROTECT, null=True, related_name="+")
    given = models.JSONField(default=dict)
    variants = models.PositiveSmallIntegerField(default=1)
    by_llm = models.BooleanField(default=False)
    facts = models.JSONField(default=dict)

    texts: models.Manager[Any]

    class Meta(Job.Meta, Spent.Meta):
        """What the table keeps to."""

    @property
    def name(self) -> str:
        """What pages call it."""
        of = f" of batch {self.batch.pk}" if self.batch is not None else ""
        return f"Copy{of}, no. {self.pk}"

    @property
    def template(self) -> PromptTemplate:
        """What is asked."""
        return PromptTemplate() if self.prompt is None else self.prompt.template


class CopyText(Spent):
    """Copy of an item, as it was written once; a change is another row.

    Attributes:
        order: that asked for it; None where a person wrote it.
        variant: its number among those of the order, from 1; 0 where a person wrote it.
        words: a `Copy` as JSON.
        author: `template`, `llm:` and the model's name, or `person:` and a name.
        saw_picture: whether whoever wrote it saw the picture.
        notes: what a person should know.
        rules_version: of the rules that it was checked against last; 0 where there were none.
        hits: where it breaks these, as JSON of `Hit`.
    """

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="texts")
    order = models.ForeignKey(CopyOrder, on_delete=models.PROTECT, null=True, related_name="texts")
    variant = models.PositiveSmallIntegerField(default=0)
    words = models.JSONField()
    author = models.CharField(max_length=220)
    saw_picture = models.BooleanField(default=False)
    notes = models.JSONField(default=list)
    by = models.ForeignKey("studio.User", on_delete=models.PROTECT, null=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)
    rules_version = models.PositiveIntegerField(default=0)
    hits = models.JSONField(default=list)

    item_id: int

    class Meta(Spent.Meta):
        """What the table keeps to."""

        constraints = [
            models.UniqueConstraint(fields=["order", "item", "variant"], name="one_text")
        ]

    @property
    def copy(self) -> Copy:
        """The copy itself."""
        return Copy.parse(self.words)

    @property
    def is_blocked(self) -> bool:
        """Whether it broke a rule that forbids approval when it was checked last."""
        return is_blocked(self.found)

    @property
    def found(self) -> list[Hit]:
        """Where it breaks the rules that it was checked against last."""
        return [Hit(**one) for one in self.hits]
