"""Whether every item of the studio ends once, and in the right state, whatever is killed.

    python benchmarks/studio_faults.py --items 60 --kills 10

Starts a studio and a receiver of bundles, orders items, and kills the server, or it and the
processes of its jobs, with SIGKILL at random moments: while items are made and screened, while an
LLM writes their copy, while people decide, while the bundle is signed and delivered. A moment is a
random share of this way, so that a slow machine is killed as often at each part of it. The LLM is a
server of the benchmark that is slow, answers garbage, breaks off and is down at times. In the end
it counts items, copy, bundles and deliveries, and exits with 1 if any is missing, double, or wrong.

With `--database` the studio uses PostgreSQL and serves only; a worker beside it does the jobs, and
each kill hits one of the two.
"""

import argparse
import http.cookiejar
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections import Counter
from contextlib import suppress
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
                return json.load(error)
            except (OSError, ValueError):
                assert time.monotonic() < end, "the server stays away"
                time.sleep(0.2)


def until(holds: Any, otherwise: str) -> None:
    """Come back as soon as it holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(otherwise)
        time.sleep(0.2)


def main() -> int:
    """Run what the arguments ask for; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--database", help="postgresql://…; without it SQLite")
    wanted = parser.parse_args()
    chance = random.Random(wanted.seed)
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder) / "studio", wanted.database)
        try:
            return run(studio, wanted, chance)
        finally:
            for name in studio.processes:
                with suppress(ProcessLookupError):
                    os.killpg(studio.processes[name].pid, signal.SIGKILL)


def run(studio: Studio, wanted: argparse.Namespace, chance: random.Random) -> int:
    """Order items, kill, decide, and count."""
    moods = Moods(chance)
    got: list[tuple[str, bytes]] = []
    llm = Listener(moods)

    def take(handler: Any, headers: dict[str, str], body: bytes) -> None:
        got.append((headers["webhook-id"], body))
        send(handler, 200, b"")

    receiver = Listener(take)
    for name in studio.names:
        studio.start(name)
    studio.wait()
    link = re.findall(r"http://\S+/join/\S+/", studio.log.read_text())[0]
    ada = studio.join(link, "ada", "owner")
    eve = studio.join(studio.invite("expert"), "eve", "expert")
    home = prepared(studio, ada, llm, receiver)
    training = studio.call(ada, f"{home}/trainings")[0]["id"]
    began = time.monotonic()
    order = {"training": training, "n": wanted.items, "seed": 1}
    batch = studio.call(ada, "/batches", order, key="batch")["id"]

    way = Way(studio, ada, home, batch)
    kills: Counter[str] = Counter()

    def kill_at_times() -> None:
        moments = sorted(chance.uniform(0.0, _PARTS) for _ in range(wanted.kills))
        for moment in moments:
            until(lambda at=moment: way.done() >= min(at, _PARTS - 1), "nothing goes on")
            time.sleep(chance.uniform(0.0, 3.0) if moment > _PARTS - 1 else 0.0)
            name = chance.choice(studio.names)
            whole = chance.random() < 0.5
            kills[f"{PARTS[int(moment)]}, {name}{' and its jobs' if whole else ''}"] += 1
            studio.kill(name, whole=whole)
            studio.start(name)
            studio.wait()

    killer = threading.Thread(target=kill_at_times, daemon=True)
    killer.start()
    people(studio, ada, eve, way, moods)
    until(lambda: got, "nothing was delivered")
    killer.join()
    return report(studio, ada, home, batch, wanted, moods, kills, got, time.monotonic() - began)


PARTS = ("making", "copy", "decisions", "publishing")
_PARTS = float(len(PARTS))


class Way:
    """How far the items are: from 0 to 1 while they are made, to 2 with copy, to 3 decided."""

    def __init__(self, studio: Studio, token: str, home: str, batch: int) -> None:
        self.studio, self.token, self.home, self.batch = studio, token, home, batch
        self.decided = 0.0

    def done(self) -> float:
        """The parts that are done."""
        if self.decided:
            return 2.0 + self.decided
        batch = self.studio.call(self.token, f"/batches/{self.batch}")
        orders = self.studio.call(self.token, f"{self.home}/copy")
        if orders:
            return 1.0 + (orders[0]["state"] == "done" or orders[0]["progress"])
        return batch["gathered"] / batch["n"]


def prepared(studio: Studio, ada: str, llm: Listener, receiver: Listener) -> str:
    """A project with a model of a few steps, an LLM and an address; returns its place."""
    project = studio.call(ada, "/projects", {"name": "Faults"})["id"]
    home = f"/projects/{project}"
    data = studio.call(ada, f"{home}/data", {"built_in": "digits"})["id"]
    until(lambda: studio.call(ada, f"/data/{data}")["state"] == "done", "the data is not checked")
    order = {"data": data, "recipe": "vanilla", "samples": 640}
    training = studio.call(ada, "/trainings", order)["id"]
    until(lambda: studio.call(ada, f"/trainings/{training}")["state"] == "done", "no model")
    writer = {
        "base_url": f"{llm.url}/v1", "model": "m", "allow_private": True, "key": "sk-secret",
    }  # fmt: skip
    studio.call(ada, f"{home}/writer", writer)
    hook = {"name": "inbox", "url": receiver.url, "allow_private": True}
    studio.call(ada, f"{home}/webhooks", hook)
    return home


def people(studio: Studio, ada: str, eve: str, way: Way, moods: Moods) -> None:
    """Retry copy until every item has some; accept two of three items, approve them."""
    home = way.home
    until(lambda: studio.call(ada, f"/batches/{way.batch}")["state"] == "done", "items are missing")

    def has_copy() -> bool:
        order = next(iter(studio.call(ada, f"{home}/copy")), None)
        if order and order["state"] == "failed":
            studio.call(ada, f"/copy-orders/{order['id']}/retry", {})
        return bool(order) and order["state"] == "done"

    until(has_copy, "copy is missing")
    moods.calm = True
    items = all_items(studio, ada, home)
    for i, item in enumerate(items):
        seen = {"items": [{"id": item["id"]}]}
        act = f"{home}/items/act"
        wish = "rejected" if i % 3 == 2 else "accepted"
        studio.call(ada, act, seen | {"do": wish}, key=f"decide-{item['id']}")
        if wish == "accepted":
            studio.call(eve, act, seen | {"do": "approve"}, key=f"approve-{item['id']}")
        way.decided = (i + 1) / len(items)


def all_items(studio: Studio, token: str, home: str) -> list[dict[str, Any]]:
    """Every item, oldest first."""
    found, cursor = [], ""
    while cursor is not None:
        page = studio.call(token, f"{home}/items?size=200&sort=oldest&after={cursor}")
        found += page["items"]
        cursor = page["next"]
    return found


def report(
    studio: Studio, ada: str, home: str, batch: int, wanted: argparse.Namespace, moods: Moods,
    kills: Counter[str], got: list[tuple[str, bytes]], seconds: float,
) -> int:  # fmt: skip
    """Count what there is, print it, and return the exit status."""
    until(lambda: studio.call(ada, f"/batches/{batch}")["closed"], "the batch is not closed")

    def arrived() -> bool:
        bundles = studio.call(ada, f"{home}/bundles")
        sent = [one for b in bundles for one in studio.call(ada, f"/bundles/{b['id']}/deliveries")]
        return bool(sent) and all(one["state"] == "done" for one in sent)

    until(arrived, "a delivery is not over")
    items = all_items(studio, ada, home)
    states = Counter(one["state"] for one in items)
    texts = Counter(len(studio.call(ada, f"/items/{one['id']}/copy")) for one in items)
    bundles = studio.call(ada, f"{home}/bundles")
    ids = {name for name, _ in got}
    path = studio.folder / "delivered.zip"
    path.write_bytes(got[-1][1])
    with zipfile.ZipFile(path) as opened:
        packed = json.loads(opened.read("manifest.json"))["items"]
    n = wanted.items
    problems = {
        "items": sorted(one["index"] for one in items) != list(range(n)),
        "states": states != {"approved": n - n // 3, "rejected": n // 3},
        "copy": set(texts) != {1},
        "bundles": len(bundles) != 1,
        "deliveries": len(ids) != 1,
        "bundled items": len(packed) != states["approved"],
    }
    wrong = [name for name, is_wrong in problems.items() if is_wrong]
    database = "PostgreSQL" if wanted.database else "SQLite"
    print(
        f"{database}: {kills.total()} kills ({', '.join(f'{v} {k}' for k, v in kills.items())}), "
        f"{len(items)} of {n} items, {dict(states)}, copies of an item {dict(texts)}, "
        f"{len(bundles)} bundle of {len(packed)} items, {len(got)} POSTs of {len(ids)} id, "
        f"{seconds:.0f} s; the LLM answered {dict(moods.counts)}"
    )
    print(f"wrong: {', '.join(wrong)}" if wrong else "every item ended once, in the right state")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
