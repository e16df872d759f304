"""Who writes for a project: the LLM that its owner has chosen, or the template writer."""

from collections.abc import Callable, Mapping

from pydantic import SecretStr

from zerosum.studio.models import Project, WriterSettings
from zerosum.studio.sealing import unseal
from zerosum.studio.writing.drafts import Draft
from zerosum.studio.writing.endpoint import Endpoint
from zerosum.studio.writing.llm import LLMWriter
from zerosum.studio.writing.prompts import PromptTemplate
from zerosum.studio.writing.subjects import CopySubject
from zerosum.studio.writing.template_writer import TemplateWriter

ItemWriter = Callable[[CopySubject, int], Draft]
"""Writes one variant of the copy of one item, counted from 1."""


def endpoint_of(project: Project | int) -> Endpoint | None:
    """The endpoint of a project, with its key; None where it has none.

    Raises:
        StudioError: the key was stored with another key file.
    """
    found = WriterSettings.objects.filter(project=project).first()
    if found is None:
        return None
    endpoint = Endpoint.from_json(found.endpoint)
    if found.sealed_key:
        endpoint = endpoint.model_copy(update={"key": SecretStr(unseal(found.sealed_key))})
    return endpoint


def writer_of(
    endpoint: Endpoint | None, prompt: PromptTemplate, given: Mapping[str, str], *, of: int
) -> ItemWriter:
    """Who writes: the LLM at an endpoint, or without one the template writer.

    Args:
        endpoint: of the LLM, or None.
        prompt: what it is asked; the template writer takes the language alone from it.
        given: values of the prompt's own variables.
        of: how many variants there will be.

    Raises:
        ConfigError: there is no endpoint, and the template writer does not know the language.
    """
    if endpoint is None:
        template = TemplateWriter(prompt.language)
        return lambda subject, variant: template.write(subject, variant=variant)
    llm = LLMWriter(endpoint)
    return lambda subject, variant: llm.write(subject, prompt, given, variant=variant, of=of)
