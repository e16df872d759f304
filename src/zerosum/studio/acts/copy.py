"""Copy of items: asked for, written by hand, chosen, mended."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F

from zerosum.errors import StudioError, did_you_mean
from zerosum.studio import pipeline
from zerosum.studio.acts.log import Actor, record
from zerosum.studio.acts.review import MOST_AT_ONCE, ConflictError, who_changed
from zerosum.studio.brand import checked, hits_of, rules_of
from zerosum.studio.copying import newest_prompt
from zerosum.studio.models import CopyOrder, CopyText, Item, Project, PromptVersion
from zerosum.studio.models.items import ACCEPTED, APPROVED
from zerosum.studio.subjects import subject_of
from zerosum.studio.writers import endpoint_of
from zerosum.studio.writing.drafts import Copy
from zerosum.studio.writing.llm import LLMWriter
from zerosum.studio.writing.prompts import PromptTemplate
from zerosum.studio.writing.template_writer import TemplateWriter
from zerosum.studio.writing.transport import PreparedRequest

MOST_VARIANTS = 5


def choose_prompt(project: Project, name: str) -> PromptVersion | None:
    """The newest version of a prompt; None for the one that is built in, with an empty name.

    Raises:
        StudioError: the project has no prompt of that name.
    """
    if not name:
        return None
    found = newest_prompt(project.pk, name)
    if found is None:
        names = sorted(set(project.prompts.values_list("name", flat=True)))
        raise StudioError(f"no prompt {name!r} in this project.{did_you_mean(name, names)}")
    return found


def ask(
    actor: Actor,
    project: Project,
    items: Sequence[int],
    *,
    prompt: str = "",
    variants: int = 1,
    given: Mapping[str, str] | None = None,
    by_llm: bool | None = None,
) -> CopyOrder:
    """Ask for copy of items.

    Args:
        actor: who asks.
        project: of the items.
        items: their ids.
        prompt: the name of a prompt; if not given, the one that is built in.
        variants: texts for each item.
        given: values of the prompt's own variables; if not given, those that it keeps.
        by_llm: whether an LLM writes; if not given, it does where the project has one.

    Raises:
        StudioError: there are no items or too many, one is not the project's, there is no such
            prompt, a number is not allowed, or the project has no LLM.
        ConfigError: a variable of the prompt is missing or unknown.
    """
    if not 1 <= variants <= MOST_VARIANTS:
        raise StudioError(f"{variants} variants are not allowed: 1 to {MOST_VARIANTS}.")
    found = _items(project, items)
    version = choose_prompt(project, prompt)
    template, values = _prompt(version, given)
    endpoint = endpoint_of(project)
    if by_llm and endpoint is None:
        raise StudioError(
            "this project has no LLM. An owner names one on the page Copy; or ask for the "
            "template writer."
        )
    by_llm = endpoint is not None if by_llm is None else by_llm
    if by_llm:
        template.render(subject_of(found[0]), values)
    else:
        TemplateWriter(template.language)
    with transaction.atomic():
        made = CopyOrder.objects.create(
            project=project, by=actor.user, prompt=version, given=values, variants=variants,
            by_llm=by_llm,
        )  # fmt: skip
        made.items.set(found)
        after = {"items": len(found), "variants": variants, "by_llm": by_llm, "prompt": prompt}
        record(actor, "copy.asked", f"copy:{made.pk}", project=project, after=after)
        pipeline.start(made)
    return made


def preview(
    project: Project,
    items: Sequence[int],
    *,
    prompt: str = "",
    variants: int = 1,
    given: Mapping[str, str] | None = None,
) -> PreparedRequest | None:
    """The first request that `ask` would send, byte for byte; None where no LLM is asked.

    Raises:
        StudioError: as `ask`.
        ConfigError: a variable of the prompt is missing or unknown.
        DataError: the picture cannot be read.
    """
    first = _items(project, items)[0]
    template, values = _prompt(choose_prompt(project, prompt), given)
    endpoint = endpoint_of(project)
    if endpoint is None:
        return None
    return LLMWriter(endpoint).preview_request(subject_of(first), template, values, of=variants)


def write(
    actor: Actor, item: Item, values: Mapping[str, Any], *, version: int | None = None
) -> CopyText:
    """Copy by hand; the item takes it.

    Args:
        actor: who writes.
        item: that it is for.
        values: of `Copy`.
        version: of the item, as it was seen; None for whatever version there is.

    Raises:
        StudioError: the item is approved.
        ConflictError: it was changed since it was seen.
        DataError: a text is missing or too long, or the picture cannot be read.
    """
    copy = Copy.parse(dict(values))
    found = checked(copy, subject_of(item), rules_of(item.project_id))
    with transaction.atomic():
        now = _open(item, version)
        text = CopyText.objects.create(
            item=now, words=copy.model_dump(mode="json"), author=f"person:{actor.user.username}",
            saw_picture=True, by=actor.user, **found,
        )  # fmt: skip
        _take(actor, now, text)
        record(
            actor, "copy.written", f"item:{now.pk}", project=now.project_id,
            after={"text": text.pk, "instead_of": now.copy_id, "version": now.version + 1},
        )  # fmt: skip
    return text


def choose(actor: Actor, text: CopyText, *, version: int | None = None) -> CopyText:
    """Let an item take one of its texts.

    Raises:
        StudioError: the item is approved.
        ConflictError: it was changed since it was seen.
    """
    with transaction.atomic():
        now = _open(text.item, version)
        if now.copy_id != text.pk:
            _take(actor, now, text)
            record(
                actor, "copy.chosen", f"item:{now.pk}", project=now.project_id,
                after={"text": text.pk, "instead_of": now.copy_id, "version": now.version + 1},
            )  # fmt: skip
    return text


def mend(actor: Actor, text: CopyText, hit: int, *, version: int | None = None) -> CopyText:
    """Apply the fix of one hit; what comes of it is a text by the person who did so.

    Args:
        actor: who mends.
        text: that the item has.
        hit: its number among the hits of the text, from 0.
        version: of the item, as it was seen; None for whatever version there is.

    Raises:
        StudioError: there is no such hit, or the item is approved.
        ConfigError: the hit has no fix.
        ConflictError: the item was changed since it was seen, or has another text.
    """
    from zerosum.studio.rules.hits import apply_fix

    item = Item.objects.select_related("batch").get(pk=text.item_id)
    if item.copy_id != text.pk:
        raise ConflictError(f"item {item.pk} has another text by now. Look at it again.")
    hits = hits_of(text, item, rules_of(item.project_id))
    if not 0 <= hit < len(hits):
        raise StudioError(f"this text has {len(hits)} hits, and no number {hit} from 0.")
    mended = apply_fix(text.copy, hits[hit])
    return write(actor, item, mended.model_dump(mode="json"), version=version)


def _take(actor: Actor, item: Item, text: CopyText) -> None:
    """Let an item have a text; who words what was accepted has decided about it last."""
    values: dict[str, Any] = {"decided_by": actor.user} if item.state == ACCEPTED else {}
    Item.objects.filter(pk=item.pk).update(copy=text, version=F("version") + 1, **values)


def _open(item: Item, version: int | None) -> Item:
    now = Item.objects.select_for_update().get(pk=item.pk)
    if version is not None and now.version != version:
        raise ConflictError(
            f"{who_changed(now)} has changed item {now.pk} while you looked at it. What you wrote "
            "is not stored: look at it again."
        )
    if now.state == APPROVED:
        raise StudioError(
            f"item {now.pk} is approved with the copy that it has. Take the approval back first."
        )
    return now


def _items(project: Project, keys: Sequence[int]) -> list[Item]:
    if not 1 <= len(keys) <= MOST_AT_ONCE:
        raise StudioError(f"{len(keys)} items are not allowed: 1 to {MOST_AT_ONCE:,} at once.")
    found = Item.objects.filter(project=project).select_related("batch").in_bulk(list(keys))
    for key in keys:
        if key not in found:
            raise StudioError(f"there is no item {key} in {project.name}.")
    return [found[key] for key in dict.fromkeys(keys)]


def _prompt(
    version: PromptVersion | None, given: Mapping[str, str] | None
) -> tuple[PromptTemplate, dict[str, str]]:
    template = PromptTemplate() if version is None else version.template
    kept = {} if version is None else version.given
    return template, dict(kept if given is None else kept | dict(given))
