"""Do an order of copy: write, check against the rules, and keep each text once."""

import logging
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from zerosum.errors import DataError, ZerosumError
from zerosum.studio.acts.log import record
from zerosum.studio.brand import checked, rules_of
from zerosum.studio.models import CopyOrder, CopyText, Item, ItemBatch, PromptVersion, RulesVersion
from zerosum.studio.models.items import ACCEPTED, OPEN_STATES
from zerosum.studio.models.work import CANCELLED, DONE, FAILED, RUNNING
from zerosum.studio.outages import if_heard, is_outage, patiently
from zerosum.studio.runner import change, end, is_unwanted, without_paths
from zerosum.studio.subjects import subject_of
from zerosum.studio.writers import endpoint_of, writer_of
from zerosum.studio.writing.drafts import Draft
from zerosum.studio.writing.errors import AnswerError, WritingError
from zerosum.studio.writing.subjects import CopySubject
from zerosum.studio.writing.usage import Usage

DEFAULT_PROMPT = "plain"
"""The prompt that drafts for new batches are asked with, once a project has one of that name."""

_SHOWN = 3
_NO_LLM = (
    "the project has no LLM any more. An owner names one on the page Copy; or ask the template "
    "writer."
)


def newest_prompt(project: int, name: str) -> PromptVersion | None:
    """The newest version of a prompt; None where no prompt has that name."""
    found = PromptVersion.objects.filter(project=project, name=name)
    return found.order_by("-version").first()


def order_for(batch: ItemBatch) -> CopyOrder:
    """The order of first copy for the items of a batch; the same one whenever it is asked for."""
    prompt = newest_prompt(batch.project_id, DEFAULT_PROMPT)
    made, _ = CopyOrder.objects.get_or_create(
        batch=batch,
        defaults={
            "project_id": batch.project_id, "by": batch.by, "prompt": prompt,
            "given": prompt.given if prompt else {},
            "by_llm": hasattr(batch.project, "writer"),
        },
    )  # fmt: skip
    return made


def do(order: CopyOrder) -> str:
    """Write what is still missing of an order, and return the state in which it ended.

    Items that are rejected or approved by then get nothing. One that the writer cannot manage
    is named at the end; a server that cannot be reached ends the order.
    """
    change(order, state=RUNNING, started=order.started or timezone.now(), words="writing")
    items = order.batch.items if order.batch is not None else order.items
    keys = list(items.filter(state__in=OPEN_STATES).order_by("pk").values_list("pk", flat=True))
    failed: dict[str, str] = {}
    try:
        endpoint = endpoint_of(order.project_id) if order.by_llm else None
        if order.by_llm and endpoint is None:
            return end(order, FAILED, _NO_LLM)
        write = writer_of(endpoint, order.template, order.given, of=order.variants)
        rules = rules_of(order.project_id)
        for i, key in enumerate(keys):
            if is_unwanted(CopyOrder, order.pk):
                return end(order, CANCELLED, "cancelled; what was written is kept")
            item = Item.objects.select_related("batch").get(pk=key)
            if item.state not in OPEN_STATES:
                continue
            there = set(order.texts.filter(item=item).values_list("variant", flat=True))
            missing = [n for n in range(1, order.variants + 1) if n not in there]
            try:
                subject = subject_of(item) if missing else None
                for variant in missing:
                    assert subject is not None
                    draft = write(subject, variant)
                    kept = partial(_keep, order, item, variant, draft, subject, rules)
                    patiently(kept)
            except (AnswerError, DataError) as error:
                _spend(order, getattr(error, "usage", Usage()))
                failed[str(key)] = str(error)
            share, words = (i + 1) / len(keys), f"{i + 1:,} of {len(keys):,} items"
            if_heard(partial(change, order, progress=share, words=words))
    except WritingError as error:
        _spend(order, error.usage)
        return end(order, FAILED, f"{error} Retry goes on with the items that have none.")
    except ZerosumError as error:
        return end(order, FAILED, without_paths(str(error)))
    except Exception as error:
        if is_outage(error):
            raise
        logging.getLogger("zerosum.studio").exception("copy order %s", order.pk)
        return end(order, FAILED, f"unexpected: {type(error).__name__}: {error}")
    if failed:
        return end(order, FAILED, _in_words(failed, len(keys)), facts={"failed": failed})
    return end(order, DONE, "done", facts={})


def _keep(
    order: CopyOrder, item: Item, variant: int, draft: Draft, subject: CopySubject,
    rules: RulesVersion | None,
) -> None:  # fmt: skip
    """Keep a text, once, with what it cost; an open item without copy takes it.

    The version of an accepted item counts up, so that nobody approves words they did not see.
    """
    values = checked(draft.copy, subject, rules) | _columns(draft.usage)
    with transaction.atomic():
        now = Item.objects.select_for_update().get(pk=item.pk)
        text, made = CopyText.objects.get_or_create(
            order=order, item=now, variant=variant,
            defaults={
                "words": draft.copy.model_dump(mode="json"), "author": draft.author,
                "saw_picture": draft.saw_picture, "notes": list(draft.notes), "by": order.by,
                **values,
            },
        )  # fmt: skip
        if made:
            _spend(order, draft.usage)
        if now.copy_id is None and now.state in OPEN_STATES:
            version = now.version + (1 if now.state == ACCEPTED else 0)
            Item.objects.filter(pk=now.pk).update(copy=text, version=version)
            record(
                None, "copy.taken", f"item:{now.pk}", project=now.project_id,
                after={"text": text.pk, "order": order.pk}
                | ({"version": version} if version != now.version else {}),
            )  # fmt: skip


def _spend(order: CopyOrder, usage: Usage) -> None:
    values = _columns(usage)
    cost, currency = values.pop("cost"), values.pop("currency")
    with transaction.atomic():
        now = CopyOrder.objects.select_for_update().get(pk=order.pk)
        for name, value in values.items():
            setattr(now, name, getattr(now, name) + value)
        if cost is not None:
            now.cost, now.currency = (now.cost or 0.0) + cost, currency
        now.save(update_fields=[*values, "cost", "currency"])


def _columns(usage: Usage) -> dict[str, Any]:
    return {
        "requests": usage.requests, "uncounted": usage.uncounted,
        "prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens,
        "cost": usage.cost, "currency": usage.currency or "",
    }  # fmt: skip


def _in_words(failed: dict[str, str], of: int) -> str:
    some = [f"item {key}: {words}" for key, words in list(failed.items())[:_SHOWN]]
    more = f" And {len(failed) - _SHOWN} more." if len(failed) > _SHOWN else ""
    return (
        f"{len(failed):,} of {of:,} items got no copy. {' '.join(some)}{more} Retry asks for these "
        "again."
    )
