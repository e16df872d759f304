"""How a project writes: the LLM that an owner names, prompts, and brand rules."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max, Sum

from zerosum.errors import ConfigError, StudioError
from zerosum.studio.acts.log import Actor, record
from zerosum.studio.models import CopyOrder, Project, PromptVersion, RulesVersion, WriterSettings
from zerosum.studio.rules.rule_set import RuleSet, check
from zerosum.studio.sealing import seal
from zerosum.studio.writing.addresses import resolve
from zerosum.studio.writing.drafts import Copy
from zerosum.studio.writing.endpoint import KEY_VARIABLE, Endpoint
from zerosum.studio.writing.prompts import PromptTemplate
from zerosum.studio.writing.subjects import CopySubject
from zerosum.studio.writing.usage import Usage

_SOME = Copy(title="Title", body="Body", alt_text="", tags=("tag",), language="en")

_CHANGED = (
    "base_url",
    "model",
    "allow_private",
    "pictures",
    "most_tokens",
    "temperature",
    "prices",
)


def set_writer(
    actor: Actor, project: Project, values: Mapping[str, Any], *, key: str | None = None
) -> WriterSettings:
    """Let an LLM write for a project.

    Args:
        actor: an owner.
        project: whose copy it writes.
        values: of an `Endpoint`: `base_url`, `model`, `allow_private`, `pictures`, `most_tokens`,
            `temperature`, `prices`.
        key: kept encrypted; empty for none, which leaves the environment's `ZEROSUM_LLM_KEY`; None
            to keep the one that is stored, unless the server is another one.

    Raises:
        StudioError: a value is unknown, or the key cannot be stored.
        ConfigError: a value is not allowed.
        AddressError: the address is not one that could be called.
        MissingExtraError: cryptography is not installed.
    """
    for name in values:
        if name not in _CHANGED:
            raise StudioError(f"a writer has no {name!r}. Allowed: {', '.join(_CHANGED)}.")
    endpoint = Endpoint.from_json(dict(values) | {"key_variable": KEY_VARIABLE} | _key_of(key))
    resolve(endpoint.base_url, allow_private=endpoint.allow_private)
    with transaction.atomic():
        old = WriterSettings.objects.select_for_update().filter(project=project).first()
        sealed = seal(key) if key else ""
        if key is None and old is not None and old.endpoint["base_url"] == endpoint.base_url:
            sealed = old.sealed_key
        kept = {"endpoint": endpoint.to_json(), "sealed_key": sealed}
        made, _ = WriterSettings.objects.update_or_create(project=project, defaults=kept)
        before = {} if old is None else {"endpoint": old.endpoint}
        after = {"endpoint": kept["endpoint"], "has_key": bool(sealed)}
        record(
            actor, "writer.set", f"project:{project.pk}", project=project, before=before,
            after=after,
        )  # fmt: skip
    return made


def forget_writer(actor: Actor, project: Project) -> None:
    """Let the template writer write again; the key is forgotten.

    Raises:
        StudioError: the project has no LLM.
    """
    with transaction.atomic():
        gone, _ = WriterSettings.objects.filter(project=project).delete()
        if not gone:
            raise StudioError("this project has no LLM that could be forgotten.")
        record(actor, "writer.forgotten", f"project:{project.pk}", project=project)


def save_prompt(
    actor: Actor, project: Project, values: Mapping[str, Any], given: Mapping[str, str]
) -> PromptVersion:
    """A new version of a prompt, or a new prompt.

    Args:
        actor: who writes it.
        project: that it is of.
        values: of a `PromptTemplate`; its version is counted here.
        given: values of its own variables.

    Raises:
        ConfigError: it is not sound, or a variable has no value.
    """
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        name = str(values.get("name", "plain"))
        known = PromptVersion.objects.filter(project=project, name=name)
        version = (known.aggregate(last=Max("version"))["last"] or 0) + 1
        template = PromptTemplate.from_json(dict(values) | {"version": version})
        for variable in template.variables:
            if not given.get(variable):
                raise ConfigError(
                    f"prompt {name!r} needs a value of {variable}. Give one, which an order may "
                    "replace."
                )
        kept = {variable: given[variable] for variable in template.variables}
        made = PromptVersion.objects.create(
            project=project, name=template.name, version=version, values=template.to_json(),
            given=kept, by=actor.user,
        )  # fmt: skip
        after = {"name": name, "version": version}
        record(actor, "prompt.saved", f"prompt:{made.pk}", project=project, after=after)
    return made


def save_rules(actor: Actor, project: Project, values: Mapping[str, Any]) -> RulesVersion:
    """New brand rules; copy is checked against them when it is looked at or approved next.

    Args:
        actor: an owner.
        project: whose copy they are for.
        values: of a `RuleSet`; its version is counted here.

    Raises:
        ConfigError: a rule is unknown or not sound.
        MissingExtraError: a library that a rule needs is not installed.
    """
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        known = RulesVersion.objects.filter(project=project)
        version = (known.aggregate(last=Max("version"))["last"] or 0) + 1
        named = {"kind": "rule_set", "name": project.name} | dict(values) | {"version": version}
        rules = RuleSet.from_json(named)
        check(_SOME, CopySubject("item"), rules)  # terms are read when they are looked for
        made = RulesVersion.objects.create(
            project=project, version=version, values=rules.to_json(), by=actor.user
        )
        after = {"version": version, "rules": [rule.kind for rule in rules.rules]}
        record(actor, "rules.saved", f"rules:{made.pk}", project=project, after=after)
    return made


def usage_of(project: Project) -> list[Usage]:
    """What copy of a project has cost so far, for each currency; one of nothing without any."""
    orders = CopyOrder.objects.filter(project=project, requests__gt=0)
    sums = {
        name: Sum(name)
        for name in ("requests", "uncounted", "prompt_tokens", "completion_tokens", "cost")
    }
    rows = orders.values("currency").annotate(**{f"all_{k}": v for k, v in sums.items()})
    found = [
        Usage(
            row["all_requests"], row["all_uncounted"], row["all_prompt_tokens"],
            row["all_completion_tokens"], row["all_cost"], row["currency"] or None,
        )
        for row in rows.order_by("currency")
    ]  # fmt: skip
    return found or [Usage()]


def _key_of(key: str | None) -> dict[str, str]:
    return {"key": key} if key else {}
