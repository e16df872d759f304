"""What the server says of itself: plain lines for people, or JSON lines for programs."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

REQUEST_ID: ContextVar[str] = ContextVar("zerosum_request_id", default="")
"""The id of the request that is being answered, in whatever thread answers it."""
ID_OF_REQUEST = "zerosum_id"
"""The attribute of a request that holds its id."""
_SECRET = re.compile(r"/join/[^/<\s\"']+")
FACTS = "facts"
"""The attribute of a record that holds more fields of its line."""


class LogForm(StrEnum):
    """How the server logs.

    Plain says only what went wrong. JSON has a line for each request too.
    """

    PLAIN = "plain"
    JSON = "json"


def without_secrets(text: str) -> str:
    """A line without the secrets that addresses may hold.

    >>> without_secrets("Internal Server Error: /join/Xq3_z/")
    'Internal Server Error: /join/…/'
    """
    return _SECRET.sub("/join/…", text)


class _PlainLines(logging.Formatter):
    """Time, level, logger and message."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as a line."""
        return without_secrets(super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the request's id, and facts."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as a line.

        >>> line = JsonLines().format(logging.makeLogRecord({"msg": "hello", "levelname": "INFO"}))
        >>> json.loads(line)["message"]
        'hello'
        """
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": time, "level": record.levelname.lower(), "logger": record.name,
            "message": record.getMessage(),
        }  # fmt: skip
        asked = getattr(record, "request", None)  # of what is logged once it is answered
        if name := REQUEST_ID.get() or getattr(asked, ID_OF_REQUEST, ""):
            line["request_id"] = name
        line |= getattr(record, FACTS, {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(
            {k: without_secrets(v) if isinstance(v, str) else v for k, v in line.items()},
            default=str,
        )


def set_up(form: LogForm) -> None:
    """Let every logger of this process write to standard error in this form."""
    handler = logging.StreamHandler(sys.stderr)
    if form is LogForm.JSON:
        handler.setFormatter(JsonLines())
    else:
        handler.setFormatter(_PlainLines("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("zerosum").setLevel(logging.INFO if form is LogForm.JSON else logging.WARNING)
