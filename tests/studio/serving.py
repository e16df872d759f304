"""A studio in a process of its own, and what a program does with it."""

import http.cookiejar
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

PASSWORD = "correct horse 9"
PATIENCE = 300.0


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


class Server:
    """`zerosum studio` on a folder, which can be killed and started again."""

    def __init__(self, folder: Path, environment: dict[str, str], *words: str) -> None:
        self.folder, self.words, self._environment = folder, words, environment
        self.port = free_port()
        self.log = folder.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None
        self.token = ""
        self.openers: dict[str, Any] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Server":
        command = [sys.executable, "-m", "zerosum", "studio", "--folder", str(self.folder)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *self.words],
                stdout=log, stderr=log, env=self._environment,
            )  # fmt: skip
        until(self._answers, "the server does not answer")
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        with suppress(OSError), urllib.request.urlopen(f"{self.address}/ready") as answer:
            return answer.status == 200
        return False

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, number)
            self.process.wait(30)

    def link(self) -> str:
        """The link that makes the owner's account."""
        found: list[str] = []

        def look() -> bool:
            found.extend(re.findall(r"http://\S+/join/\S+/", self.log.read_text()))
            return bool(found)

        until(look, "no link was printed")
        return found[-1]

    def become_owner(self) -> None:
        """Make the owner's account and a token, as a person does."""
        self.token = self.join(self.link(), "ada", "owner")

    def join(self, link: str, name: str, role: str) -> str:
        """Make an account by a link, and return a token of it."""
        jar = http.cookiejar.CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self._send(opener, link, link, username=name, password=PASSWORD, again=PASSWORD)
        account = f"{self.address}/account/"
        page = self._send(opener, account, f"{account}tokens/", name="tests", role=role)
        secret = re.search(r"zs_[\w-]+", page)
        assert secret is not None
        self.openers[name] = opener
        return secret[0]

    def invite(self, role: str) -> str:
        """A link that ada gives to somebody."""
        people = f"{self.address}/people/"
        page = self._send(self.openers["ada"], people, f"{people}invite/", role=role)
        found = re.search(r"http://\S+/join/[^<\s]+/", page)
        assert found is not None
        return found[0]

    def _send(self, opener: Any, page: str, target: str, **fields: str) -> str:
        """Send a form of a page, with the secret that it holds."""
        text = opener.open(page).read().decode()
        secret = re.search(r'csrfmiddlewaretoken" value="(\w+)"', text)
        assert secret is not None, text
        body = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": secret[1]}).encode()
        return opener.open(target, body).read().decode()

    def call(self, path: str, body: Any = None, *, token: str = "", **headers: str) -> Any:
        """What an operation of the API answers; an error as the problem it is."""
        request = urllib.request.Request(f"{self.address}/api/v1{path}")
        request.add_header("Authorization", f"Bearer {token or self.token}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def upload(self, path: str, name: str, body: bytes) -> Any:
        """Send a file to an operation of the API."""
        mark = "a-line-that-no-file-holds"
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        request = urllib.request.Request(f"{self.address}/api/v1{path}")
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", f"multipart/form-data; boundary={mark}")
        request.data = head.encode() + body + f"\r\n--{mark}--\r\n".encode()
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def wait(self, path: str, **wanted: Any) -> Any:
        """What an operation answers once it holds these values; a failed job ends the wait."""
        seen: list[Any] = []

        def look() -> bool:
            seen.append(self.call(path))
            assert seen[-1].get("state") != "failed", seen[-1]
            return all(seen[-1].get(name) == value for name, value in wanted.items())

        until(look, f"{path} is not {wanted}")
        return seen[-1]


def until(holds: Any, otherwise: str) -> None:
    """Come back as soon as it holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, otherwise
        select_nothing(0.1)


def select_nothing(seconds: float) -> None:
    """Let other processes go on."""
    select.select([], [], [], seconds)
