"""Tokens and money: what copy cost."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from zerosum.config import Config

_MILLION = 1_000_000


class TokenPrices(Config):
    """What a model costs, by the user's own setting: nothing is looked up.

    Attributes:
        prompt: price of a million tokens that are sent; pictures count as the server counts them.
        completion: price of a million tokens that are written.
        currency: as three letters, or as the user calls it.
    """

    kind = "token_prices"

    prompt: Annotated[float, Field(ge=0)]
    completion: Annotated[float, Field(ge=0)]
    currency: Annotated[str, Field(min_length=1, max_length=10)] = "USD"

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The price of these tokens.

        >>> TokenPrices(prompt=2, completion=8).of(500_000, 250_000)
        3.0
        """
        cost = prompt_tokens * self.prompt + completion_tokens * self.completion
        return cost / _MILLION


@dataclass(frozen=True)
class Usage:
    """Tokens counted by the server, over one answer or over many.

    Attributes:
        requests: how many got an answer of the model.
        uncounted: how many of these came without a count of tokens.
        prompt_tokens: tokens sent.
        completion_tokens: tokens written.
        cost: their price; None if no prices were given.
        currency: of the cost.
    """

    requests: int = 0
    uncounted: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    currency: str | None = None

    def __add__(self, other: "Usage") -> "Usage":
        """Both together.

        Raises:
            ValueError: the currencies differ.

        >>> (Usage(requests=1, prompt_tokens=5) + Usage(requests=2, prompt_tokens=7)).in_words
        '3 requests, 12 tokens sent, 0 written'
        """
        if None not in (self.currency, other.currency) and self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added.")
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        return Usage(
            requests=self.requests + other.requests,
            uncounted=self.uncounted + other.uncounted,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cost=sum(costs) if costs else None,
            currency=self.currency or other.currency,
        )

    @property
    def in_words(self) -> str:
        """For people.

        >>> Usage(requests=2, prompt_tokens=1200, completion_tokens=80, cost=0.0031,
        ...     currency="USD").in_words
        '2 requests, 1,200 tokens sent, 80 written, 0.0031 USD'
        """
        parts = [
            f"{self.requests} request{'s' * (self.requests != 1)}",
            f"{self.prompt_tokens:,} tokens sent, {self.completion_tokens:,} written",
        ]
        if self.uncounted:
            parts.append(f"{self.uncounted} without a count")
        if self.cost is not None:
            parts.append(f"{self.cost:.4f} {self.currency}")
        return ", ".join(parts)
