"""From the first start to decided items, with a server that is killed on the way."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.origin.test_delivery import Receiver
from tests.studio.serving import Server, free_port, until
from tests.studio.writing.scripted_server import ScriptedServer, error, reply
from zerosum.origin.inspecting import inspect


@pytest.fixture
def server(tmp_path: Path, environment: dict[str, str]) -> Iterator[Server]:
    server = Server(tmp_path / "studio", environment).start()
    server.become_owner()
    yield server
    server.stop()


def trained(server: Server) -> dict[str, Any]:
    """A project with a training of a few steps."""
    project = server.call("/projects", {"name": "Digits"})
    data = server.call(f"/projects/{project['id']}/data", {"built_in": "digits"})
    server.wait(f"/data/{data['id']}", state="done")
    ordered = {"data": data["id"], "recipe": "vanilla", "samples": 640, "seed": 3}
    training = server.call("/trainings", ordered)
    return server.wait(f"/trainings/{training['id']}", state="done")


def all_items(server: Server, project: int) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while True:
        page = server.call(f"/projects/{project}/items?size=30&sort=oldest&after={cursor}")
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = page["next"]


@pytest.mark.slow
def test_a_killed_server_loses_nothing_and_doubles_nothing(server: Server) -> None:
    training = trained(server)
    project, n = training["project"], 120
    batch = server.call("/batches", {"training": training["id"], "n": n, "seed": 5})
    address = f"/batches/{batch['id']}"
    until(lambda: 0 < server.call(address)["gathered"] < n, "no items came")
    server.stop(signal.SIGKILL)
    server.start()
    done = server.wait(address, state="done")
    assert done["gathered"] == n
    items = all_items(server, project)
    assert sorted(one["index"] for one in items) == list(range(n))
    files = list((server.folder / "items" / f"batch-{batch['id']}").glob("??????.png"))
    assert len(files) == n

    some, rest = items[: n // 2], items[n // 2 :]
    act = f"/projects/{project}/items/act"
    server.call(act, {"do": "rejected", "items": [{"id": one["id"]} for one in some]})
    server.stop(signal.SIGKILL)
    server.port = free_port()
    server.start()
    assert server.call(address)["closed"] is None
    server.call(act, {"do": "rejected", "items": [{"id": one["id"]} for one in rest]})
    until(lambda: server.call(address)["closed"], "the batch is not closed")
    assert len(all_items(server, project)) == n


@pytest.mark.slow
def test_a_server_that_is_told_to_end_ends_its_jobs_in_order(server: Server) -> None:
    """Told as a terminal and a service manager tell it: the processes of its jobs hear it, too."""
    data = server.call("/projects", {"name": "Digits"})["id"]
    data = server.call(f"/projects/{data}/data", {"built_in": "digits"})["id"]
    server.wait(f"/data/{data}", state="done")
    training = server.call("/trainings", {"data": data, "recipe": "vanilla", "samples": 10**7})
    address = f"/trainings/{training['id']}"
    until(lambda: server.call(address)["words"].endswith("seen"), "it does not train")
    assert server.process is not None
    lists = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    jobs = [int(pid) for one in lists for pid in one.read_text().split()]
    assert len(jobs) == 1
    os.kill(jobs[0], signal.SIGTERM)
    server.stop(signal.SIGINT)
    assert server.process.returncode == 0
    manifest = server.folder / "runs" / f"training-{training['id']}" / "manifest.json"
    assert json.loads(manifest.read_text())["state"] == "interrupted"
    assert "Traceback" not in server.log.read_text()
    server.start()
    until(lambda: server.call(address)["words"].endswith("seen"), "it does not go on")
    again = server.call(address)
    assert (again["state"], again["attempt"]) == ("running", 1)
    server.stop()
    assert server.process.returncode == 0


@pytest.mark.slow
def test_a_batch_from_its_order_to_its_receiver(server: Server) -> None:
    """Draft, rules, two people, signing and delivery, with kills in between."""
    pytest.importorskip("c2pa", reason="the extra `origin` is not installed")
    eve = server.join(server.invite("expert"), "eve", "expert")
    training = trained(server)
    home = f"/projects/{training['project']}"
    rules = [{"kind": "banned_words", "terms": {"sandal": "shoe"}, "fields": ["title"]}]
    server.call(f"{home}/rules", {"rules": rules})
    llm, receiver = ScriptedServer(error(503, "busy"), reply()), Receiver()
    with llm.running():
        writer = {"base_url": llm.url, "model": "m", "allow_private": True, "key": "sk-1"}
        server.call(f"{home}/writer", writer)
        hook = {"name": "Shop", "url": receiver.url, "allow_private": True}
        server.call(f"{home}/webhooks", hook)
        batch = server.call("/batches", {"training": training["id"], "n": 6, "seed": 2})
        until(lambda: len(llm.received) > 2, "the LLM is not asked")
        server.stop(signal.SIGKILL)
        server.start()
        until(lambda: server.call(f"{home}/copy")[0]["state"] == "done", "copy is not written")
        items = all_items(server, training["project"])
        texts = [server.call(f"/items/{one['id']}/copy") for one in items]
        assert [len(one) for one in texts] == [1] * 6
        assert 7 <= len(llm.received) <= 8  # one in vain, and one that the kill cut off at most
    act = f"{home}/items/act"
    seen = [{"id": one["id"]} for one in items]
    server.call(act, {"do": "accepted", "items": seen[:4]})
    refused = server.call(act, {"do": "approve", "items": seen[:1]}, token=eve)
    assert "breaks the brand rules: title: “sandal” is not to be used" in refused["detail"]
    for (text,) in texts[:4]:
        server.call(f"/copy/{text['id']}/mend", {"hit": 0})
    assert "Another person" in server.call(act, {"do": "approve", "items": seen[:4]})["detail"]
    server.call(act, {"do": "approve", "items": seen[:4]}, token=eve)
    server.stop(signal.SIGKILL)
    server.start()
    server.call(act, {"do": "rejected", "items": seen[4:]})
    until(lambda: receiver.got, "nothing was delivered")
    (bundle,) = server.call(f"{home}/bundles")
    assert (bundle["batch"], bundle["facts"]["items"]) == (batch["id"], 4)
    until(
        lambda: server.call(f"/bundles/{bundle['id']}/deliveries")[0]["state"] == "done",
        "the delivery is not noted",
    )
    (_, headers, body) = receiver.got[0]
    receiver.close()
    assert headers["webhook-id"] == f"bundle_{bundle['facts']['sha256']}"
    path = server.folder / "bundles" / "delivered.zip"
    path.write_bytes(body)
    assert inspect(path, identity=server.folder / "identity").trusted
    everything = (server.folder / "workflows.sqlite3").read_bytes()
    assert b"sk-1" not in everything
    assert receiver.url.encode() not in everything


@pytest.mark.slow
def test_a_killed_training_goes_on_where_it_was(server: Server) -> None:
    project = server.call("/projects", {"name": "Ring"})
    data = server.call(f"/projects/{project['id']}/data", {"built_in": "ring"})
    server.wait(f"/data/{data['id']}", state="done")
    ordered = {"data": data["id"], "recipe": "vanilla", "samples": 60_000, "seed": 3}
    training = server.call("/trainings", ordered)
    address = f"/trainings/{training['id']}"
    until(lambda: server.call(address)["progress"] > 0, "it does not begin")
    server.stop(signal.SIGKILL)
    server.start()
    assert server.wait(address, state="done")["facts"]["seen"] >= 60_000
    events = (server.folder / "runs" / f"training-{training['id']}" / "events.jsonl").read_text()
    assert '"resumed"' in events


@pytest.mark.slow
def test_a_job_is_cancelled_and_retried(server: Server) -> None:
    project = server.call("/projects", {"name": "Ring"})
    data = server.call(f"/projects/{project['id']}/data", {"built_in": "ring"})
    server.wait(f"/data/{data['id']}", state="done")
    ordered = {"data": data["id"], "recipe": "vanilla", "minutes": 600}
    training = server.call("/trainings", ordered)
    address = f"/trainings/{training['id']}"
    until(lambda: server.call(address)["progress"] > 0, "it does not begin")
    server.call(f"{address}/cancel", {})
    assert server.wait(address, state="cancelled")["words"] == "cancelled"
    again = server.call(f"{address}/cancel", {})
    assert "over already" in again["detail"]
    server.call(f"{address}/retry", {})
    until(lambda: server.call(address)["state"] == "running", "it does not go on")
    server.call(f"{address}/cancel", {})
    server.wait(address, state="cancelled")


def test_a_studio_from_its_first_start(server: Server) -> None:
    assert server.call("/me") == {"name": "ada", "role": "owner"}
    refused = server.call("/projects/1/data", {"built_in": "digit"})
    assert refused["status"] == 404
    server.call("/projects", {"name": "Spring"}, Idempotency_Key="one")
    again = server.call("/projects", {"name": "Spring"}, Idempotency_Key="one")
    assert again["id"] == 1
    assert [one["name"] for one in server.call("/projects")] == ["Spring"]
    refused = server.call("/projects/1/data", {"built_in": "digit"})
    assert "Did you mean 'digits'?" in refused["detail"]
