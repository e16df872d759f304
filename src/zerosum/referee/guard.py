"""What a referee may do."""

from typing import Literal, get_args

from zerosum.errors import ConfigError, did_you_mean
from zerosum.faces import option

Guard = Literal["off", "watch", "act"]
"""What the referee may do: nothing, tell, or mend."""


def parse_guard(text: str) -> Guard:
    """`text` as a `Guard`.

    Raises:
        ConfigError: it is unknown.
    """
    for guard in get_args(Guard):
        if text == guard:
            return guard
    raise ConfigError(f"{option('referee', text)}.{did_you_mean(text, get_args(Guard))}")
