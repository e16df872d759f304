"""Brand rules of a project: the version that holds, and what of copy breaks it."""

from typing import Any

from zerosum.studio.models import CopyText, Item, Project, RulesVersion
from zerosum.studio.rules.hits import Hit, is_blocked
from zerosum.studio.rules.rule_set import check
from zerosum.studio.subjects import subject_of
from zerosum.studio.writing.drafts import Copy
from zerosum.studio.writing.subjects import CopySubject


def rules_of(project: Project | int) -> RulesVersion | None:
    """The rules that hold; None where a project has none."""
    found = RulesVersion.objects.filter(project=project).order_by("-version").first()
    return found if found is not None and found.rules.rules else None


def checked(copy: Copy, subject: CopySubject, rules: RulesVersion | None) -> dict[str, Any]:
    """The version that copy was checked against and the hits, as a `CopyText` keeps them.

    Raises:
        DataError: the picture cannot be read.
        MissingExtraError: a library is not installed.
    """
    if rules is None:
        return {"rules_version": 0, "hits": []}
    hits = [hit.to_json() for hit in check(copy, subject, rules.rules)]
    return {"rules_version": rules.version, "hits": hits}


def hits_of(text: CopyText, item: Item, rules: RulesVersion | None) -> list[Hit]:
    """Where copy breaks the rules that hold; checked again where they have changed since.

    Raises:
        DataError: the picture cannot be read.
        MissingExtraError: a library is not installed.
    """
    if text.rules_version != (rules.version if rules else 0):
        values = checked(text.copy, subject_of(item), rules)
        CopyText.objects.filter(pk=text.pk).update(**values)
        text.rules_version, text.hits = values["rules_version"], values["hits"]
    return text.found


def obstacle_of(item: Item, rules: RulesVersion | None) -> str:
    """Why the rules forbid to approve an item; empty where they do not.

    Raises:
        DataError: the picture cannot be read.
        MissingExtraError: a library is not installed.
    """
    if rules is None:
        return ""
    if item.copy is None:
        return f"item {item.pk} has no copy that the rules could be checked on."
    hits = hits_of(item.copy, item, rules)
    if not is_blocked(hits):
        return ""
    first = next(hit for hit in hits if hit.severity == "blocking")
    more = sum(hit.severity == "blocking" for hit in hits) - 1
    others = f" {more} more place{'s'[: more != 1]} break{'s'[: more == 1]} them." if more else ""
    return f"item {item.pk} breaks the brand rules: {first.field}: {first.message}{others}"
