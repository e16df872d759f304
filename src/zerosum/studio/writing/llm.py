"""Copy by a multimodal LLM behind any OpenAI-compatible endpoint."""

import asyncio
import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from zerosum.errors import DataError
from zerosum.studio.writing.answers import SCHEMA, copy_of, text_of, usage_of
from zerosum.studio.writing.drafts import Copy, Draft
from zerosum.studio.writing.endpoint import Endpoint
from zerosum.studio.writing.errors import (
    AnswerError,
    EndpointError,
    PictureRefusedError,
    WritingCancelledError,
    WritingError,
)
from zerosum.studio.writing.prompts import PromptTemplate
from zerosum.studio.writing.refusals import Refusal
from zerosum.studio.writing.subjects import CopySubject
from zerosum.studio.writing.transport import (
    Clock,
    PreparedRequest,
    SystemClock,
    post,
    run_cancellable,
)
from zerosum.studio.writing.usage import Usage

_FORM = (
    'Answer with one JSON object and nothing else: {"title": text, "body": text, "alt_text": text, '
    '"tags": list of texts, "language": "LANGUAGE"}.'
)
_UNSEEN = "You are not shown the picture. Use the facts alone, and do not guess how it looks."
_VARIANT = "This is variant {} of {}: choose an angle and words of its own."
_REPAIR = (
    "This answer cannot be used: {} Answer again, with the whole JSON object and nothing else."
)
_MOST_SHOWN = 4_000


@dataclass(frozen=True)
class _Manner:
    """How a server wants to be asked, as far as it has said."""

    pictures: bool
    schema: bool = True
    limit: str = "max_tokens"


class LLMWriter:
    """Writes copy by asking a model, and remembers what its server refuses.

    Args:
        endpoint: the server and the model.
        clock: waits between attempts; the machine's if not given.
        jitter: random numbers in [0, 1) for these waits.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        clock: Clock | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.endpoint = endpoint
        self._clock = clock or SystemClock()
        self._jitter = jitter
        self._manner = _Manner(pictures=endpoint.pictures != "keep")

    def __repr__(self) -> str:
        return f"LLMWriter({self.endpoint.model!r} at {self.endpoint.base_url!r})"

    def preview_request(
        self,
        subject: CopySubject,
        prompt: PromptTemplate,
        values: Mapping[str, str] | None = None,
        *,
        variant: int = 1,
        of: int = 1,
    ) -> PreparedRequest:
        """The request that `write` would send first, byte for byte. Nothing is sent.

        Raises:
            ConfigError: a variable of the prompt is missing or unknown.
            DataError: the picture cannot be read.
        """
        return self._request(subject, prompt, values, variant, of, self._manner, ())

    def write(
        self,
        subject: CopySubject,
        prompt: PromptTemplate,
        values: Mapping[str, str] | None = None,
        *,
        variant: int = 1,
        of: int = 1,
        cancel: threading.Event | None = None,
    ) -> Draft:
        """Copy for one item, as one of several variants.

        An answer that is not the copy asked for is shown to the model once, with what is wrong.

        Args:
            subject: what is known of the item.
            prompt: what the model is asked.
            values: of the prompt's own variables.
            variant: number of this variant, from 1.
            of: how many variants there will be.
            cancel: when it is set, the request is broken off.

        Raises:
            ConfigError: a variable of the prompt is missing or unknown.
            DataError: the picture cannot be read.
            AddressError: the endpoint's address may not be called.
            EndpointError: the endpoint cannot be reached, or refuses the request.
            PictureRefusedError: the model takes no pictures, and facts alone are not allowed.
            AnswerError: the answer could not be used, even the second time.
            WritingCancelledError: `cancel` was set.
            MissingExtraError: httpx is not installed.
        """
        return run_cancellable(lambda: self._write(subject, prompt, values, variant, of), cancel)

    def variants(
        self,
        subject: CopySubject,
        prompt: PromptTemplate,
        values: Mapping[str, str] | None = None,
        *,
        n: int,
        cancel: threading.Event | None = None,
    ) -> Iterator[Draft]:
        """Copy for one item `n` times, each as soon as it is there.

        Raises:
            ZerosumError: as `write`, when the variant that fails is asked for.
        """
        for i in range(1, n + 1):
            yield self.write(subject, prompt, values, variant=i, of=n, cancel=cancel)

    async def _write(
        self,
        subject: CopySubject,
        prompt: PromptTemplate,
        values: Mapping[str, str] | None,
        variant: int,
        of: int,
    ) -> Draft:
        usage, turns = Usage(), ()
        while True:
            manner = self._manner
            request = self._request(subject, prompt, values, variant, of, manner, turns)
            try:
                answer = await post(request, self.endpoint, clock=self._clock, jitter=self._jitter)
                usage += usage_of(answer, self.endpoint.prices)
                copy, problem, said = self._read(answer, subject, prompt)
                if copy is None and turns:
                    raise AnswerError(
                        f"{self.endpoint.model} gave no copy, even when it was shown what is "
                        f"wrong: {problem} Try another model, or a shorter prompt."
                    )
            except EndpointError as error:
                error.usage = usage
                self._manner = self._adapted(manner, error)
                continue
            except WritingError as error:
                error.usage = usage
                raise
            except asyncio.CancelledError:
                cancelled = WritingCancelledError("writing was cancelled.")
                cancelled.usage = usage
                raise cancelled from None
            if copy is not None:
                return self._draft(copy, usage, manner, subject)
            turns = (
                {"role": "assistant", "content": said[:_MOST_SHOWN]},
                {"role": "user", "content": _REPAIR.format(problem)},
            )

    def _read(
        self, answer: dict[str, Any], subject: CopySubject, prompt: PromptTemplate
    ) -> tuple[Copy | None, str, str]:
        """The copy, or else what is wrong with the answer and what it said."""
        said = text_of(answer)
        try:
            copy = copy_of(answer, language=prompt.language, needs_alt=subject.picture is not None)
        except DataError as error:
            return None, str(error), said
        return copy, "", said

    def _draft(self, copy: Copy, usage: Usage, manner: _Manner, subject: CopySubject) -> Draft:
        saw = manner.pictures and subject.picture is not None
        notes = ()
        if subject.picture is not None and not saw:
            notes = ("written from facts alone: the model was not shown the picture",)
        return Draft(copy, f"llm:{self.endpoint.model}", saw_picture=saw, usage=usage, notes=notes)

    def _adapted(self, manner: _Manner, error: EndpointError) -> _Manner:
        """How to ask after a refusal.

        Raises:
            EndpointError: it is no refusal of something that can be left out.
            PictureRefusedError: pictures are refused, and must be sent.
        """
        if error.refusal is None:
            raise error
        if error.refusal is Refusal.SCHEMA:
            return replace(manner, schema=False)
        if error.refusal is Refusal.TOKEN_LIMIT:
            return replace(manner, limit="max_completion_tokens")
        if self.endpoint.pictures == "send_if_taken":
            return replace(manner, pictures=False)
        refused = PictureRefusedError(
            f"{self.endpoint.model} takes no pictures: {error} Choose a model that does, or let it "
            "write from facts alone (pictures='send_if_taken', --pictures send_if_taken).",
            status=error.status,
            refusal=error.refusal,
        )
        refused.usage = error.usage
        raise refused from error

    def _request(
        self,
        subject: CopySubject,
        prompt: PromptTemplate,
        values: Mapping[str, str] | None,
        variant: int,
        of: int,
        manner: _Manner,
        turns: tuple[dict[str, str], ...],
    ) -> PreparedRequest:
        endpoint = self.endpoint
        system, text = prompt.render(subject, values)
        form = _FORM.replace("LANGUAGE", prompt.language)
        shown = manner.pictures and subject.opened is not None
        asides = [_UNSEEN] * (subject.picture is not None and not shown)
        asides += [_VARIANT.format(variant, of)] * (of > 1)
        text = "\n\n".join([text, *asides])
        content: Any = text
        if shown and subject.opened is not None:
            url = endpoint.picture_limits.data_url(subject.opened)
            content = [
                {"type": "text", "text": text},
                {"type": "image_url", "image_url": {"url": url}},
            ]
        body: dict[str, Any] = {
            "model": endpoint.model,
            "messages": [
                {"role": "system", "content": f"{system}\n\n{form}"},
                {"role": "user", "content": content},
                *turns,
            ],
            manner.limit: endpoint.most_tokens,
        }
        if endpoint.temperature is not None:
            body["temperature"] = endpoint.temperature
        if manner.schema:
            named = {"name": "copy", "strict": True, "schema": SCHEMA}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        return PreparedRequest(
            f"{endpoint.base_url}/chat/completions",
            json.dumps(body, ensure_ascii=False).encode(),
            with_key=endpoint.secret() is not None,
        )
