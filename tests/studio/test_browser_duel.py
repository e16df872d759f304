"""A learner in a browser: a duel in the plane, a fault, what is found, and a remedy."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.studio.serving import Server
from tests.studio.shooting import shoot

pytest.importorskip("playwright.sync_api", reason="no playwright is installed")
pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe is installed")
from tests.studio import test_browser as browsing

chromium, join, look = browsing.chromium, browsing.join, browsing.look
open_page = browsing.open_page

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
    server = Server(tmp_path_factory.mktemp("duel") / "studio", environment).start()
    yield server
    server.stop()


def test_a_duel_is_broken_and_mended(
    server: Server,
    chromium: Any,
    shots: Path,
) -> None:
    page = open_page(chromium)
    join(page, server.link(), "ada")
    page.get_by_label("Name").fill("Learning")
    page.get_by_role("button", name="Make the project").click()
    page.get_by_role("link", name="Take built-in data").click()
    page.get_by_role("button", name="ring", exact=True).click()
    page.get_by_role("link", name="Train on ring").click()
    page.locator("input[value=r3gan]").check()
    page.get_by_label("or samples seen").fill("60000")
    page.get_by_role("button", name="Train", exact=True).click()

    page.locator("canvas[data-field][aria-label*='generated points']").wait_for()
    page.locator("[data-state]", has_text="done").wait_for()
    page.locator("[data-figures] dt", has_text="discriminator/accuracy").wait_for()
    slider = page.locator("[data-slider]")
    moments = int(slider.get_attribute("max") or 0)
    assert moments > 5
    last = page.locator("[data-seen]").inner_text()
    slider.fill("1")
    assert page.locator("[data-seen]").inner_text() != last
    slider.fill(str(moments))
    look(page)
    shoot(page, shots / "duel.png", height=1000)

    page.locator("select[name=referee]").select_option("watch")
    page.get_by_label("samples more").fill("400000")
    page.get_by_role("button", name="Ten times the generator's learning rate").click()
    page.get_by_text("with the fault generator-x10").wait_for()
    page.locator("[data-log] b.provoked").wait_for()
    page.locator("[data-log] b.diagnosis").first.wait_for()
    page.locator("[data-found]", has_text="the referee would try").wait_for()
    page.get_by_role("button", name="slow-generator", exact=True).click()
    page.get_by_text("slow-generator is given").wait_for()
    page.locator("[data-log] li", has_text="remedy slow-generator").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.locator("[data-state]", has_text="cancelled").wait_for()
    look(page)

    page.get_by_role("link", name="Show both").click()
    page.locator("canvas[data-field][aria-label*='generated points']").nth(1).wait_for()
    sliders, seen = page.locator("[data-slider]"), page.locator("[data-seen]")
    sliders.first.fill("2")
    assert int(seen.last.inner_text().replace(",", "")) <= 60_000
    look(page)
    sliders.last.fill(sliders.last.get_attribute("max"))
    shoot(page, shots / "beside.png", height=1100, top="[data-curves]")
    shoot(page, shots / "beside-narrow.png", width=400, height=800)
