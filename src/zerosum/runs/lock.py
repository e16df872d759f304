"""The lock of a run: one process at a time plays it, or changes what it will play.

What holds is `flock`, which the system takes back when its holder dies, however it dies, and which
does not travel with a folder that is copied. The file only says who holds it, for messages, and
for file systems between machines, where `flock` may not reach the others.
"""

import json
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from zerosum.errors import RunError
from zerosum.runs.files import make_folder

try:
    import fcntl
except ImportError:  # Windows has none; who holds is what the file says there
    fcntl = None

LOCK = "lock"
_MOST_BYTES = 4096
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True)
class Holder:
    """Who holds a run.

    Attributes:
        pid: its process.
        host: the machine's name.
        boot: which start of the machine, where the system says so; containers share it.
        since: when it took the lock.
        file: the number of the file that says so; in a copied folder it is another one's.
    """

    pid: int
    host: str
    boot: str
    since: str
    file: int

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


@contextmanager
def held(folder: Path) -> Iterator[Holder | None]:
    """Hold a folder; yields who held it before and died without giving it back, else None.

    The folder is made if needed, and removed again if nothing was put into it.

    Raises:
        RunError: another process holds it, or it cannot be written to.
    """
    made = not folder.exists()
    make_folder(folder)
    path = folder / LOCK
    number, before = _take(path)
    try:
        _sign(number, path)
        yield before
    finally:
        # Removed while it is held, so that whoever comes next makes a file of its own.
        with suppress(OSError):
            path.unlink()
        os.close(number)
        if made:
            with suppress(OSError):
                folder.rmdir()


def claimed(folder: Path) -> bool:
    """Whether the folder's own lock says that somebody holds it, or held it and died."""
    try:
        number = os.open(folder / LOCK, _FLAGS & ~os.O_CREAT & ~os.O_RDWR)
    except OSError:
        return False
    try:
        return os.fstat(number).st_size == 0 or _holder(number) is not None
    finally:
        os.close(number)


def _take(path: Path) -> tuple[int, Holder | None]:
    """The lock's open file, and who left it behind.

    Raises:
        RunError: somebody holds it, or it cannot be opened.
    """
    while True:
        number = _open(path)
        try:
            locked = _flock(number, path)
            if not _is_at(number, path):  # its holder gave it back and removed it meanwhile
                os.close(number)
                continue
            before = _holder(number)
            if before is None and os.fstat(number).st_size:
                raise RunError(
                    f"{path} is no lock of a run. Move it elsewhere, then do this again."
                )
            if before is not None and before.file != os.fstat(number).st_ino:
                before = None  # the folder was copied while it was held, and this is the copy
            if before is not None:
                _require_dead(before, path, locked=locked)
        except BaseException:
            with suppress(OSError):
                os.close(number)
            raise
        return number, before


def _open(path: Path) -> int:
    try:
        number = os.open(path, _FLAGS, 0o666)
    except OSError as error:
        raise RunError(
            f"cannot lock {path.parent}: {error.strerror or error} ({path.name}). A run is played "
            "and changed where it can be written to; if it cannot here, copy it elsewhere."
        ) from error
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise RunError(f"{path} is no file. Remove it, then do this again.")
    return number


def _flock(number: int, path: Path) -> bool:
    """Take the system's lock; False where the file system has none.

    Raises:
        RunError: another process has it.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RunError(_in_use(path, _holder(number))) from error
    except OSError:
        return False
    return True


def _require_dead(holder: Holder, path: Path, *, locked: bool) -> None:
    """Raise unless a holder that the file names is known to have died."""
    here = holder.host == socket.gethostname() or holder.boot == _boot() != ""
    if here and (locked or not _lives(holder.pid)):
        return
    remedy = "" if here else (
        f" That is another machine, of which nothing is known here: if the process no longer "
        f"runs, delete {path} and do this again."
    )  # fmt: skip
    raise RunError(_in_use(path, holder) + remedy)


def _in_use(path: Path, holder: Holder | None) -> str:
    return (
        f"{path.parent} is in use by {holder or 'another process'}. Two at once would spoil its "
        "history: wait until that one ends, or end it."
    )


def _lives(pid: int) -> bool:
    if os.name == "nt":  # where signal 0 is no question but Ctrl-C
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _is_at(number: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(number), path.lstat())
    except OSError:
        return False


def _holder(number: int) -> Holder | None:
    """Who the file names; None where it names nobody."""
    os.lseek(number, 0, os.SEEK_SET)
    try:
        match json.loads(os.read(number, _MOST_BYTES)):
            case {
                "pid": int(pid), "host": str(host), "boot": str(boot), "since": str(since),
                "file": int(file),
            } if pid > 0:  # fmt: skip
                return Holder(pid, host, boot, since, file)
    except (ValueError, RecursionError):
        pass
    return None


def _sign(number: int, path: Path) -> None:
    """Say in the file who holds it."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    me = Holder(os.getpid(), socket.gethostname(), _boot(), now, os.fstat(number).st_ino)
    body = (json.dumps(asdict(me)) + "\n").encode()
    try:
        os.ftruncate(number, 0)
        os.lseek(number, 0, os.SEEK_SET)
        while body:
            body = body[os.write(number, body) :]
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror or error}. Free some space, then do this again."
        ) from error


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
