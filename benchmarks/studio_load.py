"""How quick the studio's queue is with many items and reviewers at once, over loopback.

    python benchmarks/studio_load.py --items 100000 --reviewers 20 --seconds 30

Starts a studio on a folder of its own, writes items into its database, and lets each reviewer turn
pages and decide about items, five to a page, with a pause before each decision (exponential; a
second in the mean, which is quick for somebody who looks). With `--pause 0` nobody ever looks, and
the figures are of a server that is asked as much as it can answer. Open pages ask for counts every
four seconds, as browsers do. Prints percentiles of what was answered with 200, other answers, the
bytes of the first page, the server's memory and processor time, and what else the machine did.
"""

import argparse
import http.cookiejar
import os
import random
import re
import resource
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PASSWORD = "correct horse 9"


class Reviewer:
    """Somebody who is signed in."""

    def __init__(self, address: str) -> None:
        jar = http.cookiejar.CookieJar()
        self.address = address
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self.secret = ""

    def get(self, path: str) -> str:
        """A page; remembers its secret for forms."""
        text = self.opener.open(f"{self.address}{path}").read().decode()
        found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', text)
        self.secret = found[1] if found else self.secret
        return text

    def post(self, path: str, **fields: str) -> str:
        """Send a form."""
        body = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": self.secret}).encode()
        request = urllib.request.Request(f"{self.address}{path}", body)
        request.add_header("X-Requested-With", "fetch")
        request.add_header("Referer", self.address)
        return self.opener.open(request).read().decode()


def main() -> None:
    """Run the load that the arguments ask for."""
    wanted = arguments(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        process, address, link = start(Path(folder))
        try:
            owner = Reviewer(address)
            owner.get(link)
            owner.post(link, username="ada", password=PASSWORD, again=PASSWORD)
            owner.get("/")
            owner.post("/projects/", name="Load")
            fill(Path(folder) / "studio.sqlite3", wanted.items)
            first = owner.get("/projects/1/queue/?state=new")
            reviewers = [owner]
            for _ in range(wanted.reviewers - 1):
                reviewers.append(Reviewer(address))
                reviewers[-1].get("/sign-in/")
                reviewers[-1].post("/sign-in/", username="ada", password=PASSWORD)
            load = Load(wanted.seconds, wanted.pause, wanted.items)
            load.press(lambda number: load.work(reviewers[number], number), wanted, process.pid)
            print(f"the first page: {len(first.encode()) / 1e3:.1f} kB")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def arguments(words: str | None) -> argparse.ArgumentParser:
    """What both servers are asked for."""
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--pause", type=float, default=1.0, help="mean seconds before a decision")
    return parser


def start(folder: Path) -> tuple[subprocess.Popen[bytes], str, str]:
    """A studio that answers: its process, its address, and the path that makes the owner."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "zerosum", "studio", "--folder", folder, "--port", f"{port}"],
            stdout=out, stderr=out,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    while True:
        with suppress(OSError), urllib.request.urlopen(f"{address}/ready"):
            break
        time.sleep(0.2)
    found = re.search(r"(/join/\S+/)", log.read_text())
    assert found is not None
    return process, address, found[1]


def fill(path: Path, n: int) -> None:
    """Write items, as a batch would."""
    with sqlite3.connect(path, timeout=60) as database:
        now = "2026-01-01 00:00:00"
        job = (1, "done", 1, 1.0, "", 0, now)
        names = "project_id, state, attempt, progress, words, unwanted, created"
        marks = "?, ?, ?, ?, ?, ?, ?"
        database.execute(
            f"INSERT INTO studio_datasource (id, {names}, name, origin, place, read_as, options, "
            f"facts) VALUES (1, {marks}, 'digits', 'built-in', 'digits', '', '{{}}', '{{}}')",
            job,
        )
        database.execute(
            f"INSERT INTO studio_training (id, {names}, data_id, recipe, seed, changes, "
            f"checkpoint_seconds, facts, capacity, referee, options, freeze) "
            f"VALUES (1, {marks}, 1, 'cgan', 0, '{{}}', 60, '{{}}', 'small', 'act', '{{}}', 0)",
            job,
        )
        database.execute(
            f'INSERT INTO studio_itembatch (id, {names}, training_id, n, "rows", "where", seed, '
            f"gathered) VALUES (1, {marks}, 1, {n}, 1, '{{}}', 0, {n})",
            job,
        )
        states = random.Random(0)
        database.executemany(
            'INSERT INTO studio_item (project_id, batch_id, "index", medium, file, thumbnail, '
            "neighbour, label, facts, nearness, is_copy, created, state, rating, version) VALUES "
            "(1, 1, ?, 'picture', 'x.png', 'x.png', '', ?, '{}', ?, 0, ?, ?, ?, 1)",
            (
                (i, str(i % 10), states.random() * 2, now,
                 states.choice(["new", "new", "new", "accepted", "rejected"]), i % 6)
                for i in range(n)
            ),
        )  # fmt: skip


class Load:
    """What reviewers do, and how long each answer took."""

    def __init__(self, seconds: float, pause: float, items: int) -> None:
        self._items = items
        self.pages: list[float] = []
        self.acts: list[float] = []
        self.counts: list[float] = []
        self.others: Counter[int] = Counter()
        self._end, self._pause = time.monotonic() + seconds, pause

    def press(self, work: Callable[[int], None], wanted: argparse.Namespace, server: int) -> None:
        """Let all reviewers work at once, and print how it went.

        Args:
            work: what reviewer number i does.
            wanted: the arguments.
            server: the process that answers.
        """
        threads = [threading.Thread(target=work, args=(i,)) for i in range(wanted.reviewers)]
        began, used, all_used = time.monotonic(), processor(server), busy()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        used, all_used = processor(server) - used, busy() - all_used
        print(
            f"{wanted.items:,} items, {wanted.reviewers} reviewers, {took:.0f} s, "
            f"a pause of {wanted.pause:g} s before each decision"
        )
        report("a page of the queue", self.pages)
        report("a decision", self.acts)
        report("counts of an open page", self.counts)
        print(f"other answers: {dict(self.others) or 'none'}")
        print(f"the server's memory: {memory(server):.0f} MB")
        print(
            f"processors: {os.cpu_count()}, {all_used / took:.2f} of them busy, of which the "
            f"server {used / took:.2f}, these reviewers about {time.process_time() / took:.2f}"
        )

    def _timed(self, kept: list[float], ask: Callable[[], str]) -> str:
        before = time.monotonic()
        try:
            text = ask()
        except urllib.error.HTTPError as error:
            self.others[error.code] += 1
            return ""
        kept.append(time.monotonic() - before)
        return text

    def work(self, me: Reviewer, number: int) -> None:
        """Turn pages and decide, until the time is over."""
        dice, polled = random.Random(number), time.monotonic()
        query, first = "state=new", True
        self._wait(dice)
        while time.monotonic() < self._end:
            page = self._timed(self.pages, lambda q=query: me.get(f"/projects/1/queue/?{q}"))
            following = re.search(r'rel="next" href="\?([^"]+)"', page)
            query = following[1].replace("&amp;", "&") if following else "state=new"
            if first:  # so that not all look at the same page, as people who share work do not
                first, query = False, f"state=new&after={dice.randrange(1_000, self._items)}"
                continue
            tiles = re.findall(r'data-key="(\d+)" data-version="(\d+)"', page)
            for key, version in dice.sample(tiles, min(5, len(tiles))):
                self._wait(dice)
                if time.monotonic() - polled > 4 and self._pause:
                    polled = time.monotonic()
                    self._timed(self.counts, lambda: me.get("/projects/1/queue/counts/?state=new"))
                deed = dice.choice(["accepted", "rejected", "rate-4"])
                fields = {"items": f"{key}.{version}", "do": deed}
                self._timed(self.acts, lambda f=fields: me.post("/projects/1/queue/act/", **f))

    def _wait(self, dice: random.Random) -> None:
        if self._pause:
            time.sleep(min(dice.expovariate(1 / self._pause), 10.0))


def report(what: str, seconds: list[float]) -> None:
    """Percentiles, in milliseconds."""
    if len(seconds) < 2:
        return
    cuts = statistics.quantiles(seconds, n=100)
    half, most = cuts[49] * 1e3, cuts[94] * 1e3
    print(f"{what}: {len(seconds):,} times, median {half:.0f} ms, 95th percentile {most:.0f} ms")


def memory(pid: int) -> float:
    """Megabytes that a process has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy() -> float:
    """Seconds of processor time that the whole machine has used."""
    fields = [int(one) for one in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
