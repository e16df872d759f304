"""Copy by an LLM, against a server that answers what it is told to."""

import asyncio
import base64
import io
import json
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from PIL import Image

from tests.studio.writing.scripted_server import (
    GOOD,
    FakeClock,
    Reply,
    ScriptedServer,
    error,
    reply,
)
from zerosum.errors import ConfigError, MissingExtraError
from zerosum.studio.writing.endpoint import Endpoint, Patience
from zerosum.studio.writing.errors import (
    AddressError,
    AnswerError,
    EndpointError,
    PictureRefusedError,
    WritingCancelledError,
)
from zerosum.studio.writing.llm import LLMWriter
from zerosum.studio.writing.prompts import PromptTemplate
from zerosum.studio.writing.subjects import CopySubject
from zerosum.studio.writing.usage import TokenPrices

pytest.importorskip("httpx", reason="pip install 'zerosum[studio]'")

KEY = "sk-very-secret-123"
PROMPT = PromptTemplate()

Serve = Callable[..., ScriptedServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda *replies: stack.enter_context(ScriptedServer(*replies).running())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def writer(server: ScriptedServer, clock: FakeClock | None = None, **changes: Any) -> LLMWriter:
    values = {"base_url": server.url, "model": "m", "allow_private": True, "key": KEY} | changes
    return LLMWriter(Endpoint(**values), clock=clock or FakeClock(), jitter=lambda: 1.0)


def test_a_picture_is_sent_and_copy_comes_back(serve: Serve, sandal: CopySubject) -> None:
    server = serve(reply())
    one = writer(server, prices=TokenPrices(prompt=10, completion=100))
    draft = one.write(sandal, PROMPT)
    assert draft.copy.title == "Red sandal"
    assert draft.copy.tags == ("sandal", "red")
    assert (draft.author, draft.saw_picture, draft.notes) == ("llm:m", True, ())
    assert draft.usage.in_words == "1 request, 100 tokens sent, 20 written, 0.0030 USD"
    (sent,) = server.received
    assert sent.path == "/v1/chat/completions"
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert sent.headers["Host"] == f"127.0.0.1:{server.port}"
    head, _, body = (sent.picture or "").partition(",")
    assert head == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(body))) as shown:
        assert shown.size == (280, 280)  # small ones are enlarged
        assert shown.convert("RGB").getpixel((5, 5)) != (255, 255, 255)
    text = sent.json["messages"][1]["content"][0]["text"]
    assert '"label": "sandal"' in text
    assert '"season": "summer"' in text
    assert "red 50% (#d42020)" in text


def test_the_preview_is_what_is_sent(serve: Serve, sandal: CopySubject) -> None:
    server = serve(reply())
    one = writer(server)
    preview = one.preview_request(sandal, PROMPT, variant=2, of=3)
    assert server.received == []
    one.write(sandal, PROMPT, variant=2, of=3)
    assert server.received[0].body == preview.body
    assert preview.url == f"{server.url}/chat/completions"
    shown = preview.in_words()
    assert "Authorization: Bearer (hidden)" in shown
    assert KEY not in shown
    assert "data:image/jpeg;base64,… (" in shown
    assert len(shown) < 5_000
    assert "variant 2 of 3" in shown


def test_the_key_is_nowhere_to_be_read(
    serve: Serve, words: CopySubject, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(error(401, f"Incorrect API key provided: {KEY}"))
    one = writer(server)
    with caplog.at_level(logging.DEBUG), pytest.raises(EndpointError) as raised:
        one.write(words, PROMPT)
    assert "answered 401: Incorrect API key provided: (key). Check the key." in str(raised.value)
    endpoint = one.endpoint
    seen = [repr(endpoint), str(endpoint), repr(one), json.dumps(endpoint.to_json()), caplog.text]
    seen += [endpoint.model_dump_json(), repr(endpoint.__dict__), repr(raised.value)]
    assert not [text for text in seen if KEY in text]
    assert Endpoint.from_json(endpoint.to_json()).model == "m"
    assert endpoint.with_values({"model": "other"}).secret() == KEY


def test_the_key_comes_from_the_environment(
    serve: Serve, words: CopySubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(reply())
    monkeypatch.delenv("MY_KEY", raising=False)
    writer(server, key=None, key_variable="MY_KEY").write(words, PROMPT)
    assert "Authorization" not in server.received[0].headers
    monkeypatch.setenv("MY_KEY", "from-outside\n")
    writer(server, key=None, key_variable="MY_KEY").write(words, PROMPT)
    assert server.received[1].headers["Authorization"] == "Bearer from-outside"
    monkeypatch.setenv("MY_KEY", "two words")
    with pytest.raises(ConfigError, match=r"the key in \$MY_KEY is not one word") as raised:
        writer(server, key=None, key_variable="MY_KEY").write(words, PROMPT)
    assert "two words" not in str(raised.value)
    with pytest.raises(ConfigError, match="the key is not one word"):
        Endpoint(base_url="https://example.org/v1", model="m", key="a\r\nb")  # pyright: ignore[reportArgumentType]


NO_PICTURES = [
    (500, "image input is not supported - hint: you may need to provide the mmproj"),
    (500, 'Failed to parse messages: Unsupported content part type: "image_url"'),
    (400, "this model does not support image input (ref: 1)"),
    (400, "Invalid content type. image_url is only supported by certain models."),
    (404, "No endpoints found that support image input"),
    (400, "json: cannot unmarshal array into Go struct field Message.messages.content"),
    (400, "m is not a multimodal model"),
    (400, "At most 0 image(s) may be provided in one prompt."),
    (422, "messages[1]: unknown variant `image_url`, expected `text` at line 1"),
]


@pytest.mark.parametrize(("status", "said"), NO_PICTURES)
def test_a_model_without_eyes_is_recognised(
    serve: Serve, sandal: CopySubject, status: int, said: str
) -> None:
    server = serve(error(status, said))
    with pytest.raises(PictureRefusedError, match=r"m takes no pictures: .*send_if_taken"):
        writer(server).write(sandal, PROMPT)
    assert len(server.received) == 1


def test_a_picture_that_is_too_large_is_another_matter(serve: Serve, sandal: CopySubject) -> None:
    server = serve(error(400, "image input is too large"))
    with pytest.raises(EndpointError, match="too large") as raised:
        writer(server).write(sandal, PROMPT)
    assert not isinstance(raised.value, PictureRefusedError)


def test_it_writes_from_facts_where_that_is_allowed(serve: Serve, sandal: CopySubject) -> None:
    server = serve(error(*NO_PICTURES[0]), reply())
    one = writer(server, pictures="send_if_taken")
    draft = one.write(sandal, PROMPT)
    assert not draft.saw_picture
    assert "not shown the picture" in draft.notes[0]
    again = server.received[1]
    assert again.picture is None
    assert "do not guess how it looks" in again.json["messages"][1]["content"]
    one.write(sandal, PROMPT)
    assert server.received[2].picture is None  # remembered


def test_pictures_may_stay_here(serve: Serve, sandal: CopySubject) -> None:
    server = serve(reply())
    draft = writer(server, pictures="keep").write(sandal, PROMPT)
    assert not draft.saw_picture
    assert b"base64" not in server.received[0].body


def test_a_server_without_structured_output_is_asked_in_words(
    serve: Serve, words: CopySubject
) -> None:
    fenced = f"Sure!\n```json\n{json.dumps(GOOD)}\n```\nAnything else?"
    server = serve(error(400, "Unsupported parameter: 'response_format'"), reply(fenced))
    one = writer(server)
    assert one.write(words, PROMPT).copy.title == "Red sandal"
    first, second = (one.json for one in server.received)
    schema = first["response_format"]["json_schema"]
    assert schema["strict"]
    assert set(schema["schema"]["required"]) == set(GOOD)
    assert "response_format" not in second
    assert "Answer with one JSON object" in second["messages"][0]["content"]
    one.write(words, PROMPT)
    assert len(server.received) == 3  # remembered


def test_the_other_name_of_the_limit_is_taken(serve: Serve, words: CopySubject) -> None:
    said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    server = serve(error(400, said), reply())
    writer(server, most_tokens=77, temperature=0.5).write(words, PROMPT)
    assert server.received[0].json["max_tokens"] == 77
    assert server.received[1].json["max_completion_tokens"] == 77
    assert server.received[1].json["temperature"] == 0.5
    assert "max_tokens" not in server.received[1].json


def test_too_many_requests_wait_as_the_server_asks(
    serve: Serve, words: CopySubject, clock: FakeClock
) -> None:
    server = serve(
        error(429, "slow down", Retry_After="7"),
        error(429, "slow down", Retry_After="Thu, 01 Jan 2026 00:00:37 GMT"),
        error(503, "busy", Retry_After="soon"),
        reply(),
    )
    writer(server, clock).write(words, PROMPT)
    assert clock.sleeps == [7, 30, 4]  # a date from second 7 on; then the back-off


def test_a_wait_that_is_too_long_is_said_at_once(
    serve: Serve, words: CopySubject, clock: FakeClock
) -> None:
    server = serve(error(429, "quota is used up", Retry_After="86400"))
    with pytest.raises(EndpointError, match="asks to wait 86400 seconds, and 60 are") as raised:
        writer(server, clock).write(words, PROMPT)
    assert (raised.value.status, raised.value.retry_after) == (429, 86_400)
    assert clock.sleeps == []


def test_a_server_that_fails_is_asked_again_ever_later(
    serve: Serve, words: CopySubject, clock: FakeClock
) -> None:
    server = serve(error(500, "oops"))
    patience = Patience(attempts=5, longest_wait=3)
    with pytest.raises(EndpointError, match=r"500: oops\. Given up after 5 attempts"):
        writer(server, clock, patience=patience).write(words, PROMPT)
    assert len(server.received) == 5
    assert clock.sleeps == [1, 2, 3, 3]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_is_refused_is_not_asked_again(serve: Serve, words: CopySubject, status: int) -> None:
    server = serve(error(status, "no such model"))
    with pytest.raises(EndpointError, match="no such model"):
        writer(server).write(words, PROMPT)
    assert len(server.received) == 1


def test_slow_and_broken_answers_are_tried_again(
    serve: Serve, words: CopySubject, clock: FakeClock
) -> None:
    whole = reply()
    server = serve(Reply(body=whole.body, stalls=True), Reply(body=whole.body, cut=True), whole)
    patience = Patience(seconds=0.5)
    assert writer(server, clock, patience=patience).write(words, PROMPT).copy.title == "Red sandal"
    assert len(server.received) == 3


def test_a_server_that_is_always_slow_is_given_up(serve: Serve, words: CopySubject) -> None:
    server = serve(Reply(body=reply().body, stalls=True))
    patience = Patience(seconds=0.2, attempts=2)
    with pytest.raises(EndpointError, match=r"longer than 0.2 seconds. Given up after 2 attempts"):
        writer(server, patience=patience).write(words, PROMPT)


def test_an_answer_without_end_is_cut_off(serve: Serve, words: CopySubject) -> None:
    server = serve(Reply(endless=True))
    with pytest.raises(EndpointError, match="larger than 8 MiB"):
        writer(server).write(words, PROMPT)
    assert len(server.received) == 1


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"[1, 2]", b"\xff\xfe", b"[" * 100_000])
def test_garbage_is_tried_again_and_then_named(
    serve: Serve, words: CopySubject, body: bytes
) -> None:
    server = serve(Reply(body=body))
    with pytest.raises(EndpointError, match=r"not a JSON object: .*Is the base_url right"):
        writer(server, patience=Patience(attempts=2)).write(words, PROMPT)
    assert len(server.received) == 2


def test_nobody_listens(words: CopySubject, clock: FakeClock) -> None:
    server = ScriptedServer(reply())
    server._server.server_close()
    with pytest.raises(EndpointError, match=f"127.0.0.1:{server.port} cannot be reached"):
        writer(server, clock).write(words, PROMPT)
    assert len(clock.sleeps) == 3


BAD = {
    "no JSON": ("I cannot do that.", "no JSON object"),
    "half of it": ('{"title": "Red', "cannot be read"),
    "a field is missing": ({k: v for k, v in GOOD.items() if k != "body"}, "copy.body is missing"),
    "a field is empty": (GOOD | {"title": " "}, "copy.title"),
    "one field too many": (GOOD | {"price": 3}, "copy.price"),
    "tags as a text": (GOOD | {"tags": "a, b"}, "copy.tags"),
    "another language": (GOOD | {"language": "fr"}, "'fr', and 'en' was asked for"),
    "language in words": (GOOD | {"language": "English"}, "copy.language"),
    "nothing": ("", "the answer is empty"),
    "a title of two lines": (GOOD | {"title": "Red\nsandal"}, "copy.title .*one line"),
    "control characters": (GOOD | {"body": "Red \x00 sandal"}, "copy.body .*control characters"),
    "half a character": ('{"title": "\\ud800"}', "copy.title"),
}


@pytest.mark.parametrize(("content", "problem"), BAD.values(), ids=BAD)
def test_a_wrong_answer_is_shown_to_the_model_once(
    serve: Serve, words: CopySubject, content: object, problem: str
) -> None:
    server = serve(reply(content), reply())
    draft = writer(server).write(words, PROMPT)
    assert draft.copy.title == "Red sandal"
    assert draft.usage.requests == 2
    assert draft.usage.prompt_tokens == 200
    *_, answer, correction = server.received[1].json["messages"]
    assert answer["role"] == "assistant"
    assert re.search(problem, correction["content"])
    assert len(server.received[1].json["messages"]) == 4


def test_a_model_that_does_not_learn_is_given_up(serve: Serve, words: CopySubject) -> None:
    server = serve(reply("no"))
    with pytest.raises(AnswerError, match=r"m gave no copy, even when .*no JSON object") as raised:
        writer(server).write(words, PROMPT)
    assert raised.value.usage.requests == 2
    assert len(server.received) == 2


def test_a_picture_needs_an_alternative_text(
    serve: Serve, sandal: CopySubject, words: CopySubject
) -> None:
    server = serve(reply(GOOD | {"alt_text": ""}))
    assert writer(server).write(words, PROMPT).copy.alt_text == ""
    with pytest.raises(AnswerError, match="alt_text is empty"):
        writer(server).write(sandal, PROMPT)


def test_answers_that_were_cut_off_or_refused(serve: Serve, words: CopySubject) -> None:
    text = json.dumps(GOOD)
    cut = reply(choices=[{"message": {"content": text}, "finish_reason": "length"}])
    with pytest.raises(AnswerError, match="cut off"):
        writer(serve(cut)).write(words, PROMPT)
    refused = reply(choices=[{"message": {"content": None, "refusal": "I may not"}}])
    with pytest.raises(AnswerError, match="refused to write: I may not"):
        writer(serve(refused)).write(words, PROMPT)
    with pytest.raises(AnswerError, match="empty"):
        writer(serve(reply(choices=[]))).write(words, PROMPT)


def test_thoughts_parts_and_missing_counts_are_taken(serve: Serve, words: CopySubject) -> None:
    thought = f"<think>{{not this}}</think>\n{json.dumps(GOOD)}"
    parts = [{"type": "text", "text": json.dumps(GOOD)}]
    for content in (thought, parts):
        draft = writer(serve(reply(content, usage=None))).write(words, PROMPT)
        assert draft.copy.title == "Red sandal"
        assert "1 without a count" in draft.usage.in_words
        assert draft.usage.cost is None


def test_usage_is_kept_when_a_later_request_fails(serve: Serve, words: CopySubject) -> None:
    server = serve(reply("no"), error(401, "no more credit"))
    with pytest.raises(EndpointError, match="no more credit") as raised:
        writer(server).write(words, PROMPT)
    assert raised.value.usage.prompt_tokens == 100


def test_a_request_is_cancelled_while_it_waits(serve: Serve, words: CopySubject) -> None:
    server = serve(reply("no"), Reply(body=reply().body, stalls=True))
    cancel = threading.Event()

    def change_of_mind() -> None:
        server.stalled.wait(20)
        cancel.set()

    thread = threading.Thread(target=change_of_mind)
    thread.start()
    with pytest.raises(WritingCancelledError) as raised:
        writer(server).write(words, PROMPT, cancel=cancel)
    thread.join()
    assert raised.value.usage.prompt_tokens == 100  # of the answer before
    with pytest.raises(WritingCancelledError):
        writer(server).write(words, PROMPT, cancel=cancel)
    assert len(server.received) == 2


def test_it_can_be_called_where_a_loop_is_running(serve: Serve, words: CopySubject) -> None:
    one = writer(serve(reply()))

    async def inside() -> str:
        return one.write(words, PROMPT).copy.title

    assert asyncio.run(inside()) == "Red sandal"


def test_variants_come_one_by_one(serve: Serve, words: CopySubject) -> None:
    server = serve(reply(), reply(GOOD | {"title": "Other"}), error(400, "enough"))
    drafts = writer(server).variants(words, PROMPT, n=3)
    assert [next(drafts).copy.title, next(drafts).copy.title] == ["Red sandal", "Other"]
    with pytest.raises(EndpointError, match="enough"):
        next(drafts)
    texts = [one.json["messages"][1]["content"] for one in server.received]
    assert [f"variant {i} of 3" in text for i, text in enumerate(texts, 1)] == [True] * 3


def test_every_address_of_a_name_is_tried(
    serve: Serve, words: CopySubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with `localhost`, which is ::1 too, where many a server does not listen."""
    server = serve(reply())
    entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, server.port))
               for ip in ("127.0.0.2", "127.0.0.1")]  # fmt: skip
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: entries)
    writer(server, base_url=f"http://server.test:{server.port}/v1").write(words, PROMPT)
    assert server.received[0].headers["Host"] == f"server.test:{server.port}"


def test_redirects_lead_to_no_other_host(serve: Serve, words: CopySubject) -> None:
    other = serve(reply())
    server = serve(Reply(307, headers={"Location": f"{other.url}/chat/completions"}))
    with pytest.raises(EndpointError, match=f"redirects to 127.0.0.1:{other.port} .*not followed"):
        writer(server).write(words, PROMPT)
    assert other.received == []
    moved = serve(Reply(308, headers={"Location": "/v2/chat/completions"}), reply())
    writer(moved).write(words, PROMPT)
    assert [one.path for one in moved.received] == ["/v1/chat/completions", "/v2/chat/completions"]
    for status in (301, 302, 303):
        with pytest.raises(EndpointError, match="not followed"):
            writer(serve(Reply(status, headers={"Location": "/v2"}))).write(words, PROMPT)
    circle = serve(Reply(307, headers={"Location": "/v1/chat/completions"}))
    with pytest.raises(EndpointError, match="circle"):
        writer(circle).write(words, PROMPT)
    assert len(circle.received) == 4


def test_private_addresses_need_the_owner(serve: Serve, words: CopySubject) -> None:
    server = serve(reply())
    with pytest.raises(AddressError, match=r"private network. An owner must allow"):
        writer(server, allow_private=False).write(words, PROMPT)
    assert server.received == []


def test_proxies_of_the_environment_are_not_used(
    serve: Serve, words: CopySubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, proxy = serve(reply()), serve(reply())
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    writer(server).write(words, PROMPT)
    assert (len(server.received), len(proxy.received)) == (1, 0)


def test_a_missing_library_is_named(
    serve: Serve, words: CopySubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "httpx", None)
    with pytest.raises(MissingExtraError, match=r"zerosum\[studio\]"):
        writer(serve(reply())).write(words, PROMPT)
