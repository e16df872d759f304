"""What passes by itself or by a hand: a database that is away for a while, and a full disk.

A job waits until the database hears it, so that a restart of the database costs time and nothing
else; whoever asks a page meanwhile is told to do it again.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
)
from sqlalchemy.exc import DBAPIError

from zerosum.studio.room import NO_ROOM, is_full

_T = TypeVar("_T")
STOPPING = threading.Event()
"""Set when the process ends: nobody waits any more."""


class StoppedError(BaseException):
    """This process ends, and a job of it goes on at the next start; nothing is recorded of that.

    No `Exception`, so that neither a job nor the engine takes it for a failure.
    """


_FIRST_WAIT, _LONGEST_WAIT = 0.5, 10.0
_PASSING = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}  # fmt: skip
_PASSING_CLASSES = ("08", "40", "53", "57")
"""Of SQLSTATE: connections, transactions that were rolled back, resources, operators."""
_LOG = logging.getLogger("zerosum.studio")


def is_outage(error: BaseException) -> bool:
    """Whether the database could not answer, and may answer the same question later."""
    if isinstance(error, InterfaceError):
        return True  # of a connection that is closed
    if isinstance(error, DBAPIError):  # of the engine
        cause = error.orig
    elif isinstance(error, OperationalError):
        cause = error.__cause__
    else:
        return False
    if isinstance(cause, sqlite3.Error):
        return (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in _PASSING
    state = getattr(cause, "sqlstate", None)
    return state is None or state.startswith(_PASSING_CLASSES)


def in_words(error: BaseException) -> tuple[int, str] | None:
    """The status and the sentence that a request is refused with; None for other errors."""
    if is_full(error):
        return 507, NO_ROOM
    if is_outage(error):
        return 503, (
            "the database does not answer now. Nothing was changed. Do this again in a moment; if "
            "it stays so, ask an owner to see that the database runs."
        )
    return None


def patiently(act: Callable[[], _T]) -> _T:
    """What `act` returns, which is done again until the database hears it.

    Only for what may be done twice. Inside of a transaction it is done once.
    """
    wait = _FIRST_WAIT
    while True:
        _renew()
        try:
            return act()
        except DatabaseError as error:
            if not is_outage(error) or connection.in_atomic_block or STOPPING.is_set():
                raise
            if wait == _FIRST_WAIT:
                _LOG.warning("waiting for the database: %s", _first_line(error))
        finally:
            _renew()
        STOPPING.wait(wait)
        wait = min(2 * wait, _LONGEST_WAIT)


def if_heard(act: Callable[[], Any]) -> bool:
    """Do something that can wait; returns whether the database heard it."""
    _renew()
    try:
        act()
    except DatabaseError as error:
        if not is_outage(error) or connection.in_atomic_block:
            raise
        _renew()
        return False
    return True


def _renew() -> None:
    """Leave a connection that has broken, or is older than it may be."""
    if not connection.in_atomic_block:
        close_old_connections()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
