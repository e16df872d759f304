"""What an OpenAI-compatible server does not take, read from its error: servers word it freely."""

from enum import Enum

_STATUSES = {400, 404, 415, 422, 500, 501}
_READ = 4_000


class Refusal(Enum):
    """A part of a request that a server refused."""

    PICTURE = "pictures"
    SCHEMA = "response_format"
    TOKEN_LIMIT = "max_tokens"


_NO_PICTURES = (
    "support image", "support vision", "support multimodal", "support picture", "image input",
    "images are not", "image is not", "no image", "not multimodal", "not multi-modal",
    "not a multimodal", "not a vision", "mmproj", "accept image", "at most 0 image",
    "content part type", "content type. image_url", "unknown variant `image_url`",
    "cannot unmarshal array", "content must be a string", "should be a valid string",
    "text-only", "text only", "vision is not",
)  # fmt: skip
"""As llama.cpp, vLLM, Ollama, OpenAI, OpenRouter, Mistral, DeepSeek and others say it."""

_TOO_LARGE = ("too large", "too big", "exceeds", "too many pixels", "resolution")

_NO_SCHEMA = ("response_format", "json_schema", "json schema", "structured output", "grammar")


def refusal_of(status: int, text: str, body: bytes) -> Refusal | None:
    """What a server refused of a request; None if it is something else.

    Args:
        status: of the answer.
        text: of the answer.
        body: of the request: only what it holds can have been refused.

    >>> refusal_of(400, "this model does not support image input", b'{"image_url": ...}')
    <Refusal.PICTURE: 'pictures'>
    """
    if status not in _STATUSES:
        return None
    said = text[:_READ].lower()
    if b'"max_tokens"' in body and "max_completion_tokens" in said:
        return Refusal.TOKEN_LIMIT
    if b'"response_format"' in body and any(words in said for words in _NO_SCHEMA):
        return Refusal.SCHEMA
    if b'"image_url"' not in body or any(words in said for words in _TOO_LARGE):
        return None
    return Refusal.PICTURE if any(words in said for words in _NO_PICTURES) else None
