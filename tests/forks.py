"""Python programs as processes of their own, forked from one that has imported what takes long.

To import torch, pandas and scikit-learn takes five seconds; to fork a process that did so, none. A
program runs as `python WORDS` does: as `__main__`, with its own folder, environment and exit
status. Where it matters what a program itself imports, use `subprocess`.
"""

import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from tests.modules import all_modules

TAKE_LONG = ("pandas", "sklearn.datasets", "torch._dynamo", "torch.distributed.nn.functional")


class Fork:
    """A process; what it prints is read once it has ended.

    Attributes:
        pid: its number.
        returncode: its exit status, or minus the signal that ended it; None while it runs.
    """

    def __init__(self, status: socket.socket, printed: Path) -> None:
        self._status, self._printed = status, printed
        self.pid = int(status.recv(64))
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended.

        Raises:
            subprocess.TimeoutExpired: it still runs after `timeout` seconds.
        """
        if self.returncode is None:
            self._status.settimeout(timeout)
            try:
                self.returncode = int(self._status.recv(64))
            except TimeoutError as error:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0) from error
            self._status.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it printed, and its errors, once it has ended."""
        self.wait(timeout)
        out, err = ((self._printed / name).read_text("utf-8") for name in ("out", "err"))
        return out, err

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end, if it runs."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, if it runs."""
        self.send_signal(signal.SIGKILL)


class Forks:
    """Starts programs."""

    def __init__(self, server: socket.socket, place: Path) -> None:
        self._server, self._place = server, place

    def start(
        self,
        *words: object,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        streams: Mapping[int, int] | None = None,
    ) -> Fork:
        """Start `python WORDS`: a script or `-m MODULE`, and its arguments.

        Args:
            words: what stands behind `python`.
            cwd: the folder to run in; this process's if not given.
            env: variables of the environment, on top of this process's.
            streams: open files in place of what is kept, such as `{1: number}` for what is printed.
        """
        printed = Path(tempfile.mkdtemp(dir=self._place))
        asked = {
            "words": [str(word) for word in words], "cwd": str(cwd or Path.cwd()),
            "env": {**os.environ, **(env or {})}, "printed": str(printed),
            "streams": list(streams or ()),
        }  # fmt: skip
        (printed / "asked.json").write_text(json.dumps(asked), "utf-8")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            numbers = [theirs.fileno(), *(streams or {}).values()]
            socket.send_fds(self._server, [str(printed).encode()], numbers)
        return Fork(ours, printed)

    def run(
        self,
        *words: object,
        cwd: Path | None = None,
        streams: Mapping[int, int] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """The same, once it has ended."""
        fork = self.start(*words, cwd=cwd, streams=streams)
        out, err = fork.communicate()
        return subprocess.CompletedProcess([str(word) for word in words], fork.wait(), out, err)


@contextmanager
def open_forks(env: Mapping[str, str]) -> Iterator[Forks]:
    """Start programs by forks as long as this is open."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    words = [sys.executable, "-P", __file__, str(theirs.fileno())]
    with tempfile.TemporaryDirectory() as place, ours:
        with theirs:
            server = subprocess.Popen(words, env=env, pass_fds=[theirs.fileno()])
        try:
            yield Forks(ours, Path(place))
        finally:
            ours.close()
            server.wait()


def _serve(server: socket.socket) -> list[str]:
    """Fork for each program that is asked for. Returns in such a fork alone, with its words."""
    while True:
        place, handles, _, _ = socket.recv_fds(server, 4_096, 3)
        if not place:
            with suppress(ChildProcessError):
                while True:  # so that their time counts as this process's
                    os.wait()
            sys.exit()
        with socket.socket(fileno=handles[0]) as status:
            if not os.fork():
                server.close()
                return _watched(Path(place.decode()), status, handles[1:])
            for number in handles[1:]:
                os.close(number)


def _watched(place: Path, status: socket.socket, streams: list[int]) -> list[str]:
    """Fork once more. The parent says who the child is and how it ends; the child returns."""
    child = os.fork()
    if child:
        for given in streams:
            os.close(given)
        status.send(str(child).encode())
        _, how = os.waitpid(child, 0)
        status.send(str(os.waitstatus_to_exitcode(how)).encode())
        os._exit(0)
    status.close()
    asked = json.loads((place / "asked.json").read_text("utf-8"))
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(place / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    for number, given in zip(asked["streams"], streams, strict=True):
        os.dup2(given, number)
        os.close(given)
    # As Python opens them: those of the parent take them for the kind of file that it has.
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    return asked["words"]


def _run(words: list[str]) -> None:
    if words[0] == "-m":
        sys.argv = words[1:]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        sys.path.insert(0, str(Path(words[0]).resolve().parent))
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    for name in TAKE_LONG:
        import_module(name)
    for name in all_modules():
        import_module(name)
    gc.collect()
    gc.freeze()  # collections in forks would copy what they share
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        asked = _serve(channel)
    _run(asked)
