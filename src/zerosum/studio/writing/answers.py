"""What a model answered: its text, its copy, and what it cost."""

import json
import re
from typing import Any

from zerosum.errors import DataError
from zerosum.studio.writing.drafts import Copy
from zerosum.studio.writing.usage import TokenPrices, Usage

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "body": {"type": "string"},
        "alt_text": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "language": {"type": "string"},
    },
    "required": ["title", "body", "alt_text", "tags", "language"],
    "additionalProperties": False,
}
"""Of `Copy`, in the part of JSON Schema that all servers with structured output know."""

_THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)


def text_of(answer: dict[str, Any]) -> str:
    """The text of the first choice; empty if the answer has none."""
    content = _message(answer).get("content")
    if isinstance(content, list):  # parts, as some servers have it
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def copy_of(answer: dict[str, Any], *, language: str, needs_alt: bool) -> Copy:
    """The copy in an answer.

    Args:
        answer: the JSON of a chat completion.
        language: that was asked for; others are an error, its regions are not.
        needs_alt: whether there must be an alternative text.

    Raises:
        DataError: there is no copy in it; the message is written for the model.
    """
    refusal = _message(answer).get("refusal")
    if isinstance(refusal, str) and refusal:
        raise DataError(f"the model refused to write: {refusal[:300]}.")
    text = _THOUGHT.sub("", text_of(answer))
    if not text.strip():
        raise DataError("the answer is empty.")
    if _choice(answer).get("finish_reason") == "length":
        raise DataError("the answer was cut off, since it was too long. Write less.")
    copy = Copy.parse(_object_in(text))
    if copy.language.lower().split("-")[0] != language.lower().split("-")[0]:
        raise DataError(f"copy.language is {copy.language!r}, and {language!r} was asked for.")
    if needs_alt and not copy.alt_text:
        raise DataError("copy.alt_text is empty. Describe the picture in it.")
    return copy


def usage_of(answer: dict[str, Any], prices: TokenPrices | None) -> Usage:
    """What one answer cost, as the server counted it.

    >>> usage_of({"usage": {"prompt_tokens": 9, "completion_tokens": 3}}, None).in_words
    '1 request, 9 tokens sent, 3 written'
    """
    counts = answer.get("usage")
    counts = counts if isinstance(counts, dict) else {}
    sent, written = _count(counts, "prompt_tokens"), _count(counts, "completion_tokens")
    if sent is None or written is None:
        return Usage(requests=1, uncounted=1)
    cost = None if prices is None else prices.of(sent, written)
    currency = None if prices is None else prices.currency
    return Usage(1, 0, sent, written, cost, currency)


def _object_in(text: str) -> dict[str, Any]:
    """The first JSON object in a text: models like to put words and fences around it.

    Raises:
        DataError: it holds no JSON object.
    """
    start = text.find("{")
    if start < 0:
        raise DataError("there is no JSON object in the answer.")
    try:
        found, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        raise DataError(f"the JSON object cannot be read: {error}.") from None
    return found


def _choice(answer: dict[str, Any]) -> dict[str, Any]:
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _message(answer: dict[str, Any]) -> dict[str, Any]:
    message = _choice(answer).get("message")
    return message if isinstance(message, dict) else {}


def _count(counts: dict[str, Any], name: str) -> int | None:
    value = counts.get(name)
    return value if isinstance(value, int) and value >= 0 else None
