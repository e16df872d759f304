"""Reviewers in a browser: fifty items by keyboard, a panel, a blind test, and a telephone."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.studio.serving import PASSWORD, Server
from tests.studio.shooting import shoot

pytest.importorskip("playwright.sync_api", reason="no playwright is installed")
pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe is installed")
from tests.studio import test_browser as browsing

chromium, look = browsing.chromium, browsing.look

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
    """A studio with fifty items of a training that was short."""
    server = Server(tmp_path_factory.mktemp("review") / "studio", environment).start()
    server.become_owner()
    server.call("/projects", {"name": "Spring"})
    server.call("/projects/1/data", {"built_in": "digits"})
    server.wait("/data/1", state="done")
    server.call("/trainings", {"data": 1, "recipe": "cgan", "samples": 12_800})
    server.wait("/trainings/1", state="done")
    server.call("/batches", {"training": 1, "n": 50})
    server.wait("/batches/1", gathered=50)
    yield server
    server.stop()


def signed_in(chromium: Any, server: Server, **context: Any) -> Any:
    page = browsing.open_page(chromium, **context)
    page.goto(f"{server.address}/sign-in/")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Projects").wait_for()
    return page


def states(server: Server) -> dict[str, int]:
    found = server.call("/projects/1/items?size=200")["items"]
    names = [one["state"] for one in found]
    return {name: names.count(name) for name in sorted(set(names))}


def test_fifty_items_by_keyboard(server: Server, chromium: Any, shots: Path) -> None:
    page = signed_in(chromium, server)
    page.goto(f"{server.address}/projects/1/queue/?sort=convincing")
    look(page)
    page.goto(f"{server.address}/projects/1/queue/")
    for i in range(48):
        page.keyboard.press("r" if i % 3 == 0 else "a")
    browsing.wait_for_states(page, {"accepted": 32, "rejected": 16})
    shoot(page, shots / "queue.png")
    page.get_by_role("link", name="Next page").click()
    page.locator(".tile").nth(1).wait_for()
    for key in ("4", "a", "e"):
        page.keyboard.press(key)
    browsing.wait_for_states(page, {"accepted": 1, "edit": 1})
    page.keyboard.press("x")
    page.get_by_placeholder("tag").fill("later")
    page.keyboard.press("Enter")  # which tags, and does not press the form's first button
    page.locator(".tile .tag", has_text="later").wait_for()
    page.locator(".tile", has=page.locator(".tag")).get_by_role("checkbox").check()
    page.get_by_role("button", name="Untag").click()
    page.locator(".tile .tag", has_text="later").wait_for(state="detached")
    assert states(server) == {"accepted": 33, "edit": 1, "rejected": 16}
    page.goto(f"{server.address}/data/1/train/?recipe=cgan")
    shoot(page, shots / "train.png", height=1000)


def test_a_panel_and_a_blind_test_by_keyboard(server: Server, chromium: Any, shots: Path) -> None:
    server.call("/batches", {"training": 1, "n": 12, "where": {"label": "3"}})
    server.wait("/batches/2", gathered=12)
    page = signed_in(chromium, server)
    page.goto(f"{server.address}/projects/1/reviews/")
    look(page)
    page.get_by_label("New items").fill("5")
    page.get_by_role("button", name="Make a panel").click()
    page.get_by_role("link", name="Judge the next one").click()
    look(page)
    for i in range(5):
        page.get_by_text(f"{5 - i} left for you").wait_for()
        page.keyboard.press("a")
    page.get_by_role("heading", name="Agreement beyond chance").wait_for()
    look(page)

    page.goto(f"{server.address}/projects/1/reviews/")
    page.locator("select[name=batch]").last.select_option("2")
    page.get_by_label("Images, half of them real").fill("10")
    page.get_by_role("button", name="Make a blind test").click()
    page.get_by_role("link", name="Take the test").click()
    look(page)
    shoot(page, shots / "blind.png", height=620)
    for i in range(10):
        page.get_by_role("heading", name=f"Image {i + 1} of 10").wait_for()
        page.keyboard.press("r" if i % 2 else "g")
    page.get_by_role("cell", name="ada").wait_for()
    look(page)


def test_a_telephone(server: Server, chromium: Any, shots: Path) -> None:
    page = signed_in(chromium, server, viewport={"width": 400, "height": 800}, has_touch=True)
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto(f"{server.address}/projects/1/queue/?state=edit")
    page.locator(".tile .face").first.tap()
    page.get_by_role("button", name="Accept").tap()
    page.get_by_text("Accepted; decided by ada").wait_for()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 400
    page.goto(f"{server.address}/projects/1/queue/")
    page.locator(".tile").first.wait_for()
    shoot(page, shots / "queue-narrow.png", width=400, height=800)
    page.goto(f"{server.address}/trainings/1/")
    page.locator("[data-figures] dt").first.wait_for()
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
