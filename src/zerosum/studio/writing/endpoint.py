"""An OpenAI-compatible server: where it is, which model, with which key, and how patient one is."""

import os
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, field_validator

from zerosum.config import Config
from zerosum.errors import ConfigError
from zerosum.studio.writing.addresses import check_url
from zerosum.studio.writing.subjects import PictureLimits
from zerosum.studio.writing.usage import TokenPrices

KEY_VARIABLE = "ZEROSUM_LLM_KEY"
"""The environment variable that holds the key, unless another is named."""

Pictures = Literal["send", "send_if_taken", "keep"]


class Patience(Config):
    """How long is waited for a server, and how often it is asked again.

    Attributes:
        attempts: requests for one answer, at most.
        seconds: that one request may take as a whole.
        first_wait: seconds before the second attempt; each further wait is twice as long.
        longest_wait: seconds that one wait takes at most. If the server asks for more, the error
            says how long.
    """

    kind = "patience"

    attempts: Annotated[int, Field(ge=1, le=20)] = 4
    seconds: Annotated[float, Field(gt=0, le=3_600)] = 120
    first_wait: Annotated[float, Field(gt=0, le=3_600)] = 1
    longest_wait: Annotated[float, Field(gt=0, le=3_600)] = 60

    def wait(self, attempt: int, *, jitter: float) -> float:
        """Seconds before the attempt after number `attempt`, counted from 1.

        Exponential back-off with a cap, half of it random, so that clients do not come back all at
        once ("equal jitter", M. Brooker, AWS Architecture Blog, 2015).

        >>> Patience(longest_wait=5).wait(3, jitter=0.5)
        3.0

        Args:
            attempt: the one that failed.
            jitter: random, in [0, 1).
        """
        whole = min(self.longest_wait, self.first_wait * 2.0 ** (attempt - 1))
        return whole / 2 + whole / 2 * jitter


class Endpoint(Config):
    """An OpenAI-compatible server and a model on it.

    The key is never part of the JSON form, of `repr`, or of a message. If it is not given, it is
    read from the environment when it is needed.

    Attributes:
        base_url: up to and without `/chat/completions`: `https://api.openai.com/v1`.
        model: the model's name on that server.
        key: sent as a bearer token; None to read it from the environment.
        key_variable: the environment variable that holds the key; without one none is sent.
        allow_private: whether the server may be on this machine or in a private network.
        pictures: `send`: a model that takes none is an error; `send_if_taken`: then it writes from
            facts alone, and the draft says so; `keep`: pictures are not sent at all.
        picture_limits: how large pictures are that are sent.
        most_tokens: that one answer may have.
        temperature: of sampling; None for the server's own.
        patience: timeouts and retries.
        prices: of tokens, to count costs; None if they are not known.
    """

    kind = "endpoint"

    base_url: Annotated[str, Field(min_length=1, max_length=2_000)]
    model: Annotated[str, Field(min_length=1, max_length=200)]
    key: SecretStr | None = Field(default=None, exclude=True, repr=False)
    key_variable: Annotated[str, Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$")] = KEY_VARIABLE
    allow_private: bool = False
    pictures: Pictures = "send"
    picture_limits: PictureLimits = PictureLimits()
    most_tokens: Annotated[int, Field(ge=16, le=100_000)] = 1_000
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    patience: Patience = Patience()
    prices: TokenPrices | None = None

    @field_validator("base_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        check_url(value)
        if "?" in value:
            raise ConfigError("the base_url holds a query. Give it up to and without ?.")
        return value.rstrip("/")

    @field_validator("key", mode="before")
    @classmethod
    def _plain_key(cls, value: Any) -> Any:
        if value is not None and not isinstance(value, SecretStr):
            _require_key(value, "the key")
        return value

    def to_json(self) -> dict[str, Any]:
        """This endpoint as plain JSON values, without its key."""
        values = super().to_json()
        del values["key"]
        return values

    def with_values(self, values: dict[str, Any]) -> Self:
        """A copy with dotted keys replaced, and the same key.

        Raises:
            ConfigError: a key that does not exist, or a bad value.
        """
        return super().with_values(values).model_copy(update={"key": self.key})

    def secret(self) -> str | None:
        """The key that is sent; None without a key.

        Raises:
            ConfigError: the environment's key holds what no key holds.
        """
        if self.key is not None:
            return self.key.get_secret_value()
        value = os.environ.get(self.key_variable, "").strip()
        if not value:
            return None
        _require_key(value, f"the key in ${self.key_variable}")
        return value


def _require_key(value: object, what: str) -> None:
    """Refuse, without showing it, what cannot be sent in a header."""
    if not isinstance(value, str) or not value or not all("!" <= c <= "~" for c in value):
        raise ConfigError(
            f"{what} is not one word of ASCII letters, digits and signs. Copy it again, without "
            "blanks and line ends."
        )
