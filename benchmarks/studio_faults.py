"""Whether every item of the studio ends once, and in the right state, whatever is killed.

    python benchmarks/studio_faults.py --items 60 --kills 10 --full 3

Starts a studio and a receiver of bundles, orders items, and kills the server, or it and the
processes of its jobs, with SIGKILL at random moments: while items are made and screened, while an
LLM writes their copy, while people decide, while the bundle is signed and delivered. A moment is a
random share of this way, so that a slow machine is killed as often at each part of it. The LLM is a
server of the benchmark that is slow, answers garbage, breaks off and is down at times. In the end
it counts items, copy, bundles and deliveries, and exits with 1 if any is missing, double, or wrong.

With `--full` the studio's folder is a small disk, which is filled to the last byte at that many
moments of the way, and freed when the studio has had time to notice (this needs root, to mount it).

With `--postgres` the studio uses a PostgreSQL server of the benchmark and serves only; a worker
beside it does the jobs, and each kill hits one of the two. At `--restarts` moments of the way the
database is stopped for some seconds, and nothing else is started again.
"""

import argparse
import json
import random
import re
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from studio_stage import Listener, Moods, Postgres, SmallDisk, Studio, send, until


def main() -> int:
    """Run what the arguments ask for; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--full", type=int, default=0, help="times that the disk is full")
    parser.add_argument("--postgres", action="store_true", help="in place of SQLite")
    parser.add_argument("--restarts", type=int, default=0, help="of PostgreSQL")
    wanted = parser.parse_args()
    if wanted.restarts and not wanted.postgres:
        parser.error("--restarts needs --postgres")
    chance = random.Random(wanted.seed)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        disk = SmallDisk(Path(folder) / "disk") if wanted.full else None
        if disk is not None:
            stack.callback(disk.leave)
        postgres = Postgres(Path(folder)) if wanted.postgres else None
        if postgres is not None:
            stack.callback(postgres.leave)
        root = Path(folder) if disk is None else disk.place
        studio = Studio(root / "studio", postgres.url if postgres else None)
        studio.log = Path(folder) / "studio.log"
        stack.callback(studio.end)
        return run(studio, wanted, chance, Faults(studio, disk, postgres, chance))


class Faults:
    """What happens to a studio, and how often it has."""

    def __init__(
        self, studio: Studio, disk: SmallDisk | None, postgres: Postgres | None,
        chance: random.Random,
    ) -> None:  # fmt: skip
        self._studio, self._disk, self._postgres = studio, disk, postgres
        self._chance = chance
        self.counts: Counter[str] = Counter()

    def kill(self, part: str) -> None:
        """Kill one process, or one and those of its jobs, and start it again."""
        name = self._chance.choice(self._studio.names)
        whole = self._chance.random() < 0.5
        self.counts[f"{part}: {name}{' and its jobs' if whole else ''} killed"] += 1
        self._studio.kill(name, whole=whole)
        self._studio.start(name)
        self._studio.wait()

    def full(self, part: str) -> None:
        """Fill the disk for a while."""
        assert self._disk is not None
        self.counts[f"{part}: disk full"] += 1
        self._disk.fill()
        time.sleep(self._chance.uniform(2.0, 8.0))
        self._disk.free()

    def restart(self, part: str) -> None:
        """Stop the database for a while."""
        assert self._postgres is not None
        self.counts[f"{part}: database restarted"] += 1
        self._postgres.restart(self._chance.uniform(0.0, 5.0))


def run(studio: Studio, wanted: argparse.Namespace, chance: random.Random, faults: Faults) -> int:
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
    todo = [faults.kill] * wanted.kills + [faults.full] * wanted.full
    todo += [faults.restart] * wanted.restarts
    chance.shuffle(todo)

    def let_happen() -> None:
        moments = sorted(chance.uniform(0.0, _PARTS) for _ in todo)
        for moment, fault in zip(moments, todo, strict=True):
            until(lambda at=moment: way.done() >= min(at, _PARTS - 1), "nothing goes on")
            time.sleep(chance.uniform(0.0, 3.0) if moment > _PARTS - 1 else 0.0)
            fault(PARTS[int(moment)])

    trouble = threading.Thread(target=let_happen, daemon=True)
    trouble.start()
    people(studio, ada, eve, way, moods)
    until(lambda: retried(studio, ada, home) and got, "nothing was delivered")
    trouble.join()
    took = time.monotonic() - began
    return report(studio, ada, home, batch, wanted, moods, faults.counts, got, took)


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

    def is_made() -> bool:
        batch = studio.call(ada, f"/batches/{way.batch}")
        if batch["state"] == "failed":
            studio.call(ada, f"/batches/{way.batch}/retry", {})
        return batch["state"] == "done"

    until(is_made, "items are missing")

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


def retried(studio: Studio, token: str, home: str) -> bool:
    """Whether every bundle and delivery goes on; what has failed is retried."""
    for bundle in studio.call(token, f"{home}/bundles"):
        deliveries = studio.call(token, f"/bundles/{bundle['id']}/deliveries")
        for kind, one in [("bundles", bundle), *(("deliveries", one) for one in deliveries)]:
            if one["state"] == "failed":
                studio.call(token, f"/{kind}/{one['id']}/retry", {})
    return True


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
    faults: Counter[str], got: list[tuple[str, bytes]], seconds: float,
) -> int:  # fmt: skip
    """Count what there is, print it, and return the exit status."""
    until(lambda: studio.call(ada, f"/batches/{batch}")["closed"], "the batch is not closed")

    def arrived() -> bool:
        retried(studio, ada, home)
        bundles = studio.call(ada, f"{home}/bundles")
        sent = [one for b in bundles for one in studio.call(ada, f"/bundles/{b['id']}/deliveries")]
        return bool(sent) and all(one["state"] == "done" for one in sent)

    until(arrived, "a delivery is not over")
    items = all_items(studio, ada, home)
    states = Counter(one["state"] for one in items)
    texts = Counter(len(studio.call(ada, f"/items/{one['id']}/copy")) for one in items)
    bundles = studio.call(ada, f"{home}/bundles")
    ids = {name for name, _ in got}
    path = studio.log.with_name("delivered.zip")
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
    database = "PostgreSQL" if wanted.postgres else "SQLite"
    print("\n".join(f"{count:3} {what}" for what, count in sorted(faults.items())))
    print(
        f"{database}: {faults.total()} faults, "
        f"{len(items)} of {n} items, {dict(states)}, copies of an item {dict(texts)}, "
        f"{len(bundles)} bundle of {len(packed)} items, {len(got)} POSTs of {len(ids)} id, "
        f"{seconds:.0f} s; the LLM answered {dict(moods.counts)}; refused meanwhile "
        f"{dict(studio.refused) or 'nothing'}"
    )
    print(f"wrong: {', '.join(wrong)}" if wrong else "every item ended once, in the right state")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
