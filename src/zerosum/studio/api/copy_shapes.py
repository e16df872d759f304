"""What operations on copy, rules, bundles and deliveries take and give."""

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from zerosum.studio.api.shapes import JobOut, job_fields
from zerosum.studio.models import (
    BundleOrder,
    CopyOrder,
    CopyText,
    PromptVersion,
    RulesVersion,
    Webhook,
    WebhookDelivery,
    WriterSettings,
)
from zerosum.studio.rules.hits import Hit
from zerosum.studio.writing.usage import Usage


class Prices(Schema):
    """Of a million tokens."""

    prompt: float
    completion: float
    currency: str = "USD"


class NewWriter(Schema):
    """An LLM behind an OpenAI-compatible server."""

    base_url: str = Field(examples=["https://api.openai.com/v1"])
    model: str
    key: str | None = Field(
        None,
        description="kept encrypted; empty for none, so that the server's ZEROSUM_LLM_KEY is used; "
        "null keeps the stored one while the address stays",
    )
    allow_private: bool = False
    pictures: Literal["send", "send_if_taken", "keep"] = "send"
    most_tokens: int = 1_000
    temperature: float | None = None
    prices: Prices | None = None


class WriterOut(Schema):
    """Who writes for a project; the key is never given."""

    writer: Literal["llm", "template"]
    endpoint: dict[str, Any] | None
    has_key: bool

    @classmethod
    def of(cls, found: WriterSettings | None) -> "WriterOut":
        """From its row."""
        if found is None:
            return cls(writer="template", endpoint=None, has_key=False)
        return cls(writer="llm", endpoint=found.endpoint, has_key=bool(found.sealed_key))


class NewPrompt(Schema):
    """A new version of a prompt; see the page on copy."""

    name: str = "plain"
    language: str | None = None
    tone: str | None = None
    system: str | None = None
    text: str | None = None
    given: dict[str, str] = Field({}, description="its own variables, and their values")


class PromptOut(Schema):
    """One version of a prompt."""

    id: int
    name: str
    version: int
    values: dict[str, Any]
    given: dict[str, str]
    by: str
    created: datetime

    @classmethod
    def of(cls, one: PromptVersion) -> "PromptOut":
        """From its row."""
        return cls(
            id=one.pk, name=one.name, version=one.version, values=one.values, given=one.given,
            by=one.by.username, created=one.created,
        )  # fmt: skip


class NewRules(Schema):
    """Brand rules, as in a file of `zerosum copy --rules`."""

    rules: list[dict[str, Any]] = Field(
        examples=[[{"kind": "banned_words", "terms": {"cheap": "affordable"}}]]
    )


class RulesOut(Schema):
    """One version of brand rules; the newest holds."""

    version: int
    rules: list[dict[str, Any]]
    by: str
    created: datetime

    @classmethod
    def of(cls, one: RulesVersion) -> "RulesOut":
        """From its row."""
        return cls(
            version=one.version, rules=one.values["rules"], by=one.by.username, created=one.created
        )


class CopyWish(Schema):
    """Copy to ask for."""

    items: list[int]
    prompt: str = Field("", description="a prompt's name; empty for the one that is built in")
    variants: int = 1
    given: dict[str, str] | None = None


class NewCopyOrder(CopyWish):
    """Copy to ask for, and of whom."""

    writer: Literal["llm", "template"] | None = Field(
        None, description="null: the LLM where the project has one"
    )


class RequestOut(Schema):
    """What would be sent, without the key; null where nothing is sent."""

    url: str | None
    body: dict[str, Any] | None
    with_key: bool


class UsageOut(Schema):
    """Tokens as the server counted them, and their price where prices are set."""

    requests: int
    uncounted: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    currency: str | None

    @classmethod
    def of(cls, usage: Usage) -> "UsageOut":
        """From its value."""
        return cls(
            requests=usage.requests, uncounted=usage.uncounted, prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens, cost=usage.cost, currency=usage.currency,
        )  # fmt: skip


class CopyOrderOut(JobOut):
    """An order of copy; `failed` are items that got none, with the reason."""

    batch: int | None
    variants: int
    writer: Literal["llm", "template"]
    failed: dict[str, str]
    usage: UsageOut

    @classmethod
    def of(cls, one: CopyOrder) -> "CopyOrderOut":
        """From its row."""
        return cls(
            **job_fields(one), batch=one.batch.pk if one.batch else None, variants=one.variants,
            writer="llm" if one.by_llm else "template", failed=one.facts.get("failed", {}),
            usage=UsageOut.of(one.usage),
        )  # fmt: skip


class HitOut(Schema):
    """A place where copy breaks a rule; places count code points."""

    rule: str
    field: str
    start: int
    end: int
    message: str
    severity: str
    fix: str | None


class NewCopy(Schema):
    """Copy by hand."""

    title: str
    body: str
    alt_text: str = ""
    tags: list[str] = []
    language: str = "en"
    version: int | None = Field(None, description="of the item, as it was seen")


class NewChoice(Schema):
    """The version of the item that was seen."""

    version: int | None = None


class NewFix(NewChoice):
    """A hit to mend, by its number from 0."""

    hit: int


class CopyTextOut(Schema):
    """One text of an item; `chosen` is what is published with it."""

    id: int
    item: int
    chosen: bool
    words: dict[str, Any]
    author: str
    saw_picture: bool
    notes: list[str]
    order: int | None
    variant: int
    rules_version: int
    hits: list[HitOut]
    usage: UsageOut
    created: datetime

    @classmethod
    def of(cls, one: CopyText, hits: list[Hit], *, chosen: bool) -> "CopyTextOut":
        """From its row."""
        return cls(
            id=one.pk, item=one.item.pk, chosen=chosen, words=one.words, author=one.author,
            saw_picture=one.saw_picture, notes=one.notes, variant=one.variant,
            order=one.order.pk if one.order else None, rules_version=one.rules_version,
            hits=[HitOut(**hit.to_json()) for hit in hits], usage=UsageOut.of(one.usage),
            created=one.created,
        )  # fmt: skip


class NewBundle(Schema):
    """Approved items to sign and pack; without ids, whatever is in no bundle yet."""

    items: list[int] | None = None
    title: str = ""


class BundleOut(JobOut):
    """A bundle; `facts` has its digest, size and signer once it is packed."""

    batch: int | None
    title: str
    facts: dict[str, Any]
    file: str

    @classmethod
    def of(cls, one: BundleOrder) -> "BundleOut":
        """From its row."""
        return cls(
            **job_fields(one), batch=one.batch.pk if one.batch else None, title=one.title,
            facts=one.facts, file=f"/api/v1/bundles/{one.pk}/file",
        )  # fmt: skip


class NewWebhook(Schema):
    """An address to deliver bundles to."""

    name: str
    url: str = Field(examples=["https://example.org/inbox"])
    allow_private: bool = False


class WebhookOut(Schema):
    """An address by its name; `secret` is given once, when it is added."""

    id: int
    name: str
    active: bool
    secret: str | None = None

    @classmethod
    def of(cls, one: Webhook, secret: str | None = None) -> "WebhookOut":
        """From its row."""
        return cls(id=one.pk, name=one.name, active=one.active, secret=secret)


class DeliveryOut(JobOut):
    """A bundle on its way to an address."""

    bundle: int
    webhook: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, one: WebhookDelivery) -> "DeliveryOut":
        """From its row."""
        return cls(
            **job_fields(one), bundle=one.bundle.pk, webhook=one.webhook.name, facts=one.facts
        )
