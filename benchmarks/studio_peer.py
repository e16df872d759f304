"""How quick Label Studio's queue is, with the load of `studio_load.py`.

    python -m venv peer && peer/bin/pip install label-studio
    python benchmarks/studio_peer.py peer/bin/label-studio --items 100000 --reviewers 20

Starts Label Studio on SQLite in a folder of its own, imports as many tasks, and lets each reviewer
turn pages of the data manager (as many tasks as a page of zerosum's queue has items) and annotate
five of a page, with the same pauses, by the addresses that its own page asks. Nobody polls. Prints
what `studio_load.py` prints.
"""

import json
import os
import random
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from studio_load import Load, arguments

TOKEN = "0123456789abcdef0123456789abcdef01234567"
PAGE = 48
"""Tasks on a page, as items on one of zerosum's."""
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="decision" toName="text">'
    '<Choice value="accept"/><Choice value="reject"/></Choices></View>'
)


class Peer:
    """Label Studio's API, for one user."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(self, path: str, body: Any = None) -> Any:
        """What it answers, of JSON."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}{path}", data)
        request.add_header("Authorization", f"Token {TOKEN}")
        request.add_header("Content-Type", "application/json")
        return json.loads(urllib.request.urlopen(request).read() or b"null")


class PeerLoad(Load):
    """What reviewers do in Label Studio."""

    def review(self, peer: Peer, number: int) -> None:
        """Turn pages and annotate, until the time is over."""
        dice = random.Random(number)
        page = 1 + dice.randrange(max(self._items // PAGE - 20, 1))
        self._wait(dice)
        while time.monotonic() < self._end:
            path = f"/api/tasks?project=1&page={page}&page_size={PAGE}"
            text = self._timed(self.pages, lambda p=path: json.dumps(peer.call(p)))
            page += 1
            tasks = [one["id"] for one in json.loads(text or '{"tasks": []}')["tasks"]]
            for key in dice.sample(tasks, min(5, len(tasks))):
                self._wait(dice)
                said = dice.choice(["accept", "reject"])
                result = {
                    "from_name": "decision", "to_name": "text", "type": "choices",
                    "value": {"choices": [said]},
                }  # fmt: skip
                where, body = f"/api/tasks/{key}/annotations/", {"result": [result]}
                self._timed(self.acts, lambda w=where, b=body: json.dumps(peer.call(w, b)))


def main() -> None:
    """Run the load that the arguments ask for."""
    parser = arguments(__doc__)
    parser.add_argument("program", type=Path, help="label-studio, in an environment of its own")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        process, peer = start(wanted.program.absolute(), Path(folder))
        try:
            peer.call("/api/projects", {"title": "Load", "label_config": CONFIG})
            began = time.monotonic()
            for at in range(0, wanted.items, 5_000):
                most = min(at + 5_000, wanted.items)
                peer.call("/api/projects/1/import", [{"text": f"{i}"} for i in range(at, most)])
            print(f"{wanted.items:,} tasks imported in {time.monotonic() - began:.0f} s")
            load = PeerLoad(wanted.seconds, wanted.pause, wanted.items)
            load.press(lambda number: load.review(peer, number), wanted, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def start(program: Path, folder: Path) -> tuple[subprocess.Popen[bytes], Peer]:
    """Label Studio that answers: its process and its API."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    log = folder / "log"
    away = {"COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false", "SENTRY_DSN": ""}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program, "start", "--no-browser", "--port", f"{port}", "--data-dir", folder / "data",
             "--username", "ada@example.org", "--password", "correct horse 9",
             "--user-token", TOKEN, "--enable-legacy-api-token", "--log-level", "WARNING"],
            stdout=out, stderr=out, env=os.environ | away, cwd=folder,
        )  # fmt: skip
    peer = Peer(f"http://127.0.0.1:{port}")
    while process.poll() is None:
        with suppress(OSError, urllib.error.HTTPError):
            peer.call("/api/projects")
            return process, peer
        time.sleep(0.5)
    raise SystemExit(re.sub(r"\n{2,}", "\n", log.read_text())[-2_000:])


if __name__ == "__main__":
    main()
