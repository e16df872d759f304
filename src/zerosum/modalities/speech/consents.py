"""What speakers agreed to: a file in the folder of each, without which no voice is learned."""

import json
import tomllib
from datetime import date
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import Field

from zerosum.config import Config
from zerosum.data.archives import Archive
from zerosum.errors import ConfigError, DataError

NAMES = ("consent.toml", "consent.json")

_MOST_BYTES = 64 << 10

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Words = Annotated[str, Field(min_length=1, max_length=2_000)]


class Consent(Config):
    """That somebody agreed that their voice is learned.

    Attributes:
        who: the speaker.
        when: the day, in ISO 8601.
        what: what they agreed to.
        until: the last day on which it holds; if not given, it does not end.
    """

    kind = "consent"
    who: Words
    when: Day
    what: Words
    until: Day | None = None

    def __str__(self) -> str:
        end = f", until {self.until}" if self.until else ""
        return f"{self.who} agreed on {self.when}{end} to: {self.what}"

    @property
    def ended(self) -> bool:
        """Whether the last day on which it holds is over."""
        return self.until is not None and date.fromisoformat(self.until) < date.today()


def consent_in(archive: Archive, speaker: str, place: str) -> Consent:
    """The consent of a speaker, which lies in their folder.

    Args:
        archive: the folder.
        speaker: their name.
        place: where the folder lies, for messages.

    Raises:
        DataError: there is no consent, or it does not say who agreed to what and when.
    """
    found = [name for name in archive.names if PurePosixPath(name).as_posix() in NAMES]
    if not found:
        raise DataError(f"{place} holds no consent of {speaker}. {_wanted()}")
    try:
        if archive.size(found[0]) > _MOST_BYTES:
            raise ValueError("it is too large")
        text = archive.read(found[0]).decode("utf-8")
        said: Any = tomllib.loads(text) if found[0].endswith(".toml") else json.loads(text)
        if not isinstance(said, dict):
            raise ValueError("it holds no names and values")
        values = {name: _text(value) for name, value in said.items() if name != "kind"}
        consent = Consent(**values)
        if date.fromisoformat(consent.when) > date.today():
            raise ValueError(f"{consent.when} has not come yet")
        if consent.ended:
            raise ValueError(f"it ended on {consent.until}; ask {speaker} anew")
    except (ValueError, ConfigError, RecursionError) as error:
        raise DataError(
            f"{place}/{found[0]} cannot be used: {str(error).rstrip('.')}. {_wanted()}"
        ) from error
    return consent


def _text(value: Any) -> Any:
    return value.isoformat()[:10] if isinstance(value, date) else value


def _wanted() -> str:
    return (
        "A voice is learned only if its speaker agreed. If they did, write a file consent.toml "
        'into the folder of their recordings, of three lines: who = "Anna Example", when = '
        '2026-01-31, what = "conversion of my voice for this project".'
    )
