"""An item and a queue of each kind of samples in a browser: no one is kept out at any width."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.studio.serving import Server
from tests.studio.test_item_kinds import SPOKEN, TRAINED

pytest.importorskip("playwright.sync_api", reason="no playwright is installed")
pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe is installed")
from tests.studio import test_browser as browsing
from tests.studio.test_browser_review import signed_in

chromium = browsing.chromium

pytestmark = [
    pytest.mark.skipif(
        not (shutil.which("chromium") or shutil.which("chromium-browser")),
        reason="no chromium on this machine: apt install chromium",
    ),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Iterator[Server]:
    """A studio whose owner has an account."""
    server = Server(tmp_path_factory.mktemp("kinds") / "studio", environment).start()
    server.become_owner()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def page(server: Server, chromium: Any) -> Any:
    return signed_in(chromium, server)


def look(page: Any) -> None:
    """As at any page, and what axe says of a telephone."""
    browsing.look(page)
    page.set_viewport_size({"width": 400, "height": 800})
    browsing.check(page, "narrow")
    page.set_viewport_size({"width": 1280, "height": 900})


def make_items(server: Server, kind: str) -> tuple[int, int]:
    """A project with three items of a kind, by a training that was short: it and an item."""
    recipe, data, seen, _ = TRAINED[kind]
    project = server.call("/projects", {"name": kind})["id"]
    source = server.call(f"/projects/{project}/data", {"built_in": data})["id"]
    server.wait(f"/data/{source}", state="done")
    ordered = {"data": source, "recipe": recipe, "samples": seen}
    training = server.call("/trainings", ordered)["id"]
    server.wait(f"/trainings/{training}", state="done")
    batch = server.call("/batches", {"training": training, "n": 3, "rows": 5})["id"]
    server.wait(f"/batches/{batch}", gathered=3)
    return project, server.call(f"/projects/{project}/items")["items"][0]["id"]


# What is spoken has no built-in data; its pages are those of sounds (see `test_item_kinds`).
@pytest.mark.parametrize("kind", [one for one in TRAINED if one not in SPOKEN])
def test_pages_of_each_kind(kind: str, server: Server, page: Any) -> None:
    project, item = make_items(server, kind)
    page.goto(f"{server.address}/projects/{project}/queue/")
    page.locator(".tile .face img").nth(2).wait_for()
    look(page)
    page.goto(f"{server.address}/items/{item}/")
    page.get_by_role("img", name=f"Item {item}", exact=True).wait_for()
    broken = "all => all.filter(one => one.complete && !one.naturalWidth).length"
    assert page.locator("img").evaluate_all(broken) == 0
    look(page)
    if kind == "clip":
        shown = page.get_by_role("img", name=f"Item {item}", exact=True)
        assert shown.get_attribute("src").endswith("/file")
        page.get_by_role("button", name="Pause").click()
        assert shown.get_attribute("src").endswith("/thumbnail")
        page.get_by_role("button", name="Play").click()
        assert shown.get_attribute("src").endswith("/file")
