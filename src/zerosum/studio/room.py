"""A disk without room: how it is known, whatever raises it, and what is said."""

import errno
import sqlite3
from collections.abc import Iterator

NO_ROOM = (
    "the disk of the studio is full. Nothing was changed. Free some space on the server, or ask "
    "an owner to, then do this again."
)
"""What a request is refused with."""
NO_ROOM_FOR_JOB = (
    "the disk of the studio is full. What was made before is whole and kept. Free some space on "
    "the server, or ask an owner to, then retry."
)
"""What a job fails with."""
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def is_full(error: BaseException) -> bool:
    """Whether an error came of a disk without room.

    >>> is_full(OSError(errno.ENOSPC, "No space left on device")), is_full(OSError("other"))
    (True, False)
    """
    return any(
        (isinstance(one, OSError) and one.errno in _FULL)
        or getattr(one, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
        or getattr(one, "sqlstate", None) == "53100"
        for one in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
