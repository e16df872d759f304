"""From the first start to decided items, with a server that is killed on the way."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.studio.serving import Server, free_port, until


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
